/** Leaving service without an end: into standby, or out of the group. */
import type { Scope } from '../service.ts';
import { endActivity } from './activity.ts';
import { leaveAll } from './ending.ts';
import { untag } from './membership-tag.ts';
import { type GroupRecord, type MemberRecord, members } from './state.ts';

/** Takes a leaving member one step on; true when it has left. */
export async function continueDeparture(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  state: string | undefined,
): Promise<boolean> {
  const drained = await leaveAll(scope, group, member.instanceId ?? '');
  // What does not run has nothing to finish.
  if (!drained && state === 'running') return false;
  if (member.lifecycle === 'Detaching') {
    await untag(scope, member);
    members(scope).delete(member.key);
    endActivity(scope, member.moveKey, 'Successful');
    return true;
  }
  const now = members(scope).get(member.key);
  if (now?.lifecycle !== 'EnteringStandby') return false;
  const { moveKey, ...rest } = now;
  members(scope).put(now.key, { ...rest, lifecycle: 'Standby' });
  endActivity(scope, moveKey, 'Successful');
  return true;
}
