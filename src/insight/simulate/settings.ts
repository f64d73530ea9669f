/** Other scaling settings than the template's, put by the operations that a user would call. */
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { Settings } from './objective.ts';

interface Policy {
  readonly AutoScalingGroupName: string;
  readonly PolicyName: string;
  readonly PolicyType: string;
  readonly EstimatedInstanceWarmup?: number;
  readonly Enabled?: boolean;
  readonly TargetTrackingConfiguration?: { readonly TargetValue: number };
}

interface Group {
  readonly AutoScalingGroupName: string;
  readonly MinSize: number;
  readonly MaxSize: number;
}

export async function applySettings(
  { region }: Pick<SimulatedRegion, 'region'>,
  { targetFactor, minSize }: Settings,
): Promise<void> {
  const invoke = <O>(operation: string, input: object) => region.invoke<O>('autoscaling', operation, input);
  const all = async <Item>(operation: string, member: string): Promise<Item[]> => {
    const found: Item[] = [];
    let NextToken: string | undefined;
    do {
      const page = await invoke<Record<string, Item[]> & { readonly NextToken?: string }>(
        operation,
        NextToken === undefined ? {} : { NextToken },
      );
      found.push(...(page[member] ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    return found;
  };
  for (const policy of targetFactor === 1 ? [] : await all<Policy>('DescribePolicies', 'ScalingPolicies')) {
    const { TargetTrackingConfiguration, AutoScalingGroupName, PolicyName, PolicyType } = policy;
    if (!TargetTrackingConfiguration) continue;
    const { EstimatedInstanceWarmup, Enabled } = policy;
    await invoke('PutScalingPolicy', {
      AutoScalingGroupName,
      PolicyName,
      PolicyType,
      ...(EstimatedInstanceWarmup === undefined ? {} : { EstimatedInstanceWarmup }),
      ...(Enabled === undefined ? {} : { Enabled }),
      TargetTrackingConfiguration: {
        ...TargetTrackingConfiguration,
        TargetValue: TargetTrackingConfiguration.TargetValue * targetFactor,
      },
    });
  }
  if (minSize === undefined) return;
  const groups = await all<Group>('DescribeAutoScalingGroups', 'AutoScalingGroups');
  for (const { AutoScalingGroupName, MinSize, MaxSize } of groups) {
    await invoke('UpdateAutoScalingGroup', {
      AutoScalingGroupName,
      MinSize: Math.max(MinSize, Math.min(minSize, MaxSize)),
    });
  }
}
