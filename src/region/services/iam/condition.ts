/**
 * `Condition` blocks. All operators and keys must hold; of a key's values one is enough (none may match for a negated one).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import ipaddr from 'ipaddr.js';
import { Fault } from '../../wire/fault.ts';
import { type Context, fill, glob, type Matcher } from './pattern.ts';

/** One operator on one key. */
export interface Condition {
  /** `StringEquals aws:SourceArn`, for the log. */
  readonly name: string;
  holds(context: Context): boolean;
}

/** Compares a value of the request with a value of the policy. */
type Compare = (actual: string, expected: string) => boolean;

const numbers = (compare: (a: number, b: number) => boolean): Compare => {
  return (actual, expected) => {
    const [a, b] = [Number(actual), Number(expected)];
    return actual !== '' && !Number.isNaN(a) && !Number.isNaN(b) && compare(a, b);
  };
};
/** A date is ISO 8601 text or seconds since the epoch. */
const time = (text: string) => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const dates = (compare: (a: number, b: number) => boolean): Compare => {
  return (actual, expected) => {
    const [a, b] = [time(actual), time(expected)];
    return !Number.isNaN(a) && !Number.isNaN(b) && compare(a, b);
  };
};
const none: Context = new Map();
const like: Compare = (actual, expected) => glob([expected], { ignoreCase: false, variables: false })(actual, none);

/** The six parts of an ARN are compared one by one, the last may hold colons. */
const arnLike: Compare = (actual, expected) => {
  const [a, b] = [arnParts(actual), arnParts(expected)];
  return a !== undefined && b !== undefined && b.every((part, i) => like(a[i] ?? '', part));
};

function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

const inRange: Compare = (actual, expected) => {
  if (!ipaddr.isValid(actual)) return false;
  const address = ipaddr.process(actual);
  try {
    const range = expected.includes('/')
      ? ipaddr.parseCIDR(expected)
      : ([ipaddr.parse(expected), expected.includes(':') ? 128 : 32] as const);
    return address.kind() === range[0].kind() && address.match(range[0], range[1]);
  } catch {
    return false;
  }
};

const operators: Readonly<Record<string, { compare: Compare; negated?: boolean }>> = {
  StringEquals: { compare: (a, b) => a === b },
  StringNotEquals: { compare: (a, b) => a === b, negated: true },
  StringEqualsIgnoreCase: { compare: (a, b) => a.toLowerCase() === b.toLowerCase() },
  StringNotEqualsIgnoreCase: { compare: (a, b) => a.toLowerCase() === b.toLowerCase(), negated: true },
  StringLike: { compare: like },
  StringNotLike: { compare: like, negated: true },
  NumericEquals: { compare: numbers((a, b) => a === b) },
  NumericNotEquals: { compare: numbers((a, b) => a === b), negated: true },
  NumericLessThan: { compare: numbers((a, b) => a < b) },
  NumericLessThanEquals: { compare: numbers((a, b) => a <= b) },
  NumericGreaterThan: { compare: numbers((a, b) => a > b) },
  NumericGreaterThanEquals: { compare: numbers((a, b) => a >= b) },
  DateEquals: { compare: dates((a, b) => a === b) },
  DateNotEquals: { compare: dates((a, b) => a === b), negated: true },
  DateLessThan: { compare: dates((a, b) => a < b) },
  DateLessThanEquals: { compare: dates((a, b) => a <= b) },
  DateGreaterThan: { compare: dates((a, b) => a > b) },
  DateGreaterThanEquals: { compare: dates((a, b) => a >= b) },
  Bool: { compare: (a, b) => a.toLowerCase() === b.toLowerCase() },
  BinaryEquals: { compare: (a, b) => a === b },
  IpAddress: { compare: inRange },
  NotIpAddress: { compare: inRange, negated: true },
  ArnEquals: { compare: arnLike },
  ArnLike: { compare: arnLike },
  ArnNotEquals: { compare: arnLike, negated: true },
  ArnNotLike: { compare: arnLike, negated: true },
};

/** Compiles a statement's `Condition`. Throws `MalformedPolicyDocument` for an unknown operator. */
export function compileConditions(raw: unknown, variables: boolean): Condition[] {
  if (raw === undefined) return [];
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw syntaxError('Condition');
  return Object.entries(raw).flatMap(([operator, keys]) => {
    if (typeof keys !== 'object' || keys === null) throw syntaxError(operator);
    return Object.entries(keys).map(([key, values]) => compileCondition(operator, key, values, variables));
  });
}

function syntaxError(what: string): Fault {
  return new Fault('MalformedPolicyDocument', `Syntax errors in policy: ${what}.`);
}

function compileCondition(written: string, key: string, raw: unknown, variables: boolean): Condition {
  const name = `${written} ${key}`;
  const match = written.match(/^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/);
  const [, set, operator = '', ifExists] = match ?? [];
  const expected = (Array.isArray(raw) ? raw : [raw]).map((value) => {
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw syntaxError(name);
    return String(value);
  });
  const lowerKey = key.toLowerCase();
  if (operator === 'Null') {
    const wantsMissing = expected[0]?.toLowerCase() === 'true';
    return { name, holds: (context) => context.has(lowerKey) !== wantsMissing };
  }
  const known = operators[operator];
  if (!known) throw new Fault('MalformedPolicyDocument', `Invalid Condition type : ${written}.`);
  const { compare, negated = false } = known;
  const matches = compare === like ? glob(expected, { ignoreCase: false, variables }) : comparesWith(compare);
  const one = (actual: string, context: Context) => matches(actual, context) !== negated;

  function comparesWith(compareValues: Compare): Matcher {
    return (actual, context) =>
      expected.some((value) => {
        const filled = variables && value.includes('${') ? fill(value, context) : value;
        return filled !== undefined && compareValues(actual, filled);
      });
  }

  return {
    name,
    holds(context) {
      const actual = context.get(lowerKey);
      if (actual === undefined || (actual.length === 0 && set === undefined)) {
        if (set === 'ForAllValues') return true;
        return set === undefined && (ifExists !== undefined || negated);
      }
      if (set === 'ForAllValues') return actual.every((value) => one(value, context));
      if (set === 'ForAnyValue') return actual.some((value) => one(value, context));
      return negated ? actual.every((value) => one(value, context)) : actual.some((value) => one(value, context));
    },
  };
}
