/**
 * The real processes of an instance: a Node program or one that its release brought, each in its own process group,
 * with the instance's environment and none of this machine's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { access, constants, mkdir, open, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock/clock.ts';
import { BootError } from './errors.ts';
import type { InstanceFiles } from './instance-files.ts';
import { type ProcessUsage, usageOfTrees } from './process-usage.ts';
import type { Supervisor } from './supervisor.ts';

/** Loopback ports of the instance's own surroundings. */
export interface Surroundings {
  readonly imdsPort: number;
  readonly awsPort: number;
  readonly linkPort: number;
  readonly token: string;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** To its whole process group. */
  kill(signal: NodeJS.Signals): void;
}

export interface ProcessStart {
  /** A place on this machine, as `program` gives it. */
  readonly file: string;
  readonly args: readonly string[];
  /** The instance's path. */
  readonly cwd: string;
  /** Added to the instance's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly home?: string;
  /** Ports below 1024: root's, or by capability. Allowed when it is left out. */
  readonly mayBindLowPorts?: boolean;
  readonly output: (stream: 1 | 2, chunk: Buffer) => void;
}

export interface Processes {
  /**
   * What an instance's path means here. Throws a `BootError` for what is not in the instance, or is neither Node
   * nor brought by its release.
   */
  program(path: string): Promise<string>;
  /** An argument or value that names something in the instance becomes its place here. */
  mapped(value: string): string;
  spawn(start: ProcessStart): Promise<RunningProcess>;
  killAll(signal: NodeJS.Signals): void;
  /** While it is off nothing can be started: what was about to be finds out. */
  power(on: boolean): void;
  /** Resolves when no process runs. */
  idle(): Promise<void>;
  usage(): ProcessUsage;
}

/** Where systemd looks for a program without a path. */
const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const outputGraceMs = 500;
const interpreters = /^#!\s*(\/usr\/bin\/env\s+node|\/usr\/bin\/node(-\d\d)?|\/(usr\/)?bin\/(ba)?sh)(\s|$)/;

export function processes(
  files: InstanceFiles,
  surroundings: () => Surroundings,
  supervisor: Supervisor,
  timers: Clock,
): Processes {
  const running = new Map<number, { child: ChildProcess; ended: Promise<ProcessEnd> }>();
  let on = false;
  let past: ProcessUsage = { cpuSeconds: 0, memoryBytes: 0 };
  const seen = new Map<number, number>();

  function environment({ home = '/root', env: extra, mayBindLowPorts = true }: ProcessStart): Record<string, string> {
    const { imdsPort, awsPort, linkPort, token } = surroundings();
    const proxy = `http://instance:${token}@127.0.0.1:${linkPort}`;
    const hook = `--require ${quoted(hookPath())}`;
    return {
      PATH: searchPath.map((path) => files.place(path)).join(':'),
      LANG: 'C.UTF-8',
      HOME: files.place(home),
      TMPDIR: files.place('/tmp'),
      AWS_ENDPOINT_URL: `http://127.0.0.1:${awsPort}`,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${imdsPort}`,
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      http_proxy: proxy,
      https_proxy: proxy,
      NO_PROXY: '127.0.0.1,localhost',
      no_proxy: '127.0.0.1,localhost',
      ORRERY_GUEST: JSON.stringify({ port: linkPort, token, imdsPort, direct: [awsPort], lowPorts: mayBindLowPorts }),
      // A cluster's workers share their primary's listener, which the hook sees.
      NODE_CLUSTER_SCHED_POLICY: 'rr',
      ...Object.fromEntries(Object.entries(extra).map(([name, value]) => [name, mapped(value)])),
      ...(extra.PATH === undefined ? {} : { PATH: pathOf(extra.PATH) }),
      NODE_OPTIONS: [hook, extra.NODE_OPTIONS].filter(Boolean).join(' '),
    };
  }

  /** Folders of the instance, never of this machine. */
  function pathOf(list: string): string {
    return list
      .split(':')
      .filter((folder) => folder.startsWith('/'))
      .map((folder) => files.place(folder))
      .join(':');
  }

  function mapped(value: string): string {
    if (!value.startsWith('/') || value === '/') return value;
    const place = files.place(value);
    return existsSync(place) ? place : value;
  }

  async function program(path: string): Promise<string> {
    const candidates = path.includes('/') ? [path] : searchPath.map((folder) => posix.join(folder, path));
    for (const candidate of candidates) {
      const place = files.place(candidate);
      if ((await realpath(place).catch(() => undefined)) === (await realpath(process.execPath))) {
        if (await isNodeLink(place)) return process.execPath;
      }
      const here = await files.locate(candidate);
      const found = await stat(here).catch(() => undefined);
      if (!found?.isFile()) continue;
      await access(here, constants.X_OK).catch(() => {
        throw new BootError(`${candidate}: Permission denied (it is not executable)`);
      });
      await checkInterpreter(candidate, here);
      return here;
    }
    const node = /(^|\/)node(-\d+)?$/.test(path)
      ? ': no nodejs package was installed'
      : ': only Node and programs that the release brought can run';
    throw new BootError(`${path}: No such file or directory${node}`);
  }

  return {
    program,
    mapped,
    async spawn(start) {
      const { file, args, cwd, output } = start;
      const folder = await files.locate(cwd);
      await mkdir(folder, { recursive: true }).catch(() => {});
      if (!on) throw new BootError('the instance is off');
      const child = spawn(file, args, {
        cwd: folder,
        env: environment(start),
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const { pid } = child;
      const ended = new Promise<ProcessEnd>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code, signal) => {
          // Its output is read to the end: the last line tells why it died. Somebody else may hold it open for ever.
          const late = timers.after(outputGraceMs, () => resolve({ code, signal }));
          child.once('close', () => {
            late.cancel();
            resolve({ code, signal });
          });
        });
      });
      if (pid === undefined) {
        await ended;
        throw new BootError(`${file} did not start`);
      }
      supervisor.add(pid);
      running.set(pid, { child, ended });
      child.stdout.on('data', (chunk: Buffer) => output(1, chunk));
      child.stderr.on('data', (chunk: Buffer) => output(2, chunk));
      child.once('exit', () => {
        past = { ...past, cpuSeconds: past.cpuSeconds + (seen.get(pid) ?? 0) };
        seen.delete(pid);
        // What it left in its group goes with it, as with systemd's control groups.
        killGroup(pid, 'SIGKILL');
        running.delete(pid);
        supervisor.remove(pid);
      });
      return { pid, ended, kill: (signal) => killGroup(pid, signal) };
    },
    power(next) {
      on = next;
    },
    killAll(signal) {
      for (const pid of running.keys()) killGroup(pid, signal);
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled([...running.values()].map((one) => one.ended));
    },
    usage() {
      let { cpuSeconds, memoryBytes } = past;
      const trees = usageOfTrees([...running.keys()]);
      for (const [pid, used] of trees) {
        seen.set(pid, used.cpuSeconds);
        cpuSeconds += used.cpuSeconds;
        memoryBytes += used.memoryBytes;
      }
      return { cpuSeconds, memoryBytes };
    },
  };
}

/** Whether a link chain ends in the link that a package made, not in a file of this machine that someone linked to. */
async function isNodeLink(place: string): Promise<boolean> {
  let at = place;
  for (let step = 0; step < 8; step++) {
    const target = await readlink(at).catch(() => undefined);
    if (target === undefined) return false;
    if (target === process.execPath) return true;
    at = posix.resolve(dirname(at), target);
  }
  return false;
}

/** A script's first line names a program of this machine: Node and the plain shells are known to be there. */
async function checkInterpreter(name: string, place: string): Promise<void> {
  const file = await open(place);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    const [first = ''] = buffer.subarray(0, bytesRead).toString('latin1').split('\n');
    if (first.startsWith('#!') && !interpreters.test(first)) {
      throw new BootError(`${name}: ${first}: this interpreter is not modelled`);
    }
  } finally {
    await file.close();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}

/** In `NODE_OPTIONS` quotes keep blanks together, and backslashes escape inside of them. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

let foundHook: string | undefined;

/** The hook's file, beside `src` and `dist` alike. */
function hookPath(): string {
  if (foundHook !== undefined) return foundHook;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && nameOfPackage(manifest) === 'orrery') {
      foundHook = join(folder, 'runtime', 'guest', 'connect-hook.cjs');
      return foundHook;
    }
    if (folder === dirname(folder)) throw new Error('the package that this file belongs to was not found');
  }
}

function nameOfPackage(manifest: string): unknown {
  const content: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof content === 'object' && content !== null && 'name' in content ? content.name : undefined;
}
