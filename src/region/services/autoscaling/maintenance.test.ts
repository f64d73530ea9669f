/** Instance maintenance policies, maximum lifetimes and balanced zones over the API, on a virtual clock. */
import {
  type CreateAutoScalingGroupCommandInput,
  SetInstanceHealthCommand,
  SetInstanceProtectionCommand,
  UpdateAutoScalingGroupCommand,
  type UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { describe, expect, test } from 'vitest';
import { AutoScalingGroupName, groupFixture, ids, zones } from './group.fixture.ts';

const here = groupFixture({ balanced: true });
const { group, activities, causes, wait } = here;

const dayS = 86_400;
const policy = (MinHealthyPercentage: number, MaxHealthyPercentage: number) => ({
  InstanceMaintenancePolicy: { MinHealthyPercentage, MaxHealthyPercentage },
});

async function made(size: number, more: Partial<CreateAutoScalingGroupCommandInput> = {}): Promise<string[]> {
  await here.create({
    MinSize: size,
    MaxSize: size,
    LaunchTemplate: { LaunchTemplateId: here.around.templateId },
    HealthCheckType: 'ELB',
    ...more,
  });
  await wait(3);
  return ids(await group());
}

const update = (more: Omit<UpdateAutoScalingGroupCommandInput, 'AutoScalingGroupName'>) =>
  here.region.autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, ...more }));

const unhealthy = (InstanceId: string) =>
  here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy' }));

/** The least and the most that were there, each second. */
async function watched(seconds: number) {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let n = 0; n < seconds; n++) {
    await wait(1);
    const found = await group();
    least = Math.min(least, ids(found).length);
    most = Math.max(most, ids(found).length + ids(found, 'Pending').length);
  }
  return { least, most };
}

describe('an unhealthy instance', () => {
  test('is ended first in a group without a policy', async () => {
    const [sick = ''] = await made(2, { DefaultInstanceWarmup: 30 });
    await unhealthy(sick);
    await wait(1);
    expect(ids(await group())).not.toContain(sick);
    expect(await causes(2)).toEqual([
      'an instance was launched in response to an unhealthy instance needing to be replaced.',
      'an instance was taken out of service in response to a user health-check.',
    ]);
  });

  test('stays until its successor is ready where the policy says so', async () => {
    const [sick = '', well = ''] = await made(2, { DefaultInstanceWarmup: 30, ...policy(100, 150) });
    await wait(30);
    await unhealthy(sick);
    await wait(20);
    expect(ids(await group())).toEqual(expect.arrayContaining([sick, well]));
    expect((await group()).Instances).toHaveLength(3);
    await wait(20);
    const after = ids(await group());
    expect(after).toHaveLength(2);
    expect(after).toContain(well);
    expect(after).not.toContain(sick);
    expect(await causes(2)).toEqual([
      'an instance was taken out of service in response to a user health-check.',
      'an instance was launched in response to an unhealthy instance needing to be replaced.',
    ]);
    await wait(60);
    expect(ids(await group())).toEqual(after);
  });

  test('that recovers before its successor is ready leaves the group as large as it was', async () => {
    const [sick = ''] = await made(2, { DefaultInstanceWarmup: 30, ...policy(100, 150) });
    await wait(30);
    await unhealthy(sick);
    await wait(5);
    expect((await group()).Instances).toHaveLength(3);
    await here.region.autoScaling.send(new SetInstanceHealthCommand({ InstanceId: sick, HealthStatus: 'Healthy' }));
    await wait(20);
    expect((await group()).Instances).toHaveLength(2);
  });

  test('that does not run any more is replaced at once even then', async () => {
    const [gone = ''] = await made(2, { DefaultInstanceWarmup: 300, ...policy(100, 150) });
    await here.region.call('TerminateInstances', { InstanceIds: [gone] });
    await wait(5);
    expect(ids(await group())).toHaveLength(2);
    expect(ids(await group())).not.toContain(gone);
    expect((await causes(2)).join()).toContain('an EC2 health check indicating it has been terminated or stopped');
  });

  test.each([
    ['one after another with 100 to 110 %', policy(100, 110), { least: 4, most: 5 }],
    ['all at once with 0 to 100 %', policy(0, 100), { least: 4, most: 4 }],
    ['all at once with 100 to 200 %', policy(100, 200), { least: 4, most: 8 }],
  ])('of which there are many are replaced %s', async (_, more, expected) => {
    const before = await made(4, { DefaultInstanceWarmup: 10, ...more });
    await wait(10);
    for (const id of before) await unhealthy(id);
    expect(await watched(90)).toEqual(expected);
    const after = await group();
    expect(ids(after)).toHaveLength(4);
    expect(ids(after).filter((id) => before.includes(id))).toEqual([]);
  });
});

describe('an instance of its maximum lifetime', () => {
  test('is replaced, one after another, save while it is protected', async () => {
    const before = await made(3, { MaxInstanceLifetime: dayS, DefaultInstanceWarmup: 60 });
    const [held = ''] = before;
    const protect = (ProtectedFromScaleIn: boolean) =>
      here.region.autoScaling.send(
        new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds: [held], ProtectedFromScaleIn }),
      );
    await protect(true);
    await wait(dayS - 60);
    expect(ids(await group())).toEqual(before);
    await wait(80);
    expect(ids(await group()).filter((id) => before.includes(id))).toHaveLength(2);
    await wait(200);
    expect(ids(await group()).filter((id) => before.includes(id))).toEqual([held]);
    await protect(false);
    await wait(80);
    expect(ids(await group()).filter((id) => before.includes(id))).toEqual([]);
    expect(await causes(2)).toEqual([
      'an instance was launched in response to the maximum instance lifetime.',
      'an instance was taken out of service in response to the maximum instance lifetime.  instance i was selected for termination.',
    ]);
  });

  test('waits for its successor where the policy says so', async () => {
    const before = await made(2, { MaxInstanceLifetime: dayS, DefaultInstanceWarmup: 20, ...policy(100, 110) });
    await wait(dayS - 60);
    const { least, most } = await watched(200);
    expect({ least, most }).toEqual({ least: 2, most: 3 });
    expect(ids(await group()).filter((id) => before.includes(id))).toEqual([]);
    expect((await group()).Instances).toHaveLength(2);
  });
});

test('policy and lifetime are described, changed and taken away', async () => {
  await made(1, { MaxInstanceLifetime: 2 * dayS, ...policy(90, 120) });
  const described = { MaxInstanceLifetime: 2 * dayS, ...policy(90, 120) };
  expect(await group()).toMatchObject(described);
  await update({ DefaultCooldown: 10 });
  expect(await group()).toMatchObject(described);
  await update({ MaxInstanceLifetime: 0, ...policy(-1, -1) });
  const after = await group();
  expect(after.MaxInstanceLifetime).toBeUndefined();
  expect(after.InstanceMaintenancePolicy).toBeUndefined();
});

test.each<[string, Partial<CreateAutoScalingGroupCommandInput>, string]>([
  ['a lifetime of hours', { MaxInstanceLifetime: 3_600 }, 'MaxInstanceLifetime must be 0 or between 86400'],
  ['half a policy', { InstanceMaintenancePolicy: { MinHealthyPercentage: 90 } }, 'Both MinHealthyPercentage and'],
  ['too wide a policy', policy(50, 200), 'cannot be greater than 100'],
])('a group with %s is refused', async (_, more, message) => {
  await expect(made(1, more)).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(message),
  });
});

describe('a group whose zones change', () => {
  const move = () => update({ VPCZoneIdentifier: here.around.subnets.join(',') });

  test('launches before it ends, one over its maximum, and says why', async () => {
    await made(4);
    await move();
    expect((await watched(30)).least).toBe(4);
    expect(here.region.machines.launched).toHaveLength(5);
    expect(zones(await group())).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect((await causes(2)).sort()).toEqual([
      "availability zones us-east-1a us-east-1b us-east-1c had 2 2 0 instances respectively. An instance was launched to aid in balancing the group's zones.",
      'instances were launched to balance instances in zones us-east-1c with other zones resulting in more than desired number of instances in the group.  an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 5 to 4.  instance i was selected for termination.',
    ]);
  });

  test('ends first where its policy has no room above', async () => {
    await made(4, policy(50, 100));
    await move();
    const { most } = await watched(30);
    expect(most).toBe(4);
    expect(zones(await group())).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect((await causes(2)).at(-1)).toContain(
      "had 2 2 0 instances respectively. An instance was terminated to aid in balancing the group's zones.",
    );
  });
});

test('a group whose instances are all protected tells that it cannot scale in, once', async () => {
  const before = await made(2, { MinSize: 0, DesiredCapacity: 2, NewInstancesProtectedFromScaleIn: true });
  await update({ DesiredCapacity: 1 });
  await wait(60);
  expect(await group()).toMatchObject({ DesiredCapacity: 1 });
  expect(ids(await group())).toEqual(before);
  const failed = (await activities()).filter(({ StatusCode }) => StatusCode === 'Failed');
  expect(failed).toMatchObject([
    {
      StatusMessage: 'Could not scale to desired capacity because all remaining instances are protected from scale-in.',
      Cause: expect.stringContaining('shrinking the capacity from 2 to 1.'),
    },
  ]);
  await here.region.autoScaling.send(
    new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds: before, ProtectedFromScaleIn: false }),
  );
  await wait(30);
  expect(ids(await group())).toHaveLength(1);
});
