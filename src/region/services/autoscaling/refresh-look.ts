/** How an instance refresh stands: what is left, what is new, and what it waits for. */
import type { Scope } from '../service.ts';
import type { ResolvedTemplate } from './launch.ts';
import { lookAtPool, type PoolFound } from './refresh-pool.ts';
import { isStandby, percentDone, toReplace } from './refresh-progress.ts';
import type { RefreshRecord } from './refresh-state.ts';
import { isWarm, serves } from './replacement.ts';
import { capacityOf, type GroupRecord, type MemberRecord, membersOf } from './state.ts';

/** What had to be asked of other services. */
export interface Facts {
  readonly targets: ReadonlySet<string>;
  readonly ringing: string | undefined;
  readonly template: ResolvedTemplate | undefined;
  readonly problem: string | undefined;
}

export interface Share {
  readonly percent: number;
  readonly remaining: number;
}

export interface Found {
  /** Of the group and its warm pool. */
  readonly size: number;
  readonly left: number;
  readonly percent: number;
  /** Of the group alone. */
  readonly live: Share;
  readonly pool: PoolFound;
  readonly free: readonly MemberRecord[];
  readonly held: readonly MemberRecord[];
  /** New, and not in service, healthy and warmed up. */
  readonly unready: readonly MemberRecord[];
  /** Nothing is on its way, and as many are there as shall be. */
  readonly settled: boolean;
  readonly isReady: (member: MemberRecord) => boolean;
}

export function look(scope: Scope, group: GroupRecord, refresh: RefreshRecord, { targets }: Facts): Found {
  const all = membersOf(scope, group.name);
  const there = capacityOf(scope, group.name);
  const { free, held } = toReplace(refresh.preferences, refresh.old, all);
  const remaining = free.length + held.length;
  const { InstanceWarmup } = refresh.preferences;
  // What was there before serves as long as the group itself calls it healthy: it is not held up by what is replaced.
  const isReady = (member: MemberRecord) =>
    refresh.known.includes(member.key)
      ? member.lifecycle === 'InService' && member.healthy
      : serves(member, targets) && isWarm(scope, member, InstanceWarmup);
  const unready = there.filter((member) => !refresh.known.includes(member.key) && !isReady(member));
  const replacing = new Set([...free, ...held].map(({ key }) => key));
  const missing = Math.max(0, group.desired - there.length);
  const unsettled = remaining + missing + unready.filter(({ replaces }) => !replacing.has(replaces ?? '')).length;
  const pool = lookAtPool(scope, group, refresh);
  const size = group.desired + pool.size;
  return {
    size,
    left: remaining + pool.stale.length,
    percent: percentDone(size, unsettled + pool.unsettled),
    live: { percent: percentDone(group.desired, unsettled), remaining },
    pool,
    free,
    held,
    unready,
    settled: unready.length === 0 && missing === 0 && !all.some(({ lifecycle }) => lifecycle === 'Terminating'),
    isReady,
  };
}

/** Beginnings of these texts are AWS's; which instance is only an example there, too. */
export function waitsFor(
  scope: Scope,
  { preferences }: RefreshRecord,
  { unready, held }: Found,
  { targets, problem }: Facts,
): { waiting: 'warm-up' | 'others'; text: string } {
  const available = (text: string) => ({
    waiting: 'others' as const,
    text: `Waiting for remaining instances to be available. For example: ${text}`,
  });
  const warming = unready.find(
    (member) => serves(member, targets) && !isWarm(scope, member, preferences.InstanceWarmup),
  );
  const sick = unready.find((member) => member !== warming && !serves(member, targets));
  if (sick?.instanceId !== undefined) {
    const by = sick.lifecycle === 'InService' && sick.healthy ? 'Elastic Load Balancing' : 'Amazon EC2';
    return available(`${sick.instanceId} has insufficient data to evaluate its health with ${by}.`);
  }
  if (warming) {
    return {
      waiting: 'warm-up',
      text: `Waiting for instances to warm up before continuing. For example: ${warming.instanceId} is warming up.`,
    };
  }
  const [first] = held;
  if (first) return available(`${first.instanceId} is ${isStandby(first) ? 'on standby' : 'protected from scale in'}.`);
  if (problem !== undefined) return { waiting: 'others', text: problem };
  return { waiting: 'others', text: 'Waiting for instances to be launched and terminated.' };
}
