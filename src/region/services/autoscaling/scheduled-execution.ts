/**
 * Carries scheduled actions out when they are due: new bounds, and a new desired capacity within them.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
 */
import type { Timer } from '../../clock/clock.ts';
import type { Scope } from '../service.ts';
import { kick } from './reconcile.ts';
import { recurs, type ScheduledRecord, scheduledActions, scheduledKey } from './scheduled-state.ts';
import { changeGroup, groups, isSuspended, timeText } from './state.ts';

const timers = new WeakMap<Scope, Timer>();

/** Waits for the next action that is due, of all groups. */
export function armSchedule(from: Scope): void {
  // A call's scope ends with the call.
  const scope = from.inRegion(from.region);
  timers.get(scope)?.cancel();
  const times = [...scheduledActions(scope).values()].map(({ nextMs }) => nextMs);
  if (times.length === 0) return;
  const delayMs = Math.max(0, Math.min(...times) - scope.clock.now());
  timers.set(
    scope,
    scope.clock.after(delayMs, () => carryOutDue(scope)),
  );
}

/** In the order of their times; after a time when nothing ran, each of those that were missed, once. */
function carryOutDue(scope: Scope): void {
  const now = scope.clock.now();
  const due = [...scheduledActions(scope).values()].filter(({ nextMs }) => nextMs <= now);
  for (const action of due.sort((a, b) => a.nextMs - b.nextMs)) {
    carryOut(scope, action);
    const nextMs = recurs(action, now);
    if (nextMs === undefined) scheduledActions(scope).delete(scheduledKey(action));
    else scheduledActions(scope).put(scheduledKey(action), { ...action, nextMs });
  }
  armSchedule(scope);
}

function carryOut(scope: Scope, action: ScheduledRecord): void {
  const group = groups(scope).get(action.group);
  if (!group || group.deleting) return;
  // What is due meanwhile is not made up for.
  if (isSuspended(group, 'ScheduledActions')) return;
  const { min = group.min, max = group.max } = action;
  const desired = action.desired ?? Math.min(max, Math.max(min, group.desired));
  const told = `${action.group}: scheduled action ${action.name}`;
  if (max < min || desired < min || desired > max) {
    scope.note({
      source: 'autoscaling',
      kind: 'scheduled-action-failed',
      text: `${told} asks for min: ${min}, max: ${max}, desired: ${desired}, which does not fit together`,
      data: { group: action.group, action: action.name },
    });
    return;
  }
  changeGroup(scope, group.name, {
    min,
    max,
    desired,
    ...(desired === group.desired
      ? {}
      : {
          change: `At ${timeText(scope)} a scheduled action update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired} changing the desired capacity from ${group.desired} to ${desired}.`,
        }),
  });
  scope.note({
    source: 'autoscaling',
    kind: 'scheduled-action',
    text: `${told} sets min: ${min}, max: ${max}, desired: ${desired}`,
    data: { group: action.group, action: action.name },
  });
  kick(scope, group.name);
}
