/**
 * The cooldown: how long simple policies, and requests that honour it, wait after the last scaling.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { activities, type GroupRecord } from './state.ts';

/** Throws while something is under way (a replacement, too), and until the time after the last scaling's end is over. */
export function refuseCooling(scope: Scope, group: GroupRecord): void {
  const { scaledMs, coolingSeconds = group.cooldownSeconds } = group;
  const own = [...activities(scope).values()].filter((one) => one.group === group.name);
  const underWay = own.findLast(({ endedMs }) => endedMs === undefined);
  if (underWay) throw blocked(underWay.id);
  if (scaledMs === undefined) return;
  // With several instances it begins when the last one has been launched.
  const since = own.filter(({ startedMs }) => startedMs >= scaledMs);
  const endedMs = Math.max(scaledMs, ...since.map(({ endedMs }) => endedMs ?? 0));
  if (scope.clock.now() < endedMs + coolingSeconds * 1000) throw blocked(since.at(-1)?.id);
}

function blocked(activity = ''): Fault {
  return new Fault('ScalingActivityInProgress', `Scaling activity ${activity} is in progress and blocks this action`);
}
