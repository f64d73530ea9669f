/** Composite alarms: their state follows the states of others, as soon as one changes. */
import type { Scope } from '../service.ts';
import { runActions } from './alarm-actions.ts';
import { longTime } from './alarm-decide.ts';
import { alarmsIn, holds, parseRule } from './alarm-rule.ts';
import { changeState } from './alarm-state.ts';
import { type AlarmRecord, alarms, type CompositeAlarmRecord } from './state.ts';
import { suppress } from './suppression.ts';

const secondMs = 1_000;

/** The alarms that a composite alarm's rule names. */
export function childrenOf(alarm: AlarmRecord | undefined): string[] {
  return alarm?.kind === 'composite' ? alarmsIn(parseRule(alarm.rule)) : [];
}

function composites(scope: Scope): CompositeAlarmRecord[] {
  return [...alarms(scope).values()].flatMap((alarm) => (alarm.kind === 'composite' ? [alarm] : []));
}

/** Until nothing changes any more; alarms that depend on each other are left after as many rounds as there are. */
export function evaluateComposites(scope: Scope): void {
  for (let rounds = composites(scope).length; rounds > 0; rounds--) {
    let changed = false;
    for (const alarm of composites(scope)) changed = evaluateComposite(scope, alarm) || changed;
    if (!changed) break;
  }
  for (const alarm of composites(scope)) settleActions(scope, alarm);
}

/** True when its state changed. */
function evaluateComposite(scope: Scope, alarm: CompositeAlarmRecord): boolean {
  const rule = parseRule(alarm.rule);
  const state = holds(rule, (name) => alarms(scope).get(name)?.state) ? 'ALARM' : 'OK';
  if (state === alarm.state) return false;
  const triggering = alarmsIn(rule).flatMap((name) => alarms(scope).get(name) ?? []);
  const latest = triggering.sort((a, b) => b.transitionedMs - a.transitionedMs)[0];
  changeState(scope, alarm, {
    state,
    reason: latest
      ? `${latest.arn} transitioned to ${latest.state} at ${spelledTime(latest.transitionedMs)}`
      : `${alarm.arn} transitioned to ${state}: its rule is constant`,
    reasonData: JSON.stringify({
      triggeringAlarms: triggering.map((one) => ({
        arn: one.arn,
        state: { value: one.state, timestamp: longTime(one.transitionedMs) },
      })),
    }),
  });
  return true;
}

/** `Friday 04 August, 2023 12:54:46 UTC` */
function spelledTime(atMs: number): string {
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(atMs);
  const iso = new Date(atMs).toISOString();
  return `${part({ weekday: 'long' })} ${iso.slice(8, 10)} ${part({ month: 'long' })}, ${iso.slice(0, 4)} ${iso.slice(11, 19)} UTC`;
}

/** Takes the actions of an alarm with a suppressor, or puts them off. */
function settleActions(from: Scope, alarm: CompositeAlarmRecord): void {
  const { suppressor, settled, suppression: before, state, transitionedMs } = alarm;
  if (!suppressor) return;
  // A call's scope ends with the call.
  const scope = from.inRegion(from.region);
  const nowMs = scope.clock.now();
  const changed = settled?.transitionedMs !== transitionedMs || settled.state !== state;
  const { suppression, actFrom } = suppress(before, {
    nowMs,
    changedFrom: changed ? (settled?.state ?? 'INSUFFICIENT_DATA') : undefined,
    suppressing: alarms(scope).get(suppressor.alarm)?.state === 'ALARM',
    waitMs: suppressor.waitSeconds * secondMs,
    extensionMs: suppressor.extensionSeconds * secondMs,
  });
  if (suppression === before && !changed) return;
  const { suppression: _, ...rest } = alarm;
  const now: CompositeAlarmRecord = {
    ...rest,
    settled: { state, transitionedMs },
    ...(suppression ? { suppression } : {}),
  };
  alarms(scope).put(alarm.name, now);
  if (suppression && suppression.by !== before?.by) {
    const text = `${alarm.name}: actions suppressed by ${suppression.by}`;
    scope.note({ source: 'cloudwatch', kind: 'alarm-actions-suppressed', text, data: { alarm: alarm.name } });
  }
  if (suppression?.untilMs !== undefined) wake(scope, suppression.untilMs);
  if (actFrom !== undefined) {
    void runActions(scope, { alarm: now, before: { ...now, state: actFrom }, value: undefined }, () => true);
  }
}

function wake(scope: Scope, atMs: number): void {
  scope.clock.after(Math.max(0, atMs - scope.clock.now()), () => evaluateComposites(scope));
}

/** Takes up the periods that ran when the region stopped. */
export function startSuppressions(scope: Scope): void {
  for (const { suppression } of composites(scope)) {
    if (suppression?.untilMs !== undefined) wake(scope, suppression.untilMs);
  }
}
