/** Records of instance refreshes. */
import type { RefreshPreferences } from '@aws-sdk/client-auto-scaling';
import type { Scope } from '../service.ts';
import { type GroupRecord, invalid, type MemberRecord, type TemplateReference } from './state.ts';

/** As they were given, with the defaults filled in; `MaxHealthyPercentage` only where it was given. */
type Filled =
  | 'MinHealthyPercentage'
  | 'InstanceWarmup'
  | 'SkipMatching'
  | 'AutoRollback'
  | 'ScaleInProtectedInstances'
  | 'StandbyInstances';
export type FilledPreferences = RefreshPreferences & { readonly [K in Filled]: NonNullable<RefreshPreferences[K]> };

type ActiveStatus = 'Pending' | 'InProgress' | 'Baking' | 'Cancelling' | 'RollbackInProgress';
export type FinalStatus = 'Successful' | 'Failed' | 'Cancelled' | 'RollbackSuccessful' | 'RollbackFailed';

interface Progress {
  readonly percent: number;
  readonly remaining: number;
}

export interface RefreshRecord {
  readonly id: string;
  readonly group: string;
  readonly preferences: FilledPreferences;
  /** What new instances are launched from; without it, from the group's own template. */
  readonly desired?: TemplateReference;
  readonly status: ActiveStatus | FinalStatus;
  readonly reason?: string;
  readonly requestedMs: number;
  readonly startedMs?: number;
  readonly endedMs?: number;
  /** Keys of the members that were there when it began (or its rollback did): they need no warming up. */
  readonly known: readonly string[];
  /** Keys of those that are to be replaced; of the ones that are gone, too. */
  readonly old: readonly string[];
  readonly percent: number;
  readonly remaining: number;
  /** The same of the group and of its warm pool, of a group that has one. */
  readonly details?: { readonly live: Progress; readonly warm: Progress };
  /** How many checkpoints were passed. */
  readonly checkpoints: number;
  /** The end of a checkpoint's delay, or of the bake time. */
  readonly pausedUntilMs?: number;
  /** Since when it has made no progress. */
  readonly blockedSinceMs?: number;
  /** Whether its cancellation waits for what is under way. */
  readonly waitsForTransitions?: boolean;
  readonly rollback?: {
    readonly reason: string;
    readonly startedMs: number;
    readonly percent: number;
    readonly remaining: number;
    readonly details?: RefreshRecord['details'];
  };
}

export const refreshes = (scope: Scope) => scope.table<RefreshRecord>('autoscaling/refreshes');

const activeStatuses: readonly string[] = ['Pending', 'InProgress', 'Baking', 'Cancelling', 'RollbackInProgress'];

export const isActive = ({ status }: RefreshRecord) => activeStatuses.includes(status);

export function activeRefresh(scope: Scope, group: string): RefreshRecord | undefined {
  return [...refreshes(scope).values()].find((one) => one.group === group && isActive(one));
}

const lookEveryMs = 10_000;

/** When a refresh that is under way is to be looked at again, at the latest: nobody tells of a time that has passed. */
export function nextRefreshLookMs(scope: Scope, group: string): number {
  const refresh = activeRefresh(scope, group);
  if (!refresh) return Number.POSITIVE_INFINITY;
  const pauseMs = (refresh.pausedUntilMs ?? 0) - scope.clock.now();
  return pauseMs > 0 ? Math.min(pauseMs, lookEveryMs) : lookEveryMs;
}

/** The group as it launches now: with the desired configuration of a refresh that is under way. */
export function launchingGroup(scope: Scope, group: GroupRecord): GroupRecord {
  const refresh = activeRefresh(scope, group.name);
  if (!refresh?.desired || refresh.status === 'RollbackInProgress' || refresh.status === 'Cancelling') return group;
  return { ...group, template: refresh.desired };
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html#instance-refresh-limitations */
export function refuseWhileRefreshing(scope: Scope, group: string): void {
  if (!activeRefresh(scope, group)?.desired) return;
  throw invalid(
    'An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.',
  );
}

/** Instances of the warm pool that a refresh is going to replace: they are not taken into the group any more. */
export function isStale(scope: Scope, { group, key }: Pick<MemberRecord, 'group' | 'key'>): boolean {
  return activeRefresh(scope, group)?.old.includes(key) ?? false;
}
