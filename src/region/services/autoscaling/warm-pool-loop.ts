/**
 * What the loop of a group does with its warm pool: keeps it at its size, brings new instances to rest, takes them into
 * the group when it grows, and back when it shrinks.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html
 * Descriptions of launches into and from the pool are AWS's; causes that the guide does not show are the model's own.
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { beginActivity, changeActivity, endActivity } from './activity.ts';
import { arrive, giveUp } from './arrival.ts';
import { nextPlace, nextVictim } from './choose.ts';
import { beginEnding, leaveAll } from './ending.ts';
import { sicknesses } from './health.ts';
import { addMember, failLaunch, policyWarmup, templateNow } from './launch.ts';
import { settleActions, waitFor } from './lifecycle-action.ts';
import { isStale, launchingGroup } from './refresh-state.ts';
import {
  asService,
  changeGroup,
  changeMember,
  type GroupRecord,
  groups,
  isSuspended,
  type MemberRecord,
  members,
  poolOf,
  timeText,
} from './state.ts';

const launching = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const terminating = 'autoscaling:EC2_INSTANCE_TERMINATING';
const gone = (state: string | undefined) => state === undefined || state === 'terminated' || state === 'shutting-down';

/** How many the pool shall hold: up to the prepared capacity, which is the group's maximum unless it was set. */
export function wantedInPool({ pool, max, desired, deleting }: GroupRecord): number {
  if (!pool || pool.deleting || deleting) return 0;
  return Math.max(pool.min, (pool.prepared ?? max) - desired);
}

/**
 * Launches what the pool lacks and ends what it has too many.
 * @param mayLaunch not while launches fail
 * @param avoid zones where launches failed of late
 */
export async function adjustPool(
  scope: Scope,
  name: string,
  mayLaunch: boolean,
  avoid: ReadonlySet<string>,
): Promise<void> {
  const group = groups(scope).get(name);
  if (!group) return;
  const all = poolOf(scope, name);
  const have = all.filter(({ lifecycle }) => lifecycle !== 'Terminating');
  const missing = wantedInPool(group) - have.length;
  if (missing > 0 && mayLaunch && !isSuspended(group, 'Launch')) await fill(scope, group, have, missing, avoid);
  if (missing < 0 && !isSuspended(group, 'Terminate')) thin(scope, group, have, -missing);
  if (all.length > 0 || !groups(scope).get(name)?.pool?.deleting) return;
  changeGroup(scope, name, { pool: undefined } as unknown as Partial<GroupRecord>);
}

async function fill(
  scope: Scope,
  given: GroupRecord,
  have: readonly MemberRecord[],
  missing: number,
  avoid: ReadonlySet<string>,
): Promise<void> {
  const group = launchingGroup(scope, given);
  const template = await templateNow(scope, group);
  const places: { zone: string; subnetId: string }[] = [...have];
  for (let n = 0; n < missing; n++) {
    const place = nextPlace(group.subnets, places, avoid);
    if (!place) return;
    places.push({ zone: place.zone, subnetId: place.id });
    const cause = `At ${timeText(scope)} an instance was launched into the warm pool in response to a difference between its desired and actual capacity, increasing the warm pool from ${have.length} to ${have.length + missing}.`;
    addMember(scope, group, template, place, cause, { warm: true });
  }
}

/** By the default termination policy, whatever the group's is. */
function thin(scope: Scope, group: GroupRecord, have: readonly MemberRecord[], excess: number): void {
  let all = have
    .filter(({ instanceId }) => instanceId !== undefined)
    .map((member) => ({
      ...member,
      templateAge: member.templateId === group.template.id ? Number(member.templateVersion) : -1,
    }));
  for (let n = 0; n < excess; n++) {
    const victim = nextVictim(group.subnets, all, all, ['Default'], scope.clock.now(), () => scope.random.next());
    const member = members(scope).get(victim?.key ?? '');
    if (!victim || !member) return;
    all = all.filter(({ key }) => key !== victim.key);
    const cause = `At ${timeText(scope)} an instance was taken out of the warm pool in response to a difference between its desired and actual capacity, shrinking the warm pool from ${have.length} to ${have.length - excess}.`;
    beginEnding(scope, member, cause);
  }
}

/** Takes an instance of the pool one step on towards its rest, or sees whether it rests as it shall. */
export async function settleWarm(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  state: string | undefined,
): Promise<'abandoned' | undefined> {
  if (member.instanceId === undefined) return undefined;
  if (member.lifecycle !== 'Pending') {
    checkRest(scope, group, member, state);
    return undefined;
  }
  if (gone(state)) {
    lose(scope, member, `Instance became unhealthy while waiting for instance to be in the warm pool.`);
    return undefined;
  }
  if (member.returning && !(await setOut(scope, group, member, state))) return undefined;
  const now = members(scope).get(member.key);
  if (!now || state === 'pending') return undefined;
  const outcome = await settleActions(scope, now, now.moveKey ?? now.key);
  if (outcome === 'waiting') return undefined;
  if (outcome === 'passed') {
    await bringToRest(scope, group, now, state);
    return undefined;
  }
  giveUp(scope, now, `Instance failed to complete user's Lifecycle Action: ${outcome.abandoned}`, 'Cancelled');
  return 'abandoned';
}

/** An instance that comes back is drained, and then waits for the hooks of terminations. */
async function setOut(scope: Scope, group: GroupRecord, member: MemberRecord, state: string | undefined) {
  const drained = await leaveAll(scope, group, member.instanceId ?? '');
  if (!drained && state === 'running') return false;
  const journey = { transition: terminating, origin: 'AutoScalingGroup', destination: 'WarmPool' } as const;
  if (member.wait === undefined) changeMember(scope, member.key, waitFor(scope, group.name, journey));
  return true;
}

async function bringToRest(scope: Scope, group: GroupRecord, member: MemberRecord, state: string | undefined) {
  const rest = group.pool?.state ?? 'Stopped';
  if (rest === 'Stopped' && state === 'running') {
    await scope.invoke(asService, 'ec2', 'StopInstances', { InstanceIds: [member.instanceId] });
    return;
  }
  if (state !== rest.toLowerCase()) return;
  const now = members(scope).get(member.key);
  if (now?.lifecycle !== 'Pending') return;
  const { wait: _, returning: __, moveKey = now.key, ...kept } = now;
  members(scope).put(now.key, { ...kept, lifecycle: rest });
  endActivity(scope, moveKey, 'Successful');
}

/** There is no grace period: https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pools-health-checks-monitor-view-status.html */
function checkRest(scope: Scope, group: GroupRecord, member: MemberRecord, state: string | undefined): void {
  if (member.lifecycle !== 'Stopped' && member.lifecycle !== 'Running') return;
  const sound = member.lifecycle === 'Running' ? state === 'running' : !gone(state);
  if (!sound && !isSuspended(group, 'HealthCheck')) {
    changeMember(scope, member.key, { healthy: false, sickness: sicknesses.notRunning });
  }
  const now = members(scope).get(member.key);
  if (!now || now.healthy || isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate')) return;
  const cause = `At ${timeText(scope)} an instance was taken out of service in response to ${now.sickness}.`;
  beginEnding(scope, now, cause);
}

function lose(scope: Scope, member: MemberRecord, message: string): void {
  if (member.moveKey === undefined) {
    failLaunch(scope, member, message);
    return;
  }
  endActivity(scope, member.moveKey, 'Failed', { message });
  members(scope).delete(member.key);
}

/** Takes a ready instance into the group, of this zone where there is one. False when there is none. */
export function takeWarm(scope: Scope, group: GroupRecord, zone: string, cause: string): MemberRecord | undefined {
  const ready = poolOf(scope, group.name).filter(
    (one) => one.healthy && (one.lifecycle === 'Stopped' || one.lifecycle === 'Running') && !isStale(scope, one),
  );
  const member = ready.find((one) => one.zone === zone) ?? ready[0];
  if (!member || group.pool?.deleting) return undefined;
  const { id: moveKey } = beginActivity(scope, group.name, {
    description: `Launching a new EC2 instance from warm pool: ${member.instanceId}`,
    cause,
    place: { id: member.subnetId, zone: member.zone },
  });
  changeActivity(scope, moveKey, { progress: 30 });
  const { warm: _, ...rest } = member;
  const taken: MemberRecord = {
    ...rest,
    lifecycle: 'Pending',
    moveKey,
    starting: true,
    protectedFromScaleIn: group.protectNew,
    ...policyWarmup(group),
    ...waitFor(scope, group.name, { transition: launching, origin: 'WarmPool', destination: 'AutoScalingGroup' }),
  };
  members(scope).put(member.key, taken);
  return taken;
}

/** Takes an instance that left the pool one step on towards service. */
export async function continueStart(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  state: string | undefined,
): Promise<'waiting' | 'arrived' | 'abandoned' | 'refused'> {
  if (state === 'running') return arrive(scope, group, member, state);
  if (state === 'stopped') {
    try {
      await scope.invoke(asService, 'ec2', 'StartInstances', { InstanceIds: [member.instanceId] });
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'InsufficientInstanceCapacity') throw error;
      giveUp(scope, member, `${error.message} Launching EC2 instance failed.`, 'Failed');
      return 'refused';
    }
  } else if (gone(state)) {
    lose(scope, member, `Instance became unhealthy while waiting for instance to be in InService state.`);
  }
  return 'waiting';
}

export function reuses({ pool, deleting }: GroupRecord): boolean {
  return pool !== undefined && pool.reuse && !pool.deleting && !deleting;
}

/** Back into the pool instead of an end. */
export function returnToPool(scope: Scope, member: MemberRecord, cause: string): void {
  const { id: moveKey } = beginActivity(scope, member.group, {
    description: `Returning EC2 instance to warm pool: ${member.instanceId}`,
    cause,
    place: { id: member.subnetId, zone: member.zone },
  });
  changeActivity(scope, moveKey, { status: 'InProgress', progress: 0 });
  const now = members(scope).get(member.key);
  if (!now) return;
  const { wait: _, actions: __, starting: ___, moveKey: before, ...rest } = now;
  const under = before ?? (now.lifecycle === 'Pending' ? now.key : undefined);
  if (now.lifecycle === 'Pending') endActivity(scope, under, 'Cancelled');
  members(scope).put(now.key, { ...rest, lifecycle: 'Pending', warm: true, returning: true, moveKey });
}
