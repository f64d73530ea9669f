/**
 * Time has one door: everything in a region that waits or reads the time does it through a `Clock`.
 * Model time runs at `scale` times real time (`realClock`), or only when told to (`VirtualClock`).
 *
 * What control loops wait for is model time. What programs and networks outside of the model take is real time: a delay
 * for them is multiplied by `scale`, a duration of theirs divided by it, and dates that they bring are `wallMs`'s.
 */

export interface Timer {
  /** Cancels the timer; harmless when it has fired already. */
  cancel(): void;
}

export interface Clock {
  /** Model time in ms since the Unix epoch. */
  now(): number;
  /** Model time as a `Date`, for AWS's timestamp members. */
  date(): Date;
  /** Model ms per ms of real time: 1, or more when the control loops' minutes shall pass as seconds. */
  readonly scale: number;
  /** What clocks outside of the model show, in ms since the Unix epoch: signatures and expiry dates go by it. */
  wallMs(): number;
  /** Model ms and parts of one, from no certain beginning: for durations shorter than `now` can tell. */
  fineMs(): number;
  /** Calls `run` once after `delayMs` of model time. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `intervalMs` of model time, the first time after one interval. */
  every(intervalMs: number, run: () => void): Timer;
  /** Resolves after `delayMs` of model time; rejects with the signal's reason when aborted, or when the clock stops. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Cancels every timer and rejects every sleep. Nothing fires afterwards. */
  stop(): void;
}

export class ClockStopped extends Error {
  override readonly name = 'ClockStopped';
  constructor() {
    super('the clock was stopped');
  }
}

/** What a clock needs from the world below it. */
interface Ticker {
  now(): number;
  fineMs(): number;
  wallMs(): number;
  /** Schedules in model time, returns how to cancel. */
  schedule(delayMs: number, run: () => void): () => void;
}

abstract class TickingClock implements Clock {
  readonly #pending = new Set<() => void>();
  #stopped = false;
  protected abstract readonly ticker: Ticker;
  abstract readonly scale: number;

  wallMs(): number {
    return this.ticker.wallMs();
  }

  now(): number {
    return this.ticker.now();
  }

  fineMs(): number {
    return this.ticker.fineMs();
  }

  date(): Date {
    return new Date(this.now());
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#schedule(delayMs, run);
  }

  every(intervalMs: number, run: () => void): Timer {
    if (!(intervalMs > 0)) throw new RangeError(`an interval must be more than 0 ms, not ${intervalMs}`);
    let timer: Timer;
    let cancelled = false;
    const again = () => {
      timer = this.#schedule(intervalMs, () => {
        // Scheduled before the work, so that work that throws does not end the series.
        if (!cancelled) again();
        run();
      });
    };
    again();
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.#schedule(
        delayMs,
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        () => reject(new ClockStopped()),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#pending]) end();
    this.#pending.clear();
  }

  #schedule(delayMs: number, run: () => void, onStop?: () => void): Timer {
    if (this.#stopped) {
      onStop?.();
      return { cancel() {} };
    }
    const unschedule = this.ticker.schedule(Math.max(0, delayMs), () => {
      this.#pending.delete(end);
      run();
    });
    const end = () => {
      unschedule();
      onStop?.();
    };
    this.#pending.add(end);
    return {
      cancel: () => {
        unschedule();
        this.#pending.delete(end);
      },
    };
  }
}

const longestTimeoutMs = 2 ** 31 - 1;

class RealClock extends TickingClock {
  readonly scale: number;
  readonly #originReal = Date.now();
  readonly #originModel: number;
  protected readonly ticker: Ticker = {
    wallMs: () => Date.now(),
    now: () => this.#originModel + (Date.now() - this.#originReal) * this.scale,
    fineMs: () => performance.now() * this.scale,
    schedule: (delayMs, run) => {
      let handle: NodeJS.Timeout;
      const due = this.now() + delayMs;
      const arm = () => {
        const realMs = Math.max(0, (due - this.now()) / this.scale);
        // A delay beyond what setTimeout can hold is armed again.
        handle = setTimeout(() => (realMs > longestTimeoutMs ? arm() : run()), Math.min(realMs, longestTimeoutMs));
      };
      arm();
      return () => clearTimeout(handle);
    },
  };

  constructor(scale: number, earliestMs: number) {
    super();
    if (!(scale > 0 && Number.isFinite(scale))) throw new RangeError(`a time scale must be more than 0, not ${scale}`);
    this.scale = scale;
    this.#originModel = Math.max(this.#originReal, earliestMs);
  }
}

/** Model time that starts at the real time, or at `earliestMs` where that is later, and runs `scale` times as fast. */
export function realClock(scale = 1, earliestMs = 0): Clock {
  return new RealClock(scale, earliestMs);
}

interface Due {
  readonly at: number;
  readonly order: number;
  /** Undefined: cancelled. It stays in the queue until its time. */
  run: (() => void) | undefined;
}

/** Time that moves only by `advance`. Timers fire in order of time, then of scheduling. */
export class VirtualClock extends TickingClock {
  readonly scale = 1;
  #now: number;
  #order = 0;
  readonly #queue = new DueQueue();
  protected readonly ticker: Ticker = {
    now: () => this.#now,
    fineMs: () => this.#now,
    wallMs: () => this.#now,
    schedule: (delayMs, run) => {
      const due: Due = { at: this.#now + delayMs, order: this.#order++, run };
      this.#queue.push(due);
      return () => {
        due.run = undefined;
      };
    },
  };

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    super();
    this.#now = startMs;
  }

  /** When the next timer falls due: until then nothing happens by itself. */
  get nextDueMs(): number {
    for (;;) {
      const { first } = this.#queue;
      if (!first) return Number.POSITIVE_INFINITY;
      if (first.run) return first.at;
      this.#queue.shift();
    }
  }

  /** Moves time on by `ms`, firing what falls due on the way and letting promises settle between the timers. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let due = this.#queue.first; due && due.at <= until; due = this.#queue.first) {
      this.#queue.shift();
      if (!due.run) continue;
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = until;
  }
}

/** A binary heap: a simulated day schedules millions of timers. */
class DueQueue {
  readonly #heap: Due[] = [];

  get first(): Due | undefined {
    return this.#heap[0];
  }

  push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || before(above, due)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  shift(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && before(right, left)) child++;
      const below = heap[child];
      if (!below || before(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Lets every promise that is ready run its continuations. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
