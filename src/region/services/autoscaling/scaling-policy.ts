/** Scaling policies: put, described, deleted. What they do is in `policy-execution.ts`. */
import type {
  DeletePolicyCommandInput,
  DescribePoliciesCommandInput,
  PutScalingPolicyCommandInput,
  ScalingPolicy,
} from '@aws-sdk/client-auto-scaling';
import type { Call, Scope } from '../service.ts';
import { checkedSettings } from './policy-settings.ts';
import { groupOf, invalid, type PolicyRecord, page, pageSize, policies } from './state.ts';
import { deleteAlarms, putAlarms } from './tracking-alarms.ts';

const policyKey = (group: string, name: string) => `${group} ${name}`;

export async function putScalingPolicy(input: PutScalingPolicyCommandInput, call: Call) {
  const { AutoScalingGroupName, PolicyName: name = '', ...given } = input;
  const record = groupOf(call, AutoScalingGroupName);
  const group = record.name;
  if (!/^[^\n:|]{1,255}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'policyName' failed to satisfy constraint: Member must have length between 1 and 255`,
    );
  }
  const settings = checkedSettings(call, record, name, given);
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
