/** What becomes of one packet, read from the sets: the same ending, place and rule as `roundTrip` gives. */

import type { Gate, Way } from '../../region/network/gate.ts';
import type { Header } from '../../region/network/match.ts';
import type { End, Packet, RoundTrip } from '../../region/network/verdict.ts';
import type { Books } from './books.ts';
import { partOf } from './decisions.ts';
import { gateFor, headersOf, type Parties, placeFor, type Ways } from './ways.ts';

export interface Decided {
  readonly delivered: boolean;
  /** The way that failed. */
  readonly direction: RoundTrip['direction'];
  /** The failing way's ending, or the request's when both were delivered; place and rule likewise. */
  readonly end: End;
  readonly at: string;
  readonly rule: string;
}

/** For a packet that begins a connection, not one with `replyTo` or `continues`. */
export function decide(books: Books, packet: Packet): Decided {
  const parties = books.ways.partiesOf(packet);
  const ways = books.ways.of(packet.enters, parties);
  const headers = headersOf(packet, ways.nats);
  const forward = decideWay(books, ways, parties, ways.forward, () => headers.forward);
  if (!forward.delivered || !ways.reply) return { ...forward, direction: 'forward' };
  const reply = decideWay(books, ways, parties, ways.reply, ({ toUndo }) => headers.reply(toUndo));
  return reply.delivered ? { ...forward, direction: undefined } : { ...reply, direction: 'reply' };
}

function decideWay(
  { world, decisions }: Books,
  ways: Ways,
  parties: Parties,
  way: Way,
  headerAt: (gate: Gate) => Header,
): Omit<Decided, 'direction'> {
  const { verdict } = way;
  let { rule } = verdict;
  for (const gate of way.gates) {
    const actual = gateFor(ways, parties, gate);
    const part = partOf(decisions.of(actual), headerAt(gate));
    if (part.end) return { delivered: false, end: part.end, at: nameOfGate(actual), rule: part.rule };
    // The rule that a delivery names is that of the hop before it, which may be this gate's.
    if (gate.hop === verdict.hops.length - 2 && passed(way)) rule = part.rule;
  }
  return { delivered: verdict.delivered, end: verdict.end, at: placeFor(world, ways, parties, way), rule };
}

/** Whether what the gates let pass arrives somewhere, if not always where it should. */
function passed({ verdict }: Way): boolean {
  return verdict.delivered || verdict.end === 'replyMisrouted';
}

/** Where a gate stands, as a verdict of it names the place. */
export function nameOfGate(gate: Gate): string {
  switch (gate.kind) {
    case 'acl':
      return gate.subnet.name;
    case 'group':
      return gate.at.name;
    case 'nat':
      return gate.nat.name;
  }
}
