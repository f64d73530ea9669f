/**
 * The loop of each group: makes what is there into what is desired. It runs on each change of the group, of its machines
 * and of its targets' health, every second while something is under way, and as often as EC2 checks statuses otherwise.
 * Everything it does is in the tables first, so that it goes on after a restart.
 */
import type { Timer } from '../../clock/clock.ts';
import type { Planes } from '../../traffic/planes.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { arrive, giveUp } from './arrival.ts';
import { adjustCapacity } from './capacity.ts';
import { continueDeparture } from './departure.ts';
import { beginEnding, continueEnding, leave, targetHealth } from './ending.ts';
import { checkHealth } from './health.ts';
import { type InstanceLook, lookAtInstances } from './instance-look.ts';
import { failLaunch, launchMember } from './launch.ts';
import { nextDeadlineMs } from './lifecycle-action.ts';
import { hookKey, hooks, hooksOf } from './lifecycle-state.ts';
import { isMaintained, maintain } from './maintenance.ts';
import { tagAttached } from './membership-tag.ts';
import { stepRefresh } from './refresh-loop.ts';
import { nextRefreshLookMs, refreshes } from './refresh-state.ts';
import { scheduledActions, scheduledKey, scheduledOf } from './scheduled-state.ts';
import {
  activities,
  capacityOf,
  changeGroup,
  everyMemberOf,
  groups,
  isSuspended,
  type MemberRecord,
  memberOf,
  members,
  membersOf,
  policies,
  restlessOf,
  timeText,
} from './state.ts';
import { deleteAlarms } from './tracking-alarms.ts';
import { adjustPool, continueStart, settleWarm } from './warm-pool-loop.ts';

const busyEveryMs = 1_000;
/** Changes are told of; this is for those that were missed. */
const idleEveryMs = 60_000;
const firstBackoffMs = 5_000;
const longestBackoffMs = 60_000;
/** AWS documents that a zone which "recovers" has instances launched again, and not how soon it is tried. */
const avoidZoneMs = 180_000;

interface Loop {
  running: boolean;
  again: boolean;
  timer: Timer | undefined;
  /** After failed launches: not before this time, and not in these zones while there are others until these times. */
  failures: number;
  notBeforeMs: number;
  readonly avoid: Map<string, number>;
  /** Launches that hooks abandoned, since the last that they let pass. */
  abandoned: number;
}

const loops = new WeakMap<Scope, Map<string, Loop>>();

function loopsOf(scope: Scope): Map<string, Loop> {
  let found = loops.get(scope);
  if (!found) {
    found = new Map();
    loops.set(scope, found);
    listen(scope);
  }
  return found;
}

/** Machines and balancers tell what may concern a group: what they tell at the same moment is looked at together. */
function listen(scope: Scope): void {
  const told = new Set<string>();
  const tell = (instanceId: string) => {
    const group = memberOf(scope, instanceId)?.group;
    if (group === undefined || told.has(group)) return;
    told.add(group);
    scope.clock.after(0, () => {
      told.delete(group);
      kick(scope, group);
    });
  };
  scope.machines.onChange((machine) => tell(machine.spec.instanceId));
  const { balancer } = scope.planes as Partial<Planes>;
  balancer?.onHealth((_arn, targetId) => tell(targetId));
}

/** Looks at a group soon: after whoever asks is done. */
export function kick(from: Scope, name: string): void {
  // A call's scope ends with the call.
  const scope = from.inRegion(from.region);
  const all = loopsOf(scope);
  let loop = all.get(name);
  if (!loop) {
    loop = {
      running: false,
      again: false,
      timer: undefined,
      failures: 0,
      notBeforeMs: 0,
      avoid: new Map(),
      abandoned: 0,
    };
    all.set(name, loop);
  }
  if (loop.running) {
    loop.again = true;
    return;
  }
  loop.running = true;
  void run(scope, name, loop);
}

async function run(scope: Scope, name: string, loop: Loop): Promise<void> {
  await Promise.resolve();
  let busy = false;
  do {
    loop.again = false;
    try {
      busy = await reconcile(scope, name, loop);
    } catch (error) {
      busy = false;
      const kind = error instanceof Fault ? 'refused' : 'internal-failure';
      const text = error instanceof Error ? error.message : String(error);
      scope.note({ source: 'autoscaling', kind, text: `${name}: ${text}` });
    }
  } while (loop.again);
  loop.running = false;
  loop.timer?.cancel();
  if (!groups(scope).has(name)) {
    loopsOf(scope).delete(name);
    return;
  }
  const everyMs = busy ? busyEveryMs : Math.min(idleEveryMs, graceEndsInMs(scope, name));
  const deadlineMs = nextDeadlineMs(scope, name) - scope.clock.now();
  const laterMs = Math.min(everyMs, deadlineMs, nextRefreshLookMs(scope, name));
  loop.timer = scope.clock.after(Math.max(0, laterMs), () => kick(scope, name));
}

/** What is found of an instance in its grace period counts when that ends: for the first of them. */
function graceEndsInMs(scope: Scope, name: string): number {
  const group = groups(scope).get(name);
  if (!group) return Number.POSITIVE_INFINITY;
  const nowMs = scope.clock.now();
  let firstMs = Number.POSITIVE_INFINITY;
  for (const { inServiceMs = nowMs } of membersOf(scope, name)) {
    const endMs = inServiceMs + group.gracePeriodSeconds * 1000;
    if (endMs > nowMs && endMs < firstMs) firstMs = endMs;
  }
  return firstMs - nowMs;
}

/** One look. True when something is under way. */
async function reconcile(scope: Scope, name: string, loop: Loop): Promise<boolean> {
  if (!groups(scope).has(name)) return false;
  const found = () => groups(scope).get(name);
  await launchAll(scope, name, loop);
  await tagAttached(scope, name);
  const looks = await lookAtInstances(scope);
  await settleMembers(scope, name, looks, loop);
  const group = found();
  if (!group) return false;
  if (!isSuspended(group, 'HealthCheck')) await checkHealth(scope, group, looks);
  replaceUnhealthy(scope, name);
  const before = members(scope).version;
  const launches = { allowed: scope.clock.now() >= loop.notBeforeMs, avoid: avoidedZones(scope, loop) };
  const refreshing = await stepRefresh(scope, name, launches);
  const replacing = (await maintain(scope, name, launches)) || refreshing;
  await adjustCapacity(scope, name, launches);
  await adjustPool(scope, name, launches.allowed, launches.avoid);
  if (members(scope).version !== before) loop.again = true;
  await finishLeaving(scope, name);
  finishDeleting(scope, name);
  const now = found();
  if (!now) return false;
  const waiting = restlessOf(scope, name).some(isMoving);
  return replacing || waiting || now.leaving.length > 0 || capacityOf(scope, name).length !== now.desired;
}

const steady: readonly MemberRecord['lifecycle'][] = ['InService', 'Standby', 'Stopped', 'Running'];

/** Under way by itself: it is neither in a steady state nor waiting for a hook, which has a time of its own. */
function isMoving({ lifecycle, wait }: MemberRecord): boolean {
  return !steady.includes(lifecycle) && wait !== 'Wait';
}

/** Launches that were decided on and not yet asked for, also before a crash. */
async function launchAll(scope: Scope, name: string, loop: Loop): Promise<void> {
  const asked = restlessOf(scope, name).filter(({ request, lifecycle }) => request && lifecycle === 'Pending');
  if (asked.length === 0) return;
  const worked = await Promise.all(asked.map(async (member) => [member, await launchMember(scope, member)] as const));
  for (const [member, launched] of worked) {
    if (launched) loop.avoid.delete(member.zone);
    else backOff(scope, loop, member.zone);
  }
  if (worked.every(([, launched]) => launched)) loop.failures = 0;
}

/** Zones in which a launch failed of late. */
function avoidedZones(scope: Scope, { avoid }: Loop): ReadonlySet<string> {
  for (const [zone, untilMs] of avoid) if (scope.clock.now() >= untilMs) avoid.delete(zone);
  return new Set(avoid.keys());
}

function backOff(scope: Scope, loop: Loop, zone: string): void {
  loop.avoid.set(zone, scope.clock.now() + avoidZoneMs);
  loop.notBeforeMs = scope.clock.now() + Math.min(longestBackoffMs, firstBackoffMs * 2 ** loop.failures);
  loop.failures++;
}

/** Hooks that fail consistently limit the rate of launches. */
function slowDown(scope: Scope, loop: Loop): void {
  const pauseMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** loop.abandoned);
  loop.notBeforeMs = Math.max(loop.notBeforeMs, scope.clock.now() + pauseMs);
  loop.abandoned++;
}

/** Takes pending and ending members on. */
async function settleMembers(scope: Scope, name: string, looks: Map<string, InstanceLook>, loop: Loop): Promise<void> {
  const one = async (member: MemberRecord) => {
    const group = groups(scope).get(name);
    // What was attached meanwhile EC2 may not have told of.
    if (!group || member.untagged) return;
    let state = looks.get(member.instanceId ?? '')?.state;
    if (member.moveKey !== undefined && member.lifecycle === 'Pending' && state !== 'running') {
      // It may have been started and taken out of standby since.
      for (const [id, now] of await lookAtInstances(scope)) looks.set(id, now);
      state = looks.get(member.instanceId ?? '')?.state;
    }
    if (member.lifecycle === 'Terminating') {
      if (await continueEnding(scope, group, member, state)) loop.again = true;
    } else if (member.warm) {
      if ((await settleWarm(scope, group, member, state)) === 'abandoned') slowDown(scope, loop);
    } else if (member.lifecycle === 'EnteringStandby' || member.lifecycle === 'Detaching') {
      if (await continueDeparture(scope, group, member, state)) loop.again = true;
    } else if (member.lifecycle === 'Pending' && member.instanceId !== undefined) {
      if (state === 'running' || member.moveKey !== undefined) {
        const move = member.starting ? continueStart : arrive;
        const how = await move(scope, group, member, state);
        if (how === 'abandoned') slowDown(scope, loop);
        if (how === 'refused') backOff(scope, loop, member.zone);
        if (how === 'arrived') loop.abandoned = 0;
      } else if (state !== 'pending') {
        const why = `Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: the instance is ${state ?? 'terminated'}`;
        // One that was stopped while hooks had it wait is still there to be ended.
        if (state === 'stopping' || state === 'stopped') giveUp(scope, member, why, 'Failed');
        else failLaunch(scope, member, why);
        backOff(scope, loop, member.zone);
      }
    }
  };
  // The warm pool looks after those at rest, too.
  const moving = restlessOf(scope, name).filter(({ lifecycle, warm }) => warm || !steady.includes(lifecycle));
  const results = await Promise.allSettled(moving.map(one));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Terminates first; the gap in capacity is then filled. Others may be the group's maintenance policy's. */
function replaceUnhealthy(scope: Scope, name: string): void {
  const group = groups(scope).get(name);
  if (!group || isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate')) return;
  for (const member of restlessOf(scope, name)) {
    if (member.warm || member.lifecycle !== 'InService' || member.healthy || isMaintained(group, member)) continue;
    const cause = `At ${timeText(scope)} an instance was taken out of service in response to ${member.sickness}.`;
    beginEnding(scope, member, cause, member.sickness);
  }
}

/** Target groups that were detached are forgotten once they know none of the group's instances. */
async function finishLeaving(scope: Scope, name: string): Promise<void> {
  for (const arn of groups(scope).get(name)?.leaving ?? []) {
    const ids = new Set(membersOf(scope, name).flatMap(({ instanceId }) => instanceId ?? []));
    const known = (await targetHealth(scope, arn)).filter(({ Target }) => ids.has(Target.Id));
    const gone = await Promise.all(known.map(({ Target }) => leave(scope, arn, Target.Id)));
    if (!gone.every(Boolean)) continue;
    const leaving = groups(scope).get(name)?.leaving ?? [];
    changeGroup(scope, name, { leaving: leaving.filter((one) => one !== arn) });
  }
}

/** A group that is being deleted ends with its last instance; its activities stay to be read. */
function finishDeleting(scope: Scope, name: string): void {
  if (!groups(scope).get(name)?.deleting || everyMemberOf(scope, name).length > 0) return;
  removeGroup(scope, name);
}

export function removeGroup(scope: Scope, name: string): void {
  groups(scope).delete(name);
  for (const { name: hook } of hooksOf(scope, name)) hooks(scope).delete(hookKey(name, hook));
  for (const [key, policy] of [...policies(scope).entries()]) {
    if (policy.group !== name) continue;
    policies(scope).delete(key);
    deleteAlarms(scope, policy.alarms).catch((error: unknown) =>
      scope.note({ source: 'autoscaling', kind: 'internal-failure', text: String(error) }),
    );
  }
  for (const one of [...refreshes(scope).values()]) if (one.group === name) refreshes(scope).delete(one.id);
  for (const one of scheduledOf(scope, name)) scheduledActions(scope).delete(scheduledKey(one));
  for (const one of [...activities(scope).values()])
    if (one.group === name) activities(scope).put(one.id, { ...one, deleted: true });
}

/** Takes up the groups when the region starts; later, when every service has started. */
export function start(scope: Scope): void {
  if (groups(scope).size === 0) return;
  scope.clock.after(0, () => {
    for (const name of groups(scope).keys()) kick(scope, name);
  });
}
