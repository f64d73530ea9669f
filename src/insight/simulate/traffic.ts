/** A second's requests on their way: to the balancer's routes, to machines, and into its metrics once a minute. */
import type { Random } from '../../region/clock/random.ts';
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { AppModel } from './app-model.ts';
import type { Cohort, Fleet } from './fleet.ts';
import { type MachineCapacity, responses, serviceShares } from './queue.ts';
import { gaussian } from './requests.ts';
import { ResponseTimes } from './response-times.ts';

type Route = ReturnType<SimulatedRegion['routes']>[number];

/** What became of the requests of a while. */
export class Outcome {
  sent = 0;
  answered = 0;
  /** By the balancer's status. */
  readonly failed = new Map<number, number>();
  readonly times = new ResponseTimes();

  get failures(): number {
    let sum = 0;
    for (const count of this.failed.values()) sum += count;
    return sum;
  }

  fail(status: number, requests: number): void {
    if (requests > 0) this.failed.set(status, (this.failed.get(status) ?? 0) + requests);
  }

  clear(): void {
    this.sent = 0;
    this.answered = 0;
    this.failed.clear();
    this.times.clear();
  }
}

/** Routes with the same choices: their machines get the requests of all of them. */
interface Lane {
  readonly routes: readonly Route[];
  /** How many machines there are to choose from. */
  readonly size: number;
  cohorts: readonly Cohort[];
  /** Machines that are given requests and do not answer. */
  missing: number;
  /** Of the requests. */
  readonly share: number;
  /** Since the last minute. */
  readonly counts: Outcome;
}

export class Traffic {
  readonly #simulated: SimulatedRegion;
  readonly #fleet: Fleet;
  readonly #app: AppModel;
  readonly #random: Random;
  readonly #balancer: string | undefined;
  readonly #shares = new Map<MachineCapacity, readonly number[]>();
  #processorSeconds = 0;
  #routes: readonly Route[] | undefined;
  #lanes: readonly Lane[] = [];
  /** Of routes that have changed since, not counted yet. */
  #former: Lane[] = [];

  /** @param balancer its name in the template; undefined: all of them */
  constructor(simulated: SimulatedRegion, fleet: Fleet, app: AppModel, random: Random, balancer?: string) {
    this.#simulated = simulated;
    this.#fleet = fleet;
    this.#app = app;
    this.#random = random;
    this.#balancer = balancer;
  }

  /** Of the balancers that the traffic is for. */
  routes(): readonly Route[] {
    const all = this.#simulated.routes();
    return this.#balancer === undefined ? all : all.filter(({ config }) => config.name === this.#balancer);
  }

  #follow(): readonly Lane[] {
    const now = this.#simulated.routes();
    if (now === this.#routes) return this.#lanes;
    this.#routes = now;
    this.#former.push(...this.#lanes);
    const found = new Map<string, Route[]>();
    for (const route of this.routes()) {
      const key = [route.group.arn, ...route.choices.map(({ id }) => id)].join(' ');
      found.set(key, [...(found.get(key) ?? []), route]);
    }
    this.#lanes = [...found.values()].map((routes) => {
      const choices = routes[0]?.choices ?? [];
      return {
        routes,
        size: choices.length,
        share: routes.reduce((sum, { share }) => sum + share, 0),
        counts: new Outcome(),
        ...this.#cohortsOf(routes),
      };
    });
    return this.#lanes;
  }

  #cohortsOf([route]: readonly Route[]) {
    return this.#fleet.cohorts(route?.choices.map(({ id }) => id) ?? []);
  }

  /** How many requests of a second with this rate come: Poisson's, by its normal approximation where there are many. */
  arrivals(rate: number): number {
    if (rate <= 0) return 0;
    if (rate > 50) return Math.max(0, Math.round(rate + Math.sqrt(rate) * gaussian(this.#random)));
    let left = this.#random.next();
    let chance = Math.exp(-rate);
    let count = 0;
    while (left > chance && count < 1_000) {
      left -= chance;
      count++;
      chance *= rate / count;
    }
    return count;
  }

  /** Sends a second's requests; what became of them is added to `outcome`. */
  send(requests: number, outcome: Outcome): void {
    outcome.sent += requests;
    const lanes = this.#follow();
    if (lanes.length === 0) outcome.fail(503, requests);
    for (const lane of lanes) this.#onLane(lane, requests * lane.share, outcome, lane.counts);
  }

  #onLane({ size, cohorts, missing }: Lane, requests: number, ...outcomes: readonly Outcome[]): void {
    if (size === 0) {
      for (const outcome of outcomes) outcome.fail(503, requests);
      return;
    }
    const each = requests / size;
    // Nobody listens there: the balancer, which fails open, is refused the connection.
    for (const outcome of outcomes) outcome.fail(502, each * missing);
    for (const cohort of cohorts) {
      const second = cohort.work(each);
      const answered = Math.max(0, each - second.timedOut) * cohort.size;
      this.#processorSeconds += (second.served * cohort.size * this.#app.cpuMs) / 1000;
      const shares = this.#sharesOf(cohort.capacity);
      for (const outcome of outcomes) {
        outcome.answered += answered;
        outcome.fail(504, second.timedOut * cohort.size);
        responses(shares, second, answered, (seconds, count) => outcome.times.add(seconds, count));
      }
    }
  }

  /** What all machines computed since it was last asked. */
  takeProcessorSeconds(): number {
    const used = this.#processorSeconds;
    this.#processorSeconds = 0;
    return used;
  }

  #sharesOf(capacity: MachineCapacity): readonly number[] {
    let found = this.#shares.get(capacity);
    if (!found) {
      found = serviceShares(capacity);
      this.#shares.set(capacity, found);
    }
    return found;
  }

  /** Counts for CloudWatch what happened since the last time, as the balancer does at each minute's end. */
  count(): void {
    const { requestBytes: bytesIn, responseBytes: bytesOut } = this.#app;
    for (const { routes, share, counts } of [...this.#former, ...this.#lanes]) {
      const times = [...counts.times.entries()];
      for (const route of routes) {
        const part = share > 0 ? route.share / share : 0;
        const responses = times.map(([seconds, requests]) => [seconds, requests * part] as const);
        const requests = counts.answered * part;
        this.#simulated.count(route, { requests, status: 200, responses, bytesIn, bytesOut });
        for (const [status, failed] of counts.failed) {
          this.#simulated.count(route, { requests: failed * part, status, responses: [], bytesIn, bytesOut: 0 });
        }
      }
      counts.clear();
    }
    this.#former = [];
    // Queues that were apart may have come to the same.
    for (const lane of this.#lanes) if (lane.cohorts.length > 1) Object.assign(lane, this.#cohortsOf(lane.routes));
  }
}
