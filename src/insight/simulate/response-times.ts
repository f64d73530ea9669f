/** Response times of a while, with weights: buckets a hundredth apart, in bounded memory. */

const growth = Math.log(1.01);

export class ResponseTimes {
  readonly #buckets = new Map<number, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(seconds: number, requests: number): void {
    const bucket = Math.round(Math.log(Math.max(seconds, 1e-7)) / growth);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + requests);
    this.#count += requests;
  }

  addAll(other: ResponseTimes): void {
    for (const [bucket, requests] of other.#buckets) {
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + requests);
    }
    this.#count += other.#count;
  }

  clear(): void {
    this.#buckets.clear();
    this.#count = 0;
  }

  /** Pairs of seconds and requests, in no order. */
  *entries(): Iterable<readonly [seconds: number, requests: number]> {
    for (const [bucket, requests] of this.#buckets) yield [Math.exp(bucket * growth), requests];
  }

  /** Seconds; undefined when there was none. */
  quantiles(of: readonly number[]): (number | undefined)[] {
    if (this.#count === 0) return of.map(() => undefined);
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b);
    return of.map((p) => {
      let left = p * this.#count;
      for (const [bucket, requests] of sorted) {
        left -= requests;
        if (left <= 1e-9 * this.#count) return Math.exp(bucket * growth);
      }
      return Math.exp((sorted.at(-1)?.[0] ?? 0) * growth);
    });
  }
}
