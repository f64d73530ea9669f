/** Auto Scaling groups: made, changed, ended, described; and their desired capacity. */
import type {
  CreateAutoScalingGroupCommandInput,
  DeleteAutoScalingGroupCommandInput,
  DescribeAutoScalingGroupsCommandInput,
  SetDesiredCapacityCommandInput,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { refuseCooling } from './cooldown.ts';
import { checkTargetGroups, refuseUnmodelled, settingsOf, subnetsOf, templateOf } from './group-settings.ts';
import { groupView } from './group-view.ts';
import { hooksOfNew } from './lifecycle-hook.ts';
import { hookKey, hooks } from './lifecycle-state.ts';
import { kick, removeGroup } from './reconcile.ts';
import { refuseWhileRefreshing } from './refresh-state.ts';
import {
  changeGroup,
  everyMemberOf,
  type GroupRecord,
  groupOf,
  groups,
  invalid,
  page,
  pageSize,
  timeText,
} from './state.ts';
import { checkedTags, matchesFilters } from './tags.ts';

export async function createAutoScalingGroup(input: CreateAutoScalingGroupCommandInput, call: Call) {
  const name = input.AutoScalingGroupName ?? '';
  if (!/^[^:\n]{1,255}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'autoScalingGroupName' failed to satisfy constraint: Member must have length between 1 and 255 and must not contain a colon`,
    );
  }
  if (input.MinSize === undefined || input.MaxSize === undefined) {
    throw invalid('MinSize and MaxSize are required to create an AutoScalingGroup.');
  }
  refuseUnmodelled(input);
  refuseTaken(call, name);
  if (!input.LaunchTemplate) {
    throw invalid(
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    );
  }
  const settings = settingsOf(input, {
    min: input.MinSize,
    max: input.MaxSize,
    desired: input.MinSize,
    cooldownSeconds: 300,
    healthCheckType: 'EC2',
    // The API's default; the console's is 300.
    gracePeriodSeconds: 0,
    terminationPolicies: ['Default'],
    protectNew: false,
    serviceLinkedRole: `arn:aws:iam::${call.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  });
  const targetGroups = [...new Set(input.TargetGroupARNs ?? [])];
  await checkTargetGroups(call, targetGroups);
  const record: GroupRecord = {
    name,
    arn: `arn:aws:autoscaling:${call.region}:${call.account}:autoScalingGroup:${call.random.uuid()}:autoScalingGroupName/${name}`,
    createdMs: call.clock.now(),
    ...settings,
    template: await templateOf(call, input.LaunchTemplate),
    subnets: await subnetsOf(call, input.VPCZoneIdentifier, input.AvailabilityZones),
    targetGroups,
    leaving: [],
    tags: checkedTags(call, input.Tags ?? [], name),
    suspended: [],
    metrics: [],
    change: `At ${timeText(call)} a user request created an AutoScalingGroup changing the desired capacity from 0 to ${settings.desired}.`,
  };
  const found = await hooksOfNew(call, record, input.LifecycleHookSpecificationList);
  // Once more: others were heard while this one waited.
  refuseTaken(call, name);
  for (const hook of found) hooks(call).put(hookKey(name, hook.name), hook);
  groups(call).put(name, record);
  kick(call, name);
  return {};
}

function refuseTaken(call: Call, name: string): void {
  const known = groups(call).get(name);
  if (!known) return;
  throw new Fault(
    'AlreadyExists',
    known.deleting
      ? `AutoScalingGroup by this name already exists - A group with the name ${name} is being deleted`
      : `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`,
  );
}

export async function updateAutoScalingGroup(input: UpdateAutoScalingGroupCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  refuseUnmodelled(input);
  const template = input.LaunchTemplate ? await templateOf(call, input.LaunchTemplate) : undefined;
  const places =
    input.VPCZoneIdentifier || input.AvailabilityZones?.length
      ? await subnetsOf(call, input.VPCZoneIdentifier, input.AvailabilityZones)
      : undefined;
  const group = groupOf(call, name);
  refuseDeleting(group);
  if (template) refuseWhileRefreshing(call, name);
  const settings = settingsOf(input, group);
  const { warmupSeconds: _, context: __, maintenance: ___, lifetimeSeconds: ____, ...rest } = group;
  groups(call).put(name, {
    ...rest,
    ...settings,
    ...(template ? { template } : {}),
    ...(places ? { subnets: places } : {}),
    ...(settings.desired === group.desired
      ? {}
      : {
          change: `At ${timeText(call)} a user request update of AutoScalingGroup constraints to min: ${settings.min}, max: ${settings.max}, desired: ${settings.desired} changing the desired capacity from ${group.desired} to ${settings.desired}.`,
        }),
  });
  kick(call, name);
  return {};
}

export function refuseDeleting(group: GroupRecord): void {
  if (!group.deleting) return;
  throw new Fault(
    'ScalingActivityInProgress',
    `You cannot update an AutoScalingGroup while it is being deleted: ${group.name}`,
  );
}

export function deleteAutoScalingGroup(input: DeleteAutoScalingGroupCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const { name } = group;
  const left = everyMemberOf(call, name);
  if (left.length === 0) {
    removeGroup(call, name);
    return {};
  }
  if (!input.ForceDelete) {
    if (left.every(({ lifecycle }) => lifecycle === 'Terminating')) {
      throw new Fault(
        'ScalingActivityInProgress',
        'You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.',
      );
    }
    throw new Fault(
      'ResourceInUse',
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
    );
  }
  changeGroup(call, name, {
    deleting: true,
    min: 0,
    max: 0,
    desired: 0,
    suspended: [],
    change: `At ${timeText(call)} a user request force deleted AutoScalingGroup changing the desired capacity from ${group.desired} to 0.`,
  });
  kick(call, name);
  return {};
}

export function setDesiredCapacity(input: SetDesiredCapacityCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const wanted = input.DesiredCapacity ?? Number.NaN;
  if (!Number.isInteger(wanted) || wanted < 0) throw invalid(`DesiredCapacity must be a whole number, not ${wanted}`);
  setDesired(call, group, wanted, input.HonorCooldown ?? false, 'a user request explicitly set group desired capacity');
  return {};
}

/** What a scaling leaves behind, besides the new capacity. */
interface Aftermath {
  /** Whether a cooldown follows: of target tracking and of steps none does. */
  readonly cools: boolean;
  /** In place of the group's. */
  readonly cooldownSeconds?: number | undefined;
  /** How long what is launched for it warms up, in place of the group's. */
  readonly warmupSeconds?: number | undefined;
}

/** `by` begins the cause: `a user request explicitly set group desired capacity`. */
export function setDesired(
  scope: Scope,
  group: GroupRecord,
  wanted: number,
  honour: boolean,
  by: string,
  { cools, cooldownSeconds, warmupSeconds }: Aftermath = { cools: true },
): void {
  refuseDeleting(group);
  if (wanted > group.max) {
    throw invalid(`New SetDesiredCapacity value ${wanted} is above max value ${group.max} for the AutoScalingGroup.`);
  }
  if (wanted < group.min) {
    throw invalid(`New SetDesiredCapacity value ${wanted} is below min value ${group.min} for the AutoScalingGroup.`);
  }
  if (honour) refuseCooling(scope, group);
  if (wanted === group.desired) return;
  const { launchWarmupSeconds: _, ...now } = groups(scope).get(group.name) ?? group;
  groups(scope).put(group.name, {
    ...now,
    desired: wanted,
    change: `At ${timeText(scope)} ${by} changing the desired capacity from ${group.desired} to ${wanted}.`,
    ...(warmupSeconds === undefined ? {} : { launchWarmupSeconds: warmupSeconds }),
    ...(cools ? { scaledMs: scope.clock.now(), coolingSeconds: cooldownSeconds ?? now.cooldownSeconds } : {}),
  });
  kick(scope, group.name);
}

export function describeAutoScalingGroups(input: DescribeAutoScalingGroupsCommandInput, call: Call) {
  const names = input.AutoScalingGroupNames ?? [];
  const found = [...groups(call).values()].filter(
    (group) => (names.length === 0 || names.includes(group.name)) && matchesFilters(group, input.Filters),
  );
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords));
  const full = input.IncludeInstances ?? true;
  return { AutoScalingGroups: items.map((group) => groupView(call, group, full)), ...next };
}
