/** What the services know of groups of machines and their balancers, as far as rules ask for it. */
import type { Model } from '../../model/model.ts';

export interface ScalingGroup {
  readonly AutoScalingGroupName: string;
  readonly AvailabilityZones: readonly string[];
  /** Subnet ids, with commas. */
  readonly VPCZoneIdentifier?: string;
  readonly MaxSize: number;
  readonly HealthCheckType: string;
  readonly TargetGroupARNs?: readonly string[];
  readonly Instances?: readonly { readonly InstanceId: string }[];
}

export interface TargetGroup {
  readonly TargetGroupArn: string;
  readonly TargetGroupName: string;
  readonly Protocol?: string;
  readonly Port?: number;
  readonly TargetType?: string;
  /** A number, or `traffic-port`. */
  readonly HealthCheckPort?: string;
  readonly HealthCheckPath?: string;
  readonly LoadBalancerArns?: readonly string[];
}

export interface Target {
  /** Of an instance, or an address. */
  readonly Id: string;
  readonly Port?: number;
}

export async function scalingGroups(model: Model): Promise<readonly ScalingGroup[]> {
  const { AutoScalingGroups } = await model.invoke<{ AutoScalingGroups?: ScalingGroup[] }>(
    'autoscaling',
    'DescribeAutoScalingGroups',
    {},
  );
  return AutoScalingGroups ?? [];
}

export async function targetGroups(model: Model): Promise<readonly TargetGroup[]> {
  const { TargetGroups } = await model.invoke<{ TargetGroups?: TargetGroup[] }>(
    'elasticloadbalancing',
    'DescribeTargetGroups',
    {},
  );
  return TargetGroups ?? [];
}

export async function targetsOf(model: Model, TargetGroupArn: string): Promise<readonly Target[]> {
  const { TargetHealthDescriptions = [] } = await model.invoke<{ TargetHealthDescriptions?: { Target: Target }[] }>(
    'elasticloadbalancing',
    'DescribeTargetHealth',
    { TargetGroupArn },
  );
  return TargetHealthDescriptions.map(({ Target }) => Target);
}
