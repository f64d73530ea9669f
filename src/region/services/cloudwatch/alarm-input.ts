/** Checks of PutMetricAlarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
import type { PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import { mostTags, type TagFaults } from '../tags.ts';
import { isInstanceAction, isScaling, isTopic } from './alarm-actions.ts';
import { comparisonOperators, missingDataTreatments } from './alarm-decide.ts';
import { constraint, invalid, missingParameter, notModelled, oneOf, refuseMembers } from './faults.ts';
import { checkDimensions, checkName, checkNamespace, checkUnit } from './metric-input.ts';
import { checkQueries, gridPeriod } from './queries.ts';
import type { MetricAlarmRecord } from './state.ts';
import { isSimple, parseStatistic, simpleStatistics } from './statistic.ts';

const mostActions = 5;
const mostQueries = 20;
const daySeconds = 86_400;
const bands = ['LessThanLowerOrGreaterThanUpperThreshold', 'LessThanLowerThreshold', 'GreaterThanUpperThreshold'];
const ofOneMetric = [
  'MetricName',
  'Namespace',
  'Dimensions',
  'Period',
  'Unit',
  'Statistic',
  'ExtendedStatistic',
] as const;

export function checkAlarmName(name: string | undefined): string {
  if (!name) throw missingParameter('AlarmName');
  if (name.length > 255) throw constraint(name, 'alarmName', 'have length less than or equal to 255');
  return name;
}

interface Actions {
  readonly OKActions?: string[] | undefined;
  readonly AlarmActions?: string[] | undefined;
  readonly InsufficientDataActions?: string[] | undefined;
}

/** Throws for more than five, and for actions that the model does not carry out. */
export function checkActions(input: Actions, accepts: (arn: string) => boolean) {
  const check = (arns: readonly string[] = [], name: string) => {
    if (arns.length > mostActions) throw constraint(arns, name, `have length less than or equal to ${mostActions}`);
    for (const arn of arns) {
      if (!arn.startsWith('arn:')) throw invalid(`Invalid arn syntax: ${arn}`);
      if (!accepts(arn)) throw notModelled(`The action ${arn} of this alarm`);
    }
    return [...new Set(arns)];
  };
  return {
    okActions: check(input.OKActions, 'oKActions'),
    alarmActions: check(input.AlarmActions, 'alarmActions'),
    insufficientDataActions: check(input.InsufficientDataActions, 'insufficientDataActions'),
  };
}

export const tagFaults: TagFaults = {
  malformed: () => constraint('', 'tags', 'have keys of 1 to 128 characters and values of at most 256'),
  duplicate: () => invalid('The tags must not have the same key twice'),
  tooMany: () => constraint('', 'tags', `have length less than or equal to ${mostTags}`),
};

export function checkDescription(text: string | undefined): void {
  if (text !== undefined && text.length > 1_024) {
    throw constraint(text, 'alarmDescription', 'have length less than or equal to 1024');
  }
}

type Settings = Omit<
  MetricAlarmRecord,
  'arn' | 'configuredMs' | 'state' | 'reason' | 'updatedMs' | 'transitionedMs' | 'invokedMs' | 'tags' | 'reasonData'
>;

export function checkMetricAlarm(input: PutMetricAlarmCommandInput, account: string): Settings {
  const name = checkAlarmName(input.AlarmName);
  checkDescription(input.AlarmDescription);
  refuseMembers(input, ['WarmUpConfiguration', 'EvaluationCriteria', 'EvaluationInterval', 'ActionConfiguration']);
  // A sliding window is what every alarm has.
  if (input.EvaluationWindow?.WallClockWindow) throw notModelled('EvaluationWindow.WallClockWindow');
  if (input.ThresholdMetricId !== undefined) throw notModelled('ThresholdMetricId (anomaly detection)');
  const { ComparisonOperator: comparison, EvaluationPeriods: evaluationPeriods, Threshold: threshold } = input;
  if (comparison !== undefined && bands.includes(comparison)) throw notModelled(`The ComparisonOperator ${comparison}`);
  if (comparison === undefined || !comparisonOperators.includes(comparison)) {
    throw constraint(comparison, 'comparisonOperator', oneOf([...comparisonOperators, ...bands]));
  }
  if (evaluationPeriods === undefined) throw missingParameter('EvaluationPeriods');
  if (!Number.isInteger(evaluationPeriods) || evaluationPeriods < 1) {
    throw constraint(evaluationPeriods, 'evaluationPeriods', 'have value greater than or equal to 1');
  }
  if (threshold === undefined || !Number.isFinite(threshold)) throw missingParameter('Threshold');
  const { DatapointsToAlarm: datapointsToAlarm } = input;
  if (datapointsToAlarm !== undefined && !(Number.isInteger(datapointsToAlarm) && datapointsToAlarm >= 1)) {
    throw constraint(datapointsToAlarm, 'datapointsToAlarm', 'have value greater than or equal to 1');
  }
  if (datapointsToAlarm !== undefined && datapointsToAlarm > evaluationPeriods) {
    throw invalid('DatapointsToAlarm must be less than or equal to EvaluationPeriods');
  }
  const { TreatMissingData = 'missing', EvaluateLowSampleCountPercentile: lowSampleCount } = input;
  if (!missingDataTreatments.includes(TreatMissingData)) {
    throw invalid(`Option ${TreatMissingData} is not valid for TreatMissingData`);
  }
  if (lowSampleCount !== undefined && !['evaluate', 'ignore'].includes(lowSampleCount)) {
    throw invalid(`Option ${lowSampleCount} is not valid for EvaluateLowSampleCountPercentile`);
  }
  if (lowSampleCount !== undefined && input.ExtendedStatistic === undefined) {
    throw invalid('EvaluateLowSampleCountPercentile is only valid with percentiles');
  }
  const watched = input.Metrics ? checkMath(input, account) : checkOneMetric(input);
  checkLength(watched.period, evaluationPeriods);
  const actions = checkActions(input, (arn) => isTopic(arn) || isScaling(arn) || isInstanceAction(arn));
  const onInstance = [...Object.values(actions)].flat().find(isInstanceAction);
  if (onInstance !== undefined && !watched.dimensions.some(({ Name }) => Name === 'InstanceId')) {
    throw invalid(`The action ${onInstance} needs an alarm with the dimension InstanceId`);
  }
  return {
    kind: 'metric',
    name,
    description: input.AlarmDescription,
    actionsEnabled: input.ActionsEnabled ?? true,
    ...actions,
    ...watched,
    evaluationPeriods,
    datapointsToAlarm,
    threshold,
    comparison,
    treatMissingData: TreatMissingData,
    missingDataGiven: input.TreatMissingData !== undefined,
    lowSampleCount,
  };
}

function checkOneMetric(input: PutMetricAlarmCommandInput) {
  const { Statistic, ExtendedStatistic, Unit, Period } = input;
  const metricName = checkName(input.MetricName, 'MetricName');
  const namespace = checkNamespace(input.Namespace);
  const dimensions = checkDimensions(input.Dimensions).map((one) => ({ ...one }));
  checkUnit(Unit);
  if ((Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw invalid('Exactly one of the parameters Statistic and ExtendedStatistic must be specified');
  }
  if (Statistic !== undefined && !isSimple(Statistic))
    throw constraint(Statistic, 'statistic', oneOf(simpleStatistics));
  if (ExtendedStatistic !== undefined && (isSimple(ExtendedStatistic) || !parseStatistic(ExtendedStatistic))) {
    throw invalid(`The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
  }
  return {
    ...{ namespace, metricName, dimensions, period: checkAlarmPeriod(Period), unit: Unit },
    ...{ statistic: Statistic, extendedStatistic: ExtendedStatistic },
  };
}

function checkMath(input: PutMetricAlarmCommandInput, account: string) {
  for (const name of ofOneMetric) {
    const given = input[name];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) continue;
    throw invalid(`The parameter ${name} cannot be specified with the parameter Metrics`);
  }
  const metrics = input.Metrics ?? [];
  if (metrics.length === 0 || metrics.length > mostQueries) {
    throw constraint(metrics, 'metrics', `have length between 1 and ${mostQueries}`);
  }
  const queries = checkQueries(metrics, account, 'Metrics');
  const periods = new Set(queries.flatMap((query) => (query.kind === 'metric' ? [query.periodSeconds] : [])));
  if (periods.size > 1) throw invalid('All metrics of an alarm must have the same period');
  if (queries.filter(({ returned }) => returned).length !== 1) {
    throw invalid('Exactly one element of the metrics list should return data.');
  }
  return { dimensions: [], metrics, period: checkAlarmPeriod(gridPeriod(queries)) };
}

function checkAlarmPeriod(period: number | undefined): number {
  if (period === undefined) throw missingParameter('Period');
  if (![10, 20, 30].includes(period) && !(Number.isInteger(period) && period >= 60 && period % 60 === 0)) {
    throw invalid('Period must be 10, 20, 30 or a multiple of 60');
  }
  return period;
}

function checkLength(period: number, periods: number): void {
  const days = period >= 3_600 ? 7 : 1;
  if (period * periods <= days * daySeconds) return;
  throw invalid(
    `Metrics cannot be checked across more than ${days === 1 ? 'a day' : 'seven days'} (EvaluationPeriods * Period must be <= ${days * daySeconds}).`,
  );
}
