/**
 * The two alarms that a target tracking policy makes for itself and takes away with itself. Their periods and the low
 * one's threshold are what is to be observed on AWS; its documentation leaves them open.
 */
import type { CustomizedMetricSpecification, TargetTrackingConfiguration } from '@aws-sdk/client-auto-scaling';
import type { MetricDataQuery, PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import { asService, invalid, notModelled, type PolicyRecord } from './state.ts';

/** What an alarm is put on. */
export type TrackedMetric = Pick<
  PutMetricAlarmCommandInput,
  'Namespace' | 'MetricName' | 'Dimensions' | 'Statistic' | 'Unit' | 'Period' | 'Metrics'
>;

const lowShare = 0.9;
const minute = 60;
const highPeriods = 3;
const lowPeriods = 15;

const predefined: Readonly<Record<string, string>> = {
  ASGAverageCPUUtilization: 'CPUUtilization',
  ASGAverageNetworkIn: 'NetworkIn',
  ASGAverageNetworkOut: 'NetworkOut',
};

/** Throws a `ValidationError` for a configuration that names no metric, or two. */
export function trackedMetric(config: TargetTrackingConfiguration, group: string): TrackedMetric {
  const { PredefinedMetricSpecification: named, CustomizedMetricSpecification: custom } = config;
  if ((named === undefined) === (custom === undefined)) {
    throw invalid('Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified.');
  }
  if (custom) return customMetric(custom);
  const { PredefinedMetricType: type = '', ResourceLabel: label } = named ?? {};
  if (type === 'ALBRequestCountPerTarget') {
    const [, LoadBalancer, TargetGroup] = /^(app\/[^/]+\/[^/]+)\/(targetgroup\/[^/]+\/[^/]+)$/.exec(label ?? '') ?? [];
    if (!LoadBalancer || !TargetGroup) {
      throw invalid(
        `The ResourceLabel "${label ?? ''}" is not valid. It must be app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>.`,
      );
    }
    return {
      Namespace: 'AWS/ApplicationELB',
      MetricName: 'RequestCountPerTarget',
      Dimensions: [{ Name: 'TargetGroup', Value: TargetGroup }],
      Statistic: 'Sum',
      Period: minute,
    };
  }
  const MetricName = predefined[type];
  if (MetricName === undefined) throw invalid(`The PredefinedMetricType "${type}" is not valid.`);
  if (label !== undefined)
    throw invalid('ResourceLabel cannot be specified unless the type is ALBRequestCountPerTarget.');
  return {
    Namespace: 'AWS/EC2',
    MetricName,
    Dimensions: [{ Name: 'AutoScalingGroupName', Value: group }],
    Statistic: 'Average',
    Period: minute,
  };
}

const periods = [10, 20, 30, 60];

function customMetric(custom: CustomizedMetricSpecification): TrackedMetric {
  const { Metrics, MetricName, Namespace, Dimensions, Statistic, Unit, Period = minute } = custom;
  if (!periods.includes(Period)) throw invalid(`Period must be one of ${periods.join(', ')}, not ${Period}.`);
  if (Metrics?.length) {
    if (MetricName ?? Namespace ?? Statistic) {
      throw invalid('Metrics cannot be specified together with MetricName, Namespace, Dimensions, Statistic or Unit.');
    }
    return {
      Metrics: Metrics.map(
        ({ MetricStat: stat, Period: own, ...query }): MetricDataQuery => ({
          ...query,
          ...(stat
            ? {
                MetricStat: {
                  Metric: stat.Metric,
                  Stat: stat.Stat,
                  Unit: stat.Unit as never,
                  Period: stat.Period ?? own ?? minute,
                },
              }
            : {}),
          ...(stat || query.Expression === undefined ? {} : { Period: own ?? minute }),
        }),
      ),
    };
  }
  if (!MetricName || !Namespace || !Statistic) {
    throw invalid('MetricName, Namespace and Statistic must be specified in CustomizedMetricSpecification.');
  }
  const dimensions = (Dimensions ?? []).map(({ Name, Value }) => ({ Name, Value }));
  return { MetricName, Namespace, Dimensions: dimensions, Statistic, Unit: Unit as never, Period };
}

type Alarm = PolicyRecord['alarms'][number];

/** Makes or changes the policy's alarms; gives them in AWS's order, the high one first. */
export async function putAlarms(scope: Scope, policy: PolicyRecord): Promise<Alarm[]> {
  const { TargetTrackingConfiguration: config } = policy.settings;
  if (!config) throw notModelled(`A policy of type ${policy.settings.PolicyType} with alarms of its own`);
  const target = config.TargetValue ?? 0;
  const metric = trackedMetric(config, policy.group);
  const alarms = [await putAlarm(scope, policy, metric, 'High', target)];
  if (!config.DisableScaleIn) alarms.push(await putAlarm(scope, policy, metric, 'Low', target * lowShare));
  await deleteAlarms(
    scope,
    policy.alarms.filter(({ name }) => !alarms.some((alarm) => alarm.name === name)),
  );
  return alarms;
}

async function putAlarm(
  scope: Scope,
  policy: PolicyRecord,
  metric: TrackedMetric,
  side: 'High' | 'Low',
  Threshold: number,
): Promise<Alarm> {
  const start = `TargetTracking-${policy.group}-Alarm${side}-`;
  const name = policy.alarms.find((alarm) => alarm.name.startsWith(start))?.name ?? `${start}${scope.random.uuid()}`;
  const input: PutMetricAlarmCommandInput = {
    ...metric,
    AlarmName: name,
    AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.arn}.`,
    AlarmActions: [policy.arn],
    ComparisonOperator: side === 'High' ? 'GreaterThanThreshold' : 'LessThanThreshold',
    EvaluationPeriods: side === 'High' ? highPeriods : lowPeriods,
    Threshold,
  };
  await scope.invoke(asService, 'cloudwatch', 'PutMetricAlarm', input);
  return { name, arn: `arn:aws:cloudwatch:${scope.region}:${scope.account}:alarm:${name}` };
}

export async function deleteAlarms(scope: Scope, alarms: PolicyRecord['alarms']): Promise<void> {
  if (alarms.length === 0) return;
  await scope.invoke(asService, 'cloudwatch', 'DeleteAlarms', { AlarmNames: alarms.map(({ name }) => name) });
}

/** Whether all of these alarms are in ALARM now. */
export async function allInAlarm(scope: Scope, names: readonly string[]): Promise<boolean> {
  if (names.length === 0) return true;
  const { MetricAlarms } = await scope.invoke<{ MetricAlarms: { StateValue: string }[] }>(
    asService,
    'cloudwatch',
    'DescribeAlarms',
    { AlarmNames: names },
  );
  return MetricAlarms.length === names.length && MetricAlarms.every(({ StateValue }) => StateValue === 'ALARM');
}

const lookBackMs = 5 * 60_000;

/** The metric's newest value; undefined when there was none in the last minutes. */
export async function measured(scope: Scope, policy: PolicyRecord): Promise<number | undefined> {
  const { TargetTrackingConfiguration: config } = policy.settings;
  if (!config) return undefined;
  const { Metrics, Statistic, Period = minute, Unit, ...Metric } = trackedMetric(config, policy.group);
  const MetricDataQueries = Metrics ?? [{ Id: 'tracked', MetricStat: { Metric, Stat: Statistic, Period, Unit } }];
  const now = scope.clock.now();
  const { MetricDataResults } = await scope.invoke<{ MetricDataResults: { Values: number[] }[] }>(
    asService,
    'cloudwatch',
    'GetMetricData',
    { MetricDataQueries, StartTime: new Date(now - lookBackMs), EndTime: new Date(now), ScanBy: 'TimestampDescending' },
  );
  return MetricDataResults[0]?.Values[0];
}
