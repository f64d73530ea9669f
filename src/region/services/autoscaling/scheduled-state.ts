/** Scheduled actions' records, and when they are due. */
import type { Scope } from '../service.ts';
import { nextTime, parseCron } from './cron.ts';

export interface ScheduledRecord {
  readonly arn: string;
  readonly group: string;
  readonly name: string;
  readonly startMs?: number;
  readonly endMs?: number;
  /** A cron expression of five fields. */
  readonly recurrence?: string;
  /** Of the IANA database; UTC when left out. */
  readonly zone?: string;
  readonly min?: number;
  readonly max?: number;
  readonly desired?: number;
  /** When it is carried out next. */
  readonly nextMs: number;
}

/** By group and name, with a space between. */
export const scheduledActions = (scope: Scope) => scope.table<ScheduledRecord>('autoscaling/scheduled-actions');

export const scheduledKey = ({ group, name }: Pick<ScheduledRecord, 'group' | 'name'>) => `${group} ${name}`;

export function scheduledOf(scope: Scope, group: string): ScheduledRecord[] {
  return [...scheduledActions(scope).values()].filter((action) => action.group === group);
}

/** The first time after `afterMs` that its recurrence gives; undefined when there is none, or none before its end. */
export function recurs(
  { recurrence, zone = 'Etc/UTC', endMs = Number.POSITIVE_INFINITY }: Omit<ScheduledRecord, 'nextMs'>,
  afterMs: number,
): number | undefined {
  const cron = parseCron(recurrence ?? '');
  const next = cron && nextTime(cron, zone, afterMs);
  return next === undefined || next > endMs ? undefined : next;
}
