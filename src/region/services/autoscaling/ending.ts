/** Taking an instance out: it leaves its target groups, is drained, is terminated, and is forgotten. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { beginActivity, changeActivity, endActivity } from './activity.ts';
import { settleActions, waitFor } from './lifecycle-action.ts';
import type { Journey } from './lifecycle-state.ts';
import type { DescribedHealth } from './shapes.ts';
import { activities, asService, changeMember, type GroupRecord, type MemberRecord, members } from './state.ts';

function journeyOf({ warm }: MemberRecord): Journey {
  const origin = warm ? 'WarmPool' : 'AutoScalingGroup';
  return { transition: 'autoscaling:EC2_INSTANCE_TERMINATING', origin, destination: 'EC2' };
}

/** Returns the activity's id. */
export function beginEnding(scope: Scope, member: MemberRecord, cause: string, sickness?: string): string {
  const { id } = beginActivity(scope, member.group, {
    description: `Terminating EC2 instance: ${member.instanceId}`,
    cause,
    place: { id: member.subnetId, zone: member.zone },
  });
  changeActivity(scope, id, { status: 'InProgress', progress: 0 });
  const now = members(scope).get(member.key);
  if (!now) return id;
  const { wait: _, actions: __, starting: ___, returning: ____, moveKey, ...rest } = now;
  const under = moveKey ?? (now.lifecycle === 'Pending' ? member.key : undefined);
  if (activities(scope).get(under ?? '')?.endedMs === undefined) endActivity(scope, under, 'Cancelled');
  members(scope).put(member.key, {
    ...rest,
    lifecycle: 'Terminating',
    endKey: id,
    ...(sickness === undefined ? {} : { sickness, healthy: false }),
  });
  return id;
}

/** Takes an ending member one step on; true when it is gone. */
export async function continueEnding(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  state: string | undefined,
): Promise<boolean> {
  const { instanceId } = member;
  if (instanceId === undefined) return forget(scope, member);
  const gone = state === undefined || state === 'terminated';
  if (member.ending && !gone) return false;
  const drained = await leaveAll(scope, group, instanceId);
  // What does not run has nothing to finish.
  if (!drained && state === 'running' && !group.deleting) {
    const description = `Terminating EC2 instance: ${instanceId} - Waiting For ELB Connection Draining.`;
    if (activities(scope).get(member.endKey ?? '')?.status !== 'WaitingForELBConnectionDraining') {
      changeActivity(scope, member.endKey, { description, status: 'WaitingForELBConnectionDraining', progress: 50 });
    }
    return false;
  }
  // Also of an instance that is gone: somebody may have to be told of it.
  const forced = group.deleting || (member.warm && group.pool?.deleting);
  if (!member.ending && !forced && !(await hooksPassed(scope, member))) return false;
  if (gone) return forget(scope, member);
  changeActivity(scope, member.endKey, {
    description: `Terminating EC2 instance: ${instanceId}`,
    status: 'InProgress',
    progress: 60,
  });
  if (state !== 'shutting-down') {
    await scope.invoke(asService, 'ec2', 'TerminateInstances', { InstanceIds: [instanceId] });
  }
  changeMember(scope, member.key, { ending: true });
  return false;
}

/** Whatever their results, the instance ends; the first that abandons ends the wait for the others. */
async function hooksPassed(scope: Scope, member: MemberRecord): Promise<boolean> {
  const begun = member.wait ? member : changeMember(scope, member.key, waitFor(scope, member.group, journeyOf(member)));
  if (!begun?.wait) return true;
  changeActivity(scope, member.endKey, { description: `Terminating EC2 instance: ${member.instanceId}` });
  return (await settleActions(scope, begun, member.endKey ?? '')) !== 'waiting';
}

function forget(scope: Scope, member: MemberRecord): boolean {
  endActivity(scope, member.endKey, 'Successful', {
    description: `Terminating EC2 instance: ${member.instanceId}`,
  });
  members(scope).delete(member.key);
  return true;
}

/** Deregisters an instance from the group's target groups; true when none knows it any more. */
export async function leaveAll(scope: Scope, group: GroupRecord, instanceId: string): Promise<boolean> {
  const gone = await Promise.all([...group.targetGroups, ...group.leaving].map((arn) => leave(scope, arn, instanceId)));
  return gone.every(Boolean);
}

/** Deregisters an instance from one target group; true when the group does not know it any more. */
export async function leave(scope: Scope, arn: string, instanceId: string): Promise<boolean> {
  const health = await targetHealth(scope, arn);
  const mine = health.filter(({ Target }) => Target.Id === instanceId);
  for (const { Target, TargetHealth } of mine) {
    if (TargetHealth.State === 'draining') continue;
    await scope.invoke(asService, 'elasticloadbalancing', 'DeregisterTargets', {
      TargetGroupArn: arn,
      Targets: [{ Id: Target.Id, Port: Target.Port }],
    });
  }
  if (mine.length === 0) return true;
  // Without a balancer there is nothing to drain.
  const after = await targetHealth(scope, arn);
  return !after.some(({ Target }) => Target.Id === instanceId);
}

/** Empty for a target group that is gone. */
export async function targetHealth(scope: Scope, arn: string): Promise<DescribedHealth['TargetHealthDescriptions']> {
  try {
    const found = await scope.invoke<DescribedHealth>(asService, 'elasticloadbalancing', 'DescribeTargetHealth', {
      TargetGroupArn: arn,
    });
    return found.TargetHealthDescriptions;
  } catch (error) {
    if (error instanceof Fault && error.code.startsWith('TargetGroupNotFound')) return [];
    throw error;
  }
}
