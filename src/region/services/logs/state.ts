/** CloudWatch Logs' records, of one region. Events are in an index of the account: see `event-log.ts`. */
import type { Scope } from '../service.ts';

export type LogClass = 'STANDARD' | 'INFREQUENT_ACCESS';

export interface GroupRecord {
  readonly name: string;
  /** A group that is made anew under the same name has another. */
  readonly id: string;
  readonly createdMs: number;
  readonly retentionDays?: number | undefined;
  /** The key's ARN. */
  readonly kmsKeyId?: string | undefined;
  readonly logClass: LogClass;
  readonly protectedFromDeletion: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StreamRecord {
  readonly name: string;
  readonly id: string;
  readonly createdMs: number;
  readonly firstEventMs?: number | undefined;
  readonly lastEventMs?: number | undefined;
  readonly lastIngestionMs?: number | undefined;
  /** How many events ever came: the number of the next. */
  readonly sequence: number;
  /** Of the events that are there, 26 for each counted in. */
  readonly bytes: number;
}

/** A range of the index of events that is to be emptied. */
export interface ExpiredRecord {
  readonly start: string;
  readonly end: string;
  /** The stream that the events belong to, when it is still there. */
  readonly groupId: string;
  readonly streamName: string;
}

export interface MetricFilterRecord {
  readonly groupName: string;
  readonly name: string;
  readonly pattern: string;
  readonly createdMs: number;
  readonly metric: {
    readonly namespace: string;
    readonly name: string;
    readonly value: string;
    readonly defaultValue?: number | undefined;
    readonly unit?: string | undefined;
    /** Selectors by the dimension's name. */
    readonly dimensions: Readonly<Record<string, string>>;
  };
}

/** Model time in whole ms, which is all that the API's timestamps hold. */
export const nowMs = ({ clock }: Scope) => Math.floor(clock.now());

/** By name. */
export const groups = (scope: Scope) => scope.table<GroupRecord>('logs/groups');
/** The streams of one group by name: a table for each, so that a group with many does not slow down the others. */
export const streams = (scope: Scope, { id }: { readonly id: string }) =>
  scope.table<StreamRecord>(`logs/streams/${id}`);
/** By start and end. */
export const expired = (scope: Scope) => scope.table<ExpiredRecord>('logs/expired');
/** By group and name. */
export const metricFilters = (scope: Scope) => scope.table<MetricFilterRecord>('logs/metric-filters');

export const metricFilterKey = (groupName: string, name: string) => `${groupName}:${name}`;

export function filtersOf(scope: Scope, groupName: string): MetricFilterRecord[] {
  return [...metricFilters(scope).values()].filter((filter) => filter.groupName === groupName);
}
