/** A region whose control loops run faster than its clients' and machines' time. */
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import { keptClock } from '../src/region/model-time.ts';
import { memoryStore } from '../src/region/store/memory-store.ts';
import { apiTemplate } from './api-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

let tested: TestedRegion | undefined;
afterEach(async () => {
  await tested?.close();
  tested = undefined;
});

async function health(region: TestedRegion): Promise<{ timeScale: number; nowMs: number }> {
  return (await fetch(`${region.region.endpoint}/_orrery/health`)).json() as Promise<{
    timeScale: number;
    nowMs: number;
  }>;
}

test('at a scale of 60 minutes pass as seconds, and what takes real time is still measured in it', async () => {
  tested = await startRegion({ timeScale: 60 });
  const region = tested;
  const Outputs = { FullName: { Value: { 'Fn::GetAtt': ['Balancer', 'LoadBalancerFullName'] } } };
  expect(await region.create('api', { ...apiTemplate, Outputs })).toBe('CREATE_COMPLETE');
  await eventually(
    () => region.get('api.try.localhost'),
    ({ status }) => status === 200,
  );
  const metrics = new CloudWatchClient(region.config);
  const statistics = async (MetricName: string) => {
    const { nowMs } = await health(region);
    const { Datapoints = [] } = await metrics.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/ApplicationELB',
        MetricName,
        Dimensions: [{ Name: 'LoadBalancer', Value: (await region.outputs('api')).FullName }],
        StartTime: new Date(nowMs - 3 * 3_600_000),
        EndTime: new Date(nowMs + 60_000),
        Period: 60,
        Statistics: ['Sum', 'SampleCount', 'Maximum'],
      }),
    );
    return Datapoints;
  };
  // A request of a clock that is 60 times as fast stands for 60: rates are those of real seconds.
  const [first] = await statistics('TargetResponseTime');
  expect(first?.SampleCount).toBe(60);
  // On loopback, in real seconds: in model seconds it would be 60 times that.
  expect(first?.Maximum).toBeGreaterThan(0);
  expect(first?.Maximum).toBeLessThan(1);
}, 60_000);

test('clients sign by their own time, however far ahead the model is', async () => {
  tested = await startRegion({ timeScale: 600 });
  const region = tested;
  await eventually(
    () => health(region),
    ({ nowMs }) => nowMs - Date.now() > 20 * 60_000,
  );
  expect((await health(region)).timeScale).toBe(600);
  const { Account } = await new STSClient(region.config).send(new GetCallerIdentityCommand({}));
  expect(Account).toBe('123456789012');
}, 60_000);

test('model time never goes back: a region that ran fast goes on from there', async () => {
  const store = memoryStore();
  const fast = keptClock(store, 100_000);
  await fast.sleep(1_500 * 100_000);
  const modelMs = fast.now();
  fast.stop();
  const next = keptClock(store, 1);
  expect(next.now()).toBeGreaterThanOrEqual(modelMs - 1_000);
  next.stop();
}, 60_000);
