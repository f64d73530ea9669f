/** What a group's metrics are of. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html */
import { DescribeAutoScalingInstancesCommand, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MachineUsage } from '../../machines/machine.ts';
import { AutoScalingGroupName } from './group.fixture.ts';
import { policyGroup } from './policies.fixture.ts';

const minute = 60_000;
let own: Awaited<ReturnType<typeof policyGroup>>;
afterEach(() => own.close());

const instances = async () =>
  ((await own.region.autoScaling.send(new DescribeAutoScalingInstancesCommand({}))).AutoScalingInstances ?? []).map(
    ({ InstanceId = '' }) => InstanceId,
  );

/** Samples and average of each of the last minutes. */
async function cpu(minutes: number, Name = 'AutoScalingGroupName', Value = AutoScalingGroupName) {
  const { Datapoints = [] } = await own.cloudWatch.send(
    new GetMetricStatisticsCommand({
      ...{ Namespace: 'AWS/EC2', MetricName: 'CPUUtilization', Dimensions: [{ Name, Value }], Period: 60 },
      StartTime: new Date(own.region.clock.now() - minutes * minute),
      EndTime: own.region.clock.date(),
      Statistics: ['SampleCount', 'Average'],
    }),
  );
  return Datapoints.sort((a, b) => Number(a.Timestamp) - Number(b.Timestamp)).map((one) => [
    one.SampleCount,
    Math.round(one.Average ?? -1),
  ]);
}

/** All of its two vCPUs, from now on. */
function burn(instanceId: string): void {
  const { clock, machines } = own.region;
  const fromMs = clock.now();
  const usage = (): MachineUsage => ({
    ...{ memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 },
    cpuSeconds: ((clock.now() - fromMs) / 1_000) * 2,
  });
  Object.assign(machines.machine(instanceId), { usage });
}

beforeEach(async () => {
  own = await policyGroup({ DesiredCapacity: 1, DefaultInstanceWarmup: 180 });
});

test('documented: an instance that warms up has metrics of its own, and none in its group', async () => {
  const [first = ''] = await instances();
  burn(first);
  await own.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 2 }));
  await own.pass(3, undefined);
  const second = (await instances()).find((id) => id !== first) ?? '';
  expect(await cpu(2, 'InstanceId', second)).toEqual([
    [1, 0],
    [1, 0],
  ]);
  expect(await cpu(2)).toEqual([
    [1, 100],
    [1, 100],
  ]);
  await own.pass(3, undefined);
  expect((await cpu(1))[0]).toEqual([2, 50]);
});

test('documented: a policy’s own warm-up, of what it launched, is the one that counts', async () => {
  const [first = ''] = await instances();
  burn(first);
  await own.put({
    PolicyType: 'TargetTrackingScaling',
    EstimatedInstanceWarmup: 0,
    TargetTrackingConfiguration: {
      TargetValue: 60,
      PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' },
    },
  });
  await own.pass(4, undefined);
  expect(await own.desired()).toBe(2);
  await own.pass(1, undefined);
  expect((await cpu(1))[0]).toEqual([2, 50]);
});
