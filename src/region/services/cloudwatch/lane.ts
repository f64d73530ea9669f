/** The points of one metric and unit at one resolution: what was stored, in chunks, and what is still being added to. */
import type { Table } from '../../store/store.ts';
import { Aggregate, type Point } from './aggregate.ts';
import type { ChunkRecord } from './state.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export interface Resolution {
  readonly ms: number;
  readonly chunkMs: number;
  readonly keepMs: number;
}

/** What AWS retains. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention */
export const resolutions: readonly Resolution[] = [
  { ms: second, chunkMs: minute, keepMs: 3 * hour },
  { ms: minute, chunkMs: hour, keepMs: 15 * day },
  { ms: 5 * minute, chunkMs: day, keepMs: 63 * day },
  { ms: hour, chunkMs: 7 * day, keepMs: 455 * day },
];

export class Lane {
  readonly resolution: Resolution;
  readonly #table: Table<ChunkRecord>;
  readonly #prefix: string;
  /** Starts of the chunks that the table has. */
  readonly #stored = new Set<number>();
  readonly #open = new Map<number, Aggregate>();

  /** `prefix` is what its keys in the table begin with. */
  constructor(resolution: Resolution, table: Table<ChunkRecord>, prefix: string) {
    this.resolution = resolution;
    this.#table = table;
    this.#prefix = prefix;
  }

  /** Takes up a chunk that the table had when the region started. */
  adopt(startMs: number): void {
    this.#stored.add(startMs);
  }

  get empty(): boolean {
    return this.#stored.size === 0 && this.#open.size === 0;
  }

  get lastMs(): number {
    const latest = Math.max(Number.NEGATIVE_INFINITY, ...this.#stored);
    const stored = this.#points(latest).at(-1)?.t ?? Number.NEGATIVE_INFINITY;
    return Math.max(stored, ...this.#open.keys());
  }

  /** The aggregate of the time that `timeMs` falls in, to be added to. */
  at(timeMs: number): Aggregate {
    const t = floor(timeMs, this.resolution.ms);
    let found = this.#open.get(t);
    if (!found) {
      const stored = this.#points(floor(t, this.resolution.chunkMs)).find((point) => point.t === t);
      found = Aggregate.of(stored ? [stored] : []);
      this.#open.set(t, found);
    }
    return found;
  }

  /** Points of `[startMs, endMs)`, in no order. */
  read(startMs: number, endMs: number): Point[] {
    const found: Point[] = [];
    for (const start of this.#chunksIn(startMs, endMs)) {
      for (const point of this.#points(start)) {
        if (point.t >= startMs && point.t < endMs && !this.#open.has(point.t)) found.push(point);
      }
    }
    for (const [t, aggregate] of this.#open) {
      if (t >= startMs && t < endMs && aggregate.count > 0) found.push(aggregate.toPoint(t));
    }
    return found;
  }

  /** Writes what is over by `nowMs`. True when some of it is still open. */
  flush(nowMs: number): boolean {
    const byChunk = new Map<number, Point[]>();
    for (const [t, aggregate] of this.#open) {
      if (t + this.resolution.ms > nowMs) continue;
      aggregate.sealed = true;
      this.#open.delete(t);
      if (aggregate.count === 0) continue;
      const start = floor(t, this.resolution.chunkMs);
      const added = byChunk.get(start);
      if (added) added.push(aggregate.toPoint(t));
      else byChunk.set(start, [aggregate.toPoint(t)]);
    }
    for (const [start, added] of byChunk) {
      this.#table.put(this.#key(start), { points: merged(this.#points(start), added) });
      this.#stored.add(start);
    }
    return this.#open.size > 0;
  }

  /** Hands out and removes the chunks that are older than that. */
  age(beforeMs: number): Point[] {
    const old = [...this.#stored].filter((start) => start + this.resolution.chunkMs <= beforeMs);
    const points = old.flatMap((start) => [...this.#points(start)]);
    for (const start of old) this.#remove(start);
    return points;
  }

  get storedPoints(): number {
    let sum = 0;
    for (const start of this.#stored) sum += this.#points(start).length;
    return sum;
  }

  #chunksIn(startMs: number, endMs: number): Iterable<number> {
    const { chunkMs } = this.resolution;
    const first = floor(startMs, chunkMs);
    const steps = Math.ceil((endMs - first) / chunkMs);
    if (steps > this.#stored.size) return this.#stored;
    return Array.from({ length: Math.max(0, steps) }, (_, index) => first + index * chunkMs).filter((start) =>
      this.#stored.has(start),
    );
  }

  #points(start: number): readonly Point[] {
    return this.#stored.has(start) ? (this.#table.get(this.#key(start))?.points ?? []) : [];
  }

  #remove(start: number): void {
    this.#stored.delete(start);
    this.#table.delete(this.#key(start));
  }

  #key(start: number): string {
    return `${this.#prefix} ${start / second}`;
  }
}

/** In order of time; what was added is in the place of what was there of the same. */
function merged(before: readonly Point[], added: readonly Point[]): Point[] {
  const [first] = added;
  // Nearly always it is the newest one.
  if (first && added.length === 1 && (before.at(-1)?.t ?? Number.NEGATIVE_INFINITY) < first.t)
    return [...before, first];
  const times = new Set(added.map(({ t }) => t));
  return [...before.filter(({ t }) => !times.has(t)), ...added].sort((a, b) => a.t - b.t);
}

export function floor(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs;
}
