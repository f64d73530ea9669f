/**
 * The two alarms that a target tracking policy makes for itself and takes away with itself.
 * OBSERVED on AWS, and not documented: three of three one-minute points above the target, fifteen of fifteen below 90 % of
 * it. For shorter periods there is not even that: here three points above, and the points of fifteen minutes below.
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
const lowMinutes = 15;

const startOf = (group: string, side: 'High' | 'Low') => `TargetTracking-${group}-Alarm${side}-`;

export const isLowAlarm = (group: string, alarm: string) => alarm.startsWith(startOf(group, 'Low'));

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
      Dimensions: [
        { Name: 'TargetGroup', Value: TargetGroup },
        { Name: 'LoadBalancer', Value: LoadBalancer },
      ],
      Statistic: 'Sum',
      Period: minute,
    };
  }
  if (type === 'ASGAverageCPUUtilizationHighResolution') throw notModelled(`The PredefinedMetricType ${type}`);
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

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/policy-creating-high-resolution-metrics.html */
const periods = [10, 30, 60];

function checkPeriod(period: number): number {
  if (periods.includes(period)) return period;
  throw invalid(`Period must be one of ${periods.join(', ')}, not ${period}.`);
}

function customMetric(custom: CustomizedMetricSpecification): TrackedMetric {
  const { Metrics, MetricName, Namespace, Dimensions, Statistic, Unit } = custom;
  const Period = checkPeriod(custom.Period ?? minute);
  if (Metrics?.length) {
    if (MetricName ?? Namespace ?? Statistic ?? Unit ?? Dimensions?.[0]) {
      throw invalid('Metrics cannot be specified together with MetricName, Namespace, Dimensions, Statistic or Unit.');
    }
    return { Metrics: mathOf(Metrics, Period) };
  }
  if (!MetricName || !Namespace || !Statistic) {
    throw invalid('MetricName, Namespace and Statistic must be specified in CustomizedMetricSpecification.');
  }
  const dimensions = (Dimensions ?? []).map(({ Name, Value }) => ({ Name, Value }));
  return { MetricName, Namespace, Dimensions: dimensions, Statistic, Unit: Unit as never, Period };
}

/** Expressions go with the period of the metrics that they are of. */
function mathOf(given: NonNullable<CustomizedMetricSpecification['Metrics']>, usual: number): MetricDataQuery[] {
  const periodFor = (query: (typeof given)[number]) => checkPeriod(query.MetricStat?.Period ?? query.Period ?? usual);
  const metrics = given.filter(({ MetricStat }) => MetricStat);
  const longest = metrics.length > 0 ? Math.max(...metrics.map(periodFor)) : usual;
  return given.map((query): MetricDataQuery => {
    const { MetricStat: stat, Period: own, ...rest } = query;
    if (!stat) return { ...rest, Period: checkPeriod(own ?? longest) };
    const { Metric, Stat, Unit } = stat;
    return { ...rest, MetricStat: { Metric, Stat, Unit: Unit as never, Period: periodFor(query) } };
  });
}

const periodOf = ({ Period, Metrics = [] }: TrackedMetric) =>
  Period ?? Math.max(...Metrics.map((query) => query.MetricStat?.Period ?? query.Period ?? 1));

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
  const start = startOf(policy.group, side);
  const name = policy.alarms.find((alarm) => alarm.name.startsWith(start))?.name ?? `${start}${scope.random.uuid()}`;
  const input: PutMetricAlarmCommandInput = {
    ...metric,
    AlarmName: name,
    AlarmDescription: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${policy.arn}.`,
    AlarmActions: [policy.arn],
    ComparisonOperator: side === 'High' ? 'GreaterThanThreshold' : 'LessThanThreshold',
    EvaluationPeriods: side === 'High' ? highPeriods : (lowMinutes * minute) / periodOf(metric),
    Threshold,
  };
  await scope.invoke(asService, 'cloudwatch', 'PutMetricAlarm', input);
  return { name, arn: `arn:aws:cloudwatch:${scope.region}:${scope.account}:alarm:${name}` };
}

export async function deleteAlarms(scope: Scope, alarms: PolicyRecord['alarms']): Promise<void> {
  if (alarms.length === 0) return;
  await scope.invoke(asService, 'cloudwatch', 'DeleteAlarms', { AlarmNames: alarms.map(({ name }) => name) });
}
