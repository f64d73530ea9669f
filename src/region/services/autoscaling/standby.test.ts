/** Instances in standby: what the group, its target groups, its health checks and its metrics make of them. */
import {
  CreateAutoScalingGroupCommand,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  EnableMetricsCollectionCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cloudWatch } from '../cloudwatch/index.ts';
import { faultOf } from '../testing.ts';
import { targetLifecycleState } from './instance.ts';
import { groupsOnSocket, surroundings } from './region.fixture.ts';
import type { DescribedHealth } from './shapes.ts';

const AutoScalingGroupName = 'api';

let region: Awaited<ReturnType<typeof groupsOnSocket>>;
let around: Awaited<ReturnType<typeof surroundings>>;
let first: string;
let second: string;
beforeEach(async () => {
  region = await groupsOnSocket({ services: [cloudWatch] });
  around = await surroundings(region);
  await around.balance();
  await region.autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName,
      MinSize: 1,
      MaxSize: 3,
      DesiredCapacity: 2,
      LaunchTemplate: { LaunchTemplateId: around.templateId, Version: '$Latest' },
      VPCZoneIdentifier: around.subnets.slice(0, 2).join(','),
      TargetGroupARNs: [around.targetGroupArn],
    }),
  );
  await wait(3);
  [first = '', second = ''] = Object.keys(await states());
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  expect(region.events.filter(({ kind }) => kind === 'internal-failure')).toEqual([]);
  await region.close();
});

const wait = (seconds: number) => region.clock.advance(seconds * 1000);
const enter = (ShouldDecrementDesiredCapacity: boolean, ...InstanceIds: string[]) =>
  region.autoScaling.send(
    new EnterStandbyCommand({ AutoScalingGroupName, InstanceIds, ShouldDecrementDesiredCapacity }),
  );
const exit = (...InstanceIds: string[]) =>
  region.autoScaling.send(new ExitStandbyCommand({ AutoScalingGroupName, InstanceIds }));

async function group() {
  const { AutoScalingGroups = [] } = await region.autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
  return AutoScalingGroups[0];
}

async function states(): Promise<Record<string, string | undefined>> {
  const found = (await group())?.Instances ?? [];
  return Object.fromEntries(found.map(({ InstanceId, LifecycleState }) => [InstanceId, LifecycleState]));
}

async function targets(): Promise<Record<string, string>> {
  const { TargetHealthDescriptions } = await region.invoke<DescribedHealth>(
    'elasticloadbalancing',
    'DescribeTargetHealth',
    { TargetGroupArn: around.targetGroupArn },
  );
  return Object.fromEntries(
    TargetHealthDescriptions.map(({ Target, TargetHealth }) => [Target.Id, TargetHealth.State]),
  );
}

async function metric(MetricName: string) {
  const now = region.clock.now();
  const { Datapoints } = await region.invoke<{ Datapoints: { Maximum: number }[] }>(
    'cloudwatch',
    'GetMetricStatistics',
    {
      Namespace: 'AWS/AutoScaling',
      MetricName,
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: AutoScalingGroupName }],
      StartTime: new Date(now - 120_000),
      EndTime: new Date(now + 60_000),
      Period: 60,
      Statistics: ['Maximum'],
    },
  );
  return Datapoints.at(-1)?.Maximum;
}

async function activity(id: string | undefined) {
  const { Activities = [] } = await region.autoScaling.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName, ActivityIds: [id ?? ''] }),
  );
  return Activities[0];
}

test('with the capacity taken down: drained first, kept, and put back with the capacity up again', async () => {
  region.balancer.busy.add(first);
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
  expect(targetLifecycleState(region.scope, first)).toBe('Standby');
  region.balancer.busy.clear();
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
  expect(targetLifecycleState(region.scope, first)).toBe('InService');
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
  await region.call('StopInstances', { InstanceIds: [first] });
  await wait(120);
  expect(await group()).toMatchObject({
    Instances: expect.arrayContaining([
      expect.objectContaining({ InstanceId: first, LifecycleState: 'Standby', HealthStatus: 'Healthy' }),
    ]),
  });
  await region.call('StartInstances', { InstanceIds: [first] });
  await wait(3);
  await exit(first);
  await wait(3);
  expect(await states()).toEqual({ [first]: 'InService', [second]: 'InService' });
  await enter(true, first);
  await wait(3);
  await region.call('TerminateInstances', { InstanceIds: [first] });
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
  await region.autoScaling.send(
    new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds: [first], ProtectedFromScaleIn: true }),
  );
  await region.autoScaling.send(new EnableMetricsCollectionCommand({ AutoScalingGroupName, Granularity: '1Minute' }));
  await wait(60);
  expect(await metric('GroupStandbyInstances')).toBe(1);
  expect(await metric('GroupStandbyCapacity')).toBe(1);
  expect(await metric('GroupInServiceInstances')).toBe(1);
  expect(await metric('GroupTotalInstances')).toBe(2);
  await region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3 }));
  await wait(5);
  await region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 1 }));
  await wait(30);
  expect(Object.values(await states()).sort()).toEqual(['InService', 'Standby']);
  await region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
  await wait(10);
  expect(await group()).toBeUndefined();
  expect(region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
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
    const now = region.clock.now();
    const { Datapoints } = await region.invoke<{ Datapoints: { SampleCount: number }[] }>(
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
  await region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3 }));
  await wait(3);
  const zones = async () =>
    ((await group())?.Instances ?? []).flatMap(({ LifecycleState, AvailabilityZone, InstanceId = '' }) =>
      LifecycleState === 'InService' ? [{ zone: AvailabilityZone, InstanceId }] : [],
    );
  const all = await zones();
  const lone = all.find(({ zone }) => all.filter((one) => one.zone === zone).length === 1);
  await enter(true, lone?.InstanceId ?? '');
  await wait(30);
  expect(new Set((await zones()).map(({ zone }) => zone)).size).toBe(2);
});
