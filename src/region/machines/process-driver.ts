/**
 * The default machine driver: a process per instance's service, no root and no container. Each instance has its own
 * folder, loopback servers (metadata, AWS endpoint, network link) and environment; what its processes send is asked of
 * the network.
 */
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { realClock } from '../clock/clock.ts';
import type { Machine, MachineHost, Machines } from './machine.ts';
import { type ProcessMachine, processMachine } from './process-machine.ts';
import { supervisor } from './supervisor.ts';

/** Terminated instances whose console can still be read, as for an hour on EC2. */
const rememberedEnds = 200;
const instanceIdForm = /^i-[0-9a-f]{8,17}$/;

export function processMachines(host: MachineHost): Machines {
  const machines = new Map<string, ProcessMachine>();
  const watchers = new Set<(machine: Machine) => void>();
  const watched = supervisor();
  const timers = realClock();
  let closed = false;
  mkdirSync(host.machinesDir, { recursive: true });

  function changed(machine: Machine): void {
    for (const tell of [...watchers]) tell(machine);
    if (machine.state !== 'terminated') return;
    const ends = [...machines.values()].filter((one) => one.state === 'terminated');
    for (const old of ends.slice(0, -rememberedEnds)) machines.delete(old.spec.instanceId);
  }

  return {
    launch(spec) {
      if (closed) throw new Error('the machines were closed');
      if (!instanceIdForm.test(spec.instanceId)) throw new RangeError(`${spec.instanceId} is not an instance id`);
      const before = machines.get(spec.instanceId);
      if (before) throw new Error(`${spec.instanceId} was launched already`);
      const machine = processMachine(host, spec, watched, timers, changed);
      machines.set(spec.instanceId, machine);
      return machine;
    },
    get: (instanceId) => machines.get(instanceId),
    async discard(instanceId) {
      if (!instanceIdForm.test(instanceId)) throw new RangeError(`${instanceId} is not an instance id`);
      const machine = machines.get(instanceId);
      if (machine) return await machine.terminate();
      await rm(join(host.machinesDir, instanceId), { recursive: true, force: true });
    },
    list: () => [...machines.values()],
    hasCapacity: (zone) => !host.zoneIsDown(zone),
    onChange(tell) {
      watchers.add(tell);
      return () => void watchers.delete(tell);
    },
    async close() {
      closed = true;
      watchers.clear();
      await Promise.all([...machines.values()].map((machine) => machine.close()));
      await watched.close();
      timers.stop();
    },
  };
}
