/** Scaling policies in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import type { PutScalingPolicyCommandInput } from './shapes.ts';

type PolicyProperties = Omit<PutScalingPolicyCommandInput, 'PolicyName' | 'Enabled' | 'Cooldown'> & {
  readonly Cooldown?: string | number;
};

const service = 'autoscaling';
const metric = ['MetricName', 'Namespace', 'Dimensions'];
const custom = 'TargetTrackingConfiguration.CustomizedMetricSpecification';

export const scalingPolicy = resourceType<PolicyProperties>({
  honours: [
    'AutoScalingGroupName',
    'PolicyType',
    'AdjustmentType',
    'ScalingAdjustment',
    'Cooldown',
    'MinAdjustmentMagnitude',
    'MetricAggregationType',
    'EstimatedInstanceWarmup',
    'StepAdjustments[].MetricIntervalLowerBound',
    'StepAdjustments[].MetricIntervalUpperBound',
    'StepAdjustments[].ScalingAdjustment',
    'TargetTrackingConfiguration.TargetValue',
    'TargetTrackingConfiguration.DisableScaleIn',
    'TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType',
    'TargetTrackingConfiguration.PredefinedMetricSpecification.ResourceLabel',
    ...[...metric, 'Statistic', 'Unit', 'Period'].map((name) => `${custom}.${name}`),
    ...[
      'Id',
      'Expression',
      'Label',
      'ReturnData',
      'Period',
      'MetricStat.Stat',
      'MetricStat.Unit',
      'MetricStat.Period',
    ].map((name) => `${custom}.Metrics[].${name}`),
    ...metric.map((name) => `${custom}.Metrics[].MetricStat.Metric.${name}`),
  ],
  async create(request) {
    const PolicyName = request.name(255);
    const { PolicyARN } = await put(request, PolicyName);
    return { physicalId: PolicyARN, attributes: { Arn: PolicyARN, PolicyName } };
  },
  async update(request) {
    const { physicalId, attributes } = request;
    await put(request, physicalId.split(':policyName/')[1] ?? '');
    return { physicalId, attributes };
  },
  replaces: (before, after) => before.AutoScalingGroupName !== after.AutoScalingGroupName,
  async delete({ physicalId, invoke }) {
    // The group takes its policies with it.
    await unlessGone(['ValidationError'], () => invoke(service, 'DeletePolicy', { PolicyName: physicalId }));
  },
});

function put(
  {
    properties,
    invoke,
  }: { properties: PolicyProperties; invoke: <O>(service: string, operation: string, input: object) => Promise<O> },
  PolicyName: string,
): Promise<{ PolicyARN: string }> {
  const { Cooldown, ...rest } = properties;
  return invoke(service, 'PutScalingPolicy', {
    ...rest,
    PolicyName,
    ...(Cooldown === undefined ? {} : { Cooldown: Number(Cooldown) }),
  });
}
