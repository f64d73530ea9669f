/**
 * Replacing instances without a gap: a successor may be launched ahead of the one it replaces, which is ended when the
 * successor is ready. Instance refreshes, instance maintenance policies and maximum lifetimes are all done by it.
 */
import type { Scope } from '../service.ts';
import { nextPlace, nextVictim } from './choose.ts';
import { beginEnding, targetHealth } from './ending.ts';
import { addMember, type ResolvedTemplate } from './launch.ts';
import { launchingGroup } from './refresh-state.ts';
import { ends, type HealthyBounds, launches } from './replacement-pace.ts';
import {
  capacityOf,
  changeMember,
  type GroupRecord,
  isSuspended,
  type MemberRecord,
  membersOf,
  restlessOf,
  timeText,
} from './state.ts';

/** How many the group has above its desired capacity, as successors of members that are still there. */
export function launchedAhead(scope: Scope, group: string): number {
  // Most of the time there are none.
  if (!restlessOf(scope, group).some(({ replaces }) => replaces !== undefined)) return 0;
  const there = capacityOf(scope, group);
  const keys = new Set(there.map(({ key }) => key));
  return there.filter(({ replaces }) => replaces !== undefined && keys.has(replaces)).length;
}

/** Instances that each of the group's target groups finds healthy, or has no balancer that would look. */
export async function healthyTargets(scope: Scope, group: GroupRecord): Promise<Set<string>> {
  const healthy = new Set(membersOf(scope, group.name).flatMap(({ instanceId }) => instanceId ?? []));
  // Who adds them by hand sees to their health.
  if (isSuspended(group, 'AddToLoadBalancer')) return healthy;
  for (const arn of group.targetGroups) {
    const found = await targetHealth(scope, arn);
    for (const id of [...healthy]) {
      const mine = found.filter(({ Target }) => Target.Id === id);
      if (mine.length === 0 || mine.some(({ TargetHealth: { State } }) => State !== 'healthy' && State !== 'unused')) {
        healthy.delete(id);
      }
    }
  }
  return healthy;
}

/** In service and healthy, for the target groups, too. */
export function serves({ lifecycle, healthy, instanceId }: MemberRecord, targets: ReadonlySet<string>): boolean {
  return lifecycle === 'InService' && healthy && targets.has(instanceId ?? '');
}

export function isWarm(scope: Scope, { inServiceMs }: MemberRecord, warmupSeconds: number): boolean {
  return inServiceMs !== undefined && scope.clock.now() >= inServiceMs + warmupSeconds * 1000;
}

export interface Launches {
  /** False for a while after a launch failed. */
  readonly allowed: boolean;
  readonly avoid: ReadonlySet<string>;
}

export interface Replacement {
  readonly bounds: HealthyBounds;
  /** Those that may be replaced now, at most `most` of them. */
  readonly old: readonly MemberRecord[];
  readonly most: number;
  readonly isReady: (member: MemberRecord) => boolean;
  /** In the words of causes: `an instance refresh`. */
  readonly reason: string;
  /** What a cause says of an old one's end, instead of the reason: `an ELB system health check failure`. */
  readonly because?: (member: MemberRecord) => string | undefined;
  /** Undefined while nothing may be launched. */
  readonly template: ResolvedTemplate | undefined;
  readonly avoid: ReadonlySet<string>;
}

/** Launches and ends what may be now. True when it did anything. */
export function replaceSome(scope: Scope, group: GroupRecord, replacement: Replacement): boolean {
  const { bounds, old, most, isReady, template } = replacement;
  const there = capacityOf(scope, group.name);
  // In standby it serves nobody, and is none of the capacity.
  const idle = old.filter(({ key }) => !there.some((one) => one.key === key));
  const leaving = isSuspended(group, 'Terminate') ? [] : idle.slice(0, Math.max(0, most));
  for (const member of leaving) endReplaced(scope, member, replacement);
  const replaced = new Set(there.flatMap(({ replaces }) => replaces ?? []));
  const succeeded = new Set(there.filter(isReady).flatMap(({ replaces }) => replaces ?? []));
  const rank = (member: MemberRecord) => {
    if (!isReady(member)) return succeeded.has(member.key) ? 0 : 1;
    return replaced.has(member.key) ? 2 : 3;
  };
  const serving = old.filter((member) => !idle.includes(member));
  const ordered = inOrder(scope, group, serving, there, rank).slice(0, Math.max(0, most));
  const unready = ordered.filter((member) => !isReady(member));
  const { desired } = group;
  const end = ends(bounds, {
    desired,
    capacity: there.length,
    ready: there.filter(isReady).length,
    old: ordered.length,
    oldUnready: unready.length,
    ahead: ordered.filter(({ key }) => replaced.has(key)).length,
    succeeded: unready.filter(({ key }) => succeeded.has(key)).length,
  });
  const ending = isSuspended(group, 'Terminate') ? [] : ordered.slice(0, end);
  for (const member of ending) endReplaced(scope, member, replacement);
  if (!template || isSuspended(group, 'Launch')) return ending.length + leaving.length > 0;
  const waiting = ordered.filter((member) => !ending.includes(member) && !replaced.has(member.key));
  // What ends without a successor is launched anew, in its place.
  const capacity = there.length - ending.filter(({ key }) => replaced.has(key)).length;
  const launch = launches(bounds, { desired, capacity, waiting: waiting.length });
  for (const member of waiting.slice(0, launch)) launchAhead(scope, group, member, template, replacement);
  return ending.length + leaving.length + launch > 0;
}

/** Which go first: what serves nobody, what has a successor already, and then as the termination policies say. */
function inOrder(
  scope: Scope,
  group: GroupRecord,
  old: readonly MemberRecord[],
  there: readonly MemberRecord[],
  rank: (member: MemberRecord) => number,
): MemberRecord[] {
  const aged = (member: MemberRecord) => ({ ...member, templateAge: Number(member.templateVersion) });
  const ordered: MemberRecord[] = [];
  let left = [...old];
  while (left.length > 0) {
    const first = Math.min(...left.map(rank));
    const candidates = left.filter((member) => rank(member) === first);
    const all = there.filter(({ key }) => !ordered.some((member) => member.key === key)).map(aged);
    const next = nextVictim(
      group.subnets,
      all,
      candidates.map(aged),
      group.terminationPolicies,
      scope.clock.now(),
      // Always the same of those that are equal: asked again, it does not take others.
      () => 0,
    );
    const found = left.find(({ key }) => key === next?.key);
    if (!found) break;
    ordered.push(found);
    left = left.filter(({ key }) => key !== found.key);
  }
  return ordered;
}

export function endReplaced(
  scope: Scope,
  member: MemberRecord,
  { reason, because }: Pick<Replacement, 'reason' | 'because'>,
): void {
  const now = timeText(scope);
  const why = because?.(member);
  const cause =
    why === undefined
      ? `At ${now} an instance was taken out of service in response to ${reason}.  At ${now} instance ${member.instanceId} was selected for termination.`
      : `At ${now} an instance was taken out of service in response to ${why}.`;
  const succeeded = capacityOf(scope, member.group).some(({ replaces }) => replaces === member.key);
  beginEnding(scope, member, cause, why);
  changeMember(scope, member.key, { replacedFor: reason, ...(succeeded ? { replaced: true } : {}) });
}

function launchAhead(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  template: ResolvedTemplate,
  { reason, avoid }: Replacement,
): void {
  const others = capacityOf(scope, group.name).filter(({ key }) => key !== member.key);
  const place = nextPlace(group.subnets, others, avoid);
  if (!place) return;
  const cause = `At ${timeText(scope)} an instance was launched in response to ${reason}.`;
  addMember(scope, launchingGroup(scope, group), template, place, cause, { replaces: member.key });
}
