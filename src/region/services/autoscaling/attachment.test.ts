/** Instances attached to a group and detached from it. */
import {
  AttachInstancesCommand,
  DetachInstancesCommand,
  EnterStandbyCommand,
  PutLifecycleHookCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, expect, test } from 'vitest';
import { faultOf } from '../testing.ts';
import { AutoScalingGroupName, groupFixture } from './group.fixture.ts';
import { targetLifecycleState } from './instance.ts';

const Tags = [{ Key: 'Team', Value: 'blue', PropagateAtLaunch: true }];

const here = groupFixture({ balanced: true });
const { group, activities, states, targets, wait } = here;
beforeEach(async () => {
  await here.create({ MinSize: 1, MaxSize: 3, DesiredCapacity: 1, Tags });
  await wait(3);
});
/** An instance that nobody's group launched. */
async function launch(SubnetId = here.around.subnets[1]): Promise<string> {
  const { Instances } = await here.region.call<{ Instances: { InstanceId: string }[] }>('RunInstances', {
    LaunchTemplate: { LaunchTemplateId: here.around.templateId },
    SubnetId,
    MinCount: 1,
    MaxCount: 1,
  });
  await wait(1);
  return Instances[0]?.InstanceId ?? '';
}

const attach = (...InstanceIds: string[]) =>
  here.region.autoScaling.send(new AttachInstancesCommand({ AutoScalingGroupName, InstanceIds }));
const detach = (ShouldDecrementDesiredCapacity: boolean, ...InstanceIds: string[]) =>
  here.region.autoScaling.send(
    new DetachInstancesCommand({ AutoScalingGroupName, InstanceIds, ShouldDecrementDesiredCapacity }),
  );

async function tagsOf(id: string): Promise<Record<string, string>> {
  const { Tags } = await here.region.call<{ Tags: { Key: string; Value: string }[] }>('DescribeTags', {
    Filters: [{ Name: 'resource-id', Values: [id] }],
  });
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
}

test('an instance is attached: the capacity goes up, it is tagged and registered, and no hook holds it', async () => {
  await here.region.autoScaling.send(
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
  expect((await activities())[0]).toMatchObject({
    Description: `Attaching an existing EC2 instance: ${id}`,
    Cause: expect.stringMatching(
      /^At \S+Z an instance was added in response to user request\. Keeping the capacity at the new 2\.$/,
    ),
    StatusCode: 'Successful',
  });
  // From now on the group looks after it.
  await here.region.call('TerminateInstances', { InstanceIds: [id] });
  await wait(5);
  expect(await states()).not.toHaveProperty(id);
});

test('an instance is detached: drained, let go alive, and free for another group', async () => {
  const id = await launch();
  await attach(id);
  await wait(3);
  here.region.balancer.busy.add(id);
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
  expect(targetLifecycleState(here.region.scope, id)).toBe('Detached');
  here.region.balancer.busy.clear();
  await wait(3);
  expect(await states()).not.toHaveProperty(id);
  expect(await group()).toMatchObject({ DesiredCapacity: 1, Instances: [{}] });
  expect(here.region.machines.machine(id).state).toBe('running');
  expect(await targets()).not.toContain(id);
  expect(await tagsOf(id)).not.toHaveProperty('aws:autoscaling:groupName');
  expect(await activities(Activities?.[0]?.ActivityId ?? '')).toMatchObject([
    { StatusCode: 'Successful', Progress: 100 },
  ]);
  await here.create({ AutoScalingGroupName: 'other', MinSize: 0, MaxSize: 3, TargetGroupARNs: [], Tags });
  await here.region.autoScaling.send(new AttachInstancesCommand({ AutoScalingGroupName: 'other', InstanceIds: [id] }));
  await wait(3);
  expect(await group('other')).toMatchObject({ Instances: [{ InstanceId: id, LifecycleState: 'InService' }] });
});

test('one that is detached without taking the capacity down is replaced; one in standby may be detached, too', async () => {
  const [first = ''] = Object.keys(await states());
  await detach(false, first);
  await wait(5);
  const [second = ''] = Object.keys(await states());
  expect(second).not.toBe(first);
  await here.region.autoScaling.send(
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
  expect(here.region.machines.machine(second).state).toBe('running');
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
  expect(await faultOf(attach(await launch(here.around.subnets[2])))).toContain(
    'Please update AutoScalingGroup with AZs: [us-east-1c]',
  );
  const [stopped = ''] = others;
  await here.region.call('StopInstances', { InstanceIds: [stopped] });
  await wait(1);
  expect(await faultOf(attach(stopped))).toContain("must be in 'running' state");
  expect(await faultOf(detach(true, own))).toContain('To detach 1 instance, please update');
  expect(await faultOf(detach(false, stopped))).toBe(
    `ValidationError: The instance ${stopped} is not part of Auto Scaling group api.`,
  );
});
