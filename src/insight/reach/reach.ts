/**
 * Who can speak with whom, proven for all protocols, ports and addresses at once. The same functions as `send`'s decide,
 * asked about sets instead of packets; `docs/reach.md` says how, and what is not claimed.
 */
import type { Packet } from '../../region/network/verdict.ts';
import type { World } from '../../region/network/world.ts';
import { type Answer, answer, type Question } from './answer.ts';
import { openBooks } from './books.ts';
import { type Decided, decide } from './decide.ts';
import type { Expectation } from './expectation.ts';
import { type Flow, flowsBetween } from './flow.ts';
import { type Held, hold } from './hold.ts';
import { type Obstacle, obstacles } from './obstacle.ts';
import { type Connected, connectedPairs, countPairs, type PairCount } from './pairs.ts';
import { type Place, placeNamed, placeNames } from './place.ts';
import type { InterfaceClass, Outside } from './positions.ts';
import { everyKindOfPassing, someOfEach } from './search.ts';
import { targetsOf } from './target.ts';
import { counterexample, type Witness, witness } from './witness.ts';

export interface Reach {
  readonly world: World;
  /** Interfaces in equal position. */
  readonly classes: readonly InterfaceClass[];
  /** Addresses outside that no rule tells apart. */
  readonly outside: readonly Outside[];
  /** `internet`, `machines`, `s3`, a logical id…; throws a `PlaceError` that names those that there are. */
  place(name: string): Place;
  readonly names: readonly string[];
  /**
   * For each class of one and of the other, and each pair of their addresses, what passes both ways and what does not.
   * A service is where DNS leads from there: at its interface endpoint, or at its public addresses.
   */
  between(from: Place | string, to: Place | string): readonly Flow[];
  /** Of `between` those that pass, with one for each way and set of headers at least: enough to tell of thousands of machines. */
  passing(from: string, to: string): Iterable<Flow>;
  /** Of `between` all, or where there are more than a thousand some of each pair of sites: enough to tell what stops them. */
  some(from: string, to: string): readonly Flow[];
  /** What becomes of one packet, from the sets: ending, place and rule as `roundTrip` gives them. */
  decide(packet: Packet): Decided;
  /** A packet that passes, verified by `roundTrip`; undefined where none does. */
  witness(flow: Flow, question: Question): Witness | undefined;
  /** A packet that is lost, or whose reply is; undefined where none is. */
  counterexample(flow: Flow, question: Question): Witness | undefined;
  /** Whether a flow passes on a port: always, from some client ports only, or never. */
  answer(flow: Flow, question: Question): Answer;
  /** What loses packets between two places on a port, one for each flow; the nearest to success first. */
  why(from: Place | string, to: Place | string, question: Question): readonly Obstacle[];
  /** The same of some flows. */
  obstacles(flows: readonly Flow[], question: Question): readonly Obstacle[];
  /** Throws a `PlaceError` for a name that is nobody's, an `ExpectationError` for an expectation that asks nothing. */
  hold(expectations: readonly Expectation[]): readonly Held[];
  /** Everything that is allowed, grouped by class. */
  connected(): Iterable<Connected>;
  /** Decides all pairs. */
  count(): PairCount;
  /** How much was worked out until now. */
  size(): { readonly sites: number; readonly ways: number; readonly sets: number };
}

export function reachability(world: World): Reach {
  const books = openBooks(world);
  const { positions, sets, ways } = books;
  const place = (name: string) => placeNamed(world, positions, name);
  const resolved = (of: Place | string) => (typeof of === 'string' ? place(of) : of);
  const between = (from: Place | string, to: Place | string) => {
    const target = resolved(to);
    return resolved(from).ends.flatMap((one) =>
      targetsOf(books, one, target).flatMap((other) => flowsBetween(books, one, other)),
    );
  };
  return {
    world,
    classes: positions.classes,
    outside: positions.outside,
    place,
    get names() {
      return placeNames(world);
    },
    between,
    decide: (packet) => decide(books, packet),
    witness: (flow, question) => witness(books, flow, question),
    counterexample: (flow, question) => counterexample(books, flow, question),
    answer,
    passing: (from, to) => everyKindOfPassing(books, place(from), place(to)),
    some: (from, to) => someOfEach(books, place(from), place(to)),
    obstacles: (flows, question) => obstacles(books, flows, question),
    why: (from, to, question) => obstacles(books, between(from, to), question),
    hold: (expectations) => expectations.map((one) => hold(books, one)),
    connected: () => connectedPairs(books),
    count: () => countPairs(books),
    size: () => ({ sites: positions.sites.length, ways: ways.size, sets: sets.size }),
  };
}
