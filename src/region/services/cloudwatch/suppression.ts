/**
 * Composite alarms whose actions another alarm suppresses. The composite alarm changes its state all the same; it is its
 * actions that wait, and that are those of the state it has when the waiting ends.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
 */
import type { StateValue } from '@aws-sdk/client-cloudwatch';

export interface Suppression {
  readonly by: 'Alarm' | 'WaitPeriod' | 'ExtensionPeriod';
  /** When the period ends; an alarm suppresses for as long as it is in ALARM. */
  readonly untilMs?: number;
  /** The state before the changes that were not acted upon yet; missing when there are none. */
  readonly from?: StateValue;
}

export interface Moment {
  readonly nowMs: number;
  /** The state before the composite alarm changed its own, where it just has. */
  readonly changedFrom: StateValue | undefined;
  /** The suppressor is in ALARM. */
  readonly suppressing: boolean;
  readonly waitMs: number;
  readonly extensionMs: number;
}

interface Settled {
  readonly suppression: Suppression | undefined;
  /** Set when the actions of the present state are to be taken: the state before. */
  readonly actFrom: StateValue | undefined;
}

/** What follows from what was suppressed before and from what is now. */
export function suppress(before: Suppression | undefined, moment: Moment): Settled {
  const { nowMs, changedFrom, suppressing, waitMs, extensionMs } = moment;
  const from = before?.from ?? changedFrom;
  const pending = from === undefined ? {} : { from };
  const period = (by: 'WaitPeriod' | 'ExtensionPeriod', lengthMs: number): Settled =>
    lengthMs > 0
      ? { suppression: { by, untilMs: nowMs + lengthMs, ...pending }, actFrom: undefined }
      : { suppression: undefined, actFrom: from };
  if (suppressing) {
    const same = before?.by === 'Alarm' && before.from === from;
    return { suppression: same ? before : { by: 'Alarm', ...pending }, actFrom: undefined };
  }
  // Each change begins a new one, and ends whatever period there was.
  if (changedFrom !== undefined) return period('WaitPeriod', waitMs);
  if (before?.by === 'Alarm') return period('ExtensionPeriod', extensionMs);
  const over = before?.untilMs !== undefined && nowMs >= before.untilMs;
  return over ? { suppression: undefined, actFrom: from } : { suppression: before, actFrom: undefined };
}
