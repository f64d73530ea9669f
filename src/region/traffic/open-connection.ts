/**
 * An open connection in a network that changes: what the network no longer lets through waits, as TCP sends a lost packet
 * again, later and later, and gives up in the end. Neither side is told anything meanwhile.
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock/clock.ts';

// Linux: the first retry, the longest wait between two, and `tcp_retries2`.
const firstRetryMs = 200;
const longestRetryMs = 120_000;
const mostRetries = 15;

/**
 * Makes what is written to the socket, and what is read from it, pass only while the network lets it.
 * @param passes asked for each chunk: cheap
 * @param moved told of each chunk that passes: cheap
 */
export function obeyNetwork(
  socket: Duplex,
  clock: Clock,
  passes: () => boolean,
  moved: (() => void) | undefined,
): void {
  /** What was sent and did not pass, in order. A side that waits is sent nothing more, so these are few. */
  const waiting: (() => void)[] = [];
  let retries = 0;
  let timer: Timer | undefined;

  const clear = () => waiting.length === 0 && passes();

  function hold(step: () => void): void {
    waiting.push(step);
    timer ??= clock.after(firstRetryMs, retry);
  }

  function retry(): void {
    if (passes()) {
      // What a step sets off must not overtake the steps behind it: each stays in the queue until it is done.
      for (let step = waiting[0]; step; waiting.shift(), step = waiting[0]) step();
      timer = undefined;
      retries = 0;
    } else if (++retries < mostRetries) {
      timer = clock.after(Math.min(firstRetryMs * 2 ** retries, longestRetryMs), retry);
    } else socket.destroy(Object.assign(new Error('read ETIMEDOUT'), { code: 'ETIMEDOUT' }));
  }

  const push = socket.push.bind(socket);
  socket.push = (chunk, encoding) => {
    if (clear()) {
      moved?.();
      return push(chunk, encoding);
    }
    hold(() => push(chunk, encoding));
    return false;
  };
  for (const way of ['_write', '_writev', '_final'] as const) {
    const send = socket[way]?.bind(socket) as ((...sent: unknown[]) => void) | undefined;
    if (!send) continue;
    socket[way] = (...sent: unknown[]) => {
      if (clear()) {
        moved?.();
        send(...sent);
      } else hold(() => send(...sent));
    };
  }
  socket.once('close', () => {
    timer?.cancel();
    waiting.length = 0;
  });
}
