/** Response times of a while, with weights: buckets a hundredth apart, in bounded memory. */

const growth = Math.log(1.01);
const [fastest, slowest] = [1e-7, 1e6];
const first = Math.round(Math.log(fastest) / growth);
const buckets = Math.round(Math.log(slowest) / growth) - first + 1;

export class ResponseTimes {
  readonly #requests = new Float64Array(buckets);
  #count = 0;
  /** Those outside are empty. */
  #from = buckets;
  #to = -1;

  get count(): number {
    return this.#count;
  }

  add(seconds: number, requests: number): void {
    const within = Math.min(slowest, Math.max(seconds, fastest));
    this.#put(Math.round(Math.log(within) / growth) - first, requests);
  }

  addAll(other: ResponseTimes): void {
    for (let at = other.#from; at <= other.#to; at++) {
      const requests = other.#requests[at] ?? 0;
      if (requests > 0) this.#put(at, requests);
    }
  }

  #put(bucket: number, requests: number): void {
    this.#requests[bucket] = (this.#requests[bucket] ?? 0) + requests;
    this.#count += requests;
    if (bucket < this.#from) this.#from = bucket;
    if (bucket > this.#to) this.#to = bucket;
  }

  clear(): void {
    if (this.#to >= this.#from) this.#requests.fill(0, this.#from, this.#to + 1);
    this.#count = 0;
    this.#from = buckets;
    this.#to = -1;
  }

  /** Pairs of seconds and requests, ascending; `width` buckets together have their mean. */
  *entries(width = 1): Iterable<readonly [seconds: number, requests: number]> {
    for (let at = this.#from; at <= this.#to; at += width) {
      let requests = 0;
      let seconds = 0;
      for (let one = at; one < at + width && one <= this.#to; one++) {
        const some = this.#requests[one] ?? 0;
        if (some === 0) continue;
        requests += some;
        seconds += some * secondsOf(one);
      }
      if (requests > 0) yield [seconds / requests, requests];
    }
  }

  /** Seconds; undefined when there was none. */
  quantiles(of: readonly number[]): (number | undefined)[] {
    if (this.#count === 0) return of.map(() => undefined);
    return of.map((p) => {
      let left = p * this.#count;
      for (let at = this.#from; at <= this.#to; at++) {
        left -= this.#requests[at] ?? 0;
        if (left <= 1e-9 * this.#count) return secondsOf(at);
      }
      return secondsOf(this.#to);
    });
  }
}

function secondsOf(bucket: number): number {
  return Math.exp((bucket + first) * growth);
}
