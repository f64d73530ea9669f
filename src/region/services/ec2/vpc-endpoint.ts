/** VPC endpoints: gateways (S3, DynamoDB) in route tables, and interfaces with private names in subnets. */
import type {
  CreateVpcEndpointRequest,
  CreateVpcEndpointResult,
  DeleteVpcEndpointsRequest,
  DeleteVpcEndpointsResult,
  DescribeVpcEndpointsRequest,
  DescribeVpcEndpointsResult,
  ModifyVpcEndpointRequest,
  ModifyVpcEndpointResult,
  State,
  UnsuccessfulItem,
  VpcEndpoint,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { endpointDns } from './endpoint-dns.ts';
import { needEndpointService } from './endpoint-services.ts';
import {
  invalidValue,
  missing,
  needEndpoint,
  needRouteTable,
  needSecurityGroup,
  needSubnet,
  needVpc,
  notModelled,
  refuseMembers,
} from './faults.ts';
import { once } from './idempotency.ts';
import { groupIdentifiers } from './interface-view.ts';
import { delaysMs, limits } from './limits.ts';
import { defaultGroup, makeInterface, removeInterface, requesterAttachment } from './network-interface.ts';
import { type EndpointRecord, endpoints, interfaces, type VpcRecord } from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

const fullAccess = JSON.stringify({
  Version: '2008-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
});

export function createVpcEndpoint(input: CreateVpcEndpointRequest, call: Call): CreateVpcEndpointResult {
  refuseMembers(input, ['DnsOptions', 'ServiceNetworkArn', 'ResourceConfigurationArn']);
  if (input.SubnetConfigurations?.length) throw notModelled('The parameter SubnetConfigurations');
  if (input.ServiceRegion !== undefined && input.ServiceRegion !== call.region) {
    throw notModelled('An endpoint to a service of another region');
  }
  const vpc = needVpc(call, input.VpcId);
  if (!input.ServiceName) throw missing('ServiceName');
  const type = input.VpcEndpointType ?? 'Gateway';
  if (type !== 'Gateway' && type !== 'Interface') throw notModelled(`The endpoint type ${type}`);
  const service = needEndpointService(call, input.ServiceName);
  // S3 and DynamoDB have both; what else there is has only interfaces.
  if (type === 'Gateway' && service.type !== 'Gateway') {
    throw new Fault(
      'InvalidParameter',
      `The VPC endpoint service ${service.name} does not support the endpoint type ${type}.`,
    );
  }
  if (type === 'Interface' && service.type === 'Gateway') throw notModelled(`An interface endpoint to ${service.name}`);
  const policy = checkedPolicy(input.PolicyDocument);
  const given = specifiedTags(call, input.TagSpecifications, 'vpc-endpoint');
  const [id] = once(
    call,
    input,
    (one) => (endpoints(call).get(one)?.state ?? 'deleting') !== 'deleting',
    () => {
      const made =
        type === 'Gateway' ? makeGateway(call, vpc, input, policy) : makeInterfaces(call, vpc, input, policy);
      putTags(call, made, 'vpc-endpoint', given);
      return [made];
    },
  );
  return { VpcEndpoint: render(call, needEndpoint(call, id)), ClientToken: input.ClientToken };
}

function checkedPolicy(text: string | undefined): string {
  if (!text) return fullAccess;
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && 'Statement' in document) return text;
  } catch {
    // Said below, as EC2 says it.
  }
  throw new Fault(
    'InvalidPolicyDocument',
    'The policy document is invalid: it must be JSON with at least one statement.',
  );
}

function makeGateway(call: Call, vpc: VpcRecord, input: CreateVpcEndpointRequest, policy: string): string {
  if (input.PrivateDnsEnabled) {
    throw new Fault('InvalidParameter', 'Private DNS can only be enabled for endpoints of type Interface.');
  }
  if (input.SubnetIds?.length || input.SecurityGroupIds?.length) {
    throw new Fault('InvalidParameter', 'Endpoint type (Gateway) does not support subnets or security groups.');
  }
  const gateways = [...endpoints(call).values()].filter((one) => one.type === 'Gateway');
  if (gateways.length >= limits.gatewayEndpoints) {
    throw new Fault('VpcEndpointLimitExceeded', 'The maximum number of gateway endpoints has been reached.');
  }
  const routeTableIds = checkedRouteTables(call, vpc, input.RouteTableIds ?? [], input.ServiceName ?? '');
  const vpcEndpointId = `vpce-${call.random.hex(17)}`;
  endpoints(call).put(vpcEndpointId, {
    ...blank(call, vpcEndpointId, vpc, input.ServiceName ?? '', policy),
    type: 'Gateway',
    state: 'available',
    routeTableIds,
  });
  return vpcEndpointId;
}

function blank(call: Call, vpcEndpointId: string, vpc: VpcRecord, serviceName: string, policy: string) {
  return {
    vpcEndpointId,
    vpcId: vpc.vpcId,
    serviceName,
    policy,
    routeTableIds: [],
    subnetIds: [],
    groupIds: [],
    networkInterfaceIds: [],
    privateDns: false,
    ipAddressType: 'ipv4' as const,
    dnsLabel: call.random.text(8, 'abcdefghijklmnopqrstuvwxyz0123456789'),
    createdMs: call.clock.now(),
  };
}

function checkedRouteTables(
  call: Call,
  vpc: Pick<VpcRecord, 'vpcId'>,
  ids: readonly string[],
  serviceName: string,
  own?: string,
): readonly string[] {
  const unique = [...new Set(ids)];
  for (const id of unique) {
    const table = needRouteTable(call, id);
    if (table.vpcId !== vpc.vpcId) {
      throw new Fault('InvalidParameter', `Route table ${id} belongs to a different VPC than the endpoint`);
    }
    for (const other of endpoints(call).values()) {
      if (other.vpcEndpointId === own || other.serviceName !== serviceName || !other.routeTableIds.includes(id))
        continue;
      throw new Fault(
        'RouteAlreadyExists',
        `route table ${id} already has a route with destination-prefix-list-id of ${serviceName}`,
      );
    }
  }
  return unique;
}

function makeInterfaces(call: Call, vpc: VpcRecord, input: CreateVpcEndpointRequest, policy: string): string {
  if (input.RouteTableIds?.length) {
    throw new Fault('InvalidParameter', 'Endpoint type (Interface) does not support route tables.');
  }
  if (input.IpAddressType !== undefined && input.IpAddressType !== 'ipv4') {
    throw notModelled(`The address type ${input.IpAddressType} of an interface endpoint`);
  }
  const mine = [...endpoints(call).values()].filter((one) => one.type === 'Interface' && one.vpcId === vpc.vpcId);
  if (mine.length >= limits.interfaceEndpointsPerVpc) {
    throw new Fault(
      'VpcEndpointLimitExceeded',
      'The maximum number of interface endpoints for this VPC has been reached.',
    );
  }
  const privateDns = input.PrivateDnsEnabled ?? true;
  if (privateDns) refusePrivateDns(call, vpc, input.ServiceName ?? '');
  const groupIds = input.SecurityGroupIds?.length
    ? [...new Set(input.SecurityGroupIds)]
    : [defaultGroup(call, vpc.vpcId)];
  for (const id of groupIds) {
    if (needSecurityGroup(call, id).vpcId !== vpc.vpcId) {
      throw new Fault('InvalidParameter', `Security group ${id} and VPC ${vpc.vpcId} belong to different networks.`);
    }
  }
  const subnetIds = [...new Set(input.SubnetIds ?? [])];
  refuseSameZone(call, vpc, subnetIds);
  const vpcEndpointId = `vpce-${call.random.hex(17)}`;
  const record: EndpointRecord = {
    ...blank(call, vpcEndpointId, vpc, input.ServiceName ?? '', policy),
    type: 'Interface',
    state: 'pending',
    subnetIds,
    groupIds,
    networkInterfaceIds: subnetIds.map((id) => addInterface(call, vpcEndpointId, id, groupIds)),
    privateDns,
  };
  endpoints(call).put(vpcEndpointId, record);
  scheduleEndpoint(call, vpcEndpointId);
  return vpcEndpointId;
}

function addInterface(scope: Scope, vpcEndpointId: string, subnetId: string, groupIds: readonly string[]): string {
  return makeInterface(scope, {
    subnet: needSubnet(scope, subnetId),
    description: `VPC Endpoint Interface ${vpcEndpointId}`,
    interfaceType: 'vpc_endpoint',
    groupIds,
    requesterId: 'amazon-vpc',
    owner: vpcEndpointId,
    attachment: requesterAttachment(scope, 'amazon-aws'),
  }).networkInterfaceId;
}

/** https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html: one subnet a zone. */
function refuseSameZone(scope: Scope, vpc: Pick<VpcRecord, 'vpcId'>, subnetIds: readonly string[]): void {
  const zones = new Set<string>();
  for (const id of subnetIds) {
    const subnet = needSubnet(scope, id);
    if (subnet.vpcId !== vpc.vpcId) {
      throw new Fault('InvalidParameter', `Subnet ${id} does not belong to VPC ${vpc.vpcId}`);
    }
    if (zones.has(subnet.zone)) {
      throw new Fault(
        'DuplicateSubnetsInSameZone',
        `Found another VPC endpoint subnet in the availability zone of ${id}`,
      );
    }
    zones.add(subnet.zone);
  }
}

function refusePrivateDns(scope: Scope, vpc: VpcRecord, serviceName: string, own?: string): void {
  if (!vpc.enableDnsSupport || !vpc.enableDnsHostnames) {
    throw new Fault(
      'InvalidParameter',
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.vpcId}`,
    );
  }
  const [name] = needEndpointService(scope, serviceName).privateDnsNames;
  for (const other of endpoints(scope).values()) {
    if (other.vpcEndpointId === own || other.vpcId !== vpc.vpcId || other.serviceName !== serviceName) continue;
    if (!other.privateDns || other.state === 'deleting') continue;
    throw new Fault(
      'InvalidParameter',
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${name} in the VPC ${vpc.vpcId}`,
    );
  }
}

/** Takes up an endpoint where it stands: also after a restart. */
export function scheduleEndpoint(scope: Scope, id: string): void {
  const record = endpoints(scope).get(id);
  if (record?.state === 'pending') {
    scope.clock.after(delaysMs.endpointAvailable, () => {
      const now = endpoints(scope).get(id);
      if (now?.state === 'pending') endpoints(scope).put(id, { ...now, state: 'available' });
    });
  } else if (record?.state === 'deleting') {
    scope.clock.after(delaysMs.endpointDeleted, () => {
      const now = endpoints(scope).get(id);
      for (const eni of now?.networkInterfaceIds ?? []) removeInterface(scope, eni);
      endpoints(scope).delete(id);
      forgetTags(scope, id);
    });
  }
}

export function modifyVpcEndpoint(input: ModifyVpcEndpointRequest, call: Call): ModifyVpcEndpointResult {
  refuseMembers(input, ['DnsOptions', 'SubnetConfigurations']);
  if (input.IpAddressType !== undefined && input.IpAddressType !== 'ipv4') {
    throw notModelled(`The address type ${input.IpAddressType} of an interface endpoint`);
  }
  const record = needEndpoint(call, input.VpcEndpointId);
  if (record.state === 'deleting') {
    throw new Fault('InvalidParameter', `The VPC endpoint ${record.vpcEndpointId} is being deleted`);
  }
  const vpc = needVpc(call, record.vpcId);
  const policy = input.ResetPolicy
    ? fullAccess
    : input.PolicyDocument
      ? checkedPolicy(input.PolicyDocument)
      : record.policy;
  const without = (all: readonly string[], add: readonly string[] = [], remove: readonly string[] = []) => [
    ...new Set([...all.filter((id) => !remove.includes(id)), ...add]),
  ];
  const wrong = (members: readonly (readonly string[] | undefined)[]) => members.some((list) => list?.length);
  if (record.type === 'Gateway') {
    const { AddSubnetIds, RemoveSubnetIds, AddSecurityGroupIds, RemoveSecurityGroupIds } = input;
    if (
      wrong([AddSubnetIds, RemoveSubnetIds, AddSecurityGroupIds, RemoveSecurityGroupIds]) ||
      input.PrivateDnsEnabled
    ) {
      throw new Fault(
        'InvalidParameter',
        'Endpoint type (Gateway) does not support subnets, security groups or private DNS.',
      );
    }
    const wanted = without(record.routeTableIds, input.AddRouteTableIds, input.RemoveRouteTableIds);
    const routeTableIds = checkedRouteTables(call, vpc, wanted, record.serviceName, record.vpcEndpointId);
    endpoints(call).put(record.vpcEndpointId, { ...record, policy, routeTableIds });
    return { Return: true };
  }
  if (wrong([input.AddRouteTableIds, input.RemoveRouteTableIds])) {
    throw new Fault('InvalidParameter', 'Endpoint type (Interface) does not support route tables.');
  }
  const subnetIds = without(record.subnetIds, input.AddSubnetIds, input.RemoveSubnetIds);
  refuseSameZone(call, vpc, subnetIds);
  const groupIds = without(record.groupIds, input.AddSecurityGroupIds, input.RemoveSecurityGroupIds);
  for (const id of groupIds) {
    if (needSecurityGroup(call, id).vpcId === vpc.vpcId) continue;
    throw new Fault('InvalidParameter', `Security group ${id} and VPC ${vpc.vpcId} belong to different networks.`);
  }
  if (groupIds.length === 0) throw invalidValue('', 'RemoveSecurityGroupId', 'An endpoint needs a security group.');
  const privateDns = input.PrivateDnsEnabled ?? record.privateDns;
  if (privateDns && !record.privateDns) refusePrivateDns(call, vpc, record.serviceName, record.vpcEndpointId);
  const kept: string[] = [];
  for (const eni of record.networkInterfaceIds) {
    const present = interfaces(call).get(eni);
    if (present && subnetIds.includes(present.subnetId)) {
      interfaces(call).put(eni, { ...present, groupIds });
      kept.push(eni);
    } else removeInterface(call, eni);
  }
  const added = subnetIds
    .filter((id) => !record.subnetIds.includes(id))
    .map((id) => addInterface(call, record.vpcEndpointId, id, groupIds));
  const networkInterfaceIds = [...kept, ...added];
  endpoints(call).put(record.vpcEndpointId, {
    ...record,
    policy,
    subnetIds,
    groupIds,
    privateDns,
    networkInterfaceIds,
  });
  return { Return: true };
}

/** Ids that cannot be deleted are told in the answer, not as a fault. */
export function deleteVpcEndpoints(input: DeleteVpcEndpointsRequest, call: Call): DeleteVpcEndpointsResult {
  if (!input.VpcEndpointIds?.length) throw missing('VpcEndpointId');
  const unsuccessful: UnsuccessfulItem[] = [];
  for (const id of input.VpcEndpointIds) {
    try {
      const record = needEndpoint(call, id);
      if (record.type === 'Gateway') {
        endpoints(call).delete(id);
        forgetTags(call, id);
      } else {
        endpoints(call).put(id, { ...record, state: 'deleting' });
        scheduleEndpoint(call, id);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      unsuccessful.push({ ResourceId: id, Error: { Code: error.code, Message: error.message } });
    }
  }
  return { Unsuccessful: unsuccessful };
}

const fields: FilterFields<EndpointRecord> = {
  'ip-address-type': (one) => one.ipAddressType,
  'service-name': (one) => one.serviceName,
  'vpc-endpoint-id': (one) => one.vpcEndpointId,
  'vpc-endpoint-state': (one) => one.state,
  'vpc-endpoint-type': (one) => one.type,
  'vpc-id': (one) => one.vpcId,
};

export function describeVpcEndpoints(input: DescribeVpcEndpointsRequest, call: Call): DescribeVpcEndpointsResult {
  const { records, NextToken } = select(call, input, {
    table: endpoints(call),
    id: (one) => one.vpcEndpointId,
    fields: { ...fields, 'service-region': () => call.region },
    ids: input.VpcEndpointIds,
    need: needEndpoint,
    pageSize: { min: 1, max: 1000 },
  });
  return { VpcEndpoints: records.map((one) => render(call, one)), NextToken };
}

function render(scope: Scope, one: EndpointRecord): VpcEndpoint {
  return {
    VpcEndpointId: one.vpcEndpointId,
    VpcEndpointType: one.type,
    VpcId: one.vpcId,
    ServiceName: one.serviceName,
    ServiceRegion: scope.region,
    // The SDK's enumeration is capitalised, the service's answers are not.
    State: one.state as State,
    PolicyDocument: one.policy,
    RouteTableIds: [...one.routeTableIds],
    SubnetIds: [...one.subnetIds],
    Groups: groupIdentifiers(scope, one.groupIds),
    NetworkInterfaceIds: [...one.networkInterfaceIds],
    PrivateDnsEnabled: one.privateDns,
    ...(one.type === 'Interface'
      ? { IpAddressType: one.ipAddressType, DnsOptions: { DnsRecordIpType: 'ipv4' as const } }
      : {}),
    DnsEntries: endpointDns(scope, one).map(({ name, zoneId }) => ({ DnsName: name, HostedZoneId: zoneId })),
    RequesterManaged: false,
    CreationTimestamp: new Date(one.createdMs),
    OwnerId: scope.account,
    Tags: tagList(scope, one.vpcEndpointId),
  };
}
