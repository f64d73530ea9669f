/**
 * NAT gateways. A gateway has an interface in its subnet, so the subnet's ACL sees the packet on both sides of it, and no
 * security group: https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html. Private and public ones alike
 * put their private address in; the internet gateway then makes it the Elastic IP.
 */
import { formatAddress } from './address.ts';
import { icmp, type Matched, protocolName, tcp, udp } from './match.ts';
import type { Dropped } from './verdict.ts';
import { addHop, drop, type Walk } from './walk.ts';
import type { NatGateway, NetworkInterface } from './world.ts';

/** What a NAT gateway puts in for its own. */
export const natPorts = { from: 1024, to: 65535 };
export const natProtocols: readonly number[] = [tcp, udp, icmp];

/** Takes a packet that a route sent here: puts the gateway's address and a port of its own in. */
export function openNat(walk: Walk, nat: NatGateway, rule: string): Dropped | undefined {
  const address = nat.interface.primary;
  if (nat.state !== 'available' || !nat.interface.attached || address === undefined) {
    return drop(walk, 'natUnavailable', 'nat', nat, nat.name, rule, `the NAT gateway is ${nat.state}`);
  }
  if (typeof walk.source !== 'number' || typeof walk.destination !== 'number') {
    const why = 'NAT64, the only IPv6 that a NAT gateway does, is not modelled';
    return drop(walk, 'routeNotModelled', 'nat', nat, nat.name, rule, why);
  }
  const { protocol, gates } = walk;
  if (gates) gates.push({ kind: 'nat', nat, rule, hop: walk.hops.length, toUndo: 0 });
  else if (!natProtocols.includes(protocol)) {
    const why = `a NAT gateway carries tcp, udp and icmp, not ${protocolName(protocol)}`;
    return drop(walk, 'natProtocol', 'nat', nat, nat.name, rule, why);
  }
  if (walk.tracked) {
    const why = 'it is the reply to a request that did not come through this NAT gateway';
    return drop(walk, 'natNoConnection', 'nat', nat, nat.name, rule, why);
  }
  const port = protocol === icmp ? walk.sourcePort : translatedPort(walk, walk.source, walk.destination);
  const inside = { address: walk.source, port: walk.sourcePort };
  walk.translations = [...walk.translations, { natId: nat.id, inside, outside: { address, port } }];
  walk.source = address;
  walk.sourcePort = port;
  // Its data processing is what is paid for, whatever lies behind it.
  walk.via = { kind: 'nat', id: nat.id };
  addHop(walk, 'nat', nat, nat.name, '', `source is now ${formatAddress(address)}:${port}`);
  return undefined;
}

/** Takes a packet that arrived at the gateway's interface: to the machine whose reply it is, or nowhere. */
export function undoNat(walk: Walk, at: NetworkInterface): Dropped | undefined {
  const translation = walk.tracked?.translations[walk.toUndo - 1];
  // A tracked packet is its delivery's exact reverse, so that its address and port are the translation's.
  if (translation?.natId !== at.owner) {
    const why = 'the NAT gateway knows no connection that this packet belongs to';
    return drop(walk, 'natNoConnection', 'nat', at, at.ownerName, '', why);
  }
  walk.toUndo--;
  walk.destination = translation.inside.address;
  walk.destinationPort = translation.inside.port;
  walk.via = { kind: 'nat', id: translation.natId };
  const inside = `${formatAddress(walk.destination)}:${walk.destinationPort}`;
  addHop(walk, 'nat', at, at.ownerName, '', `destination is now ${inside}`);
  return undefined;
}

/** The same connection always gets the same port of 1024–65535 (FNV-1a). Ports in use are the traffic plane's to count. */
export function translatedPort(
  walk: Pick<Matched, 'protocol' | 'destinationPort'> & { readonly sourcePort: number },
  source: number,
  destination: number,
): number {
  let hash = 0x811c9dc5;
  for (const word of [source, walk.sourcePort, destination, walk.destinationPort, walk.protocol]) {
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((word >>> shift) & 255), 0x01000193);
  }
  return natPorts.from + ((hash >>> 0) % (natPorts.to - natPorts.from + 1));
}
