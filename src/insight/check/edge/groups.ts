/** Auto Scaling groups with what they launch, what scales them and what they stand behind. */
import type { Model, ModelResource } from '../../model/model.ts';
import { listOf, named, ofType, recordOf, textOf } from './parts.ts';

export interface Group {
  readonly group: ModelResource;
  /** Undefined where the template does not have it. */
  readonly launch: ModelResource | undefined;
  readonly policies: readonly ModelResource[];
}

export const launchTemplateType = 'AWS::EC2::LaunchTemplate';

export function groupsOf(model: Model): readonly Group[] {
  const policies = ofType(model, 'AWS::AutoScaling::ScalingPolicy');
  return ofType(model, 'AWS::AutoScaling::AutoScalingGroup').map((group) => {
    const { LaunchTemplate, MixedInstancesPolicy } = group.properties;
    const mixed = recordOf(recordOf(MixedInstancesPolicy).LaunchTemplate).LaunchTemplateSpecification;
    const id = textOf(recordOf(LaunchTemplate ?? mixed).LaunchTemplateId);
    return {
      group,
      launch: id === undefined ? undefined : named(model, launchTemplateType, id),
      policies: policies.filter(({ properties }) => properties.AutoScalingGroupName === group.physicalId),
    };
  });
}

export interface Tracking {
  /** `ASGAverageCPUUtilization`; undefined for a metric of its own. */
  readonly predefined: string | undefined;
  readonly metric: string | undefined;
  readonly namespace: string | undefined;
  readonly scalesIn: boolean;
}

/** Of a target tracking policy; undefined for others. */
export function trackingOf({ properties }: ModelResource): Tracking | undefined {
  if (properties.TargetTrackingConfiguration === undefined) return undefined;
  const tracking = recordOf(properties.TargetTrackingConfiguration);
  const own = recordOf(tracking.CustomizedMetricSpecification);
  // A metric that is computed from others: the first that is read.
  const [query] = listOf(own.Metrics).map((one) => recordOf(recordOf(recordOf(one).MetricStat).Metric));
  return {
    predefined: textOf(recordOf(tracking.PredefinedMetricSpecification).PredefinedMetricType),
    metric: textOf(own.MetricName ?? query?.MetricName),
    namespace: textOf(own.Namespace ?? query?.Namespace),
    scalesIn: textOf(tracking.DisableScaleIn) !== 'true',
  };
}
