/** A packet on its way: what `send` changes while it follows it, and how the walk ends. */
import type { Address } from './address.ts';
import { familyOf, formatAddress } from './address.ts';
import type { Gate } from './gate.ts';
import { echoTypes, hasPorts, icmp, icmpv6, protocolName, tcp, udp } from './match.ts';
import type {
  Delivered,
  DeliveredEnd,
  Destination,
  Dropped,
  DroppedEnd,
  Endpoint,
  Hop,
  HopKind,
  NatTranslation,
  Packet,
  Via,
} from './verdict.ts';
import type { NetworkInterface, Part } from './world.ts';

export interface Walk {
  readonly sent: Packet;
  readonly protocol: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  source: Address;
  sourcePort: number;
  destination: Address;
  destinationPort: number;
  readonly hops: Hop[];
  /** The delivery that this packet is the exact reply to. */
  readonly tracked: Delivered | undefined;
  /** A later packet of a connection that was open before. */
  readonly established: boolean;
  /** How many of the tracked delivery's NAT translations are still to be undone, last first. */
  toUndo: number;
  translations: NatTranslation[];
  via: Via | undefined;
  /** Present when the walk is for every protocol and port: filters are listed here, and let everything pass. */
  readonly gates: Gate[] | undefined;
}

export const local: Via = { kind: 'local' };
const noTranslations: NatTranslation[] = [];

export function startWalk(packet: Packet, gates?: Gate[]): Walk {
  const v6 = typeof packet.destination.address === 'bigint';
  const protocol = protocolNumber(packet, v6);
  const tracked = packet.replyTo && answers(packet, packet.replyTo) ? packet.replyTo : undefined;
  const icmpMatch = packet.icmp;
  return {
    sent: packet,
    protocol,
    icmpType: icmpMatch ? icmpMatch.type : echoTypes(v6).request,
    icmpCode: icmpMatch ? icmpMatch.code : 0,
    source: packet.source.address,
    sourcePort: packet.source.port,
    destination: packet.destination.address,
    destinationPort: packet.destination.port,
    hops: [],
    tracked,
    established: packet.continues !== undefined && continues(packet, packet.continues.sent),
    toUndo: tracked ? tracked.translations.length : 0,
    translations: noTranslations,
    via: undefined,
    gates,
  };
}

function protocolNumber(packet: Packet, v6: boolean): number {
  switch (packet.protocol) {
    case 'tcp':
      return tcp;
    case 'udp':
      return udp;
    case 'icmp':
      return v6 ? icmpv6 : icmp;
    default:
      return packet.protocol;
  }
}

/** Whether the packet is the delivery's exact reverse, sent from where it arrived: only then is it part of its flow. */
function answers(packet: Packet, delivery: Delivered): boolean {
  return (
    packet.protocol === delivery.sent.protocol &&
    sameEndpoint(packet.source, delivery.destination) &&
    sameEndpoint(packet.destination, delivery.source) &&
    sentFromWhereItArrived(packet, delivery)
  );
}

function continues(packet: Packet, first: Packet): boolean {
  return (
    packet.protocol === first.protocol &&
    sameEndpoint(packet.source, first.source) &&
    sameEndpoint(packet.destination, first.destination)
  );
}

function sentFromWhereItArrived({ enters }: Packet, { to }: Delivered): boolean {
  switch (to.kind) {
    case 'interface':
      return enters.kind === 'interface' && enters.id === to.interfaceId;
    case 'linkLocal':
      return enters.kind === 'linkLocal';
    case 'internet':
      return enters.kind === 'internet';
    case 'service':
      return to.endpointId === undefined
        ? enters.kind === 'internet'
        : enters.kind === 'gatewayEndpoint' && enters.id === to.endpointId;
  }
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

export function addHop(walk: Walk, kind: HopKind, at: Part, part: string, rule: string, why: string): void {
  walk.hops.push({ kind, at: at.name, id: at.id, part, rule, allow: true, why });
}

export function drop(
  walk: Walk,
  end: DroppedEnd,
  kind: HopKind,
  at: Part,
  part: string,
  rule: string,
  why: string,
): Dropped {
  walk.hops.push({ kind, at: at.name, id: at.id, part, rule, allow: false, why });
  return {
    delivered: false,
    end,
    at: at.name,
    rule,
    why,
    hops: walk.hops,
    sent: walk.sent,
    source: { address: walk.source, port: walk.sourcePort },
    destination: { address: walk.destination, port: walk.destinationPort },
  };
}

export function deliver(
  walk: Walk,
  end: DeliveredEnd,
  to: Destination,
  kind: HopKind,
  at: Part,
  why: string,
): Delivered {
  const deciding = walk.hops[walk.hops.length - 1];
  addHop(walk, kind, at, at.name, '', why);
  return {
    delivered: true,
    end,
    to,
    via: walk.via ?? local,
    at: at.name,
    rule: deciding?.rule ?? '',
    why: deciding?.why ?? why,
    hops: walk.hops,
    sent: walk.sent,
    source: { address: walk.source, port: walk.sourcePort },
    destination: { address: walk.destination, port: walk.destinationPort },
    translations: walk.translations,
  };
}

export function deliverTo(walk: Walk, to: NetworkInterface): Delivered {
  if (to.kind === 'endpoint') walk.via ??= { kind: 'interfaceEndpoint', id: to.owner };
  const destination: Destination = { kind: 'interface', interfaceId: to.id, owner: to.owner };
  return deliver(walk, 'delivered', destination, 'interface', to, 'delivered');
}

/** `return port 51234 to 10.0.1.5` for a reply, `tcp port 443 to 10.0.1.5` otherwise: the packet in a denial's words. */
export function refusedText(walk: Walk, egress: boolean): string {
  const peer = formatAddress(egress ? walk.destination : walk.source);
  const way = egress ? 'to' : 'from';
  if (!hasPorts(walk.protocol)) return `${protocolName(walk.protocol)} ${way} ${peer}`;
  if (walk.tracked) return `return port ${walk.destinationPort} ${way} ${peer}`;
  return `${protocolName(walk.protocol)} port ${walk.destinationPort} ${way} ${peer}`;
}

export function addressText(address: Address): string {
  return `IPv${familyOf(address)} address ${formatAddress(address)}`;
}
