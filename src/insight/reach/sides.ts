/**
 * Pairs of sites instead of pairs of classes: the way between two sites is one, and what groups add to it is looked up for
 * all of their classes at once. What is asked of thousands of machines is asked of a few hundred of these.
 */
import type { Address } from '../../region/network/address.ts';
import type { NetworkInterface } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import { type End, leadsTo } from './flow.ts';
import type { Site } from './positions.ts';
import type { Ways } from './ways.ts';

/** Classes of one site as one side of a pair, or a range outside. */
export interface Side {
  readonly ends: readonly End[];
  /** How many interfaces each has. */
  readonly sizes: readonly number[];
  readonly site: Site | undefined;
  /** The interfaces that stand for their classes; none outside. */
  readonly firsts: readonly NetworkInterface[];
}

export interface Pair {
  readonly from: Side;
  readonly to: Side;
  readonly ways: Ways;
}

/** Ends of one site together, in the order in which the sites come; each range outside by itself. */
export function sidesOf(ends: readonly End[]): Side[] {
  const bySite = new Map<Site, (End & { kind: 'interfaces' })[]>();
  const outside: Side[] = [];
  for (const end of ends) {
    if (end.kind === 'outside') {
      outside.push({ ends: [end], sizes: [1], site: undefined, firsts: [] });
      continue;
    }
    const { site } = end.class;
    const known = bySite.get(site);
    if (known) known.push(end);
    else bySite.set(site, [end]);
  }
  const sites = [...bySite].map(
    ([site, its]): Side => ({
      ends: its,
      sizes: its.map(({ members }) => members.length),
      site,
      firsts: its.flatMap(({ members }) => members.slice(0, 1)),
    }),
  );
  return [...sites, ...outside];
}

/** One for each pair of addresses of one family that lead from one side to the other. */
export function* pairsBetween(books: Books, from: Side, to: Side): Iterable<Pair> {
  // Any two members of the sites: the way is the same for all of them.
  const sender = from.site?.members[0];
  const receiver = to.site?.members.find((one) => one !== sender);
  if (to.site && !receiver) return;
  for (const source of addressesOf(from, sender, false)) {
    for (const destination of addressesOf(to, receiver, true)) {
      if (typeof source !== typeof destination) continue;
      const ways = books.ways.of(sender ? { kind: 'interface', id: sender.id } : { kind: 'internet' }, {
        source,
        destination,
        entry: sender,
        sourceOwner: books.positions.ownerOf(source),
        destinationOwner: books.positions.ownerOf(destination),
      });
      if (leadsTo(ways, receiver)) yield { from, to, ways };
    }
  }
}

/** The same single interface: a machine reaches itself whatever the rules are. */
export function alone(one: End | undefined, other: End | undefined): boolean {
  if (one?.kind !== 'interfaces' || other?.kind !== 'interfaces') return false;
  return one.members.length === 1 && other.members.length === 1 && other.members[0] === one.members[0];
}

function addressesOf(
  { ends: [end] }: Side,
  one: NetworkInterface | undefined,
  withPublic: boolean,
): readonly Address[] {
  if (!one) return end?.kind === 'outside' ? [end.address] : [];
  return withPublic && one.public !== undefined ? [...one.private, one.public] : one.private;
}
