/**
 * Samples summed up: number, sum, extremes, and a bounded histogram for percentiles. Values are exact until there are
 * many different ones; then they are rounded to buckets that each are a little wider than the one below.
 */

/** An aggregate at rest, as the store keeps it. */
export interface Point {
  /** Start of its time, in ms since the epoch. */
  readonly t: number;
  readonly n: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Value, how often, value, how often, …; missing when all values are `min`. */
  readonly values?: readonly number[];
  /** How much wider a bucket is than the one below; missing when values are exact. */
  readonly growth?: number;
  /** A statistic set was among it: nobody knows the single values. */
  readonly opaque?: true;
}

const mostValues = 256;
const firstGrowth = 1.01;

export class Aggregate {
  count = 0;
  sum = 0;
  min = 0;
  max = 0;
  /** Set once it has been handed to the store: whoever holds it must ask for another. */
  sealed = false;
  #values: Map<number, number> | undefined;
  #growth = 0;
  #opaque = false;

  static of(points: Iterable<Point>): Aggregate {
    const made = new Aggregate();
    for (const point of points) made.merge(point);
    return made;
  }

  /** `count` samples of one value. */
  add(value: number, count = 1): void {
    this.#insert(value, count);
    this.sum += value * count;
  }

  addSet(set: { readonly n: number; readonly sum: number; readonly min: number; readonly max: number }): void {
    // Of one sample, or of equal ones, the values are known.
    if (set.n === 1 || set.min === set.max) this.#insert(set.max, set.n);
    else this.#hide(set);
    this.sum += set.sum;
  }

  merge(point: Point): void {
    if (point.n === 0) return;
    if (point.opaque) this.#hide(point);
    else {
      const values = point.values ?? [point.min, point.n];
      for (let at = 0; at < values.length; at += 2) this.#insert(values[at] ?? 0, values[at + 1] ?? 0);
      // A bucket's middle may lie beyond what was measured, or within.
      this.#stretch(point.min, point.max);
    }
    this.sum += point.sum;
  }

  toPoint(t: number): Point {
    const { count: n, sum, min, max } = this;
    return {
      t,
      n,
      sum,
      min,
      max,
      ...(this.#values ? { values: [...this.#values].flat() } : {}),
      ...(this.#growth > 0 ? { growth: this.#growth } : {}),
      ...(this.#opaque ? { opaque: true as const } : {}),
    };
  }

  /** Pairs of a value and how often it came, ascending; undefined when only sums are known. */
  distribution(): readonly (readonly [value: number, count: number])[] | undefined {
    if (this.#opaque || this.count === 0) return undefined;
    if (!this.#values) return [[this.min, this.count]];
    return [...this.#values]
      .map(([value, count]) => [Math.min(this.max, Math.max(this.min, value)), count] as const)
      .sort(([a], [b]) => a - b);
  }

  #insert(value: number, count: number): void {
    const others = this.count > 0 && !(this.min === this.max && this.min === value);
    if (others && !this.#opaque) this.#values ??= new Map([[this.min, this.count]]);
    this.#stretch(value, value);
    this.count += count;
    if (!this.#values) return;
    const bucket = this.#growth > 0 ? middle(value, this.#growth) : value;
    this.#values.set(bucket, (this.#values.get(bucket) ?? 0) + count);
    if (this.#values.size > mostValues) this.#coarsen();
  }

  /** Samples whose single values are not known. */
  #hide({ n, min, max }: { readonly n: number; readonly min: number; readonly max: number }): void {
    this.#stretch(min, max);
    this.count += n;
    this.#opaque = true;
    this.#values = undefined;
  }

  #stretch(min: number, max: number): void {
    this.min = this.count === 0 ? min : Math.min(this.min, min);
    this.max = this.count === 0 ? max : Math.max(this.max, max);
  }

  #coarsen(): void {
    let values = this.#values ?? new Map<number, number>();
    while (values.size > mostValues / 2) {
      this.#growth = this.#growth === 0 ? firstGrowth : this.#growth ** 2;
      const wider = new Map<number, number>();
      for (const [value, count] of values) {
        const bucket = middle(value, this.#growth);
        wider.set(bucket, (wider.get(bucket) ?? 0) + count);
      }
      values = wider;
    }
    this.#values = values;
  }
}

function middle(value: number, growth: number): number {
  if (value === 0) return 0;
  const step = Math.log(growth);
  return Math.sign(value) * Math.exp(Math.round(Math.log(Math.abs(value)) / step) * step);
}
