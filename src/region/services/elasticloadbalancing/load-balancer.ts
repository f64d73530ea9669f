/** Application Load Balancers: a node with an interface of its own in each zone. */
import type {
  CreateLoadBalancerCommandInput,
  DeleteLoadBalancerCommandInput,
  DescribeLoadBalancerAttributesCommandInput,
  DescribeLoadBalancersCommandInput,
  LoadBalancer,
  ModifyLoadBalancerAttributesCommandInput,
  SetSecurityGroupsCommandInput,
  SetSubnetsCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { checkLogBucket } from './access-logs.ts';
import { applyAttributes, attributeList, balancerAttributes } from './attributes.ts';
import { deleteListenerRecord } from './listener.ts';
import {
  asService,
  type BalancerNodeRecord,
  type BalancerRecord,
  balancers,
  listenersOf,
  page,
  validationError,
} from './state.ts';
import { checkedTags } from './tags.ts';

const hostedZoneIds: Readonly<Record<string, string>> = {
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-west-1': 'Z368ELLRRE2KJ0',
  'us-west-2': 'Z1H1FL5HABSF5',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'ap-northeast-1': 'Z14GRHDCWA56QT',
};

/** On AWS it takes a few minutes; what matters is that it is a state of its own. */
const provisioningMs = 200;

export function balancerOf(scope: Scope, arn: string | undefined): BalancerRecord {
  const found = balancers(scope).get(arn ?? '');
  if (!found) throw new Fault('LoadBalancerNotFound', `Load balancer '${arn}' not found`);
  return found;
}

interface SubnetView {
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly AvailabilityZone: string;
}

async function subnetsOf(call: Call, ids: readonly string[]): Promise<SubnetView[]> {
  const { Subnets } = await call
    .invoke<{ Subnets: SubnetView[] }>(asService, 'ec2', 'DescribeSubnets', { SubnetIds: ids })
    .catch((error: unknown) => {
      if (error instanceof Fault && error.code.startsWith('InvalidSubnetID'))
        throw new Fault('SubnetNotFound', error.message);
      throw error;
    });
  const zones = new Set(Subnets.map(({ AvailabilityZone }) => AvailabilityZone));
  if (zones.size < 2)
    throw new Fault('InvalidSubnet', 'At least two subnets in two different Availability Zones must be specified');
  if (zones.size < Subnets.length) {
    throw new Fault(
      'InvalidConfigurationRequest',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  }
  if (new Set(Subnets.map(({ VpcId }) => VpcId)).size > 1)
    throw new Fault('InvalidConfigurationRequest', 'All subnets must belong to the same VPC');
  return Subnets;
}

function requestedSubnets(input: Pick<CreateLoadBalancerCommandInput, 'Subnets' | 'SubnetMappings'>): string[] {
  const mapped = input.SubnetMappings ?? [];
  if (mapped.some((mapping) => mapping.AllocationId ?? mapping.PrivateIPv4Address)) {
    throw validationError(
      'You cannot specify Elastic IP or private addresses for the subnets of an Application Load Balancer',
    );
  }
  return input.Subnets ?? mapped.flatMap(({ SubnetId }) => SubnetId ?? []);
}

export async function createLoadBalancer(input: CreateLoadBalancerCommandInput, call: Call) {
  const { Name: name = '', Scheme = 'internet-facing', Type = 'application', IpAddressType = 'ipv4' } = input;
  if (Type !== 'application') throw validationError(`Load balancers of the type '${Type}' are not modelled by Orrery`);
  if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/.test(name) || name.startsWith('internal-')) {
    throw validationError(
      `Load balancer name '${name}' must have 1 to 32 letters, digits or hyphens and not begin or end with a hyphen`,
    );
  }
  if (IpAddressType !== 'ipv4' && IpAddressType !== 'dualstack')
    throw validationError(`The address type '${IpAddressType}' is not modelled by Orrery`);
  const existing = [...balancers(call).values()].find((balancer) => balancer.name === name);
  if (existing)
    throw new Fault(
      'DuplicateLoadBalancerName',
      'A load balancer with the same name, but with different settings, already exists.',
    );
  const tags = checkedTags(input.Tags);
  const subnets = await subnetsOf(call, requestedSubnets(input));
  const vpcId = subnets[0]?.VpcId ?? '';
  const securityGroups = input.SecurityGroups?.length ? input.SecurityGroups : await defaultGroup(call, vpcId);
  const suffix = `app/${name}/${call.random.hex(16)}`;
  const arn = `arn:aws:elasticloadbalancing:${call.region}:${call.account}:loadbalancer/${suffix}`;
  const nodes: BalancerNodeRecord[] = [];
  for (const subnet of subnets)
    nodes.push(await makeNode(call, subnet, { suffix, tags, securityGroups, isPublic: Scheme === 'internet-facing' }));
  const record: BalancerRecord = {
    arn,
    name,
    suffix,
    dnsName: `${Scheme === 'internal' ? 'internal-' : ''}${name}-${call.random.text(10, '0123456789')}.${call.region}.elb.amazonaws.com`,
    scheme: Scheme === 'internal' ? 'internal' : 'internet-facing',
    ipAddressType: IpAddressType,
    vpcId,
    securityGroups,
    nodes,
    createdMs: call.clock.now(),
    state: 'provisioning',
    attributes: { ...balancerAttributes.defaults },
    tags,
  };
  balancers(call).put(arn, record);
  scheduleActive(call, arn);
  return { LoadBalancers: [view(record, call.region)] };
}

/** Also after a restart. */
export function scheduleActive(scope: Scope, arn: string): void {
  const record = balancers(scope).get(arn);
  if (record?.state !== 'provisioning') return;
  scope.clock.after(Math.max(0, record.createdMs + provisioningMs - scope.clock.now()), () => {
    const now = balancers(scope).get(arn);
    if (now) balancers(scope).put(arn, { ...now, state: 'active' });
  });
}

async function defaultGroup(call: Call, vpcId: string): Promise<string[]> {
  const { SecurityGroups } = await call.invoke<{ SecurityGroups: { GroupId: string }[] }>(
    asService,
    'ec2',
    'DescribeSecurityGroups',
    {
      Filters: [
        { Name: 'vpc-id', Values: [vpcId] },
        { Name: 'group-name', Values: ['default'] },
      ],
    },
  );
  return SecurityGroups.map(({ GroupId }) => GroupId);
}

interface InterfaceView {
  readonly NetworkInterface: {
    readonly NetworkInterfaceId: string;
    readonly PrivateIpAddress: string;
    readonly Association?: { readonly PublicIp: string };
  };
}

interface NodeWish {
  readonly suffix: string;
  readonly tags: BalancerRecord['tags'];
  readonly securityGroups: readonly string[];
  readonly isPublic: boolean;
}

async function makeNode(call: Call, subnet: SubnetView, wish: NodeWish): Promise<BalancerNodeRecord> {
  const { NetworkInterface } = await call.invoke<InterfaceView>(asService, 'ec2', 'CreateNetworkInterface', {
    SubnetId: subnet.SubnetId,
    Description: `ELB ${wish.suffix}`,
    Groups: wish.securityGroups,
    AssociatePublicIpAddress: wish.isPublic,
    OwnerLogicalId: wish.tags.find(({ Key }) => Key === 'aws:cloudformation:logical-id')?.Value,
  });
  const publicIp = NetworkInterface.Association?.PublicIp;
  return {
    zone: subnet.AvailabilityZone,
    subnetId: subnet.SubnetId,
    interfaceId: NetworkInterface.NetworkInterfaceId,
    privateIp: NetworkInterface.PrivateIpAddress,
    ...(publicIp === undefined ? {} : { publicIp }),
  };
}

async function removeNode(call: Call, { interfaceId }: BalancerNodeRecord): Promise<void> {
  await call.invoke(asService, 'ec2', 'DeleteNetworkInterface', { NetworkInterfaceId: interfaceId });
}

export function view(record: BalancerRecord, region: string): LoadBalancer {
  return {
    LoadBalancerArn: record.arn,
    LoadBalancerName: record.name,
    DNSName: record.dnsName,
    CanonicalHostedZoneId: hostedZoneIds[region] ?? 'Z35SXDOTRQ7X7K',
    CreatedTime: new Date(record.createdMs),
    Scheme: record.scheme,
    VpcId: record.vpcId,
    State: { Code: record.state },
    Type: 'application',
    IpAddressType: record.ipAddressType,
    SecurityGroups: [...record.securityGroups],
    AvailabilityZones: record.nodes.map(({ zone, subnetId }) => ({
      ZoneName: zone,
      SubnetId: subnetId,
      LoadBalancerAddresses: [],
    })),
  };
}

export function describeLoadBalancers(input: DescribeLoadBalancersCommandInput, call: Call) {
  const all = [...balancers(call).values()];
  for (const name of input.Names ?? []) {
    if (!all.some((balancer) => balancer.name === name))
      throw new Fault('LoadBalancerNotFound', `Load balancers '[${name}]' not found`);
  }
  for (const arn of input.LoadBalancerArns ?? []) balancerOf(call, arn);
  const chosen = all.filter(
    (balancer) =>
      (!input.Names?.length || input.Names.includes(balancer.name)) &&
      (!input.LoadBalancerArns?.length || input.LoadBalancerArns.includes(balancer.arn)),
  );
  const { items, ...next } = page(chosen, input.Marker, input.PageSize);
  return { LoadBalancers: items.map((balancer) => view(balancer, call.region)), ...next };
}

export async function deleteLoadBalancer({ LoadBalancerArn }: DeleteLoadBalancerCommandInput, call: Call) {
  const record = balancers(call).get(LoadBalancerArn ?? '');
  // Deleting what is gone succeeds, as AWS documents.
  if (!record) return {};
  if (record.attributes['deletion_protection.enabled'] === 'true') {
    throw new Fault(
      'OperationNotPermitted',
      `Load balancer '${record.arn}' cannot be deleted because deletion protection is enabled`,
    );
  }
  for (const listener of listenersOf(call, record.arn)) deleteListenerRecord(call, listener.arn);
  balancers(call).delete(record.arn);
  for (const node of record.nodes) await removeNode(call, node);
  return {};
}

export function describeLoadBalancerAttributes(
  { LoadBalancerArn }: DescribeLoadBalancerAttributesCommandInput,
  call: Call,
) {
  return { Attributes: attributeList(balancerOf(call, LoadBalancerArn).attributes) };
}

export async function modifyLoadBalancerAttributes(input: ModifyLoadBalancerAttributesCommandInput, call: Call) {
  const record = balancerOf(call, input.LoadBalancerArn);
  const attributes = applyAttributes(balancerAttributes, record.attributes, input.Attributes ?? []);
  if (input.Attributes?.some(({ Key }) => Key?.startsWith('access_logs.')))
    await checkLogBucket(call, { ...record, attributes });
  // What changed meanwhile is kept.
  const now = balancerOf(call, input.LoadBalancerArn);
  balancers(call).put(now.arn, {
    ...now,
    attributes: applyAttributes(balancerAttributes, now.attributes, input.Attributes ?? []),
  });
  return { Attributes: attributeList(attributes) };
}

export async function setSecurityGroups(
  { LoadBalancerArn, SecurityGroups = [] }: SetSecurityGroupsCommandInput,
  call: Call,
) {
  const record = balancerOf(call, LoadBalancerArn);
  for (const node of record.nodes) {
    await call.invoke(asService, 'ec2', 'ModifyNetworkInterfaceAttribute', {
      NetworkInterfaceId: node.interfaceId,
      Groups: SecurityGroups,
    });
  }
  balancers(call).put(record.arn, { ...record, securityGroups: SecurityGroups });
  return { SecurityGroupIds: SecurityGroups };
}

export async function setSubnets(input: SetSubnetsCommandInput, call: Call) {
  const record = balancerOf(call, input.LoadBalancerArn);
  const subnets = await subnetsOf(call, requestedSubnets(input));
  const kept = record.nodes.filter((node) => subnets.some(({ SubnetId }) => SubnetId === node.subnetId));
  const nodes = [...kept];
  for (const subnet of subnets) {
    if (kept.some((node) => node.subnetId === subnet.SubnetId)) continue;
    nodes.push(await makeNode(call, subnet, { ...record, isPublic: record.scheme === 'internet-facing' }));
  }
  const changed = { ...record, nodes };
  balancers(call).put(record.arn, changed);
  for (const node of record.nodes) if (!kept.includes(node)) await removeNode(call, node);
  return { AvailabilityZones: view(changed, call.region).AvailabilityZones };
}
