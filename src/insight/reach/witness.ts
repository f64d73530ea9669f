/** A packet of a flow, taken out of its sets, and its journey hop by hop as `send` sees it. */

import { roundTrip } from '../../region/network/send.ts';
import type { Packet, RoundTrip } from '../../region/network/verdict.ts';
import { type Answer, answer, type Question, usualPorts } from './answer.ts';
import type { Books } from './books.ts';
import { decide } from './decide.ts';
import type { Flow } from './flow.ts';

export interface Witness {
  readonly packet: Packet;
  /** By `send`, which agrees with the proof. */
  readonly trip: RoundTrip;
}

/**
 * A packet that passes both ways, where the flow lets one pass on that port; undefined where not. Throws when `send` does
 * not agree, which would be a mistake of this proof.
 */
export function witness(books: Books, flow: Flow, question: Question): Witness | undefined {
  return answer(flow, question).passes === 'never' ? undefined : find(books, flow, question, true);
}

/** A packet that is lost: on its way, or its reply, with the client's port where it depends on that. */
export function counterexample(books: Books, flow: Flow, question: Question): Witness | undefined {
  return answer(flow, question).passes === 'always' ? undefined : find(books, flow, question, false);
}

function find(books: Books, flow: Flow, question: Question, delivered: boolean): Witness | undefined {
  for (const port of portsToTry(flow, answer(flow, question), delivered)) {
    const packet = packetFrom(flow, question, port);
    if (decide(books, packet).delivered !== delivered) continue;
    const trip = roundTrip(books.world, packet);
    if (trip.delivered !== delivered) {
      throw new Error(
        `reach and send disagree: ${JSON.stringify(packet, (_, value) => `${value}`)} ends in ${trip.end}`,
      );
    }
    return { packet, trip };
  }
  return undefined;
}

/** Ports that decide it; behind NAT several, as each gives another port of the gateway's. */
function* portsToTry(flow: Flow, { lostPorts }: Answer, delivered: boolean): Iterable<number> {
  const usual = usualPorts(flow);
  yield 40_000;
  if (!delivered) for (const { from } of lostPorts) yield from;
  for (let port = usual.from; port <= usual.to; port++) yield port;
}

function packetFrom({ from, source, destination }: Flow, { protocol, port }: Question, sourcePort: number): Packet {
  const ported = protocol !== 'icmp';
  const sender = from.kind === 'interfaces' ? from.members.find(({ private: own }) => own.includes(source)) : undefined;
  return {
    protocol,
    source: { address: source, port: ported ? sourcePort : 0 },
    destination: { address: destination, port: ported ? port : 0 },
    enters: sender ? { kind: 'interface', id: sender.id } : { kind: 'internet' },
  };
}
