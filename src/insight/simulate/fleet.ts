/**
 * The simulated machines: what each is given to do in a second, what waits at it, and what it has used so far. Machines
 * that are given the same and have as much waiting are one cohort: a second costs as much for a thousand as for one.
 */
import type { Machine, MachineSpec, MachineUsage } from '../../region/machines/machine.ts';
import { instanceTypeSize, type SimulatedMachines } from '../../region/simulated-region.ts';
import type { AppModel } from './app-model.ts';
import { type MachineCapacity, machineCapacity, type QueueSecond, queueSecond } from './queue.ts';

/** What a machine has done, since it began to answer or since its cohort was made. */
interface Work {
  cpuSeconds: number;
  networkInBytes: number;
  networkOutBytes: number;
}

interface Worker extends Work {
  readonly capacity: MachineCapacity;
  readonly vcpus: number;
  readonly memoryBytes: number;
  queue: number;
  cohort: Cohort | undefined;
}

const mebibyte = 1024 * 1024;

export class Cohort implements Work {
  readonly capacity: MachineCapacity;
  readonly size: number;
  queue: number;
  inFlight = 0;
  cpuSeconds = 0;
  networkInBytes = 0;
  networkOutBytes = 0;
  readonly #app: AppModel;

  constructor(app: AppModel, capacity: MachineCapacity, queue: number, size: number) {
    this.#app = app;
    this.capacity = capacity;
    this.queue = queue;
    this.size = size;
  }

  /** Gives each of the machines its requests of a second, of which `rate` were to be expected. */
  work(arrivals: number, rate: number): QueueSecond {
    const second = queueSecond(this.capacity, arrivals, this.queue, rate);
    const { cpuMs, requestBytes, responseBytes } = this.#app;
    this.queue = second.queue;
    this.inFlight = second.queue + second.busy * this.capacity.servers;
    this.cpuSeconds += (second.served * cpuMs) / 1000;
    this.networkInBytes += arrivals * requestBytes;
    this.networkOutBytes += second.served * responseBytes;
    return second;
  }
}

/** Machines that get the same, as they are now. */
export interface Grouped {
  cohorts: readonly Cohort[];
  /** How many of them do not answer. */
  missing: number;
  /** What waited at those that died since they were asked for last. */
  lost: number;
}

export class Fleet implements SimulatedMachines {
  readonly #app: AppModel;
  readonly #workers = new Map<string, Worker>();
  /** Requests that waited, by machines that answer no more. */
  readonly #lost = new Map<string, number>();
  readonly #capacities = new Map<string, MachineCapacity>();
  /** Moves when a machine begins or ceases to answer: cohorts are to be made anew. */
  epoch = 0;

  constructor(app: AppModel) {
    this.#app = app;
  }

  /** Machines whose app answers. */
  get size(): number {
    return this.#workers.size;
  }

  bootMs(): number {
    return this.#app.bootSeconds * 1000;
  }

  answers(instanceId: string): boolean {
    return this.#workers.has(instanceId);
  }

  /** Requests that have been sent to machines and not answered yet. */
  get waiting(): number {
    let sum = 0;
    for (const { queue, cohort } of this.#workers.values()) sum += cohort?.queue ?? queue;
    for (const queue of this.#lost.values()) sum += queue;
    return sum;
  }

  serving({ spec }: Machine, serves: boolean): void {
    this.epoch++;
    if (!serves) {
      this.#end(spec.instanceId);
      return;
    }
    const size = instanceTypeSize(spec.instanceType);
    // EC2 launches none that it does not know the size of.
    if (!size) throw new Error(`the size of ${spec.instanceType} is not known`);
    this.#workers.set(spec.instanceId, {
      capacity: this.#capacityOf(spec.instanceType, size.vcpus),
      vcpus: size.vcpus,
      memoryBytes: size.memoryMiB * mebibyte,
      queue: 0,
      cohort: undefined,
      cpuSeconds: 0,
      networkInBytes: 0,
      networkOutBytes: 0,
    });
  }

  #end(instanceId: string): void {
    const worker = this.#workers.get(instanceId);
    if (!worker) return;
    leave(worker);
    if (worker.queue > 0) this.#lost.set(instanceId, (this.#lost.get(instanceId) ?? 0) + worker.queue);
    this.#workers.delete(instanceId);
  }

  usage({ instanceId }: MachineSpec): MachineUsage {
    const worker = this.#workers.get(instanceId);
    if (!worker) return { cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 };
    const { memoryMiB, memoryPerRequestMiB } = this.#app;
    const { cohort } = worker;
    const memory = (memoryMiB + memoryPerRequestMiB * (cohort?.inFlight ?? 0)) * mebibyte;
    return {
      cpuSeconds: worker.cpuSeconds + (cohort?.cpuSeconds ?? 0),
      networkInBytes: worker.networkInBytes + (cohort?.networkInBytes ?? 0),
      networkOutBytes: worker.networkOutBytes + (cohort?.networkOutBytes ?? 0),
      memoryBytes: Math.min(worker.memoryBytes, memory),
    };
  }

  /** Puts machines that get the same into cohorts, by what waits at them. */
  group(instanceIds: readonly string[]): Grouped {
    const alike = new Map<MachineCapacity, Map<number, Worker[]>>();
    let missing = 0;
    let lost = 0;
    for (const id of instanceIds) {
      lost += this.#lost.get(id) ?? 0;
      this.#lost.delete(id);
      const worker = this.#workers.get(id);
      if (!worker) {
        missing++;
        continue;
      }
      leave(worker);
      const byQueue = alike.get(worker.capacity) ?? new Map<number, Worker[]>();
      alike.set(worker.capacity, byQueue);
      // Less than a millionth of a request makes no difference.
      const queue = Math.round(worker.queue * 1e6);
      const others = byQueue.get(queue);
      if (others) others.push(worker);
      else byQueue.set(queue, [worker]);
    }
    const cohorts = [...alike].flatMap(([capacity, byQueue]) =>
      [...byQueue.values()].map((workers) => {
        const cohort = new Cohort(this.#app, capacity, workers[0]?.queue ?? 0, workers.length);
        for (const worker of workers) worker.cohort = cohort;
        return cohort;
      }),
    );
    return { cohorts, missing, lost };
  }

  /** Of all machines whose app answers. */
  get processors(): number {
    let sum = 0;
    for (const { vcpus } of this.#workers.values()) sum += vcpus;
    return sum;
  }

  #capacityOf(instanceType: string, vcpus: number): MachineCapacity {
    let found = this.#capacities.get(instanceType);
    if (!found) {
      found = machineCapacity(this.#app, vcpus);
      this.#capacities.set(instanceType, found);
    }
    return found;
  }
}

/** Takes over what the cohort did. */
function leave(worker: Worker): void {
  const { cohort } = worker;
  if (!cohort) return;
  worker.queue = cohort.queue;
  worker.cpuSeconds += cohort.cpuSeconds;
  worker.networkInBytes += cohort.networkInBytes;
  worker.networkOutBytes += cohort.networkOutBytes;
  worker.cohort = undefined;
}
