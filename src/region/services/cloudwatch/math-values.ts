/** What metric math computes with: numbers, time series, and lists of them. */
import { invalid } from './faults.ts';
import type { Operator } from './math-parse.ts';

export interface TimeSeries {
  readonly label: string;
  /** By time in ms; periods without data are missing. */
  readonly points: ReadonlyMap<number, number>;
}

export type MathValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'series'; readonly series: TimeSeries }
  | { readonly kind: 'list'; readonly list: readonly TimeSeries[] };

export const scalar = (value: number): MathValue => ({ kind: 'number', value });

export function seriesOf(entries: Iterable<readonly [number, number]>, label = ''): TimeSeries {
  // A division by zero has no datapoint.
  return { label, points: new Map([...entries].filter(([, value]) => Number.isFinite(value))) };
}

const compute: Readonly<Record<Operator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '^': (a, b) => a ** b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
};

/** Applies `change` to each value of a number, a series or a list. */
export function map(value: MathValue, change: (value: number, atMs: number) => number): MathValue {
  const mapped = ({ label, points }: TimeSeries) =>
    seriesOf(
      [...points].map(([at, one]) => [at, change(one, at)] as const),
      label,
    );
  switch (value.kind) {
    case 'number':
      return scalar(change(value.value, 0));
    case 'series':
      return { kind: 'series', series: mapped(value.series) };
    case 'list':
      return { kind: 'list', list: value.list.map(mapped) };
    default:
      throw invalid('A text is no operand');
  }
}

/** Series meet where both have a datapoint. */
export function combine(operator: Operator, left: MathValue, right: MathValue): MathValue {
  const apply = compute[operator];
  if (left.kind === 'text' || right.kind === 'text') throw invalid('A text is no operand');
  if (right.kind === 'number') return map(left, (value) => apply(value, right.value));
  if (left.kind === 'number') return map(right, (value) => apply(left.value, value));
  const both = (a: TimeSeries, b: TimeSeries, label: string) =>
    seriesOf(
      [...a.points].flatMap(([at, value]) => {
        const other = b.points.get(at);
        return other === undefined ? [] : [[at, apply(value, other)] as const];
      }),
      label,
    );
  if (left.kind === 'series' && right.kind === 'series') {
    return { kind: 'series', series: both(left.series, right.series, left.series.label) };
  }
  if (left.kind === 'list' && right.kind === 'series') {
    return { kind: 'list', list: left.list.map((one) => both(one, right.series, one.label)) };
  }
  if (left.kind === 'series' && right.kind === 'list') {
    return { kind: 'list', list: right.list.map((one) => both(left.series, one, one.label)) };
  }
  throw invalid(`The operator ${operator} takes no two lists of time series`);
}
