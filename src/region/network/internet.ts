/** Out of a VPC through its gateways. Each function changes the walk, or ends it. */
import { formatAddress } from './address.ts';
import type { Dropped } from './verdict.ts';
import { addHop, addressText, drop, type Walk } from './walk.ts';
import type { NetworkInterface, Subnet, World } from './world.ts';

/**
 * An internet gateway translates the private IPv4 address one-to-one to the public one, and drops what has none:
 * https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html. IPv6 addresses are public as they are.
 */
export function leaveByInternetGateway(
  world: World,
  walk: Walk,
  from: NetworkInterface,
  rule: string,
  id: string,
): Dropped | undefined {
  const { subnet } = from;
  const gateway = world.gateways.get(id);
  if (!gateway || gateway.vpcId !== subnet.vpcId) {
    const why = `${gateway?.name ?? id} is not attached to ${subnet.vpc.name}`;
    return drop(walk, 'noInternetGateway', 'internetGateway', subnet, subnet.routeTable.name, rule, why);
  }
  walk.via ??= { kind: 'internetGateway', id };
  if (typeof walk.source === 'bigint') {
    addHop(walk, 'internetGateway', gateway, gateway.name, '', 'out');
    return undefined;
  }
  if (from.public === undefined || walk.source !== from.primary) {
    const why = `${from.name} has no public address for ${formatAddress(walk.source)}`;
    return drop(walk, 'noPublicAddress', 'internetGateway', from, gateway.name, rule, why);
  }
  walk.source = from.public;
  addHop(walk, 'internetGateway', gateway, gateway.name, '', 'private address translated to the public one');
  return undefined;
}

/** IPv6 only, and only for what is begun inside: https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html */
export function leaveByEgressOnlyGateway(
  world: World,
  walk: Walk,
  subnet: Subnet,
  rule: string,
  id: string,
): Dropped | undefined {
  const gateway = world.gateways.get(id);
  if (!gateway || gateway.vpcId !== subnet.vpcId) {
    const why = `${gateway?.name ?? id} is not attached to ${subnet.vpc.name}`;
    return drop(walk, 'noInternetGateway', 'egressOnlyGateway', subnet, subnet.routeTable.name, rule, why);
  }
  if (typeof walk.source === 'number') {
    const why = `an egress-only internet gateway carries no ${addressText(walk.source)}`;
    return drop(walk, 'noPublicAddress', 'egressOnlyGateway', gateway, gateway.name, rule, why);
  }
  walk.via ??= { kind: 'egressOnlyGateway', id };
  addHop(walk, 'egressOnlyGateway', gateway, gateway.name, '', 'out');
  return undefined;
}
