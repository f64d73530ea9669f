/**
 * One second of one machine's queue. Requests come at random (Poisson) and are worked on by `servers` at once.
 *
 * Approximations: the mean queue of G/G/c is Sakasegawa's (1977), which holds for shares of a server, too; towards it a queue
 * grows as a random walk does (with the square root of time) and from above it drains at the rate that is left. Within the
 * second nothing is distinguished. `requests.ts` is what it is compared with, request by request.
 */
import type { AppModel } from './app-model.ts';

/** What a machine of some size can do for the app. */
export interface MachineCapacity {
  /** Requests worked on at once; a share of one where the processor is what is short. */
  readonly servers: number;
  readonly serviceSeconds: number;
  readonly variation: number;
  /** Requests per second at most. */
  readonly perSecond: number;
  /** Longer queues are not waited for. */
  readonly longestQueue: number;
}

export function machineCapacity(app: AppModel, vcpus: number): MachineCapacity {
  const threads = Math.min(vcpus, app.cpuThreads ?? vcpus);
  const byProcessor = app.cpuMs > 0 ? (threads * app.serviceMs) / app.cpuMs : Number.POSITIVE_INFINITY;
  const servers = Math.min(app.concurrency, byProcessor);
  const serviceSeconds = app.serviceMs / 1000;
  const perSecond = servers / serviceSeconds;
  return {
    servers,
    serviceSeconds,
    variation: app.serviceVariation,
    perSecond,
    longestQueue: perSecond * Math.max(0, app.timeoutSeconds - serviceSeconds),
  };
}

export interface QueueSecond {
  /** Waiting at the end of the second, on average. */
  readonly queue: number;
  readonly served: number;
  /** Given up on for their wait. */
  readonly timedOut: number;
  /** Mean wait of those that came in the second and had to wait, in seconds. */
  readonly waitSeconds: number;
  /** How many of them had to wait, in [0, 1]. */
  readonly waiting: number;
  /** There is more than chance alone would make: all wait for what came before them. */
  readonly backlog: boolean;
  /** Of the servers, in [0, 1]. */
  readonly busy: number;
}

/** @param queue waiting at the beginning of the second */
export function queueSecond(machine: MachineCapacity, arrivals: number, queue: number): QueueSecond {
  const { servers, perSecond, variation, longestQueue } = machine;
  const load = arrivals / perSecond;
  // Of arrivals (1, as they are Poisson's) and of service, in squares.
  const variability = 1 + variation * variation;
  const exponent = Math.sqrt(2 * (servers + 1));
  const steady = load < 1 ? (load ** exponent / (1 - load)) * (variability / 2) : Number.POSITIVE_INFINITY;
  const walked = Math.sqrt(queue * queue + (2 / Math.PI) * Math.min(arrivals, perSecond) * variability);
  const next =
    queue > steady
      ? Math.max(steady, queue + arrivals - perSecond)
      : Math.min(steady, Math.max(queue + arrivals - perSecond, load > 0 ? Math.min(walked, steady) : 0));
  const kept = Math.min(next, longestQueue);
  const timedOut = next - kept;
  const served = Math.max(0, arrivals + queue - next);
  const mean = (queue + kept) / 2;
  const backlog = mean > steady || load >= 1;
  const waiting = backlog ? 1 : Math.min(1, load ** (exponent - 1));
  const wait = backlog ? mean / perSecond : arrivals > 0 ? mean / arrivals : 0;
  return {
    queue: kept,
    served,
    timedOut,
    waitSeconds: waiting > 0 ? wait / waiting : 0,
    waiting,
    backlog,
    busy: Math.min(1, served / perSecond),
  };
}

/** Middles of eight equal shares of a standard normal and of an exponential distribution. */
const normal = [-1.5341, -0.8871, -0.4888, -0.1573, 0.1573, 0.4888, 0.8871, 1.5341];
const exponential = [0.0645, 0.2076, 0.3747, 0.5754, 0.8267, 1.1632, 1.674, 2.7726];

/** Service times of equal shares of the requests, in seconds: log-normal with the machine's mean and variation. */
export function serviceShares({ serviceSeconds, variation }: MachineCapacity): readonly number[] {
  if (variation === 0) return [serviceSeconds];
  const sigma = Math.sqrt(Math.log(1 + variation * variation));
  const raw = normal.map((z) => Math.exp(sigma * z - (sigma * sigma) / 2));
  const mean = raw.reduce((sum, one) => sum + one, 0) / raw.length;
  // The middles of shares leave out the tail: the mean is kept by the last one.
  return raw.map((one, at) => (at === raw.length - 1 ? one + (1 - mean) * raw.length : one) * serviceSeconds);
}

/** Calls back with response times and how many requests took them. */
export function responses(
  shares: readonly number[],
  { waiting, waitSeconds, backlog }: QueueSecond,
  requests: number,
  each: (seconds: number, requests: number) => void,
): void {
  const without = (requests * (1 - waiting)) / shares.length;
  const waits = backlog ? [1] : exponential;
  const withWait = (requests * waiting) / shares.length / waits.length;
  for (const service of shares) {
    if (without > 0) each(service, without);
    if (withWait <= 0) continue;
    for (const wait of waits) each(service + wait * waitSeconds, withWait);
  }
}
