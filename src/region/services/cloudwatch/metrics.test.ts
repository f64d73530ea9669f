import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  type GetMetricStatisticsCommandInput,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type MetricDatum,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from '../../store/memory-store.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { cloudWatch } from './index.ts';
import { meterOf } from './meter.ts';
import { metricStore } from './metric-store.ts';

const minute = 60_000;
const hour = 60 * minute;
let region: TestRegion;
let client: CloudWatchClient;
let startMs: number;
beforeEach(async () => {
  region = await testRegion({ services: [cloudWatch] });
  client = region.client(CloudWatchClient);
  await region.clock.advance(hour - (region.clock.now() % hour));
  startMs = region.clock.now();
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const put = (...MetricData: MetricDatum[]) => client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
const statistics = async (input: Partial<GetMetricStatisticsCommandInput> = {}) => {
  const { Datapoints = [] } = await client.send(
    new GetMetricStatisticsCommand({
      Namespace: 'App',
      MetricName: 'm',
      StartTime: new Date(startMs),
      EndTime: new Date(region.clock.now() + minute),
      Period: 60,
      Statistics: ['SampleCount', 'Sum', 'Minimum', 'Maximum', 'Average'],
      ...input,
    }),
  );
  return Datapoints.sort((a, b) => Number(a.Timestamp) - Number(b.Timestamp)).map(({ Timestamp, ...rest }) => ({
    at: (Number(Timestamp) - startMs) / 1_000,
    ...rest,
  }));
};

it('sums up what is put, in all its forms', async () => {
  await put(
    { MetricName: 'm', Value: 2, Unit: 'Count' },
    { MetricName: 'm', Values: [1, 5], Counts: [2, 1], Unit: 'Count' },
    { MetricName: 'm', StatisticValues: { SampleCount: 2, Sum: 20, Minimum: 8, Maximum: 12 }, Unit: 'Count' },
  );
  const [point, ...others] = await statistics();
  expect(others).toEqual([]);
  expect(point).toEqual({
    at: 0,
    SampleCount: 6,
    Sum: 29,
    Minimum: 1,
    Maximum: 12,
    Average: 29 / 6,
    Unit: 'Count',
  });
});

it('gives periods, units apart, percentiles, and what is in the running minute', async () => {
  for (const Value of [1, 2, 3]) {
    await put({ MetricName: 'm', Value, Unit: 'Seconds' });
    await region.clock.advance(minute);
  }
  await put({ MetricName: 'm', Value: 9, Unit: 'Count' });
  expect((await statistics({ Statistics: ['Sum'] })).map(({ at, Sum, Unit }) => [at, Sum, Unit])).toEqual([
    [0, 1, 'Seconds'],
    [60, 2, 'Seconds'],
    [120, 3, 'Seconds'],
    [180, 9, 'Count'],
  ]);
  const seconds = { Statistics: undefined, Period: 300, Unit: 'Seconds' as const, ExtendedStatistics: ['p50', 'p99'] };
  expect(await statistics(seconds)).toEqual([{ at: 0, Unit: 'Seconds', ExtendedStatistics: { p50: 2, p99: 3 } }]);
});

it('keeps seconds only of high-resolution metrics', async () => {
  await put({ MetricName: 'm', Value: 1, StorageResolution: 1 }, { MetricName: 'slow', Value: 1 });
  await region.clock.advance(5_000);
  await put({ MetricName: 'm', Value: 2, StorageResolution: 1 });
  const fine = { Period: 1, Statistics: ['Sum' as const] };
  expect((await statistics(fine)).map(({ at, Sum }) => [at, Sum])).toEqual([
    [0, 1],
    [5, 2],
  ]);
  expect(await statistics({ ...fine, MetricName: 'slow' })).toEqual([]);
  expect((await statistics({ Statistics: ['Sum'] })).map(({ Sum }) => Sum)).toEqual([3]);
});

it('lists metrics by filters and in pages, those without recent data left out', async () => {
  for (let at = 0; at < 600; at += 200) {
    await put(
      ...Array.from({ length: 200 }, (_, index) => ({
        MetricName: 'many',
        Value: 1,
        Dimensions: [
          { Name: 'Id', Value: String(at + index) },
          { Name: 'Host', Value: 'a' },
        ],
      })),
    );
  }
  await region.clock.advance(4 * hour);
  await put({ MetricName: 'late', Value: 1, Dimensions: [{ Name: 'Host', Value: 'b' }] });
  const list = (input: ListMetricsCommandInput) => client.send(new ListMetricsCommand(input));
  const first = await list({ Namespace: 'App' });
  const second = await list({ Namespace: 'App', NextToken: first.NextToken });
  expect([first.Metrics?.length, second.Metrics?.length, second.NextToken]).toEqual([500, 101, undefined]);
  expect((await list({ Dimensions: [{ Name: 'Id', Value: '7' }] })).Metrics).toEqual([
    {
      Namespace: 'App',
      MetricName: 'many',
      Dimensions: [
        { Name: 'Host', Value: 'a' },
        { Name: 'Id', Value: '7' },
      ],
    },
  ]);
  expect((await list({ Dimensions: [{ Name: 'Host' }], RecentlyActive: 'PT3H' })).Metrics).toMatchObject([
    { MetricName: 'late' },
  ]);
});

it('ages minutes into five minutes and hours, and forgets', async () => {
  await put({ MetricName: 'm', Value: 1 }, { MetricName: 'm', Value: 3, Timestamp: new Date(startMs + minute) });
  const day = 24 * hour;
  await region.clock.advance(17 * day);
  expect(await statistics({ Period: 3600, EndTime: new Date(startMs + hour), Statistics: ['Sum'] })).toMatchObject([
    { at: 0, Sum: 4 },
  ]);
  expect([...region.scope.table('cloudwatch/points').keys()].map((key) => key.split(' ')[2])).toEqual(['300']);
  metricStore(region.scope).age(startMs + 80 * day);
  expect([...region.scope.table('cloudwatch/points').keys()].map((key) => key.split(' ')[2])).toEqual(['3600']);
  metricStore(region.scope).age(startMs + 500 * day);
  expect(region.scope.table('cloudwatch/metrics').size).toBe(0);
});

it('has after a restart what was put before the last whole minute', async () => {
  const store = { ...memoryStore(), close: async () => {} };
  const before = await testRegion({ services: [cloudWatch], store });
  const MetricData = [{ MetricName: 'm', Value: 4, Dimensions: [{ Name: 'a', Value: 'b c' }] }];
  await before.invoke('cloudwatch', 'PutMetricData', { Namespace: 'App', MetricData });
  await before.clock.advance(minute);
  const read = (of: TestRegion) =>
    of.invoke<{ Datapoints: object[] }>('cloudwatch', 'GetMetricStatistics', {
      ...{ Namespace: 'App', MetricName: 'm', Dimensions: [{ Name: 'a', Value: 'b c' }] },
      ...{ StartTime: new Date(before.clock.now() - hour), EndTime: new Date(before.clock.now() + hour) },
      ...{ Period: 60, Statistics: ['Sum'] },
    });
  const { Datapoints } = await read(before);
  expect(Datapoints).toMatchObject([{ Sum: 4 }]);
  await before.close();
  // Tables read back from the disk are other objects.
  const again: ReturnType<typeof memoryStore> = memoryStore();
  for (const name of store.tableNames('')) {
    for (const [key, value] of store.table(name).entries()) again.table(name).put(key, structuredClone(value));
  }
  const after = await testRegion({ services: [cloudWatch], store: again });
  expect((await read(after)).Datapoints).toEqual(Datapoints);
  const { Metrics } = await after.invoke<{ Metrics: object[] }>('cloudwatch', 'ListMetrics', {});
  expect(Metrics).toHaveLength(1);
  await after.close();
});

describe('the meter', () => {
  const dimensions = [{ LoadBalancer: 'app/x/1' }, { LoadBalancer: 'app/x/1', AvailabilityZone: 'us-east-1a' }];
  const read = async (Dimensions: { Name: string; Value: string }[]) =>
    (await statistics({ Namespace: 'AWS/ApplicationELB', MetricName: 'Time', Dimensions })).map(
      ({ at, SampleCount, Sum, Minimum, Maximum }) => [at, SampleCount, Sum, Minimum, Maximum],
    );
  const balancer = [{ Name: 'LoadBalancer', Value: 'app/x/1' }];

  it('counts a sample each, readable at once, minute by minute', async () => {
    const meter = meterOf(region.scope);
    const count = (value: number) => meter.count('AWS/ApplicationELB', 'Time', dimensions, value, 'Seconds');
    count(1);
    count(3);
    expect(await read(balancer)).toEqual([[0, 2, 4, 1, 3]]);
    await region.clock.advance(minute);
    // Equal dimensions in another object are the same metric.
    meter.count('AWS/ApplicationELB', 'Time', [{ LoadBalancer: 'app/x/1' }], 5, 'Seconds');
    count(7);
    await region.clock.advance(minute);
    count(2);
    expect(await read(balancer)).toEqual([
      [0, 2, 4, 1, 3],
      [60, 2, 12, 5, 7],
      [120, 1, 2, 2, 2],
    ]);
    expect(await read([...balancer, { Name: 'AvailabilityZone', Value: 'us-east-1a' }])).toHaveLength(3);
  });

  it('goes on after the region was emptied', async () => {
    const meter = meterOf(region.scope);
    meter.count('AWS/ApplicationELB', 'Time', dimensions, 1, 'Seconds');
    await region.store.reset();
    expect(await read(balancer)).toEqual([]);
    meter.count('AWS/ApplicationELB', 'Time', dimensions, 1, 'Seconds');
    expect(await read(balancer)).toEqual([[0, 1, 1, 1, 1]]);
  });
});

const good: MetricDatum = { MetricName: 'm', Value: 1 };
it.each<[string, Partial<MetricDatum> | MetricDatum[], RegExp]>([
  ['no value', { Value: undefined }, /^MissingRequiredParameter.*MetricData.member.1.Value is required/],
  ['two kinds of value', { Values: [1] }, /^InvalidParameterCombination.*mutually exclusive/],
  ['an infinite value', { Value: Number.POSITIVE_INFINITY }, /-2\^360/],
  ['counts of other length', { Value: undefined, Values: [1], Counts: [1, 2] }, /same size/],
  ['an unknown unit', { Unit: 'Miles' as 'Count' }, /must be a value in the set/],
  ['a resolution', { StorageResolution: 5 }, /StorageResolution must be 1 or 60/],
  ['31 dimensions', { Dimensions: Array.from({ length: 31 }, (_, i) => ({ Name: `d${i}`, Value: 'x' })) }, /than 30/],
  ['a dimension without value', { Dimensions: [{ Name: 'a', Value: '' }] }, /Dimensions.member.1.Value is required/],
  ['1001 metrics', Array.from({ length: 1001 }, () => good), /must not have a size greater than 1000/],
  ['the past', { Timestamp: new Date(Date.UTC(2001, 0)) }, /within the past two weeks/],
  ['the future', { Timestamp: new Date(Date.UTC(2101, 0)) }, /two hours in the future/],
])('refuses %s', async (_, change, expected) => {
  const data = Array.isArray(change) ? change : [{ ...good, ...change }];
  expect(await faultOf(put(...data))).toMatch(expected);
  expect(await statistics()).toEqual([]);
});

it('refuses the namespaces of AWS to clients, and too many datapoints', async () => {
  const own = client.send(new PutMetricDataCommand({ Namespace: 'AWS/EC2', MetricData: [good] }));
  expect(await faultOf(own)).toMatch(/^InvalidParameterValue/);
  const EndTime = new Date(startMs + 2_881 * minute);
  expect(await faultOf(statistics({ EndTime }))).toBe(
    'InvalidParameterCombinationException: You have requested up to 2,881 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.',
  );
  expect(await faultOf(statistics({ Period: 90 }))).toMatch(/multiple of 60/);
});
