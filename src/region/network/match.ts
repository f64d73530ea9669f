/** Protocol and port matching, the same for ACL entries and security group rules. */
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

export const tcp = 6;
export const udp = 17;
export const icmp = 1;
export const icmpv6 = 58;

/** A rule for every protocol (−1) is for every port too, whatever its port range says, as EC2's documentation states. */
export function matches(rule: Match, packet: Matched): boolean {
  if (rule.protocol === -1) return true;
  const { protocol } = packet;
  if (rule.protocol !== protocol) return false;
  if (protocol === tcp || protocol === udp) {
    const { ports } = rule;
    return !ports || (packet.destinationPort >= ports.from && packet.destinationPort <= ports.to);
  }
  if (protocol === icmp || protocol === icmpv6) {
    const match = rule.icmp;
    if (!match || match.type === -1) return true;
    return match.type === packet.icmpType && (match.code === -1 || match.code === packet.icmpCode);
  }
  return true;
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
