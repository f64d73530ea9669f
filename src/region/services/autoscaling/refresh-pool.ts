/**
 * Instance refreshes and warm pools: its instances are replaced after those in service, and the minimum healthy
 * percentage counts for the pool by itself. What is ended is filled up by the pool's own loop.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-maintenance-policy-overview-and-considerations.html#instance-maintenance-policy-scenarios
 */
import type { Scope } from '../service.ts';
import { beginEnding } from './ending.ts';
import { refreshReason } from './refresh-end.ts';
import type { RefreshRecord } from './refresh-state.ts';
import { type GroupRecord, isSuspended, type MemberRecord, poolOf, timeText } from './state.ts';
import { wantedInPool } from './warm-pool-loop.ts';

export interface PoolFound {
  readonly size: number;
  /** To be replaced. */
  readonly stale: readonly MemberRecord[];
  /** Stale, missing, or on their way. */
  readonly unsettled: number;
  readonly settled: boolean;
  readonly resting: number;
}

export function lookAtPool(scope: Scope, group: GroupRecord, { old }: Pick<RefreshRecord, 'old'>): PoolFound {
  const size = wantedInPool(group);
  const all = poolOf(scope, group.name);
  const resting = all.filter(
    ({ lifecycle, healthy }) => healthy && (lifecycle === 'Stopped' || lifecycle === 'Running'),
  );
  const stale = all.filter(({ key, lifecycle }) => old.includes(key) && lifecycle !== 'Terminating');
  const fresh = resting.filter(({ key }) => !old.includes(key)).length;
  return {
    size,
    stale,
    unsettled: Math.max(stale.length, size - fresh),
    settled: resting.length === size && all.length === size,
    resting: resting.length,
  };
}

/** Ends as many as the bounds allow, one at least when nothing is under way, and `most`. True when it ended any. */
export function replaceInPool(
  scope: Scope,
  group: GroupRecord,
  { preferences }: RefreshRecord,
  { size, stale, settled, resting }: PoolFound,
  most: number,
): boolean {
  if (isSuspended(group, 'Terminate')) return false;
  const least = Math.ceil((size * preferences.MinHealthyPercentage) / 100);
  const count = Math.min(most, Math.max(resting - least, settled ? 1 : 0));
  const ending = stale.filter(({ instanceId }) => instanceId !== undefined).slice(0, Math.max(0, count));
  for (const member of ending) {
    const now = timeText(scope);
    beginEnding(
      scope,
      member,
      `At ${now} an instance was taken out of service in response to ${refreshReason}.  At ${now} instance ${member.instanceId} was selected for termination.`,
    );
  }
  return ending.length > 0;
}
