/** Groups in stacks, on a virtual clock: what CloudFormation waits for, gives up and takes back. */
import type { AutoScalingGroup, LifecycleHook } from '@aws-sdk/client-auto-scaling';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  SignalResourceCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { beforeEach, describe, expect, test } from 'vitest';
import { cloudFormation } from '../cloudformation/index.ts';
import { publicImages } from '../ec2/image.ts';
import { ec2 } from '../ec2/index.ts';
import { groupFixture } from './group.fixture.ts';
import { autoScaling } from './index.ts';

const StackName = 'app';
const ref = (Ref: string) => ({ Ref });

const here = groupFixture({
  services: [cloudFormation(() => ({ ...ec2.resources, ...autoScaling.resources }))],
});
let stacks: CloudFormationClient;
beforeEach(() => {
  stacks = here.region.client(CloudFormationClient);
});

interface Shape {
  readonly description?: string;
  readonly group?: object;
  readonly policies?: object;
  /** Whether the group waits for signals of its first machines. */
  readonly signals?: boolean;
  readonly more?: object;
}

function template({ description = 'first', group = {}, policies = {}, signals = true, more = {} }: Shape = {}): string {
  return JSON.stringify({
    Resources: {
      ...more,
      Machine: {
        Type: 'AWS::EC2::LaunchTemplate',
        Properties: {
          VersionDescription: description,
          LaunchTemplateData: {
            ImageId: publicImages('us-east-1').find(({ architecture }) => architecture === 'arm64')?.imageId,
            InstanceType: 't4g.small',
          },
        },
      },
      Group: {
        Type: 'AWS::AutoScaling::AutoScalingGroup',
        ...(signals ? { CreationPolicy: { ResourceSignal: { Count: 2, Timeout: 'PT5M' } } } : {}),
        ...policies,
        Properties: {
          MinSize: '2',
          MaxSize: '6',
          LaunchTemplate: {
            LaunchTemplateId: ref('Machine'),
            Version: { 'Fn::GetAtt': ['Machine', 'LatestVersionNumber'] },
          },
          VPCZoneIdentifier: here.around.subnets,
          ...group,
        },
      },
    },
  });
}

async function status(): Promise<string> {
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  return Stacks?.[0]?.StackStatus ?? '';
}

async function texts(): Promise<string> {
  const { StackEvents = [] } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason ?? '').join('\n');
}

/** The only one, whatever CloudFormation named it. */
const group = async () => (await here.groups())[0];

const ids = (found: AutoScalingGroup | undefined) =>
  (found?.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? []);

/** Moves the clock on; who is launched meanwhile signals as told. */
async function pass(
  seconds: number,
  signal: (id: string, nth: number) => 'SUCCESS' | 'FAILURE' | undefined = () => undefined,
) {
  for (let n = 0; n < seconds; n++) {
    await here.region.clock.advance(1_000);
    for (const id of ids(await group())) {
      if (known.has(id)) continue;
      known.add(id);
      const Status = signal(id, known.size);
      if (Status) {
        await stacks.send(new SignalResourceCommand({ StackName, LogicalResourceId: 'Group', UniqueId: id, Status }));
      }
    }
  }
}
let known: Set<string>;
beforeEach(() => {
  known = new Set();
});

const create = (shape?: Shape) => stacks.send(new CreateStackCommand({ StackName, TemplateBody: template(shape) }));
const update = (shape?: Shape) => stacks.send(new UpdateStackCommand({ StackName, TemplateBody: template(shape) }));

async function made(shape?: Shape): Promise<string[]> {
  await create(shape);
  await pass(30, () => 'SUCCESS');
  expect(await status(), await texts()).toBe('CREATE_COMPLETE');
  return ids(await group());
}

test('machines that never signal: after the creation policy’s time the stack goes back, and nothing is left', async () => {
  await create();
  await here.region.clock.advance(240_000);
  expect(await status()).toBe('CREATE_IN_PROGRESS');
  expect(here.region.machines.list().map(({ state }) => state)).toEqual(['running', 'running']);
  await here.region.clock.advance(120_000);
  expect(await status()).toBe('ROLLBACK_COMPLETE');
  expect(await texts()).toContain(
    'Received 0 SUCCESS signal(s) out of 2. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement',
  );
  expect(await group()).toBeUndefined();
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
  const { LaunchTemplates } = await here.region.call<{ LaunchTemplates: unknown[] }>('DescribeLaunchTemplates');
  // The one of its surroundings.
  expect(LaunchTemplates).toHaveLength(1);
});

test('a launch that EC2 refuses ends the wait at once', async () => {
  const { Subnet } = await here.region.call<{ Subnet: { SubnetId: string } }>('CreateSubnet', {
    VpcId: here.around.VpcId,
    CidrBlock: '10.0.99.0/28',
    AvailabilityZone: 'us-east-1a',
  });
  await create({ group: { MinSize: '12', MaxSize: '12', VPCZoneIdentifier: [Subnet.SubnetId] } });
  await pass(60);
  expect(await status()).toBe('ROLLBACK_COMPLETE');
  expect(await texts()).toMatch(/not enough free addresses in subnet/);
  expect(await group()).toBeUndefined();
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

test('a stack is deleted with its protected machines, those of a launch under way too', async () => {
  await create({ group: { NewInstancesProtectedFromScaleIn: true, DesiredCapacity: '4' } });
  await stacks.send(new DeleteStackCommand({ StackName }));
  await pass(60);
  await expect(status()).rejects.toThrow('does not exist');
  expect(await group()).toBeUndefined();
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

test('hooks of a group’s list and of their own: kept while the stack is updated, and what leaves the template goes', async () => {
  const hook = (LifecycleHookName: string, more: object = {}) => ({
    LifecycleHookName,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    DefaultResult: 'CONTINUE',
    ...more,
  });
  const withHooks = (list: object[], own?: object) => {
    const { Resources } = JSON.parse(template({ group: { LifecycleHookSpecificationList: list } }));
    const Properties = { ...own, AutoScalingGroupName: ref('Group') };
    return JSON.stringify({
      Resources: { ...Resources, ...(own ? { Own: { Type: 'AWS::AutoScaling::LifecycleHook', Properties } } : {}) },
      ...(own ? { Outputs: { Own: { Value: ref('Own') } } } : {}),
    });
  };
  const described = async () => {
    const { LifecycleHooks } = await here.region.invoke<{ LifecycleHooks: LifecycleHook[] }>(
      'autoscaling',
      'DescribeLifecycleHooks',
      { AutoScalingGroupName: (await group())?.AutoScalingGroupName },
    );
    return Object.fromEntries(LifecycleHooks.map((one) => [one.LifecycleHookName, one.HeartbeatTimeout]));
  };
  const ending = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60 };
  const first = withHooks([hook('a', { HeartbeatTimeout: 30 }), hook('b')], ending);
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  await pass(5);
  expect((await group())?.Instances?.map(({ LifecycleState }) => LifecycleState)).toEqual([
    'Pending:Wait',
    'Pending:Wait',
  ]);
  // As their boots do.
  for (const id of ids(await group())) {
    for (const LifecycleHookName of ['a', 'b']) {
      await here.region.invoke('autoscaling', 'CompleteLifecycleAction', {
        AutoScalingGroupName: (await group())?.AutoScalingGroupName,
        LifecycleHookName,
        InstanceId: id,
        LifecycleActionResult: 'CONTINUE',
      });
    }
    await stacks.send(
      new SignalResourceCommand({ StackName, LogicalResourceId: 'Group', UniqueId: id, Status: 'SUCCESS' }),
    );
  }
  await pass(10);
  expect(await status(), await texts()).toBe('CREATE_COMPLETE');
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  const own = Stacks?.[0]?.Outputs?.[0]?.OutputValue ?? '';
  expect(await described()).toEqual({ a: 30, b: 3600, [own]: 60 });
  const second = withHooks([hook('a'), hook('c')], { ...ending, HeartbeatTimeout: 90 });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  await pass(10);
  expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
  expect(await described()).toEqual({ a: 3600, c: 3600, [own]: 90 });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: withHooks([]) }));
  await pass(10);
  expect(await described()).toEqual({});
});

test('a warm pool: filled beside its group, changed, and gone with the stack, as what the template does not know', async () => {
  const withPool = (more?: object) => {
    const { Resources } = JSON.parse(template());
    const Properties = { AutoScalingGroupName: ref('Group'), ...more };
    const pool = more ? { Pool: { Type: 'AWS::AutoScaling::WarmPool', Properties } } : {};
    return JSON.stringify({ Resources: { ...Resources, ...pool } });
  };
  const pooled = async () => {
    const { WarmPoolConfiguration, WarmPoolSize } = (await group()) ?? {};
    return { ...WarmPoolConfiguration, size: WarmPoolSize };
  };
  const first = withPool({ MaxGroupPreparedCapacity: 3, InstanceReusePolicy: { ReuseOnScaleIn: true } });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  await pass(20, () => 'SUCCESS');
  expect(await status(), await texts()).toBe('CREATE_COMPLETE');
  expect(await pooled()).toEqual({
    MaxGroupPreparedCapacity: 3,
    MinSize: 0,
    PoolState: 'Stopped',
    InstanceReusePolicy: { ReuseOnScaleIn: true },
    size: 1,
  });
  const second = withPool({ MinSize: 2, PoolState: 'Running' });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  await pass(20);
  expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
  expect(await pooled()).toEqual({ MinSize: 2, PoolState: 'Running', size: 4 });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: withPool() }));
  await pass(20);
  expect(await pooled()).toEqual({});
  const AutoScalingGroupName = (await group())?.AutoScalingGroupName;
  const [standby] = ids(await group());
  await here.region.invoke('autoscaling', 'PutWarmPool', { AutoScalingGroupName, MinSize: 1 });
  await here.region.invoke('autoscaling', 'EnterStandby', {
    AutoScalingGroupName,
    InstanceIds: [standby],
    ShouldDecrementDesiredCapacity: false,
  });
  await pass(10);
  await stacks.send(new DeleteStackCommand({ StackName }));
  await pass(60);
  await expect(status()).rejects.toThrow('does not exist');
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

describe('a rolling update', () => {
  const rolling = (more: object = {}) => ({
    policies: {
      UpdatePolicy: { AutoScalingRollingUpdate: { WaitOnResourceSignals: true, PauseTime: 'PT5M', ...more } },
    },
  });

  test('that fails ends the new machines only, and the group has as many as before', async () => {
    const before = await made(rolling({ MinInstancesInService: 2 }));
    await update({ ...rolling({ MinInstancesInService: 2 }), description: 'second' });
    await pass(120, () => 'FAILURE');
    expect(await status(), await texts()).toBe('UPDATE_ROLLBACK_COMPLETE');
    const after = await group();
    expect(ids(after)).toEqual(before);
    expect(after).toMatchObject({ MinSize: 2, MaxSize: 6, DesiredCapacity: 2, SuspendedProcesses: [] });
  });

  test('keeps a desired capacity that was not the template’s', async () => {
    await made(rolling({ MinInstancesInService: 3 }));
    await here.region.invoke('autoscaling', 'SetDesiredCapacity', {
      AutoScalingGroupName: (await group())?.AutoScalingGroupName,
      DesiredCapacity: 4,
    });
    await pass(10);
    const before = ids(await group());
    await update({ ...rolling({ MinInstancesInService: 3 }), description: 'second' });
    await pass(180, () => 'SUCCESS');
    expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
    const after = await group();
    expect(after).toMatchObject({ MinSize: 2, DesiredCapacity: 4 });
    expect(ids(after).filter((id) => before.includes(id))).toEqual([]);
  });

  test('bears as many failures as its share allows, in all of its batches together', async () => {
    const { policies } = rolling({ MinSuccessfulInstancesPercent: 75 });
    const CreationPolicy = { ResourceSignal: { Count: 4, Timeout: 'PT5M' } };
    const shape = { group: { MinSize: '4' }, policies: { ...policies, CreationPolicy } };
    await made(shape);
    const atFirst = known.size;
    await update({ ...shape, description: 'second' });
    await pass(240, (_, nth) => (nth === atFirst + 1 ? 'FAILURE' : 'SUCCESS'));
    expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
    const again = known.size;
    await update({ ...shape, description: 'third' });
    await pass(240, (_, nth) => (nth <= again + 2 ? 'FAILURE' : 'SUCCESS'));
    expect(await status(), await texts()).toBe('UPDATE_ROLLBACK_COMPLETE');
  });
});

describe('an update policy is refused', () => {
  test.each([
    ['with what it has not', { MinInstanceInService: 1 }, 'AutoScalingRollingUpdate has no MinInstanceInService'],
    ['with batches beyond a hundred', { MaxBatchSize: 101 }, 'MaxBatchSize must be at most 100'],
  ])('%s', async (_, AutoScalingRollingUpdate, message) => {
    const shape = { signals: false, policies: { UpdatePolicy: { AutoScalingRollingUpdate } } };
    await create(shape);
    await pass(10);
    await update({ ...shape, description: 'second' });
    await pass(30);
    expect(await texts()).toContain(message);
  });
});

test.each([
  [100, 'UPDATE_ROLLBACK_COMPLETE'],
  [0, 'UPDATE_COMPLETE'],
])(
  'a rolling update of whose instances %i %% must be active waits an hour for the others',
  async (percent, expected) => {
    const AutoScalingRollingUpdate = { MaxBatchSize: 4, MinActiveInstancesPercent: percent };
    const shape = { signals: false, policies: { UpdatePolicy: { AutoScalingRollingUpdate } } };
    await create(shape);
    await pass(10);
    await here.region.invoke('autoscaling', 'SuspendProcesses', {
      AutoScalingGroupName: (await group())?.AutoScalingGroupName,
      ScalingProcesses: ['Launch'],
    });
    await update({ ...shape, description: 'second' });
    await here.region.clock.advance(3_500_000);
    expect(await status()).toBe('UPDATE_IN_PROGRESS');
    await here.region.clock.advance(200_000);
    expect(await status(), await texts()).toBe(expected);
  },
);

test('more desired capacity is waited for as a rolling update waits for its instances', async () => {
  const AutoScalingRollingUpdate = { WaitOnResourceSignals: true, PauseTime: 'PT2M' };
  const policies = { UpdatePolicy: { AutoScalingRollingUpdate } };
  await made({ policies });
  const grown = { policies, group: { DesiredCapacity: '4' } };
  await update(grown);
  await pass(60);
  expect((await group())?.Instances).toHaveLength(4);
  expect(await status()).toBe('UPDATE_IN_PROGRESS');
  await pass(90);
  expect(await status(), await texts()).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await group())?.DesiredCapacity).toBe(4);
  await update({ policies, group: { DesiredCapacity: '5' } });
  await pass(30, () => 'SUCCESS');
  expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
});

test('instance maintenance policy and maximum lifetime are set, changed and taken away', async () => {
  const bounds = { MinHealthyPercentage: 100, MaxHealthyPercentage: 120 };
  await create({ signals: false, group: { InstanceMaintenancePolicy: bounds, MaxInstanceLifetime: 86_400 } });
  await pass(10);
  expect(await group()).toMatchObject({ InstanceMaintenancePolicy: bounds, MaxInstanceLifetime: 86_400 });
  await update({ signals: false });
  await pass(10);
  expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
  expect((await group())?.InstanceMaintenancePolicy).toBeUndefined();
  expect((await group())?.MaxInstanceLifetime).toBeUndefined();
});

describe('an instance refresh as the update policy', () => {
  const refreshing = (Preferences: object = {}) => ({
    signals: false,
    policies: {
      UpdatePolicy: {
        AutoScalingInstanceRefresh: { Strategy: 'Rolling', Preferences: { InstanceWarmup: 20, ...Preferences } },
      },
    },
  });
  const version = async () => (await group())?.LaunchTemplate?.Version;

  test('brings a new template, one after another and never with fewer', async () => {
    await create(refreshing());
    await pass(10);
    const before = ids(await group());
    await update({ ...refreshing(), description: 'second' });
    let least = 2;
    for (let n = 0; n < 90; n++) {
      await pass(1);
      least = Math.min(
        least,
        (await group())?.Instances?.filter((one) => one.LifecycleState === 'InService').length ?? 0,
      );
    }
    expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
    expect(least).toBe(2);
    expect(ids(await group())).toHaveLength(2);
    expect(ids(await group()).filter((id) => before.includes(id))).toEqual([]);
    expect(await version()).toBe('2');
    expect(await texts()).toMatch(/Instance refresh \S+: InProgress \(Progress 50%\)\./);
  });

  test('that does not succeed has the stack go back to the machines of before', async () => {
    await create(refreshing());
    await pass(10);
    const before = ids(await group());
    await update({ ...refreshing(), description: 'second' });
    await pass(30);
    expect(await status()).toBe('UPDATE_IN_PROGRESS');
    await here.region.invoke('autoscaling', 'CancelInstanceRefresh', {
      AutoScalingGroupName: (await group())?.AutoScalingGroupName,
      WaitForTransitioningInstances: false,
    });
    await pass(150);
    expect(await status(), await texts()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await texts()).toContain('ended with status Cancelled. Cancelled due to user request.');
    const after = await group();
    expect(after?.Instances?.map((one) => one.LaunchTemplate?.Version)).toEqual(['1', '1']);
    expect(ids(after).some((id) => before.includes(id))).toBe(true);
    expect(await version()).toBe('1');
  });

  test('and a rolling update exclude each other', async () => {
    const { UpdatePolicy } = refreshing().policies;
    const both = { signals: false, policies: { UpdatePolicy: { ...UpdatePolicy, AutoScalingRollingUpdate: {} } } };
    await create(both);
    await pass(10);
    await update({ ...both, description: 'second' });
    await pass(30);
    expect(await texts()).toContain('exclude each other');
  });
});

describe('a scheduled action', () => {
  const scheduled = (Properties: object) => ({
    signals: false,
    more: {
      Evening: {
        Type: 'AWS::AutoScaling::ScheduledAction',
        Properties: { AutoScalingGroupName: ref('Group'), Recurrence: '30 0 * * *', ...Properties },
      },
    },
  });
  const hour = 3_600_000;

  test('of a stack is carried out, changed and deleted with it', async () => {
    await create(scheduled({ DesiredCapacity: 4, TimeZone: 'Etc/UTC' }));
    await pass(10);
    expect(await status(), await texts()).toBe('CREATE_COMPLETE');
    await here.region.clock.advance(hour);
    expect((await group())?.DesiredCapacity).toBe(4);
    await update(scheduled({ MaxSize: 8, MinSize: '3' }));
    await pass(10);
    expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
    await here.region.clock.advance(24 * hour);
    expect(await group()).toMatchObject({ MinSize: 3, MaxSize: 8, DesiredCapacity: 4 });
    // Sizes that the template did not change stay what the action made them.
    const kept = { AutoScalingScheduledAction: { IgnoreUnmodifiedGroupSizeProperties: true } };
    await update({
      ...scheduled({ MaxSize: 8, MinSize: '3' }),
      policies: { UpdatePolicy: kept },
      group: { HealthCheckGracePeriod: 30 },
    });
    await pass(10);
    expect(await group()).toMatchObject({ MinSize: 3, MaxSize: 8, HealthCheckGracePeriod: 30 });
    await update({ signals: false });
    await pass(10);
    const { ScheduledUpdateGroupActions } = await here.region.invoke('autoscaling', 'DescribeScheduledActions', {});
    expect(ScheduledUpdateGroupActions).toEqual([]);
  });

  test('does not interfere with a rolling update that suspends its process', async () => {
    const { more } = scheduled({ DesiredCapacity: 6 });
    const policies = {
      UpdatePolicy: {
        AutoScalingRollingUpdate: {
          MinInstancesInService: 1,
          WaitOnResourceSignals: true,
          PauseTime: 'PT1H',
          SuspendProcesses: ['ScheduledActions'],
        },
      },
    };
    await made({ more, policies });
    await update({ more, policies, description: 'second' });
    // It is due while the first of the new machines is waited for.
    await here.region.clock.advance(0.6 * hour);
    expect(await group()).toMatchObject({
      DesiredCapacity: 2,
      SuspendedProcesses: [{ ProcessName: 'ScheduledActions' }],
    });
    await pass(180, () => 'SUCCESS');
    expect(await status(), await texts()).toBe('UPDATE_COMPLETE');
    expect(await group()).toMatchObject({ DesiredCapacity: 2, SuspendedProcesses: [] });
  });
});
