import {
  type CreateAutoScalingGroupCommandInput,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeLoadBalancerTargetGroupsCommand,
  ResumeProcessesCommand,
  SetDesiredCapacityCommand,
  SetInstanceHealthCommand,
  SetInstanceProtectionCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, describe, expect, test } from 'vitest';
import { AutoScalingGroupName, groupFixture, ids, restartable, zones } from './group.fixture.ts';
import { type MemberRecord, members } from './state.ts';

const here = groupFixture();
const { group, activities, targets, wait } = here;

const create = (more: Partial<CreateAutoScalingGroupCommandInput> = {}) =>
  here.create({ MinSize: 2, MaxSize: 4, HealthCheckType: 'ELB', HealthCheckGracePeriod: 60, ...more });

test('a new group brings its instances into service across its zones, and says so', async () => {
  await create({ Tags: [{ Key: 'Name', Value: 'machine', PropagateAtLaunch: true }] });
  await wait(3);
  const found = await group();
  expect(ids(found)).toHaveLength(2);
  expect(zones(found)).toEqual(['a', 'b']);
  expect(await targets()).toEqual(expect.arrayContaining(ids(found)));
  expect(here.region.machines.launched[0]?.tags).toMatchObject({
    'aws:autoscaling:groupName': 'api',
    Name: 'machine',
    'aws:ec2launchtemplate:id': here.around.templateId,
  });
  const [activity] = await activities();
  expect(activity).toMatchObject({ StatusCode: 'Successful', Progress: 100 });
  expect(activity?.Description).toMatch(/^Launching a new EC2 instance: i-[0-9a-f]{17}$/);
  expect(activity?.Cause).toBe(
    'At 2026-01-01T00:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 2.  At 2026-01-01T00:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 2.',
  );
  expect(
    await here.region.autoScaling.send(new DescribeLoadBalancerTargetGroupsCommand({ AutoScalingGroupName })),
  ).toMatchObject({ LoadBalancerTargetGroups: [{ State: 'Added' }] });
});

test('desired capacity is followed up and down; the zones stay balanced', async () => {
  await create({ VPCZoneIdentifier: here.around.subnets.join(',') });
  await wait(3);
  await here.region.autoScaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 4 }));
  await wait(3);
  expect(zones(await group())).toEqual(['a', 'a', 'b', 'c']);
  expect((await activities())[0]?.Cause).toContain(
    'a user request explicitly set group desired capacity changing the desired capacity from 2 to 4.',
  );
  await expect(
    here.region.autoScaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3, HonorCooldown: true }),
    ),
  ).rejects.toMatchObject({ name: expect.stringContaining('ScalingActivityInProgress') });
  await wait(301);
  await here.region.autoScaling.send(
    new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 3, HonorCooldown: true }),
  );
  await wait(5);
  expect(zones(await group())).toEqual(['a', 'b', 'c']);
  const [last] = await activities();
  expect(last?.Cause).toMatch(
    /shrinking the capacity from 4 to 3\. {2}At \S+Z instance i-\w+ was selected for termination\.$/,
  );
  expect(await targets()).toHaveLength(3);
});

test('an instance that is scaled in is drained first', async () => {
  await here.around.balance();
  await create();
  await wait(3);
  const [first = '', second = ''] = ids(await group());
  here.region.balancer.busy.add(first).add(second);
  await here.region.autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 1, DesiredCapacity: 1 }),
  );
  await wait(30);
  const [ending = ''] = ids(await group(), 'Terminating');
  expect([first, second]).toContain(ending);
  expect((await activities())[0]).toMatchObject({
    StatusCode: 'WaitingForELBConnectionDraining',
    Description: `Terminating EC2 instance: ${ending} - Waiting For ELB Connection Draining.`,
  });
  expect(here.region.machines.machine(ending).state).toBe('running');
  here.region.balancer.busy.clear();
  await wait(5);
  expect(here.region.machines.machine(ending).state).toBe('terminated');
  expect((await group()).Instances).toHaveLength(1);
  expect((await activities())[0]).toMatchObject({ StatusCode: 'Successful' });
});

describe('unhealthy instances are replaced', () => {
  beforeEach(async () => {
    await here.around.balance();
    await create({ HealthCheckGracePeriod: 120 });
    await wait(3);
  });

  test('one that was terminated, within the grace period and at once', async () => {
    const [gone = ''] = ids(await group());
    await here.region.call('TerminateInstances', { InstanceIds: [gone] });
    await wait(3);
    const left = ids(await group());
    expect(left).toHaveLength(2);
    expect(left).not.toContain(gone);
    expect(await targets()).toEqual(expect.arrayContaining(left));
    expect(
      (await activities())
        .slice(0, 2)
        .map(({ Cause }) => Cause?.replace(/^At \S+ /, ''))
        .sort(),
    ).toEqual([
      'an instance was launched in response to an unhealthy instance needing to be replaced.',
      'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.',
    ]);
  });

  test('one that the balancer finds unhealthy, after the grace period', async () => {
    const [sick = ''] = ids(await group());
    here.region.balancer.fail(here.around.targetGroupArn, sick);
    await wait(60);
    expect(ids(await group())).toContain(sick);
    await wait(75);
    const left = ids(await group());
    expect(left).toHaveLength(2);
    expect(left).not.toContain(sick);
    expect((await activities()).map(({ Cause }) => Cause).join()).toContain(
      'taken out of service in response to an ELB system health check failure.',
    );
  });

  test('one that died, by its status check', async () => {
    const [dead = ''] = ids(await group());
    here.region.machines.machine(dead).kill();
    await wait(135);
    expect(ids(await group())).not.toContain(dead);
    expect((await activities()).map(({ Cause }) => Cause).join()).toContain('EC2 instance status checks failure');
  });

  test('one that a user calls so; not while the process is suspended', async () => {
    await wait(130);
    await here.region.autoScaling.send(
      new SuspendProcessesCommand({ AutoScalingGroupName, ScalingProcesses: ['ReplaceUnhealthy'] }),
    );
    const [InstanceId = ''] = ids(await group());
    await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
    await wait(30);
    const { AutoScalingInstances } = await here.region.autoScaling.send(
      new DescribeAutoScalingInstancesCommand({ InstanceIds: [InstanceId] }),
    );
    expect(AutoScalingInstances).toMatchObject([{ HealthStatus: 'UNHEALTHY', LifecycleState: 'InService' }]);
  });
});

test('ending an instance by request replaces it or takes the capacity down', async () => {
  await create({ DesiredCapacity: 3 });
  await wait(3);
  const [first = '', second = ''] = ids(await group());
  const { Activity } = await here.region.autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: first, ShouldDecrementDesiredCapacity: true }),
  );
  expect(Activity?.Cause).toContain(
    `instance ${first} was taken out of service in response to a user request, shrinking the capacity from 3 to 2.`,
  );
  await here.region.autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: second, ShouldDecrementDesiredCapacity: false }),
  );
  await wait(5);
  const found = await group();
  expect(found.DesiredCapacity).toBe(2);
  expect(ids(found)).toHaveLength(2);
  expect(ids(found)).not.toContain(second);
  await expect(
    here.region.autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: ids(found)[0] ?? '',
        ShouldDecrementDesiredCapacity: true,
      }),
    ),
  ).rejects.toThrow("Terminating instance without replacement will violate group's min size constraint");
});

test('a group whose zones change moves without losing capacity', async () => {
  await create();
  await wait(3);
  await here.region.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName,
      VPCZoneIdentifier: here.around.subnets.slice(1).join(','),
    }),
  );
  for (let n = 0; n < 60; n++) {
    await wait(1);
    expect(ids(await group()).length).toBeGreaterThanOrEqual(2);
  }
  expect(zones(await group())).toEqual(['b', 'c']);
});

test('protected instances are not scaled in', async () => {
  await create();
  await wait(3);
  const InstanceIds = ids(await group());
  await here.region.autoScaling.send(
    new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn: true }),
  );
  await here.region.autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 0, DesiredCapacity: 0 }),
  );
  await wait(30);
  expect(ids(await group())).toEqual(InstanceIds);
});

test('a launch that EC2 refuses is a failed activity, and is tried again later', async () => {
  // The subnet has addresses for eleven machines only.
  const { Subnet } = await here.region.call<{ Subnet: { SubnetId: string } }>('CreateSubnet', {
    VpcId: here.around.VpcId,
    CidrBlock: '10.0.99.0/28',
    AvailabilityZone: 'us-east-1a',
  });
  await create({ MinSize: 12, MaxSize: 12, VPCZoneIdentifier: Subnet.SubnetId });
  await wait(3);
  expect(ids(await group())).toHaveLength(11);
  const failed = (await activities()).filter(({ StatusCode }) => StatusCode === 'Failed');
  expect(failed).toMatchObject([
    { StatusMessage: expect.stringMatching(/not enough free addresses in subnet .* Launching EC2 instance failed\.$/) },
  ]);
  await wait(120);
  const later = (await activities()).filter(({ StatusCode }) => StatusCode === 'Failed');
  expect(later.length).toBeGreaterThan(1);
  expect(later.length).toBeLessThan(10);
});

test('a group with instances is deleted only by force', async () => {
  await create();
  await wait(3);
  const remove = (ForceDelete: boolean) =>
    here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete }));
  await expect(remove(false)).rejects.toMatchObject({
    name: expect.stringContaining('ResourceInUse'),
    message: expect.stringContaining(
      'while there are instances or pending Spot instance request(s) still in the group',
    ),
  });
  await remove(true);
  await wait(5);
  await expect(group()).rejects.toThrow('no group');
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

test.each<[string, Partial<CreateAutoScalingGroupCommandInput>, string]>([
  ['no template', { LaunchTemplate: undefined }, 'Valid requests must contain either LaunchTemplate'],
  [
    'an unknown template',
    { LaunchTemplate: { LaunchTemplateId: 'lt-0123456789abcdef0' } },
    'You must use a valid fully-formed launch template. The specified launch template, with template ID lt-0123456789abcdef0, does not exist.',
  ],
  ['no subnet', { VPCZoneIdentifier: '' }, 'At least one Availability Zone or VPC Subnet is required.'],
  ['an unknown subnet', { VPCZoneIdentifier: 'subnet-0123456789abcdef0' }, 'subnet-0123456789abcdef0'],
  ['sizes the wrong way', { MinSize: 5 }, 'Max bound, 4, must be greater than or equal to min bound, 5'],
  [
    'too much desired',
    { DesiredCapacity: 9 },
    'Desired capacity:9 must be between the specified min size:2 and max size:4',
  ],
  [
    'what is not modelled',
    { MixedInstancesPolicy: { InstancesDistribution: { OnDemandBaseCapacity: 1 } } },
    'MixedInstancesPolicy is not modelled by Orrery',
  ],
  [
    'a target group that is not there',
    { TargetGroupARNs: ['arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0123456789abcdef'] },
    'Provided Target Groups may not be valid',
  ],
])('a group with %s is refused', async (_, more, message) => {
  await expect(create(more)).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(message),
  });
});

test('a region that restarts in the middle of a launch goes on with it, and launches nothing twice', async () => {
  const { before, create, restart } = await restartable();
  const asked = new Map<string, MemberRecord>();
  members(before.scope).watch((key, member) => {
    if (member?.request) asked.set(key, member);
  });
  await create({
    MinSize: 3,
    MaxSize: 3,
  });
  await before.clock.advance(2_000);
  before.clock.stop();
  // As a crash leaves it that comes after EC2 launched the machines, and before the group wrote down which.
  expect(asked.size).toBe(3);
  for (const [key, member] of asked) members(before.scope).put(key, member);
  const { after, group, reservations } = restart();
  await after.clock.advance(5_000);
  expect((await group())?.Instances?.map(({ LifecycleState }) => LifecycleState)).toEqual(
    Array.from({ length: 3 }, () => 'InService'),
  );
  expect(await reservations()).toHaveLength(3);
});

test('a forced deletion ends protected instances, too', async () => {
  await create({ NewInstancesProtectedFromScaleIn: true });
  await wait(3);
  await here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
  await wait(5);
  await expect(group()).rejects.toThrow('no group');
  expect(here.region.machines.list().every(({ state }) => state === 'terminated')).toBe(true);
});

test('while launches are suspended the unhealthy are ended only; their replacements come with the resumption', async () => {
  await create({ HealthCheckGracePeriod: 0 });
  await wait(3);
  const processes = { AutoScalingGroupName, ScalingProcesses: ['Launch'] };
  await here.region.autoScaling.send(new SuspendProcessesCommand(processes));
  const [InstanceId = ''] = ids(await group());
  await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  await wait(30);
  expect((await group()).Instances).toHaveLength(1);
  await here.region.autoScaling.send(new ResumeProcessesCommand(processes));
  await wait(3);
  expect(ids(await group())).toHaveLength(2);
});

test('while terminations are suspended the unhealthy stay, and a move between zones leaves one more', async () => {
  await create({ HealthCheckGracePeriod: 0, MinSize: 4, MaxSize: 4 });
  await wait(3);
  const processes = { AutoScalingGroupName, ScalingProcesses: ['Terminate'] };
  await here.region.autoScaling.send(new SuspendProcessesCommand(processes));
  const before = ids(await group());
  const [InstanceId = ''] = before;
  await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));
  await wait(30);
  expect(ids(await group())).toEqual(before);
  await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Healthy' }));
  await here.region.autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, VPCZoneIdentifier: here.around.subnets.join(',') }),
  );
  await wait(60);
  // Two, two and none: one more in the third zone, and none of the others can be ended.
  expect(zones(await group())).toEqual(['a', 'a', 'b', 'b', 'c']);
  await here.region.autoScaling.send(new ResumeProcessesCommand(processes));
  await wait(60);
  expect(ids(await group())).toHaveLength(4);
});

test('a balancer that never found one healthy has none replaced', async () => {
  await here.around.balance();
  here.region.balancer.failAll();
  await create({ HealthCheckGracePeriod: 0 });
  await wait(120);
  const before = ids(await group());
  expect(before).toHaveLength(2);
  expect((await activities()).filter(({ Description }) => Description?.startsWith('Terminating'))).toEqual([]);
});

test('bounds the wrong way round are refused, and new bounds take the desired capacity with them', async () => {
  await create();
  const change = (more: object) =>
    here.region.autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, ...more }));
  await expect(change({ MinSize: 5 })).rejects.toThrow('Max bound, 4, must be greater than or equal to min bound, 5');
  await expect(change({ MaxSize: 1 })).rejects.toThrow('Max bound, 1, must be greater than or equal to min bound, 2');
  await change({ MinSize: 3 });
  expect(await group()).toMatchObject({ MinSize: 3, DesiredCapacity: 3 });
  await change({ MinSize: 0, MaxSize: 1 });
  expect(await group()).toMatchObject({ MaxSize: 1, DesiredCapacity: 1 });
});
