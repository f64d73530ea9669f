/** A machine's queue by the formulas of `queue.ts` and request by request, side by side. */
import { seededRandom } from '../../region/clock/random.ts';
import { type MachineCapacity, queueSecond, responses, serviceShares } from './queue.ts';
import { poisson, serveRequests } from './requests.ts';

interface QueueFigures {
  /** In seconds. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Of the servers' time. */
  readonly busy: number;
  readonly timedOut: number;
}

export interface QueueRun {
  /** Requests per second. */
  readonly rate: (second: number) => number;
  readonly seconds: number;
  /** What came before is not told of. */
  readonly from: number;
}

/** With as many requests in each second as chance has of the rate, as a simulation sends them. */
export function byFormulas(capacity: MachineCapacity, { rate, seconds, from }: QueueRun, seed: number): QueueFigures {
  const random = seededRandom(seed);
  const shares = serviceShares(capacity);
  const found: [number, number][] = [];
  let [queue, busy, timedOut] = [0, 0, 0];
  for (let second = 0; second < seconds; second++) {
    const arrivals = poisson(rate(second), random);
    const now = queueSecond(capacity, arrivals, queue, rate(second));
    queue = now.queue;
    if (second < from) continue;
    busy += now.busy / (seconds - from);
    timedOut += now.timedOut;
    responses(shares, now, arrivals - now.timedOut, (time, requests) => found.push([time, requests]));
  }
  found.sort(([a], [b]) => a - b);
  const total = found.reduce((sum, [, requests]) => sum + requests, 0);
  const quantile = (p: number) => {
    let left = p * total;
    for (const [time, requests] of found) {
      left -= requests;
      if (left <= 0) return time;
    }
    return found.at(-1)?.[0] ?? 0;
  };
  const mean = found.reduce((sum, [time, requests]) => sum + time * requests, 0) / total;
  return { mean, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), busy, timedOut };
}

export function byRequests(capacity: MachineCapacity, { rate, seconds, from }: QueueRun, seed: number): QueueFigures {
  const { responses: times, timedOut, busy } = serveRequests(capacity, rate, seconds, seededRandom(seed), from);
  const at = (p: number) => times[Math.floor(p * times.length)] ?? 0;
  const mean = times.reduce((sum, one) => sum + one, 0) / times.length;
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), busy, timedOut };
}
