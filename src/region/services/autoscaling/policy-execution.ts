/**
 * What a policy does when its alarm rings, or when somebody asks: a new desired capacity, within the group's bounds.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/scale-your-group.html
 */
import type { ExecutePolicyCommandInput } from '@aws-sdk/client-auto-scaling';
import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { setDesired } from './group.ts';
import { alarmNamed } from './policy-alarms.ts';
import { policyOf } from './scaling-policy.ts';
import { type GroupRecord, groupOf, groups, invalid, isSuspended, type PolicyRecord } from './state.ts';
import { capacityNow, warmupOf } from './warm-up.ts';
import { agreementOn, simpleWish, stepWish, wishOf } from './wishes.ts';

const minuteMs = 60_000;

export async function executePolicy(input: ExecutePolicyCommandInput, call: Call) {
  const policy = policyOf(call, input.AutoScalingGroupName, input.PolicyName);
  const group = groupOf(call, policy.group);
  const alarm = alarmName(call);
  if (alarm === undefined) executeByRequest(call, group, policy, input);
  else if (!isSuspended(group, 'AlarmNotification') && policy.settings.Enabled !== false) {
    await executeByAlarm(call, policy, alarm, input.MetricValue);
  }
  return {};
}

/** The alarm on whose behalf CloudWatch calls; undefined for a user's request. */
function alarmName({ caller }: Call): string | undefined {
  return caller.kind === 'service' ? caller.sourceArn?.split(':alarm:')[1] : undefined;
}

function executeByRequest(call: Call, group: GroupRecord, policy: PolicyRecord, input: ExecutePolicyCommandInput) {
  const { MetricValue, BreachThreshold, HonorCooldown } = input;
  const by = `a user request executed policy ${policy.name}`;
  switch (policy.settings.PolicyType) {
    case 'TargetTrackingScaling':
      throw invalid('Policies of type TargetTrackingScaling cannot be executed by request.');
    case 'StepScaling': {
      if (HonorCooldown !== undefined)
        throw invalid('HonorCooldown is only supported by policies of type SimpleScaling.');
      if (MetricValue === undefined || BreachThreshold === undefined) {
        throw invalid(
          'MetricValue and BreachThreshold must be specified when you execute a policy of type StepScaling.',
        );
      }
      const wanted = stepWish(call, group, policy, MetricValue - BreachThreshold);
      if (wanted === undefined) {
        throw invalid(
          `There is no step adjustment defined for the metric value ${MetricValue} and breach threshold ${BreachThreshold}.`,
        );
      }
      scale(call, policy, wanted, by);
      return;
    }
    default:
      if (MetricValue !== undefined || BreachThreshold !== undefined) {
        throw invalid('MetricValue and BreachThreshold are only supported by policies of type StepScaling.');
      }
      scaleSimply(call, group, policy, simpleWish(group, policy), HonorCooldown ?? false, by);
  }
}

async function executeByAlarm(call: Call, policy: PolicyRecord, name: string, newest: number | undefined) {
  const alarm = await alarmNamed(call, name);
  const own = alarm && (await wishOf(call, policy, alarm, newest));
  const before = groups(call).get(policy.group);
  if (!alarm || own === undefined || !before) return;
  // On the way out nobody needs to agree: who asks for more is heard, one after the other.
  const others = own < before.desired ? await agreementOn(call, policy) : { lowest: 0, notReady: [] };
  // What a step policy takes away, target tracking does not hold up, save while it scales out.
  if (policy.settings.PolicyType === 'TargetTrackingScaling' && others.notReady.length > 0) {
    tellHeld(call, policy, alarm, others.notReady);
    return;
  }
  const group = groups(call).get(policy.group);
  const wanted = Math.max(own, others.lowest);
  // Another one's wish for more is its own to carry out.
  if (!group || (own < group.desired && wanted >= group.desired)) return;
  const by = `a monitor alarm ${name} in state ${alarm.StateValue} triggered policy ${policy.name}`;
  if (policy.settings.PolicyType !== 'SimpleScaling') return scale(call, policy, wanted, by);
  try {
    scaleSimply(call, group, policy, wanted, true, by);
  } catch (error) {
    // An alarm that rings within the cooldown is heard again when it still rings.
    if (!(error instanceof Fault) || error.code !== 'ScalingActivityInProgress') throw error;
  }
}

/** Once, when the alarm begins to ring. */
function tellHeld(call: Call, policy: PolicyRecord, alarm: MetricAlarm, notReady: readonly string[]): void {
  const rangMs = alarm.StateTransitionedTimestamp?.getTime() ?? 0;
  if (call.clock.now() - rangMs >= minuteMs) return;
  const text = `${policy.group}: ${policy.name} would scale in, and ${notReady.join(', ')} is not ready to`;
  call.note({ source: 'autoscaling', kind: 'scale-in-held', text, data: { group: policy.group, notReady } });
}

/** Target tracking and steps: at any time, but not in while something still warms up. */
function scale(call: Call, policy: PolicyRecord, unbounded: number, by: string): void {
  const group = groupOf(call, policy.group);
  const wanted = bounded(group, unbounded);
  if (wanted < group.desired && capacityNow(call, group).coming > 0) return;
  setDesired(call, group, wanted, false, by, { cools: false, warmupSeconds: warmupOf(group, policy) });
}

/** Simple policies know no warm-up, and wait for the cooldown of what was done before instead. */
function scaleSimply(
  call: Call,
  group: GroupRecord,
  { settings }: PolicyRecord,
  wanted: number,
  honour: boolean,
  by: string,
): void {
  setDesired(call, group, bounded(group, wanted), honour, by, { cools: true, cooldownSeconds: settings.Cooldown });
}

const bounded = ({ min, max }: GroupRecord, wanted: number) => Math.min(max, Math.max(min, wanted));
