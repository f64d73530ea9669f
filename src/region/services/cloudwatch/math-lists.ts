/** Metric math on the order of lists of time series. */
import { invalid } from './faults.ts';
import type { MathValue, TimeSeries } from './math-values.ts';

const total = ({ points }: TimeSeries) => [...points.values()].reduce((sum, value) => sum + value, 0);

/** What a list can be sorted by. */
export const sortedBy: Readonly<Record<string, (series: TimeSeries) => number>> = {
  AVG: (series) => total(series) / Math.max(1, series.points.size),
  MAX: ({ points }) => Math.max(...points.values()),
  MIN: ({ points }) => Math.min(...points.values()),
  SUM: total,
};

/** `SORT(list, AVG, DESC)`, or the first so many: `SORT(list, MAX, DESC, 10)`. Series without data come last. */
export function sort(list: readonly TimeSeries[], [by, order, count]: readonly MathValue[]): MathValue {
  const value = by?.kind === 'text' ? sortedBy[by.value] : undefined;
  const direction = order?.kind === 'text' ? { ASC: 1, DESC: -1 }[order.value] : undefined;
  if (!value || direction === undefined || (count && count.kind !== 'number')) {
    throw invalid(`SORT takes a list, one of ${Object.keys(sortedBy).join(', ')}, ASC or DESC, and perhaps a number`);
  }
  const empty = list.filter(({ points }) => points.size === 0);
  const sorted = list
    .filter(({ points }) => points.size > 0)
    .map((series) => ({ series, rank: value(series) }))
    .sort((a, b) => direction * (a.rank - b.rank))
    .map(({ series }) => series);
  const all = [...sorted, ...empty];
  return { kind: 'list', list: count ? all.slice(0, count.value) : all };
}

/** From one place, counted from zero, up to and without another, or to the end. */
export function slice(list: readonly TimeSeries[], [from, to]: readonly MathValue[]): MathValue {
  if (from?.kind !== 'number' || (to && to.kind !== 'number'))
    throw invalid('SLICE takes a list and one or two numbers');
  return { kind: 'list', list: list.slice(from.value, to?.value) };
}
