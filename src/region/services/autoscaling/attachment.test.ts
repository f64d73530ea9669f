/** Instances attached to a group and detached from it. */
import {
  AttachInstancesCommand,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  PutLifecycleHookCommand,
} from '@aws-sdk/client-auto-scaling';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf } from '../testing.ts';
import { targetLifecycleState } from './instance.ts';
import { groupsOnSocket, surroundings } from './region.fixture.ts';
import type { DescribedHealth } from './shapes.ts';

const AutoScalingGroupName = 'api';

let region: Awaited<ReturnType<typeof groupsOnSocket>>;
let around: Awaited<ReturnType<typeof surroundings>>;
beforeEach(async () => {
  region = await groupsOnSocket();
  around = await surroundings(region);
  await around.balance();
  await create(AutoScalingGroupName);
  await wait(3);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  expect(region.events.filter(({ kind }) => kind === 'internal-failure')).toEqual([]);
  await region.close();
});

const create = (name: string) =>
  region.autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: name,
      MinSize: 1,
      MaxSize: 3,
      DesiredCapacity: name === AutoScalingGroupName ? 1 : 0,
      ...(name === AutoScalingGroupName ? {} : { MinSize: 0 }),
      LaunchTemplate: { LaunchTemplateId: around.templateId, Version: '$Latest' },
      VPCZoneIdentifier: around.subnets.slice(0, 2).join(','),
      TargetGroupARNs: name === AutoScalingGroupName ? [around.targetGroupArn] : [],
      Tags: [{ Key: 'Team', Value: 'blue', PropagateAtLaunch: true }],
    }),
  );
const wait = (seconds: number) => region.clock.advance(seconds * 1000);

/** An instance that nobody's group launched. */
async function launch(SubnetId = around.subnets[1]): Promise<string> {
  const { Instances } = await region.call<{ Instances: { InstanceId: string }[] }>('RunInstances', {
    LaunchTemplate: { LaunchTemplateId: around.templateId },
    SubnetId,
    MinCount: 1,
    MaxCount: 1,
  });
  await wait(1);
  return Instances[0]?.InstanceId ?? '';
}

const attach = (...InstanceIds: string[]) =>
  region.autoScaling.send(new AttachInstancesCommand({ AutoScalingGroupName, InstanceIds }));
const detach = (ShouldDecrementDesiredCapacity: boolean, ...InstanceIds: string[]) =>
  region.autoScaling.send(
    new DetachInstancesCommand({ AutoScalingGroupName, InstanceIds, ShouldDecrementDesiredCapacity }),
  );

async function group(name = AutoScalingGroupName) {
  const { AutoScalingGroups = [] } = await region.autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }),
  );
  return AutoScalingGroups[0];
}

async function states(): Promise<Record<string, string | undefined>> {
  const found = (await group())?.Instances ?? [];
  return Object.fromEntries(found.map(({ InstanceId, LifecycleState }) => [InstanceId, LifecycleState]));
}

async function tagsOf(id: string): Promise<Record<string, string>> {
  const { Tags } = await region.call<{ Tags: { Key: string; Value: string }[] }>('DescribeTags', {
    Filters: [{ Name: 'resource-id', Values: [id] }],
  });
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
}

async function targets(): Promise<string[]> {
  const { TargetHealthDescriptions } = await region.invoke<DescribedHealth>(
    'elasticloadbalancing',
    'DescribeTargetHealth',
    { TargetGroupArn: around.targetGroupArn },
  );
  return TargetHealthDescriptions.map(({ Target }) => Target.Id);
}

test('an instance is attached: the capacity goes up, it is tagged and registered, and no hook holds it', async () => {
  await region.autoScaling.send(
    new PutLifecycleHookCommand({
      AutoScalingGroupName,
      LifecycleHookName: 'ready',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    }),
  );
  const id = await launch();
  await attach(id);
  await wait(3);
  expect(await states()).toMatchObject({ [id]: 'InService' });
  expect(await group()).toMatchObject({ DesiredCapacity: 2, Instances: [{}, {}] });
  expect(await targets()).toContain(id);
  expect(await tagsOf(id)).toMatchObject({ 'aws:autoscaling:groupName': AutoScalingGroupName, Team: 'blue' });
  const { Activities = [] } = await region.autoScaling.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName }),
  );
  expect(Activities[0]).toMatchObject({
    Description: `Attaching an existing EC2 instance: ${id}`,
    Cause: expect.stringMatching(
      /^At \S+Z an instance was added in response to user request\. Keeping the capacity at the new 2\.$/,
    ),
    StatusCode: 'Successful',
  });
  // From now on the group looks after it.
  await region.call('TerminateInstances', { InstanceIds: [id] });
  await wait(5);
  expect(await states()).not.toHaveProperty(id);
});

test('an instance is detached: drained, let go alive, and free for another group', async () => {
  const id = await launch();
  await attach(id);
  await wait(3);
  region.balancer.busy.add(id);
  const { Activities } = await detach(true, id);
  expect(Activities).toMatchObject([
    {
      Description: `Detaching EC2 instance: ${id}`,
      Cause: expect.stringMatching(
        new RegExp(`instance ${id} was detached in response to a user request, shrinking the capacity from 2 to 1\\.$`),
      ),
      StatusCode: 'InProgress',
      Progress: 50,
    },
  ]);
  await wait(10);
  expect(await states()).toMatchObject({ [id]: 'Detaching' });
  expect(targetLifecycleState(region.scope, id)).toBe('Detached');
  region.balancer.busy.clear();
  await wait(3);
  expect(await states()).not.toHaveProperty(id);
  expect(await group()).toMatchObject({ DesiredCapacity: 1, Instances: [{}] });
  expect(region.machines.machine(id).state).toBe('running');
  expect(await targets()).not.toContain(id);
  expect(await tagsOf(id)).not.toHaveProperty('aws:autoscaling:groupName');
  const { Activities: ended = [] } = await region.autoScaling.send(
    new DescribeScalingActivitiesCommand({ ActivityIds: [Activities?.[0]?.ActivityId ?? ''] }),
  );
  expect(ended).toMatchObject([{ StatusCode: 'Successful', Progress: 100 }]);
  await create('other');
  await region.autoScaling.send(new AttachInstancesCommand({ AutoScalingGroupName: 'other', InstanceIds: [id] }));
  await wait(3);
  expect(await group('other')).toMatchObject({ Instances: [{ InstanceId: id, LifecycleState: 'InService' }] });
});

test('one that is detached without taking the capacity down is replaced; one in standby may be detached, too', async () => {
  const [first = ''] = Object.keys(await states());
  await detach(false, first);
  await wait(5);
  const [second = ''] = Object.keys(await states());
  expect(second).not.toBe(first);
  await region.autoScaling.send(
    new EnterStandbyCommand({
      AutoScalingGroupName,
      InstanceIds: [second],
      ShouldDecrementDesiredCapacity: false,
    }),
  );
  await wait(5);
  await detach(false, second);
  await wait(5);
  expect(await states()).not.toHaveProperty(second);
  expect(region.machines.machine(second).state).toBe('running');
});

test('is refused: beyond the bounds, for members, for what does not run, and for other zones and groups', async () => {
  const [own = ''] = Object.keys(await states());
  const others = [await launch(), await launch(), await launch()];
  expect(await faultOf(attach(...others))).toBe(
    'ValidationError: AutoScalingGroup api has min-size=1, max-size=3, and desired-size=1. To attach 3 instances, please update the AutoScalingGroup sizes appropriately.',
  );
  expect(await faultOf(attach(own))).toBe(`ValidationError: Instance ${own} is already part of AutoScalingGroup:api`);
  expect(await faultOf(attach('i-0123456789abcdef0'))).toBe(
    'ValidationError: Invalid Instance ID(s): [i-0123456789abcdef0]',
  );
  expect(await faultOf(attach(await launch(around.subnets[2])))).toContain(
    'Please update AutoScalingGroup with AZs: [us-east-1c]',
  );
  const [stopped = ''] = others;
  await region.call('StopInstances', { InstanceIds: [stopped] });
  await wait(1);
  expect(await faultOf(attach(stopped))).toContain("must be in 'running' state");
  expect(await faultOf(detach(true, own))).toContain('To detach 1 instance, please update');
  expect(await faultOf(detach(false, stopped))).toBe(
    `ValidationError: The instance ${stopped} is not part of Auto Scaling group api.`,
  );
});
