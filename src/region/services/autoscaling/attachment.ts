/**
 * Instances that somebody else launched, taken into a group; and those of a group, let go.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-instance-asg.html
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/detach-instance-asg.html
 */
import type { AttachInstancesCommandInput, DetachInstancesCommandInput } from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { beginActivity, beginMoves, changeActivity } from './activity.ts';
import { checkInstanceIds, chosenMembers, decrement, resize } from './membership.ts';
import { kick } from './reconcile.ts';
import type { DescribedInstance, DescribedInstances } from './shapes.ts';
import { asService, changeMember, type GroupRecord, groupOf, invalid, memberOf, members, timeText } from './state.ts';

export async function attachInstances(input: AttachInstancesCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const ids = checkInstanceIds(input.InstanceIds);
  refuseMembers(call, ids);
  const found = await described(call, ids);
  checkPlaces(groupOf(call, name), found);
  await checkVpc(call, groupOf(call, name), found);
  const group = groupOf(call, name);
  refuseMembers(call, ids);
  resize(call, name, found.length, 1, 'To attach');
  for (const instance of found) addAttached(call, group, instance);
  kick(call, name);
  return {};
}

function refuseMembers(call: Call, ids: readonly string[]): void {
  for (const id of ids) {
    const member = memberOf(call, id);
    if (member) throw invalid(`Instance ${id} is already part of AutoScalingGroup:${member.group}`);
  }
}

async function described(call: Call, InstanceIds: readonly string[]): Promise<DescribedInstance[]> {
  const { Reservations } = await call
    .invoke<DescribedInstances>(asService, 'ec2', 'DescribeInstances', { InstanceIds })
    .catch((error: unknown) => {
      if (error instanceof Fault) throw invalid(`Invalid Instance ID(s): [${InstanceIds.join(', ')}]`);
      throw error;
    });
  const found = Reservations.flatMap(({ Instances }) => Instances);
  for (const { InstanceId, State } of found) {
    if (State.Name === 'running') continue;
    throw invalid(`Instance ${InstanceId} is not in correct state. Instance(s) must be in 'running' state.`);
  }
  return found;
}

function checkPlaces(group: GroupRecord, found: readonly DescribedInstance[]): void {
  const zones = new Set(group.subnets.map(({ zone }) => zone));
  const other = found.find(({ Placement }) => !zones.has(Placement.AvailabilityZone))?.Placement.AvailabilityZone;
  if (other === undefined) return;
  throw invalid(
    `The availability zone(s) of the instances being attached are not part of this group. Please update AutoScalingGroup with AZs: [${other}]`,
  );
}

async function checkVpc(call: Call, group: GroupRecord, found: readonly DescribedInstance[]): Promise<void> {
  if (group.targetGroups.length === 0) return;
  const { TargetGroups } = await call.invoke<{ TargetGroups: { TargetGroupArn: string; VpcId: string }[] }>(
    asService,
    'elasticloadbalancing',
    'DescribeTargetGroups',
    { TargetGroupArns: [...group.targetGroups] },
  );
  for (const { TargetGroupArn, VpcId } of TargetGroups) {
    const other = found.find((instance) => instance.VpcId !== VpcId);
    if (other) throw invalid(`Instance ${other.InstanceId} is not in the VPC of the target group ${TargetGroupArn}.`);
  }
}

/** It skips the hooks: nobody launches it. */
function addAttached(call: Call, group: GroupRecord, instance: DescribedInstance): void {
  const { InstanceId: instanceId, InstanceType, SubnetId, Placement, LaunchTime, Tags = [] } = instance;
  const tag = (key: string) => Tags.find(({ Key }) => Key === key)?.Value ?? '';
  const templateId = tag('aws:ec2launchtemplate:id');
  const { desired } = groupOf(call, group.name);
  const { id: key } = beginActivity(call, group.name, {
    description: `Attaching an existing EC2 instance: ${instanceId}`,
    cause: `At ${timeText(call)} an instance was added in response to user request. Keeping the capacity at the new ${desired}.`,
    place: { id: SubnetId, zone: Placement.AvailabilityZone },
  });
  changeActivity(call, key, { progress: 30 });
  members(call).put(key, {
    key,
    group: group.name,
    instanceId,
    instanceType: InstanceType,
    zone: Placement.AvailabilityZone,
    subnetId: SubnetId,
    templateId,
    templateName: templateId === group.template.id ? group.template.name : '',
    templateVersion: tag('aws:ec2launchtemplate:version'),
    lifecycle: 'Pending',
    moveKey: key,
    untagged: true,
    healthy: true,
    protectedFromScaleIn: group.protectNew,
    launchedMs: LaunchTime.getTime(),
  });
}

export function detachInstances(input: DetachInstancesCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const step = decrement(input.ShouldDecrementDesiredCapacity);
  const chosen = chosenMembers(call, group, input.InstanceIds, ['InService', 'Standby']);
  const ends = resize(call, group.name, chosen.length, step, 'To detach');
  const Activities = beginMoves(call, chosen, {
    description: 'Detaching EC2 instance',
    cause: 'was detached in response to a user request',
    ends,
    changes: { status: 'InProgress', progress: 50 },
    begin: ({ key }, moveKey) => changeMember(call, key, { lifecycle: 'Detaching', moveKey }),
  });
  kick(call, group.name);
  return { Activities };
}
