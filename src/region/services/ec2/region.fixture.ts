/** A region with EC2 in this process, on a virtual clock, with machines that do nothing but keep the contract's states. */
import { VirtualClock } from '../../clock/clock.ts';
import type { Machine, MachineSpec, MachineState, Machines } from '../../machines/machine.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import type { Authoriser } from '../dispatcher.ts';
import type { Caller, Service } from '../service.ts';
import { allowAll, root, testServices } from '../testing.ts';
import { ec2 } from './index.ts';

export { faultOf, root } from '../testing.ts';

interface StillMachine extends Machine {
  died: boolean;
}

/** Boots, stops and ends at once, but tells so a turn later, as a process would. */
interface StillMachines extends Machines {
  readonly launched: MachineSpec[];
  /** Zones that start none. */
  readonly full: Set<string>;
  machine(id: string): StillMachine;
}

function stillMachines(): StillMachines {
  const machines = new Map<string, StillMachine>();
  const watchers = new Set<(machine: Machine) => void>();
  const launched: MachineSpec[] = [];
  const full = new Set<string>();
  const get = (id: string) => {
    const found = machines.get(id);
    if (!found) throw new Error(`no machine ${id}`);
    return found;
  };
  return {
    launched,
    full,
    hasCapacity: (zone) => !full.has(zone),
    machine: get,
    launch(spec) {
      launched.push(spec);
      let state: MachineState = 'pending';
      const turn = async (...states: MachineState[]) => {
        for (const next of states) {
          await Promise.resolve();
          state = next;
          for (const tell of [...watchers]) tell(machine);
        }
      };
      const machine: StillMachine = {
        spec,
        died: false,
        get state() {
          return state;
        },
        get impaired() {
          return machine.died;
        },
        boot: { status: 'succeeded' },
        usage: () => ({ cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 }),
        consoleOutput: () => `console of ${spec.instanceId}\n`,
        reboot: async () => {},
        stop: () => turn('stopping', 'stopped'),
        start: () => turn('pending', 'running'),
        terminate: () => turn('shutting-down', 'terminated'),
        kill() {
          machine.died = true;
        },
      };
      machines.set(spec.instanceId, machine);
      void turn('running');
      return machine;
    },
    get: (id) => machines.get(id),
    list: () => [...machines.values()],
    onChange(tell) {
      watchers.add(tell);
      return () => void watchers.delete(tell);
    },
    close: async () => machines.clear(),
  };
}

export function ec2Region(
  options: {
    store?: Store;
    seed?: number;
    services?: readonly Service[];
    authorise?: Authoriser;
    startMs?: number;
  } = {},
) {
  const { store = memoryStore(), seed = 1, services = [], authorise = allowAll, startMs } = options;
  const machines = stillMachines();
  const parts = testServices({
    services: [ec2, ...services],
    store,
    clock: new VirtualClock(startMs),
    seed,
    authorise,
    machines: () => machines,
  });
  const { dispatcher, scope } = parts;
  /** As a client outside would call it: nothing internal is allowed. */
  const call = async <O = Record<string, unknown>>(operation: string, input: object = {}): Promise<O> =>
    (await dispatcher.call({
      region: 'us-east-1',
      service: 'ec2',
      operation,
      input,
      caller: root,
      requestId: 'r',
      via: { sourceIp: '203.0.113.1', secure: false },
    })) as O;
  /** As CloudFormation or another service inside would. */
  const inside = <O = Record<string, unknown>>(caller: Caller, operation: string, input: object = {}) =>
    scope.invoke<O>(caller, 'ec2', operation, input);
  return { ...parts, machines, call, inside };
}
