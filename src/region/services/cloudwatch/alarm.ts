/** The operations on alarms. */
import type {
  CompositeAlarm,
  DeleteAlarmsCommandInput,
  DescribeAlarmsCommandInput,
  DescribeAlarmsForMetricCommandInput,
  DisableAlarmActionsCommandInput,
  MetricAlarm,
  PutMetricAlarmCommandInput,
  SetAlarmStateCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call, Scope } from '../service.ts';
import { checkTags, type GivenTags } from '../tags.ts';
import { remember } from './alarm-history.ts';
import { checkAlarmName, checkMetricAlarm, tagFaults } from './alarm-input.ts';
import { changeState } from './alarm-state.ts';
import { childrenOf, evaluateComposites } from './composite.ts';
import { constraint, invalid, invalidCombination, missingParameter, oneOf, page } from './faults.ts';
import { checkDimensions, checkName, checkNamespace } from './metric-input.ts';
import { metricKey, sorted } from './metric-store.ts';
import { type AlarmRecord, alarms, type CompositeAlarmRecord, type MetricAlarmRecord, unchecked } from './state.ts';

const states = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

export function alarmArn({ region, account }: Scope, name: string): string {
  return `arn:aws:cloudwatch:${region}:${account}:alarm:${name}`;
}

/** On each alarm that the input names. */
export function alarmAccess(
  input: { AlarmName?: string | undefined; AlarmNames?: readonly string[] | undefined },
  call: Call,
): Access[] {
  const names = input.AlarmNames ?? [input.AlarmName ?? '*'];
  const action = `cloudwatch:${call.operation}`;
  return names.map((name) => ({ action, resource: alarmArn(call, name) }));
}

/** What stays of an alarm that is put again, or what a new one begins with. */
export function begun(call: Call, name: string, tags: GivenTags) {
  const nowMs = call.clock.now();
  const before = alarms(call).get(name);
  const { state, reason, reasonData, updatedMs, transitionedMs } = before ?? {
    ...{ state: 'INSUFFICIENT_DATA' as const, reason: unchecked, reasonData: undefined },
    ...{ updatedMs: nowMs, transitionedMs: nowMs },
  };
  return {
    ...{ arn: alarmArn(call, name), configuredMs: nowMs, state, reason, reasonData, updatedMs, transitionedMs },
    // Tags of an alarm that exists are changed by TagResource only.
    tags: before ? before.tags : checkTags(tags, tagFaults),
  };
}

export function putAlarm(call: Call, record: AlarmRecord): void {
  const before = alarms(call).get(record.name);
  if (before && before.kind !== record.kind) {
    throw invalid(`An alarm of another type with the name ${record.name} exists already`);
  }
  alarms(call).put(record.name, record);
  const verb = before ? 'updated' : 'created';
  remember(call, record, {
    type: 'ConfigurationUpdate',
    summary: `Alarm "${record.name}" ${verb}`,
    data: {
      version: '1.0',
      type: before ? 'Update' : 'Create',
      ...(record.kind === 'metric'
        ? { createdAlarm: metricView(record) }
        : { createdCompositeAlarm: compositeView(record) }),
    },
  });
}

export function putMetricAlarm(input: PutMetricAlarmCommandInput, call: Call) {
  const settings = checkMetricAlarm(input, call.account);
  const before = alarms(call).get(settings.name);
  const invokedMs = before?.kind === 'metric' ? before.invokedMs : 0;
  putAlarm(call, { ...settings, ...begun(call, settings.name, input.Tags), invokedMs });
  return {};
}

function coreView(alarm: AlarmRecord) {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    AlarmDescription: alarm.description,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredMs),
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: [...alarm.okActions],
    AlarmActions: [...alarm.alarmActions],
    InsufficientDataActions: [...alarm.insufficientDataActions],
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateReasonData: alarm.reasonData,
    StateUpdatedTimestamp: new Date(alarm.updatedMs),
    StateTransitionedTimestamp: new Date(alarm.transitionedMs),
  };
}

function metricView(alarm: MetricAlarmRecord): MetricAlarm {
  return {
    ...coreView(alarm),
    MetricName: alarm.metricName,
    Namespace: alarm.namespace,
    Statistic: alarm.statistic,
    ExtendedStatistic: alarm.extendedStatistic,
    Dimensions: alarm.dimensions.map((one) => ({ ...one })),
    ...(alarm.metrics
      ? { Metrics: alarm.metrics.map((query) => ({ ...query, ReturnData: query.ReturnData ?? true })) }
      : { Period: alarm.period }),
    Unit: alarm.unit,
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparison,
    ...(alarm.missingDataGiven ? { TreatMissingData: alarm.treatMissingData } : {}),
    EvaluateLowSampleCountPercentile: alarm.lowSampleCount,
  };
}

function compositeView(alarm: CompositeAlarmRecord): CompositeAlarm {
  const { suppressor, suppression } = alarm;
  return {
    ...coreView(alarm),
    AlarmRule: alarm.rule,
    ...(suppressor
      ? {
          ActionsSuppressor: suppressor.given,
          ActionsSuppressorWaitPeriod: suppressor.waitSeconds,
          ActionsSuppressorExtensionPeriod: suppressor.extensionSeconds,
        }
      : {}),
    ...(suppression
      ? { ActionsSuppressedBy: suppression.by, ActionsSuppressedReason: `Actions suppressed by ${suppression.by}` }
      : {}),
  };
}

export function describeAlarms(input: DescribeAlarmsCommandInput, call: Call) {
  const {
    AlarmNames,
    AlarmNamePrefix,
    AlarmTypes = ['MetricAlarm'],
    StateValue,
    ActionPrefix,
    MaxRecords = 50,
  } = input;
  if (AlarmNames?.length && AlarmNamePrefix !== undefined) {
    throw invalidCombination('AlarmNamePrefix and AlarmNames must not be specified together');
  }
  if (AlarmNames && AlarmNames.length > 100) throw constraint(AlarmNames, 'alarmNames', 'have length at most 100');
  if (StateValue !== undefined && !states.includes(StateValue)) {
    throw constraint(StateValue, 'stateValue', oneOf(states));
  }
  if (!Number.isInteger(MaxRecords) || MaxRecords < 1 || MaxRecords > 100) {
    throw constraint(MaxRecords, 'maxRecords', 'have value between 1 and 100');
  }
  const family = familyOf(input, call);
  const all = family ?? [...alarms(call).values()];
  const found = all
    .filter(
      (alarm) =>
        (!AlarmNames?.length || AlarmNames.includes(alarm.name)) &&
        (AlarmNamePrefix === undefined || alarm.name.startsWith(AlarmNamePrefix)) &&
        (family !== undefined || AlarmTypes.includes(alarm.kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm')) &&
        (StateValue === undefined || alarm.state === StateValue) &&
        (ActionPrefix === undefined ||
          [...alarm.okActions, ...alarm.alarmActions, ...alarm.insufficientDataActions].some((arn) =>
            arn.startsWith(ActionPrefix),
          )),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, ...more } = page(found, input.NextToken, MaxRecords);
  return {
    MetricAlarms: items.flatMap((alarm) => (alarm.kind === 'metric' ? [metricView(alarm)] : [])),
    CompositeAlarms: items.flatMap((alarm) => (alarm.kind === 'composite' ? [compositeView(alarm)] : [])),
    ...more,
  };
}

function familyOf({ ChildrenOfAlarmName, ParentsOfAlarmName }: DescribeAlarmsCommandInput, call: Call) {
  if (ChildrenOfAlarmName !== undefined) {
    return childrenOf(alarms(call).get(ChildrenOfAlarmName)).flatMap((name) => alarms(call).get(name) ?? []);
  }
  if (ParentsOfAlarmName === undefined) return undefined;
  return [...alarms(call).values()].filter((one) => childrenOf(one).includes(ParentsOfAlarmName));
}

export function describeAlarmsForMetric(input: DescribeAlarmsForMetricCommandInput, call: Call) {
  const namespace = checkNamespace(input.Namespace);
  const name = checkName(input.MetricName, 'MetricName');
  const key = metricKey(namespace, name, checkDimensions(input.Dimensions));
  const { Statistic, ExtendedStatistic, Period, Unit } = input;
  const found = [...alarms(call).values()].filter(
    (alarm): alarm is MetricAlarmRecord =>
      alarm.kind === 'metric' &&
      alarm.metricName !== undefined &&
      metricKey(alarm.namespace ?? '', alarm.metricName, sorted(alarm.dimensions)) === key &&
      (Statistic === undefined || alarm.statistic === Statistic) &&
      (ExtendedStatistic === undefined || alarm.extendedStatistic === ExtendedStatistic) &&
      (Period === undefined || alarm.period === Period) &&
      (Unit === undefined || alarm.unit === Unit),
  );
  return { MetricAlarms: found.map(metricView) };
}

/** Names of alarms that are gone are no mistake. */
export function deleteAlarms({ AlarmNames = [] }: DeleteAlarmsCommandInput, call: Call) {
  if (AlarmNames.length > 100) throw constraint(AlarmNames, 'alarmNames', 'have length at most 100');
  const gone = new Set(AlarmNames);
  for (const alarm of alarms(call).values()) {
    const child = childrenOf(alarm).find((name) => gone.has(name) && alarms(call).has(name));
    if (gone.has(alarm.name) || child === undefined) continue;
    throw invalid(`Cannot delete ${child} as there are composite alarm(s) depending on it.`);
  }
  for (const name of gone) {
    const alarm = alarms(call).get(name);
    if (!alarm) continue;
    remember(call, alarm, {
      type: 'ConfigurationUpdate',
      summary: `Alarm "${name}" deleted`,
      data: { version: '1.0', type: 'Delete' },
    });
    alarms(call).delete(name);
  }
  return {};
}

export function setAlarmState(input: SetAlarmStateCommandInput, call: Call) {
  const name = checkAlarmName(input.AlarmName);
  const { StateValue, StateReason, StateReasonData } = input;
  if (StateValue === undefined || !states.includes(StateValue)) {
    throw constraint(StateValue, 'stateValue', oneOf(states));
  }
  if (StateReason === undefined) throw missingParameter('StateReason');
  if (StateReason.length > 1_023) throw constraint(StateReason, 'stateReason', 'have length at most 1023');
  if (StateReasonData !== undefined && !isJson(StateReasonData)) {
    throw new Fault('InvalidFormatFault', 'StateReasonData is not valid JSON');
  }
  const alarm = alarms(call).get(name);
  if (!alarm) throw new Fault('ResourceNotFound', `Alarm ${name} does not exist`);
  changeState(call, alarm, { state: StateValue, reason: StateReason, reasonData: StateReasonData });
  evaluateComposites(call);
  return {};
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function setActionsEnabled({ AlarmNames = [] }: DisableAlarmActionsCommandInput, call: Call, actionsEnabled: boolean) {
  if (AlarmNames.length > 100) throw constraint(AlarmNames, 'alarmNames', 'have length at most 100');
  for (const name of AlarmNames) {
    const alarm = alarms(call).get(name);
    if (alarm && alarm.actionsEnabled !== actionsEnabled) putAlarm(call, { ...alarm, actionsEnabled });
  }
  return {};
}

export const enableAlarmActions = (input: DisableAlarmActionsCommandInput, call: Call) =>
  setActionsEnabled(input, call, true);
export const disableAlarmActions = (input: DisableAlarmActionsCommandInput, call: Call) =>
  setActionsEnabled(input, call, false);
