/** Instances in standby: what the group, its target groups, its health checks and its metrics make of them. */
import {
  DeleteAutoScalingGroupCommand,
  EnableMetricsCollectionCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, expect, test } from 'vitest';
import { cloudWatch } from '../cloudwatch/index.ts';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName, groupFixture } from './group.fixture.ts';
import { targetLifecycleState } from './instance.ts';

const here = groupFixture({ services: [cloudWatch], balanced: true });
const { groups, group, activities, states, metric, wait } = here;

let first: string;
let second: string;
beforeEach(async () => {
  await here.create({ MinSize: 1, MaxSize: 3, DesiredCapacity: 2 });
  await wait(3);
  [first = '', second = ''] = Object.keys(await states());
});

const enter = (ShouldDecrementDesiredCapacity: boolean, ...InstanceIds: string[]) =>
  here.region.autoScaling.send(
    new EnterStandbyCommand({ AutoScalingGroupName, InstanceIds, ShouldDecrementDesiredCapacity }),
  );
const exit = (...InstanceIds: string[]) =>
  here.region.autoScaling.send(new ExitStandbyCommand({ AutoScalingGroupName, InstanceIds }));

async function targets(): Promise<Record<string, string>> {
  const health = await here.targetHealth();
  return Object.fromEntries(health.map(({ Target, TargetHealth }) => [Target.Id, TargetHealth.State]));
}

const activity = async (id = '') => (await activities(id))[0];

test('with the capacity taken down: drained first, kept, and put back with the capacity up again', async () => {
  here.region.balancer.busy.add(first);
  const { Activities = [] } = await enter(true, first);
  expect(Activities).toMatchObject([
    {
      Description: `Moving EC2 instance to Standby: ${first}`,
      Cause: expect.stringMatching(
        new RegExp(
          `^At \\S+Z instance ${first} was moved to standby in response to a user request, shrinking the capacity from 2 to 1\\.$`,
        ),
      ),
      StatusCode: 'InProgress',
      Progress: 50,
    },
  ]);
  await wait(20);
  expect(await states()).toEqual({ [first]: 'EnteringStandby', [second]: 'InService' });
  expect(await targets()).toMatchObject({ [first]: 'draining' });
  expect(targetLifecycleState(here.region.scope, first)).toBe('Standby');
  here.region.balancer.busy.clear();
  await wait(3);
  expect(await states()).toEqual({ [first]: 'Standby', [second]: 'InService' });
  expect(Object.keys(await targets())).toEqual([second]);
  expect(await activity(Activities[0]?.ActivityId)).toMatchObject({ StatusCode: 'Successful', Progress: 100 });
  await wait(60);
  expect(await group()).toMatchObject({ DesiredCapacity: 1, Instances: [{}, {}] });

  const back = await exit(first);
  expect(back.Activities).toMatchObject([
    {
      Description: `Moving EC2 instance out of Standby: ${first}`,
      Cause: expect.stringMatching(
        /was moved out of standby in response to a user request, increasing the capacity from 1 to 2\.$/,
      ),
      StatusCode: 'PreInService',
      Progress: 30,
    },
  ]);
  expect(targetLifecycleState(here.region.scope, first)).toBe('InService');
  await wait(3);
  expect(await states()).toEqual({ [first]: 'InService', [second]: 'InService' });
  expect(Object.keys(await targets()).sort()).toEqual([first, second].sort());
  expect(await group()).toMatchObject({ DesiredCapacity: 2 });
  expect(await activity(back.Activities?.[0]?.ActivityId)).toMatchObject({ StatusCode: 'Successful' });
});

test('without: another is launched in its place', async () => {
  const { Activities } = await enter(false, first);
  expect(Activities?.[0]?.Cause).toMatch(/in response to a user request\.$/);
  await wait(5);
  const now = await states();
  expect(Object.values(now).sort()).toEqual(['InService', 'InService', 'Standby']);
  await exit(first);
  await wait(5);
  expect(Object.values(await states())).toEqual(['InService', 'InService', 'InService']);
  expect(await group()).toMatchObject({ DesiredCapacity: 3 });
});

test('nobody checks its health: it may be stopped and started; only back in service it is found unhealthy', async () => {
  await enter(true, first);
  await wait(3);
  await here.region.call('StopInstances', { InstanceIds: [first] });
  await wait(120);
  expect(await group()).toMatchObject({
    Instances: expect.arrayContaining([
      expect.objectContaining({ InstanceId: first, LifecycleState: 'Standby', HealthStatus: 'Healthy' }),
    ]),
  });
  await here.region.call('StartInstances', { InstanceIds: [first] });
  await wait(3);
  await exit(first);
  await wait(3);
  expect(await states()).toEqual({ [first]: 'InService', [second]: 'InService' });
  await enter(true, first);
  await wait(3);
  await here.region.call('TerminateInstances', { InstanceIds: [first] });
  await wait(60);
  expect(await states()).toMatchObject({ [first]: 'Standby' });
  await exit(first);
  await wait(10);
  const now = await states();
  expect(now).not.toHaveProperty(first);
  expect(Object.values(now)).toEqual(['InService', 'InService']);
});

test('is counted apart, is not scaled in, may be protected, and ends with its group', async () => {
  await enter(true, first);
  await wait(3);
  await here.region.autoScaling.send(
    new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds: [first], ProtectedFromScaleIn: true }),
  );
  await here.region.autoScaling.send(
    new EnableMetricsCollectionCommand({ AutoScalingGroupName, Granularity: '1Minute' }),
  );
  await wait(60);
  expect(await metric('GroupStandbyInstances')).toBe(1);
  expect(await metric('GroupStandbyCapacity')).toBe(1);
  expect(await metric('GroupInServiceInstances')).toBe(1);
  expect(await metric('GroupTotalInstances')).toBe(2);
  await here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3 }));
  await wait(5);
  await here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 1 }));
  await wait(30);
  expect(Object.values(await states()).sort()).toEqual(['InService', 'Standby']);
  await here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
  await wait(10);
  expect(await groups()).toEqual([]);
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

test('is refused beyond the group’s bounds, and from other states', async () => {
  expect(await faultOf(enter(true, first, second))).toBe(
    'ValidationError: AutoScalingGroup api has min-size=1, max-size=3, and desired-size=2. To place into standby 2 instances, please update the AutoScalingGroup sizes appropriately.',
  );
  expect(await faultOf(exit(first))).toBe(`ValidationError: The instance ${first} is not in Standby.`);
  expect(await faultOf(enter(true, 'i-0123456789abcdef0'))).toBe(
    'ValidationError: The instance i-0123456789abcdef0 is not part of Auto Scaling group api.',
  );
  await enter(false, first, second);
  expect(await faultOf(enter(true, first))).toBe(`ValidationError: The instance ${first} is not in InService.`);
  await wait(5);
  expect(await faultOf(exit(first, second))).toContain('To move out of standby 2 instances');
});

test('does not count in what its group computes', async () => {
  const samples = async () => {
    const now = here.region.clock.now();
    const { Datapoints } = await here.region.invoke<{ Datapoints: { SampleCount: number }[] }>(
      'cloudwatch',
      'GetMetricStatistics',
      {
        Namespace: 'AWS/EC2',
        MetricName: 'CPUUtilization',
        Dimensions: [{ Name: 'AutoScalingGroupName', Value: AutoScalingGroupName }],
        StartTime: new Date(now - 301_000),
        EndTime: new Date(now),
        Period: 3600,
        Statistics: ['SampleCount'],
      },
    );
    return Datapoints[0]?.SampleCount;
  };
  await wait(303);
  expect(await samples()).toBe(10);
  await enter(true, first);
  await wait(300);
  expect(await samples()).toBe(5);
});

test('leaves its zone to be balanced', async () => {
  await here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3 }));
  await wait(3);
  const zones = async () =>
    ((await group()).Instances ?? []).flatMap(({ LifecycleState, AvailabilityZone, InstanceId = '' }) =>
      LifecycleState === 'InService' ? [{ zone: AvailabilityZone, InstanceId }] : [],
    );
  const all = await zones();
  const lone = all.find(({ zone }) => all.filter((one) => one.zone === zone).length === 1);
  await enter(true, lone?.InstanceId ?? '');
  await wait(30);
  expect(new Set((await zones()).map(({ zone }) => zone)).size).toBe(2);
});
