/**
 * Every pair decided: each source address with each destination address that it could speak to. The way is one for a
 * pair of sites; what groups add is looked up for each pair of classes, and counted for as many pairs as they have members.
 */
import type { Address } from '../../region/network/address.ts';
import type { Via } from '../../region/network/verdict.ts';
import type { NetworkInterface } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import { type End, leadsTo } from './flow.ts';
import { GroupLookup } from './group-lookup.ts';
import type { HeaderSet } from './header-set.ts';
import type { Site } from './positions.ts';
import type { Ways } from './ways.ts';

export interface PairCount {
  /** Pairs of a source address and a destination address of one family, of different interfaces. */
  readonly decided: number;
  /** Those of them between which something passes both ways. */
  readonly connected: number;
}

/** What is allowed from a class to others, the same to all of these. */
export interface Connected {
  readonly from: End;
  readonly to: readonly End[];
  readonly allowed: HeaderSet;
  readonly via: Via;
}

/** A site as one side of a pair, or a range outside. */
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

export function countPairs(books: Books): PairCount {
  let decided = 0;
  let connected = 0;
  const lookup = new GroupLookup(books);
  for (const pair of pairsOf(books)) {
    const { from, to } = pair;
    const own = from === to || (from.site !== undefined && from.site === to.site);
    const ids = lookup.allowedOn(pair);
    for (const [i, size] of from.sizes.entries()) {
      for (let j = 0; j < to.sizes.length; j++) {
        const pairs = size * ((to.sizes[j] ?? 0) - (own && i === j ? 1 : 0));
        decided += pairs;
        if (ids && (ids[i * to.sizes.length + j] ?? 0) !== 0) connected += pairs;
      }
    }
  }
  return { decided, connected };
}

/** All that is allowed, in no more groups than there are classes, ways and sets. */
export function* connectedPairs(books: Books): Iterable<Connected> {
  const lookup = new GroupLookup(books);
  for (const pair of pairsOf(books)) {
    const { from, to, ways } = pair;
    const ids = lookup.allowedOn(pair);
    if (!ids || !ways.forward.verdict.delivered) continue;
    const { via } = ways.forward.verdict;
    for (const [i, end] of from.ends.entries()) {
      const bySet = new Map<number, End[]>();
      for (const [j, other] of to.ends.entries()) {
        const id = ids[i * to.ends.length + j] ?? 0;
        const alone = from.site !== undefined && from.site === to.site && i === j && to.sizes[j] === 1;
        if (id !== 0 && !alone) bySet.set(id, [...(bySet.get(id) ?? []), other]);
      }
      for (const [id, others] of bySet) yield { from: end, to: others, allowed: books.sets.get(id), via };
    }
  }
}

function* pairsOf(books: Books): Iterable<Pair> {
  const { positions } = books;
  const sites = positions.sites.map(
    (site): Side => ({
      ends: site.classes.map((its) => ({ kind: 'interfaces', class: its, members: its.members })),
      sizes: site.classes.map(({ members }) => members.length),
      site,
      firsts: site.classes.flatMap(({ members }) => members.slice(0, 1)),
    }),
  );
  const outside = positions.outside.map((end): Side => ({ ends: [end], sizes: [1], site: undefined, firsts: [] }));
  const internet = outside.filter(({ ends: [end] }) => end?.kind === 'outside' && end.serviceName === undefined);
  for (const from of [...sites, ...internet]) {
    // Who is outside already meets nothing of this region on the way to others outside.
    for (const to of from.site ? [...sites, ...outside] : sites) yield* pairsBetween(books, from, to);
  }
}

function* pairsBetween(books: Books, from: Side, to: Side): Iterable<Pair> {
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

function addressesOf(
  { ends: [end] }: Side,
  one: NetworkInterface | undefined,
  withPublic: boolean,
): readonly Address[] {
  if (!one) return end?.kind === 'outside' ? [end.address] : [];
  return withPublic && one.public !== undefined ? [...one.private, one.public] : one.private;
}
