/** Routes of a table: local ones derived from the VPC's ranges, those of gateway endpoints, and what users add. */
import type {
  CreateRouteRequest,
  CreateRouteResult,
  DeleteRouteRequest,
  ReplaceRouteRequest,
  Route,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { contains, rangeOf } from './cidr.ts';
import {
  missing,
  needEgressOnlyGateway,
  needInterface,
  needNatGateway,
  needRouteTable,
  needVpc,
  refuseMembers,
} from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import { needPrefixList, prefixListIdOf } from './prefix-list.ts';
import {
  egressOnlyGateways,
  endpoints,
  interfaces,
  internetGateways,
  natGateways,
  type RouteRecord,
  type RouteTableRecord,
  type RouteTargetRecord,
  routeTables,
  vpcs,
} from './state.ts';

interface Destination {
  readonly DestinationCidrBlock?: string | undefined;
  readonly DestinationIpv6CidrBlock?: string | undefined;
  readonly DestinationPrefixListId?: string | undefined;
}

function destinationOf(call: Call, input: Destination): string {
  const given = [input.DestinationCidrBlock, input.DestinationIpv6CidrBlock, input.DestinationPrefixListId].filter(
    (one) => one !== undefined && one !== '',
  );
  if (given.length === 0) throw missing('destinationCidrBlock');
  if (given.length > 1) {
    throw new Fault('InvalidParameterCombination', 'Only one destination can be specified for a route.');
  }
  if (input.DestinationPrefixListId) return needPrefixList(call, input.DestinationPrefixListId).id;
  if (input.DestinationCidrBlock) return checked(input.DestinationCidrBlock, 'destinationCidrBlock', 4);
  return checked(input.DestinationIpv6CidrBlock ?? '', 'destinationIpv6CidrBlock', 6);
}

function checked(text: string, parameter: string, family: 4 | 6): string {
  const range = rangeOf(text, parameter);
  if (range.family === family) return range.text;
  throw new Fault(
    'InvalidParameterValue',
    `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
  );
}

/** Which member names the target: exactly one must be given. */
function targetOf(
  call: Call,
  table: RouteTableRecord,
  destination: string,
  input: CreateRouteRequest,
): RouteTargetRecord {
  refuseMembers(input, [
    'InstanceId',
    'LocalGatewayId',
    'CarrierGatewayId',
    'VpcEndpointId',
    'CoreNetworkArn',
    'OdbNetworkArn',
    'TransitGatewayId',
    'VpcPeeringConnectionId',
  ]);
  const given = [
    input.GatewayId,
    input.NatGatewayId,
    input.EgressOnlyInternetGatewayId,
    input.NetworkInterfaceId,
  ].filter(Boolean);
  if (given.length === 0) throw missing('gatewayId');
  if (given.length > 1) {
    throw new Fault('InvalidParameterCombination', 'The route must have exactly one target.');
  }
  if (input.GatewayId) {
    const gateway = internetGateways(call).get(input.GatewayId);
    // The one operation that calls it a gateway.
    if (!gateway) {
      throw new Fault('InvalidGatewayID.NotFound', `The gateway ID '${input.GatewayId}' does not exist`);
    }
    if (gateway.vpcId !== table.vpcId) throw apart(table, 'network gateway', gateway.internetGatewayId);
    return { kind: 'gateway', id: gateway.internetGatewayId };
  }
  if (input.NatGatewayId) {
    const nat = needNatGateway(call, input.NatGatewayId);
    if (nat.state === 'deleted')
      throw new Fault('NatGatewayNotFound', `The Nat Gateway ${nat.natGatewayId} was not found`);
    if (nat.vpcId !== table.vpcId) throw apart(table, 'NAT gateway', nat.natGatewayId);
    return { kind: 'nat', id: nat.natGatewayId };
  }
  if (input.EgressOnlyInternetGatewayId) {
    const gateway = needEgressOnlyGateway(call, input.EgressOnlyInternetGatewayId);
    if (gateway.vpcId !== table.vpcId) throw apart(table, 'egress-only gateway', gateway.egressOnlyInternetGatewayId);
    if (!destination.includes(':')) {
      throw new Fault(
        'InvalidParameterValue',
        `An egress-only internet gateway can only be the target of an IPv6 route, not of ${destination}`,
      );
    }
    return { kind: 'egressOnly', id: gateway.egressOnlyInternetGatewayId };
  }
  const networkInterface = needInterface(call, input.NetworkInterfaceId);
  if (networkInterface.vpcId !== table.vpcId) throw apart(table, 'interface', networkInterface.networkInterfaceId);
  return { kind: 'interface', id: networkInterface.networkInterfaceId };
}

function apart(table: RouteTableRecord, noun: string, id: string): Fault {
  return new Fault(
    'InvalidParameterValue',
    `route table ${table.routeTableId} and ${noun} ${id} belong to different networks`,
  );
}

export function createRoute(input: CreateRouteRequest & Repeatable, call: Call): CreateRouteResult {
  const table = needRouteTable(call, input.RouteTableId);
  const destination = destinationOf(call, input);
  const target = targetOf(call, table, destination, input);
  refuseWithinLocal(call, table, destination);
  once(
    call,
    input,
    (id) => table.routes.some((route) => id === idOf(table, route)),
    () => [addRoute(call, table, { destination, target })],
  );
  return { Return: true };
}

const idOf = (table: RouteTableRecord, route: RouteRecord) => `${table.routeTableId}|${route.destination}`;

function addRoute(call: Call, table: RouteTableRecord, route: RouteRecord): string {
  if (table.routes.some((other) => other.destination === route.destination)) {
    throw new Fault('RouteAlreadyExists', `The route identified by ${route.destination} already exists.`);
  }
  if (table.routes.length >= limits.routesPerTable) {
    throw new Fault(
      'RouteLimitExceeded',
      `The maximum number of routes for route table ${table.routeTableId} has been reached.`,
    );
  }
  routeTables(call).put(table.routeTableId, { ...table, routes: [...table.routes, route] });
  return idOf(table, route);
}

/** A more specific route than the local one may only lead to an interface; the local one itself is fixed. */
function refuseWithinLocal(call: Call, table: RouteTableRecord, destination: string): void {
  if (destination.startsWith('pl-')) return;
  const range = rangeOf(destination, 'destinationCidrBlock');
  const vpc = needVpc(call, table.vpcId);
  for (const { cidr } of [...vpc.cidrs, ...vpc.ipv6Cidrs]) {
    const local = rangeOf(cidr, 'cidrBlock');
    if (local.text === range.text) {
      throw new Fault('RouteAlreadyExists', `The route identified by ${destination} already exists.`);
    }
    if (contains(local, range)) {
      throw new Fault(
        'InvalidParameterValue',
        `The destination CIDR block ${destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
      );
    }
  }
}

export function replaceRoute(input: ReplaceRouteRequest, call: Call): object {
  refuseMembers(input, ['LocalTarget']);
  const table = needRouteTable(call, input.RouteTableId);
  const destination = destinationOf(call, input);
  const target = targetOf(call, table, destination, input);
  if (!table.routes.some((route) => route.destination === destination)) {
    throw new Fault(
      'InvalidParameterValue',
      `There is no route defined for '${destination}' in the route table. Use CreateRoute instead.`,
    );
  }
  const routes = table.routes.map((route) => (route.destination === destination ? { destination, target } : route));
  routeTables(call).put(table.routeTableId, { ...table, routes });
  return {};
}

export function deleteRoute(input: DeleteRouteRequest, call: Call): object {
  const table = needRouteTable(call, input.RouteTableId);
  const destination = destinationOf(call, input);
  const vpc = needVpc(call, table.vpcId);
  if ([...vpc.cidrs, ...vpc.ipv6Cidrs].some((one) => one.cidr === destination)) {
    throw new Fault(
      'InvalidParameterValue',
      `cannot remove local route ${destination} in route table ${table.routeTableId}`,
    );
  }
  const routes = table.routes.filter((route) => route.destination !== destination);
  if (routes.length === table.routes.length) {
    const member = destination.startsWith('pl-')
      ? 'destination-prefix-list-id'
      : destination.includes(':')
        ? 'destination-ipv6-cidr-block'
        : 'destination-cidr-block';
    throw new Fault(
      'InvalidRoute.NotFound',
      `no route with ${member} ${destination} in route table ${table.routeTableId}`,
    );
  }
  routeTables(call).put(table.routeTableId, { ...table, routes });
  return {};
}

/** A route whose target is gone, detached or failed leads nowhere. */
export function isBlackhole(scope: Scope, vpcId: string, target: RouteTargetRecord): boolean {
  switch (target.kind) {
    case 'gateway':
      return internetGateways(scope).get(target.id)?.vpcId !== vpcId;
    case 'nat': {
      const state = natGateways(scope).get(target.id)?.state;
      return state === undefined || state === 'failed' || state === 'deleting' || state === 'deleted';
    }
    case 'egressOnly':
      return egressOnlyGateways(scope).get(target.id) === undefined;
    case 'interface':
      return interfaces(scope).get(target.id)?.attachment === undefined;
  }
}

export function renderRoutes(scope: Scope, table: RouteTableRecord): Route[] {
  const vpc = vpcs(scope).get(table.vpcId);
  const local = { GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' } as const;
  const fromEndpoints: Route[] = [];
  for (const endpoint of endpoints(scope).values()) {
    if (endpoint.type !== 'Gateway' || !endpoint.routeTableIds.includes(table.routeTableId)) continue;
    fromEndpoints.push({
      DestinationPrefixListId: prefixListIdOf(scope, endpoint.serviceName),
      GatewayId: endpoint.vpcEndpointId,
      Origin: 'CreateRoute',
      State: 'active',
    });
  }
  return [
    ...(vpc?.cidrs ?? []).map(({ cidr }) => ({ DestinationCidrBlock: cidr, ...local })),
    ...(vpc?.ipv6Cidrs ?? []).map(({ cidr }) => ({ DestinationIpv6CidrBlock: cidr, ...local })),
    ...table.routes.map((route) => renderRoute(scope, table, route)),
    ...fromEndpoints,
  ];
}

function renderRoute(scope: Scope, table: RouteTableRecord, { destination, target }: RouteRecord): Route {
  const member = destination.startsWith('pl-')
    ? { DestinationPrefixListId: destination }
    : destination.includes(':')
      ? { DestinationIpv6CidrBlock: destination }
      : { DestinationCidrBlock: destination };
  const attachment = target.kind === 'interface' ? interfaces(scope).get(target.id)?.attachment : undefined;
  return {
    ...member,
    ...(target.kind === 'gateway' ? { GatewayId: target.id } : {}),
    ...(target.kind === 'nat' ? { NatGatewayId: target.id } : {}),
    ...(target.kind === 'egressOnly' ? { EgressOnlyInternetGatewayId: target.id } : {}),
    ...(target.kind === 'interface' ? { NetworkInterfaceId: target.id } : {}),
    ...(attachment?.instanceId ? { InstanceId: attachment.instanceId, InstanceOwnerId: scope.account } : {}),
    Origin: 'CreateRoute',
    State: isBlackhole(scope, table.vpcId, target) ? 'blackhole' : 'active',
  };
}
