/** Programs that a benchmark starts: always ended, whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
const folders = new Set<string>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

export interface Running {
  readonly pid: number;
  /** What it wrote so far, both streams. */
  output(): string;
  readonly ended: Promise<number | null>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

export function start(program: string, argv: readonly string[]): Running {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-100_000);
    });
  }
  child.on('error', (error) => {
    output += String(error);
  });
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    async end(signal = 'SIGTERM') {
      if (running.has(child)) child.kill(signal);
      await ended;
    },
  };
}

/** Runs a program to its end; throws with what it wrote when it fails. */
export async function run(program: string, argv: readonly string[]): Promise<string> {
  const child = start(program, argv);
  const code = await child.ended;
  if (code !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${code}:\n${child.output()}`);
  return child.output();
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
  folders.add(folder);
  return folder;
}

/** Where a program is, looked for where Debian puts it, too. */
export function find(program: string): string | undefined {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/usr/local/bin'];
  return places.map((place) => join(place, program)).find(existsSync);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function listens(port: number, patienceMs = 30_000): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while (performance.now() < untilMs) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    if (there) return;
    await pause(20);
  }
  throw new Error(`nobody listens on port ${port} after ${patienceMs / 1000} s`);
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const [, kib = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** User and system time so far: a machine that does other things as well makes a run longer, and this hardly more. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold anything: the 14th and 15th of all, in hundredths.
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}

/** All that descends from a process. */
export function descendants(pid: number): number[] {
  const children = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}
