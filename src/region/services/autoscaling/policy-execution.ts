/**
 * What a policy does when its alarm rings, or when somebody asks: a new desired capacity, within the group's bounds.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/scale-your-group.html
 */
import type { ExecutePolicyCommandInput } from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type AdjustmentType, adjusted, capacityForTarget, stepFor } from './adjustment.ts';
import { setDesired } from './group.ts';
import { policyOf } from './scaling-policy.ts';
import {
  capacityOf,
  type GroupRecord,
  groupOf,
  groups,
  invalid,
  isSuspended,
  type PolicyRecord,
  policies,
} from './state.ts';
import { allInAlarm, measured } from './tracking-alarms.ts';

export async function executePolicy(input: ExecutePolicyCommandInput, call: Call) {
  const policy = policyOf(call, input.AutoScalingGroupName, input.PolicyName);
  const group = groupOf(call, policy.group);
  const alarm = alarmName(call);
  if (alarm !== undefined && (isSuspended(group, 'AlarmNotification') || policy.settings.Enabled === false)) return {};
  switch (policy.settings.PolicyType) {
    case 'TargetTrackingScaling':
      if (alarm === undefined) throw invalid('Policies of type TargetTrackingScaling cannot be executed by request.');
      await track(call, policy, alarm, input.MetricValue);
      return {};
    case 'StepScaling':
      step(call, group, policy, input);
      return {};
    default:
      simple(call, group, policy, input.HonorCooldown ?? alarm !== undefined);
      return {};
  }
}

/** The alarm on whose behalf CloudWatch calls; undefined for a user's request. */
function alarmName({ caller }: Call): string | undefined {
  return caller.kind === 'service' ? caller.sourceArn?.split(':alarm:')[1] : undefined;
}

function causeOf(call: Call, policy: PolicyRecord): string {
  const alarm = alarmName(call);
  return alarm === undefined
    ? `a user request executed policy ${policy.name}`
    : `a monitor alarm ${alarm} in state ALARM triggered policy ${policy.name}`;
}

function simple(call: Call, group: GroupRecord, policy: PolicyRecord, honour: boolean): void {
  const { AdjustmentType: type, ScalingAdjustment: amount = 0, MinAdjustmentMagnitude, Cooldown } = policy.settings;
  const wanted = adjusted(group.desired, type as AdjustmentType, amount, MinAdjustmentMagnitude);
  const cooled = Cooldown === undefined ? group : { ...group, cooldownSeconds: Cooldown };
  try {
    setDesired(call, cooled, bounded(group, wanted), honour, causeOf(call, policy));
  } catch (error) {
    // An alarm that rings within the cooldown is heard again when it still rings.
    if (alarmName(call) === undefined || !(error instanceof Fault) || error.code !== 'ScalingActivityInProgress')
      throw error;
  }
}

function step(call: Call, group: GroupRecord, policy: PolicyRecord, input: ExecutePolicyCommandInput): void {
  const { MetricValue, BreachThreshold } = input;
  const { AdjustmentType: type, StepAdjustments: steps = [], MinAdjustmentMagnitude } = policy.settings;
  if (MetricValue === undefined || BreachThreshold === undefined) {
    throw invalid('MetricValue and BreachThreshold must be specified when you execute a policy of type StepScaling.');
  }
  const found = stepFor(steps, MetricValue - BreachThreshold);
  if (!found)
    throw invalid(
      `There is no step adjustment defined for the metric value ${MetricValue} and breach threshold ${BreachThreshold}.`,
    );
  const { warmed, warming } = capacities(call, group, policy);
  const wanted = adjusted(
    warming > 0 ? warmed : group.desired,
    type as AdjustmentType,
    found.ScalingAdjustment ?? 0,
    MinAdjustmentMagnitude,
  );
  // Instances that warm up count as capacity on the way out, and hold up the way in.
  if (warming > 0 && wanted <= group.desired) return;
  setDesired(call, group, bounded(group, wanted), false, causeOf(call, policy));
}

async function track(call: Call, policy: PolicyRecord, alarm: string, value: number | undefined): Promise<void> {
  const isLow = alarm.startsWith(`TargetTracking-${policy.group}-AlarmLow-`);
  const agreed = isLow ? await lowestAgreed(call, policy) : undefined;
  const metric = value ?? (await measured(call, policy));
  // As it is now, after the questions.
  const group = groups(call).get(policy.group);
  if (!group || metric === undefined) return;
  const { warmed, warming, pending } = capacities(call, group, policy);
  const target = policy.settings.TargetTrackingConfiguration?.TargetValue ?? 0;
  if (isLow) {
    if (agreed === undefined || warming > 0 || pending > 0) return;
    const wanted = bounded(group, Math.max(agreed, capacityForTarget(warmed, metric, target)));
    if (wanted < group.desired) setDesired(call, group, wanted, false, causeOf(call, policy));
    return;
  }
  const wanted = bounded(group, capacityForTarget(warmed, metric, target));
  if (wanted > group.desired) setDesired(call, group, wanted, false, causeOf(call, policy));
}

/** The capacity that every other policy can live with; undefined while one of them is not ready to scale in. */
async function lowestAgreed(scope: Scope, policy: PolicyRecord): Promise<number | undefined> {
  const others = [...policies(scope).values()].filter(
    ({ group, arn, settings }) =>
      group === policy.group &&
      arn !== policy.arn &&
      settings.PolicyType === 'TargetTrackingScaling' &&
      settings.Enabled !== false &&
      !settings.TargetTrackingConfiguration?.DisableScaleIn,
  );
  const lowAlarms = others.flatMap(({ group, alarms }) =>
    alarms.flatMap(({ name }) => (name.startsWith(`TargetTracking-${group}-AlarmLow-`) ? [name] : [])),
  );
  if (!(await allInAlarm(scope, lowAlarms))) return undefined;
  let agreed = 0;
  for (const other of others) {
    const metric = await measured(scope, other);
    const group = groups(scope).get(other.group);
    if (metric === undefined || !group) return undefined;
    const { warmed } = capacities(scope, group, other);
    const target = other.settings.TargetTrackingConfiguration?.TargetValue ?? 0;
    agreed = Math.max(agreed, capacityForTarget(warmed, metric, target));
  }
  return agreed;
}

const bounded = ({ min, max }: GroupRecord, wanted: number) => Math.min(max, Math.max(min, wanted));

/** Instances that serve and are warm, that serve and are warming up, and that do not serve yet. */
function capacities(scope: Scope, group: GroupRecord, { settings }: PolicyRecord) {
  const warmupSeconds = settings.EstimatedInstanceWarmup ?? group.warmupSeconds ?? group.cooldownSeconds;
  const now = scope.clock.now();
  let warmed = 0;
  let warming = 0;
  let pending = 0;
  for (const { lifecycle, inServiceMs } of capacityOf(scope, group.name)) {
    if (lifecycle !== 'InService' || inServiceMs === undefined) pending++;
    else if (now - inServiceMs < warmupSeconds * 1000) warming++;
    else warmed++;
  }
  // A group whose first instances are warming has nothing else to be judged by.
  return warmed > 0 ? { warmed, warming, pending } : { warmed: warming, warming, pending };
}
