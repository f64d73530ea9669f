/** One machine's queue, request by request: what the formulas of `queue.ts` are compared with. */
import type { Random } from '../../region/clock/random.ts';
import type { MachineCapacity } from './queue.ts';

export interface Served {
  /** Of those that came in the measured seconds, ascending; in seconds. */
  readonly responses: readonly number[];
  readonly timedOut: number;
  /** Of the servers' time. */
  readonly busy: number;
}

/**
 * First come, first served. @param rate requests per second, at each second
 * @param fromSecond what came before is served, but not told of
 */
export function serveRequests(
  machine: MachineCapacity,
  rate: (second: number) => number,
  seconds: number,
  random: Random,
  fromSecond = 0,
): Served {
  const servers = Math.max(1, Math.round(machine.servers));
  // With a share of a server the machine is as fast as it is said to be.
  const mean = (machine.serviceSeconds * servers) / machine.servers;
  const freeAt = new Array<number>(servers).fill(0);
  const longestWait = machine.longestQueue / machine.perSecond;
  const sigma = Math.sqrt(Math.log(1 + machine.variation ** 2));
  const responses: number[] = [];
  let timedOut = 0;
  let busySeconds = 0;
  for (let second = 0; second < seconds; second++) {
    const perSecond = rate(second);
    let at = second + gap(perSecond, random);
    while (at < second + 1) {
      const told = second >= fromSecond;
      let first = 0;
      for (let n = 1; n < servers; n++) if ((freeAt[n] ?? 0) < (freeAt[first] ?? 0)) first = n;
      const begin = Math.max(at, freeAt[first] ?? 0);
      if (begin - at > longestWait) {
        if (told) timedOut++;
      } else {
        const service = mean * Math.exp(sigma * gaussian(random) - (sigma * sigma) / 2);
        freeAt[first] = begin + service;
        if (told) {
          responses.push(begin + service - at);
          busySeconds += service;
        }
      }
      at += gap(perSecond, random);
    }
  }
  responses.sort((a, b) => a - b);
  return { responses, timedOut, busy: busySeconds / servers / (seconds - fromSecond) };
}

function gap(perSecond: number, random: Random): number {
  return perSecond > 0 ? -Math.log(1 - random.next()) / perSecond : Number.POSITIVE_INFINITY;
}

/** Box and Muller. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** How many come in a second with this rate: by the normal approximation where there are many. */
export function poisson(rate: number, random: Random): number {
  if (rate <= 0) return 0;
  if (rate > 50) return Math.max(0, Math.round(rate + Math.sqrt(rate) * gaussian(random)));
  let left = random.next();
  let chance = Math.exp(-rate);
  let count = 0;
  while (left > chance && count < 1_000) {
    left -= chance;
    count++;
    chance *= rate / count;
  }
  return count;
}
