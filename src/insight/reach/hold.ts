/** Expectations held against a proof: each broken one with the packet that shows it, and what would mend it. */
import { packetText, viaText } from '../../region/network/describe.ts';
import type { Via } from '../../region/network/verdict.ts';
import { type Question, questionOf } from './answer.ts';
import type { Books } from './books.ts';
import { type Expectation, ExpectationError, expectationText, onlyBy } from './expectation.ts';
import type { Flow } from './flow.ts';
import { type Obstacle, obstacles } from './obstacle.ts';
import { type Place, placeNamed } from './place.ts';
import { byVpc, passingFlows, reached } from './search.ts';
import { everyTarget, targetsOf } from './target.ts';
import { type Witness, witness } from './witness.ts';

export interface Held {
  readonly expectation: Expectation;
  readonly holds: boolean;
  /** One of the places exists and has nothing in it, so that nothing is shown. */
  readonly empty: boolean;
  /** What is so: one sentence, with the rule where it is broken. */
  readonly text: string;
  readonly fix: string | undefined;
  /** A packet that passes: as it should, or the one that should not. */
  readonly witness: Witness | undefined;
  /** What stops a packet that should pass. */
  readonly obstacle: Obstacle | undefined;
}

interface Asked {
  readonly books: Books;
  readonly expectation: Expectation;
  /** Absent: about everything. */
  readonly question: Question | undefined;
  readonly from: Place;
  readonly to: Place;
}

/** Throws a `PlaceError` for a name that is nobody's, an `ExpectationError` for one that asks nothing. */
export function hold(books: Books, expectation: Expectation): Held {
  const { port, protocol = 'tcp', allowed, only } = expectation;
  const name = expectationText(expectation);
  if (allowed === undefined && !only) throw new ExpectationError(`${name}: say always, never or only by what`);
  const question = port === undefined && protocol !== 'icmp' ? undefined : { protocol, port: port ?? 0 };
  if (allowed && !question) throw new ExpectationError(`${name}: a port is needed`);
  const from = placeNamed(books.world, books.positions, expectation.from);
  const to = placeNamed(books.world, books.positions, expectation.to);
  const asked: Asked = { books, expectation, question, from, to };
  if (from.ends.length === 0 || everyTarget(books, to).length === 0) {
    return held(asked, { holds: true, empty: true, text: 'there is nobody to ask about' });
  }
  if (only) return holdOnly(asked, onlyBy[only]);
  return allowed ? holdAlways(asked) : holdNever(asked);
}

function held(asked: Asked, found: Partial<Held> & Pick<Held, 'holds' | 'text'>): Held {
  const { expectation } = asked;
  const text = `${expectationText(expectation)}: ${found.text}`;
  return { expectation, empty: false, fix: undefined, witness: undefined, obstacle: undefined, ...found, text };
}

function holdNever(asked: Asked): Held {
  const { books, question, from, to } = asked;
  for (const flow of passingFlows({ books, question }, from.ends, everyTarget(books, to))) {
    const passes = passing(asked, flow);
    if (passes) return held(asked, { holds: false, ...shown(asked, passes) });
  }
  return held(asked, { holds: true, text: 'nothing passes' });
}

/** A packet of what is asked about that passes, from whichever port. */
function passing({ books, question }: Asked, flow: Flow): Witness | undefined {
  if (question) return witness(books, flow, question);
  const [first] = flow.allowed.spans;
  return first && witness(books, flow, questionOf(first.from));
}

function shown({ books }: Asked, { packet, trip }: Witness): Pick<Held, 'text' | 'fix' | 'witness'> {
  const { hops } = trip.forward;
  // The last group that let it in; what has none is open by its ACL.
  const by = hops.findLast(({ kind }) => kind === 'group') ?? hops.findLast(({ kind }) => kind === 'acl');
  return {
    text: `${packetText(packet)} passes by ${trip.via ? viaText(books.world, trip.via) : 'itself'}${by ? `; ${by.rule} ${by.why}` : ''}`,
    fix: by && `remove ${by.rule}, or narrow it`,
    witness: { packet, trip },
  };
}

function holdAlways(asked: Asked): Held {
  const { books, question, from, to } = asked;
  const { unmet, first } = reached({ books, question }, from.ends, (one) => targetsOf(books, one, to));
  if (unmet) return missed(asked, unmet);
  const seen = first && passing(asked, first);
  return held(asked, { holds: true, text: seen ? `${packetText(seen.packet)} passes` : 'all pass', witness: seen });
}

function missed(asked: Asked, flows: readonly Flow[]): Held {
  const { books, question = { protocol: 'tcp', port: 443 } } = asked;
  const [nearest] = obstacles(books, flows, question);
  if (!nearest) return held(asked, { holds: false, text: 'no address of one leads to the other' });
  const { lost, text, fix } = nearest;
  return held(asked, { holds: false, text: `${packetText(lost.packet)}: ${text}`, fix, obstacle: nearest });
}

/** It is reached by one way, and nothing reaches it by another where its name leads. */
function holdOnly(asked: Asked, via: Via['kind']): Held {
  const { books, question, from, to } = asked;
  const otherWay = (other: Via) => other.kind !== via;
  for (const one of byVpc(from.ends)) {
    const targets = targetsOf(books, one[0], to);
    for (const flow of passingFlows({ books, question }, one, targets, otherWay)) {
      const passes = passing(asked, flow);
      if (!passes) continue;
      const route = passes.trip.forward.hops.find(({ kind }) => kind === 'route');
      const fix =
        via === 'gatewayEndpoint' && route ? `add ${route.part} to a gateway endpoint of the service` : undefined;
      return held(asked, { holds: false, ...shown(asked, passes), fix });
    }
  }
  return holdAlways(asked);
}
