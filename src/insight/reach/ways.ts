/**
 * Which way the packets between two positions go. Each is walked once, for one member of each site and all protocols and
 * ports at a time, and read afterwards for any other members by putting these in the first ones' places.
 */
import type { Address } from '../../region/network/address.ts';
import type { Gate, Way } from '../../region/network/gate.ts';
import { type Header, hasPorts, headerOf } from '../../region/network/match.ts';
import { translatedPort } from '../../region/network/nat.ts';
import { echoReply, waysBetween } from '../../region/network/send.ts';
import type { Packet } from '../../region/network/verdict.ts';
import { startWalk } from '../../region/network/walk.ts';
import type { NatGateway, NetworkInterface, World } from '../../region/network/world.ts';
import type { Positions } from './positions.ts';

/** Who a packet is between. */
export interface Parties {
  readonly source: Address;
  readonly destination: Address;
  /** The interface that it enters at. */
  readonly entry: NetworkInterface | undefined;
  readonly sourceOwner: NetworkInterface | undefined;
  readonly destinationOwner: NetworkInterface | undefined;
}

export interface Ways {
  /** For these it was walked. */
  readonly walked: Parties;
  readonly forward: Way;
  readonly reply: Way | undefined;
  /** Passed by the request, in this order. */
  readonly nats: readonly NatGateway[];
}

export class WayBook {
  private readonly world: World;
  private readonly positions: Positions;
  private readonly known = new Map<string, Ways>();

  constructor(world: World, positions: Positions) {
    this.world = world;
    this.positions = positions;
  }

  /** How many different ways were walked. */
  get size(): number {
    return this.known.size;
  }

  partiesOf({ source, destination, enters }: Pick<Packet, 'source' | 'destination' | 'enters'>): Parties {
    const { positions, world } = this;
    const id = enters.kind === 'interface' ? enters.id : enters.kind === 'linkLocal' ? enters.interfaceId : '';
    return {
      source: source.address,
      destination: destination.address,
      entry: world.interfaces.get(id),
      sourceOwner: positions.ownerOf(source.address),
      destinationOwner: positions.ownerOf(destination.address),
    };
  }

  of(enters: Packet['enters'], parties: Parties): Ways {
    const key = `${this.entryKey(enters, parties)} ${this.pairKey(parties)}`;
    let ways = this.known.get(key);
    if (!ways) {
      ways = this.walk(enters, parties);
      this.known.set(key, ways);
    }
    return ways;
  }

  private entryKey(enters: Packet['enters'], { entry }: Parties): string {
    switch (enters.kind) {
      case 'internet':
        return 'n';
      case 'gatewayEndpoint':
        return `g${enters.id}`;
      case 'interface':
        return entry ? `i${this.positions.siteAt(entry).id}` : `?${enters.id}`;
      case 'linkLocal':
        return entry ? `l${this.positions.siteAt(entry).id}` : `?${enters.interfaceId}`;
    }
  }

  private pairKey({ source, destination, entry, sourceOwner, destinationOwner }: Parties): string {
    const same = (a: NetworkInterface | undefined, b: NetworkInterface | undefined) => (a && a === b ? '=' : '-');
    const who = same(entry, sourceOwner) + same(entry, destinationOwner) + same(sourceOwner, destinationOwner);
    return `${this.positions.keyOf(source)} ${this.positions.keyOf(destination)} ${who}`;
  }

  private walk(enters: Packet['enters'], parties: Parties): Ways {
    const { forward, reply } = waysBetween(this.world, {
      protocol: 'tcp',
      source: { address: parties.source, port: 0 },
      destination: { address: parties.destination, port: 0 },
      enters,
    });
    const nats = forward.gates.flatMap((gate) => (gate.kind === 'nat' ? [gate.nat] : []));
    return { walked: parties, forward, reply, nats };
  }
}

/** The gate as it stands on the way of these members of the same sites. */
export function gateFor({ walked }: Ways, parties: Parties, gate: Gate): Gate {
  if (gate.kind === 'nat' || walked === parties) return gate;
  const peer = addressFor(walked, parties, gate.peer);
  return gate.kind === 'acl' ? { ...gate, peer } : { ...gate, peer, at: interfaceFor(walked, parties, gate.at) };
}

export function interfaceFor(walked: Parties, parties: Parties, at: NetworkInterface): NetworkInterface {
  for (const role of ['entry', 'sourceOwner', 'destinationOwner'] as const) {
    const actual = parties[role];
    if (walked[role] === at && actual) return actual;
  }
  return at;
}

export function addressFor(walked: Parties, parties: Parties, address: Address): Address {
  if (address === walked.source) return parties.source;
  if (address === walked.destination) return parties.destination;
  for (const role of ['entry', 'sourceOwner', 'destinationOwner'] as const) {
    const [was, is] = [walked[role], parties[role]];
    if (!was || !is) continue;
    if (address === was.public && is.public !== undefined) return is.public;
    const slot = was.private.indexOf(address);
    const own = slot < 0 ? undefined : is.private[slot];
    if (own !== undefined) return own;
  }
  return address;
}

/** The name of where a way ends. */
export function placeFor(world: World, { walked }: Ways, parties: Parties, { verdict }: Way): string {
  const last = verdict.hops[verdict.hops.length - 1];
  const at = last && world.interfaces.get(last.id);
  return at ? interfaceFor(walked, parties, at).name : verdict.at;
}

/** The headers of a request and of its reply, which is for another port until each NAT gateway has given its one back. */
export interface Headers {
  readonly forward: Header;
  /** By the number of NAT gateways that have still to give theirs back. */
  reply(toUndo: number): Header;
}

export function headersOf(packet: Packet, nats: readonly NatGateway[]): Headers {
  const { protocol, icmpType, icmpCode, destinationPort, sourcePort } = startWalk(packet);
  const ports = [sourcePort];
  if (hasPorts(protocol)) {
    let source = packet.source.address;
    const { address: destination } = packet.destination;
    for (const { interface: nat } of nats) {
      const port = ports[ports.length - 1] ?? 0;
      if (typeof source !== 'number' || typeof destination !== 'number' || nat.primary === undefined) break;
      ports.push(translatedPort({ protocol, sourcePort: port, destinationPort }, source, destination));
      source = nat.primary;
    }
  }
  const { source, destination } = packet;
  const answer = startWalk({ ...packet, source: destination, destination: source, icmp: echoReply(packet) });
  return {
    forward: headerOf({ protocol, icmpType, icmpCode, destinationPort }),
    reply: (toUndo) => headerOf({ ...answer, destinationPort: ports[toUndo] ?? sourcePort }),
  };
}
