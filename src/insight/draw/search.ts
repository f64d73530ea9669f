/** The cheapest way over a field, from some points to others: A*, the same answer for the same question. */
import { costs, type Field } from './field.ts';

/** Where a way may begin or end; `outward` is the direction away from what it belongs to. */
export interface Port {
  readonly node: number;
  readonly outward: number;
  readonly cost: number;
}

export interface Search {
  readonly field: Field;
  readonly from: readonly Port[];
  readonly to: readonly Port[];
  /** Frames that may be entered. */
  readonly own: ReadonlySet<number>;
  /** What is in the way may be passed, at this price: for when there is no other way. */
  readonly through?: number;
}

/** The points of the way, or nothing. */
export function cheapest({ field, from, to, own, through }: Search): number[] | undefined {
  const goals = new Map<number, Port>();
  // A way comes in against the outward direction.
  for (const port of to) if (field.isFree(port.node)) goals.set(port.node * 4 + ((port.outward + 2) % 4), port);
  if (goals.size === 0) return undefined;
  const bounds = boundsOf(field, to);
  const best = new Float64Array(field.columns * field.rows * 4).fill(Number.POSITIVE_INFINITY);
  const came = new Int32Array(best.length).fill(-1);
  const queue = new Queue();
  const visit = (state: number, cost: number, before: number | undefined) => {
    if (cost >= (best[state] ?? 0)) return;
    best[state] = cost;
    if (before !== undefined) came[state] = before;
    queue.push(state, cost + distance(field, state >> 2, bounds), cost);
  };
  for (const { node, outward, cost } of from) if (field.isFree(node)) visit(node * 4 + outward, cost, undefined);
  const starts = new Set(from.map(({ node }) => node));
  for (let least = queue.pop(); least !== undefined; least = queue.pop()) {
    const { state, cost } = least;
    // A cheaper way to it was found since.
    if (cost > (best[state] ?? 0)) continue;
    const node = state >> 2;
    if (goals.has(state) && came[state] !== -1) return wayTo(state, came);
    const free = field.isFree(node);
    for (let direction = 0; direction < 4; direction++) {
      const facing = state & 3;
      const turns = direction !== facing;
      // Not back, not around at the start, and straight on where another arrow is crossed.
      if (direction === (facing + 2) % 4 || (turns && (!free || starts.has(node)))) continue;
      const next = field.next(node, direction);
      if (next < 0) continue;
      const goal = goals.get(next * 4 + direction);
      const blocked = field.isBlocked(next) && !goal;
      if (blocked && through === undefined) continue;
      const extra = field.cost(next, direction, own);
      if (extra === undefined) continue;
      const price = 1 + extra + (turns ? costs.bend : 0) + (blocked ? (through ?? 0) : 0) + (goal?.cost ?? 0);
      visit(next * 4 + direction, cost + price, state);
    }
  }
  return undefined;
}

function wayTo(state: number, came: Int32Array): number[] {
  const nodes: number[] = [];
  for (let at = state; at >= 0; at = came[at] ?? -1) nodes.push(at >> 2);
  return nodes.reverse();
}

interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function boundsOf({ columns }: Field, ports: readonly Port[]): Bounds {
  const xs = ports.map(({ node }) => node % columns);
  const ys = ports.map(({ node }) => Math.floor(node / columns));
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

/** Never more than what is left to go. */
function distance({ columns }: Field, node: number, { left, right, top, bottom }: Bounds): number {
  const x = node % columns;
  const y = Math.floor(node / columns);
  return Math.max(left - x, 0, x - right) + Math.max(top - y, 0, y - bottom);
}

interface Item {
  readonly state: number;
  readonly estimate: number;
  readonly cost: number;
  readonly order: number;
}

/** A heap; of equals, what came first. */
class Queue {
  readonly #items: Item[] = [];
  #count = 0;

  push(state: number, estimate: number, cost: number): void {
    const items = this.#items;
    items.push({ state, estimate, cost, order: this.#count++ });
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#less(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): Item | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (!first || !last) return undefined;
    if (items.length > 0) {
      items[0] = last;
      this.#sink();
    }
    return first;
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#items.length && this.#less(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #less(a: number, b: number): boolean {
    const [one, other] = [this.#items[a], this.#items[b]];
    if (!one || !other) return false;
    return one.estimate < other.estimate || (one.estimate === other.estimate && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#items[a], this.#items[b]];
    if (!one || !other) return;
    this.#items[a] = other;
    this.#items[b] = one;
  }
}
