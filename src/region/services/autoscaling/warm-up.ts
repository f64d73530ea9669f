/**
 * Which instances of a group have warmed up. Until then they are no part of the capacity that policies reckon with, hold
 * up what scales in, and are left out of the group's metrics.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
 */
import type { Scope } from '../service.ts';
import { everyMemberOf, type GroupRecord, groups, type MemberRecord, membersOf, type PolicyRecord } from './state.ts';

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
  const all = membersOf(scope, group.name);
  const known = capacities.of(all, group);
  if (known) return known;
  let warm = 0;
  let coming = 0;
  let warming = 0;
  let terminating = 0;
  for (const member of all) {
    const { lifecycle } = member;
    if (lifecycle === 'Terminating') terminating++;
    else if (lifecycle === 'Pending') coming++;
    else if (lifecycle !== 'InService') continue;
    else if (nowMs >= warmMs(group, member)) warm++;
    else warming++;
  }
  const found = { warm, coming: coming + warming, terminating };
  // Else time alone makes it another.
  if (warming === 0) capacities.keep(all, group, found);
  return found;
}

/** What holds of members, which are the same object until one of them changes, for as long as their group is the same. */
class Kept<T> {
  readonly #found = new WeakMap<readonly MemberRecord[], { readonly group: GroupRecord; readonly value: T }>();

  of(members: readonly MemberRecord[], group: GroupRecord): T | undefined {
    const found = this.#found.get(members);
    return found?.group === group ? found.value : undefined;
  }

  keep(members: readonly MemberRecord[], group: GroupRecord, value: T): void {
    this.#found.set(members, { group, value });
  }
}

const capacities = new Kept<Capacity>();
const leftOut = new Kept<readonly string[]>();

/**
 * The instances of groups whose use from then until now is no part of their group's metrics: those that are not in service
 * (they wait for a hook, stand by, end, or are in a warm pool), and those that were not warm by then; of those without a
 * warm-up what is left of the first minute counts.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html#lifecycle-hook-considerations
 */
export function leftOutOfGroupMetrics(scope: Scope, sinceMs: number): ReadonlySet<string> {
  const found = new Set<string>();
  for (const group of groups(scope).values()) for (const id of leftOutOf(scope, group, sinceMs)) found.add(id);
  return found;
}

function leftOutOf(scope: Scope, group: GroupRecord, sinceMs: number): readonly string[] {
  const nowMs = scope.clock.now();
  const all = everyMemberOf(scope, group.name);
  const known = leftOut.of(all, group);
  if (known) return known;
  const found: string[] = [];
  let warming = false;
  for (const member of all) {
    if (member.instanceId === undefined) continue;
    const atMs = warmMs(group, member);
    const counts = sinceMs >= atMs || (atMs === member.inServiceMs && nowMs >= atMs);
    if (!counts) found.push(member.instanceId);
    if (sinceMs < atMs && atMs < Number.POSITIVE_INFINITY) warming = true;
  }
  if (!warming) leftOut.keep(all, group, found);
  return found;
}
