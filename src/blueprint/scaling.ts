/** Target tracking: CPU, memory, network and requests. The group grows when any of them says so. */
import { Fn } from 'aws-cdk-lib';
import { type CfnAutoScalingGroup, CfnScalingPolicy } from 'aws-cdk-lib/aws-autoscaling';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';

export function makeScaling(scope: Construct, { scaling }: Config, group: CfnAutoScalingGroup): void {
  const track = (
    id: string,
    target: number | false,
    metric: Omit<CfnScalingPolicy.TargetTrackingConfigurationProperty, 'targetValue'>,
  ) => {
    if (target === false) return;
    new CfnScalingPolicy(scope, id, {
      autoScalingGroupName: group.ref,
      policyType: 'TargetTrackingScaling',
      targetTrackingConfiguration: { targetValue: target, ...metric },
    });
  };
  const predefined = (predefinedMetricType: string, resourceLabel?: string) => ({
    predefinedMetricSpecification: { predefinedMetricType, ...(resourceLabel === undefined ? {} : { resourceLabel }) },
  });

  track('ScaleOnCpu', scaling.cpu, predefined('ASGAverageCPUUtilization'));
  track('ScaleOnMemory', scaling.memory, {
    customizedMetricSpecification: {
      namespace: 'CWAgent',
      metricName: 'mem_used_percent',
      dimensions: [{ name: 'AutoScalingGroupName', value: group.ref }],
      statistic: 'Average',
    },
    // The group shrinks only when all policies agree, and a heap seldom does: it would keep every machine for ever.
    disableScaleIn: true,
  });
  track('ScaleOnNetwork', scaling.network, predefined('ASGAverageNetworkOut'));
  const label = Fn.sub('${ApiBalancer.LoadBalancerFullName}/${ApiTargets.TargetGroupFullName}');
  track('ScaleOnRequests', scaling.requestsPerTarget, predefined('ALBRequestCountPerTarget', label));
}
