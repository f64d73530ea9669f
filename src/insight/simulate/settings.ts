/** Other scaling settings than the template's, put by the operations that a user would call. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { Settings } from './objective.ts';

interface Policy {
  readonly AutoScalingGroupName: string;
  readonly PolicyName: string;
  readonly PolicyType: string;
  readonly EstimatedInstanceWarmup?: number;
  readonly TargetTrackingConfiguration?: { readonly TargetValue: number };
}

interface Group {
  readonly AutoScalingGroupName: string;
  readonly MaxSize: number;
}

export async function applySettings(
  { region }: Pick<SimulatedRegion, 'region'>,
  { targetFactor, minSize }: Settings,
): Promise<void> {
  const invoke = <O>(operation: string, input: object) => region.invoke<O>('autoscaling', operation, input);
  const { ScalingPolicies } = await invoke<{ ScalingPolicies: Policy[] }>('DescribePolicies', { MaxRecords: 100 });
  for (const policy of targetFactor === 1 ? [] : ScalingPolicies) {
    const { AutoScalingGroupName, PolicyName, PolicyType, EstimatedInstanceWarmup, TargetTrackingConfiguration } =
      policy;
    if (!TargetTrackingConfiguration) continue;
    await invoke('PutScalingPolicy', {
      AutoScalingGroupName,
      PolicyName,
      PolicyType,
      ...(EstimatedInstanceWarmup === undefined ? {} : { EstimatedInstanceWarmup }),
      TargetTrackingConfiguration: {
        ...TargetTrackingConfiguration,
        TargetValue: TargetTrackingConfiguration.TargetValue * targetFactor,
      },
    });
  }
  if (minSize === undefined) return;
  const { AutoScalingGroups } = await invoke<{ AutoScalingGroups: Group[] }>('DescribeAutoScalingGroups', {});
  for (const { AutoScalingGroupName, MaxSize } of AutoScalingGroups) {
    await invoke('UpdateAutoScalingGroup', { AutoScalingGroupName, MinSize: Math.min(minSize, MaxSize) });
  }
}
