/** CloudWatch's records, of one region. */
import type {
  ComparisonOperator,
  Dimension,
  MetricDataQuery,
  StandardUnit,
  StateValue,
  Statistic,
} from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import type { Tag } from '../tags.ts';
import type { Point } from './aggregate.ts';
import type { Suppression } from './suppression.ts';

/** Sorted by name. */
export type Dimensions = readonly { readonly Name: string; readonly Value: string }[];

export interface MetricRecord {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
}

/** Points of one metric and unit at one resolution, in order of time. */
export interface ChunkRecord {
  readonly points: readonly Point[];
}

/** What metric and composite alarms have in common. */
export interface AlarmCore {
  readonly name: string;
  readonly arn: string;
  readonly description?: string | undefined;
  readonly actionsEnabled: boolean;
  readonly okActions: readonly string[];
  readonly alarmActions: readonly string[];
  readonly insufficientDataActions: readonly string[];
  readonly configuredMs: number;
  readonly state: StateValue;
  readonly reason: string;
  readonly reasonData?: string | undefined;
  /** When the state or its reason last changed. */
  readonly updatedMs: number;
  /** When the state last changed. */
  readonly transitionedMs: number;
  readonly tags: readonly Tag[];
}

export interface MetricAlarmRecord extends AlarmCore {
  readonly kind: 'metric';
  readonly namespace?: string | undefined;
  readonly metricName?: string | undefined;
  readonly dimensions: readonly Dimension[];
  readonly statistic?: Statistic | undefined;
  readonly extendedStatistic?: string | undefined;
  readonly period?: number | undefined;
  readonly unit?: StandardUnit | undefined;
  readonly metrics?: readonly MetricDataQuery[] | undefined;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm?: number | undefined;
  readonly threshold: number;
  readonly comparison: ComparisonOperator;
  readonly treatMissingData: string;
  /** False when it was left out, and so is not shown. */
  readonly missingDataGiven: boolean;
  readonly lowSampleCount?: string | undefined;
  /** When an Auto Scaling action was last invoked: it is again while the state stays. */
  readonly invokedMs: number;
}

export interface CompositeAlarmRecord extends AlarmCore {
  readonly kind: 'composite';
  readonly rule: string;
  readonly suppressor?: {
    /** As it was given: a name, or an ARN. */
    readonly given: string;
    readonly alarm: string;
    readonly waitSeconds: number;
    readonly extensionSeconds: number;
  };
  /** The state whose change was last looked at for its suppressor, and when it had become that. */
  readonly settled?: { readonly state: StateValue; readonly transitionedMs: number };
  readonly suppression?: Suppression;
}

/** The reason of an alarm that was not evaluated yet. */
export const unchecked = 'Unchecked: Initial alarm creation';

export type AlarmRecord = MetricAlarmRecord | CompositeAlarmRecord;

export interface HistoryRecord {
  readonly alarmName: string;
  readonly alarmType: 'MetricAlarm' | 'CompositeAlarm';
  readonly atMs: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly summary: string;
  readonly data: string;
}

export interface DashboardRecord {
  readonly name: string;
  readonly body: string;
  readonly modifiedMs: number;
  readonly tags: readonly Tag[];
}

/** By an id of twelve hex digits. */
export const metrics = (scope: Scope) => scope.table<MetricRecord>('cloudwatch/metrics');
/** By `<metric id> <unit> <resolution in s> <start in s>`. */
export const chunks = (scope: Scope) => scope.table<ChunkRecord>('cloudwatch/points');
/** By name. */
export const alarms = (scope: Scope) => scope.table<AlarmRecord>('cloudwatch/alarms');
/** By a number that grows, oldest first. */
export const history = (scope: Scope) => scope.table<HistoryRecord>('cloudwatch/alarm-history');
/** Of the whole account, by name: dashboards are global. */
export const dashboards = (scope: Scope) => scope.globalTable<DashboardRecord>('cloudwatch/dashboards');
