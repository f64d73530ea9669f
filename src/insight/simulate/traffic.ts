/** A second's requests on their way: to the balancer's routes, to machines, and into its metrics once a minute. */
import type { Random } from '../../region/clock/random.ts';
import type { SimulatedRegion } from '../../region/simulated-region.ts';
import type { AppModel } from './app-model.ts';
import type { Fleet, Grouped } from './fleet.ts';
import { Outcome } from './outcome.ts';
import { type MachineCapacity, responses, serviceShares } from './queue.ts';
import { poisson } from './requests.ts';
import type { Share } from './shares.ts';

/** Response times that are a fiftieth apart are one for CloudWatch: most of a simulated minute's work is to count them. */
const countedTogether = 4;

type Route = ReturnType<SimulatedRegion['routes']>[number];

/**
 * Routes with the same choices: their machines get the requests of all of them. Choices that overlap without being the
 * same are worked on as if each had machines of its own: nodes differ so only where faults cut one off.
 */
interface Lane extends Grouped {
  readonly routes: readonly Route[];
  /** The machines to choose from. */
  readonly ids: readonly string[];
  /** Of the requests; none any more where its routes have changed and it only answers what waits. */
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
  readonly #shares = new Map<MachineCapacity, readonly Share[]>();
  #processorSeconds = 0;
  #routes: readonly Route[] | undefined;
  #epoch = -1;
  #lanes: Lane[] = [];
  /** Of routes that have changed since: not counted yet, or with machines that still answer what waits there. */
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

  /** Takes up what has changed of the routes and of who answers. */
  #follow(): void {
    const now = this.#simulated.routes();
    if (now !== this.#routes) {
      this.#routes = now;
      const before = [...this.#former, ...this.#lanes];
      this.#lanes = this.#lanesOf(this.routes());
      const chosen = new Set(this.#lanes.flatMap(({ ids }) => ids));
      this.#former = before.map((lane) => {
        const ids = lane.ids.filter((id) => !chosen.has(id));
        return { ...lane, ...this.#fleet.group(ids), ids, share: 0 };
      });
    } else if (this.#fleet.epoch !== this.#epoch) {
      for (const lane of [...this.#lanes, ...this.#former]) Object.assign(lane, this.#fleet.group(lane.ids));
    }
    this.#epoch = this.#fleet.epoch;
  }

  #lanesOf(routes: readonly Route[]): Lane[] {
    const found = new Map<string, Route[]>();
    for (const route of routes) {
      const key = route.choices.map(({ id }) => id).join(' ');
      found.set(key, [...(found.get(key) ?? []), route]);
    }
    return [...found.values()].map((alike) => {
      const ids = alike[0]?.choices.map(({ id }) => id) ?? [];
      return { routes: alike, ids, share: sharesOf(alike), counts: new Outcome(), ...this.#fleet.group(ids) };
    });
  }

  /**
   * Sends a second's requests, as many as chance has of this rate; what became of them, and of those that waited, is added to
   * `outcome`.
   */
  send(rate: number, outcome: Outcome): void {
    const requests = poisson(rate, this.#random);
    outcome.sent += requests;
    this.#follow();
    if (this.#lanes.length === 0) outcome.fail(503, requests);
    for (const lane of this.#lanes) this.#onLane(lane, requests * lane.share, rate * lane.share, outcome);
    for (const lane of this.#former) this.#onLane(lane, 0, 0, outcome);
  }

  #onLane(lane: Lane, requests: number, rate: number, outcome: Outcome): void {
    const { counts, ids, cohorts, missing } = lane;
    const fail = (status: number, some: number) => {
      outcome.fail(status, some);
      counts.fail(status, some);
    };
    // The connections of what waited at a machine that died are closed.
    fail(502, lane.lost);
    lane.lost = 0;
    if (ids.length === 0) {
      fail(503, requests);
      return;
    }
    const each = requests / ids.length;
    // Nobody listens there: the balancer is refused the connection.
    fail(502, each * missing);
    for (const cohort of cohorts) {
      const second = cohort.work(each, rate / ids.length);
      const answered = second.served * cohort.size;
      this.#processorSeconds += (answered * this.#app.cpuMs) / 1000;
      fail(504, second.timedOut * cohort.size);
      outcome.answered += answered;
      outcome.waited += second.queue * cohort.size;
      counts.answered += answered;
      responses(this.#serviceOf(cohort.capacity), second, answered, (seconds, some) => {
        outcome.times.add(seconds, some);
        counts.times.add(seconds, some);
      });
    }
  }

  /** What all machines computed since it was last asked. */
  takeProcessorSeconds(): number {
    const used = this.#processorSeconds;
    this.#processorSeconds = 0;
    return used;
  }

  #serviceOf(capacity: MachineCapacity): readonly Share[] {
    let found = this.#shares.get(capacity);
    if (!found) {
      found = serviceShares(capacity);
      this.#shares.set(capacity, found);
    }
    return found;
  }

  /** Counts for CloudWatch what happened since the last time, as the balancer does at each minute's end. */
  count(): void {
    for (const lane of [...this.#former, ...this.#lanes]) this.#countLane(lane);
    this.#former = this.#former.filter(({ cohorts, lost }) => lost > 0 || cohorts.some(({ queue }) => queue > 1e-6));
    // Queues that were apart may have come to the same.
    for (const lane of this.#lanes) if (lane.cohorts.length > 1) Object.assign(lane, this.#fleet.group(lane.ids));
  }

  #countLane({ routes, counts }: Lane): void {
    const { requestBytes: bytesIn, responseBytes: bytesOut } = this.#app;
    const times = [...counts.times.entries(countedTogether)];
    const all = sharesOf(routes);
    for (const route of routes) {
      const part = route.share / all;
      const responses = times.map(([seconds, requests]) => [seconds, requests * part] as const);
      const requests = counts.answered * part;
      this.#simulated.count(route, { requests, status: 200, responses, bytesIn, bytesOut });
      for (const [status, failed] of counts.failed) {
        this.#simulated.count(route, { requests: failed * part, status, responses: [], bytesIn, bytesOut: 0 });
      }
    }
    counts.clear();
  }
}

function sharesOf(routes: readonly Route[]): number {
  return routes.reduce((sum, { share }) => sum + share, 0);
}
