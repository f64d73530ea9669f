/**
 * The functions of metric math that are modelled.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
 */
import { invalid } from './faults.ts';
import { slice, sort } from './math-lists.ts';
import { type MathValue, map, scalar, seriesOf, type TimeSeries } from './math-values.ts';

/** The times that are asked for. */
export interface Grid {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
}

export type MathFunction = (values: readonly MathValue[], grid: Grid) => MathValue;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

/** Of one series: over its time, a number. Of a list: at each time, a series. */
function reduce(name: string, over: (values: readonly number[]) => number): MathFunction {
  return (values) => {
    if (values.length > 1) {
      // MIN, MAX and the like of several series or numbers are those of their list.
      return reduce(name, over)([listOf(values, name)], { startMs: 0, endMs: 0, periodMs: 1 });
    }
    const value = need(values, 0, name);
    if (value.kind === 'number') return value;
    if (value.kind === 'series') {
      return scalar(over([...value.series.points.values()]));
    }
    if (value.kind === 'text') throw invalid(`${name} takes time series`);
    const times = new Set(value.list.flatMap(({ points }) => [...points.keys()]));
    return {
      kind: 'series',
      series: seriesOf(
        [...times].map((at) => [at, over(value.list.flatMap(({ points }) => points.get(at) ?? []))] as const),
      ),
    };
  };
}

export function listOf(values: readonly MathValue[], name: string): MathValue {
  const list = values.flatMap((value) => {
    if (value.kind === 'series') return [value.series];
    if (value.kind === 'list') return value.list;
    throw invalid(`${name} takes a list of time series`);
  });
  return { kind: 'list', list };
}

function need(values: readonly MathValue[], at: number, name: string): MathValue {
  const value = values[at];
  if (!value) throw invalid(`${name} takes more arguments`);
  return value;
}

/** Of a series, or of each in a list. */
function eachSeries(name: string, change: (series: TimeSeries, grid: Grid) => Iterable<readonly [number, number]>) {
  return (values: readonly MathValue[], grid: Grid): MathValue => {
    const value = need(values, 0, name);
    const changed = (series: TimeSeries) => seriesOf(change(series, grid), series.label);
    if (value.kind === 'series') return { kind: 'series', series: changed(value.series) };
    if (value.kind === 'list') return { kind: 'list', list: value.list.map(changed) };
    throw invalid(`${name} takes time series`);
  };
}

const inOrder = ({ points }: TimeSeries) => [...points].sort(([a], [b]) => a - b);

/** From each datapoint and the one before. */
const stepwise = (name: string, change: (value: number, before: number, seconds: number) => number) =>
  eachSeries(name, (series) => {
    const points = inOrder(series);
    return points.slice(1).map(([at, value], index) => {
      const [beforeAt, before] = points[index] ?? [at, value];
      return [at, change(value, before, (at - beforeAt) / 1_000)] as const;
    });
  });

function* times({ startMs, endMs, periodMs }: Grid): Iterable<number> {
  for (let at = startMs; at < endMs; at += periodMs) yield at;
}

function fill(values: readonly MathValue[], grid: Grid): MathValue {
  const by = need(values, 1, 'FILL');
  const filled = eachSeries('FILL', (series, { startMs, endMs, periodMs }) => {
    const points = inOrder(series);
    return [...times({ startMs, endMs, periodMs })].flatMap((at): (readonly [number, number])[] => {
      const known = series.points.get(at);
      if (known !== undefined) return [[at, known]];
      if (by.kind === 'number') return [[at, by.value]];
      if (by.kind === 'series') return [[at, by.series.points.get(at) ?? Number.NaN]];
      const before = points.filter(([time]) => time < at).at(-1);
      const after = points.find(([time]) => time > at);
      const mode = by.kind === 'text' ? by.value.toUpperCase() : '';
      if (mode === 'REPEAT') return before ? [[at, before[1]]] : [];
      if (mode !== 'LINEAR') throw invalid('FILL takes a number, a time series, REPEAT or LINEAR');
      if (!before || !after) return [];
      return [[at, before[1] + ((after[1] - before[1]) * (at - before[0])) / (after[0] - before[0])]];
    });
  });
  return filled(values, grid);
}

/** IF(condition, yes, no); without `no` there is no datapoint where the condition does not hold. */
function choose(values: readonly MathValue[]): MathValue {
  const condition = need(values, 0, 'IF');
  const yes = need(values, 1, 'IF');
  const no = values[2];
  if (condition.kind === 'number') {
    if (condition.value !== 0) return yes;
    return no ?? { kind: 'series', series: seriesOf([]) };
  }
  if (condition.kind !== 'series') throw invalid('The condition of IF is a number or a time series');
  const at = (value: MathValue | undefined, time: number) => {
    if (value === undefined) return Number.NaN;
    if (value.kind === 'number') return value.value;
    if (value.kind === 'series') return value.series.points.get(time) ?? Number.NaN;
    throw invalid('IF takes numbers and time series');
  };
  const points = [...condition.series.points].map(([time, holds]) => [time, at(holds !== 0 ? yes : no, time)] as const);
  return { kind: 'series', series: seriesOf(points) };
}

/** Of the list that comes first. */
function seriesIn(values: readonly MathValue[], name: string): readonly TimeSeries[] {
  const list = listOf(values.slice(0, 1), name);
  return list.kind === 'list' ? list.list : [];
}

function oneOf(values: readonly MathValue[], name: string, at: number): MathValue {
  return { kind: 'series', series: seriesIn(values, name).at(at) ?? seriesOf([]) };
}

const clockPart = (name: string, part: (date: Date) => number) =>
  eachSeries(name, ({ points }) => [...points.keys()].map((at) => [at, part(new Date(at))] as const));

const eachValue =
  (change: (value: number) => number): MathFunction =>
  (values) =>
    map(need(values, 0, 'The function'), change);

export const mathFunctions: Readonly<Record<string, MathFunction>> = {
  ABS: eachValue(Math.abs),
  CEIL: eachValue(Math.ceil),
  FLOOR: eachValue(Math.floor),
  LOG: eachValue(Math.log),
  LOG10: eachValue(Math.log10),
  SUM: reduce('SUM', sum),
  AVG: reduce('AVG', mean),
  MIN: reduce('MIN', (values) => Math.min(...values)),
  MAX: reduce('MAX', (values) => Math.max(...values)),
  STDDEV: reduce('STDDEV', (values) => {
    const middle = mean(values);
    return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
  }),
  DIFF: stepwise('DIFF', (value, before) => value - before),
  DIFF_TIME: stepwise('DIFF_TIME', (_, __, seconds) => seconds),
  RATE: stepwise('RATE', (value, before, seconds) => (value - before) / seconds),
  RUNNING_SUM: eachSeries('RUNNING_SUM', (series) => {
    let total = 0;
    return inOrder(series).map(([at, value]) => {
      total += value;
      return [at, total] as const;
    });
  }),
  FILL: fill,
  IF: choose,
  PERIOD: (_, { periodMs }) => scalar(periodMs / 1_000),
  TIME_SERIES: (values, grid) => {
    const value = need(values, 0, 'TIME_SERIES');
    if (value.kind !== 'number') throw invalid('TIME_SERIES takes a number');
    return { kind: 'series', series: seriesOf([...times(grid)].map((at) => [at, value.value] as const)) };
  },
  DATAPOINT_COUNT: reduce('DATAPOINT_COUNT', (values) => values.length),
  METRIC_COUNT: (values) => {
    const list = listOf(values, 'METRIC_COUNT');
    return scalar(list.kind === 'list' ? list.list.length : 0);
  },
  REMOVE_EMPTY: (values) => {
    const list = listOf(values, 'REMOVE_EMPTY');
    return list.kind === 'list' ? { kind: 'list', list: list.list.filter(({ points }) => points.size > 0) } : list;
  },
  FIRST: (values) => oneOf(values, 'FIRST', 0),
  LAST: (values) => oneOf(values, 'LAST', -1),
  SORT: (values) => sort(seriesIn(values, 'SORT'), values.slice(1)),
  SLICE: (values) => slice(seriesIn(values, 'SLICE'), values.slice(1)),
  EPOCH: clockPart('EPOCH', (date) => date.getTime() / 1_000),
  MINUTE: clockPart('MINUTE', (date) => date.getUTCMinutes()),
  HOUR: clockPart('HOUR', (date) => date.getUTCHours()),
  // Monday is 1.
  DAY: clockPart('DAY', (date) => date.getUTCDay() || 7),
  DATE: clockPart('DATE', (date) => date.getUTCDate()),
  MONTH: clockPart('MONTH', (date) => date.getUTCMonth() + 1),
  YEAR: clockPart('YEAR', (date) => date.getUTCFullYear()),
};
