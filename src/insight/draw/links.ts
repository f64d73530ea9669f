/** Who talks to whom: arrows made once each, with the numbers of all journeys that take them. */
import type { Badge, JourneyName, Link, LinkKind } from './scene.ts';

export interface Links {
  add(link: Omit<Link, 'badges'> & { readonly badge?: Badge }): void;
  /** A request and its reply, as two arrows side by side. */
  pair(from: string, to: string, kind: LinkKind, texts: readonly [request: string, reply: string]): Pair;
  all(): Link[];
}

export interface Pair {
  request(journey: JourneyName, number: number): void;
  reply(journey: JourneyName, number: number): void;
}

export function linkList(): Links {
  const links = new Map<string, Link>();
  const keyOf = ({ from, to, reply }: Pick<Link, 'from' | 'to' | 'reply'>) => `${from} ${to} ${reply === true}`;
  const add: Links['add'] = ({ badge, ...link }) => {
    const key = keyOf(link);
    const known = links.get(key);
    const badges = [...(known?.badges ?? []), ...(badge ? [badge] : [])];
    // Of two journeys' it is nobody's colour.
    const kind = known && known.kind !== link.kind ? 'shared' : link.kind;
    links.set(key, { ...(known ?? link), kind, badges, ...(link.stopped ? { stopped: true, text: link.text } : {}) });
  };
  return {
    add,
    pair(from, to, kind, [request, reply]) {
      add({ from, to, kind, text: request });
      add({ from: to, to: from, kind, text: reply, reply: true });
      return {
        request: (journey, number) => add({ from, to, kind, text: request, badge: { journey, number } }),
        reply: (journey, number) =>
          add({ from: to, to: from, kind, text: reply, reply: true, badge: { journey, number } }),
      };
    },
    all: () => [...links.values()],
  };
}
