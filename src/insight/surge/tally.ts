/** What became of the requests: for each second, for each route, and in all. In fixed memory for each of these. */
import { Histogram, type Percentiles } from './histogram.ts';

/** One real second. Latencies are of what was answered in it, whatever the status, from when it was due. */
export interface Second extends Percentiles {
  /** When it begins, in seconds of model time from the beginning. */
  readonly atSeconds: number;
  /** Due in it, sent or not. */
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
  /** By kind: a status of 400 or more (`503`), or why there was no answer (`timeout`). */
  readonly errors: Readonly<Record<string, number>>;
  /** At its end. */
  readonly inFlight: number;
}

export interface Total extends Percentiles {
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly p999: number;
  readonly maxMs: number;
  readonly meanMs: number;
}

class Counted {
  readonly latencies = new Histogram();
  due = 0;
  sent = 0;
  errors: Record<string, number> = {};

  fail(kind: string): void {
    this.errors[kind] = (this.errors[kind] ?? 0) + 1;
  }
}

export class Tally {
  readonly #second = new Counted();
  readonly #all = new Counted();
  readonly #routes: readonly Counted[];
  /** Where each route's requests are counted. */
  readonly #counted: readonly (readonly Counted[])[];
  #maxLateMs = 0;

  constructor(routes: number) {
    this.#routes = Array.from({ length: routes }, () => new Counted());
    this.#counted = this.#routes.map((own) => [this.#second, this.#all, own]);
  }

  due(route: number): void {
    for (const counted of this.#of(route)) counted.due++;
  }

  /** @param lateMs after it was due: how well the sender itself keeps to its schedule */
  sent(route: number, lateMs: number): void {
    for (const counted of this.#of(route)) counted.sent++;
    if (lateMs > this.#maxLateMs) this.#maxLateMs = lateMs;
  }

  answered(route: number, status: number, latencyMs: number): void {
    for (const counted of this.#of(route)) {
      counted.latencies.add(latencyMs);
      if (status >= 400) counted.fail(String(status));
    }
  }

  failed(route: number, kind: string): void {
    for (const counted of this.#of(route)) counted.fail(kind);
  }

  /** The second that has ended; the next one begins. */
  endSecond(atSeconds: number, inFlight: number): Second {
    const second = this.#second;
    const { due, sent, errors, latencies } = second;
    const ended: Second = {
      atSeconds,
      due,
      sent,
      answered: latencies.count,
      errors,
      inFlight,
      ...latencies.percentiles(),
    };
    latencies.clear();
    second.due = 0;
    second.sent = 0;
    second.errors = {};
    return ended;
  }

  /** Nothing has happened in the present second. */
  get isIdle(): boolean {
    const { due, latencies, errors } = this.#second;
    return due === 0 && latencies.count === 0 && Object.keys(errors).length === 0;
  }

  get maxLateMs(): number {
    return this.#maxLateMs;
  }

  total(): Total {
    return totalOf(this.#all);
  }

  /** In the order of the routes. */
  routes(): readonly Total[] {
    return this.#routes.map(totalOf);
  }

  #of(route: number): readonly Counted[] {
    return this.#counted[route] ?? [];
  }
}

function totalOf({ due, sent, errors, latencies }: Counted): Total {
  return {
    due,
    sent,
    answered: latencies.count,
    errors: { ...errors },
    ...latencies.percentiles(),
    p999: latencies.percentileMs(0.999),
    maxMs: latencies.maxMs,
    meanMs: latencies.meanMs,
  };
}
