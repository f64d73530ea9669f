/** Patterns for messages that are JSON: `{ $.level = "error" && ($.latency > 500 || $.user NOT EXISTS) }`. */
import type { Fields, Pattern } from './pattern.ts';
import { comparison, joined, operators, type Test, type Value } from './pattern-condition.ts';
import { PatternText } from './pattern-text.ts';

/** Property names, and indexes of arrays; `*` for each. */
type Path = readonly (string | number)[];

const bareValue = /[^\s()&|"{}]+/y;

export function jsonPattern(pattern: string): Pattern {
  const text = new PatternText(pattern);
  text.need('{');
  const matches = joined<unknown>(text, () => condition(text));
  text.need('}');
  text.skipSpace();
  if (!text.atEnd) throw text.invalid();
  return (message) => {
    const document = parse(message);
    return document !== undefined && matches(document) ? fieldsOf(document) : undefined;
  };
}

/** Only objects and arrays have fields. */
function parse(message: string): unknown {
  const start = message.trimStart();
  if (!start.startsWith('{') && !start.startsWith('[')) return undefined;
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return undefined;
  }
}

function fieldsOf(document: unknown): Fields {
  return (selector) => {
    const path = parseSelector(selector);
    return path && found(document, path).map(plain)[0];
  };
}

function condition(text: PatternText): Test<unknown> {
  const path = selectorAt(text);
  if (!path) throw text.invalid();
  if (word(text, 'NOT')) {
    if (!word(text, 'EXISTS')) throw text.invalid();
    return (document) => found(document, path).length === 0;
  }
  if (word(text, 'EXISTS')) return (document) => found(document, path).length > 0;
  if (word(text, 'IS')) {
    const wanted = word(text, 'NULL') ? null : word(text, 'TRUE') ? true : word(text, 'FALSE') ? false : undefined;
    if (wanted === undefined) throw text.invalid();
    return (document) => found(document, path).some((value) => value === wanted);
  }
  const operator = operators.find((sign) => text.take(sign));
  if (!operator) throw text.invalid();
  const test = comparison(text, operator, bareValue);
  return (document) => found(document, path).some((value) => test(plain(value)));
}

function word(text: PatternText, wanted: string): boolean {
  text.skipSpace();
  return text.match(new RegExp(`${wanted}(?![A-Za-z0-9_])`, 'iy')) !== undefined;
}

const plain = (value: unknown): Value => (typeof value === 'object' && value !== null ? undefined : (value as Value));

function parseSelector(selector: string): Path | undefined {
  const text = new PatternText(selector);
  const path = selectorAt(text);
  return text.atEnd ? path : undefined;
}

/** `$.a.b-c[0]['d e'].*` */
function selectorAt(text: PatternText): Path | undefined {
  if (text.match(/\$(?=[.[])/y) === undefined) return undefined;
  const path: (string | number)[] = [];
  for (;;) {
    const name = text.match(/\.(?:[A-Za-z0-9_-]+|\*)/y) ?? text.match(/\.?\[(?:\d{1,6}|\*|'[^']*'|"[^"]*")\]/y);
    if (name === undefined) return path.length > 0 ? path : undefined;
    const inside = /^\.?\[(.*)\]$/s.exec(name)?.[1];
    if (inside === undefined) path.push(name.slice(1));
    else path.push(/^\d/.test(inside) ? Number(inside) : inside.replace(/^['"]|['"]$/g, ''));
  }
}

/** Every value that the path leads to: one at most, unless there is a `*` in it. */
function found(document: unknown, path: Path): unknown[] {
  let values: unknown[] = [document];
  for (const step of path) {
    values = values.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '*') return Object.values(value);
      if (Array.isArray(value) !== (typeof step === 'number')) return [];
      return Object.hasOwn(value, step) ? [(value as Record<string | number, unknown>)[step]] : [];
    });
  }
  return values;
}
