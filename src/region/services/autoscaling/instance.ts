/** Instances of groups: described, called unhealthy, protected, ended by request. */
import type {
  AutoScalingInstanceDetails,
  DescribeAutoScalingInstancesCommandInput,
  SetInstanceHealthCommandInput,
  SetInstanceProtectionCommandInput,
  TerminateInstanceInAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { activityView } from './activity.ts';
import { beginEnding } from './ending.ts';
import { instanceView } from './group-view.ts';
import { inGrace, sicknesses } from './health.ts';
import { kick } from './reconcile.ts';
import {
  activities,
  changeGroup,
  changeMember,
  groupOf,
  groups,
  invalid,
  type Lifecycle,
  type MemberRecord,
  memberOf,
  members,
  page,
  pageSize,
  timeText,
} from './state.ts';

export function describeAutoScalingInstances(input: DescribeAutoScalingInstancesCommandInput, call: Call) {
  const ids = input.InstanceIds ?? [];
  const found = [...members(call).values()].filter(
    ({ instanceId }) => instanceId !== undefined && (ids.length === 0 || ids.includes(instanceId)),
  );
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords, 50));
  return { AutoScalingInstances: items.map(detailsOf), ...next };
}

function detailsOf(member: MemberRecord): AutoScalingInstanceDetails {
  const { HealthStatus, ...view } = instanceView(member, member.instanceId ?? '');
  // This operation says it in capitals.
  return { ...view, AutoScalingGroupName: member.group, HealthStatus: HealthStatus?.toUpperCase() };
}

function needMember(call: Call, instanceId: string | undefined): MemberRecord {
  const found = memberOf(call, instanceId);
  if (found) return found;
  throw invalid(`Instance Id not found - No managed instance found for instance ID: ${instanceId}`);
}

export function setInstanceHealth(input: SetInstanceHealthCommandInput, call: Call) {
  const member = needMember(call, input.InstanceId);
  const { HealthStatus: status } = input;
  if (status !== 'Healthy' && status !== 'Unhealthy') throw invalid(`Invalid HealthStatus: ${status}`);
  const group = groupOf(call, member.group);
  if (status === 'Healthy') {
    const { sickness: _, ...rest } = member;
    members(call).put(member.key, { ...rest, healthy: true });
  } else if (!(input.ShouldRespectGracePeriod ?? true) || !inGrace(call, group, member)) {
    changeMember(call, member.key, { healthy: false, sickness: sicknesses.user });
    kick(call, member.group);
  }
  return {};
}

export function setInstanceProtection(input: SetInstanceProtectionCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const chosen = (input.InstanceIds ?? []).map((id) => needMember(call, id));
  for (const member of chosen) {
    if (member.group !== group.name) {
      throw invalid(`The instance ${member.instanceId} is not part of Auto Scaling group ${group.name}.`);
    }
    if (member.warm || !['InService', 'EnteringStandby', 'Standby'].includes(member.lifecycle)) {
      throw invalid(`The instance ${member.instanceId} is not in InService or EnteringStandby or Standby.`);
    }
  }
  for (const { key } of chosen) {
    changeMember(call, key, { protectedFromScaleIn: input.ProtectedFromScaleIn ?? false });
  }
  return {};
}

export function terminateInstanceInAutoScalingGroup(
  input: TerminateInstanceInAutoScalingGroupCommandInput,
  call: Call,
) {
  const member = needMember(call, input.InstanceId);
  if (member.warm) throw invalid(`The instance ${member.instanceId} is in a warm pool.`);
  if (input.ShouldDecrementDesiredCapacity === undefined) {
    throw invalid('ShouldDecrementDesiredCapacity is required.');
  }
  if (member.lifecycle === 'Terminating') {
    const view = activities(call).get(member.endKey ?? '');
    if (view) return { Activity: activityView(call, view) };
  }
  const group = groupOf(call, member.group);
  const now = timeText(call);
  const taken = `At ${now} instance ${member.instanceId} was taken out of service in response to a user request`;
  let cause = `${taken}.`;
  if (input.ShouldDecrementDesiredCapacity) {
    if (group.desired - 1 < group.min) {
      throw invalid(
        `Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
      );
    }
    cause = `${taken}, shrinking the capacity from ${group.desired} to ${group.desired - 1}.`;
    changeGroup(call, group.name, { desired: group.desired - 1 });
  }
  const id = beginEnding(call, member, cause);
  kick(call, group.name);
  const record = activities(call).get(id);
  if (!record) throw new Fault('InternalFailure', 'The activity is gone.', { status: 500 });
  return { Activity: activityView(call, record) };
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html */
const steadyStates: Readonly<Record<Lifecycle, string>> = {
  Pending: 'InService',
  InService: 'InService',
  Terminating: 'Terminated',
  EnteringStandby: 'Standby',
  Standby: 'Standby',
  Detaching: 'Detached',
  Stopped: 'Warmed:Stopped',
  Running: 'Warmed:Running',
};

function warmState(scope: Scope, { group, lifecycle }: MemberRecord): string {
  if (lifecycle === 'Terminating') return 'Warmed:Terminated';
  return lifecycle === 'Pending'
    ? `Warmed:${groups(scope).get(group)?.pool?.state ?? 'Stopped'}`
    : steadyStates[lifecycle];
}

/** What IMDS says at `autoscaling/target-lifecycle-state`. */
export function targetLifecycleState(scope: Pick<Call, 'table'>, instanceId: string): string | undefined {
  const member = memberOf(scope as Call, instanceId);
  if (!member || !groups(scope as Call).has(member.group)) return undefined;
  return member.warm ? warmState(scope as Call, member) : steadyStates[member.lifecycle];
}
