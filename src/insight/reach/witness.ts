/** A packet of a flow, taken out of its sets, and its journey hop by hop as `send` sees it. */

import { detailCount } from '../../region/network/match.ts';
import { roundTrip } from '../../region/network/send.ts';
import type { Packet, RoundTrip } from '../../region/network/verdict.ts';
import type { PortRange } from '../../region/network/world.ts';
import { answer, headerAsked, type Question, usualPorts } from './answer.ts';
import type { Books } from './books.ts';
import { decide } from './decide.ts';
import type { Flow } from './flow.ts';
import { hasHeader } from './header-set.ts';

export interface Witness {
  readonly packet: Packet;
  /** By `send`, which agrees with the proof. */
  readonly trip: RoundTrip;
}

/**
 * A packet that passes both ways, if there is any: from one of the client's usual ports where these get replies. Throws
 * when `send` does not agree, which would be a mistake of this proof.
 */
export function witness(books: Books, flow: Flow, question: Question): Witness | undefined {
  const header = headerAsked(flow, question);
  if (!hasHeader(flow.allowed, header)) return undefined;
  const open = flow.clientPorts(Math.floor(header / detailCount));
  const usual = usualPorts(flow);
  return find(
    books,
    flow,
    question,
    true,
    [{ from: likelyPort, to: likelyPort }, usual, ...open].flatMap(within(open)),
  );
}

/** A packet from a usual port that is lost: on its way, or its reply. */
export function counterexample(books: Books, flow: Flow, question: Question): Witness | undefined {
  const { passes, lostPorts } = answer(flow, question);
  if (passes === 'always') return undefined;
  const any = { from: likelyPort, to: likelyPort };
  return find(books, flow, question, false, [any, ...lostPorts, usualPorts(flow)]);
}

/** Of Linux's and of everybody else's. */
const likelyPort = 40_000;

/** Behind NAT several are tried, as each gives another port of the gateway's. */
function find(
  books: Books,
  flow: Flow,
  question: Question,
  delivered: boolean,
  ports: readonly PortRange[],
): Witness | undefined {
  for (const { from, to } of ports) {
    for (let port = from; port <= to; port++) {
      const packet = packetFrom(flow, question, port);
      if (decide(books, packet).delivered === delivered) return verified(books, packet, delivered);
    }
  }
  return undefined;
}

function verified(books: Books, packet: Packet, delivered: boolean): Witness {
  const trip = roundTrip(books.world, packet);
  if (trip.delivered !== delivered) {
    const text = JSON.stringify(packet, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
    throw new Error(`reach and send disagree: ${text} ends in ${trip.end}`);
  }
  return { packet, trip };
}

function within(open: readonly PortRange[]): (range: PortRange) => PortRange[] {
  return ({ from, to }) =>
    open.flatMap((range) =>
      range.to < from || range.from > to ? [] : [{ from: Math.max(from, range.from), to: Math.min(to, range.to) }],
    );
}

function packetFrom({ from, source, destination }: Flow, question: Question, sourcePort: number): Packet {
  const { protocol, port, icmp } = question;
  const sender = from.kind === 'interfaces' ? from.members.find(({ private: own }) => own.includes(source)) : undefined;
  return {
    protocol,
    source: { address: source, port: protocol === 'tcp' || protocol === 'udp' ? sourcePort : 0 },
    destination: { address: destination, port },
    icmp,
    enters: sender ? { kind: 'interface', id: sender.id } : { kind: 'internet' },
  };
}
