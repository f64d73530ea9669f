/** Instance refreshes over the API, on a virtual clock. */
import {
  CancelInstanceRefreshCommand,
  type CreateAutoScalingGroupCommandInput,
  DescribeInstanceRefreshesCommand,
  DescribeWarmPoolCommand,
  EnterStandbyCommand,
  ExitStandbyCommand,
  type InstanceRefresh,
  PutWarmPoolCommand,
  type RefreshPreferences,
  ResumeProcessesCommand,
  RollbackInstanceRefreshCommand,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  StartInstanceRefreshCommand,
  type StartInstanceRefreshCommandInput,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, describe, expect, test } from 'vitest';
import { cloudWatch } from '../cloudwatch/index.ts';
import { AutoScalingGroupName, groupFixture, ids, restartable } from './group.fixture.ts';

const here = groupFixture({ services: [cloudWatch], balanced: true });
const { group, causes, wait } = here;

/** In service, and a new version of the template that is not the group's yet. */
async function made(size: number, more: Partial<CreateAutoScalingGroupCommandInput> = {}): Promise<string[]> {
  await here.create({
    MinSize: size,
    MaxSize: size,
    LaunchTemplate: { LaunchTemplateId: here.around.templateId, Version: '1' },
    VPCZoneIdentifier: here.around.subnets.join(','),
    HealthCheckType: 'ELB',
    HealthCheckGracePeriod: 0,
    DefaultInstanceWarmup: 60,
    ...more,
  });
  await here.region.invoke('ec2', 'CreateLaunchTemplateVersion', {
    LaunchTemplateId: here.around.templateId,
    SourceVersion: '1',
    LaunchTemplateData: { InstanceType: 't4g.medium' },
  });
  await wait(3);
  return ids(await group());
}

const versions = async () => ((await group()).Instances ?? []).map((one) => one.LaunchTemplate?.Version).sort();

const second = () => ({ LaunchTemplate: { LaunchTemplateId: here.around.templateId, Version: '2' } });
const start = (Preferences: RefreshPreferences = {}, more: Partial<StartInstanceRefreshCommandInput> = {}) =>
  here.region.autoScaling.send(
    new StartInstanceRefreshCommand({
      AutoScalingGroupName,
      DesiredConfiguration: second(),
      Preferences,
      ...more,
    }),
  );

async function refresh(): Promise<InstanceRefresh> {
  const { InstanceRefreshes = [] } = await here.region.autoScaling.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }),
  );
  const [found] = InstanceRefreshes;
  if (!found) throw new Error('no refresh');
  return found;
}

/** Second by second until it has ended: the least that served and were warm, and the most that there were. */
async function watched(seconds: number, warmupSeconds: number) {
  const since = new Map(ids(await group()).map((id) => [id, -warmupSeconds]));
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let n = 0; n < seconds && (await refresh()).EndTime === undefined; n++) {
    await wait(1);
    const found = await group();
    const warm = ids(found).filter((id) => {
      if (!since.has(id)) since.set(id, n);
      return n - (since.get(id) ?? n) >= warmupSeconds;
    });
    least = Math.min(least, warm.length);
    most = Math.max(most, ids(found).length + ids(found, 'Pending').length);
  }
  return { least, most };
}

test('by default an instance ends while its successor is launched, and the next waits until that one is warm', async () => {
  const before = await made(2);
  const { InstanceRefreshId } = await start();
  await wait(3);
  expect(await refresh()).toMatchObject({
    InstanceRefreshId,
    Status: 'InProgress',
    StartTime: expect.any(Date),
    PercentageComplete: 0,
    InstancesToUpdate: 1,
    StatusReason: expect.stringMatching(
      /^Waiting for instances to warm up before continuing\. For example: i-\w+ is warming up\.$/,
    ),
    Preferences: {
      MinHealthyPercentage: 90,
      InstanceWarmup: 60,
      SkipMatching: false,
      AutoRollback: false,
      ScaleInProtectedInstances: 'Wait',
      StandbyInstances: 'Wait',
      AlarmSpecification: {},
    },
    DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: here.around.templateId, Version: '2' } },
    Strategy: 'Rolling',
  });
  expect((await refresh()).Preferences?.MaxHealthyPercentage).toBeUndefined();
  expect(await versions()).toEqual(['1', '2']);
  // Until it succeeds, the group's own template is the old one.
  expect((await group()).LaunchTemplate?.Version).toBe('1');
  await wait(55);
  expect(await versions()).toEqual(['1', '2']);
  await wait(10);
  expect(await versions()).toEqual(['2', '2']);
  expect(await refresh()).toMatchObject({ PercentageComplete: 50, InstancesToUpdate: 0 });
  await wait(65);
  expect(await refresh()).toMatchObject({
    Status: 'Successful',
    PercentageComplete: 100,
    InstancesToUpdate: 0,
    EndTime: expect.any(Date),
  });
  const after = await group();
  expect(after.LaunchTemplate?.Version).toBe('2');
  expect(ids(after).filter((id) => before.includes(id))).toEqual([]);
  expect((await causes()).slice(0, 4)).toEqual([
    'an instance was launched in response to an instance refresh.',
    'an instance was taken out of service in response to an instance refresh.  instance i was selected for termination.',
    'an instance was launched in response to an instance refresh.',
    'an instance was taken out of service in response to an instance refresh.  instance i was selected for termination.',
  ]);
});

test.each<[string, RefreshPreferences, number, { least: number; most: number }]>([
  [
    '100 to 100 %: one over, one after another',
    { MinHealthyPercentage: 100, MaxHealthyPercentage: 100 },
    3,
    { least: 3, most: 4 },
  ],
  [
    '100 to 200 %: all at once, before any ends',
    { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 },
    3,
    { least: 3, most: 6 },
  ],
  ['50 to 150 %', { MinHealthyPercentage: 50, MaxHealthyPercentage: 150 }, 4, { least: 2, most: 6 }],
  ['0 %: all at once', { MinHealthyPercentage: 0 }, 3, { least: 0, most: 3 }],
])('in service and on their way while replaced, with %s', async (_, preferences, size, expected) => {
  const before = await made(size);
  await start(preferences);
  expect(await watched(400, 50)).toEqual(expected);
  expect(await refresh()).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
  const after = await group();
  expect(ids(after)).toHaveLength(size);
  expect(ids(after).filter((id) => before.includes(id))).toEqual([]);
});

test('an old instance is drained before it ends, and its successor serves by then', async () => {
  const [one = '', other = ''] = await made(2);
  here.region.balancer.busy.add(one).add(other);
  await start({ MinHealthyPercentage: 100, MaxHealthyPercentage: 150, InstanceWarmup: 0 });
  await wait(20);
  const [ending = ''] = ids(await group(), 'Terminating');
  expect([one, other]).toContain(ending);
  expect(here.region.machines.machine(ending).state).toBe('running');
  expect(ids(await group()).length).toBeGreaterThanOrEqual(2);
  here.region.balancer.busy.clear();
  await wait(20);
  expect(here.region.machines.machine(ending).state).toBe('terminated');
  expect((await refresh()).Status).toBe('Successful');
});

test('matching instances are skipped; when all match, it succeeds at once', async () => {
  const before = await made(2);
  await start({ MinHealthyPercentage: 0, SkipMatching: true, InstanceWarmup: 0 });
  await wait(10);
  expect((await refresh()).Status).toBe('Successful');
  const after = ids(await group());
  expect(after.filter((id) => before.includes(id))).toEqual([]);
  await start({ SkipMatching: true });
  expect(await refresh()).toMatchObject({ InstancesToUpdate: 0 });
  await wait(3);
  expect(await refresh()).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
  expect(ids(await group())).toEqual(after);
  // Without it, they are replaced though nothing has changed.
  await start({ MinHealthyPercentage: 0, InstanceWarmup: 0 }, { DesiredConfiguration: undefined });
  await wait(10);
  expect(ids(await group()).filter((id) => after.includes(id))).toEqual([]);
});

test('checkpoints stop it for their delay, and the last one ends it', async () => {
  await made(5);
  await start({ MinHealthyPercentage: 0, InstanceWarmup: 10, CheckpointPercentages: [20, 60], CheckpointDelay: 600 });
  await wait(20);
  expect(await versions()).toEqual(['1', '1', '1', '1', '2']);
  expect(await refresh()).toMatchObject({
    Status: 'InProgress',
    PercentageComplete: 20,
    InstancesToUpdate: 4,
    StatusReason: expect.stringContaining('20 percent'),
  });
  await wait(580);
  expect(await versions()).toEqual(['1', '1', '1', '1', '2']);
  await wait(50);
  expect(await versions()).toEqual(['1', '1', '2', '2', '2']);
  expect(await refresh()).toMatchObject({ Status: 'Successful', PercentageComplete: 60, InstancesToUpdate: 2 });
  expect((await group()).LaunchTemplate?.Version).toBe('2');
});

test('a bake time ends it later', async () => {
  await made(1);
  await start({ MinHealthyPercentage: 0, InstanceWarmup: 0, BakeTime: 300 });
  await wait(20);
  expect(await refresh()).toMatchObject({ Status: 'Baking', PercentageComplete: 100 });
  expect((await group()).LaunchTemplate?.Version).toBe('1');
  await wait(275);
  expect((await refresh()).Status).toBe('Baking');
  await wait(10);
  expect(await refresh()).toMatchObject({ Status: 'Successful' });
  expect((await group()).LaunchTemplate?.Version).toBe('2');
});

describe('protected instances', () => {
  let held = '';
  beforeEach(async () => {
    [held = ''] = await made(2);
    await protect(true);
  });
  const protect = (ProtectedFromScaleIn: boolean) =>
    here.region.autoScaling.send(
      new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds: [held], ProtectedFromScaleIn }),
    );

  test('are waited for, after the others were replaced', async () => {
    await start({ InstanceWarmup: 0 });
    await wait(600);
    expect(ids(await group())).toContain(held);
    expect(await refresh()).toMatchObject({
      Status: 'InProgress',
      PercentageComplete: 50,
      InstancesToUpdate: 1,
      StatusReason: `Waiting for remaining instances to be available. For example: ${held} is protected from scale in.`,
    });
    await protect(false);
    await wait(30);
    expect((await refresh()).Status).toBe('Successful');
  });

  test('are waited for an hour, and then it fails', async () => {
    await start({ InstanceWarmup: 0 });
    await wait(3_500);
    expect((await refresh()).Status).toBe('InProgress');
    await wait(200);
    expect(await refresh()).toMatchObject({
      Status: 'Failed',
      StatusReason: expect.stringContaining('is protected from scale in'),
    });
    expect((await group()).LaunchTemplate?.Version).toBe('1');
  });

  test.each([
    ['Ignore', true],
    ['Refresh', false],
  ] as const)('with %s it does not wait for them', async (ScaleInProtectedInstances, stays) => {
    await start({ InstanceWarmup: 0, ScaleInProtectedInstances });
    await wait(60);
    expect(await refresh()).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect(ids(await group()).includes(held)).toBe(stays);
  });
});

describe('an instance on standby', () => {
  let held = '';
  beforeEach(async () => {
    [held = ''] = await made(2, { MinSize: 0, DesiredCapacity: 2 });
    await here.region.autoScaling.send(
      new EnterStandbyCommand({ AutoScalingGroupName, InstanceIds: [held], ShouldDecrementDesiredCapacity: true }),
    );
    await wait(10);
  });
  const instances = async () => ((await group()).Instances ?? []).map(({ InstanceId }) => InstanceId);

  test('is waited for, and replaced when it is back in service', async () => {
    await start({ InstanceWarmup: 0 });
    await wait(60);
    expect(await refresh()).toMatchObject({
      Status: 'InProgress',
      InstancesToUpdate: 1,
      StatusReason: `Waiting for remaining instances to be available. For example: ${held} is on standby.`,
    });
    await here.region.autoScaling.send(new ExitStandbyCommand({ AutoScalingGroupName, InstanceIds: [held] }));
    await wait(60);
    expect((await refresh()).Status).toBe('Successful');
    expect(await instances()).not.toContain(held);
    expect(await versions()).toEqual(['2', '2']);
  });

  test.each([
    ['Ignore', true],
    ['Terminate', false],
  ] as const)('with %s is not waited for', async (StandbyInstances, stays) => {
    await start({ InstanceWarmup: 0, StandbyInstances });
    await wait(60);
    expect(await refresh()).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect((await instances()).includes(held)).toBe(stays);
    expect(ids(await group())).toHaveLength(1);
  });
});

describe('a warm pool', () => {
  const pool = async () => {
    const { Instances = [] } = await here.region.autoScaling.send(
      new DescribeWarmPoolCommand({ AutoScalingGroupName }),
    );
    return Instances.map(({ LaunchTemplate, LifecycleState }) => `${LaunchTemplate?.Version} ${LifecycleState}`);
  };
  beforeEach(async () => {
    await made(2, { MaxSize: 4 });
    await here.region.autoScaling.send(new PutWarmPoolCommand({ AutoScalingGroupName, PoolState: 'Stopped' }));
    await wait(10);
    expect(await pool()).toEqual(['1 Warmed:Stopped', '1 Warmed:Stopped']);
  });

  test('is replaced after the instances in service, and gives none of the old ones', async () => {
    await start({ InstanceWarmup: 60 });
    await wait(10);
    expect(await refresh()).toMatchObject({
      InstancesToUpdate: 3,
      ProgressDetails: {
        LivePoolProgress: { PercentageComplete: 0, InstancesToUpdate: 1 },
        WarmPoolProgress: { PercentageComplete: 0, InstancesToUpdate: 2 },
      },
    });
    expect(await versions()).toEqual(['1', '2']);
    expect(await pool()).toEqual(['1 Warmed:Stopped', '1 Warmed:Stopped']);
    await wait(70);
    expect(await refresh()).toMatchObject({ PercentageComplete: 25, InstancesToUpdate: 2 });
    await wait(120);
    expect(await refresh()).toMatchObject({
      Status: 'Successful',
      PercentageComplete: 100,
      ProgressDetails: {
        LivePoolProgress: { PercentageComplete: 100, InstancesToUpdate: 0 },
        WarmPoolProgress: { PercentageComplete: 100, InstancesToUpdate: 0 },
      },
    });
    expect(await versions()).toEqual(['2', '2']);
    expect(await pool()).toEqual(['2 Warmed:Stopped', '2 Warmed:Stopped']);
  });

  test('goes back, too', async () => {
    await start({ InstanceWarmup: 0, MinHealthyPercentage: 0, BakeTime: 600 });
    await wait(60);
    expect((await refresh()).Status).toBe('Baking');
    expect(await pool()).toEqual(['2 Warmed:Stopped', '2 Warmed:Stopped']);
    await here.region.autoScaling.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName }));
    await wait(60);
    expect(await refresh()).toMatchObject({
      Status: 'RollbackSuccessful',
      RollbackDetails: { ProgressDetailsOnRollback: { WarmPoolProgress: { PercentageComplete: 100 } } },
    });
    expect(await versions()).toEqual(['1', '1']);
    expect(await pool()).toEqual(['1 Warmed:Stopped', '1 Warmed:Stopped']);
  });
});

describe('new instances that the balancer finds unhealthy', () => {
  const unhealthy = async (more: Partial<CreateAutoScalingGroupCommandInput>) => {
    await made(2, more);
    const known = new Set(here.region.machines.launched.map(({ instanceId }) => instanceId));
    const fails = here.region.balancer.plane.targetHealth;
    const sick = { state: 'unhealthy', reason: 'Target.FailedHealthChecks', description: 'no' } as const;
    Object.assign(here.region.balancer.plane, {
      targetHealth: (...asked: Parameters<typeof fails>) => {
        const version = here.region.machines.machine(asked[1]).spec.tags['aws:ec2launchtemplate:version'];
        return version === '2' && !known.has(asked[1]) ? sick : fails(...asked);
      },
    });
  };
  const preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 150, InstanceWarmup: 0 };

  test('hold it up until it fails; the old ones serve on, and none of the others stays', async () => {
    await unhealthy({ HealthCheckType: 'EC2' });
    const before = ids(await group());
    await start(preferences);
    await wait(600);
    expect((await refresh()).StatusReason).toMatch(
      /^Waiting for remaining instances to be available\. For example: i-/,
    );
    expect(ids(await group())).toEqual(expect.arrayContaining(before));
    await wait(3_300);
    expect(await refresh()).toMatchObject({ Status: 'Failed', PercentageComplete: 0, InstancesToUpdate: 2 });
    await wait(400);
    expect((await group()).Instances?.map(({ InstanceId }) => InstanceId)).toEqual(before);
  });

  test('are replaced by the old configuration when it rolls back by itself', async () => {
    await unhealthy({ HealthCheckGracePeriod: 900 });
    await start({ MinHealthyPercentage: 50, InstanceWarmup: 0, AutoRollback: true });
    await wait(4_200);
    expect(await refresh()).toMatchObject({
      Status: 'RollbackSuccessful',
      PercentageComplete: 0,
      RollbackDetails: { PercentageCompleteOnRollback: 0, RollbackReason: expect.stringContaining('after one hour') },
    });
    expect(await versions()).toEqual(['1', '1']);
    expect(await group()).toMatchObject({ DesiredCapacity: 2, LaunchTemplate: { Version: '1' } });
  });
});

test('a rollback by request replaces the new ones, and the percentage goes back', async () => {
  await made(4);
  await start({ MinHealthyPercentage: 75, InstanceWarmup: 100 });
  await wait(230);
  expect(await versions()).toEqual(['1', '2', '2', '2']);
  await here.region.autoScaling.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName }));
  await wait(3);
  expect(await refresh()).toMatchObject({
    Status: 'RollbackInProgress',
    RollbackDetails: {
      RollbackReason: expect.stringContaining('user request'),
      RollbackStartTime: expect.any(Date),
      PercentageCompleteOnRollback: 50,
      InstancesToUpdateOnRollback: 1,
    },
  });
  await expect(
    here.region.autoScaling.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName })),
  ).rejects.toMatchObject({ name: 'ActiveInstanceRefreshNotFoundFault' });
  await wait(120);
  expect((await refresh()).PercentageComplete).toBeLessThan(50);
  await wait(400);
  expect(await refresh()).toMatchObject({ Status: 'RollbackSuccessful', PercentageComplete: 0, InstancesToUpdate: 4 });
  expect(await versions()).toEqual(['1', '1', '1', '1']);
});

test.each([
  ['waiting for what is under way', true],
  ['at once', false],
])('cancelled, %s, it begins nothing more', async (_, WaitForTransitioningInstances) => {
  const before = await made(3);
  await start({ MinHealthyPercentage: 100, MaxHealthyPercentage: 134 });
  await wait(3);
  expect(ids(await group())).toHaveLength(4);
  await here.region.autoScaling.send(
    new CancelInstanceRefreshCommand({ AutoScalingGroupName, WaitForTransitioningInstances }),
  );
  await wait(3);
  expect((await refresh()).Status).toBe(WaitForTransitioningInstances ? 'Cancelling' : 'Cancelled');
  await wait(100);
  expect(await refresh()).toMatchObject({ Status: 'Cancelled', StatusReason: 'Cancelled due to user request.' });
  const after = ids(await group());
  expect(after).toHaveLength(3);
  expect(after.filter((id) => before.includes(id))).toHaveLength(WaitForTransitioningInstances ? 2 : 3);
  expect((await group()).LaunchTemplate?.Version).toBe('1');
  await expect(
    here.region.autoScaling.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName })),
  ).rejects.toMatchObject({ name: 'ActiveInstanceRefreshNotFoundFault' });
});

describe('an alarm', () => {
  const ring = (StateValue: string) =>
    here.region.invoke('cloudwatch', 'SetAlarmState', { AlarmName: 'errors', StateValue, StateReason: 'test' });
  beforeEach(async () => {
    await made(2);
    await here.region.invoke('cloudwatch', 'PutMetricAlarm', {
      AlarmName: 'errors',
      MetricName: 'Errors',
      Namespace: 'app',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
    });
  });
  const AlarmSpecification = { Alarms: ['errors'] };

  test('fails it', async () => {
    await start({ AlarmSpecification });
    await wait(3);
    await ring('ALARM');
    await wait(3);
    expect(await refresh()).toMatchObject({
      Status: 'Failed',
      StatusReason: 'The CloudWatch alarm errors is in ALARM state.',
    });
  });

  test('rolls it back, in its bake time, too', async () => {
    await start({
      AlarmSpecification,
      AutoRollback: true,
      MinHealthyPercentage: 0,
      InstanceWarmup: 0,
      BakeTime: 3_600,
    });
    await wait(20);
    expect((await refresh()).Status).toBe('Baking');
    await ring('ALARM');
    await wait(60);
    expect(await refresh()).toMatchObject({
      Status: 'RollbackSuccessful',
      RollbackDetails: { PercentageCompleteOnRollback: 100 },
    });
    expect(await versions()).toEqual(['1', '1']);
  });

  test('that is not there is refused', async () => {
    await expect(start({ AlarmSpecification: { Alarms: ['nothing'] } })).rejects.toThrow('nothing');
  });
});

test('while it is under way there is no other, and the template stays', async () => {
  await made(2);
  await start();
  await expect(start()).rejects.toMatchObject({
    name: 'InstanceRefreshInProgressFault',
    message: 'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
  });
  await expect(
    here.region.autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, ...second() })),
  ).rejects.toThrow('An active instance refresh with a desired configuration exists.');
});

test('what is scaled out meanwhile has the new configuration, and is replaced by none', async () => {
  await made(2, { MaxSize: 4 });
  await start({ InstanceWarmup: 30 });
  await wait(3);
  await here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 4 }));
  await wait(10);
  expect(await versions()).toEqual(['1', '2', '2', '2']);
  await wait(200);
  expect((await refresh()).Status).toBe('Successful');
  expect(await versions()).toEqual(['2', '2', '2', '2']);
  expect(here.region.machines.launched).toHaveLength(6);
});

test('it pauses while its process is suspended', async () => {
  await made(2);
  const processes = { AutoScalingGroupName, ScalingProcesses: ['InstanceRefresh'] };
  await here.region.autoScaling.send(new SuspendProcessesCommand(processes));
  await start({ InstanceWarmup: 0 });
  await wait(60);
  expect(await versions()).toEqual(['1', '1']);
  expect((await refresh()).Status).toBe('InProgress');
  await here.region.autoScaling.send(new ResumeProcessesCommand(processes));
  await wait(30);
  expect((await refresh()).Status).toBe('Successful');
});

test.each<[string, RefreshPreferences, Partial<StartInstanceRefreshCommandInput>, string]>([
  [
    'a range of more than 100',
    { MinHealthyPercentage: 50, MaxHealthyPercentage: 160 },
    {},
    'cannot be greater than 100',
  ],
  ['a maximum below 100', { MinHealthyPercentage: 50, MaxHealthyPercentage: 99 }, {}, 'between 100 and 200'],
  ['a maximum alone', { MaxHealthyPercentage: 120 }, {}, 'MinHealthyPercentage must be specified'],
  ['checkpoints out of order', { CheckpointPercentages: [50, 20] }, {}, 'ascending order'],
  ['a delay without checkpoints', { CheckpointDelay: 60 }, {}, 'CheckpointPercentages must be specified'],
  [
    'an automatic rollback to nothing',
    { AutoRollback: true },
    { DesiredConfiguration: undefined },
    'no desired configuration',
  ],
  ['another strategy', {}, { Strategy: 'ReplaceRootVolume' }, 'Strategy ReplaceRootVolume is not modelled'],
  ['a bake time of days', { BakeTime: 172_801 }, {}, 'BakeTime'],
])('a refresh with %s is refused', async (_, preferences, more, message) => {
  await made(1);
  await expect(start(preferences, more)).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(message),
  });
});

test('a group that launches the latest version cannot be rolled back', async () => {
  await made(2, { LaunchTemplate: { LaunchTemplateId: here.around.templateId, Version: '$Latest' } });
  await start();
  await wait(3);
  await expect(
    here.region.autoScaling.send(new RollbackInstanceRefreshCommand({ AutoScalingGroupName })),
  ).rejects.toMatchObject({ name: 'IrreversibleInstanceRefreshFault', message: expect.stringContaining('$Latest') });
});

test('a region that restarts in the middle goes on with it', async () => {
  const { before, create, restart } = await restartable();
  await create({
    MinSize: 3,
    MaxSize: 3,
  });
  await before.clock.advance(2_000);
  const Preferences = { MinHealthyPercentage: 100, MaxHealthyPercentage: 134, InstanceWarmup: 20 };
  await before.invoke('autoscaling', 'StartInstanceRefresh', { AutoScalingGroupName, Preferences });
  await before.clock.advance(30_000);
  const { after, reservations } = restart();
  await after.clock.advance(120_000);
  const { InstanceRefreshes } = await after.invoke<{ InstanceRefreshes: InstanceRefresh[] }>(
    'autoscaling',
    'DescribeInstanceRefreshes',
    { AutoScalingGroupName },
  );
  expect(InstanceRefreshes).toMatchObject([{ Status: 'Successful', PercentageComplete: 100 }]);
  const Filters = [{ Name: 'instance-state-name', Values: ['running'] }];
  expect(await reservations({ Filters })).toHaveLength(3);
});
