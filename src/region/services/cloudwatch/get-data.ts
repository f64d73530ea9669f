/** GetMetricData. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
import type { GetMetricDataCommandInput, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { constraint, invalid, invalidValue, missingParameter, oneOf } from './faults.ts';
import { labelOf } from './labels.ts';
import type { Grid } from './math-functions.ts';
import type { TimeSeries } from './math-values.ts';
import { checkTimes, roundStart } from './metric-input.ts';
import { checkQueries, evaluator, type Query } from './queries.ts';

const mostQueries = 500;
const mostDatapoints = 100_800;

export function getMetricData(input: GetMetricDataCommandInput, call: Call) {
  const { MetricDataQueries: given = [], ScanBy = 'TimestampDescending', MaxDatapoints = mostDatapoints } = input;
  if (given.length === 0) throw missingParameter('MetricDataQueries');
  if (given.length > mostQueries) {
    throw invalidValue(`The collection MetricDataQueries must not have a size greater than ${mostQueries}.`);
  }
  if (ScanBy !== 'TimestampDescending' && ScanBy !== 'TimestampAscending') {
    throw constraint(ScanBy, 'scanBy', oneOf(['TimestampDescending', 'TimestampAscending']));
  }
  if (!Number.isInteger(MaxDatapoints) || MaxDatapoints < 1 || MaxDatapoints > mostDatapoints) {
    throw invalidValue(`The parameter MaxDatapoints must be between 1 and ${mostDatapoints}.`);
  }
  const timezone = input.LabelOptions?.Timezone;
  if (timezone !== undefined && !/^[+-]\d{4}$/.test(timezone)) {
    throw constraint(timezone, 'labelOptions.timezone', 'satisfy regular expression pattern: [+-]\\d{4}');
  }
  const { startMs, endMs } = checkTimes(input);
  const queries = checkQueries(given, call.account, 'MetricDataQueries');
  if (!queries.some(({ returned }) => returned)) {
    throw invalid('At least one of the metric data queries must have ReturnData set to true.');
  }
  const results = evaluateAll(call, queries, startMs, endMs).map(({ query, own, series }) => {
    const sign = ScanBy === 'TimestampAscending' ? 1 : -1;
    const points = [...series.points].sort(([a], [b]) => sign * (a - b));
    return { id: query.id, label: labelOf(query, own, series, call), points };
  });
  return pageOf(results, input.NextToken, MaxDatapoints);
}

function evaluateAll(call: Call, queries: readonly Query[], startMs: number, endMs: number) {
  const nowMs = call.clock.now();
  const gridOf = (periodSeconds: number): Grid => {
    const periodMs = periodSeconds * 1_000;
    return { startMs: roundStart(startMs, periodMs, nowMs), endMs, periodMs };
  };
  const valueFor = evaluator(call, queries, gridOf);
  return queries.flatMap((query): { query: Query; own: string; series: TimeSeries }[] => {
    if (!query.returned) return [];
    const value = valueFor(query.id);
    // Without a label a metric has its name, an expression its id, and each of a list what it has itself.
    const own = query.kind === 'metric' ? query.metric.name : query.id;
    if (value.kind === 'series') return [{ query, own, series: value.series }];
    if (value.kind === 'list') return value.list.map((series) => ({ query, own: series.label || own, series }));
    throw invalid(`Error in expression '${query.id}': the result of an expression must be a time series`);
  });
}

interface Result {
  readonly id: string;
  readonly label: string;
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** A page holds at most `most` datapoints; a result that is cut goes on in the next. */
function pageOf(results: readonly Result[], token: string | undefined, most: number) {
  const [firstResult, firstPoint] = readToken(token);
  const MetricDataResults: MetricDataResult[] = [];
  let left = most;
  for (let index = firstResult; index < results.length; index++) {
    const { id, label, points } = results[index] ?? { id: '', label: '', points: [] };
    const from = index === firstResult ? firstPoint : 0;
    if (left === 0) return { MetricDataResults, NextToken: makeToken(index, from), Messages: [] };
    const kept = points.slice(from, from + left);
    const cut = from + kept.length < points.length;
    MetricDataResults.push({
      Id: id,
      Label: label,
      Timestamps: kept.map(([at]) => new Date(at)),
      Values: kept.map(([, value]) => value),
      StatusCode: cut ? 'PartialData' : 'Complete',
    });
    if (cut) return { MetricDataResults, NextToken: makeToken(index, from + kept.length), Messages: [] };
    left -= kept.length;
  }
  return { MetricDataResults, Messages: [] };
}

const makeToken = (result: number, point: number) => Buffer.from(`${result} ${point}`).toString('base64url');

function readToken(token: string | undefined): [number, number] {
  if (token === undefined) return [0, 0];
  const [, result, point] = /^(\d{1,6}) (\d{1,9})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (result === undefined) throw new Fault('InvalidNextToken', 'The next token specified is invalid.');
  return [Number(result), Number(point)];
}
