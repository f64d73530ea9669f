/**
 * What is on its way for a while: things put in arrive in their order, each when it has been under way for its delay and
 * the one before it has been taken. How much may be under way is bounded, as TCP bounds it, so that a body is never held.
 */
import type { Clock, Timer } from '../clock/clock.ts';

/** As much as Linux has under way on one connection at most (the largest of `tcp_wmem`). */
const windowBytes = 4 * 1024 * 1024;

export interface DelayLine {
  /** Nothing is on its way: what comes next may pass without it. */
  readonly empty: boolean;
  readonly full: boolean;
  /** `arrive` is called when it is there, and says when it has been taken. */
  put(bytes: number, delayMs: number, arrive: (taken: () => void) => void): void;
  /** Called once, as soon as there is room again. */
  whenRoom(run: () => void): void;
  /** What is on its way never arrives. */
  close(): void;
}

interface UnderWay {
  readonly bytes: number;
  readonly dueMs: number;
  readonly arrive: (taken: () => void) => void;
}

export function delayLine(clock: Clock): DelayLine {
  const queue: UnderWay[] = [];
  let bytesUnderWay = 0;
  let arriving = false;
  let lastDueMs = 0;
  let timer: Timer | undefined;
  let waiting: (() => void) | undefined;

  function next(): void {
    const [first] = queue;
    if (!first || arriving || timer) return;
    const leftMs = first.dueMs - clock.now();
    if (leftMs > 0) {
      timer = clock.after(leftMs, () => {
        timer = undefined;
        next();
      });
      return;
    }
    arriving = true;
    first.arrive(() => {
      if (queue[0] !== first) return;
      queue.shift();
      arriving = false;
      bytesUnderWay -= first.bytes;
      if (bytesUnderWay < windowBytes && waiting) {
        const run = waiting;
        waiting = undefined;
        run();
      }
      next();
    });
  }

  return {
    get empty() {
      return queue.length === 0;
    },
    get full() {
      return bytesUnderWay >= windowBytes;
    },
    put(bytes, delayMs, arrive) {
      // What is sent when the delay has become shorter does not overtake what was sent before.
      lastDueMs = Math.max(lastDueMs, clock.now() + delayMs);
      bytesUnderWay += bytes;
      queue.push({ bytes, dueMs: lastDueMs, arrive });
      next();
    },
    whenRoom(run) {
      waiting = run;
    },
    close() {
      timer?.cancel();
      queue.length = 0;
      waiting = undefined;
    },
  };
}
