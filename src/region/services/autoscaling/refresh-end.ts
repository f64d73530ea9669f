/** How an instance refresh ends: with success, in failure, cancelled, or going back. */
import type { Scope } from '../service.ts';
import { beginEnding } from './ending.ts';
import { type FinalStatus, type RefreshRecord, refreshes } from './refresh-state.ts';
import {
  capacityOf,
  changeGroup,
  type GroupRecord,
  type MemberRecord,
  members,
  membersOf,
  poolOf,
  timeText,
} from './state.ts';

type IsReady = (member: MemberRecord) => boolean;

/** In the words of causes. */
export const refreshReason = 'an instance refresh';

/** Everything was replaced. */
export function complete(scope: Scope, group: GroupRecord, refresh: RefreshRecord): void {
  const { BakeTime = 0 } = refresh.preferences;
  if (refresh.status === 'RollbackInProgress') finish(scope, refresh, 'RollbackSuccessful');
  else if (BakeTime === 0) succeed(scope, group, refresh);
  else change(scope, without(refresh), { status: 'Baking', pausedUntilMs: scope.clock.now() + BakeTime * 1000 });
}

/** The group takes the desired configuration over. */
export function succeed(scope: Scope, group: GroupRecord, refresh: RefreshRecord): void {
  if (refresh.desired) changeGroup(scope, group.name, { template: refresh.desired });
  finish(scope, refresh, 'Successful');
}

/**
 * No successor stays beside the one it was to replace: ready ones take its place, the others go. Left to itself the
 * group would scale in by its policies, which end the oldest first: those that still serve.
 */
export function settleAhead(scope: Scope, group: GroupRecord, isReady: IsReady): void {
  const there = capacityOf(scope, group.name);
  for (const successor of there) {
    const old = there.find(({ key }) => key === successor.replaces);
    if (!old) continue;
    const leaving = isReady(successor) ? old : successor;
    const now = timeText(scope);
    beginEnding(
      scope,
      leaving,
      `At ${now} an instance was taken out of service in response to ${refreshReason}.  At ${now} instance ${leaving.instanceId} was selected for termination.`,
    );
  }
}

/** The refresh has failed: it ends, or goes back. */
export function fail(scope: Scope, group: GroupRecord, refresh: RefreshRecord, why: string, isReady: IsReady): void {
  if (refresh.status === 'RollbackInProgress') {
    settleAhead(scope, group, isReady);
    finish(scope, refresh, 'RollbackFailed', why);
  } else if (refresh.preferences.AutoRollback) {
    rollBack(scope, group, refresh, why);
  } else {
    settleAhead(scope, group, isReady);
    finish(scope, refresh, 'Failed', why);
  }
}

/** What was launched since the refresh began is replaced by what the group launched before. */
export function rollBack(scope: Scope, group: GroupRecord, refresh: RefreshRecord, why: string): void {
  settleAhead(scope, group, () => false);
  const inPool = poolOf(scope, group.name).filter(({ lifecycle }) => lifecycle !== 'Terminating');
  const there = [...capacityOf(scope, group.name), ...inPool];
  change(scope, without(refresh), {
    status: 'RollbackInProgress',
    reason: why,
    old: there.flatMap(({ key }) => (refresh.known.includes(key) ? [] : [key])),
    known: there.map(({ key }) => key),
    rollback: {
      reason: why,
      startedMs: scope.clock.now(),
      percent: refresh.percent,
      remaining: refresh.remaining,
      ...(refresh.details ? { details: refresh.details } : {}),
    },
  });
  tell(scope, refresh, `is rolled back: ${why}`);
}

/** Without what belongs to one phase only. */
export function without(refresh: RefreshRecord): RefreshRecord {
  const { blockedSinceMs: _, pausedUntilMs: __, reason: ___, ...rest } = refresh;
  return rest;
}

export function finish(scope: Scope, refresh: RefreshRecord, status: FinalStatus, why?: string): void {
  change(scope, without(refresh), {
    status,
    endedMs: scope.clock.now(),
    ...(why === undefined ? {} : { reason: why }),
  });
  for (const { key, replaces, ...rest } of membersOf(scope, refresh.group)) {
    // Whom it replaced is history.
    if (replaces !== undefined) members(scope).put(key, { key, ...rest });
  }
  tell(scope, refresh, `ended: ${status}${why === undefined ? '' : `, ${why}`}`);
}

export function change(scope: Scope, refresh: RefreshRecord, changes: Partial<RefreshRecord>): RefreshRecord {
  const changed = { ...refresh, ...changes };
  refreshes(scope).put(refresh.id, changed);
  return changed;
}

export function tell(scope: Scope, { group, id }: RefreshRecord, text: string): void {
  scope.note({
    source: 'autoscaling',
    kind: 'instance-refresh',
    text: `${group}: instance refresh ${id} ${text}`,
    data: { group, refresh: id },
  });
}
