/** What every machine driver must do, whatever an instance is made of; and what one of real programs must, besides. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../clock/clock.ts';
import type { Machine, MachineHost, Machines } from './machine.ts';
import { bootMetadata, bootScript, releaseZip, type TestHost, testHost, testSpec } from './test-host.suite.ts';

/** Tests of real processes wait in real time. */
const real = realClock();

const app = `
const http = require('node:http');
http.createServer((req, res) => {
  if (req.url === '/crash') process.exit(3);
  res.end(JSON.stringify({ url: req.url, pid: process.pid }));
}).listen(Number(process.env.PORT), () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
`;

/** A boot that signals, and one that never comes to it. */
interface Boots {
  readonly signals: string;
  readonly hangs: string;
}

/**
 * @param boots user data for it
 * @param pass lets time go on for a while
 */
export function machinesSuite(
  name: string,
  driver: (host: MachineHost) => Machines,
  { boots, makeHost = testHost, pass }: { boots: Boots; makeHost?: () => TestHost; pass: () => Promise<void> },
): void {
  describe(`${name}: what every machine driver must do`, () => {
    let host: TestHost;
    let machines: Machines;
    const until = async (holds: () => boolean) => {
      const end = real.now() + 15_000;
      while (!holds()) {
        if (real.now() > end) throw new Error(`it did not come to: ${holds.toString()}`);
        await pass();
      }
    };
    const launch = async (userData = boots.signals): Promise<Machine> => {
      const machine = machines.launch(testSpec({ userData }));
      await until(() => machine.boot.status !== 'running');
      expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
      return machine;
    };

    beforeEach(() => {
      host = makeHost();
      machines = driver(host);
    });
    afterEach(async () => {
      await machines.close();
      await host.dispose();
    });

    it('is pending, runs, has booted and signalled: each change is told', async () => {
      const states: string[] = [];
      const forget = machines.onChange((machine) => void states.push(`${machine.state} ${machine.boot.status}`));
      const machine = machines.launch(testSpec({ userData: boots.signals }));
      expect([machine.state, machine.boot.status, machine.impaired]).toEqual(['pending', 'running', false]);
      await until(() => machine.boot.status !== 'running');
      expect(host.signals).toEqual([{ instanceId: machine.spec.instanceId, status: 'SUCCESS', reason: undefined }]);
      expect(states).toEqual(['running running', 'running succeeded']);
      forget();
      await machine.terminate();
      expect(states).toHaveLength(2);
      expect(host.impossible).toEqual([]);
    });

    it('is found by its id and in the list, and is not launched twice', async () => {
      const machine = machines.launch(testSpec({ userData: boots.signals }));
      expect(machines.get(machine.spec.instanceId)).toBe(machine);
      expect(machines.get('i-00000000000000bad')).toBeUndefined();
      expect(machines.list()).toEqual([machine]);
      expect(() => machines.launch(machine.spec)).toThrow(`${machine.spec.instanceId} was launched already`);
      await machine.terminate();
      // For as long as EC2 tells of it.
      expect(machines.get(machine.spec.instanceId)?.state).toBe('terminated');
    });

    it('stops, starts again without its user data, and ends; what makes no sense changes nothing', async () => {
      const machine = await launch();
      const states: string[] = [];
      machines.onChange(({ state }) => void states.push(state));
      await machine.start();
      await machine.stop();
      await machine.stop();
      await machine.reboot();
      machine.kill();
      expect([machine.state, machine.impaired, machine.boot.status]).toEqual(['stopped', false, 'succeeded']);
      expect(machine.usage().memoryBytes).toBe(0);
      await machine.start();
      await until(() => machine.state === 'running');
      await machine.terminate();
      await machine.terminate();
      await machine.start();
      machine.kill();
      expect([machine.state, machine.impaired]).toEqual(['terminated', false]);
      expect(new Set(states.splice(0, 4))).toEqual(new Set(['stopping', 'stopped', 'pending', 'running']));
      expect(states.slice(-2)).toEqual(['shutting-down', 'terminated']);
      expect(host.signals).toHaveLength(1);
    });

    it('dies at once when killed, and tells nobody; a reboot helps', async () => {
      const machine = await launch();
      let told = 0;
      const forget = machines.onChange(() => told++);
      const atMs = host.clock.now();
      machine.kill();
      expect([machine.state, machine.impaired, told]).toEqual(['running', true, 0]);
      expect(machine.impairedSinceMs).toBeGreaterThanOrEqual(atMs);
      await until(() => machine.usage().memoryBytes === 0);
      expect([host.impossible, told]).toEqual([[], 0]);
      forget();
      await machine.reboot();
      expect([machine.state, machine.impaired, machine.impairedSinceMs]).toEqual(['running', false, undefined]);
      await until(() => machine.usage().memoryBytes > 0);
      await machine.terminate();
      expect(machine.state).toBe('terminated');
    });

    it('killed before it runs it comes up dead, and its signal can never come', async () => {
      const machine = machines.launch(testSpec({ userData: boots.signals }));
      machine.kill();
      await until(() => machine.state === 'running');
      expect(machine.impaired).toBe(true);
      expect(host.impossible).toHaveLength(1);
      await machine.terminate();
      expect(host.signals).toEqual([]);
    });

    it('killed during its boot its signal can never come, either', async () => {
      const machine = machines.launch(testSpec({ userData: boots.hangs }));
      await until(() => machine.state === 'running');
      machine.kill();
      await until(() => machine.boot.status === 'failed');
      expect(host.impossible[0]).toBe('the instance died during its boot');
      expect([machine.impaired, host.signals]).toEqual([true, []]);
    });

    it('ends in the middle of its boot, whoever waits for its signal is told', async () => {
      const machine = machines.launch(testSpec({ userData: boots.hangs }));
      await until(() => machine.state === 'running');
      await machine.terminate();
      expect(machine.boot).toEqual({ status: 'failed', reason: 'the instance was ended during its boot' });
      expect(host.impossible).toEqual([machine.boot.reason]);
      expect(host.signals).toEqual([]);
    });

    it('in a zone that is down nothing starts, and what is started again stays dead until it is up', async () => {
      expect(machines.hasCapacity?.('us-east-1a')).toBe(true);
      const machine = await launch();
      host.setFaults({ id: 'fault-1', kind: 'zone', zone: 'us-east-1a' });
      expect([machines.hasCapacity?.('us-east-1a'), machines.hasCapacity?.('us-east-1b')]).toEqual([false, true]);
      machine.kill();
      await machine.reboot();
      expect([machine.state, machine.impaired]).toEqual(['running', true]);
      host.setFaults();
      expect(machine.impaired).toBe(true);
      await machine.reboot();
      expect(machine.impaired).toBe(false);
    });

    it('closed it tells nobody, starts nothing, and gives up no boot: the region takes it up again', async () => {
      const machine = machines.launch(testSpec({ userData: boots.hangs }));
      await until(() => machine.state === 'running');
      let told = 0;
      machines.onChange(() => told++);
      await machines.close();
      await pass();
      expect([told, host.signals, host.impossible]).toEqual([0, [], []]);
      expect(() => machines.launch(testSpec({ userData: boots.signals }))).toThrow('closed');
    });
  });
}

export function programsSuite(name: string, driver: (host: MachineHost) => Machines): void {
  describe(`${name}: what a driver of real programs must do`, () => {
    let host: TestHost;
    let machines: Machines;

    beforeEach(() => {
      host = testHost();
      host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': app }));
      host.metadata.set('Template', bootMetadata());
      machines = driver(host);
    });
    afterEach(async () => {
      await machines.close();
      await host.dispose();
    });

    it('boots from user data and metadata, signals, and answers at its model address', async () => {
      const states: string[] = [];
      machines.onChange((machine) => void states.push(`${machine.state} ${machine.boot.status}`));
      const machine = machines.launch(testSpec({ userData: bootScript }));
      expect(machine.state).toBe('pending');
      await until(() => machine.boot.status !== 'running');
      expect(machine.boot, machine.consoleOutput()).toEqual({ status: 'succeeded' });
      expect(host.signals).toEqual([{ instanceId: machine.spec.instanceId, status: 'SUCCESS', reason: undefined }]);
      const answer = await ask(host, machine, '/hello');
      expect(answer).toContain('"url":"/hello"');
      expect(states).toEqual(['running running', 'running succeeded']);
      expect(machines.get(machine.spec.instanceId)).toBe(machine);
      expect(machines.list()).toEqual([machine]);
    });

    it('says why a boot failed: the console has the verdict of the network', async () => {
      host.setWorld((parts) => ({
        ...parts,
        acls: parts.acls.map((acl) =>
          acl.name === 'PrivateAcl'
            ? { ...acl, entries: acl.entries.filter((entry) => entry.egress || entry.number !== 120) }
            : acl,
        ),
      }));
      const machine = machines.launch(testSpec({ userData: bootScript }));
      await until(() => machine.boot.status !== 'running');
      expect(machine.boot.status).toBe('failed');
      expect(machine.boot.reason).toContain('PrivateAcl');
      expect(machine.consoleOutput()).toContain('PrivateAcl');
      // Its failure could not be signalled either: nobody is to wait for it.
      expect(host.signals).toEqual([]);
      expect(host.impossible).toHaveLength(1);
      expect(host.dropped.join('\n')).toContain('PrivateAcl');
    });

    it('fails a boot that is not modelled before anything of it runs', async () => {
      const userData = `#!/bin/bash\necho one > /etc/one\nperl -e 1\nfor x in a; do echo; done\n`;
      const machine = machines.launch(testSpec({ userData }));
      await until(() => machine.boot.status !== 'running');
      expect(machine.boot.reason).toMatch(/not modelled: .*line 4/);
      expect(host.impossible).toEqual([machine.boot.reason]);
    });

    it('stops, starts again without its user data, and ends', async () => {
      const machine = machines.launch(testSpec({ userData: bootScript }));
      await until(() => machine.boot.status === 'succeeded');
      await ask(host, machine, '/');
      await machine.stop();
      expect(machine.state).toBe('stopped');
      await expect(ask(host, machine, '/', 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await machine.start();
      expect(machine.state).toBe('running');
      expect(await ask(host, machine, '/again')).toContain('/again');
      expect(host.signals).toHaveLength(1);
      await machine.terminate();
      expect(machine.state).toBe('terminated');
      expect(machine.consoleOutput()).not.toBe('');
      await expect(ask(host, machine, '/', 0)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    });

    it('restarts what crashes, and reboots', async () => {
      const machine = machines.launch(testSpec({ userData: bootScript }));
      await until(() => machine.boot.status === 'succeeded');
      const before = await ask(host, machine, '/');
      await ask(host, machine, '/crash', 0).catch(() => {});
      const after = await ask(host, machine, '/');
      expect(after).not.toBe(before);
      await machine.reboot();
      expect(machine.state).toBe('running');
      const rebooted = await ask(host, machine, '/');
      expect(rebooted).not.toBe(after);
    });

    it('dies at once when killed, and tells nobody', async () => {
      const machine = machines.launch(testSpec({ userData: bootScript }));
      await until(() => machine.boot.status === 'succeeded');
      await ask(host, machine, '/');
      let told = 0;
      machines.onChange(() => told++);
      machine.kill();
      await until(() => machine.usage().memoryBytes === 0);
      await expect(ask(host, machine, '/', 0)).rejects.toThrow();
      expect(machine.state).toBe('running');
      expect(machine.impaired).toBe(true);
      expect(told).toBe(0);
      await machine.terminate();
      expect(machine.state).toBe('terminated');
    });

    it('counts what a machine uses', async () => {
      const machine = machines.launch(testSpec({ userData: bootScript }));
      await until(() => machine.boot.status === 'succeeded');
      await ask(host, machine, '/');
      const usage = machine.usage();
      expect(usage.cpuSeconds).toBeGreaterThan(0);
      expect(usage.memoryBytes).toBeGreaterThan(1_000_000);
      expect(usage.networkInBytes).toBeGreaterThan(200);
    });
  });
}

/** Polls until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = real.now() + timeoutMs;
  while (!(await holds())) {
    if (real.now() > end) throw new Error(`it did not come to: ${holds.toString()}`);
    await real.sleep(5);
  }
}

/** A request from the balancer's interface to the machine's port; asked again while nobody listens yet. */
export async function ask(host: TestHost, machine: Machine, path: string, patienceMs = 10_000): Promise<string> {
  const end = real.now() + patienceMs;
  for (;;) {
    try {
      const { socket } = await host.fabric.dial({
        from: { address: '10.0.0.20', interfaceId: 'eni-BalancerA' },
        to: { address: machine.spec.privateIp, port: 8080 },
        timeoutMs: 1000,
      });
      return await roundTrip(socket, path);
    } catch (error) {
      if (real.now() > end) throw error;
      await real.sleep(10);
    }
  }
}

async function roundTrip(socket: Duplex, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n`);
  await once(socket, 'end');
  const text = Buffer.concat(chunks).toString('utf8');
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(`answered: ${text.slice(0, 200)}`);
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
