/**
 * What the policies of a group ask for at one moment. Where several ask, the largest capacity wins, on the way out as on
 * the way in. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scale-based-on-demand.html#multiple-scaling-policy-resolution
 */
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import { type AdjustmentType, adjusted, capacityForTarget, stepFor } from './adjustment.ts';
import { datapointsOf, ringingFor } from './policy-alarms.ts';
import { type GroupRecord, groups, type PolicyRecord, policies } from './state.ts';
import { isLowAlarm } from './tracking-alarms.ts';
import { capacityNow } from './warm-up.ts';

/**
 * The capacity that a ringing alarm's policy asks for, within no bounds yet; undefined where it asks for nothing.
 * @param newest the alarm's newest datapoint, where it is known
 */
export async function wishOf(
  scope: Scope,
  policy: PolicyRecord,
  alarm: MetricAlarm,
  newest?: number,
): Promise<number | undefined> {
  const values = newest !== undefined && !aggregates(policy, alarm) ? [newest] : await datapointsOf(scope, alarm);
  // As it is now, after the question.
  const group = groups(scope).get(policy.group);
  if (!group) return undefined;
  switch (policy.settings.PolicyType) {
    case 'TargetTrackingScaling':
      return trackingWish(scope, group, policy, alarm, values[0]);
    case 'StepScaling': {
      const value = aggregated(policy, values.slice(0, alarm.EvaluationPeriods));
      return value === undefined ? undefined : stepWish(scope, group, policy, value - (alarm.Threshold ?? 0));
    }
    default:
      return simpleWish(group, policy);
  }
}

function trackingWish(
  scope: Scope,
  group: GroupRecord,
  { settings }: PolicyRecord,
  { AlarmName = '' }: MetricAlarm,
  value: number | undefined,
): number | undefined {
  const target = settings.TargetTrackingConfiguration?.TargetValue;
  if (value === undefined || target === undefined) return undefined;
  const { warm, terminating } = capacityNow(scope, group);
  if (isLowAlarm(group.name, AlarmName)) {
    return Math.min(group.desired, capacityForTarget(warm + terminating, value, target));
  }
  // Above its target, it can do without none of those that are there or on their way.
  return Math.max(group.desired, capacityForTarget(warm, value, target));
}

/** Undefined where no step is for that much. */
export function stepWish(
  scope: Scope,
  group: GroupRecord,
  { settings }: PolicyRecord,
  breach: number,
): number | undefined {
  const { AdjustmentType: type, StepAdjustments: steps = [], MinAdjustmentMagnitude } = settings;
  const amount = stepFor(steps, breach)?.ScalingAdjustment;
  if (amount === undefined) return undefined;
  if (type === 'ExactCapacity') return amount;
  const { warm, terminating } = capacityNow(scope, group);
  const from = amount < 0 ? warm + terminating : warm;
  const wanted = adjusted(from, type as AdjustmentType, amount, MinAdjustmentMagnitude);
  return amount < 0 ? Math.min(group.desired, wanted) : Math.max(group.desired, wanted);
}

export function simpleWish({ desired }: GroupRecord, { settings }: PolicyRecord): number {
  const { AdjustmentType: type, ScalingAdjustment: amount = 0, MinAdjustmentMagnitude } = settings;
  return adjusted(desired, type as AdjustmentType, amount, MinAdjustmentMagnitude);
}

const aggregates = ({ settings }: PolicyRecord, { EvaluationPeriods = 1 }: MetricAlarm) =>
  settings.PolicyType === 'StepScaling' && EvaluationPeriods > 1;

/**
 * Of the datapoints of all evaluation periods: what the guide calls the most recent ones, and CDK's says in full.
 * https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_autoscaling.BasicStepScalingPolicyProps.html#metricaggregationtype
 */
function aggregated({ settings }: PolicyRecord, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  if (settings.MetricAggregationType === 'Minimum') return Math.min(...values);
  if (settings.MetricAggregationType === 'Maximum') return Math.max(...values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface Agreement {
  /** The capacity below which no other policy wants the group to be. */
  readonly lowest: number;
  /** Target tracking policies that could scale in and are not ready to. */
  readonly notReady: readonly string[];
}

/** What the others say when one wants to scale in. One that never scales in speaks up only while it scales out. */
export async function agreementOn(scope: Scope, policy: PolicyRecord): Promise<Agreement> {
  // Alarms that are evaluated together ring together: the others' states are asked for once all are known.
  await Promise.resolve();
  const others = [...policies(scope).values()].filter(
    ({ group, arn, settings }) => group === policy.group && arn !== policy.arn && settings.Enabled !== false,
  );
  let lowest = 0;
  const notReady: string[] = [];
  for (const other of others) {
    const ringing = await ringingFor(scope, other);
    for (const alarm of ringing) lowest = Math.max(lowest, (await wishOf(scope, other, alarm)) ?? 0);
    const { PolicyType, TargetTrackingConfiguration } = other.settings;
    const mustAgree = PolicyType === 'TargetTrackingScaling' && !TargetTrackingConfiguration?.DisableScaleIn;
    const ready = ringing.some(({ AlarmName = '' }) => isLowAlarm(policy.group, AlarmName));
    if (mustAgree && !ready) notReady.push(other.name);
  }
  return { lowest, notReady };
}
