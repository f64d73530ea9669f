/**
 * Instances that are arithmetic: they boot in a given time, signal as their user data says, and use what a model of the
 * app says that they use. Nothing is run and no port is opened.
 */
import type { Clock, Timer } from '../clock/clock.ts';
import { SignalUnheard } from './errors.ts';
import type { Machine, MachineHost, MachineSpec, MachineState, Machines, MachineUsage } from './machine.ts';

export interface MachineModel {
  /** From launch until the app answers and the boot has signalled; in model ms. */
  bootMs(spec: MachineSpec): number;
  /** Of a machine whose app answers; since it began to. */
  usage(spec: MachineSpec): MachineUsage;
  /** Its app answers from now on, or does not any more. */
  serving(machine: Machine, serves: boolean): void;
}

type Host = Pick<MachineHost, 'clock' | 'zoneIsDown' | 'signalResource' | 'signalImpossible' | 'note'>;

/** Terminated instances that can still be asked for. */
const rememberedEnds = 200;
const none: MachineUsage = { cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 };

export function modelledMachines(host: Host, model: MachineModel): Machines {
  const machines = new Map<string, ModelledMachine>();
  const ended: string[] = [];
  const watchers = new Set<(machine: Machine) => void>();

  function changed(machine: Machine): void {
    for (const tell of [...watchers]) tell(machine);
    if (machine.state !== 'terminated') return;
    ended.push(machine.spec.instanceId);
    if (ended.length > rememberedEnds) machines.delete(ended.shift() ?? '');
  }

  return {
    alike: true,
    launch(spec) {
      if (machines.has(spec.instanceId)) throw new Error(`${spec.instanceId} was launched already`);
      const machine = new ModelledMachine(host, model, spec, changed);
      machines.set(spec.instanceId, machine);
      return machine;
    },
    get: (instanceId) => machines.get(instanceId),
    list: () => [...machines.values()],
    hasCapacity: (zone) => !host.zoneIsDown(zone),
    onChange(tell) {
      watchers.add(tell);
      return () => void watchers.delete(tell);
    },
    async close() {
      watchers.clear();
      for (const machine of machines.values()) machine.kill();
    },
  };
}

class ModelledMachine implements Machine {
  readonly spec: MachineSpec;
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #model: MachineModel;
  readonly #changed: (machine: Machine) => void;
  #state: MachineState = 'pending';
  #boot: Machine['boot'] = { status: 'running' };
  #serves = false;
  #deadSinceMs: number | undefined;
  #timer: Timer;

  constructor(host: Host, model: MachineModel, spec: MachineSpec, changed: (machine: Machine) => void) {
    this.spec = spec;
    this.#host = host;
    this.#clock = host.clock;
    this.#model = model;
    this.#changed = changed;
    // Whoever launches it gets it as `pending`, as from any other driver.
    this.#timer = this.#clock.after(0, () => {
      this.#to('running');
      this.#timer = this.#clock.after(model.bootMs(spec), () => void this.#booted());
    });
  }

  get state() {
    return this.#state;
  }
  get boot() {
    return this.#boot;
  }
  get impaired() {
    return this.#deadSinceMs !== undefined;
  }
  get impairedSinceMs() {
    return this.#deadSinceMs;
  }

  usage(): MachineUsage {
    return this.#serves ? this.#model.usage(this.spec) : none;
  }

  consoleOutput(): string {
    return `modelled: its app answers ${this.#model.bootMs(this.spec) / 1000} s after its launch\n`;
  }

  async reboot(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#halt('stopping');
    this.#to('stopped');
  }

  async start(): Promise<void> {
    this.#deadSinceMs = undefined;
    this.#to('running');
    this.#timer = this.#clock.after(this.#model.bootMs(this.spec), () => this.#serve(true));
  }

  async terminate(): Promise<void> {
    if (this.#state === 'terminated') return;
    this.#halt('shutting-down');
    this.#to('terminated');
  }

  kill(): void {
    this.#deadSinceMs ??= this.#clock.now();
    this.#timer.cancel();
    this.#serve(false);
  }

  async #booted(): Promise<void> {
    for (const { stack, resource } of signalsOf(this.spec.userData ?? '')) {
      await this.#host.signalResource(this.spec, stack, resource, 'SUCCESS').catch((error: unknown) => {
        if (error instanceof SignalUnheard) return;
        this.#host.note('signal-refused', `${this.spec.instanceId}: ${String(error)}`);
      });
    }
    if (this.#state !== 'running' || this.impaired) return;
    this.#boot = { status: 'succeeded' };
    this.#serve(true);
    this.#changed(this);
  }

  #halt(on: MachineState): void {
    this.#timer.cancel();
    this.#serve(false);
    this.#to(on);
    if (this.#boot.status !== 'running') return;
    this.#boot = { status: 'failed', reason: 'the instance was ended during its boot' };
    if (signalsOf(this.spec.userData ?? '').length > 0) {
      this.#host.signalImpossible(this.spec, this.#boot.reason ?? '');
    }
  }

  #serve(serves: boolean): void {
    if (this.#serves === serves) return;
    // Asked for what it used before it is forgotten.
    this.#serves = serves;
    this.#model.serving(this, serves);
  }

  #to(state: MachineState): void {
    this.#state = state;
    this.#changed(this);
  }
}

/** Stacks and resources that the script signals. */
export function signalsOf(userData: string): { stack: string; resource: string }[] {
  return userData.split('\n').flatMap((line) => {
    if (!/^\s*(\/opt\/aws\/bin\/)?cfn-signal\s/.test(line)) return [];
    const value = (flag: string) => new RegExp(`\\s--${flag}[ =](\\S+)`).exec(line)?.[1];
    const [stack, resource] = [value('stack'), value('resource')];
    return stack && resource ? [{ stack, resource }] : [];
  });
}
