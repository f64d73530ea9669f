/** Scaling activities: what a group did, and why, in AWS's words. */
import type { Activity, DescribeScalingActivitiesCommandInput } from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import {
  type ActivityRecord,
  activities,
  groupOf,
  groups,
  type MemberRecord,
  page,
  pageSize,
  timeText,
} from './state.ts';

/** AWS keeps six weeks; the model bounds the number, too. */
const keptPerGroup = 1000;

export function beginActivity(
  scope: Scope,
  group: string,
  activity: Pick<ActivityRecord, 'description' | 'cause'> & {
    id?: string;
    place: { readonly id: string; readonly zone: string };
  },
): ActivityRecord {
  const { id = scope.random.uuid(), description, cause, place } = activity;
  const record: ActivityRecord = {
    id,
    group,
    description,
    cause,
    startedMs: scope.clock.now(),
    status: 'PreInService',
    progress: 0,
    details: JSON.stringify({ 'Subnet ID': place.id, 'Availability Zone': place.zone }),
  };
  activities(scope).put(id, record);
  forgetOldest(scope, group);
  scope.note({ source: 'autoscaling', kind: 'activity', text: `${group}: ${cause}`, data: { group, activity: id } });
  return record;
}

function forgetOldest(scope: Scope, group: string): void {
  const mine = [...activities(scope).values()].filter((one) => one.group === group);
  const over = mine.filter(({ endedMs }) => endedMs !== undefined).slice(0, Math.max(0, mine.length - keptPerGroup));
  for (const { id } of over) activities(scope).delete(id);
}

export function changeActivity(scope: Scope, id: string | undefined, changes: Partial<ActivityRecord>): void {
  const now = activities(scope).get(id ?? '');
  if (now) activities(scope).put(now.id, { ...now, ...changes });
}

export function endActivity(
  scope: Scope,
  id: string | undefined,
  status: 'Successful' | 'Failed' | 'Cancelled',
  more: Partial<ActivityRecord> = {},
): void {
  changeActivity(scope, id, { ...more, status, progress: 100, endedMs: scope.clock.now() });
}

/** Begins an activity for each member that a request moves, and `begin`s the move. */
export function beginMoves(
  scope: Scope,
  chosen: readonly MemberRecord[],
  move: {
    readonly description: string;
    readonly cause: string;
    /** How each cause goes on. */
    readonly ends: readonly string[];
    readonly changes: Pick<ActivityRecord, 'status' | 'progress'>;
    readonly begin: (member: MemberRecord, activity: string) => void;
  },
): Activity[] {
  return chosen.map((member, n) => {
    const begun = beginActivity(scope, member.group, {
      description: `${move.description}: ${member.instanceId}`,
      cause: `At ${timeText(scope)} instance ${member.instanceId} ${move.cause}${move.ends[n] ?? '.'}`,
      place: { id: member.subnetId, zone: member.zone },
    });
    changeActivity(scope, begun.id, move.changes);
    move.begin(member, begun.id);
    return activityView(scope, { ...begun, ...move.changes });
  });
}

export function activityView(scope: Scope, record: ActivityRecord): Activity {
  const { group } = record;
  return {
    ActivityId: record.id,
    AutoScalingGroupName: group,
    Description: record.description,
    Cause: record.cause,
    StartTime: new Date(record.startedMs),
    ...(record.endedMs === undefined ? {} : { EndTime: new Date(record.endedMs) }),
    StatusCode: record.status,
    ...(record.message === undefined ? {} : { StatusMessage: record.message }),
    Progress: record.progress,
    Details: record.details,
    ...(record.deleted ? { AutoScalingGroupState: 'Deleted' } : {}),
    ...(groups(scope).get(group) ? { AutoScalingGroupARN: groups(scope).get(group)?.arn } : {}),
  };
}

export function describeScalingActivities(input: DescribeScalingActivitiesCommandInput, call: Call) {
  if (input.Filters?.length) throw new Fault('ValidationError', 'Filters of activities are not modelled by Orrery.');
  const { AutoScalingGroupName: name, ActivityIds: ids } = input;
  if (name !== undefined && !input.IncludeDeletedGroups) groupOf(call, name);
  const found = [...activities(call).values()]
    .reverse()
    .filter(
      (one) =>
        (name === undefined || one.group === name) &&
        (!ids?.length || ids.includes(one.id)) &&
        (input.IncludeDeletedGroups || !one.deleted),
    );
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords, 100, 100));
  return { Activities: items.map((one) => activityView(call, one)), ...next };
}
