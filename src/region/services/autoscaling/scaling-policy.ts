/** Scaling policies: put, described, deleted. What they do is in `policy-execution.ts`. */
import type {
  DeletePolicyCommandInput,
  DescribePoliciesCommandInput,
  PutScalingPolicyCommandInput,
  ScalingPolicy,
} from '@aws-sdk/client-auto-scaling';
import type { Call, Scope } from '../service.ts';
import { groupOf, invalid, notModelled, type PolicyRecord, page, pageSize, policies } from './state.ts';
import { deleteAlarms, putAlarms, trackedMetric } from './tracking-alarms.ts';

type Settings = PolicyRecord['settings'];

const policyKey = (group: string, name: string) => `${group} ${name}`;

export async function putScalingPolicy(input: PutScalingPolicyCommandInput, call: Call) {
  const { AutoScalingGroupName, PolicyName: name = '', ...given } = input;
  const group = groupOf(call, AutoScalingGroupName).name;
  if (!/^[^\n:|]{1,255}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'policyName' failed to satisfy constraint: Member must have length between 1 and 255`,
    );
  }
  const settings = checked(given, group);
  const before = policies(call).get(policyKey(group, name));
  const arn =
    before?.arn ??
    `arn:aws:autoscaling:${call.region}:${call.account}:scalingPolicy:${call.random.uuid()}:autoScalingGroupName/${group}:policyName/${name}`;
  const policy: PolicyRecord = { arn, group, name, settings, alarms: before?.alarms ?? [] };
  // Before its alarms, whose action it is.
  policies(call).put(policyKey(group, name), policy);
  if (settings.PolicyType !== 'TargetTrackingScaling') {
    await deleteAlarms(call, policy.alarms);
    policies(call).put(policyKey(group, name), { ...policy, alarms: [] });
    return { PolicyARN: arn, Alarms: [] };
  }
  const alarms = await putAlarms(call, policy);
  if (policies(call).has(policyKey(group, name))) policies(call).put(policyKey(group, name), { ...policy, alarms });
  else await deleteAlarms(call, alarms);
  return { PolicyARN: arn, Alarms: alarms.map(alarmView) };
}

function checked(given: Settings, group: string): Settings {
  const type = given.PolicyType ?? 'SimpleScaling';
  switch (type) {
    case 'TargetTrackingScaling':
      return checkedTracking(given, group);
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

function checkedTracking(given: Settings, group: string): Settings {
  only(given, 'TargetTrackingScaling', ['TargetTrackingConfiguration', 'EstimatedInstanceWarmup']);
  const { TargetTrackingConfiguration: config } = given;
  if (!config)
    throw invalid('TargetTrackingConfiguration must be specified for policies of type TargetTrackingScaling.');
  if (!((config.TargetValue ?? 0) > 0))
    throw invalid(`TargetValue must be greater than zero, not ${config.TargetValue}.`);
  trackedMetric(config, group);
  checkWarmup(given);
  return given;
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
  const from = (step: (typeof steps)[number]) => step.MetricIntervalLowerBound ?? Number.NEGATIVE_INFINITY;
  const to = (step: (typeof steps)[number]) => step.MetricIntervalUpperBound ?? Number.POSITIVE_INFINITY;
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
  return given;
}

function checkedSimple(given: Settings): Settings {
  only(given, 'SimpleScaling', ['AdjustmentType', 'ScalingAdjustment', 'MinAdjustmentMagnitude', 'Cooldown']);
  checkAdjustment(given);
  if (given.ScalingAdjustment === undefined)
    throw invalid('You must specify a ScalingAdjustment for policies of type SimpleScaling.');
  return { ...given, PolicyType: 'SimpleScaling' };
}

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

function checkWarmup({ EstimatedInstanceWarmup: seconds }: Settings): void {
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 0)) {
    throw invalid(`EstimatedInstanceWarmup must be a whole number of seconds, not ${seconds}.`);
  }
}

/** By name, or by ARN. Throws a `ValidationError`. */
export function policyOf(scope: Scope, group: string | undefined, nameOrArn: string | undefined): PolicyRecord {
  const found = [...policies(scope).values()].find(
    (policy) =>
      policy.arn === nameOrArn || (policy.name === nameOrArn && (group === undefined || policy.group === group)),
  );
  if (!found) throw invalid('PolicyName not found');
  if (group === undefined && !nameOrArn?.startsWith('arn:')) {
    throw invalid('AutoScalingGroupName must be specified when PolicyName is not an ARN.');
  }
  return found;
}

export async function deletePolicy(input: DeletePolicyCommandInput, call: Call) {
  const policy = policyOf(call, input.AutoScalingGroupName, input.PolicyName);
  policies(call).delete(policyKey(policy.group, policy.name));
  await deleteAlarms(call, policy.alarms);
  return {};
}

export function describePolicies(input: DescribePoliciesCommandInput, call: Call) {
  const { AutoScalingGroupName: group, PolicyNames: names = [], PolicyTypes: types = [] } = input;
  if (group !== undefined) groupOf(call, group);
  const found = [...policies(call).values()].filter(
    (policy) =>
      (group === undefined || policy.group === group) &&
      (names.length === 0 || names.includes(policy.name) || names.includes(policy.arn)) &&
      (types.length === 0 || types.includes(policy.settings.PolicyType ?? '')),
  );
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords, 100, 50));
  return { ScalingPolicies: items.map(policyView), ...next };
}

function policyView({ arn, group, name, settings, alarms }: PolicyRecord): ScalingPolicy {
  const { StepAdjustments, ...rest } = settings;
  return {
    ...rest,
    AutoScalingGroupName: group,
    PolicyName: name,
    PolicyARN: arn,
    StepAdjustments: StepAdjustments ?? [],
    Alarms: alarms.map(alarmView),
    Enabled: settings.Enabled ?? true,
    ...(settings.PolicyType === 'StepScaling'
      ? { MetricAggregationType: settings.MetricAggregationType ?? 'Average' }
      : {}),
  };
}

const alarmView = ({ name, arn }: PolicyRecord['alarms'][number]) => ({ AlarmName: name, AlarmARN: arn });
