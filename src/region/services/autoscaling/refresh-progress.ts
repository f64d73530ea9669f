/** What an instance refresh has done and has to do, of the members as they are. Pure. */
import type { RefreshRecord } from './refresh-state.ts';
import type { MemberRecord } from './state.ts';

type Preferences = Pick<RefreshRecord['preferences'], 'ScaleInProtectedInstances' | 'StandbyInstances'>;

export interface Sorted {
  /** May be replaced now. */
  readonly free: readonly MemberRecord[];
  /** Is to be replaced, and waits for somebody to take its protection away, or to return it to service. */
  readonly held: readonly MemberRecord[];
}

const standbyStates: readonly MemberRecord['lifecycle'][] = ['EnteringStandby', 'Standby'];
const leavingStates: readonly MemberRecord['lifecycle'][] = ['Terminating', 'Detaching'];

export const isStandby = ({ lifecycle }: MemberRecord) => standbyStates.includes(lifecycle);

/** Those that are still to be replaced; what the preferences ignore is not. */
export function toReplace(preferences: Preferences, old: readonly string[], all: readonly MemberRecord[]): Sorted {
  const free: MemberRecord[] = [];
  const held: MemberRecord[] = [];
  for (const member of all) {
    if (!old.includes(member.key) || leavingStates.includes(member.lifecycle) || member.instanceId === undefined)
      continue;
    const rules = [
      ...(isStandby(member) ? [preferences.StandbyInstances] : []),
      ...(member.protectedFromScaleIn ? [preferences.ScaleInProtectedInstances] : []),
    ];
    if (rules.includes('Ignore')) continue;
    (rules.includes('Wait') ? held : free).push(member);
  }
  return { free, held };
}

/** In whole per cent of a group of `size`, of which `unsettled` are old, or new and not ready. */
export function percentDone(size: number, unsettled: number): number {
  if (size === 0) return 100;
  return Math.floor((100 * (size - Math.min(size, unsettled))) / size);
}

/** How many more may be replaced until the next checkpoint; `left` of a group of `size` are old. */
export function untilCheckpoint(checkpoints: readonly number[], passed: number, size: number, left: number): number {
  const next = checkpoints[passed];
  if (next === undefined) return left;
  return Math.max(0, Math.ceil((next * size) / 100) - Math.max(0, size - left));
}

/** How many checkpoints this percentage has passed. */
export function checkpointsPassed(checkpoints: readonly number[], percent: number): number {
  return checkpoints.filter((checkpoint) => percent >= checkpoint).length;
}
