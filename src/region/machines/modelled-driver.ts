/**
 * Instances that are arithmetic: they boot in a given time, signal as their user data says, and use what a model of the
 * app says that they use. Nothing is run and no port is opened.
 */
import type { Clock, Timer } from '../clock/clock.ts';
import { cfnCalls } from './cfn-calls.ts';
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
const endedDuringBoot = 'the instance was ended during its boot';
const diedDuringBoot = 'the instance died during its boot';
const none: MachineUsage = { cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 };

export function modelledMachines(host: Host, model: MachineModel): Machines {
  const machines = new Map<string, ModelledMachine>();
  const ended: string[] = [];
  const watchers = new Set<(machine: Machine) => void>();
  let closed = false;

  function changed(machine: Machine): void {
    for (const tell of [...watchers]) tell(machine);
    if (machine.state !== 'terminated') return;
    ended.push(machine.spec.instanceId);
    if (ended.length > rememberedEnds) machines.delete(ended.shift() ?? '');
  }

  return {
    alike: true,
    launch(spec) {
      if (closed) throw new Error('the machines were closed');
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
      closed = true;
      watchers.clear();
      for (const machine of machines.values()) machine.close();
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
  #booted = false;
  #signalled = false;
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
    this.#timer = this.#clock.after(0, () => this.#run());
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
    if (this.#state !== 'running') return;
    this.#powerOff();
    this.#deadSinceMs = undefined;
    this.#run();
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#to('stopping');
    this.#powerOff();
    this.#deadSinceMs = undefined;
    this.#to('stopped');
  }

  async start(): Promise<void> {
    if (this.#state !== 'stopped') return;
    this.#to('pending');
    this.#run();
  }

  async terminate(): Promise<void> {
    if (this.#state === 'terminated') return;
    this.#to('shutting-down');
    this.#powerOff();
    this.#to('terminated');
  }

  kill(): void {
    if (this.#state === 'terminated' || this.#state === 'stopped') return;
    this.#deadSinceMs ??= this.#clock.now();
    this.#serve(false);
    // One that does not run yet comes up dead.
    if (this.#state === 'running') this.#timer.cancel();
    this.#giveUpBoot(diedDuringBoot);
  }

  /** The region goes, nobody is told. */
  close(): void {
    this.#timer.cancel();
    this.#serve(false);
  }

  #run(): void {
    // Nothing starts where a fault has taken the zone.
    if (this.#host.zoneIsDown(this.spec.zone)) this.kill();
    if (this.#state !== 'running') this.#to('running');
    if (this.impaired) return;
    this.#timer = this.#clock.after(this.#model.bootMs(this.spec), () => {
      if (this.#booted) this.#serve(true);
      else void this.#endBoot();
    });
  }

  async #endBoot(): Promise<void> {
    for (const { stack, resource } of cfnCalls(this.spec.userData ?? '', 'cfn-signal')) {
      this.#signalled = true;
      await this.#host.signalResource(this.spec, stack, resource, 'SUCCESS').catch((error: unknown) => {
        if (error instanceof SignalUnheard) return;
        this.#host.note('signal-refused', `${this.spec.instanceId}: ${String(error)}`);
      });
    }
    if (this.#state !== 'running' || this.impaired) return;
    this.#booted = true;
    this.#boot = { status: 'succeeded' };
    this.#serve(true);
    this.#changed(this);
  }

  #powerOff(): void {
    this.#timer.cancel();
    this.#serve(false);
    this.#giveUpBoot(endedDuringBoot);
  }

  /** Whoever waits for its signal is told. Started again it boots again. */
  #giveUpBoot(reason: string): void {
    if (this.#boot.status !== 'running') return;
    this.#boot = { status: 'failed', reason };
    if (!this.#signalled) this.#host.signalImpossible(this.spec, reason);
  }

  #serve(serves: boolean): void {
    if (this.#serves === serves) return;
    this.#serves = serves;
    this.#model.serving(this, serves);
  }

  #to(state: MachineState): void {
    this.#state = state;
    this.#changed(this);
  }
}
