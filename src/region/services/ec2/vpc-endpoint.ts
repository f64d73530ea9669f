/** VPC endpoints: gateways (S3, DynamoDB) in route tables, and interfaces with private names in subnets. */
import type {
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
import {
  invalidValue,
  missing,
  needEndpoint,
  needSecurityGroup,
  needSubnet,
  needVpc,
  notModelled,
  refuseMembers,
} from './faults.ts';
import { groupIdentifiers } from './interface-view.ts';
import { delaysMs } from './limits.ts';
import { makeInterface, removeInterface, requesterAttachment } from './network-interface.ts';
import { type EndpointRecord, endpoints, interfaces } from './state.ts';
import { forgetTags, tagList } from './tag-table.ts';
import {
  checkedPolicy,
  checkedRouteTables,
  fullAccess,
  refusePrivateDns,
  refuseSameZone,
} from './vpc-endpoint-checks.ts';

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
  return { VpcEndpoints: records.map((one) => renderEndpoint(call, one)), NextToken };
}

export function renderEndpoint(scope: Scope, one: EndpointRecord): VpcEndpoint {
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

export function addInterface(
  scope: Scope,
  vpcEndpointId: string,
  subnetId: string,
  groupIds: readonly string[],
): string {
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
