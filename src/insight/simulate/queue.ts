/**
 * One second of one machine's queue. Requests come at random (Poisson) and are worked on by `servers` at once.
 *
 * Approximations: the mean queue of M/M/c is Sakasegawa's (1977), which holds for shares of a server, too, and of M/G/c
 * Kimura's (1986) between that and M/D/c; towards it a queue grows as a random walk does (with the square root of time) and
 * from above it drains at the rate that is left. Those that wait do so as a Weibull distribution has it, with the spread of
 * `waitSpread`. Within the second nothing else is distinguished. `requests.ts` is what it is compared with, request by request.
 */
import type { AppModel } from './app-model.ts';
import { logNormalShares, type Share, weibullShares } from './shares.ts';

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
  /** How their waits vary: squared standard deviation by squared mean. */
  readonly waitSpread: number;
  /** How many of them had to wait, in [0, 1]. */
  readonly waiting: number;
  /** There is more than chance alone would make: all wait for what came before them. */
  readonly backlog: boolean;
  /** Of the servers, in [0, 1]. */
  readonly busy: number;
}

/**
 * @param arrivals how many came
 * @param queue waiting at the beginning of the second
 * @param rate how many were to be expected: the formulas reckon with chance already
 */
export function queueSecond(machine: MachineCapacity, arrivals: number, queue: number, rate = arrivals): QueueSecond {
  const { servers, perSecond, variation, longestQueue } = machine;
  const load = rate / perSecond;
  // Of arrivals (1, as they are Poisson's) and of service, in squares.
  const variability = 1 + variation * variation;
  const exponent = Math.sqrt(2 * (servers + 1));
  const steady =
    load < 1 ? (load ** exponent / (1 - load)) * serviceFactor(servers, load, variation) : Number.POSITIVE_INFINITY;
  const walked = Math.sqrt(queue * queue + (2 / Math.PI) * Math.min(rate, perSecond) * variability);
  // Where there is too much, what came is all that counts: the machine does what it can.
  const beyond = queue + (load < 1 && queue <= steady ? rate : arrivals) - perSecond;
  const expected =
    queue > steady
      ? Math.max(steady, beyond)
      : Math.min(steady, Math.max(beyond, load > 0 ? Math.min(walked, steady) : 0));
  const next = Math.min(expected, queue + arrivals);
  const kept = Math.min(next, longestQueue);
  const timedOut = next - kept;
  const served = Math.max(0, arrivals + queue - next);
  const mean = (queue + kept) / 2;
  const backlog = mean > steady || load >= 1;
  const waiting = backlog ? 1 : Math.min(1, load ** (exponent - 1));
  const wait = backlog ? mean / perSecond : rate > 0 ? mean / rate : 0;
  return {
    queue: kept,
    served,
    timedOut,
    waitSeconds: waiting > 0 ? wait / waiting : 0,
    waitSpread: backlog ? 0 : waitSpread(servers, load, variation),
    waiting,
    backlog,
    busy: Math.min(1, served / perSecond),
  };
}

/**
 * The queue of M/G/c by that of M/M/c. Half of the squares' sum where there is one server, and less than it is for several
 * whose service varies much: a long request leaves the others to work on.
 * M/D/c by Cosmetatos (1976), M/G/c by Kimura, "A two-moment approximation for the mean waiting time in the GI/G/s queue" (1986).
 */
function serviceFactor(servers: number, load: number, variation: number): number {
  const square = variation * variation;
  const others = Math.max(0, servers - 1);
  const more = load > 0 ? ((1 - load) * others * (Math.sqrt(4 + 5 * servers) - 2)) / (16 * servers * load) : 0;
  const constantService = (1 + Math.min(0.24, more)) / 2;
  return (1 + square) / (2 * square + (1 - square) / constantService);
}

/**
 * Of those that wait. For one server it follows from the residual service of whoever is served, which counts for less the
 * more servers there are: by the root of their number, as runs request by request have it.
 */
function waitSpread(servers: number, load: number, variation: number): number {
  // Of a log-normal distribution's residual.
  const residual = (4 / 3) * (1 + variation * variation) - 1;
  return load + (1 - load) * (1 + (residual - 1) / Math.sqrt(Math.max(1, servers)));
}

/** Service times of shares of the requests, in seconds: log-normal with the machine's mean and variation. */
export function serviceShares({ serviceSeconds, variation }: MachineCapacity): readonly Share[] {
  return logNormalShares(serviceSeconds, variation);
}

const same: readonly Share[] = [{ part: 1, value: 1 }];
/** Of the requests: fewer are none. */
const leastWaiting = 1e-6;

/** Calls back with response times and how many requests took them. */
export function responses(
  shares: readonly Share[],
  { waiting, waitSeconds, waitSpread, backlog }: QueueSecond,
  requests: number,
  each: (seconds: number, requests: number) => void,
): void {
  if (requests <= 0) return;
  const some = waiting < leastWaiting ? 0 : waiting;
  const waits = backlog ? same : weibullShares(waitSpread);
  for (const service of shares) {
    const mine = requests * service.part;
    if (some < 1) each(service.value, mine * (1 - some));
    if (some === 0) continue;
    for (const wait of waits) each(service.value + wait.value * waitSeconds, mine * some * wait.part);
  }
}
