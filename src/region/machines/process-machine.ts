/**
 * One instance as child processes: power on (its folder, its loopback servers), boot (user data the first time, enabled
 * services afterwards), power off. Nothing of it outlives `terminate`.
 */
import { existsSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import { accounts } from './accounts.ts';
import { agentService } from './agent-control.ts';
import { awsCalls } from './aws-calls.ts';
import { awsEndpoint } from './aws-endpoint.ts';
import { consoleLog } from './console-log.ts';
import { egress } from './egress.ts';
import { messageOf } from './errors.ts';
import type { Guest } from './guest.ts';
import { guestLink } from './guest-link.ts';
import { imdsServer } from './imds.ts';
import { instanceFiles, prepareFiles } from './instance-files.ts';
import type { Machine, MachineHost, MachineSpec, MachineState } from './machine.ts';
import { packages } from './packages.ts';
import { instancePorts, type Ports } from './ports.ts';
import { processes, type Surroundings } from './processes.ts';
import type { Supervisor } from './supervisor.ts';
import { systemd } from './systemd.ts';
import { trafficCount } from './traffic-count.ts';
import { runUserData } from './user-data.ts';

type Boot = Machine['boot'];

export interface ProcessMachine extends Machine {
  /** Ends everything at once and keeps the folder: the instance was only put to sleep with its region. */
  close(): Promise<void>;
}

/** SIGTERM's time when the region itself ends, real time. */
const closeGraceMs = 2000;

interface Power {
  readonly surroundings: Surroundings;
  readonly ports: Ports;
  off(): Promise<void>;
}

export function processMachine(
  host: MachineHost,
  spec: MachineSpec,
  supervisor: Supervisor,
  timers: Clock,
  changed: (machine: Machine) => void,
): ProcessMachine {
  const files = instanceFiles(host.machinesDir, spec.instanceId);
  const console = consoleLog(join(files.dir, 'console.log'), () => (host.clock.now() - spec.launchedAtMs) / 1000);
  const traffic = trafficCount();
  const out = egress(host, spec);
  const booted = join(files.runDir, 'booted');
  let state: MachineState = 'pending';
  let boot: Boot = { status: 'running' };
  let power: Power | undefined;
  let bootAbort = new AbortController();
  let dead = false;
  let deadSinceMs: number | undefined;
  let booting: Promise<void> = Promise.resolve();
  /** Starts, stops and the end of an instance go one after the other. */
  let queue: Promise<void> = Promise.resolve();

  const surroundings = () => {
    if (!power) throw new Error(`${spec.instanceId} is off`);
    return power.surroundings;
  };
  const guest: Guest = {
    spec,
    host,
    files,
    console,
    egress: out,
    aws: awsCalls(host, spec, out, surroundings),
    accounts: accounts(files),
    packages: packages(host, spec, files, out, console),
    processes: processes(files, surroundings, supervisor, timers),
    systemd: systemd(() => guest),
    signals: { sent: 0, sentFailure: false, lastError: undefined, onlyUnheard: false },
    bootSignal: () => bootAbort.signal,
  };
  guest.systemd.addBuiltin('amazon-cloudwatch-agent', agentService(guest));

  function turn(next: MachineState): void {
    if (state === next) return;
    state = next;
    changed(machine);
  }

  function endBoot(next: Boot): void {
    boot = next;
    changed(machine);
  }

  async function powerOn(): Promise<Power> {
    const ports = instancePorts(host.fabric, spec);
    const token = host.random.secret(18).toString('base64url');
    let imdsPort = 0;
    const link = guestLink({ host, spec, token, egress: out, ports, traffic, timers, imdsPort: () => imdsPort });
    const servers = [imdsServer(host, spec), awsEndpoint(host, spec, out, traffic), link.server] as const;
    const [first, awsPort, linkPort] = await Promise.all([
      listening(servers[0]),
      listening(servers[1]),
      listening(servers[2]),
    ]);
    imdsPort = first;
    return {
      surroundings: { imdsPort, awsPort, linkPort, token },
      ports,
      async off() {
        ports.close();
        link.hangUp();
        await Promise.all(servers.map(closed));
      },
    };
  }

  async function start(): Promise<void> {
    const again = existsSync(booted);
    bootAbort = new AbortController();
    await prepareFiles(files);
    if (!again) await guest.accounts.prepare();
    power = await powerOn();
    guest.processes.power(true);
    // Nothing starts where a fault has taken the zone.
    if (host.zoneIsDown(spec.zone)) die();
    if (dead) await powerOff();
    turn('running');
    if (dead) return;
    // The console and whoever waits for `running` do not wait for the boot.
    booting = bootUp(again).catch((error: unknown) => {
      host.note('machine-error', `${spec.instanceId}: ${messageOf(error)}`);
    });
  }

  async function bootUp(again: boolean): Promise<void> {
    const { signal } = bootAbort;
    if (again) {
      boot = { status: 'succeeded' };
      await guest.systemd.startEnabled();
      return changed(machine);
    }
    console.boot(`cloud-init: ${spec.instanceId} (${spec.instanceType}) in ${spec.zone}, image ${spec.imageId}`);
    let reason: string | undefined;
    try {
      const status = await runUserData(guest, spec.userData ?? '');
      if (status !== 0 && !guest.signals.onlyUnheard) {
        const cause = guest.signals.lastError;
        reason = `user data ended with exit status ${status}${cause === undefined ? '' : `: ${cause}`}`;
      }
    } catch (error) {
      reason = signal.aborted ? 'the instance was ended during its boot' : messageOf(error);
    }
    // A region that stops takes the boot up again when it starts.
    if (signal !== bootAbort.signal || closing) return;
    if (reason === undefined && guest.signals.lastError !== undefined && guest.signals.sentFailure) {
      reason = guest.signals.lastError;
    }
    if (!signal.aborted) await writeFile(booted, reason === undefined ? 'succeeded' : 'failed').catch(() => {});
    console.boot(`cloud-init: ${reason === undefined ? 'finished' : `failed: ${reason}`}`);
    if (reason !== undefined) {
      if (guest.signals.sent === 0) host.signalImpossible(spec, reason);
      else host.note('boot-failed', `${spec.instanceId}: ${reason}`, { instanceId: spec.instanceId });
    }
    endBoot(reason === undefined ? { status: 'succeeded' } : { status: 'failed', reason });
  }

  async function powerOff(): Promise<void> {
    bootAbort.abort(new Error('the instance was ended'));
    await guest.systemd.stopAll();
    guest.processes.power(false);
    guest.processes.killAll('SIGKILL');
    // Nothing is written any more into what may be removed next.
    await booting;
    await guest.processes.idle();
    guest.aws.close();
    await power?.off();
    power = undefined;
  }

  function inTurn(run: () => Promise<void>): Promise<void> {
    const done = queue.then(run);
    queue = done.catch((error: unknown) => {
      host.note('machine-error', `${spec.instanceId}: ${messageOf(error)}`);
    });
    return done;
  }

  function die(): void {
    dead = true;
    deadSinceMs = host.clock.now();
  }

  let closing = false;
  const ended = () => state === 'terminated' || state === 'shutting-down';

  const machine: ProcessMachine = {
    spec,
    get state() {
      return state;
    },
    get boot() {
      return boot;
    },
    get impaired() {
      return dead;
    },
    get impairedSinceMs() {
      return dead ? deadSinceMs : undefined;
    },
    usage() {
      const { cpuSeconds, memoryBytes } = guest.processes.usage();
      const total = traffic.total();
      return { cpuSeconds, memoryBytes, networkInBytes: total.in, networkOutBytes: total.out };
    },
    consoleOutput: () => console.text(),
    reboot: () =>
      inTurn(async () => {
        if (state !== 'running') return;
        console.boot('systemd-shutdown: Rebooting.');
        await powerOff();
        dead = false;
        await start();
      }),
    stop: () =>
      inTurn(async () => {
        if (state !== 'running') return;
        turn('stopping');
        await powerOff();
        dead = false;
        turn('stopped');
      }),
    start: () =>
      inTurn(async () => {
        if (state !== 'stopped') return;
        turn('pending');
        await start();
      }),
    terminate() {
      if (state === 'terminated') return Promise.resolve();
      // A boot that is under way must not hold up the end.
      bootAbort.abort(new Error('the instance was terminated'));
      return inTurn(async () => {
        if (ended()) return;
        turn('shutting-down');
        await powerOff();
        await console.flushed();
        await rm(files.dir, { recursive: true, force: true, maxRetries: 5 });
        turn('terminated');
      });
    },
    kill() {
      if (ended() || state === 'stopped') return;
      die();
      const during = boot.status === 'running';
      bootAbort.abort(new Error('the hardware failed'));
      guest.processes.killAll('SIGKILL');
      void inTurn(powerOff);
      if (during && guest.signals.sent === 0) host.signalImpossible(spec, 'the instance died during its boot');
    },
    async close() {
      closing = true;
      bootAbort.abort(new Error('the region was stopped'));
      guest.processes.killAll('SIGTERM');
      const late = timers.after(closeGraceMs, () => guest.processes.killAll('SIGKILL'));
      await inTurn(powerOff).catch(() => {});
      late.cancel();
      await console.flushed();
    },
  };

  // A folder of a boot that did not come to its end (the region was killed) is no state to go on from.
  if (!existsSync(booted)) rmSync(files.dir, { recursive: true, force: true });
  void inTurn(start).catch((error: unknown) => {
    endBoot({ status: 'failed', reason: messageOf(error) });
    host.signalImpossible(spec, messageOf(error));
  });
  return machine;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
