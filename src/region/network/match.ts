/**
 * Protocol and port matching, the same for ACL entries and security group rules. All that they look at lies on one line
 * of numbers, `protocol × 65536 + detail`, on which every rule is one span: so that it takes a packet, or a part of a set.
 */
import type { IcmpMatch, PortRange, ProtocolNumber } from './world.ts';

export interface Match {
  readonly protocol: ProtocolNumber;
  readonly ports?: PortRange | undefined;
  readonly icmp?: IcmpMatch | undefined;
}

/** What of a packet rules look at. The port is always the destination's, in both directions and for replies too. */
export interface Matched {
  readonly protocol: ProtocolNumber;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

/** Where a packet is on the line. The detail is a port, an ICMP type × 256 + its code, and 0 for other protocols. */
export type Header = number;

/** Headers from one to another, both included; none when the second is lower. */
export interface Span {
  readonly from: Header;
  readonly to: Header;
}

export const tcp = 6;
export const udp = 17;
export const icmp = 1;
export const icmpv6 = 58;

/** ICMP types of an echo request and of what answers it; every other type is answered in kind. */
export function echoTypes(v6: boolean): { readonly request: number; readonly reply: number } {
  return v6 ? echoV6 : echoV4;
}
const echoV4 = { request: 8, reply: 0 };
const echoV6 = { request: 128, reply: 129 };

export const detailCount = 65536;
export const everyHeader: Span = { from: 0, to: 256 * detailCount - 1 };

export function hasPorts(protocol: ProtocolNumber): boolean {
  return protocol === tcp || protocol === udp;
}

export function headerOf({ protocol, destinationPort, icmpType, icmpCode }: Matched): Header {
  const first = protocol * detailCount;
  if (protocol === tcp || protocol === udp) return first + destinationPort;
  return protocol === icmp || protocol === icmpv6 ? first + icmpType * 256 + icmpCode : first;
}

/** A rule for every protocol (−1) is for every port too, whatever its port range says, as EC2's documentation states. */
export function spanOf({ protocol, ports, icmp: type }: Match): Span {
  if (protocol === -1) return everyHeader;
  const first = protocol * detailCount;
  const every = { from: first, to: first + detailCount - 1 };
  if (hasPorts(protocol)) {
    return ports ? { from: first + Math.max(ports.from, 0), to: Math.min(first + ports.to, every.to) } : every;
  }
  if ((protocol !== icmp && protocol !== icmpv6) || !type || type.type === -1) return every;
  const from = first + type.type * 256;
  return type.code === -1 ? { from, to: from + 255 } : { from: from + type.code, to: from + type.code };
}

export function spanHas({ from, to }: Span, header: Header): boolean {
  return from <= header && header <= to;
}

const protocolNames = new Map([
  [-1, 'all traffic'],
  [tcp, 'tcp'],
  [udp, 'udp'],
  [icmp, 'icmp'],
  [icmpv6, 'icmpv6'],
]);

export function protocolName(protocol: ProtocolNumber): string {
  return protocolNames.get(protocol) ?? `protocol ${protocol}`;
}

/** `tcp 443`, `tcp 1024-65535`, `icmp type 8`, `all traffic` */
export function describeMatch(match: Match): string {
  const name = protocolName(match.protocol);
  if (match.protocol === tcp || match.protocol === udp) {
    if (!match.ports || (match.ports.from === 0 && match.ports.to === 65535)) return `${name} on every port`;
    return `${name} ${match.ports.from === match.ports.to ? match.ports.from : `${match.ports.from}-${match.ports.to}`}`;
  }
  if (match.icmp && match.icmp.type !== -1) return `${name} type ${match.icmp.type}`;
  return name;
}
