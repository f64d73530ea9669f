/** The way of a packet, step by step: interface, groups, subnet boundary, route table, gateway, and in again. */
import { rangeContains } from './address.ts';
import { cutAtEndpoint, cutAtInterface } from './faults.ts';
import { enterInterface, enterSubnet, leaveInterface, leaveSubnet } from './filters.ts';
import { leaveByEgressOnlyGateway, leaveByInternetGateway } from './internet.ts';
import { openNat, undoNat } from './nat.ts';
import { isLinkLocal, linkLocalService, routedOnInternet } from './reserved.ts';
import type { Verdict } from './verdict.ts';
import { addHop, addressText, deliver, deliverTo, drop, type Walk } from './walk.ts';
import type { NetworkInterface, Part, Route, Subnet, World } from './world.ts';

const internet: Part = { id: 'internet', name: 'internet' };

/** Follows the packet from where it enters to its end. */
export function follow(world: World, walk: Walk): Verdict {
  const { enters } = walk.sent;
  switch (enters.kind) {
    case 'interface':
      return fromInterface(world, walk, enters.id);
    case 'internet':
      return fromInternet(world, walk);
    case 'gatewayEndpoint':
      return fromGatewayEndpoint(world, walk, enters.id);
    case 'linkLocal':
      return fromLinkLocal(world, walk, enters.interfaceId);
  }
}

function fromInterface(world: World, walk: Walk, id: string): Verdict {
  const from = world.interfaces.get(id);
  if (!from) return drop(walk, 'notAnInterface', 'interface', { id, name: id }, id, '', `there is no interface ${id}`);
  if (!from.attached) return detached(walk, from);
  if (from.sourceDestCheck && !from.private.includes(walk.source)) {
    const why = `${addressText(walk.source)} is not its own and the source/destination check is on`;
    return drop(walk, 'sourceNotOwn', 'interface', from, from.name, 'SourceDestCheck', why);
  }
  addHop(walk, 'interface', from, from.name, '', 'sent');
  // The kernel's own loopback: it never leaves the machine.
  if (from.private.includes(walk.destination)) return deliverTo(walk, from);
  const cut = cutAtInterface(world, walk, from);
  if (cut) return cut;
  const { vpc } = from.subnet;
  const service = linkLocalService(walk.destination, vpc);
  if (service === 'resolver' && !vpc.enableDnsSupport) {
    return drop(walk, 'resolverOff', 'linkLocal', vpc, vpc.name, 'EnableDnsSupport', 'the VPC has DNS support off');
  }
  if (service) {
    walk.via = { kind: 'linkLocal' };
    return deliver(walk, 'deliveredToLinkLocal', { kind: 'linkLocal', service }, 'linkLocal', from, 'never filtered');
  }
  if (isLinkLocal(walk.destination)) return noSuchAddress(walk, from.subnet);
  return leaveInterface(walk, from) ?? route(world, walk, from);
}

/** From an interface whose groups let it pass, through its subnet's boundary and route table. */
function route(world: World, walk: Walk, from: NetworkInterface): Verdict {
  const { subnet } = from;
  for (const range of subnet.ranges) {
    // "We evaluate the network ACL rules when traffic enters and leaves the subnet, not as it is routed within a
    // subnet": https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html
    if (rangeContains(range, walk.destination)) return arriveLocally(world, walk, subnet);
  }
  const chosen = longestMatch(subnet, walk);
  const denied = staysInSubnet(world, subnet, chosen) ? undefined : leaveSubnet(walk, subnet);
  if (denied) return denied;
  const table = subnet.routeTable.name;
  if (!chosen) {
    const why = `${table} has no route to ${addressText(walk.destination)}`;
    return drop(walk, 'noRoute', 'route', subnet, table, table, why);
  }
  const { target, rule } = chosen;
  addHop(walk, 'route', subnet, table, rule, `to ${'id' in target ? (target.id ?? target.kind) : target.kind}`);
  switch (target.kind) {
    case 'local':
      return arriveLocally(world, walk, subnet);
    case 'internetGateway':
      return leaveByInternetGateway(world, walk, from, rule, target.id) ?? outside(world, walk, subnet);
    case 'egressOnlyGateway':
      return leaveByEgressOnlyGateway(world, walk, subnet, rule, target.id) ?? outside(world, walk, subnet);
    case 'nat':
      return throughNat(world, walk, subnet, rule, target.id);
    case 'gatewayEndpoint':
      return toGatewayEndpoint(world, walk, subnet, rule, target.id);
    case 'blackhole': {
      const why = target.id ? `${target.id} is gone` : 'the target of the route is gone';
      return drop(walk, 'blackhole', 'route', subnet, table, rule, why);
    }
    case 'notModelled': {
      const why = `${target.type} ${target.id} is not modelled`;
      return drop(walk, 'routeNotModelled', 'route', subnet, table, rule, why);
    }
  }
}

function longestMatch(subnet: Subnet, walk: Walk): Route | undefined {
  for (const candidate of subnet.routes) if (rangeContains(candidate.range, walk.destination)) return candidate;
  return undefined;
}

/** A NAT gateway in the sender's own subnet is reached without crossing the boundary. */
function staysInSubnet(world: World, subnet: Subnet, chosen: Route | undefined): boolean {
  if (chosen?.target.kind !== 'nat') return false;
  return world.natGateways.get(chosen.target.id)?.interface.subnet === subnet;
}

function throughNat(world: World, walk: Walk, subnet: Subnet, rule: string, id: string): Verdict {
  const table = subnet.routeTable.name;
  const nat = world.natGateways.get(id);
  if (!nat) return drop(walk, 'blackhole', 'route', subnet, table, rule, `NAT gateway ${id} is gone`);
  if (walk.translations.some(({ natId }) => natId === id)) {
    const why = `${nat.name}'s own subnet routes to a NAT gateway again: it needs a route to an internet gateway`;
    return drop(walk, 'routeLoop', 'nat', nat, table, rule, why);
  }
  const natSubnet = nat.interface.subnet;
  // Where it is cut off, nothing arrives that its subnet's boundary could look at.
  const cut = cutAtInterface(world, walk, nat.interface);
  if (cut) return cut;
  const denied = natSubnet === subnet ? undefined : enterSubnet(walk, natSubnet);
  return denied ?? openNat(walk, nat, rule) ?? route(world, walk, nat.interface);
}

function toGatewayEndpoint(world: World, walk: Walk, subnet: Subnet, rule: string, id: string): Verdict {
  const endpoint = world.gatewayEndpoints.get(id);
  if (!endpoint) {
    const why = `gateway endpoint ${id} is gone`;
    return drop(walk, 'blackhole', 'route', subnet, subnet.routeTable.name, rule, why);
  }
  if (!endpoint.available || endpoint.vpcId !== subnet.vpcId) {
    const why = endpoint.available ? 'it belongs to another VPC' : 'it is not available';
    return drop(walk, 'endpointUnavailable', 'gatewayEndpoint', endpoint, endpoint.name, rule, why);
  }
  const cut = cutAtEndpoint(world, walk, endpoint);
  if (cut) return cut;
  walk.via ??= { kind: 'gatewayEndpoint', id };
  const { serviceName } = endpoint;
  const to = { kind: 'service', serviceName, endpointId: id } as const;
  return deliver(walk, 'deliveredToService', to, 'gatewayEndpoint', endpoint, serviceName);
}

/** Past the gateway: to AWS's services, back in to one of the region's own public addresses, or away. */
function outside(world: World, walk: Walk, subnet: Subnet): Verdict {
  const own = world.byPublicAddress.get(walk.destination);
  if (own) return inbound(world, walk, own);
  if (!routedOnInternet(walk.destination)) return noSuchAddress(walk, subnet);
  for (const { serviceName, ranges } of world.publicServices) {
    for (const range of ranges) {
      if (!rangeContains(range, walk.destination)) continue;
      const to = { kind: 'service', serviceName } as const;
      return deliver(walk, 'deliveredToService', to, 'service', { id: serviceName, name: serviceName }, serviceName);
    }
  }
  return deliver(walk, 'deliveredToInternet', { kind: 'internet' }, 'internet', internet, 'left the VPC');
}

function fromInternet(world: World, walk: Walk): Verdict {
  if (!routedOnInternet(walk.source)) {
    const why = `${addressText(walk.source)} is not routed on the internet`;
    return drop(walk, 'sourceNotOwn', 'internet', internet, internet.name, '', why);
  }
  addHop(walk, 'internet', internet, internet.name, '', 'sent');
  const to = world.byPublicAddress.get(walk.destination);
  return to ? inbound(world, walk, to) : noSuchAddress(walk, internet);
}

/**
 * In through the VPC's internet gateway. The route table of the receiving subnet plays no part for IPv4: without a route
 * to the gateway the request still arrives, and the reply is what gets lost.
 */
function inbound(world: World, walk: Walk, to: NetworkInterface): Verdict {
  const { subnet } = to;
  const { vpc } = subnet;
  if (typeof walk.destination === 'bigint') {
    const egressOnly = vpc.egressOnlyGateway;
    const answersEgressOnly = walk.tracked?.via.kind === 'egressOnlyGateway';
    if (egressOnly && answersEgressOnly) {
      walk.via ??= { kind: 'egressOnlyGateway', id: egressOnly.id };
      addHop(walk, 'egressOnlyGateway', egressOnly, egressOnly.name, 'tracked connection', 'reply to its own request');
      return arrive(world, walk, to, undefined);
    }
    // https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html: nothing is begun from outside.
    const back = subnet.routes.find(({ range }) => rangeContains(range, walk.source));
    if (egressOnly && (!vpc.internetGateway || back?.target.kind === 'egressOnlyGateway')) {
      const why = 'an egress-only internet gateway lets nobody outside begin a connection';
      return drop(walk, 'deniedByEgressOnlyGateway', 'egressOnlyGateway', egressOnly, egressOnly.name, '', why);
    }
  }
  const gateway = vpc.internetGateway;
  if (!gateway) {
    const why = `${vpc.name} has no internet gateway attached`;
    return drop(walk, 'noInternetGateway', 'internetGateway', vpc, vpc.name, '', why);
  }
  walk.via ??= { kind: 'internetGateway', id: gateway.id };
  let why = 'in';
  if (to.primary !== undefined && typeof walk.destination === 'number') {
    walk.destination = to.primary;
    why = 'public address translated to the private one';
  }
  addHop(walk, 'internetGateway', gateway, gateway.name, '', why);
  return arrive(world, walk, to, undefined);
}

function fromGatewayEndpoint(world: World, walk: Walk, id: string): Verdict {
  const endpoint = world.gatewayEndpoints.get(id);
  if (!endpoint?.available) {
    const at = endpoint ?? { id, name: id };
    return drop(walk, 'endpointUnavailable', 'gatewayEndpoint', at, at.name, '', 'it is not available');
  }
  const cut = cutAtEndpoint(world, walk, endpoint);
  if (cut) return cut;
  walk.via = { kind: 'gatewayEndpoint', id };
  addHop(walk, 'gatewayEndpoint', endpoint, endpoint.name, '', 'sent');
  const to = world.vpcs.get(endpoint.vpcId)?.byAddress.get(walk.destination);
  return to ? arrive(world, walk, to, undefined) : noSuchAddress(walk, endpoint);
}

function fromLinkLocal(world: World, walk: Walk, id: string): Verdict {
  const to = world.interfaces.get(id);
  if (!to) return drop(walk, 'notAnInterface', 'interface', { id, name: id }, id, '', `there is no interface ${id}`);
  if (!to.attached) return detached(walk, to);
  if (!linkLocalService(walk.source, to.subnet.vpc) || !to.private.includes(walk.destination)) {
    return noSuchAddress(walk, to.subnet);
  }
  const cut = cutAtInterface(world, walk, to);
  if (cut) return cut;
  walk.via = { kind: 'linkLocal' };
  addHop(walk, 'linkLocal', to, to.name, '', 'sent');
  return deliverTo(walk, to);
}

function arriveLocally(world: World, walk: Walk, from: Subnet): Verdict {
  const to = from.vpc.byAddress.get(walk.destination);
  return to ? arrive(world, walk, to, from) : noSuchAddress(walk, from);
}

/** Into the receiver's subnet (when it comes from another one) and interface; a NAT gateway sends it on. */
function arrive(world: World, walk: Walk, to: NetworkInterface, from: Subnet | undefined): Verdict {
  if (!to.attached) return detached(walk, to);
  const cut = cutAtInterface(world, walk, to);
  if (cut) return cut;
  const denied = to.subnet === from ? undefined : enterSubnet(walk, to.subnet);
  if (denied) return denied;
  if (to.kind === 'nat') return undoNat(walk, to) ?? route(world, walk, to);
  return enterInterface(walk, to) ?? deliverTo(walk, to);
}

function detached(walk: Walk, at: NetworkInterface): Verdict {
  return drop(walk, 'interfaceDetached', 'interface', at, at.name, '', `${at.ownerName} is not running`);
}

function noSuchAddress(walk: Walk, at: Part): Verdict {
  const why = `nothing has the ${addressText(walk.destination)}`;
  return drop(walk, 'noSuchAddress', at === internet ? 'internet' : 'route', at, at.name, '', why);
}
