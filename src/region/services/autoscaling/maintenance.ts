/**
 * What replaces instances by itself: their maximum lifetime, and, where the group has an instance maintenance policy,
 * failed health checks, for which a group without one ends first and launches then.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy-overview-and-considerations.html
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-max-instance-lifetime.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { sicknesses } from './health.ts';
import { type ResolvedTemplate, templateNow } from './launch.ts';
import { activeRefresh, launchingGroup } from './refresh-state.ts';
import { healthyTargets, isWarm, type Launches, launchedAhead, replaceSome, serves } from './replacement.ts';
import { capacityOf, type GroupRecord, groups, isSuspended, type MemberRecord, members, membersOf } from './state.ts';

/** "Several instances might be replaced at once, by up to 10 percent of the current capacity." */
const lifetimeBounds = { min: 90 };

/** An unhealthy instance that its group's policy has replaced; what does not run any more is always replaced at once. */
export function isMaintained(group: GroupRecord, { sickness }: MemberRecord): boolean {
  return group.maintenance !== undefined && sickness !== sicknesses.notRunning;
}

/** True while something of it is under way. */
export async function maintain(scope: Scope, name: string, launches: Launches): Promise<boolean> {
  const before = groups(scope).get(name);
  if (!before || before.deleting || !hasWork(scope, before)) return false;
  const targets = await targetsOf(scope, before);
  const template = launches.allowed ? await templateOrNone(scope, before) : undefined;
  // As it is now, after the questions.
  const group = groups(scope).get(name);
  if (!group || group.deleting) return false;
  const isReady = (member: MemberRecord) =>
    (targets ? serves(member, targets) : member.lifecycle === 'InService' && member.healthy) &&
    isWarm(scope, member, group.warmupSeconds ?? 0);
  const shared = { isReady, template, avoid: launches.avoid };
  const sick = sickOf(scope, group);
  if (sick.length > 0 && group.maintenance) {
    replaceSome(scope, group, {
      ...shared,
      bounds: group.maintenance,
      old: sick,
      most: sick.length,
      reason: 'an unhealthy instance needing to be replaced',
      because: ({ sickness }) => sickness,
    });
  }
  const expired = expiredOf(scope, group);
  if (expired.length > 0) {
    replaceSome(scope, group, {
      ...shared,
      bounds: group.maintenance ?? lifetimeBounds,
      old: expired,
      most: expired.length,
      // AWS documents no words for it.
      reason: 'the maximum instance lifetime',
    });
  }
  keepRecovered(scope, group);
  return true;
}

/** What is to be replaced no more (it is healthy again) has no successor: the group has one too many, as any may go. */
function keepRecovered(scope: Scope, group: GroupRecord): void {
  const there = capacityOf(scope, group.name);
  const expired = new Set(expiredOf(scope, group).map(({ key }) => key));
  const refreshed = activeRefresh(scope, group.name)?.old ?? [];
  for (const { replaces, ...successor } of there) {
    const old = there.find(({ key }) => key === replaces);
    if (!old?.healthy || expired.has(old.key) || refreshed.includes(old.key)) continue;
    members(scope).put(successor.key, successor);
  }
}

const hasWork = (scope: Scope, group: GroupRecord) =>
  sickOf(scope, group).length > 0 || expiredOf(scope, group).length > 0 || launchedAhead(scope, group.name) > 0;

function sickOf(scope: Scope, group: GroupRecord): MemberRecord[] {
  if (!group.maintenance || isSuspended(group, 'ReplaceUnhealthy')) return [];
  return membersOf(scope, group.name).filter(
    (member) => member.lifecycle === 'InService' && !member.healthy && isMaintained(group, member),
  );
}

/** A refresh replaces them anyway; protection keeps them for as long as it lasts. */
function expiredOf(scope: Scope, group: GroupRecord): MemberRecord[] {
  const { lifetimeSeconds } = group;
  if (lifetimeSeconds === undefined || activeRefresh(scope, group.name)) return [];
  return membersOf(scope, group.name).filter(
    ({ lifecycle, healthy, protectedFromScaleIn, inServiceMs = Number.POSITIVE_INFINITY }) =>
      lifecycle === 'InService' &&
      healthy &&
      !protectedFromScaleIn &&
      scope.clock.now() >= inServiceMs + lifetimeSeconds * 1000,
  );
}

/** Undefined where the group's health checks do not ask the balancer. */
async function targetsOf(scope: Scope, group: GroupRecord): Promise<ReadonlySet<string> | undefined> {
  return group.healthCheckType.split(',').includes('ELB') ? await healthyTargets(scope, group) : undefined;
}

async function templateOrNone(scope: Scope, group: GroupRecord): Promise<ResolvedTemplate | undefined> {
  try {
    return await templateNow(scope, launchingGroup(scope, group));
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
