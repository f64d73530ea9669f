/** A pending member on its way into service: past its hooks, or given up. */
import type { Scope } from '../service.ts';
import { endActivity } from './activity.ts';
import { beginEnding } from './ending.ts';
import { bringIntoService } from './launch.ts';
import { settleActions } from './lifecycle-action.ts';
import { activities, type GroupRecord, type MemberRecord, timeText } from './state.ts';

/** @param state EC2's of its instance */
export async function arrive(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  state: string | undefined,
): Promise<'waiting' | 'arrived' | 'abandoned'> {
  const outcome = await settleActions(scope, member, member.moveKey ?? member.key);
  if (outcome === 'waiting') return 'waiting';
  if (outcome === 'passed') {
    await bringIntoService(scope, group, member, state === 'running');
    return 'arrived';
  }
  giveUp(scope, member, `Instance failed to complete user's Lifecycle Action: ${outcome.abandoned}`, 'Cancelled');
  return 'abandoned';
}

/** The instance is ended, and the gap in capacity is filled. */
export function giveUp(scope: Scope, member: MemberRecord, message: string, status: 'Cancelled' | 'Failed'): void {
  const id = member.moveKey ?? member.key;
  const { description = '' } = activities(scope).get(id) ?? {};
  endActivity(scope, id, status, { description: `${description}.  Status Reason: ${message}`, message });
  const cause = `At ${timeText(scope)} an instance was taken out of service in response to a launch failure.`;
  beginEnding(scope, member, cause);
}
