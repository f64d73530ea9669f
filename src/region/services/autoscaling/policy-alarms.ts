/** What Auto Scaling asks CloudWatch of the alarms that ring for its policies. */
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import { asService, type PolicyRecord } from './state.ts';

const minuteMs = 60_000;
const lookBackMs = 5 * minuteMs;

/** Undefined for one that is gone. */
export async function alarmNamed(scope: Scope, name: string): Promise<MetricAlarm | undefined> {
  return (await described(scope, { AlarmNames: [name] }))[0];
}

/** The alarms that are in ALARM with the policy for an action. */
export async function ringingFor(scope: Scope, { arn }: PolicyRecord): Promise<MetricAlarm[]> {
  const found = await described(scope, { ActionPrefix: arn, StateValue: 'ALARM' });
  return found.filter(({ AlarmActions, ActionsEnabled }) => ActionsEnabled && AlarmActions?.includes(arn));
}

async function described(scope: Scope, input: object): Promise<MetricAlarm[]> {
  const { MetricAlarms } = await scope.invoke<{ MetricAlarms: MetricAlarm[] }>(
    asService,
    'cloudwatch',
    'DescribeAlarms',
    input,
  );
  return MetricAlarms;
}

/**
 * The alarm's datapoints, newest first: those of its evaluation periods, or what there is of the last minutes where that
 * is more. The period that still runs is left out: a sum of two seconds is no minute's.
 */
export async function datapointsOf(scope: Scope, alarm: MetricAlarm): Promise<number[]> {
  const { Namespace, MetricName, Dimensions, Unit, EvaluationPeriods = 1 } = alarm;
  const Period = alarm.Period ?? alarm.Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period ?? 60;
  const Metric = { Namespace, MetricName, Dimensions };
  const Stat = alarm.ExtendedStatistic ?? alarm.Statistic;
  const MetricDataQueries = alarm.Metrics?.length
    ? alarm.Metrics
    : [{ Id: 'watched', MetricStat: { Metric, Stat, Period, Unit } }];
  const periodMs = Period * 1000;
  const stepMs = Math.min(periodMs, minuteMs);
  const endMs = Math.floor(scope.clock.now() / stepMs) * stepMs;
  const periods = Math.max(EvaluationPeriods, Math.ceil(lookBackMs / periodMs));
  const { MetricDataResults } = await scope.invoke<{ MetricDataResults: { Values: number[] }[] }>(
    asService,
    'cloudwatch',
    'GetMetricData',
    {
      MetricDataQueries,
      StartTime: new Date(endMs - periods * periodMs),
      EndTime: new Date(endMs),
      ScanBy: 'TimestampDescending',
    },
  );
  return MetricDataResults[0]?.Values ?? [];
}
