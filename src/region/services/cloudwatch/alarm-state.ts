/** Moves an alarm into another state: the record, its history, and the actions. */
import type { StateValue } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import { runActions } from './alarm-actions.ts';
import { rememberState } from './alarm-history.ts';
import { type AlarmRecord, alarms } from './state.ts';

export interface NewState {
  readonly state: StateValue;
  readonly reason: string;
  readonly reasonData?: string | undefined;
}

/** Puts the new state, tells the history, and acts where the state is another. */
export function changeState(scope: Scope, before: AlarmRecord, to: NewState, value?: number): void {
  const nowMs = scope.clock.now();
  const moved = to.state !== before.state;
  const alarm: AlarmRecord = {
    ...before,
    ...to,
    reasonData: to.reasonData,
    updatedMs: nowMs,
    transitionedMs: moved ? nowMs : before.transitionedMs,
    ...(before.kind === 'metric' ? { invokedMs: nowMs } : {}),
  };
  alarms(scope).put(alarm.name, alarm);
  if (!moved) return;
  rememberState(scope, before, alarm);
  scope.note({
    source: 'cloudwatch',
    kind: 'alarm-state',
    text: `${alarm.name}: ${before.state} → ${alarm.state}: ${alarm.reason}`,
    data: {
      alarm: alarm.name,
      from: before.state,
      to: alarm.state,
      ...(alarm.kind === 'metric' && alarm.metricName !== undefined ? { metric: alarm.metricName } : {}),
    },
  });
  // Those of a suppressed alarm are settled when all states are known.
  if (alarm.kind === 'metric' || !alarm.suppressor) void runActions(scope, { alarm, before, value }, () => true);
}
