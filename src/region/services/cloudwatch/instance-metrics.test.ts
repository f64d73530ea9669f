import { expect, it } from 'vitest';
import type { MachineUsage } from '../../machines/machine.ts';
import { autoScaling } from '../autoscaling/index.ts';
import { publicImages } from '../ec2/image.ts';
import { ec2Region, root } from '../ec2/region.fixture.ts';
import { cloudWatch } from './index.ts';

const minute = 60_000;

async function running(Monitoring: { Enabled: boolean }) {
  const region = ec2Region({ services: [cloudWatch, autoScaling] });
  const { clock, scope } = region;
  const imageId = publicImages('us-east-1').find(({ architecture }) => architecture === 'arm64')?.imageId ?? '';
  await clock.advance(10 * minute - (clock.now() % (5 * minute)));
  await region.call('CreateDefaultVpc');
  const { Instances } = await region.call<{ Instances: { InstanceId: string }[] }>('RunInstances', {
    ...{ ImageId: imageId, InstanceType: 't4g.small', MinCount: 1, MaxCount: 1, Monitoring },
  });
  const instanceId = Instances[0]?.InstanceId ?? '';
  await clock.advance(1);
  const startMs = clock.now() - 1;
  const usage = { cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 };
  Object.assign(region.machines.machine(instanceId), { usage: (): MachineUsage => ({ ...usage }) });
  const read = async (MetricName: string, Name = 'InstanceId', Value = instanceId) => {
    const { Datapoints } = await scope.invoke<{
      Datapoints: { Timestamp: Date; SampleCount: number; Sum: number; Average: number }[];
    }>(root, 'cloudwatch', 'GetMetricStatistics', {
      ...{ Namespace: 'AWS/EC2', MetricName, Dimensions: Name === '' ? [] : [{ Name, Value }], Period: 60 },
      ...{ StartTime: new Date(startMs), EndTime: clock.date(), Statistics: ['SampleCount', 'Sum', 'Average'] },
    });
    return Datapoints.sort((a, b) => Number(a.Timestamp) - Number(b.Timestamp)).map((one) => [
      (one.Timestamp.getTime() - startMs) / minute,
      one.SampleCount,
      Math.round(one.Average),
      Math.round(one.Sum),
    ]);
  };
  return { ...region, instanceId, imageId, usage, read };
}

it('five minutes of a machine are told together, in per cent of its type', async () => {
  const { clock, usage, read, events, imageId } = await running({ Enabled: false });
  for (let times = 0; times < 5; times++) {
    expect(await read('CPUUtilization')).toEqual([]);
    // Half of two vCPUs.
    usage.cpuSeconds += 60;
    usage.networkOutBytes += 1_000;
    await clock.advance(minute);
  }
  await clock.advance(1_000);
  expect(await read('CPUUtilization')).toEqual([[0, 5, 50, 250]]);
  expect(await read('NetworkOut')).toEqual([[0, 5, 1_000, 5_000]]);
  expect(await read('NetworkIn')).toEqual([[0, 5, 0, 0]]);
  expect(await read('CPUUtilization', 'ImageId', imageId)).toEqual([]);
  expect(await read('StatusCheckFailed')).toHaveLength(5);
  expect(events.filter(({ source }) => source === 'cloudwatch')).toEqual([]);
});

it('with detailed monitoring each minute, by group, image, type and over all', async () => {
  const { clock, usage, read, imageId, scope, instanceId } = await running({ Enabled: true });
  await scope.invoke({ kind: 'service', service: 'autoscaling.amazonaws.com', trusted: true }, 'ec2', 'CreateTags', {
    Resources: [instanceId],
    Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'g' }],
  });
  for (const cpu of [30, 90, 500]) {
    usage.cpuSeconds += cpu;
    await clock.advance(minute);
  }
  await clock.advance(1_000);
  const expected = [
    [0, 1, 25, 25],
    [1, 1, 75, 75],
    [2, 1, 100, 100],
  ];
  expect(await read('CPUUtilization')).toEqual(expected);
  expect(await read('CPUUtilization', 'AutoScalingGroupName', 'g')).toEqual(expected);
  expect(await read('CPUUtilization', 'ImageId', imageId)).toEqual(expected);
  expect(await read('CPUUtilization', 'InstanceType', 't4g.small')).toEqual(expected);
  expect(await read('CPUUtilization', '')).toEqual(expected);
});

it('a machine that died fails its instance status check and computes nothing', async () => {
  const { clock, machines, instanceId, read } = await running({ Enabled: true });
  await clock.advance(minute);
  machines.machine(instanceId).kill();
  await clock.advance(2 * minute + 1_000);
  expect((await read('StatusCheckFailed_Instance')).map(([, , , sum]) => sum)).toEqual([0, 1, 1]);
  expect((await read('StatusCheckFailed_System')).map(([, , , sum]) => sum)).toEqual([0, 0, 0]);
  expect(await read('CPUUtilization')).toHaveLength(1);
});
