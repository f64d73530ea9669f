/**
 * What each look at a group does for its instance refresh: replaces some, waits, ends, or goes back.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
 */
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { templateNow } from './launch.ts';
import { change, complete, fail, finish, refreshReason, settleAhead, succeed, tell } from './refresh-end.ts';
import { type Facts, type Found, look, waitsFor } from './refresh-look.ts';
import { replaceInPool } from './refresh-pool.ts';
import { checkpointsPassed, percentDone, untilCheckpoint } from './refresh-progress.ts';
import { activeRefresh, launchingGroup, type RefreshRecord } from './refresh-state.ts';
import { healthyTargets, type Launches, replaceSome } from './replacement.ts';
import { asService, capacityOf, type GroupRecord, groups, isSuspended } from './state.ts';

const hourMs = 3_600_000;
/** The longest time that a refresh may go on replacing. */
const longestMs = 14 * 24 * hourMs;

/** True while it has something under way that the next second may change. */
export async function stepRefresh(scope: Scope, name: string, launches: Launches): Promise<boolean> {
  const before = activeRefresh(scope, name);
  const group = groups(scope).get(name);
  if (!before || !group) return false;
  const facts = await factsOf(scope, group, before);
  // As they are now, after the questions.
  const refresh = activeRefresh(scope, name);
  const now = groups(scope).get(name);
  if (!refresh || !now || refresh.id !== before.id) return false;
  if (refresh.status !== before.status) return true;
  if (now.deleting) {
    finish(scope, refresh, 'Cancelled', 'Cancelled because the group is being deleted.');
    return false;
  }
  switch (refresh.status) {
    case 'Pending':
      change(scope, refresh, { status: 'InProgress', startedMs: scope.clock.now() });
      tell(scope, refresh, 'began');
      return true;
    case 'Cancelling':
      return cancelling(scope, now, refresh, facts, launches);
    default:
      return goOn(scope, now, refresh, facts, launches);
  }
}

async function factsOf(scope: Scope, group: GroupRecord, refresh: RefreshRecord): Promise<Facts> {
  const targets = await healthyTargets(scope, group);
  const alarms = refresh.status === 'RollbackInProgress' ? [] : (refresh.preferences.AlarmSpecification?.Alarms ?? []);
  const ringing = await ringingAlarm(scope, alarms);
  try {
    return { targets, ringing, template: await templateNow(scope, launchingGroup(scope, group)), problem: undefined };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { targets, ringing, template: undefined, problem: error.message };
  }
}

async function ringingAlarm(scope: Scope, AlarmNames: readonly string[]): Promise<string | undefined> {
  if (AlarmNames.length === 0) return undefined;
  type Alarms = readonly { readonly AlarmName: string; readonly StateValue: string }[];
  const { MetricAlarms = [], CompositeAlarms = [] } = await scope.invoke<{
    MetricAlarms?: Alarms;
    CompositeAlarms?: Alarms;
  }>(asService, 'cloudwatch', 'DescribeAlarms', { AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] });
  return [...MetricAlarms, ...CompositeAlarms].find(({ StateValue }) => StateValue === 'ALARM')?.AlarmName;
}

function goOn(scope: Scope, group: GroupRecord, refresh: RefreshRecord, facts: Facts, launches: Launches): boolean {
  const { preferences, pausedUntilMs = 0, status } = refresh;
  const now = scope.clock.now();
  const found = look(scope, group, refresh, facts);
  if (facts.ringing !== undefined) {
    fail(scope, group, refresh, `The CloudWatch alarm ${facts.ringing} is in ALARM state.`, found.isReady);
    return true;
  }
  if (now >= (refresh.rollback?.startedMs ?? refresh.startedMs ?? now) + longestMs) {
    fail(scope, group, refresh, 'The instance refresh has taken longer than 14 days.', found.isReady);
    return true;
  }
  if (now < pausedUntilMs) return false;
  if (status === 'Baking') {
    succeed(scope, group, refresh);
    return false;
  }
  // It is paused, and not cancelled.
  if (isSuspended(group, 'InstanceRefresh')) return false;
  const seen = progress(scope, group, refresh, found);
  if (found.settled && found.pool.settled && done(refresh, found)) {
    complete(scope, group, seen);
    return true;
  }
  const checkpoints = checkpointsOf(refresh);
  const passed = checkpointsPassed(checkpoints, found.percent);
  if (found.settled && found.pool.settled && passed > refresh.checkpoints) {
    pause(scope, seen, passed);
    return false;
  }
  const most = untilCheckpoint(checkpoints, refresh.checkpoints, found.size, found.left);
  if (found.live.remaining === 0 && found.settled && found.pool.stale.length > 0) {
    if (!replaceInPool(scope, group, refresh, found.pool, most)) noteWaiting(scope, group, seen, found, facts);
    return true;
  }
  const replaced = replaceSome(scope, group, {
    bounds: {
      min: preferences.MinHealthyPercentage,
      ...(preferences.MaxHealthyPercentage === undefined ? {} : { max: preferences.MaxHealthyPercentage }),
    },
    old: found.free,
    most,
    isReady: found.isReady,
    reason: refreshReason,
    template: launches.allowed ? facts.template : undefined,
    avoid: launches.avoid,
  });
  if (!replaced) noteWaiting(scope, group, seen, found, facts);
  // Who waits for somebody's hand need not look each second.
  return replaced || !found.settled || found.held.length < found.live.remaining;
}

const checkpointsOf = ({ status, preferences }: RefreshRecord) =>
  status === 'RollbackInProgress' ? [] : (preferences.CheckpointPercentages ?? []);

/** All were replaced, or as many as the last checkpoint says. */
function done(refresh: RefreshRecord, { left, percent }: Found): boolean {
  const last = checkpointsOf(refresh).at(-1);
  return left === 0 || (last !== undefined && percent >= last);
}

/** Notes how far it is. During a rollback the percentage goes down to zero. */
function progress(scope: Scope, group: GroupRecord, refresh: RefreshRecord, found: Found): RefreshRecord {
  const { percent, left, size, live, pool } = found;
  const { rollback } = refresh;
  const counted = rollback
    ? {
        percent: Math.ceil((rollback.percent * left) / Math.max(1, refresh.old.length)),
        remaining: Math.max(0, size - left),
      }
    : { percent, remaining: left };
  const details = group.pool && {
    live,
    warm: { percent: percentDone(pool.size, pool.unsettled), remaining: pool.stale.length },
  };
  const changes = { ...counted, ...(details ? { details } : {}) };
  if (
    Object.entries(changes).every(([name, value]) => isDeepStrictEqual(refresh[name as keyof typeof changes], value))
  ) {
    return refresh;
  }
  const { blockedSinceMs: _, ...rest } = refresh;
  return change(scope, rest, changes);
}

function pause(scope: Scope, refresh: RefreshRecord, checkpoints: number): void {
  const { CheckpointDelay = 3600, CheckpointPercentages = [] } = refresh.preferences;
  const reached = CheckpointPercentages[checkpoints - 1];
  change(scope, refresh, {
    checkpoints,
    pausedUntilMs: scope.clock.now() + CheckpointDelay * 1000,
    reason: `Checkpoint reached at ${reached} percent. Waiting ${CheckpointDelay} seconds before continuing.`,
  });
  tell(scope, refresh, `reached its checkpoint at ${reached} %`);
}

/** Says what it waits for. What is not a matter of time only may last an hour. */
function noteWaiting(scope: Scope, group: GroupRecord, refresh: RefreshRecord, found: Found, facts: Facts): void {
  const { waiting, text } = waitsFor(scope, refresh, found, facts);
  const now = scope.clock.now();
  const { blockedSinceMs = now } = refresh;
  if (waiting === 'warm-up') {
    if (refresh.reason !== text) change(scope, refresh, { reason: text });
  } else if (now >= blockedSinceMs + hourMs) {
    fail(scope, group, refresh, `Timed out after one hour. ${text}`, found.isReady);
  } else if (refresh.reason !== text || refresh.blockedSinceMs === undefined) {
    change(scope, refresh, { reason: text, blockedSinceMs });
  }
}

/** Replacements that have begun are finished; others are not begun. */
function cancelling(
  scope: Scope,
  group: GroupRecord,
  refresh: RefreshRecord,
  facts: Facts,
  launches: Launches,
): boolean {
  const found = look(scope, group, refresh, facts);
  const begun = found.free.filter(({ key }) => capacityOf(scope, group.name).some(({ replaces }) => replaces === key));
  if (refresh.waitsForTransitions && !(found.settled && begun.length === 0)) {
    replaceSome(scope, group, {
      bounds: { min: refresh.preferences.MinHealthyPercentage, max: 100 },
      old: begun,
      most: begun.length,
      isReady: found.isReady,
      reason: refreshReason,
      template: undefined,
      avoid: launches.avoid,
    });
    return true;
  }
  settleAhead(scope, group, found.isReady);
  finish(scope, refresh, 'Cancelled', 'Cancelled due to user request.');
  return true;
}
