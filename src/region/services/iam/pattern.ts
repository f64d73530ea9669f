/** Wildcards and policy variables: `*` is any run of characters, `?` any one, `${aws:username}` a value of the request. */

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
  const flags = ignoreCase ? 'is' : 's';
  const matchers = patterns.map((pattern): Matcher => {
    if (pattern === '*') return () => true;
    if (!variables || !pattern.includes('${')) {
      const expression = new RegExp(`^${source(pattern)}$`, flags);
      return (value) => expression.test(value);
    }
    return (value, context) => {
      const filled = sourceWithVariables(pattern, context);
      return filled !== undefined && new RegExp(`^${filled}$`, flags).test(value);
    };
  });
  return (value, context) => matchers.some((matches) => matches(value, context));
}

function source(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
}

const variable = /\$\{([^}]*)\}/g;

/** The pattern's regular expression with variables filled in literally; undefined when one has no value. */
function sourceWithVariables(pattern: string, context: Context): string | undefined {
  let out = '';
  let at = 0;
  for (const match of pattern.matchAll(variable)) {
    const value = variableValue(match[1] ?? '', context);
    if (value === undefined) return undefined;
    out += source(pattern.slice(at, match.index)) + value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    at = match.index + match[0].length;
  }
  return out + source(pattern.slice(at));
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
