/**
 * EC2's errors by noun, with its own spelling of each: `InvalidVpcID.NotFound` but `InvalidVpcEndpointId.NotFound`.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import {
  type AddressRecord,
  addresses,
  type EgressOnlyGatewayRecord,
  type EndpointRecord,
  egressOnlyGateways,
  endpoints,
  type FlowLogRecord,
  flowLogs,
  type InterfaceRecord,
  type InternetGatewayRecord,
  interfaces,
  internetGateways,
  type NatGatewayRecord,
  type NetworkAclRecord,
  natGateways,
  networkAcls,
  type RouteTableAssociationRecord,
  type RouteTableRecord,
  routeTableAssociations,
  routeTables,
  type SecurityGroupRecord,
  type SubnetRecord,
  securityGroups,
  subnets,
  type VpcRecord,
  vpcs,
} from './state.ts';

export function missing(parameter: string): Fault {
  return new Fault('MissingParameter', `The request must contain the parameter ${parameter}`);
}

export function invalidValue(value: unknown, parameter: string, why: string): Fault {
  return new Fault('InvalidParameterValue', `Value (${String(value)}) for parameter ${parameter} is invalid. ${why}`);
}

/** For what AWS can and the model cannot: refused, so that nobody relies on it. */
export function notModelled(what: string): Fault {
  return new Fault('UnsupportedOperation', `${what} is not modelled by Orrery.`);
}

/** Throws when one of the members is given (`false`, 0 and empty lists count as not given). */
export function refuseMembers(input: object, members: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (!members.includes(name) || value === undefined || value === false || value === 0) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    throw notModelled(`The parameter ${name}`);
  }
}

interface Noun {
  readonly code: string;
  readonly text: (id: string) => string;
  /** Nouns whose ids are checked for their form first. */
  readonly malformed?: { readonly code: string; readonly prefix: string };
  /** The parameter that is missing when there is no id. */
  readonly parameter: string;
}

const idText = (noun: string) => (id: string) => `The ${noun} ID '${id}' does not exist`;

export const nouns = {
  vpc: { code: 'InvalidVpcID.NotFound', text: idText('vpc'), parameter: 'vpcId' },
  subnet: { code: 'InvalidSubnetID.NotFound', text: idText('subnet'), parameter: 'subnetId' },
  routeTable: { code: 'InvalidRouteTableID.NotFound', text: idText('routeTable'), parameter: 'routeTableId' },
  association: { code: 'InvalidAssociationID.NotFound', text: idText('association'), parameter: 'associationId' },
  internetGateway: {
    code: 'InvalidInternetGatewayID.NotFound',
    text: idText('internetGateway'),
    parameter: 'internetGatewayId',
  },
  egressOnlyGateway: {
    code: 'InvalidEgressOnlyInternetGatewayId.NotFound',
    text: idText('egressOnlyInternetGateway'),
    parameter: 'egressOnlyInternetGatewayId',
  },
  address: { code: 'InvalidAllocationID.NotFound', text: idText('allocation'), parameter: 'AllocationId' },
  natGateway: {
    code: 'NatGatewayNotFound',
    text: (id: string) => `The Nat Gateway ${id} was not found`,
    parameter: 'NatGatewayId',
  },
  networkAcl: { code: 'InvalidNetworkAclID.NotFound', text: idText('networkAcl'), parameter: 'networkAclId' },
  securityGroup: {
    code: 'InvalidGroup.NotFound',
    text: (id: string) => `The security group '${id}' does not exist`,
    malformed: { code: 'InvalidGroupId.Malformed', prefix: 'sg' },
    parameter: 'groupId',
  },
  endpoint: {
    code: 'InvalidVpcEndpointId.NotFound',
    text: (id: string) => `The Vpc Endpoint Id '${id}' does not exist`,
    malformed: { code: 'InvalidVpcEndpointId.Malformed', prefix: 'vpce' },
    parameter: 'VpcEndpointId',
  },
  flowLog: {
    code: 'InvalidFlowLogId.NotFound',
    text: (id: string) => `These flow log ids in the input list are not found: [TotalCount: 1] ${id}`,
    parameter: 'FlowLogId',
  },
  networkInterface: {
    code: 'InvalidNetworkInterfaceID.NotFound',
    text: idText('networkInterface'),
    malformed: { code: 'InvalidNetworkInterfaceId.Malformed', prefix: 'eni' },
    parameter: 'networkInterfaceId',
  },
} satisfies Record<string, Noun>;

/** The record, or the fault that EC2 gives for a missing, malformed or unknown id. */
export function need<T>(table: Table<T>, noun: Noun, id: string | undefined): T {
  if (!id) throw missing(noun.parameter);
  const record = table.get(id);
  if (record !== undefined) return record;
  const { malformed } = noun;
  if (malformed && !new RegExp(`^${malformed.prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id)) {
    throw new Fault(malformed.code, `Invalid id: "${id}" (expecting "${malformed.prefix}-...")`);
  }
  throw new Fault(noun.code, noun.text(id));
}

export const needVpc = (scope: Scope, id: string | undefined): VpcRecord => need(vpcs(scope), nouns.vpc, id);
export const needSubnet = (scope: Scope, id: string | undefined): SubnetRecord =>
  need(subnets(scope), nouns.subnet, id);
export const needRouteTable = (scope: Scope, id: string | undefined): RouteTableRecord =>
  need(routeTables(scope), nouns.routeTable, id);
export const needRouteTableAssociation = (scope: Scope, id: string | undefined): RouteTableAssociationRecord =>
  need(routeTableAssociations(scope), nouns.association, id);
export const needInternetGateway = (scope: Scope, id: string | undefined): InternetGatewayRecord =>
  need(internetGateways(scope), nouns.internetGateway, id);
export const needEgressOnlyGateway = (scope: Scope, id: string | undefined): EgressOnlyGatewayRecord =>
  need(egressOnlyGateways(scope), nouns.egressOnlyGateway, id);
export const needAddress = (scope: Scope, id: string | undefined): AddressRecord =>
  need(addresses(scope), nouns.address, id);
export const needNatGateway = (scope: Scope, id: string | undefined): NatGatewayRecord =>
  need(natGateways(scope), nouns.natGateway, id);
export const needNetworkAcl = (scope: Scope, id: string | undefined): NetworkAclRecord =>
  need(networkAcls(scope), nouns.networkAcl, id);
export const needSecurityGroup = (scope: Scope, id: string | undefined): SecurityGroupRecord =>
  need(securityGroups(scope), nouns.securityGroup, id);
export const needEndpoint = (scope: Scope, id: string | undefined): EndpointRecord =>
  need(endpoints(scope), nouns.endpoint, id);
export const needFlowLog = (scope: Scope, id: string | undefined): FlowLogRecord =>
  need(flowLogs(scope), nouns.flowLog, id);
export const needInterface = (scope: Scope, id: string | undefined): InterfaceRecord =>
  need(interfaces(scope), nouns.networkInterface, id);

export function dependencyViolation(message: string): Fault {
  return new Fault('DependencyViolation', message);
}
