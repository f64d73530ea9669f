/** Wildcards and policy variables: `*` is any run of characters, `?` any one, `${aws:username}` a value of the request. */

import { literally, matches, type Pattern, wildcard } from '../../pattern/wildcard.ts';

/** Condition keys of a request, in lower case; a missing key is absent. */
export type Context = ReadonlyMap<string, readonly string[]>;

export type Matcher = (value: string, context: Context) => boolean;

interface GlobOptions {
  readonly ignoreCase: boolean;
  /** Policies of version 2012-10-17 have variables. */
  readonly variables: boolean;
}

/** Matches when any of the patterns does. */
export function glob(patterns: readonly string[], { ignoreCase, variables }: GlobOptions): Matcher {
  const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
  const matchers = patterns.map((text): Matcher => {
    if (text === '*') return () => true;
    if (!variables || !text.includes('${')) {
      const pattern = wildcard(fold(text));
      return (value) => matches(pattern, fold(value));
    }
    return (value, context) => {
      const filled = patternWithVariables(text, context, fold);
      return filled !== undefined && matches(filled, fold(value));
    };
  });
  return (value, context) => matchers.some((matcher) => matcher(value, context));
}

const variable = /\$\{([^}]*)\}/g;

/** The pattern with its variables filled in literally; undefined when one has no value. */
function patternWithVariables(text: string, context: Context, fold: (text: string) => string): Pattern | undefined {
  const out: number[] = [];
  let at = 0;
  for (const match of text.matchAll(variable)) {
    const value = variableValue(match[1] ?? '', context);
    if (value === undefined) return undefined;
    out.push(...wildcard(fold(text.slice(at, match.index))), ...literally(fold(value)));
    at = match.index + match[0].length;
  }
  out.push(...wildcard(fold(text.slice(at))));
  return out;
}

/** A text with its variables filled in; undefined when one has no value. */
export function fill(text: string, context: Context): string | undefined {
  let missing = false;
  const filled = text.replace(variable, (_, name: string) => {
    const value = variableValue(name, context);
    if (value === undefined) missing = true;
    return value ?? '';
  });
  return missing ? undefined : filled;
}

/** `${*}`, `${?}` and `${$}` stand for the characters; `${key, 'default'}` has a default. */
function variableValue(name: string, context: Context): string | undefined {
  if (name === '*' || name === '?' || name === '$') return name;
  const [key = '', fallback] = name.split(/,\s*/, 2);
  const values = context.get(key.trim().toLowerCase());
  if (values?.length === 1) return values[0];
  const quoted = fallback?.match(/^'(.*)'$/);
  return quoted?.[1];
}
