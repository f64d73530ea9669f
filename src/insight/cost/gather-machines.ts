/** Machines with their volumes, their metrics and their way out. */
import type { Model, ModelResource } from '../model/model.ts';
import { decimal } from './decimal.ts';
import { listOf, tagOf } from './describe.ts';
import type { Machine, NotPriced, Volume } from './inventory.ts';

interface InstanceView {
  readonly InstanceId: string;
  readonly InstanceType: string;
  readonly State: { readonly Name: string };
  readonly Placement: { readonly AvailabilityZone: string; readonly Tenancy?: string };
  readonly Monitoring?: { readonly State: string };
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly PublicIpAddress?: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

interface VolumeView {
  readonly Size: number;
  readonly VolumeType: string;
  readonly Iops?: number;
  readonly Throughput?: number;
  readonly Attachments: readonly { readonly InstanceId: string }[];
}

interface GroupView {
  readonly AutoScalingGroupName: string;
  readonly DesiredCapacity: number;
  readonly AvailabilityZones: readonly string[];
  readonly Instances: readonly { readonly InstanceId: string }[];
}

export interface Machines {
  readonly zones: readonly string[];
  readonly machines: readonly Machine[];
  readonly metrics: readonly { readonly part: string; readonly count: number }[];
  readonly notPriced: readonly NotPriced[];
}

export async function machinesOf(model: Model): Promise<Machines> {
  const [reservations, volumes, groups, natBySubnet, vpcs] = await Promise.all([
    listOf<{ Instances: InstanceView[] }>(model, 'ec2', 'DescribeInstances', 'Reservations'),
    listOf<VolumeView>(model, 'ec2', 'DescribeVolumes', 'Volumes'),
    listOf<GroupView>(model, 'autoscaling', 'DescribeAutoScalingGroups', 'AutoScalingGroups'),
    waysOut(model),
    listOf<{ VpcId: string; InstanceTenancy: string }>(model, 'ec2', 'DescribeVpcs', 'Vpcs'),
  ]);
  // Without one there is a public address by the subnet or the interface, and with one it is the Elastic IP's charge.
  const elastic = new Set(
    (await listOf<{ PublicIp: string }>(model, 'ec2', 'DescribeAddresses', 'Addresses')).map((one) => one.PublicIp),
  );
  // There a machine is dedicated, too, whatever its own tenancy is shown to be.
  const dedicated = new Set(vpcs.filter((one) => one.InstanceTenancy === 'dedicated').map(({ VpcId }) => VpcId));
  const machines: Machine[] = [];
  const notPriced: NotPriced[] = [];
  for (const one of reservations.flatMap(({ Instances }) => Instances)) {
    if (one.State.Name === 'terminated' || one.State.Name === 'shutting-down') continue;
    const group = tagOf(one.Tags, 'aws:autoscaling:groupName');
    const part = model.logicalIdOf(group ?? one.InstanceId) ?? one.InstanceId;
    const agent = agentOf(model, model.resources.get(part));
    machines.push({
      part,
      type: one.InstanceType,
      zone: one.Placement.AvailabilityZone,
      presence: decimal(1),
      runs: one.State.Name !== 'stopped' && one.State.Name !== 'stopping',
      dedicated: one.Placement.Tenancy === 'dedicated' || dedicated.has(one.VpcId),
      detailedMonitoring: one.Monitoring?.State === 'enabled',
      publicAddress: one.PublicIpAddress !== undefined && !elastic.has(one.PublicIpAddress),
      volumes: volumes
        .filter(({ Attachments }) => Attachments.some((to) => to.InstanceId === one.InstanceId))
        .map(volume),
      ownMetrics: agent?.own ?? 0,
      hasAgent: agent !== undefined,
      nat: natBySubnet.get(one.SubnetId),
      callsCloudFormation: initOf(model, model.resources.get(part)) !== undefined,
    });
  }
  const metrics = groups.flatMap(({ AutoScalingGroupName }) => {
    const part = model.logicalIdOf(AutoScalingGroupName);
    const shared = part === undefined ? undefined : agentOf(model, model.resources.get(part))?.shared;
    return part !== undefined && shared ? [{ part, count: shared }] : [];
  });
  for (const { AutoScalingGroupName, DesiredCapacity } of groups) {
    const part = model.logicalIdOf(AutoScalingGroupName) ?? AutoScalingGroupName;
    const are = machines.filter((one) => one.part === part && one.runs).length;
    if (are >= DesiredCapacity) continue;
    const why = `${DesiredCapacity - are} of its ${DesiredCapacity} machines could not be launched in the model`;
    notPriced.push({ part, type: 'AWS::AutoScaling::AutoScalingGroup', why });
  }
  const zones = [...machines.map(({ zone }) => zone), ...groups.flatMap(({ AvailabilityZones }) => AvailabilityZones)];
  return { machines, zones: [...new Set(zones)].sort(), metrics, notPriced };
}

function volume({ VolumeType, Size, Iops = 0, Throughput = 0 }: VolumeView): Volume {
  return { type: VolumeType, gib: Size, iops: Iops, throughput: Throughput };
}

interface RouteTableView {
  readonly VpcId: string;
  readonly Routes: readonly { readonly DestinationCidrBlock?: string; readonly NatGatewayId?: string }[];
  readonly Associations: readonly { readonly Main?: boolean; readonly SubnetId?: string }[];
}

/** The NAT gateway of each subnet's default route. */
async function waysOut(model: Model): Promise<ReadonlyMap<string, string>> {
  const [tables, subnets] = await Promise.all([
    listOf<RouteTableView>(model, 'ec2', 'DescribeRouteTables', 'RouteTables'),
    listOf<{ SubnetId: string; VpcId: string }>(model, 'ec2', 'DescribeSubnets', 'Subnets'),
  ]);
  const found = new Map<string, string>();
  for (const { SubnetId, VpcId } of subnets) {
    const own = tables.find(({ Associations }) => Associations.some((one) => one.SubnetId === SubnetId));
    const main = tables.find((one) => one.VpcId === VpcId && one.Associations.some(({ Main }) => Main === true));
    const way = (own ?? main)?.Routes.find((route) => route.DestinationCidrBlock === '0.0.0.0/0');
    if (way?.NatGatewayId !== undefined) found.set(SubnetId, model.logicalIdOf(way.NatGatewayId) ?? way.NatGatewayId);
  }
  return found;
}

/** cfn-init's instructions, of the group's launch template or of the instance. */
function initOf(model: Model, resource: ModelResource | undefined): unknown {
  const template = (resource?.properties.LaunchTemplate ?? {}) as { LaunchTemplateId?: string };
  const from =
    template.LaunchTemplateId === undefined
      ? resource
      : model.resources.get(model.logicalIdOf(template.LaunchTemplateId) ?? '');
  return from?.metadata['AWS::CloudFormation::Init'];
}

/**
 * What the CloudWatch agent sends: a metric for each machine, and one for each aggregation that names none.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
function agentOf(model: Model, resource: ModelResource | undefined) {
  let found: { own: number; shared: number } | undefined;
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { metrics } = value as { metrics?: AgentMetrics };
    if (metrics?.metrics_collected) {
      const collected = Object.values(metrics.metrics_collected).reduce(
        (sum, { measurement = [] }) => sum + measurement.length,
        0,
      );
      const sets = metrics.aggregation_dimensions ?? [];
      const own = sets.filter((set) => set.includes('InstanceId')).length + 1;
      found ??= { own: 0, shared: 0 };
      found.own += collected * own;
      found.shared += collected * (sets.length - own + 1);
    } else for (const inner of Object.values(value)) look(inner);
  };
  look(initOf(model, resource));
  return found;
}

interface AgentMetrics {
  readonly metrics_collected?: Readonly<Record<string, { readonly measurement?: readonly unknown[] }>>;
  readonly aggregation_dimensions?: readonly (readonly string[])[];
}
