/** The simulated machines: what each is given to do in a second, what waits at it, and what it has used so far. */

import { instanceTypeSize } from '../../region/machines/instance-types.ts';
import type { Machine, MachineSpec, MachineUsage } from '../../region/machines/machine.ts';
import type { SimulatedMachines } from '../../region/simulated-region.ts';
import type { AppModel } from './app-model.ts';
import { type MachineCapacity, machineCapacity, type QueueSecond, queueSecond } from './queue.ts';

interface Worker {
  readonly capacity: MachineCapacity;
  readonly vcpus: number;
  readonly memoryTotal: number;
  queue: number;
  /** Since it began to answer. */
  cpuSeconds: number;
  networkInBytes: number;
  networkOutBytes: number;
  inFlight: number;
}

const mebibyte = 1024 * 1024;

export class Fleet implements SimulatedMachines {
  readonly #app: AppModel;
  readonly #workers = new Map<string, Worker>();
  #cpuSeconds = 0;
  readonly #capacities = new Map<string, MachineCapacity>();
  /** Of instances that are not modelled by size. */
  readonly unknownTypes = new Set<string>();

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

  serving({ spec }: Machine, serves: boolean): void {
    if (!serves) {
      this.#workers.delete(spec.instanceId);
      return;
    }
    this.#workers.set(spec.instanceId, {
      capacity: this.#capacityOf(spec),
      vcpus: instanceTypeSize(spec.instanceType)?.vcpus ?? 2,
      memoryTotal: (instanceTypeSize(spec.instanceType)?.memoryMiB ?? 2_048) * mebibyte,
      queue: 0,
      cpuSeconds: 0,
      networkInBytes: 0,
      networkOutBytes: 0,
      inFlight: 0,
    });
  }

  usage({ instanceId }: MachineSpec): MachineUsage {
    const worker = this.#workers.get(instanceId);
    if (!worker) return { cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 };
    const { memoryMiB, memoryPerRequestMiB } = this.#app;
    const memory = (memoryMiB + memoryPerRequestMiB * worker.inFlight) * mebibyte;
    const { cpuSeconds, networkInBytes, networkOutBytes } = worker;
    return { cpuSeconds, networkInBytes, networkOutBytes, memoryBytes: Math.min(worker.memoryTotal, memory) };
  }

  /** Gives a machine its requests of a second. Undefined when its app does not answer. */
  work(instanceId: string, arrivals: number): QueueSecond | undefined {
    const worker = this.#workers.get(instanceId);
    if (!worker) return undefined;
    const second = this.#second(worker.capacity, arrivals, worker.queue);
    worker.queue = second.queue;
    worker.inFlight = second.queue + second.busy * worker.capacity.servers;
    const cpuSeconds = (second.served * this.#app.cpuMs) / 1000;
    worker.cpuSeconds += cpuSeconds;
    this.#cpuSeconds += cpuSeconds;
    worker.networkInBytes += arrivals * this.#app.requestBytes;
    worker.networkOutBytes += second.served * this.#app.responseBytes;
    return second;
  }

  /** What all machines computed since the last time, in the processors' seconds, and how many could have been. */
  takeProcessorSeconds(seconds: number): { readonly used: number; readonly possible: number } {
    let possible = 0;
    for (const { vcpus } of this.#workers.values()) possible += vcpus * seconds;
    const used = this.#cpuSeconds;
    this.#cpuSeconds = 0;
    return { used, possible };
  }

  /** Of a machine; undefined when its app does not answer. */
  capacity(instanceId: string): MachineCapacity | undefined {
    return this.#workers.get(instanceId)?.capacity;
  }

  #last: { capacity: MachineCapacity; arrivals: number; queue: number; second: QueueSecond } | undefined;

  /** Machines that are given the same do the same: most often the one before was just like it. */
  #second(capacity: MachineCapacity, arrivals: number, queue: number): QueueSecond {
    const last = this.#last;
    if (last && last.capacity === capacity && last.arrivals === arrivals && last.queue === queue) return last.second;
    const second = queueSecond(capacity, arrivals, queue);
    this.#last = { capacity, arrivals, queue, second };
    return second;
  }

  #capacityOf({ instanceType }: MachineSpec): MachineCapacity {
    let found = this.#capacities.get(instanceType);
    if (!found) {
      const size = instanceTypeSize(instanceType);
      if (!size) this.unknownTypes.add(instanceType);
      found = machineCapacity(this.#app, size?.vcpus ?? 2);
      this.#capacities.set(instanceType, found);
    }
    return found;
  }
}
