/**
 * Which instances of a group have warmed up. Until then they are no part of the capacity that policies reckon with, hold
 * up what scales in, and are left out of the group's metrics.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
 */
import type { Scope } from '../service.ts';
import {
  capacityOf,
  type GroupRecord,
  groups,
  type MemberRecord,
  members,
  membersOf,
  type PolicyRecord,
} from './state.ts';

/**
 * Of instances that this policy launches: what it says itself, else the group's, else the default cooldown.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
 */
export function warmupOf(group: GroupRecord, { settings }: PolicyRecord): number {
  return settings.EstimatedInstanceWarmup ?? group.warmupSeconds ?? group.cooldownSeconds;
}

/** When it is warm, once it is in service. One that no policy launched warms up only where the group has a default. */
function warmMs(group: GroupRecord, { lifecycle, inServiceMs, warmupSeconds }: MemberRecord): number {
  if (lifecycle !== 'InService' || inServiceMs === undefined) return Number.POSITIVE_INFINITY;
  return inServiceMs + (warmupSeconds ?? group.warmupSeconds ?? 0) * 1000;
}

export interface Capacity {
  /** In service and warm. */
  readonly warm: number;
  /** In service and warming up, or on the way there: a scale-out is in progress. */
  readonly coming: number;
  /** They count as capacity when it is about how many more may go. */
  readonly terminating: number;
}

export function capacityNow(scope: Scope, group: GroupRecord): Capacity {
  const nowMs = scope.clock.now();
  let warm = 0;
  let coming = 0;
  let terminating = 0;
  for (const member of capacityOf(scope, group.name)) {
    if (nowMs >= warmMs(group, member)) warm++;
    else coming++;
  }
  for (const { lifecycle } of membersOf(scope, group.name)) if (lifecycle.startsWith('Terminating')) terminating++;
  return { warm, coming, terminating };
}

/**
 * The instances of groups whose use from then until now is no part of their group's metrics: those that are not in service
 * (they wait for a hook, stand by, end, or are in a warm pool), and those that were not warm by then; of those without a
 * warm-up what is left of the first minute counts.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html#lifecycle-hook-considerations
 */
export function leftOutOfGroupMetrics(scope: Scope, sinceMs: number): ReadonlySet<string> {
  const nowMs = scope.clock.now();
  const found = new Set<string>();
  for (const member of members(scope).values()) {
    const group = groups(scope).get(member.group);
    if (!group || member.instanceId === undefined) continue;
    const atMs = warmMs(group, member);
    const counts = sinceMs >= atMs || (atMs === member.inServiceMs && nowMs >= atMs);
    if (!counts) found.add(member.instanceId);
  }
  return found;
}
