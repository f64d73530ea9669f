/**
 * The plane that arrows are led over: a lattice of points, some of them taken by icons and labels, some dear to pass,
 * and those that earlier arrows took. Arrows cross at right angles and never share a stretch.
 */
import type { Point, Rect } from './layout.ts';
import { lattice } from './sheet.ts';

/** Right, down, left, up. */
export const steps = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

const Use = {
  Free: 0,
  Across: 1,
  Along: 2,
  /** A corner or an end: nobody else's. */
  Taken: 3,
} as const;

export const costs = {
  bend: 8,
  crossing: 5,
  /** Beside another arrow, at the least distance. */
  beside: 2,
  /** Along a border, where it would be taken for it. */
  border: 5,
  /** Through a frame that holds something else. */
  foreign: 14,
} as const;

export class Field {
  readonly columns: number;
  readonly rows: number;
  readonly #blocked: Uint8Array;
  readonly #use: Uint8Array;
  readonly #borderAcross: Uint8Array;
  readonly #borderAlong: Uint8Array;
  /** Which frame a point lies in, from 1. */
  readonly #frame: Uint16Array;
  #frames = 0;

  constructor(width: number, height: number) {
    this.columns = Math.ceil(width / lattice) + 1;
    this.rows = Math.ceil(height / lattice) + 1;
    const size = this.columns * this.rows;
    this.#blocked = new Uint8Array(size);
    this.#use = new Uint8Array(size);
    this.#borderAcross = new Uint8Array(size);
    this.#borderAlong = new Uint8Array(size);
    this.#frame = new Uint16Array(size);
  }

  node({ x, y }: Point): number {
    return Math.round(y / lattice) * this.columns + Math.round(x / lattice);
  }

  point(node: number): Point {
    return { x: (node % this.columns) * lattice, y: Math.floor(node / this.columns) * lattice };
  }

  /** -1 outside. */
  next(node: number, direction: number): number {
    const [dx, dy] = steps[direction] ?? [0, 0];
    const x = (node % this.columns) + dx;
    const y = Math.floor(node / this.columns) + dy;
    return x < 0 || y < 0 || x >= this.columns || y >= this.rows ? -1 : y * this.columns + x;
  }

  /** Nothing passes it, nor comes closer than `margin`. */
  block(rect: Rect, margin: number): void {
    this.#each({ x: rect.x - margin, y: rect.y - margin, w: rect.w + 2 * margin, h: rect.h + 2 * margin }, (node) => {
      this.#blocked[node] = 1;
    });
  }

  border({ x, y, w, h }: Rect): void {
    const across = (top: number) => this.#each({ x, y: top, w, h: 0 }, (node) => (this.#borderAcross[node] = 1));
    const along = (left: number) => this.#each({ x: left, y, w: 0, h }, (node) => (this.#borderAlong[node] = 1));
    for (const top of [y, y + h]) across(top);
    for (const left of [x, x + w]) along(left);
  }

  /** A number for the frame: arrows to something else go around it where they can. */
  frame(rect: Rect): number {
    this.#frames += 1;
    const number = this.#frames;
    this.#each(rect, (node) => {
      this.#frame[node] = number;
    });
    return number;
  }

  isBlocked(node: number): boolean {
    return this.#blocked[node] === 1;
  }

  isFree(node: number): boolean {
    return this.#use[node] === Use.Free;
  }

  /** What it costs to come to a point in a direction, beyond the step itself; undefined where nobody may. */
  cost(node: number, direction: number, own: ReadonlySet<number>): number | undefined {
    const across = direction % 2 === 0;
    const use = this.#use[node];
    let cost = 0;
    if (use !== Use.Free) {
      if (use !== (across ? Use.Along : Use.Across)) return undefined;
      cost += costs.crossing;
    }
    if ((across ? this.#borderAcross : this.#borderAlong)[node]) cost += costs.border;
    const frame = this.#frame[node] ?? 0;
    if (frame > 0 && !own.has(frame)) cost += costs.foreign;
    for (const side of across ? [1, 3] : [0, 2]) {
      const beside = this.next(node, side);
      if (beside >= 0 && this.#use[beside] === (across ? Use.Across : Use.Along)) cost += costs.beside;
      // A line of pixels between an arrow and an icon is not enough.
      else if (beside >= 0 && this.#blocked[beside]) cost += 0.5;
    }
    return cost;
  }

  take(nodes: readonly number[]): void {
    for (const [index, node] of nodes.entries()) {
      const [before, after] = [nodes[index - 1], nodes[index + 1]];
      const straight = before !== undefined && after !== undefined && after - node === node - before;
      if (!straight || this.#use[node] !== Use.Free) this.#use[node] = Use.Taken;
      else this.#use[node] = Math.abs(after - node) === 1 ? Use.Across : Use.Along;
    }
  }

  #each({ x, y, w, h }: Rect, act: (node: number) => void): void {
    const [left, right] = [
      Math.max(0, Math.ceil(x / lattice)),
      Math.min(this.columns - 1, Math.floor((x + w) / lattice)),
    ];
    const [top, bottom] = [Math.max(0, Math.ceil(y / lattice)), Math.min(this.rows - 1, Math.floor((y + h) / lattice))];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) act(row * this.columns + column);
    }
  }
}
