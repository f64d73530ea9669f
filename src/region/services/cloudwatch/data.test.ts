import {
  CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  type MetricDataQuery,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { cloudWatch } from './index.ts';
import { parseMath } from './math-parse.ts';

const minute = 60_000;
let region: TestRegion;
let client: CloudWatchClient;
let startMs: number;
/** Minutes 0 to 4 of a, 0, 1 and 4 of b. */
const measured: Record<string, readonly (number | undefined)[]> = {
  a: [1, 2, 3, 4, 5],
  b: [10, 0, undefined, undefined, 50],
};

beforeEach(async () => {
  region = await testRegion({ services: [cloudWatch] });
  client = region.client(CloudWatchClient);
  startMs = Math.ceil(region.clock.now() / minute) * minute;
  await region.clock.advance(startMs + 5 * minute - region.clock.now());
  const MetricData = Object.entries(measured).flatMap(([MetricName, values]) =>
    values.flatMap((Value, index) =>
      Value === undefined ? [] : [{ MetricName, Value, Timestamp: new Date(startMs + index * minute) }],
    ),
  );
  await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const metric = (Id: string, more: Partial<MetricDataQuery> = {}): MetricDataQuery => ({
  Id,
  MetricStat: { Metric: { Namespace: 'App', MetricName: Id }, Period: 60, Stat: 'Sum' },
  ...more,
});
const get = (MetricDataQueries: MetricDataQuery[], more: Partial<GetMetricDataCommandInput> = {}) =>
  client.send(
    new GetMetricDataCommand({
      MetricDataQueries,
      ...{ StartTime: new Date(startMs), EndTime: new Date(startMs + 5 * minute), ScanBy: 'TimestampAscending' },
      ...more,
    }),
  );
/** Values by minute; `-` where there is none. */
const compute = async (Expression: string) => {
  const { MetricDataResults = [] } = await get([
    { Id: 'e', Expression },
    metric('a', { ReturnData: false }),
    metric('b', { ReturnData: false }),
  ]);
  return MetricDataResults.map(({ Timestamps = [], Values = [] }) => {
    const shown = Array.from({ length: 5 }, () => '-');
    for (const [index, at] of Timestamps.entries()) {
      shown[(at.getTime() - startMs) / minute] = String(Math.round((Values[index] ?? 0) * 1_000) / 1_000);
    }
    return shown.join(' ');
  });
};

describe('metric math', () => {
  it.each([
    ['a + b', ['11 2 - - 55']],
    ['b / a', ['10 0 - - 10']],
    // A division by zero has no datapoint.
    ['a / b', ['0.1 - - - 0.1']],
    ['-a * 2 + 1', ['-1 -3 -5 -7 -9']],
    ['(a - 1) * 2 ^ 3', ['0 8 16 24 32']],
    ['2 ^ -1 * a', ['0.5 1 1.5 2 2.5']],
    ['FILL(b, 0)', ['10 0 0 0 50']],
    ['FILL(b, REPEAT)', ['10 0 0 0 50']],
    ['FILL(b, LINEAR)', ['10 0 16.667 33.333 50']],
    ['FILL(b, a)', ['10 0 3 4 50']],
    ['SUM([a, b])', ['11 2 3 4 55']],
    ['SUM(METRICS())', ['11 2 3 4 55']],
    ['AVG(METRICS("b"))', ['10 0 - - 50']],
    ['MAX([a, b]) - MIN([a, b])', ['9 2 0 0 45']],
    ['a * SUM(a)', ['15 30 45 60 75']],
    ['IF(a > 2, a)', ['- - 3 4 5']],
    ['IF(a > 2 AND a != 4, a, 0 - 1)', ['-1 -1 3 -1 5']],
    ['IF(a >= 5 || a == 1, 1, 0)', ['1 0 0 0 1']],
    ['RATE(a) * PERIOD(a)', ['- 1 1 1 1']],
    ['DIFF(b)', ['- -10 - - 50']],
    ['RUNNING_SUM(a)', ['1 3 6 10 15']],
    ['TIME_SERIES(7)', ['7 7 7 7 7']],
    ['METRICS()', ['1 2 3 4 5', '10 0 - - 50']],
    ['METRICS() * 2', ['2 4 6 8 10', '20 0 - - 100']],
    ['CEIL(a / 2)', ['1 1 2 2 3']],
    // Documented: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    ['FIRST(SORT(METRICS(), MAX, DESC))', ['10 0 - - 50']],
    ['LAST(SORT(METRICS(), AVG, DESC))', ['1 2 3 4 5']],
    ['SORT(METRICS(), MIN, ASC)', ['10 0 - - 50', '1 2 3 4 5']],
    ['SORT([a, b, a * 100], SUM, DESC, 2)', ['100 200 300 400 500', '10 0 - - 50']],
    ['SLICE(SORT(METRICS(), MAX, DESC), 1)', ['1 2 3 4 5']],
    ['SLICE([a, b, a * 2], 1, 2)', ['10 0 - - 50']],
    ['a * 0 + DATAPOINT_COUNT(b)', ['3 3 3 3 3']],
  ])('%s', async (expression, expected) => expect(await compute(expression)).toEqual(expected));

  it.each([
    ['a +', /Invalid syntax/],
    ['a b', /Invalid syntax/],
    ['(a', /Invalid syntax/],
    ['c * 2', /undefined ID: c/],
    ['SUM(a)', /must be a time series/],
    ['SORT(METRICS(), MAX)', /SORT takes a list/],
    ['SLICE(METRICS(), a)', /SLICE takes a list/],
    ["SEARCH('{App} m', 'Sum')", /SEARCH of expression 'e' is not modelled by Orrery/],
    ['ANOMALY_DETECTION_BAND(a)', /not modelled by Orrery/],
    ['SELECT AVG(m) FROM "App"', /not modelled by Orrery/],
    ['e + 1', /refer to each other/],
    ['constructor(a)', /not modelled by Orrery/],
    ['('.repeat(200), /nested too deeply/],
  ])('refuses %s', async (expression, expected) => expect(await faultOf(compute(expression))).toMatch(expected));

  test('numbers are computed as written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('+', '-', '*'), fc.nat(99)), { maxLength: 8 }), (rest) => {
        const text = `1${rest.map(([sign, value]) => ` ${sign} ${value}`).join('')}`;
        const walk = (node: ReturnType<typeof parseMath>): number => {
          if (node.kind === 'number') return node.value;
          if (node.kind !== 'binary') throw new Error(node.kind);
          const [left, right] = [walk(node.left), walk(node.right)];
          return node.operator === '+' ? left + right : node.operator === '-' ? left - right : left * right;
        };
        expect(walk(parseMath(text, 'e'))).toBe(Number(new Function(`return ${text}`)()));
      }),
    );
  });
});

it('scans either way, labels, and leaves out what is not to be returned', async () => {
  const label = "${PROP('MetricName')} of ${PROP('Namespace')}: max ${MAX}, last ${LAST}";
  const { MetricDataResults } = await get([metric('a', { Label: label }), metric('b', { ReturnData: false })], {
    ScanBy: undefined,
  });
  expect(MetricDataResults).toMatchObject([
    { Id: 'a', Label: 'a of App: max 5, last 5', Values: [5, 4, 3, 2, 1], StatusCode: 'Complete' },
  ]);
});

it('labels expressions by their id, metrics of a list by their names', async () => {
  const { MetricDataResults = [] } = await get([
    { Id: 'e', Expression: 'a * 2' },
    { Id: 'all', Expression: 'METRICS()' },
    metric('a', { ReturnData: false }),
    metric('b', { ReturnData: false }),
  ]);
  expect(MetricDataResults.map(({ Id, Label }) => [Id, Label])).toEqual([
    ['e', 'e'],
    ['all', 'a'],
    ['all', 'b'],
  ]);
});

it('pages', async () => {
  const pages: unknown[] = [];
  let NextToken: string | undefined;
  do {
    const page = await get([metric('a'), metric('b')], { MaxDatapoints: 3, NextToken });
    pages.push(page.MetricDataResults?.map(({ Id, Values, StatusCode }) => [Id, Values, StatusCode]));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  expect(pages).toEqual([
    [['a', [1, 2, 3], 'PartialData']],
    [
      ['a', [4, 5], 'Complete'],
      ['b', [10], 'PartialData'],
    ],
    [['b', [0, 50], 'Complete']],
  ]);
});

it.each<[string, MetricDataQuery[], RegExp]>([
  ['no query', [], /MetricDataQueries is required/],
  ['equal ids', [metric('a'), metric('a')], /not unique/],
  ['an id', [metric('A')], /lower case/],
  [
    'a statistic',
    [metric('a', { MetricStat: { Metric: { Namespace: 'App', MetricName: 'a' }, Period: 60, Stat: 'x' } })],
    /Stat is not supported/,
  ],
  ['nothing to return', [metric('a', { ReturnData: false })], /ReturnData/],
  ['another account', [metric('a', { AccountId: '210987654321' })], /not modelled/],
])('refuses %s', async (_, queries, expected) => expect(await faultOf(get(queries))).toMatch(expected));
