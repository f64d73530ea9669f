/** Composite alarms: their state follows the states of others, as soon as one changes. */
import type { Scope } from '../service.ts';
import { alarmsIn, holds, parseRule } from './alarm-rule.ts';
import { changeState } from './alarm-state.ts';
import { type AlarmRecord, alarms } from './state.ts';

/** The alarms that a composite alarm's rule names. */
export function childrenOf(alarm: AlarmRecord | undefined): string[] {
  return alarm?.kind === 'composite' ? alarmsIn(parseRule(alarm.rule)) : [];
}

/** Until nothing changes any more; alarms that depend on each other are left after as many rounds as there are. */
export function evaluateComposites(scope: Scope): void {
  const composites = () => [...alarms(scope).values()].filter(({ kind }) => kind === 'composite');
  for (let rounds = composites().length; rounds > 0; rounds--) {
    let changed = false;
    for (const alarm of composites()) {
      if (alarm.kind !== 'composite') continue;
      const rule = parseRule(alarm.rule);
      const state = holds(rule, (name) => alarms(scope).get(name)?.state) ? 'ALARM' : 'OK';
      if (state === alarm.state) continue;
      const triggering = alarmsIn(rule).flatMap((name) => alarms(scope).get(name) ?? []);
      const latest = triggering.sort((a, b) => b.transitionedMs - a.transitionedMs)[0];
      const because = latest ? `${latest.arn} transitioned to ${latest.state}` : 'its rule is constant';
      changeState(scope, alarm, {
        state,
        reason: `Composite alarm transitioned to ${state} because ${because}`,
        reasonData: JSON.stringify({
          triggeringAlarms: triggering.map((one) => ({
            arn: one.arn,
            state: { value: one.state, timestamp: new Date(one.transitionedMs).toISOString() },
          })),
        }),
      });
      changed = true;
    }
    if (!changed) return;
  }
}
