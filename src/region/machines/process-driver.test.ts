import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../clock/clock.ts';
import type { Machine, Machines } from './machine.ts';
import { ask, machinesSuite, programsSuite, until } from './machines.suite.ts';
import { processMachines } from './process-driver.ts';
import { bootMetadata, bootScript, releaseZip, type TestHost, testHost, testSpec } from './test-host.suite.ts';

const server = `require('http').createServer((q, s) => s.end(String(process.pid))).listen(8080);`;
/** Programs take real time. */
const real = realClock();
machinesSuite('process driver', processMachines, {
  boots: {
    signals: bootScript,
    hangs: '#!/bin/bash\nsleep 100000\n/opt/aws/bin/cfn-signal --stack app --resource Group\n',
  },
  makeHost() {
    const made = testHost();
    made.objects.set('releases/app/1.zip', releaseZip({ 'server.js': server }));
    made.metadata.set('Template', bootMetadata());
    return made;
  },
  pass: () => real.sleep(5),
});
programsSuite('process driver', processMachines);

let host: TestHost;
let machines: Machines;

function begin(scale = 1): void {
  host = testHost(realClock(scale));
  machines = processMachines(host);
}
beforeEach(() => begin());
afterEach(async () => {
  await machines.close();
  await host.dispose();
});

async function boot(unit: Record<string, string> = {}, files: Record<string, string> = { 'server.js': server }) {
  host.objects.set('releases/app/1.zip', releaseZip(files));
  host.metadata.set('Template', bootMetadata(unit));
  const machine = machines.launch(testSpec({ userData: bootScript }));
  await until(() => machine.boot.status !== 'running');
  return machine;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is still there for a moment, and runs no more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('processes of an instance', () => {
  it('leave nothing behind when it is terminated: children that went their own way are ended too', async () => {
    const escaping = `
      const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
      require('http').createServer((q, s) => s.end(JSON.stringify([process.pid, child.pid]))).listen(8080);`;
    const machine = await boot({}, { 'server.js': escaping });
    const pids = JSON.parse(await ask(host, machine, '/')) as number[];
    expect(pids.map(alive)).toEqual([true, true]);
    await machine.terminate();
    await until(() => !pids.some(alive));
    expect(readdirSync(host.machinesDir)).toEqual([]);
  });

  it('have nothing on disk either when an instance is discarded that never came back', async () => {
    const machine = await boot();
    await machines.close();
    expect(readdirSync(host.machinesDir)).toEqual([machine.spec.instanceId]);
    machines = processMachines(host);
    await machines.discard?.(machine.spec.instanceId);
    expect(readdirSync(host.machinesDir)).toEqual([]);
    await expect(machines.discard?.('../x')).rejects.toThrow('is not an instance id');
  });

  it('are killed when they do not end within the unit’s time', async () => {
    await machines.close();
    await host.dispose();
    begin(20);
    const machine = await boot({ TimeoutStopSec: '2' }, { 'server.js': `process.on('SIGTERM', () => {}); ${server}` });
    const pid = Number(await ask(host, machine, '/'));
    const before = host.clock.now();
    await machine.stop();
    expect(alive(pid)).toBe(false);
    expect(host.clock.now() - before).toBeGreaterThanOrEqual(2000);
    expect(machine.consoleOutput()).toContain("State 'stop-sigterm' timed out. Killing.");
  });

  it('are not started again for ever', async () => {
    const machine = await boot(
      { StartLimitBurst: '3' },
      { 'server.js': `console.error('no config'); process.exit(9);` },
    );
    await until(() => machine.consoleOutput().includes("Failed with result 'start-limit-hit'"));
    const shown = machine.consoleOutput();
    expect(shown.match(/Main process exited, status=9/g)).toHaveLength(3);
    expect(shown).toContain('api: no config');
    expect(host.notes).toContainEqual(expect.objectContaining({ kind: 'service-failed' }));
  });

  it('may bind low ports only as root or by capability', async () => {
    const low = server.replace('8080', '80').replace('.listen', ".on('error', (e) => console.log(e.message)).listen");
    const refused = await boot({}, { 'server.js': low });
    await until(() => refused.consoleOutput().includes('api: listen EACCES :::80'));
    await refused.terminate();
    const allowed = await boot({ AmbientCapabilities: 'CAP_NET_BIND_SERVICE' }, { 'server.js': low });
    await until(() => host.fabric.listenerAt(allowed.spec.privateIp, 80) !== undefined);
  });

  it('are programs of the release, or Node; the reason is told for others', async () => {
    const script = '#!/bin/sh\necho "started as $0 with $NAME"\nexec node server.js\n';
    host.objects.set('releases/app/1.zip', releaseZip({ 'server.js': server, 'run.sh': script }));
    const metadata = bootMetadata({ ExecStart: '/opt/api/run.sh', Environment: 'NAME=x' });
    const config = (metadata['AWS::CloudFormation::Init'] as { install: Record<string, unknown> }).install;
    config.commands = { mode: { command: 'chmod +x /opt/api/run.sh' } };
    host.metadata.set('Template', metadata);
    const machine = machines.launch(testSpec({ userData: bootScript }));
    expect(await ask(host, machine, '/')).toMatch(/^\d+$/);
    await machine.terminate();
    const cases: [Record<string, string>, string][] = [
      [{ ExecStart: '/opt/api/server.js' }, '/opt/api/server.js: Permission denied'],
      [{ ExecStart: '/usr/bin/python3 x' }, '/usr/bin/python3: No such file or directory: only Node and programs'],
      [{ User: 'nobody-there' }, "No such user 'nobody-there' (status=217/USER)"],
      [{ WorkingDirectory: '/opt/nope' }, '/opt/nope failed (status=200/CHDIR)'],
      [{ Type: 'notify' }, 'Type=notify is not modelled'],
      [{ EnvironmentFile: '/etc/none' }, 'Failed to load environment files: /etc/none'],
    ];
    for (const [unit, reason] of cases) {
      const failed = await boot(unit);
      expect(failed.boot.reason, JSON.stringify(unit)).toContain(reason);
      await failed.terminate();
    }
  });

  it('write where their unit says, and read their environment file', async () => {
    const machine = await boot(
      {
        StandardOutput: 'append:/var/log/api.log',
        StandardError: 'append:/var/log/api.err',
        ExecStartPre: '/usr/bin/mkdir -p /opt/api/made',
      },
      { 'server.js': `console.log('to out'); console.error('to err', process.cwd().endsWith('/root/opt/api'));` },
    );
    const log = (name: string) => join(host.machinesDir, machine.spec.instanceId, 'root/var/log', name);
    await until(() => existsSync(log('api.err')) && readFileSync(log('api.err'), 'utf8').includes('\n'));
    expect(readFileSync(log('api.log'), 'utf8')).toContain('to out\n');
    expect(readFileSync(log('api.err'), 'utf8')).toContain('to err true\n');
    expect(existsSync(join(log(''), '../../opt/api/made'))).toBe(true);
  });
});

describe('an AWS call that the network drops', () => {
  it('hangs as long as a connection would, then breaks, and the log names the rule', async () => {
    await machines.close();
    await host.dispose();
    begin(200);
    const script = `const http = require('http');
      const { port } = new URL(process.env.AWS_ENDPOINT_URL);
      const authorization = 'AWS4-HMAC-SHA256 Credential=ASIA/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0';
      http.get({ port, headers: { authorization } }).on('error', (error) => console.log('ANSWER', error.code));
      require('http').createServer((q, s) => s.end('up')).listen(8080);`;
    host.setWorld((parts) => ({
      ...parts,
      groups: parts.groups.map((group) => (group.id === 'sg-endpoint' ? { ...group, rules: [] } : group)),
    }));
    const before = host.clock.now();
    const machine = await boot({}, { 'server.js': script });
    await until(() => machine.consoleOutput().includes('ANSWER ECONNRESET'));
    expect(host.clock.now() - before).toBeGreaterThan(127_000);
    expect(host.dropped.join()).toContain('EndpointGroup');
    expect(host.notes).toContainEqual(expect.objectContaining({ kind: 'aws-call-failed' }));
  });
});

describe('a region that is killed', () => {
  let region: ChildProcess | undefined;
  let dir: string | undefined;
  afterEach(() => {
    region?.kill('SIGKILL');
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  /** A process of its own, so that it can be killed as a whole. */
  async function startRegion(files: Record<string, string>, unit: Record<string, string> = {}): Promise<string> {
    const here = fileURLToPath(import.meta.url);
    const code = `
      const { createJiti } = await import(${JSON.stringify(import.meta.resolve('jiti'))});
      const { runRegion } = await createJiti(${JSON.stringify(here)}).import('./region-process.suite.ts');
      await runRegion(${JSON.stringify(files)}, ${JSON.stringify(unit)});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    region = child;
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await until(() => text.includes('\n'));
    const told = JSON.parse(text.split('\n')[0] ?? '') as { boot: Machine['boot']; dir: string; console: string };
    dir = told.dir;
    expect(told.boot, told.console).toEqual({ status: 'succeeded' });
    return told.dir;
  }

  function pidsIn(folder: string, name: string): number[] {
    const [instance = ''] = readdirSync(folder);
    const path = join(folder, instance, 'root/opt/api', name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  }

  it('takes its machines’ processes with it, even busy ones and those that are not Node', async () => {
    const busy = `
      const { spawn } = require('child_process');
      const child = spawn('/bin/sh', ['-c', 'echo $$; sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: '/usr/bin:/bin' } });
      child.stdout.once('data', (pid) => {
        require('fs').appendFileSync('pids', pid + process.pid + '\\n');
        for (;;);
      });`;
    const folder = await startRegion({ 'server.js': busy });
    await until(() => pidsIn(folder, 'pids').length === 2);
    const pids = pidsIn(folder, 'pids');
    expect(pids.map(alive)).toEqual([true, true]);
    region?.kill('SIGKILL');
    await until(() => !pids.some(alive));
  });

  it('goes on where it was: what was booted starts without its user data', async () => {
    const files = { 'server.js': `require('fs').appendFileSync('pids', process.pid + '\\n'); ${server}` };
    const folder = await startRegion(files);
    await until(() => pidsIn(folder, 'pids').length === 1);
    region?.kill('SIGKILL');
    await until(() => !pidsIn(folder, 'pids').some(alive));
    const [instanceId = ''] = readdirSync(folder);
    const again = processMachines({ ...host, machinesDir: folder });
    const machine = again.launch(testSpec({ instanceId, userData: bootScript }));
    expect(Number(await ask(host, machine, '/'))).toBe(pidsIn(folder, 'pids')[1]);
    expect(machine.boot).toEqual({ status: 'succeeded' });
    expect(host.awsRequests).toEqual([]);
    await again.close();
    expect(existsSync(pathToFileURL(folder))).toBe(true);
  });
});
