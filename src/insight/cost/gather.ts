/** From a template made in memory to what of it costs something. */
import type { Model, ModelResource } from '../model/model.ts';
import { listOf } from './describe.ts';
import { freePage } from './free-types.ts';
import { alarmsOf } from './gather-alarms.ts';
import { distributionsOf } from './gather-edge.ts';
import { machinesOf } from './gather-machines.ts';
import type { Balancer, Endpoint, Inventory, LogGroup, NotPriced, Topic } from './inventory.ts';

/** Types that have lines of their own; `gather` looks at each. */
const priced = new Set(
  [
    'EC2::NatGateway',
    'EC2::EIP',
    'EC2::VPCEndpoint',
    'EC2::Instance',
    'AutoScaling::AutoScalingGroup',
    'AutoScaling::ScalingPolicy',
    'ElasticLoadBalancingV2::LoadBalancer',
    'S3::Bucket',
    'CloudFront::Distribution',
    'Route53::HostedZone',
    'KMS::Key',
    'SNS::Topic',
    'Logs::LogGroup',
    'Logs::MetricFilter',
    'CloudWatch::Alarm',
    'CloudWatch::CompositeAlarm',
    'CloudWatch::Dashboard',
    'SSM::Parameter',
  ].map((type) => `AWS::${type}`),
);

export async function gather(model: Model): Promise<Inventory> {
  const of = (type: string) => [...model.resources.values()].filter((one) => one.type === `AWS::${type}`);
  const [machines, nats, addresses, endpoints, balancers, alarms, edge] = await Promise.all([
    machinesOf(model),
    natsOf(model),
    addressesOf(model),
    endpointsOf(model),
    balancersOf(model),
    alarmsOf(model),
    distributionsOf(model),
  ]);
  const flowLogGroups = new Set(
    of('EC2::FlowLog').map(
      ({ properties }) =>
        properties.LogGroupName ?? /:log-group:([^:]+)/.exec(String(properties.LogDestination ?? ''))?.[1],
    ),
  );
  const logGroups = of('Logs::LogGroup').map(
    ({ logicalId, physicalId, properties }): LogGroup => ({
      part: logicalId,
      role: flowLogGroups.has(physicalId) ? 'flowLogs' : 'app',
      infrequent: properties.LogGroupClass === 'INFREQUENT_ACCESS',
      retentionDays: properties.RetentionInDays === undefined ? undefined : Number(properties.RetentionInDays),
    }),
  );
  const { free, notPriced } = rest(model, endpoints);
  return {
    machines: inOrder(model, machines.machines),
    machineZones: machines.zones,
    // Of the account are what machines use, and not its hours.
    nats: inOrder(model, nats).filter(({ part }) => !model.isStandIn(part)),
    addresses: inOrder(model, addresses).filter(({ part }) => !model.isStandIn(part)),
    endpoints: inOrder(model, endpoints),
    balancers: inOrder(model, balancers).map((one) => ({ ...one, behindCdn: edge.balancers.has(one.part) })),
    buckets: edge.buckets,
    distributions: edge.distributions,
    logGroups,
    topics: of('SNS::Topic').map((topic) => topicOf(topic, of('SNS::Subscription'))),
    alarms: inOrder(model, alarms),
    metrics: [
      ...machines.metrics,
      ...of('Logs::MetricFilter').map(({ logicalId, properties }) => ({
        part: logicalId,
        count: Array.isArray(properties.MetricTransformations) ? properties.MetricTransformations.length : 1,
      })),
    ],
    dashboards: of('CloudWatch::Dashboard').map(({ logicalId }) => logicalId),
    keys: of('KMS::Key').map(({ logicalId }) => logicalId),
    zones: of('Route53::HostedZone').map(({ logicalId, properties }) => ({
      part: logicalId,
      domain: String(properties.Name).replace(/\.$/, ''),
    })),
    free,
    notPriced: [...notPriced, ...machines.notPriced],
  };
}

/** What has no line: free, or without a price, and then said. */
function rest(model: Model, endpoints: readonly Endpoint[]): Pick<Inventory, 'free' | 'notPriced'> {
  const free: Inventory['free'][number][] = [];
  const notPriced: NotPriced[] = model.failed.map(({ logicalId = '', message }) => ({
    part: logicalId,
    type: model.template.resources[logicalId]?.Type ?? '',
    why: `it cannot be made: ${message}`,
  }));
  const told = new Set(notPriced.map(({ part }) => part));
  for (const [part, { Type: type }] of Object.entries(model.failed.length > 0 ? model.template.resources : {})) {
    if (model.resources.has(part) || told.has(part)) continue;
    notPriced.push({
      part,
      type,
      why: 'it was not made: because others could not be, or because its condition does not hold',
    });
  }
  const gateways = new Set(endpoints.flatMap(({ part, kind }) => (kind === 'Gateway' ? [part] : [])));
  for (const { logicalId: part, type, modelled, properties } of model.resources.values()) {
    const page = freePage(type);
    // By the gigabyte, S3-Egress-Bytes on the bill. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_billing.html
    if (type === 'AWS::EC2::FlowLog' && properties.LogDestinationType === 's3')
      notPriced.push({ part, type, why: 'no price of delivering flow logs to a bucket was checked' });
    else if (!modelled) notPriced.push({ part, type, why: 'its type is not modelled, and its price not known' });
    else if (gateways.has(part)) free.push({ part, type, page: 'https://aws.amazon.com/privatelink/pricing/' });
    else if (page !== undefined) free.push({ part, type, page });
    else if (type === 'AWS::SSM::Parameter') {
      if (properties.Tier === undefined || properties.Tier === 'Standard')
        free.push({ part, type, page: 'https://aws.amazon.com/systems-manager/pricing/' });
      else notPriced.push({ part, type, why: `no price of the tier ${String(properties.Tier)} was checked` });
    } else if (!priced.has(type)) notPriced.push({ part, type, why: 'no price of its type was checked' });
  }
  return { free, notPriced };
}

async function natsOf(model: Model): Promise<Inventory['nats']> {
  const nats = await listOf<{ NatGatewayId: string; SubnetId: string }>(
    model,
    'ec2',
    'DescribeNatGateways',
    'NatGateways',
  );
  return nats.map(({ NatGatewayId, SubnetId }) => ({
    part: model.logicalIdOf(NatGatewayId) ?? NatGatewayId,
    zone: model.world.subnets.get(SubnetId)?.zone ?? '',
  }));
}

async function addressesOf(model: Model): Promise<Inventory['addresses']> {
  const [addresses, nats] = await Promise.all([
    listOf<{ PublicIp: string; AllocationId: string }>(model, 'ec2', 'DescribeAddresses', 'Addresses'),
    listOf<{ NatGatewayId: string; NatGatewayAddresses?: readonly { AllocationId?: string }[] }>(
      model,
      'ec2',
      'DescribeNatGateways',
      'NatGateways',
    ),
  ]);
  return addresses.map(({ PublicIp, AllocationId }) => {
    const nat = nats.find(({ NatGatewayAddresses = [] }) =>
      NatGatewayAddresses.some((one) => one.AllocationId === AllocationId),
    );
    return {
      part: model.logicalIdOf(PublicIp) ?? model.logicalIdOf(AllocationId) ?? AllocationId,
      nat: nat && (model.logicalIdOf(nat.NatGatewayId) ?? nat.NatGatewayId),
    };
  });
}

interface EndpointView {
  readonly VpcEndpointId: string;
  readonly VpcEndpointType: 'Interface' | 'Gateway';
  readonly ServiceName: string;
  readonly SubnetIds?: readonly string[];
}

async function endpointsOf(model: Model): Promise<readonly Endpoint[]> {
  const found = await listOf<EndpointView>(model, 'ec2', 'DescribeVpcEndpoints', 'VpcEndpoints');
  return found.map(({ VpcEndpointId, VpcEndpointType, ServiceName, SubnetIds = [] }) => ({
    part: model.logicalIdOf(VpcEndpointId) ?? VpcEndpointId,
    service: ServiceName.split('.').slice(3).join('.'),
    kind: VpcEndpointType,
    zones: SubnetIds.map((id) => model.world.subnets.get(id)?.zone ?? id),
  }));
}

interface BalancerView {
  readonly LoadBalancerArn: string;
  readonly Scheme?: string;
  readonly AvailabilityZones: readonly object[];
  readonly IpAddressType?: string;
}

async function balancersOf(model: Model): Promise<readonly Omit<Balancer, 'behindCdn'>[]> {
  const service = 'elasticloadbalancing';
  const balancers = await listOf<BalancerView>(model, service, 'DescribeLoadBalancers', 'LoadBalancers');
  return Promise.all(
    balancers.map(async ({ LoadBalancerArn, Scheme, AvailabilityZones, IpAddressType }) => {
      const listeners = await listOf<{ ListenerArn: string }>(model, service, 'DescribeListeners', 'Listeners', {
        LoadBalancerArn,
      });
      const counts = await Promise.all(
        listeners.map(async ({ ListenerArn }) => {
          const rules = await listOf<{ IsDefault?: boolean }>(model, service, 'DescribeRules', 'Rules', {
            ListenerArn,
          });
          return rules.filter(({ IsDefault }) => IsDefault !== true).length;
        }),
      );
      const internetFacing = Scheme === 'internet-facing';
      // Each other kind has a public IPv4 address in each zone.
      const isPublic = internetFacing && IpAddressType !== 'dualstack-without-public-ipv4';
      return {
        part: model.logicalIdOf(LoadBalancerArn) ?? LoadBalancerArn,
        addresses: isPublic ? AvailabilityZones.length : 0,
        internetFacing,
        rules: Math.max(0, ...counts),
      };
    }),
  );
}

function topicOf({ logicalId, physicalId }: ModelResource, subscriptions: readonly ModelResource[]): Topic {
  const protocols = subscriptions
    .filter(({ properties }) => properties.TopicArn === physicalId)
    .map(({ properties }) => String(properties.Protocol));
  return {
    part: logicalId,
    emails: protocols.filter((one) => one.startsWith('email')).length,
    webhooks: protocols.filter((one) => one.startsWith('http')).length,
  };
}

/** As in the template, whatever a service sorts by: free allowances go to the first. */
function inOrder<Item extends { readonly part: string }>(model: Model, items: readonly Item[]): readonly Item[] {
  const order = new Map([...model.resources.keys()].map((id, index) => [id, index]));
  const at = ({ part }: Item) => order.get(part) ?? order.size;
  return [...items].sort((one, other) => at(one) - at(other));
}
