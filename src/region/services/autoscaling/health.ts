/**
 * Health checks of a group's instances: EC2's states and status checks, and the balancer's view where the group asks it.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html
 */
import type { Scope } from '../service.ts';
import { targetHealth } from './ending.ts';
import type { InstanceLook } from './instance-look.ts';
import {
  changeGroup,
  changeMember,
  type GroupRecord,
  groups,
  type MemberRecord,
  memberOf,
  members,
  membersOf,
} from './state.ts';

/** What a termination's cause says of each finding. */
export const sicknesses = {
  notRunning: 'an EC2 health check indicating it has been terminated or stopped',
  statusCheck: 'an EC2 instance status checks failure',
  balancer: 'an ELB system health check failure',
  user: 'a user health-check',
} as const;

/** Marks members that are not healthy. `looks` are EC2's, by instance. */
export async function checkHealth(
  scope: Scope,
  group: GroupRecord,
  looks: ReadonlyMap<string, InstanceLook>,
): Promise<void> {
  const serving = membersOf(scope, group.name).filter(({ lifecycle, healthy }) => lifecycle === 'InService' && healthy);
  if (serving.length === 0) return;
  const mature: MemberRecord[] = [];
  for (const member of serving) {
    // Even within the grace period.
    if (looks.get(member.instanceId ?? '')?.state !== 'running') markSick(scope, member, sicknesses.notRunning);
    else if (!inGrace(scope, group, member)) mature.push(member);
  }
  await noteServed(scope, group);
  if (mature.length === 0) return;
  for (const member of mature) {
    if (looks.get(member.instanceId ?? '')?.impaired) markSick(scope, member, sicknesses.statusCheck);
  }
  if (!group.healthCheckType.split(',').includes('ELB')) return;
  const served = groups(scope).get(group.name)?.served ?? [];
  for (const arn of group.targetGroups) {
    if (!served.includes(arn)) continue;
    for (const { Target, TargetHealth } of await targetHealth(scope, arn)) {
      if (TargetHealth.State !== 'unhealthy') continue;
      const member = mature.find(({ instanceId }) => instanceId === Target.Id);
      if (member) markSick(scope, member, sicknesses.balancer);
    }
  }
}

/**
 * A target group in which nothing was ever healthy (its check may be wrong) has nothing replaced.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/load-balancer-status.html
 */
async function noteServed(scope: Scope, group: GroupRecord): Promise<void> {
  for (const arn of group.targetGroups) {
    if (group.served?.includes(arn)) continue;
    const found = await targetHealth(scope, arn);
    const healthy = found.some(
      ({ Target, TargetHealth }) =>
        TargetHealth.State === 'healthy' && memberOf(scope, Target.Id)?.group === group.name,
    );
    const served = groups(scope).get(group.name)?.served ?? [];
    if (healthy) changeGroup(scope, group.name, { served: [...served, arn] });
  }
}

/** The grace period counts from when the instance came into service. */
export function inGrace(scope: Scope, group: GroupRecord, member: MemberRecord): boolean {
  return scope.clock.now() < (member.inServiceMs ?? scope.clock.now()) + group.gracePeriodSeconds * 1000;
}

function markSick(scope: Scope, member: MemberRecord, sickness: string): void {
  const now = members(scope).get(member.key);
  if (!now?.healthy || now.lifecycle !== 'InService') return;
  changeMember(scope, member.key, { healthy: false, sickness });
  scope.note({
    source: 'autoscaling',
    kind: 'unhealthy',
    text: `${member.instanceId} of ${member.group} is unhealthy: ${sickness}`,
    data: { group: member.group, instanceId: member.instanceId },
  });
}
