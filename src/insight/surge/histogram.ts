/**
 * Latencies in fixed memory: buckets whose bounds grow by a constant factor, so that every percentile is off by at most
 * 1 % of its value, as in HdrHistogram and DDSketch (https://arxiv.org/abs/1908.10693).
 */

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

const growth = 1.02;
const logGrowth = Math.log(growth);
/** Below it all is one: nothing over a socket is faster. */
const leastMs = 0.01;
/** Above it all is one, too. */
const mostMs = 3_600_000;
const buckets = Math.ceil(Math.log(mostMs / leastMs) / logGrowth) + 2;

export class Histogram {
  readonly #counts = new Float64Array(buckets);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** Exact. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** Exact; 0 when empty. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** A clock that is set back must not make a latency less than nothing. */
  add(latencyMs: number): void {
    const ms = Math.max(0, latencyMs);
    const bucket = bucketOf(ms);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** The least latency that this share (0 to 1) of all do not exceed, within 1 %; 0 when empty. */
  percentileMs(share: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(middleMs(bucket), this.#maxMs);
    }
    return this.#maxMs;
  }

  percentiles(): Percentiles {
    return { p50: this.percentileMs(0.5), p90: this.percentileMs(0.9), p99: this.percentileMs(0.99) };
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sumMs = 0;
    this.#maxMs = 0;
  }
}

function bucketOf(ms: number): number {
  if (ms <= leastMs) return 0;
  return Math.min(buckets - 1, Math.ceil(Math.log(ms / leastMs) / logGrowth));
}

/** The value whose relative distance to both bounds is the same. */
function middleMs(bucket: number): number {
  if (bucket === 0) return leastMs;
  return (leastMs * growth ** bucket * 2) / (growth + 1);
}
