/** What stops the packets between two addresses, filter by filter, with the part that each refuses. */
import type { Way } from '../../region/network/gate.ts';
import type { DroppedEnd } from '../../region/network/verdict.ts';
import type { Books } from './books.ts';
import { nameOfGate } from './decide.ts';
import type { HeaderSet } from './header-set.ts';
import { natPortsOnly, repliesTo } from './passage.ts';
import { gateFor, type Parties, placeFor, type Ways } from './ways.ts';

export interface Refusal {
  readonly direction: 'forward' | 'reply';
  readonly end: DroppedEnd;
  /** The name of the interface, subnet or gateway where they are refused. */
  readonly at: string;
  readonly rule: string;
  /** What is refused there of all that gets there; of replies their own headers, whose port is the client's. */
  readonly headers: HeaderSet;
  /** The port of these replies is the one that a NAT gateway chose. */
  readonly natPort: boolean;
}

export function refusalsOn(books: Books, ways: Ways, parties: Parties): readonly Refusal[] {
  const { sets } = books;
  const refused: Refusal[] = [];
  const { forward, reply } = ways;
  const arriving = follow(books, ways, parties, forward, 'forward', [sets.all], refused);
  if (reply && arriving.id !== 0) {
    const replies = repliesTo(sets, arriving, typeof parties.destination === 'bigint');
    const byNat = sets.and(replies, natPortsOnly(sets));
    follow(books, ways, parties, reply, 'reply', [replies, ...ways.nats.map(() => byNat)], refused);
  }
  return refused;
}

/** Takes the headers along a way, by the NAT gateways that are still to undo, and gives what is left of the client's. */
function follow(
  { world, sets, decisions }: Books,
  ways: Ways,
  parties: Parties,
  way: Way,
  direction: Refusal['direction'],
  underWay: HeaderSet[],
  refused: Refusal[],
): HeaderSet {
  for (const gate of way.gates) {
    const actual = gateFor(ways, parties, gate);
    const decision = decisions.of(actual);
    const slot = direction === 'reply' ? gate.toUndo : 0;
    const here = underWay[slot] ?? sets.none;
    for (const { headers, rule, end } of decision.parts) {
      const stopped = end ? sets.and(here, headers) : sets.none;
      if (!end || stopped.id === 0) continue;
      refused.push({ direction, end, at: nameOfGate(actual), rule, headers: stopped, natPort: slot > 0 });
    }
    underWay[slot] = sets.and(here, decision.allowed);
  }
  const left = underWay[0] ?? sets.none;
  const { verdict } = way;
  if (verdict.delivered || left.id === 0) return left;
  const at = placeFor(world, ways, parties, way);
  refused.push({ direction, end: verdict.end, at, rule: verdict.rule, headers: left, natPort: false });
  return sets.none;
}
