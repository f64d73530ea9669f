/** What services tell of a model beside the network: which balancer forwards to whom, which group keeps which machines. */
import type { Model } from '../model/model.ts';

export interface GroupFacts {
  readonly logicalId: string;
  readonly min: number;
  readonly max: number;
  readonly subnetIds: readonly string[];
  readonly instanceIds: readonly string[];
  readonly targetGroupArns: readonly string[];
  readonly instanceType: string | undefined;
}

export interface BalancerFacts {
  readonly logicalId: string;
  readonly arn: string;
  readonly dnsName: string;
  readonly internetFacing: boolean;
  readonly network: boolean;
  readonly subnetIds: readonly string[];
  readonly groupIds: readonly string[];
  readonly listeners: readonly { readonly protocol: string; readonly port: number }[];
  readonly targets: readonly {
    readonly arn: string;
    readonly protocol: string;
    readonly port: number;
    /** Instance ids or addresses. */
    readonly ids: readonly string[];
  }[];
}

export interface InstanceFacts {
  readonly id: string;
  readonly type: string;
}

export interface Facts {
  readonly model: Model;
  readonly groups: readonly GroupFacts[];
  readonly balancers: readonly BalancerFacts[];
  readonly instances: ReadonlyMap<string, InstanceFacts>;
}

export async function factsOf(model: Model): Promise<Facts> {
  return {
    model,
    groups: await groupFacts(model),
    balancers: await balancerFacts(model),
    instances: await instanceFacts(model),
  };
}

async function groupFacts(model: Model): Promise<GroupFacts[]> {
  const { AutoScalingGroups = [] } = await model.invoke<{
    AutoScalingGroups?: {
      AutoScalingGroupName: string;
      MinSize: number;
      MaxSize: number;
      VPCZoneIdentifier?: string;
      Instances?: { InstanceId: string; InstanceType?: string }[];
      TargetGroupARNs?: string[];
    }[];
  }>('autoscaling', 'DescribeAutoScalingGroups', {});
  return AutoScalingGroups.map((group) => ({
    logicalId: model.logicalIdOf(group.AutoScalingGroupName) ?? group.AutoScalingGroupName,
    min: group.MinSize,
    max: group.MaxSize,
    subnetIds: (group.VPCZoneIdentifier ?? '').split(',').filter((id) => id !== ''),
    instanceIds: (group.Instances ?? []).map(({ InstanceId }) => InstanceId),
    targetGroupArns: group.TargetGroupARNs ?? [],
    instanceType: group.Instances?.[0]?.InstanceType,
  }));
}

async function balancerFacts(model: Model): Promise<BalancerFacts[]> {
  const ask = <O>(operation: string, input: object) => model.invoke<O>('elasticloadbalancing', operation, input);
  const { LoadBalancers = [] } = await ask<{
    LoadBalancers?: {
      LoadBalancerArn: string;
      DNSName: string;
      Scheme?: string;
      Type?: string;
      SecurityGroups?: string[];
      AvailabilityZones?: { SubnetId?: string }[];
    }[];
  }>('DescribeLoadBalancers', {});
  const found: BalancerFacts[] = [];
  for (const one of LoadBalancers) {
    const arn = one.LoadBalancerArn;
    const { Listeners = [] } = await ask<{ Listeners?: { Protocol?: string; Port?: number }[] }>('DescribeListeners', {
      LoadBalancerArn: arn,
    });
    const { TargetGroups = [] } = await ask<{
      TargetGroups?: { TargetGroupArn: string; Protocol?: string; Port?: number }[];
    }>('DescribeTargetGroups', { LoadBalancerArn: arn });
    const targets: BalancerFacts['targets'][number][] = [];
    for (const { TargetGroupArn, Protocol = '', Port = 0 } of TargetGroups) {
      const { TargetHealthDescriptions = [] } = await ask<{
        TargetHealthDescriptions?: { Target?: { Id?: string } }[];
      }>('DescribeTargetHealth', { TargetGroupArn });
      const ids = TargetHealthDescriptions.flatMap(({ Target }) => Target?.Id ?? []);
      targets.push({ arn: TargetGroupArn, protocol: Protocol, port: Port, ids });
    }
    found.push({
      logicalId: model.logicalIdOf(arn) ?? arn,
      arn,
      dnsName: one.DNSName,
      internetFacing: one.Scheme === 'internet-facing',
      network: one.Type === 'network',
      subnetIds: (one.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
      groupIds: one.SecurityGroups ?? [],
      listeners: Listeners.map(({ Protocol = '', Port = 0 }) => ({ protocol: Protocol, port: Port })),
      targets,
    });
  }
  return found;
}

async function instanceFacts(model: Model): Promise<Map<string, InstanceFacts>> {
  const { Reservations = [] } = await model.invoke<{
    Reservations?: { Instances?: { InstanceId: string; InstanceType: string }[] }[];
  }>('ec2', 'DescribeInstances', {});
  return new Map(
    Reservations.flatMap(({ Instances = [] }) =>
      Instances.map(({ InstanceId, InstanceType }) => [InstanceId, { id: InstanceId, type: InstanceType }] as const),
    ),
  );
}
