/** Conditions on one value, joined by `&&` and `||`: the same in JSON patterns and in those of columns. */
import type { PatternText } from './pattern-text.ts';

export type Value = string | number | boolean | null | undefined;
export type Test<T> = (of: T) => boolean;

const deepest = 50;

/** `condition && (condition || condition)` until something else comes; `&&` binds tighter. */
export function joined<T>(text: PatternText, condition: () => Test<T>, depth = 0): Test<T> {
  if (depth > deepest) throw text.invalid();
  const one = (): Test<T> => {
    if (!text.take('(')) {
      text.skipSpace();
      return condition();
    }
    const inner = joined(text, condition, depth + 1);
    text.need(')');
    return inner;
  };
  const all = (): Test<T> => {
    const tests = [one()];
    while (text.take('&&')) tests.push(one());
    return (of) => tests.every((test) => test(of));
  };
  const any = [all()];
  while (text.take('||')) any.push(all());
  return (of) => any.some((test) => test(of));
}

export const operators = ['!=', '<=', '>=', '=', '<', '>'] as const;
type Operator = (typeof operators)[number];

const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The condition after a selector: `= "text*"`, `>= 1.5`, `= %regex%`. Nothing compares with a value that is not there. */
export function comparison(text: PatternText, operator: Operator, bare: RegExp): Test<Value> {
  text.skipSpace();
  const regex = text.regex();
  if (regex) {
    if (operator !== '=' && operator !== '!=') throw text.invalid();
    const wanted = operator === '=';
    return (value) => (typeof value === 'string' || typeof value === 'number') && regex(String(value)) === wanted;
  }
  const quoted = text.quoted();
  const given = quoted ?? text.match(bare);
  if (given === undefined || (given === '' && quoted === undefined)) throw text.invalid();
  const number = quoted === undefined && numeric.test(given) ? Number(given) : undefined;
  if (operator === '=' || operator === '!=') {
    const equal = equality(given, number);
    return (value) => value !== undefined && value !== null && equal(value) === (operator === '=');
  }
  if (number === undefined) throw text.invalid();
  const compare = orders[operator];
  return (value) => {
    const own = typeof value === 'string' && numeric.test(value) ? Number(value) : value;
    return typeof own === 'number' && compare(own, number);
  };
}

const orders = {
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
  '<=': (a: number, b: number) => a <= b,
  '>=': (a: number, b: number) => a >= b,
};

function equality(given: string, number: number | undefined): (value: string | number | boolean) => boolean {
  const like = wildcard(given);
  return (value) => {
    if (typeof value === 'string')
      return like(value) || (number !== undefined && numeric.test(value) && Number(value) === number);
    if (typeof value === 'number')
      return number === undefined ? given.includes('*') && like(String(value)) : value === number;
    return false;
  };
}

/** `*` stands for any text. In time that grows with the text alone. */
export function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return (text) => text === pattern;
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
