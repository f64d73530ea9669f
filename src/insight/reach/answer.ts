/** Of a flow, one port: does a request arrive, and does its reply get back, from each port that the client may choose? */
import { detailCount, type Header, hasPorts, headerOf, icmp, icmpv6, tcp, udp } from '../../region/network/match.ts';
import { natPorts } from '../../region/network/nat.ts';
import type { Protocol } from '../../region/network/verdict.ts';
import { startWalk } from '../../region/network/walk.ts';
import type { IcmpMatch, PortRange } from '../../region/network/world.ts';
import type { Flow } from './flow.ts';
import { hasHeader } from './header-set.ts';

export interface Question {
  /** `icmp` is the family's own. */
  readonly protocol: Protocol;
  /** Of the destination; 0 where the protocol has none. */
  readonly port: number;
  /** An echo request when absent. */
  readonly icmp?: IcmpMatch | undefined;
}

/** `always`: whichever port the client and its NAT gateways choose. `sometimes`: only some replies get back. */
export type Passes = 'always' | 'sometimes' | 'never';

export interface Answer {
  readonly passes: Passes;
  /** Of the client's usual ports, those from which it gets no reply. */
  readonly lostPorts: readonly PortRange[];
  /** Ports of NAT gateways on which replies are lost. */
  readonly lostNatPorts: readonly PortRange[];
}

/**
 * Linux chooses of 32768–60999; balancers, other systems and Lambda of 1024–65535:
 * https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports
 */
export function usualPorts({ from }: Pick<Flow, 'from'>): PortRange {
  const machine = from.kind === 'interfaces' && from.members[0]?.kind === 'instance';
  return machine ? { from: 32768, to: 60999 } : { from: 1024, to: 65535 };
}

/** Of a flow, what its answer depends on: the same for all pairs of two sites between which the same is allowed. */
export type Answerable = Pick<Flow, 'from' | 'destination' | 'allowed' | 'clientPorts' | 'natPorts'>;

export function answer(flow: Answerable, question: Question): Answer {
  const header = headerAsked(flow, question);
  const protocol = Math.floor(header / detailCount);
  if (!hasHeader(flow.allowed, header)) return { passes: 'never', lostPorts: [], lostNatPorts: [] };
  if (!hasPorts(protocol)) return { passes: 'always', lostPorts: [], lostNatPorts: [] };
  const usual = usualPorts(flow);
  const lostPorts = missing(usual, flow.clientPorts(protocol));
  const lostNatPorts = missing(natPorts, flow.natPorts(protocol) ?? [natPorts]);
  const lost = lostPorts.length + lostNatPorts.length;
  const none = lostPorts[0]?.from === usual.from && lostPorts[0].to === usual.to;
  return { passes: none ? 'never' : lost === 0 ? 'always' : 'sometimes', lostPorts, lostNatPorts };
}

export function headerAsked(
  { destination }: Pick<Flow, 'destination'>,
  { protocol, port, icmp: type }: Question,
): Header {
  const address = { address: destination, port };
  return headerOf(
    startWalk({ protocol, icmp: type, source: address, destination: address, enters: { kind: 'internet' } }),
  );
}

/** The question that a header of the line is the answer to. */
export function questionOf(header: Header): Question {
  const protocol = Math.floor(header / detailCount);
  const detail = header % detailCount;
  if (protocol === tcp) return { protocol: 'tcp', port: detail };
  if (protocol === udp) return { protocol: 'udp', port: detail };
  if (protocol !== icmp && protocol !== icmpv6) return { protocol, port: 0 };
  return { protocol, port: 0, icmp: { type: Math.floor(detail / 256), code: detail % 256 } };
}

/** What of a range none of these ranges, ascending, covers. */
function missing({ from, to }: PortRange, covered: readonly PortRange[]): PortRange[] {
  const left: PortRange[] = [];
  let next = from;
  for (const range of covered) {
    if (range.to < next || range.from > to) continue;
    if (range.from > next) left.push({ from: next, to: range.from - 1 });
    next = range.to + 1;
  }
  if (next <= to) left.push({ from: next, to });
  return left;
}
