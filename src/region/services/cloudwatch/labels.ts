/** Labels of results, with dynamic parts. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html */
import type { Scope } from '../service.ts';
import { notModelled } from './faults.ts';
import type { TimeSeries } from './math-values.ts';
import type { Query } from './queries.ts';

type Part = (values: readonly number[]) => number;

const parts: Readonly<Record<string, Part>> = {
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
  LAST: (values) => values.at(-1) ?? Number.NaN,
  FIRST: (values) => values[0] ?? Number.NaN,
  DATAPOINT_COUNT: (values) => values.length,
};

/** `own` is what it is called when no label is given. */
export function labelOf(query: Query, own: string, series: TimeSeries, scope: Scope): string {
  if (query.label === undefined) return own;
  return query.label.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name === 'LABEL') return own;
    const property = /^PROP\('([^']+)'\)$/.exec(name)?.[1];
    if (property !== undefined) return propertyOf(query, property, scope);
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (!part) throw notModelled(`The label part \${${name}}`);
    const values = [...series.points].sort(([a], [b]) => a - b).map(([, value]) => value);
    return values.length === 0 && name !== 'DATAPOINT_COUNT' ? '--' : String(part(values));
  });
}

function propertyOf(query: Query, name: string, { account, region }: Scope): string {
  if (name === 'AccountId') return account;
  if (name === 'Region') return region;
  if (name === 'Period' && query.periodSeconds !== undefined) return String(query.periodSeconds);
  if (query.kind === 'metric') {
    if (name === 'MetricName') return query.metric.name;
    if (name === 'Namespace') return query.metric.namespace;
    if (name === 'Stat') return query.stat;
    if (name.startsWith('Dim.')) {
      const dimension = query.metric.dimensions.find(({ Name }) => Name === name.slice('Dim.'.length));
      return dimension?.Value ?? '--';
    }
  }
  throw notModelled(`The label part \${PROP('${name}')}`);
}
