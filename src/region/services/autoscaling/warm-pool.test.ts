/** Warm pools: filled, drawn upon, returned to, and their metrics. */
import {
  CompleteLifecycleActionCommand,
  type CreateAutoScalingGroupCommandInput,
  DeleteAutoScalingGroupCommand,
  DeleteWarmPoolCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeWarmPoolCommand,
  EnableMetricsCollectionCommand,
  PutLifecycleHookCommand,
  PutWarmPoolCommand,
  type PutWarmPoolCommandInput,
  SetDesiredCapacityCommand,
  SetInstanceHealthCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, describe, expect, test } from 'vitest';
import { cloudWatch } from '../cloudwatch/index.ts';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName, groupFixture, restartable } from './group.fixture.ts';
import { targetLifecycleState } from './instance.ts';

const here = groupFixture({ services: [cloudWatch] });
const { groups, group, activities, states, targets, metric, wait } = here;

const create = (more: Partial<CreateAutoScalingGroupCommandInput> = {}) =>
  here.create({ MinSize: 0, MaxSize: 4, DesiredCapacity: 1, ...more });
const put = (more: Partial<PutWarmPoolCommandInput> = {}) =>
  here.region.autoScaling.send(new PutWarmPoolCommand({ AutoScalingGroupName, ...more }));
const scale = (DesiredCapacity: number) =>
  here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));
const hook = (LifecycleHookName: string, what: string) =>
  here.region.autoScaling.send(
    new PutLifecycleHookCommand({
      AutoScalingGroupName,
      LifecycleHookName,
      LifecycleTransition: `autoscaling:EC2_INSTANCE_${what}`,
    }),
  );
const complete = (LifecycleHookName: string, InstanceId: string) =>
  here.region.autoScaling.send(
    new CompleteLifecycleActionCommand({
      AutoScalingGroupName,
      LifecycleHookName,
      InstanceId,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
const machine = (id: string) => here.region.machines.machine(id).state;

const described = () => here.region.autoScaling.send(new DescribeWarmPoolCommand({ AutoScalingGroupName }));

async function pool(): Promise<Record<string, string | undefined>> {
  const { Instances = [] } = await described();
  return Object.fromEntries(Instances.map(({ InstanceId, LifecycleState }) => [InstanceId, LifecycleState]));
}

describe('a pool of stopped instances', () => {
  beforeEach(async () => {
    await create();
    await put();
    await wait(5);
  });

  test('holds what the group may still grow by, launched and stopped, in no target group', async () => {
    expect(Object.values(await pool())).toEqual(['Warmed:Stopped', 'Warmed:Stopped', 'Warmed:Stopped']);
    const [one = ''] = Object.keys(await pool());
    expect(machine(one)).toBe('stopped');
    expect(targetLifecycleState(here.region.scope, one)).toBe('Warmed:Stopped');
    expect(await targets()).toEqual(Object.keys(await states()));
    expect(await described()).toMatchObject({ WarmPoolConfiguration: { MinSize: 0, PoolState: 'Stopped' } });
    expect(await group()).toMatchObject({
      DesiredCapacity: 1,
      Instances: [{ LifecycleState: 'InService' }],
      WarmPoolSize: 3,
      WarmPoolConfiguration: { PoolState: 'Stopped' },
    });
    const { AutoScalingInstances } = await here.region.autoScaling.send(
      new DescribeAutoScalingInstancesCommand({ InstanceIds: [one] }),
    );
    expect(AutoScalingInstances).toMatchObject([{ LifecycleState: 'Warmed:Stopped', AutoScalingGroupName }]);
    expect((await activities()).map(({ Description }) => Description)).toContain(
      `Launching a new EC2 instance into warm pool: ${one}`,
    );
  });

  test('is drawn upon when the group grows: its machines start, and no other is launched', async () => {
    const ready = Object.keys(await pool());
    const launched = here.region.machines.launched.length;
    await scale(3);
    await wait(5);
    const serving = Object.keys(await states());
    expect(serving.filter((id) => ready.includes(id))).toHaveLength(2);
    expect(Object.values(await states())).toEqual(['InService', 'InService', 'InService']);
    expect((await targets()).sort()).toEqual(serving.sort());
    expect(serving.map(machine)).toEqual(['running', 'running', 'running']);
    expect(Object.values(await pool())).toEqual(['Warmed:Stopped']);
    expect(here.region.machines.launched).toHaveLength(launched);
    expect((await activities())[0]).toMatchObject({
      Description: expect.stringMatching(/^Launching a new EC2 instance from warm pool: i-/),
      Cause: expect.stringMatching(
        /changing the desired capacity from 1 to 3\. .* increasing the capacity from 1 to 3\.$/,
      ),
      StatusCode: 'Successful',
    });
    const zones = ((await group()).Instances ?? []).map(({ AvailabilityZone }) => AvailabilityZone);
    expect(new Set(zones).size).toBe(2);
  });

  test('loses what cannot be started where a zone has no capacity, and is drawn upon and filled in the other', async () => {
    const zoneOf = (id: string) => here.region.machines.launched.find(({ instanceId }) => instanceId === id)?.zone;
    here.region.machines.full.add('us-east-1a');
    await scale(4);
    await wait(300);
    const serving = Object.entries(await states());
    expect(serving.map(([, state]) => state)).toEqual(['InService', 'InService', 'InService', 'InService']);
    const failed = (await activities()).filter(({ StatusCode }) => StatusCode === 'Failed');
    expect(failed.map(({ Description }) => Description).join('\n')).toMatch(
      /^Launching a new EC2 instance from warm pool: i-\w+\. {2}Status Reason: We currently do not have sufficient .* \(us-east-1a\)\. .* Launching EC2 instance failed\.$/m,
    );
    expect(serving.filter(([id]) => zoneOf(id) === 'us-east-1b').length).toBeGreaterThanOrEqual(3);
  });

  test('is filled again when the group shrinks, with new instances', async () => {
    await scale(4);
    await wait(5);
    expect(await pool()).toEqual({});
    const launched = here.region.machines.launched.length;
    await scale(2);
    await wait(10);
    expect(Object.values(await pool())).toEqual(['Warmed:Stopped', 'Warmed:Stopped']);
    expect(here.region.machines.launched).toHaveLength(launched + 2);
  });

  test('replaces what is gone or called unhealthy', async () => {
    const [gone = '', sick = '', sound = ''] = Object.keys(await pool());
    await here.region.call('TerminateInstances', { InstanceIds: [gone] });
    await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId: sick, HealthStatus: 'Unhealthy' }));
    await wait(10);
    const now = await pool();
    expect(Object.values(now)).toEqual(['Warmed:Stopped', 'Warmed:Stopped', 'Warmed:Stopped']);
    expect(Object.keys(now)).toContain(sound);
    expect(Object.keys(now)).not.toContain(gone);
    expect(machine(sick)).toBe('terminated');
  });

  test('is deleted by force only, with its instances and not the group’s', async () => {
    const remove = (ForceDelete: boolean) =>
      here.region.autoScaling.send(new DeleteWarmPoolCommand({ AutoScalingGroupName, ForceDelete }));
    const ids = Object.keys(await pool());
    await hook('saved', 'TERMINATING');
    expect(await faultOf(remove(false))).toContain('ResourceInUse');
    await remove(true);
    await wait(5);
    expect(ids.map(machine)).toEqual(['terminated', 'terminated', 'terminated']);
    expect(await described()).not.toHaveProperty('WarmPoolConfiguration');
    expect(Object.values(await states())).toEqual(['InService']);
    expect(await faultOf(remove(true))).toContain('No warm pool found');
  });

  test('ends with its group, by force', async () => {
    await scale(0);
    await wait(5);
    const remove = (ForceDelete: boolean) =>
      here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete }));
    expect(await faultOf(remove(false))).toContain('ResourceInUse');
    await remove(true);
    await wait(5);
    expect(await groups()).toEqual([]);
    expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
  });

  test('is counted by the group’s metrics', async () => {
    await here.region.autoScaling.send(
      new EnableMetricsCollectionCommand({ AutoScalingGroupName, Granularity: '1Minute' }),
    );
    await put({ MinSize: 1 });
    await wait(60);
    const expected = {
      WarmPoolMinSize: 1,
      WarmPoolDesiredCapacity: 3,
      WarmPoolPendingCapacity: 0,
      WarmPoolTerminatingCapacity: 0,
      WarmPoolWarmedCapacity: 3,
      WarmPoolTotalCapacity: 3,
      GroupAndWarmPoolDesiredCapacity: 4,
      GroupAndWarmPoolTotalCapacity: 4,
      GroupTotalInstances: 1,
    };
    for (const [name, value] of Object.entries(expected)) expect([name, await metric(name)]).toEqual([name, value]);
  });

  test('is no place to end instances in, and knows no hibernation', async () => {
    const [InstanceId = ''] = Object.keys(await pool());
    expect(
      await faultOf(
        here.region.autoScaling.send(
          new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }),
        ),
      ),
    ).toContain('is in a warm pool');
    expect(await faultOf(put({ PoolState: 'Hibernated' }))).toContain('PoolState Hibernated is not modelled by Orrery');
  });
});

test.each<[string, Partial<PutWarmPoolCommandInput>, number]>([
  ['up to the maximum', {}, 3],
  ['up to a prepared capacity', { MaxGroupPreparedCapacity: 2 }, 1],
  ['none where that is reached', { MaxGroupPreparedCapacity: 1 }, 0],
  ['its minimum even so', { MaxGroupPreparedCapacity: 1, MinSize: 2 }, 2],
  ['always the same when both are', { MaxGroupPreparedCapacity: 5, MinSize: 5 }, 5],
])('a pool holds %s', async (_, more, size) => {
  await create();
  await put(more);
  await wait(5);
  expect(Object.keys(await pool())).toHaveLength(size);
});

test('a pool that became too large ends what is too much; a running one keeps its machines running', async () => {
  await create();
  await put({ PoolState: 'Running' });
  await wait(5);
  expect(Object.values(await pool())).toEqual(['Warmed:Running', 'Warmed:Running', 'Warmed:Running']);
  await put({ MaxGroupPreparedCapacity: 2 });
  await wait(5);
  const [left = ''] = Object.keys(await pool());
  expect(await pool()).toEqual({ [left]: 'Warmed:Running' });
  await put({ MaxGroupPreparedCapacity: -1 });
  await wait(5);
  expect(Object.keys(await pool())).toHaveLength(3);
  await scale(2);
  await wait(5);
  expect(Object.values(await states())).toEqual(['InService', 'InService']);
});

test('the hooks of launches hold an instance on its way into the pool, and again on its way out', async () => {
  await create({ DesiredCapacity: 0, MaxSize: 1 });
  await hook('ready', 'LAUNCHING');
  await put();
  await wait(30);
  const [id = ''] = Object.keys(await pool());
  expect(await pool()).toEqual({ [id]: 'Warmed:Pending:Wait' });
  expect(machine(id)).toBe('running');
  await complete('ready', id);
  await wait(5);
  expect(await pool()).toEqual({ [id]: 'Warmed:Stopped' });
  await scale(1);
  await wait(30);
  expect(await states()).toEqual({ [id]: 'Pending:Wait' });
  expect(machine(id)).toBe('running');
  expect(targetLifecycleState(here.region.scope, id)).toBe('InService');
  await complete('ready', id);
  await wait(5);
  expect(await states()).toEqual({ [id]: 'InService' });
  const told = here.region.events.filter(({ kind }) => kind === 'lifecycle-action');
  expect(new Set(told.map(({ data }) => data?.token)).size).toBe(2);
});

test('instances are reused where the policy says so: drained, held by the hooks of terminations, and stopped', async () => {
  await here.around.balance();
  await create({ DesiredCapacity: 2, MaxSize: 2 });
  await hook('saved', 'TERMINATING');
  await put({ InstanceReusePolicy: { ReuseOnScaleIn: true } });
  await wait(5);
  const before = Object.keys(await states());
  for (const id of before) here.region.balancer.busy.add(id);
  await scale(1);
  await wait(5);
  const [back = ''] = Object.keys(await pool());
  expect(before).toContain(back);
  expect(await pool()).toEqual({ [back]: 'Warmed:Pending' });
  expect(targetLifecycleState(here.region.scope, back)).toBe('Warmed:Stopped');
  here.region.balancer.busy.clear();
  await wait(3);
  expect(await pool()).toEqual({ [back]: 'Warmed:Pending:Wait' });
  await complete('saved', back);
  await wait(3);
  expect(await pool()).toEqual({ [back]: 'Warmed:Stopped' });
  expect(machine(back)).toBe('stopped');
  expect(await targets()).not.toContain(back);
  await scale(2);
  await wait(5);
  expect(await states()).toMatchObject({ [back]: 'InService' });
  expect(here.region.machines.launched).toHaveLength(2);
});

test('a region that restarts while an instance leaves the pool starts it', async () => {
  const { before, create, restart } = await restartable();
  await create({
    MinSize: 0,
    MaxSize: 1,
  });
  await before.invoke('autoscaling', 'PutWarmPool', { AutoScalingGroupName });
  await before.clock.advance(5_000);
  await before.invoke('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName, DesiredCapacity: 1 });
  const { after, group, reservations } = restart();
  await after.clock.advance(5_000);
  expect((await group())?.Instances).toMatchObject([{ LifecycleState: 'InService' }]);
  expect(await reservations()).toHaveLength(1);
});
