/**
 * Every pair decided: each source address with each destination address that it could speak to. The way is one for a
 * pair of sites; what groups add is looked up for each pair of classes, and counted for as many pairs as they have members.
 */
import type { Via } from '../../region/network/verdict.ts';
import type { Books } from './books.ts';
import type { End } from './flow.ts';
import type { HeaderSet } from './header-set.ts';
import { alone, type Pair, pairsBetween, sidesOf } from './sides.ts';

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

export function countPairs(books: Books): PairCount {
  let decided = 0;
  let connected = 0;
  for (const pair of pairsOf(books)) {
    const { from, to } = pair;
    const own = from === to || (from.site !== undefined && from.site === to.site);
    const ids = books.groups.allowedOn(pair);
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
  for (const pair of pairsOf(books)) {
    const { from, to, ways } = pair;
    const ids = books.groups.allowedOn(pair);
    if (!ids || !ways.forward.verdict.delivered) continue;
    const { via } = ways.forward.verdict;
    for (const [i, end] of from.ends.entries()) {
      const bySet = new Map<number, End[]>();
      for (const [j, other] of to.ends.entries()) {
        const id = ids[i * to.ends.length + j] ?? 0;
        if (id === 0 || alone(end, other)) continue;
        const known = bySet.get(id);
        if (known) known.push(other);
        else bySet.set(id, [other]);
      }
      for (const [id, others] of bySet) yield { from: end, to: others, allowed: books.sets.get(id), via };
    }
  }
}

function* pairsOf(books: Books): Iterable<Pair> {
  const { positions } = books;
  const sites = sidesOf(positions.classes.map((its) => ({ kind: 'interfaces', class: its, members: its.members })));
  const outside = sidesOf(positions.outside);
  const internet = outside.filter(({ ends: [end] }) => end?.kind === 'outside' && end.serviceName === undefined);
  for (const from of [...sites, ...internet]) {
    // Who is outside already meets nothing of this region on the way to others outside.
    for (const to of from.site ? [...sites, ...outside] : sites) yield* pairsBetween(books, from, to);
  }
}
