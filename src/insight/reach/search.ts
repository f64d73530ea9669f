/**
 * Of thousands of ends, the flows that an expectation is about: those that pass, and those that do not though they should.
 * Pairs of sites are looked up in whole; flows are made of the few pairs that are to be told of.
 */
import type { Via } from '../../region/network/verdict.ts';
import { answer, headerAsked, type Question } from './answer.ts';
import type { Books } from './books.ts';
import { type End, type Flow, flowsBetween } from './flow.ts';
import { hasHeader } from './header-set.ts';
import type { Place } from './place.ts';
import { alone, type Pair, pairsBetween, type Side, sidesOf } from './sides.ts';
import { targetsOf } from './target.ts';

interface Asked {
  readonly books: Books;
  /** Absent: about all protocols and ports. */
  readonly question: Question | undefined;
}

/** What is allowed of what is asked about; whether there is a client's port whose replies get back is for its witness. */
export function* passingFlows(
  asked: Asked,
  from: readonly End[],
  to: readonly End[],
  by: (via: Via) => boolean = () => true,
): Iterable<Flow> {
  const { books } = asked;
  const targets = sidesOf(to);
  for (const one of sidesOf(from)) {
    for (const other of targets) {
      for (const pair of pairsBetween(books, one, other)) {
        const { verdict } = pair.ways.forward;
        if (!verdict.delivered || !by(verdict.via)) continue;
        for (const [sender, receiver] of allowedPairs(asked, pair)) {
          yield* flowsBetween(books, sender, receiver).filter(({ via }) => via && by(via));
        }
      }
    }
  }
}

function* allowedPairs({ books, question }: Asked, pair: Pair): Iterable<[End, End]> {
  const { ways } = pair;
  const header = question && headerAsked(ways.walked, question);
  const has = byId((id) => header === undefined || hasHeader(books.sets.get(id), header));
  // Groups only take away from what ACLs and routes let pass.
  const ids = has(books.passage(ways).open.id) ? books.groups.allowedOn(pair) : undefined;
  for (let k = 0; k < (ids?.length ?? 0); k++) {
    const id = ids?.[k] ?? 0;
    if (id === 0 || !has(id)) continue;
    const [one, other] = endsAt(pair, k);
    if (one && other && !alone(one, other)) yield [one, other];
  }
}

/** What passes at all, with one flow for each way and set of headers at least, and seldom more. */
export function* everyKindOfPassing(books: Books, from: Place, to: Place): Iterable<Flow> {
  for (const { one, other } of sidePairs(books, from, to)) {
    for (const pair of pairsBetween(books, one, other)) {
      const ids = books.groups.allowedOn(pair) ?? new Int32Array();
      const known = new Set<number>([0]);
      for (let k = 0; k < ids.length; k++) {
        const id = ids[k] ?? 0;
        const [sender, receiver] = endsAt(pair, k);
        if (known.has(id) || !sender || !receiver || alone(sender, receiver)) continue;
        known.add(id);
        yield* flowsBetween(books, sender, receiver).filter(({ allowed }) => allowed.id !== 0);
      }
    }
  }
}

/** More flows than these are not looked at for what stops them: of each pair of sites only the first of its classes then. */
const mostLookedAt = 1_000;

/** All flows between two places, or some of each two sites where there are very many. */
export function someOfEach(books: Books, from: Place, to: Place): Flow[] {
  const pairs = [...sidePairs(books, from, to)];
  const all = pairs.reduce((sum, { one, other }) => sum + one.ends.length * other.ends.length, 0);
  const first = (ends: readonly End[]) => (all > mostLookedAt ? ends.slice(0, 1) : ends);
  return pairs
    .slice(0, mostLookedAt)
    .flatMap(({ one, other }) =>
      first(one.ends).flatMap((sender) =>
        first(other.ends).flatMap((receiver) => flowsBetween(books, sender, receiver)),
      ),
    );
}

function* sidePairs(books: Books, from: Place, to: Place): Iterable<{ readonly one: Side; readonly other: Side }> {
  for (const ends of byVpc(from.ends)) {
    const receivers = sidesOf(targetsOf(books, ends[0], to));
    for (const one of sidesOf(ends)) for (const other of receivers) yield { one, other };
  }
}

function endsAt({ from, to }: Pair, k: number): [End | undefined, End | undefined] {
  return [from.ends[Math.floor(k / to.ends.length)], to.ends[k % to.ends.length]];
}

export interface Reached {
  /** Of the first pair that is not connected as it should be. */
  readonly unmet: readonly Flow[] | undefined;
  /** The first that passes, from whichever port. */
  readonly first: Flow | undefined;
}

/**
 * Whether each class of one reaches each of the other, by one of their addresses. All that is outside is one party: all of it
 * must be reached, by IPv4 or by IPv6.
 */
export function reached(asked: Asked, from: readonly End[], targets: (one: End) => readonly End[]): Reached {
  let first: Flow | undefined;
  for (const ends of byVpc(from)) {
    const receivers = partiesOf(targets(ends[0]));
    for (const sender of partiesOf(ends)) {
      for (const receiver of receivers) {
        const unit = unitOf(asked, sender, receiver);
        const unmet = unit.find((pair) => !pair.met);
        if (unmet) return { unmet: flowsOf(asked, sender, receiver, unmet), first };
        const [met] = unit;
        first ??= met && flowsOf(asked, sender, receiver, met).find((flow) => passesAlways(asked, flow));
      }
    }
  }
  return { unmet: undefined, first };
}

/** From different VPCs a service's name leads to different addresses. */
export function byVpc(ends: readonly End[]): [End, ...End[]][] {
  const groups = new Map<string, [End, ...End[]]>();
  for (const end of ends) {
    const vpcId = end.kind === 'interfaces' ? (end.members[0]?.subnet.vpcId ?? '') : '';
    const known = groups.get(vpcId);
    if (known) known.push(end);
    else groups.set(vpcId, [end]);
  }
  return [...groups.values()];
}

/** Alternatives, of each of which all are needed: one site, or what is outside by IPv4 or by IPv6. */
type Party = readonly (readonly Side[])[];

function partiesOf(ends: readonly End[]): Party[] {
  const families = new Map<string, Side[]>();
  const parties: Party[] = [];
  for (const side of sidesOf(ends)) {
    const [end] = side.ends;
    if (end?.kind !== 'outside') parties.push([[side]]);
    else families.set(typeof end.address, [...(families.get(typeof end.address) ?? []), side]);
  }
  return families.size > 0 ? [...parties, [...families.values()]] : parties;
}

/** Places of two classes within their sites; 0 for what is outside. */
interface ClassPair {
  readonly i: number;
  readonly j: number;
  readonly met: boolean;
}

/** One that is met and one that is not, if there are any. */
function unitOf(asked: Asked, sender: Party, receiver: Party): ClassPair[] {
  const height = sender[0]?.[0]?.ends.length ?? 0;
  const width = receiver[0]?.[0]?.ends.length ?? 0;
  const met = new Uint8Array(height * width);
  for (const all of sender) {
    for (const others of receiver) {
      const every = new Uint8Array(height * width).fill(1);
      for (const one of all) {
        for (const other of others) {
          const its = reachedOn(asked, one, other);
          for (let k = 0; k < every.length; k++) every[k] = (every[k] ?? 0) & (its[k] ?? 0);
        }
      }
      for (let k = 0; k < met.length; k++) met[k] = (met[k] ?? 0) | (every[k] ?? 0);
    }
  }
  return [1, 0].flatMap((wanted): ClassPair[] => {
    const k = met.findIndex((one, at) => {
      return one === wanted && !alone(endAt(sender, Math.floor(at / width)), endAt(receiver, at % width));
    });
    return k < 0 ? [] : [{ i: Math.floor(k / width), j: k % width, met: wanted === 1 }];
  });
}

function endAt(party: Party, n: number): End | undefined {
  return party[0]?.[0]?.ends[n];
}

/** For each class of one side and, within, of the other: 1 where requests pass, and replies to all usual ports get back. */
function reachedOn(asked: Asked, from: Side, to: Side): Uint8Array {
  const { books } = asked;
  const met = new Uint8Array(from.ends.length * to.ends.length);
  const [first] = from.ends;
  if (!first) return met;
  for (const pair of pairsBetween(books, from, to)) {
    const { open, clientPorts, natPorts } = books.passage(pair.ways);
    const { destination } = pair.ways.walked;
    const passes = byId((id) =>
      passesAlways(asked, { from: first, destination, allowed: books.sets.get(id), clientPorts, natPorts }),
    );
    const ids = passes(open.id) ? books.groups.allowedOn(pair) : undefined;
    if (!ids) continue;
    for (let k = 0; k < met.length; k++) {
      const id = ids[k] ?? 0;
      if (id !== 0 && met[k] === 0 && passes(id)) met[k] = 1;
    }
  }
  return met;
}

function passesAlways({ question }: Asked, flow: Parameters<typeof answer>[0]): boolean {
  return question ? answer(flow, question).passes === 'always' : flow.allowed.id !== 0;
}

/** All flows between two classes; of what is outside, of all of its ranges. */
function flowsOf({ books }: Asked, sender: Party, receiver: Party, { i, j }: ClassPair): Flow[] {
  const endsOf = (party: Party, n: number) =>
    party.flatMap((sides) => sides.flatMap(({ ends, site }) => ends[site ? n : 0] ?? []));
  return endsOf(sender, i).flatMap((one) => endsOf(receiver, j).flatMap((other) => flowsBetween(books, one, other)));
}

function byId(of: (id: number) => boolean): (id: number) => boolean {
  const known = new Map<number, boolean>();
  return (id) => {
    let answered = known.get(id);
    if (answered === undefined) {
      answered = of(id);
      known.set(id, answered);
    }
    return answered;
  };
}
