/**
 * What PutScalingPolicy accepts.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutScalingPolicy.html
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html#as-scaling-steps
 */
import { isDeepStrictEqual } from 'node:util';
import type { Scope } from '../service.ts';
import { type GroupRecord, invalid, notModelled, type PolicyRecord, policies } from './state.ts';
import { type TrackedMetric, trackedMetric } from './tracking-alarms.ts';

type Settings = PolicyRecord['settings'];
type Step = NonNullable<Settings['StepAdjustments']>[number];

/** 2^-359 and 2^359, as Application Auto Scaling's and DynamoDB's references write them. */
const smallestTarget = 8.51592e-109;
const largestTarget = 1.174271e108;

/** As they are kept. Throws a `ValidationError`. */
export function checkedSettings(scope: Scope, group: GroupRecord, name: string, given: Settings): Settings {
  const type = given.PolicyType ?? 'SimpleScaling';
  switch (type) {
    case 'TargetTrackingScaling':
      return checkedTracking(scope, group, name, given);
    case 'StepScaling':
      return checkedSteps(given);
    case 'SimpleScaling':
      return checkedSimple(given);
    case 'PredictiveScaling':
      throw notModelled('A policy of type PredictiveScaling');
    default:
      throw invalid(
        `The policy type "${type}" is not valid. Valid policy types are TargetTrackingScaling, StepScaling, SimpleScaling and PredictiveScaling.`,
      );
  }
}

/** Members that do not belong to the type are refused, as AWS does. */
function only(given: Settings, type: string, names: readonly (keyof Settings)[]): void {
  const allowed = new Set<string>(['PolicyType', 'Enabled', ...names]);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || allowed.has(name) || (Array.isArray(value) && value.length === 0)) continue;
    throw invalid(`${name} is not supported by policies of type ${type}.`);
  }
}

function checkedTracking(scope: Scope, group: GroupRecord, name: string, given: Settings): Settings {
  only(given, 'TargetTrackingScaling', ['TargetTrackingConfiguration', 'EstimatedInstanceWarmup']);
  const { TargetTrackingConfiguration: config } = given;
  if (!config)
    throw invalid('TargetTrackingConfiguration must be specified for policies of type TargetTrackingScaling.');
  const { TargetValue: target = 0, PredefinedMetricSpecification: predefined } = config;
  if (!(target >= smallestTarget && target <= largestTarget)) {
    throw invalid(`TargetValue must be in the range of 8.515920e-109 to 1.174271e+108, not ${config.TargetValue}.`);
  }
  const metric = trackedMetric(config, group.name);
  const targetGroup = /targetgroup\/.+$/.exec(predefined?.ResourceLabel ?? '')?.[0];
  if (targetGroup !== undefined && !group.targetGroups.some((arn) => arn.endsWith(`:${targetGroup}`))) {
    throw invalid(`The target group ${targetGroup} of the ResourceLabel is not attached to the group ${group.name}.`);
  }
  refuseTwin(scope, group, name, metric);
  checkWarmup(given);
  return given;
}

/**
 * Each policy follows a metric of its own.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html#target-tracking-multiple-policies
 */
function refuseTwin(scope: Scope, group: GroupRecord, name: string, metric: TrackedMetric): void {
  for (const other of policies(scope).values()) {
    const { TargetTrackingConfiguration: config } = other.settings;
    if (other.group !== group.name || other.name === name || !config) continue;
    if (!isDeepStrictEqual(trackedMetric(config, group.name), metric)) continue;
    throw invalid('Only one TargetTrackingScaling policy for a given metric specification is allowed.');
  }
}

function checkedSteps(given: Settings): Settings {
  only(given, 'StepScaling', [
    'AdjustmentType',
    'StepAdjustments',
    'MinAdjustmentMagnitude',
    'MetricAggregationType',
    'EstimatedInstanceWarmup',
  ]);
  checkAdjustment(given);
  checkWarmup(given);
  const steps = given.StepAdjustments ?? [];
  if (steps.length === 0) throw invalid('There must be at least one step adjustment for policies of type StepScaling.');
  const { MetricAggregationType: aggregation } = given;
  if (aggregation !== undefined && !aggregations.includes(aggregation)) {
    throw invalid(`MetricAggregationType must be one of ${aggregations.join(', ')}, not ${aggregation}.`);
  }
  checkIntervals(steps);
  checkExact(
    given,
    steps.map(({ ScalingAdjustment }) => ScalingAdjustment),
  );
  return given;
}

/** Without overlaps, gaps or ends: what lies beyond the last bound must have a step, too. */
function checkIntervals(steps: readonly Step[]): void {
  const from = (step: Step) => step.MetricIntervalLowerBound ?? Number.NEGATIVE_INFINITY;
  const to = (step: Step) => step.MetricIntervalUpperBound ?? Number.POSITIVE_INFINITY;
  const sorted = [...steps].sort((a, b) => from(a) - from(b));
  for (const [index, step] of sorted.entries()) {
    if (step.ScalingAdjustment === undefined)
      throw invalid('ScalingAdjustment must be specified in each step adjustment.');
    if (from(step) >= to(step))
      throw invalid('The lower bound of a step adjustment must be less than its upper bound.');
    const next = sorted[index + 1];
    if (!next) continue;
    if (to(step) > from(next)) throw invalid('StepAdjustment intervals can not overlap.');
    if (to(step) < from(next)) throw invalid('StepAdjustment intervals can not have gaps between them.');
  }
  if (
    steps.some((step) => step.MetricIntervalLowerBound === undefined && step.MetricIntervalUpperBound === undefined)
  ) {
    throw invalid('The bounds of a step adjustment can not both be null.');
  }
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if ((lowest?.MetricIntervalLowerBound ?? 0) < 0) {
    throw invalid('If a step adjustment has a negative lower bound, one must have a null lower bound.');
  }
  if ((highest?.MetricIntervalUpperBound ?? 0) > 0) {
    throw invalid('If a step adjustment has a positive upper bound, one must have a null upper bound.');
  }
}

function checkedSimple(given: Settings): Settings {
  only(given, 'SimpleScaling', ['AdjustmentType', 'ScalingAdjustment', 'MinAdjustmentMagnitude', 'Cooldown']);
  checkAdjustment(given);
  if (given.ScalingAdjustment === undefined)
    throw invalid('You must specify a ScalingAdjustment for policies of type SimpleScaling.');
  checkExact(given, [given.ScalingAdjustment]);
  checkSeconds('Cooldown', given.Cooldown);
  return { ...given, PolicyType: 'SimpleScaling' };
}

function checkExact({ AdjustmentType: type }: Settings, amounts: readonly (number | undefined)[]): void {
  if (type !== 'ExactCapacity' || amounts.every((amount = 0) => amount >= 0)) return;
  throw invalid('ScalingAdjustment must not be negative with the adjustment type ExactCapacity.');
}

const aggregations = ['Minimum', 'Maximum', 'Average'];
const adjustmentTypes = ['ChangeInCapacity', 'ExactCapacity', 'PercentChangeInCapacity'];

function checkAdjustment({ AdjustmentType: type, MinAdjustmentMagnitude: smallest }: Settings): void {
  if (!adjustmentTypes.includes(type ?? '')) {
    throw invalid(
      `AdjustmentType must be one of ${adjustmentTypes.join(', ')}${type === undefined ? '' : `, not ${type}`}.`,
    );
  }
  if (smallest !== undefined && type !== 'PercentChangeInCapacity') {
    throw invalid('MinAdjustmentMagnitude can only be specified with the adjustment type PercentChangeInCapacity.');
  }
}

const checkWarmup = (given: Settings) => checkSeconds('EstimatedInstanceWarmup', given.EstimatedInstanceWarmup);

function checkSeconds(name: string, seconds: number | undefined): void {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 0)) return;
  throw invalid(`${name} must be a whole number of seconds, not ${seconds}.`);
}
