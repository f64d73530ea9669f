/** Lifecycle hooks by the SDK over a socket, IAM deciding what their roles may publish. */
import {
  CompleteLifecycleActionCommand,
  type CreateAutoScalingGroupCommandInput,
  DeleteAutoScalingGroupCommand,
  DeleteLifecycleHookCommand,
  DescribeLifecycleHooksCommand,
  DescribeLifecycleHookTypesCommand,
  PutLifecycleHookCommand,
  type PutLifecycleHookCommandInput,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, describe, expect, test } from 'vitest';
import { authorise } from '../iam/authorise.ts';
import { iam } from '../iam/index.ts';
import { sns } from '../sns/index.ts';
import { deliveries } from '../sns/state.ts';
import { sts } from '../sts/index.ts';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName, groupFixture, restartable } from './group.fixture.ts';
import { targetLifecycleState } from './instance.ts';

const launching = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const terminating = 'autoscaling:EC2_INSTANCE_TERMINATING';
const services = [sns, sts, iam];

const here = groupFixture({ services, authorise });
const { activities, states, targets, wait } = here;

const create = (more: Partial<CreateAutoScalingGroupCommandInput> = {}) =>
  here.create({ MinSize: 1, MaxSize: 4, VPCZoneIdentifier: here.around.subnets.join(','), ...more });

const put = (LifecycleHookName: string, more: Partial<PutLifecycleHookCommandInput> = {}) =>
  here.region.autoScaling.send(new PutLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName, ...more }));

const complete = (LifecycleHookName: string, InstanceId: string, LifecycleActionResult = 'CONTINUE') =>
  here.region.autoScaling.send(
    new CompleteLifecycleActionCommand({ AutoScalingGroupName, LifecycleHookName, InstanceId, LifecycleActionResult }),
  );

const heartbeat = (LifecycleHookName: string, InstanceId: string) =>
  here.region.autoScaling.send(
    new RecordLifecycleActionHeartbeatCommand({ AutoScalingGroupName, LifecycleHookName, InstanceId }),
  );

const scale = (DesiredCapacity: number) =>
  here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));

async function inState(state: string): Promise<string[]> {
  return Object.entries(await states()).flatMap(([id, now]) => (now === state ? [id] : []));
}

async function one(state: string): Promise<string> {
  const found = await inState(state);
  expect(found, JSON.stringify(await states())).toHaveLength(1);
  return found[0] ?? '';
}

const target = (id: string) => targetLifecycleState(here.region.scope, id);

describe('an instance that is launched', () => {
  const hook = { LifecycleHookName: 'ready', LifecycleTransition: launching };

  test('waits, is registered and put into service once its action is completed by its own id', async () => {
    await create({ LifecycleHookSpecificationList: [hook] });
    await wait(30);
    const id = await one('Pending:Wait');
    expect(target(id)).toBe('InService');
    expect(await targets()).toEqual([]);
    expect((await activities())[0]).toMatchObject({ StatusCode: 'MidLifecycleAction' });
    await complete('ready', id);
    await wait(2);
    expect(await states()).toEqual({ [id]: 'InService' });
    expect(await targets()).toEqual([id]);
    expect((await activities())[0]).toMatchObject({ StatusCode: 'Successful' });
    expect(await faultOf(complete('ready', id))).toBe(
      `ValidationError: No active Lifecycle Action found with instance ID ${id}`,
    );
  });

  test('is ended and replaced when the action is abandoned, at once or by the default when the time is over', async () => {
    await create({ LifecycleHookSpecificationList: [{ ...hook, HeartbeatTimeout: 60 }] });
    await wait(3);
    const first = await one('Pending:Wait');
    await complete('ready', first, 'ABANDON');
    await wait(20);
    const second = await one('Pending:Wait');
    expect(second).not.toBe(first);
    expect(here.region.machines.machine(first).state).toBe('terminated');
    const all = await activities();
    expect(all.find(({ Description }) => Description?.startsWith('Launching') && Description.includes(first))).toEqual(
      expect.objectContaining({
        StatusCode: 'Cancelled',
        StatusMessage: expect.stringMatching(
          /^Instance failed to complete user's Lifecycle Action: Lifecycle Action with token [0-9a-f-]{36} was abandoned: Lifecycle Action Completed with ABANDON Result$/,
        ),
      }),
    );
    expect(all.map(({ Cause }) => Cause).join()).toContain('taken out of service in response to a launch failure.');
    await wait(60);
    expect(await states()).not.toHaveProperty(second);
    expect((await activities()).map(({ StatusMessage }) => StatusMessage).join()).toMatch(
      /was abandoned: Heartbeat Timeout/,
    );
  });

  test('goes into service when the time is over and the default is CONTINUE', async () => {
    await create({
      LifecycleHookSpecificationList: [{ ...hook, HeartbeatTimeout: 60, DefaultResult: 'CONTINUE' }],
    });
    await wait(58);
    await one('Pending:Wait');
    await wait(4);
    await one('InService');
  });

  test('waits on with each heartbeat, up to 100 times the first', async () => {
    await create({
      LifecycleHookSpecificationList: [{ ...hook, HeartbeatTimeout: 30, DefaultResult: 'CONTINUE' }],
    });
    await wait(5);
    const id = await one('Pending:Wait');
    for (let seconds = 5; seconds + 25 < 3000; seconds += 25) {
      await heartbeat('ready', id);
      await wait(25);
      expect(await states()).toEqual({ [id]: 'Pending:Wait' });
    }
    await heartbeat('ready', id);
    await wait(29);
    expect(await states()).toEqual({ [id]: 'InService' });
    expect(await faultOf(heartbeat('ready', id))).toContain('No active Lifecycle Action found with instance ID');
  });

  test('waits for every hook of its group', async () => {
    await create({ LifecycleHookSpecificationList: [hook, { ...hook, LifecycleHookName: 'joined' }] });
    await wait(3);
    const id = await one('Pending:Wait');
    await complete('ready', id);
    await wait(5);
    await one('Pending:Wait');
    await complete('joined', id);
    await wait(3);
    await one('InService');
  });

  test('is given up when its hook is deleted', async () => {
    await create({ LifecycleHookSpecificationList: [hook] });
    await wait(3);
    const id = await one('Pending:Wait');
    await here.region.autoScaling.send(
      new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName: 'ready' }),
    );
    await wait(15);
    expect(await one('InService')).not.toBe(id);
  });

  test('that ends while it waits is a failed launch, and another comes', async () => {
    await create({ LifecycleHookSpecificationList: [hook] });
    await wait(3);
    const id = await one('Pending:Wait');
    await here.region.call('TerminateInstances', { InstanceIds: [id] });
    await wait(15);
    expect(await one('Pending:Wait')).not.toBe(id);
    expect((await activities()).find(({ StatusCode }) => StatusCode === 'Failed')?.StatusMessage).toContain(
      'Instance became unhealthy while waiting for instance to be in InService state',
    );
  });
});

describe('an instance that is ended', () => {
  beforeEach(async () => {
    await here.around.balance();
    await create({ DesiredCapacity: 2 });
    await wait(3);
    await put('saved', { LifecycleTransition: terminating });
    await put('told', { LifecycleTransition: terminating });
  });

  test('is drained, waits for its hooks, and is terminated', async () => {
    const [a = '', b = ''] = await inState('InService');
    here.region.balancer.busy.add(a).add(b);
    await scale(1);
    await wait(5);
    const id = await one('Terminating');
    expect(target(id)).toBe('Terminated');
    here.region.balancer.busy.clear();
    await wait(3);
    await one('Terminating:Wait');
    expect((await activities())[0]).toMatchObject({ StatusCode: 'MidLifecycleAction' });
    await complete('saved', id);
    await wait(30);
    await one('Terminating:Wait');
    expect(here.region.machines.machine(id).state).toBe('running');
    await complete('told', id);
    await wait(3);
    expect(here.region.machines.machine(id).state).toBe('terminated');
    expect(Object.values(await states())).toEqual(['InService']);
  });

  test('ends at once when one hook abandons: what is left of the others is not waited for', async () => {
    await scale(1);
    await wait(3);
    const id = await one('Terminating:Wait');
    await complete('told', id, 'ABANDON');
    await wait(3);
    expect(here.region.machines.machine(id).state).toBe('terminated');
    expect((await activities())[0]).toMatchObject({ StatusCode: 'Successful' });
  });

  test('that is gone already is replaced, and still waited for', async () => {
    const [id = ''] = await inState('InService');
    await here.region.call('TerminateInstances', { InstanceIds: [id] });
    await wait(5);
    expect(await inState('InService')).toHaveLength(2);
    expect(await one('Terminating:Wait')).toBe(id);
    await complete('saved', id);
    await complete('told', id);
    await wait(3);
    expect(await states()).not.toHaveProperty(id);
  });

  test('is not waited for when its group is deleted by force', async () => {
    await scale(1);
    await wait(3);
    await one('Terminating:Wait');
    await here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
    await wait(5);
    expect(await states()).toEqual({});
    expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
  });
});

describe('the topic of a hook', () => {
  const TopicArn = 'arn:aws:sns:us-east-1:123456789012:moves';
  const RoleARN = 'arn:aws:iam::123456789012:role/tell';
  const policy = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const trust = (service: string) =>
    policy({ Effect: 'Allow', Principal: { Service: `${service}.amazonaws.com` }, Action: 'sts:AssumeRole' });
  const told = () => [...deliveries(here.region.scope).values()].filter(({ kind }) => kind === 'Notification');

  beforeEach(async () => {
    await here.region.invoke('sns', 'CreateTopic', { Name: 'moves' });
    await here.region.invoke('sns', 'Subscribe', { TopicArn, Protocol: 'email', Endpoint: 'ops@example.com' });
    await here.region.invoke('iam', 'CreateRole', {
      RoleName: 'tell',
      AssumeRolePolicyDocument: trust('autoscaling'),
    });
    await here.region.invoke('iam', 'PutRolePolicy', {
      RoleName: 'tell',
      PolicyName: 'publish',
      PolicyDocument: policy({ Effect: 'Allow', Action: 'sns:Publish', Resource: TopicArn }),
    });
  });

  test('gets a test message, and one for each action, with the token that completes it', async () => {
    await create();
    await wait(3);
    await put('ready', {
      LifecycleTransition: launching,
      NotificationTargetARN: TopicArn,
      RoleARN,
      NotificationMetadata: 'blue',
    });
    const [first] = told();
    expect(first?.subject).toBe('Auto Scaling: test notification for group "api"');
    expect(JSON.parse(first?.message ?? '')).toMatchObject({
      Service: 'AWS Auto Scaling',
      Event: 'autoscaling:TEST_NOTIFICATION',
      AccountId: '123456789012',
      AutoScalingGroupName,
      AutoScalingGroupARN: expect.stringMatching(/autoScalingGroupName\/api$/),
    });
    await scale(2);
    await wait(60);
    const id = await one('Pending:Wait');
    expect(told()).toHaveLength(2);
    const last = told()[1];
    expect(last?.subject).toBe(`Auto Scaling:  Lifecycle action 'LAUNCHING' for instance ${id} in progress.`);
    const message = JSON.parse(last?.message ?? '') as Record<string, string>;
    expect(message).toMatchObject({
      LifecycleHookName: 'ready',
      EC2InstanceId: id,
      LifecycleTransition: launching,
      NotificationMetadata: 'blue',
      Origin: 'EC2',
      Destination: 'AutoScalingGroup',
    });
    const named = { AutoScalingGroupName, LifecycleHookName: 'ready', LifecycleActionResult: 'CONTINUE' };
    const withToken = (LifecycleActionToken = '') =>
      here.region.autoScaling.send(new CompleteLifecycleActionCommand({ ...named, LifecycleActionToken }));
    await withToken(message.LifecycleActionToken);
    await wait(3);
    expect(await inState('InService')).toHaveLength(2);
    expect(await faultOf(withToken(message.LifecycleActionToken))).toBe(
      `ValidationError: No active Lifecycle Action found with token ${message.LifecycleActionToken}`,
    );
  });

  test('whose role does not trust Auto Scaling refuses the hook', async () => {
    await create();
    await here.region.invoke('iam', 'UpdateAssumeRolePolicy', { RoleName: 'tell', PolicyDocument: trust('ec2') });
    expect(
      await faultOf(put('ready', { LifecycleTransition: launching, NotificationTargetARN: TopicArn, RoleARN })),
    ).toBe(
      `ValidationError: Unable to publish test message to notification target ${TopicArn} using IAM role ${RoleARN}. Please check your target and role configuration and try to put lifecycle hook again.`,
    );
    const { LifecycleHooks } = await here.region.autoScaling.send(
      new DescribeLifecycleHooksCommand({ AutoScalingGroupName }),
    );
    expect(LifecycleHooks).toEqual([]);
  });
});

test('simple scaling pauses while an instance waits, and its cooldown counts from then', async () => {
  await create({ DefaultCooldown: 60 });
  await wait(3);
  await put('ready', { LifecycleTransition: launching });
  await scale(2);
  await wait(90);
  const id = await one('Pending:Wait');
  const cooled = () =>
    here.region.autoScaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3, HonorCooldown: true }),
    );
  expect(await faultOf(cooled())).toContain('ScalingActivityInProgress');
  await complete('ready', id);
  await wait(55);
  expect(await faultOf(cooled())).toContain('ScalingActivityInProgress');
  await wait(6);
  await cooled();
});

test('hooks of a new group have one target and names of their own, or there is no group', async () => {
  const hook = { LifecycleHookName: 'ready', LifecycleTransition: launching };
  expect(await faultOf(create({ LifecycleHookSpecificationList: [hook, hook] }))).toContain('Duplicate lifecycle hook');
  const to = (name: string) => ({
    ...hook,
    LifecycleHookName: name,
    NotificationTargetARN: `arn:aws:sns:us-east-1:123456789012:${name}`,
    RoleARN: 'arn:aws:iam::123456789012:role/tell',
  });
  expect(await faultOf(create({ LifecycleHookSpecificationList: [to('a'), to('b')] }))).toContain(
    'must have the same NotificationTargetARN and RoleARN',
  );
  expect(await faultOf(create({ LifecycleHookSpecificationList: [to('a')] }))).toContain(
    'Unable to publish test message to notification target',
  );
  expect(await faultOf(activities())).toContain('AutoScalingGroup name not found');
});

test('hooks are described with their defaults, changed member by member, and gone with their group', async () => {
  await create({ MinSize: 0 });
  await put('ready', { LifecycleTransition: launching });
  const described = async () =>
    (await here.region.autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName }))).LifecycleHooks;
  const hook = {
    LifecycleHookName: 'ready',
    AutoScalingGroupName,
    LifecycleTransition: launching,
    HeartbeatTimeout: 3600,
    GlobalTimeout: 172_800,
    DefaultResult: 'ABANDON',
  };
  expect(await described()).toEqual([hook]);
  await put('ready', { HeartbeatTimeout: 120 });
  await put('ready', { DefaultResult: 'CONTINUE' });
  expect(await described()).toEqual([
    { ...hook, HeartbeatTimeout: 120, GlobalTimeout: 12_000, DefaultResult: 'CONTINUE' },
  ]);
  expect(await here.region.autoScaling.send(new DescribeLifecycleHookTypesCommand({}))).toMatchObject({
    LifecycleHookTypes: [launching, terminating],
  });
  await here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName }));
  await create({ MinSize: 0 });
  expect(await described()).toEqual([]);
});

test.each<[string, Partial<PutLifecycleHookCommandInput>, string]>([
  ['without a transition', { LifecycleTransition: undefined }, 'LifecycleTransition is required'],
  ['with an unknown transition', { LifecycleTransition: 'autoscaling:EC2' }, 'Invalid LifecycleTransition'],
  ['with a short heartbeat', { HeartbeatTimeout: 29 }, 'between 30 and 7200 seconds'],
  ['with a long heartbeat', { HeartbeatTimeout: 7201 }, 'between 30 and 7200 seconds'],
  ['with another result', { DefaultResult: 'GO' }, 'Invalid DefaultResult'],
  [
    'for a queue',
    { NotificationTargetARN: 'arn:aws:sqs:us-east-1:123456789012:q', RoleARN: 'arn:aws:iam::123456789012:role/r' },
    'is not modelled by Orrery',
  ],
  [
    'with a topic and no role',
    { NotificationTargetARN: 'arn:aws:sns:us-east-1:123456789012:t' },
    'RoleARN is required',
  ],
  [
    'with a topic elsewhere',
    { NotificationTargetARN: 'arn:aws:sns:eu-west-1:123456789012:t', RoleARN: 'arn:aws:iam::123456789012:role/r' },
    'Invalid notification target ARN',
  ],
])('a hook %s is refused', async (_, more, message) => {
  await create({ MinSize: 0 });
  expect(await faultOf(put('ready', { LifecycleTransition: launching, ...more }))).toContain(message);
});

test('a region that restarts in the middle of a wait goes on with it: same token, told once, and its time runs on', async () => {
  const { before, create, restart } = await restartable({ services });
  await create({
    MinSize: 1,
    MaxSize: 1,
    LifecycleHookSpecificationList: [
      { LifecycleHookName: 'ready', LifecycleTransition: launching, HeartbeatTimeout: 60, DefaultResult: 'CONTINUE' },
    ],
  });
  await before.clock.advance(3_000);
  expect(before.events.filter(({ kind }) => kind === 'lifecycle-action')).toHaveLength(1);
  const { after, group } = restart();
  const state = async () => (await group())?.Instances?.map(({ LifecycleState }) => LifecycleState);
  await after.clock.advance(55_000);
  expect(await state()).toEqual(['Pending:Wait']);
  await after.clock.advance(10_000);
  expect(await state()).toEqual(['InService']);
  expect(after.events.filter(({ kind }) => kind === 'lifecycle-action')).toEqual([]);
});
