/**
 * Which instance goes when there are too many, and how the zones are balanced: AWS's words, and what comes first.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage
 */
import type { Scope } from '../service.ts';
import { beginActivity, endActivity } from './activity.ts';
import { countByZone, nextVictim } from './choose.ts';
import { beginEnding } from './ending.ts';
import { ends, launches } from './replacement-pace.ts';
import { activities, type GroupRecord, type MemberRecord, members, timeText } from './state.ts';

/** By the termination policies; undefined when all that are left are protected. */
export function pickVictim(scope: Scope, group: GroupRecord, all: readonly MemberRecord[]): MemberRecord | undefined {
  const aged = all
    .filter(({ instanceId }) => instanceId !== undefined)
    .map((member) => ({
      ...member,
      templateAge: member.templateId === group.template.id ? Number(member.templateVersion) : -1,
    }));
  // A forced deletion ends them all.
  const free = aged.filter(({ protectedFromScaleIn }) => !protectedFromScaleIn || group.deleting);
  const victim = nextVictim(group.subnets, aged, free, group.terminationPolicies, scope.clock.now(), () =>
    scope.random.next(),
  );
  return members(scope).get(victim?.key ?? '');
}

/**
 * The desired capacity stays as it was changed, though nothing can be ended.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
 */
export function tellProtected(scope: Scope, group: GroupRecord, cause: string): void {
  const [place] = group.subnets;
  if (!place) return;
  const message = 'Could not scale to desired capacity because all remaining instances are protected from scale-in.';
  const { id } = beginActivity(scope, group.name, { description: message, cause, place });
  endActivity(scope, id, 'Failed', { message });
}

const balancing = "to aid in balancing the group's zones.";

function countsText(group: GroupRecord, have: readonly MemberRecord[]): string {
  const counts = countByZone(group.subnets, have);
  return `availability zones ${[...counts.keys()].join(' ')} had ${[...counts.values()].join(' ')} instances respectively.`;
}

/** Of the launch of one more, in the zone that has too few. */
export function balancingCause(scope: Scope, group: GroupRecord, have: readonly MemberRecord[]): string {
  return `At ${timeText(scope)} ${countsText(group, have)} An instance was launched ${balancing}`;
}

/** What precedes the cause of the end of the one that is then too many; nothing where none is for that reason. */
export function balancedText(scope: Scope, have: readonly MemberRecord[]): string {
  const forZones = have.filter(({ key }) => activities(scope).get(key)?.cause.endsWith(balancing));
  const newest = forZones.sort((a, b) => b.launchedMs - a.launchedMs)[0];
  if (!newest) return '';
  return `At ${timeText(scope)} instances were launched to balance instances in zones ${newest.zone} with other zones resulting in more than desired number of instances in the group.  `;
}

/**
 * Where the group's instance maintenance policy has room below its desired capacity and none above, one ends first.
 * True when it did; AWS documents no words for it.
 */
export function endedFirst(scope: Scope, group: GroupRecord, have: readonly MemberRecord[]): boolean {
  if (!group.maintenance) return false;
  const { desired } = group;
  const capacity = have.length;
  if (launches(group.maintenance, { desired, capacity, waiting: 1 }) > 0) return false;
  const standing = { desired, capacity, ready: capacity, old: 1, oldUnready: 0, ahead: 0, succeeded: 0 };
  if (ends(group.maintenance, standing) === 0) return false;
  const victim = pickVictim(scope, group, have);
  if (victim) {
    const cause = `At ${timeText(scope)} ${countsText(group, have)} An instance was terminated ${balancing}`;
    beginEnding(scope, victim, cause);
  }
  return true;
}
