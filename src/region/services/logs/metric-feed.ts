/**
 * What metric filters make of events as they come: values put into CloudWatch, and the default value for each minute
 * whose events match none. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
 */
import type { Caller, Scope } from '../service.ts';
import { type Fields, type Pattern, parsePattern } from './pattern.ts';
import { filtersOf, type MetricFilterRecord, metricFilterKey, metricFilters } from './state.ts';

interface Datum {
  readonly MetricName: string;
  readonly Timestamp: Date;
  readonly Dimensions: { readonly Name: string; readonly Value: string }[];
  readonly Unit?: string;
  readonly Values: number[];
  readonly Counts: number[];
}

const minuteMs = 60_000;
/** Of one PutMetricData. */
const mostValues = 150;
const mostData = 1_000;
const asLogs: Caller = { kind: 'service', service: 'logs.amazonaws.com', trusted: true };

/** By the filter's record, which is another when the filter is put anew. */
const patterns = new WeakMap<MetricFilterRecord, Pattern>();
/** By the region's table: by filter, the minutes with events, and whether one matched. A restart forgets the running ones. */
const minutes = new WeakMap<object, Map<string, Map<number, boolean>>>();

/** Never fails: what cannot be put is told. */
export async function feedMetrics(
  scope: Scope,
  groupName: string,
  events: readonly { readonly timestamp: number; readonly message: string }[],
): Promise<void> {
  for (const filter of filtersOf(scope, groupName)) {
    const pattern = patterns.get(filter) ?? parsePattern(filter.pattern);
    patterns.set(filter, pattern);
    const seen = minutesOf(scope, filter);
    const counts = new Map<string, { minute: number; dimensions: Datum['Dimensions']; values: Map<number, number> }>();
    for (const { timestamp, message } of events) {
      const minute = Math.floor(timestamp / minuteMs) * minuteMs;
      const fields = pattern(message);
      seen.set(minute, fields !== undefined || (seen.get(minute) ?? false));
      const value = fields && numberOf(filter, fields);
      const dimensions = fields && dimensionsOf(filter, fields);
      if (value === undefined || !dimensions) continue;
      const key = JSON.stringify([minute, dimensions]);
      const count = counts.get(key) ?? { minute, dimensions, values: new Map() };
      counts.set(key, count);
      count.values.set(value, (count.values.get(value) ?? 0) + 1);
    }
    const data = [...counts.values()].flatMap(({ minute, dimensions, values }) =>
      pieces([...values], mostValues).map((piece) => datumOf(filter, minute, dimensions, piece)),
    );
    await put(scope, filter, data);
  }
}

/** At each minute's end: the default value for those that had events and no match. */
export function feedDefaults(scope: Scope): void {
  const seen = minutes.get(metricFilters(scope));
  for (const [key, ofFilter] of seen ?? []) {
    const filter = metricFilters(scope).get(key);
    seen?.delete(key);
    if (filter?.metric.defaultValue === undefined) continue;
    const { defaultValue } = filter.metric;
    const without = [...ofFilter].flatMap(([minute, matched]) => (matched ? [] : [minute]));
    void put(
      scope,
      filter,
      without.map((minute) => datumOf(filter, minute, [], [[defaultValue, 1]])),
    );
  }
}

function minutesOf(scope: Scope, { groupName, name }: MetricFilterRecord): Map<number, boolean> {
  const table = metricFilters(scope);
  const ofTable = minutes.get(table) ?? new Map<string, Map<number, boolean>>();
  minutes.set(table, ofTable);
  const key = metricFilterKey(groupName, name);
  const seen = ofTable.get(key) ?? new Map<number, boolean>();
  ofTable.set(key, seen);
  return seen;
}

function numberOf({ metric }: MetricFilterRecord, fields: Fields): number | undefined {
  const given = metric.value.startsWith('$') ? fields(metric.value) : metric.value;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Undefined when the event lacks one of them: then nothing is counted. */
function dimensionsOf({ metric }: MetricFilterRecord, fields: Fields): Datum['Dimensions'] | undefined {
  const dimensions = Object.entries(metric.dimensions).map(([Name, selector]) => ({
    Name,
    Value: String(fields(selector) ?? '').slice(0, 1024),
  }));
  return dimensions.every(({ Value }) => Value !== '') ? dimensions : undefined;
}

function datumOf(
  { metric }: MetricFilterRecord,
  minute: number,
  Dimensions: Datum['Dimensions'],
  counted: readonly (readonly [number, number])[],
): Datum {
  return {
    MetricName: metric.name,
    Timestamp: new Date(minute),
    Dimensions,
    ...(metric.unit === undefined ? {} : { Unit: metric.unit }),
    Values: counted.map(([value]) => value),
    Counts: counted.map(([, count]) => count),
  };
}

async function put(
  scope: Scope,
  { groupName, name, metric }: MetricFilterRecord,
  data: readonly Datum[],
): Promise<void> {
  try {
    for (const MetricData of pieces(data, mostData)) {
      await scope.invoke(asLogs, 'cloudwatch', 'PutMetricData', { Namespace: metric.namespace, MetricData });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    scope.note({ source: 'logs', kind: 'metric-filter-failed', text: `${groupName} ${name}: ${why}` });
  }
}

function pieces<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
