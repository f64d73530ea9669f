/** What is worked out once for a world, and looked up by everything that is asked of it. */
import type { World } from '../../region/network/world.ts';
import { Decisions } from './decisions.ts';
import { GroupLookup } from './group-lookup.ts';
import { HeaderSets } from './header-set.ts';
import { type Passage, passageOf } from './passage.ts';
import { Positions } from './positions.ts';
import { WayBook, type Ways } from './ways.ts';

export interface Books {
  readonly world: World;
  readonly sets: HeaderSets;
  readonly positions: Positions;
  readonly decisions: Decisions;
  readonly ways: WayBook;
  /** What security groups add, for all classes of two sites at once. */
  readonly groups: GroupLookup;
  passage(ways: Ways): Passage;
}

export function openBooks(world: World): Books {
  const sets = new HeaderSets();
  const positions = new Positions(world);
  const decisions = new Decisions(sets, positions);
  const passages = new Map<Ways, Passage>();
  let groups: GroupLookup | undefined;
  const books: Books = {
    world,
    sets,
    positions,
    decisions,
    ways: new WayBook(world, positions),
    get groups() {
      groups ??= new GroupLookup(books);
      return groups;
    },
    passage: (ways) => {
      let passage = passages.get(ways);
      if (!passage) {
        passage = passageOf(sets, decisions, ways);
        passages.set(ways, passage);
      }
      return passage;
    },
  };
  return books;
}
