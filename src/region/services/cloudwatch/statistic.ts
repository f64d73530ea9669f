/** Statistics over an aggregate. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html */
import type { Aggregate } from './aggregate.ts';

/** Undefined where the samples do not tell: percentiles of statistic sets. */
export type Statistic = (of: Aggregate) => number | undefined;

export const simpleStatistics = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
export type SimpleStatistic = (typeof simpleStatistics)[number];

const simple: Readonly<Record<SimpleStatistic, Statistic>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => (count === 0 ? undefined : sum / count),
  Minimum: ({ min, count }) => (count === 0 ? undefined : min),
  Maximum: ({ max, count }) => (count === 0 ? undefined : max),
};

export function isSimple(name: string): name is SimpleStatistic {
  return (simpleStatistics as readonly string[]).includes(name);
}

type Distribution = readonly (readonly [value: number, count: number])[];

/** Bounds as parts of the samples (0 to 1) or as values. */
interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly by: 'part' | 'value';
}

const number = String.raw`\d{1,15}(?:\.\d{1,10})?`;
const short = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/;
const long = new RegExp(String.raw`^(TM|WM|TC|TS|PR)\((${number})?(%?):(${number})?(%?)\)$`);

/** `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`, `IQM`; undefined for what is no statistic. */
export function parseStatistic(text: string): Statistic | undefined {
  if (isSimple(text)) return simple[text];
  if (text === 'IQM') return extended('TM', { low: 0.25, high: 0.75, by: 'part' });
  const [, kind = '', percent = ''] = short.exec(text) ?? [];
  if (kind !== '') {
    const part = Number(percent) / 100;
    if (part > 1) return undefined;
    if (kind === 'p') return (of) => ifKnown(of, (all) => percentile(all, of.count, part));
    return extended(kind.toUpperCase(), { low: 0, high: part, by: 'part' });
  }
  const [matched, name = '', low, lowUnit, high, highUnit] = long.exec(text) ?? [];
  if (matched === undefined || (low === undefined && high === undefined)) return undefined;
  if (low !== undefined && high !== undefined && lowUnit !== highUnit) return undefined;
  const percents = lowUnit === '%' || highUnit === '%';
  if (name === 'PR' && percents) return undefined;
  const bounds: Bounds = percents
    ? { low: Number(low ?? 0) / 100, high: Number(high ?? 100) / 100, by: 'part' }
    : {
        low: low === undefined ? Number.NEGATIVE_INFINITY : Number(low),
        high: high === undefined ? Number.POSITIVE_INFINITY : Number(high),
        by: 'value',
      };
  if (bounds.low >= bounds.high || (percents && bounds.high > 1)) return undefined;
  return extended(name, bounds);
}

function ifKnown(of: Aggregate, compute: (all: Distribution) => number | undefined): number | undefined {
  const all = of.distribution();
  return all && compute(all);
}

/** The smallest value that at least that part of the samples do not exceed. */
function percentile(all: Distribution, total: number, part: number): number | undefined {
  const rank = Math.max(part * total, Number.MIN_VALUE);
  let seen = 0;
  for (const [value, count] of all) {
    seen += count;
    if (seen >= rank - total * 1e-12) return value;
  }
  return all.at(-1)?.[0];
}

function extended(kind: string, bounds: Bounds): Statistic {
  return (of) =>
    ifKnown(of, (all) => {
      const kept = within(all, of.count, bounds);
      const count = kept.reduce((sum, [, times]) => sum + times, 0);
      const sum = kept.reduce((total, [value, times]) => total + value * times, 0);
      switch (kind) {
        case 'TC':
          return count;
        case 'TS':
          return sum;
        case 'PR':
          return (count / of.count) * 100;
        case 'TM':
          return count === 0 ? undefined : sum / count;
        default:
          return winsorized(all, of.count, kept, bounds);
      }
    });
}

function within(all: Distribution, total: number, { low, high, by }: Bounds): Distribution {
  if (by === 'value') return all.filter(([value]) => value > low && value <= high);
  let seen = 0;
  return all.flatMap(([value, count]) => {
    const from = Math.max(seen, low * total);
    seen += count;
    const times = Math.min(seen, high * total) - from;
    return times > 0 ? [[value, times] as const] : [];
  });
}

/** What lies outside counts as the nearest value inside. */
function winsorized(all: Distribution, total: number, kept: Distribution, { by }: Bounds): number | undefined {
  const lowest = kept[0];
  const highest = kept.at(-1);
  if (!lowest || !highest || total === 0) return undefined;
  if (by === 'value' && all.length === 0) return undefined;
  const clamped = all.reduce(
    (sum, [value, count]) => sum + Math.min(highest[0], Math.max(lowest[0], value)) * count,
    0,
  );
  return clamped / total;
}
