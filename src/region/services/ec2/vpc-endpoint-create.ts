/** CreateVpcEndpoint, of both types. */
import type { CreateVpcEndpointRequest, CreateVpcEndpointResult } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { needEndpointService } from './endpoint-services.ts';
import { missing, needEndpoint, needSecurityGroup, needVpc, notModelled, refuseMembers } from './faults.ts';
import { once } from './idempotency.ts';
import { limits } from './limits.ts';
import { defaultGroup } from './network-interface.ts';
import { type EndpointRecord, endpoints, type VpcRecord } from './state.ts';
import { putTags, specifiedTags } from './tag-table.ts';
import { addInterface, renderEndpoint, scheduleEndpoint } from './vpc-endpoint.ts';
import { checkedPolicy, checkedRouteTables, refusePrivateDns, refuseSameZone } from './vpc-endpoint-checks.ts';

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
  return { VpcEndpoint: renderEndpoint(call, needEndpoint(call, id)), ClientToken: input.ClientToken };
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
