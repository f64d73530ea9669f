/**
 * An open connection in a network that changes: what the network no longer lets through waits, as TCP sends a lost packet
 * again, later and later, and gives up in the end. Neither side is told anything meanwhile. What it slows down is under
 * way for that long.
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock/clock.ts';
import { delayLine } from './delay-line.ts';

// Linux: the first retry, the longest wait between two, and `tcp_retries2`.
const firstRetryMs = 200;
const longestRetryMs = 120_000;
const mostRetries = 15;

/** What the network does to a connection: brought up to date for each chunk, which is cheap. */
export interface Present {
  look(): void;
  readonly passes: boolean;
  /** One way, in model ms. */
  readonly delayMs: number;
}

type Done = (error?: Error | null) => void;

/**
 * Makes what is written to the socket, and what is read from it, pass only while the network lets it.
 * @param moved told of each chunk that passes: cheap
 */
export function obeyNetwork(socket: Duplex, clock: Clock, network: Present, moved: (() => void) | undefined): void {
  /** What was sent and did not pass, in order. A side that waits is sent nothing more, so these are few. */
  const waiting: (() => void)[] = [];
  let retries = 0;
  let timer: Timer | undefined;

  const passes = () => {
    network.look();
    return network.passes;
  };
  /** After a look. */
  const clear = () => waiting.length === 0 && network.passes;

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

  function pass(step: () => void): void {
    network.look();
    if (!clear()) {
      hold(step);
      return;
    }
    moved?.();
    step();
  }

  const [outward, inward] = [delayLine(clock), delayLine(clock)];

  const push = socket.push.bind(socket);
  const read = socket._read.bind(socket);
  /** What arrived last filled the reader's buffer: it is taken when more is asked for. */
  let unread: (() => void) | undefined;
  socket._read = (size) => {
    const taken = unread;
    unread = undefined;
    taken?.();
    read(size);
  };
  const goOn = () => {
    if (!socket.destroyed) read(0);
  };
  socket.push = (chunk, encoding) => {
    network.look();
    const slowMs = network.delayMs;
    if (slowMs === 0 && inward.empty) {
      if (clear()) {
        moved?.();
        return push(chunk, encoding);
      }
      hold(() => push(chunk, encoding));
      return false;
    }
    const arrive = (taken: () => void) => () => {
      if (push(chunk, encoding) || chunk === null) taken();
      else unread = taken;
    };
    inward.put(bytesOf(chunk), slowMs, (taken) => pass(arrive(taken)));
    if (inward.full) return false;
    // Nobody has what is on its way yet: the side that sends it goes on meanwhile.
    if (chunk !== null) queueMicrotask(goOn);
    return true;
  };

  /** The writer goes on at once, as long as not too much is under way; a failure is seen on the socket. */
  function sendSlowly(bytes: number, slowMs: number, send: (sent: Done) => void, done: Done): void {
    const arrive = (taken: () => void) => () => send((error) => (error ? socket.destroy(error) : taken()));
    outward.put(bytes, slowMs, (taken) => pass(arrive(taken)));
    if (outward.full) outward.whenRoom(done);
    else done();
  }

  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) => {
    network.look();
    const slowMs = network.delayMs;
    if (slowMs > 0 || !outward.empty) {
      sendSlowly(bytesOf(chunk), slowMs, (sent) => write(chunk, encoding, sent), done);
    } else if (clear()) {
      moved?.();
      write(chunk, encoding, done);
    } else hold(() => write(chunk, encoding, done));
  };
  const writev = socket._writev?.bind(socket);
  if (writev) {
    socket._writev = (chunks, done) => {
      network.look();
      const slowMs = network.delayMs;
      if (slowMs > 0 || !outward.empty) {
        const bytes = chunks.reduce((sum, { chunk }) => sum + bytesOf(chunk), 0);
        sendSlowly(bytes, slowMs, (sent) => writev(chunks, sent), done);
      } else if (clear()) {
        moved?.();
        writev(chunks, done);
      } else hold(() => writev(chunks, done));
    };
  }
  const final = socket._final?.bind(socket);
  if (final) {
    socket._final = (done) => {
      network.look();
      const slowMs = network.delayMs;
      // It has ended when it has ended there.
      if (slowMs > 0 || !outward.empty) outward.put(0, slowMs, () => pass(() => final(done)));
      else pass(() => final(done));
    };
  }

  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    // A reset is a packet as well: where none pass, the side that it is for does not learn of it.
    if (isReset(error) && !passes()) {
      hold(() => destroy(error));
      return socket;
    }
    return destroy(error);
  };

  socket.once('close', () => {
    timer?.cancel();
    waiting.length = 0;
    outward.close();
    inward.close();
  });
}

function bytesOf(chunk: { readonly length?: number } | null): number {
  return chunk?.length ?? 0;
}

function isReset(error: Error | undefined): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE';
}
