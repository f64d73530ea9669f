/** What alarms do when their state changes. Other kinds of actions are refused when the alarm is put. */
import { Fault } from '../../wire/fault.ts';
import type { Caller, Scope } from '../service.ts';
import { longTime } from './alarm-decide.ts';
import { remember } from './alarm-history.ts';
import { regionNames } from './region-names.ts';
import type { AlarmRecord, MetricAlarmRecord } from './state.ts';

const service = 'cloudwatch.amazonaws.com';
const topicArn = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/;
const policyArn =
  /^arn:aws[a-z-]*:autoscaling:[a-z0-9-]+:\d{12}:scalingPolicy:[0-9a-f-]+:autoScalingGroupName\/(.+):policyName\/(.+)$/;
const instanceArn = /^arn:aws[a-z-]*:automate:[a-z0-9-]+:ec2:(stop|terminate|reboot|recover)$/;

export const isTopic = (arn: string) => topicArn.test(arn);
export const isScaling = (arn: string) => policyArn.test(arn);
export const isInstanceAction = (arn: string) => instanceArn.test(arn);

const operations: Readonly<Record<string, string>> = {
  stop: 'StopInstances',
  terminate: 'TerminateInstances',
  reboot: 'RebootInstances',
  // On AWS it moves to other hardware; what is to be seen of it is a reboot.
  recover: 'RebootInstances',
};

export function actionsOf({ state, okActions, alarmActions, insufficientDataActions }: AlarmRecord): readonly string[] {
  return state === 'OK' ? okActions : state === 'ALARM' ? alarmActions : insufficientDataActions;
}

export interface StateChange {
  readonly alarm: AlarmRecord;
  readonly before: AlarmRecord;
  /** The newest datapoint, where one decided. */
  readonly value: number | undefined;
}

/** Runs what `which` accepts of the new state's actions; each outcome is in the alarm's history. */
export async function runActions(scope: Scope, change: StateChange, which: (arn: string) => boolean): Promise<void> {
  const { alarm } = change;
  if (!alarm.actionsEnabled) return;
  for (const arn of actionsOf(alarm).filter(which)) {
    let failure: string | undefined;
    try {
      await run(scope, change, arn);
    } catch (error) {
      failure = error instanceof Fault ? `${error.code}: ${error.message}` : String(error);
      const text = `${alarm.name}: the action ${arn} failed: ${failure}`;
      scope.note({ source: 'cloudwatch', kind: 'alarm-action-failed', text, data: { alarm: alarm.name, action: arn } });
    }
    remember(scope, alarm, {
      type: 'Action',
      summary: `${failure === undefined ? 'Successfully' : 'Failed to'} execute${failure === undefined ? 'd' : ''} action ${arn}`,
      data: {
        actionState: failure === undefined ? 'Succeeded' : 'Failed',
        stateUpdateTimestamp: alarm.updatedMs,
        notificationResource: arn,
        error: failure ?? null,
      },
    });
  }
}

async function run(scope: Scope, change: StateChange, arn: string): Promise<void> {
  const { alarm, value } = change;
  if (isTopic(arn)) {
    // The topic's policy decides, as on AWS.
    const caller: Caller = {
      kind: 'service',
      service,
      trusted: false,
      sourceArn: alarm.arn,
      sourceAccount: scope.account,
    };
    await scope.invoke(caller, 'sns', 'Publish', {
      TopicArn: arn,
      Subject: subjectOf(scope, alarm),
      Message: JSON.stringify(messageOf(scope, change)),
    });
    return;
  }
  const caller: Caller = { kind: 'service', service, trusted: true, sourceArn: alarm.arn };
  const [, AutoScalingGroupName, PolicyName] = policyArn.exec(arn) ?? [];
  if (AutoScalingGroupName !== undefined && alarm.kind === 'metric') {
    const measured = value === undefined ? {} : { MetricValue: value };
    await scope.invoke(caller, 'autoscaling', 'ExecutePolicy', {
      AutoScalingGroupName,
      PolicyName,
      ...measured,
      BreachThreshold: alarm.threshold,
    });
    return;
  }
  const operation = operations[instanceArn.exec(arn)?.[1] ?? ''];
  const instanceId = alarm.kind === 'metric' ? instanceOf(alarm) : undefined;
  if (operation === undefined || instanceId === undefined) throw new Error(`nobody checked the action ${arn}`);
  await scope.invoke(caller, 'ec2', operation, { InstanceIds: [instanceId] });
}

export function instanceOf(alarm: Pick<MetricAlarmRecord, 'dimensions'>): string | undefined {
  return alarm.dimensions.find(({ Name }) => Name === 'InstanceId')?.Value;
}

/** At most 100 ASCII characters, as SNS wants it; a long name is cut. */
function subjectOf(scope: Scope, { name, state }: AlarmRecord): string {
  const text = (shown: string) => `${state}: "${shown}" in ${regionNames[scope.region] ?? scope.region}`;
  const ascii = name.replace(/[^\x20-\x7e]/g, '?');
  const over = text(ascii).length - 100;
  return over <= 0 ? text(ascii) : text(`${ascii.slice(0, -(over + 3))}...`);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
function messageOf(scope: Scope, { alarm, before }: StateChange): object {
  return {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: scope.account,
    AlarmConfigurationUpdatedTimestamp: longTime(alarm.configuredMs),
    NewStateValue: alarm.state,
    NewStateReason: alarm.reason,
    StateChangeTime: longTime(alarm.transitionedMs),
    Region: regionNames[scope.region] ?? scope.region,
    AlarmArn: alarm.arn,
    OldStateValue: before.state,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    ...(alarm.kind === 'composite' ? { AlarmRule: alarm.rule } : { Trigger: triggerOf(alarm) }),
  };
}

const statisticNames: Readonly<Record<string, string>> = {
  SampleCount: 'SAMPLE_COUNT',
  Average: 'AVERAGE',
  Sum: 'SUM',
  Minimum: 'MINIMUM',
  Maximum: 'MAXIMUM',
};

function triggerOf(alarm: MetricAlarmRecord): object {
  const lower = (dimensions: MetricAlarmRecord['dimensions'] | undefined) =>
    (dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name }));
  const evaluation = {
    EvaluationPeriods: alarm.evaluationPeriods,
    ...(alarm.datapointsToAlarm === undefined ? {} : { DatapointsToAlarm: alarm.datapointsToAlarm }),
    ComparisonOperator: alarm.comparison,
    Threshold: alarm.threshold,
    TreatMissingData: alarm.treatMissingData,
    EvaluateLowSampleCountPercentile: alarm.lowSampleCount ?? '',
  };
  if (alarm.metrics) {
    const Metrics = alarm.metrics.map(({ MetricStat, ...query }) => ({
      ...query,
      ...(MetricStat
        ? {
            MetricStat: {
              ...MetricStat,
              Metric: { ...MetricStat.Metric, Dimensions: lower(MetricStat.Metric?.Dimensions) },
            },
          }
        : {}),
    }));
    return { Period: alarm.period, ...evaluation, Metrics };
  }
  const statistic =
    alarm.extendedStatistic === undefined
      ? { StatisticType: 'Statistic', Statistic: statisticNames[alarm.statistic ?? ''] }
      : { StatisticType: 'ExtendedStatistic', ExtendedStatistic: alarm.extendedStatistic };
  return {
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    ...statistic,
    Unit: alarm.unit ?? null,
    Dimensions: lower(alarm.dimensions),
    Period: alarm.period,
    ...evaluation,
  };
}
