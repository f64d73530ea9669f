/**
 * One systemd service of an instance: its process, and what happens when that ends. Time is the model's.
 * https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Restart=
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import type { Timer } from '../clock/clock.ts';
import { BootError, messageOf } from './errors.ts';
import type { Guest } from './guest.ts';
import type { ProcessEnd, RunningProcess } from './processes.ts';
import { programs } from './programs.ts';
import { lineReader, type ServiceLog, serviceLog } from './service-log.ts';
import { type ExecLine, type OutputTarget, parseEnvironmentFile, type ServiceUnit } from './unit-file.ts';

export type ServiceState = 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed';

export interface Service {
  /** Rejects with a `BootError` when it cannot be started at all. */
  start(): Promise<void>;
  stop(): Promise<void>;
  state(): ServiceState;
  active(): boolean;
  forgetFailures(): void;
}

export function service(guest: Guest, unit: ServiceUnit): Service {
  const { clock } = guest.host;
  let state: ServiceState = 'inactive';
  let current: RunningProcess | undefined;
  let waiting: Timer | undefined;
  let starts: number[] = [];
  /** Counts starts and stops, so that what was under way before a stop does not go on after it. */
  let turn = 0;

  const say = (text: string) => guest.console.boot(`systemd[1]: ${unit.name}.service: ${text}`);

  async function start(): Promise<void> {
    waiting?.cancel();
    const mine = ++turn;
    const now = clock.now();
    starts = [...starts.filter((at) => at > now - unit.startLimitIntervalMs), now];
    if (unit.startLimitBurst > 0 && starts.length > unit.startLimitBurst) {
      return fail(`Start request repeated too quickly.`, 'start-limit-hit');
    }
    state = 'activating';
    try {
      const env = await environment();
      for (const line of unit.execStartPre) await runToEnd(line, env);
      if (unit.type === 'oneshot') {
        for (const line of unit.execStart) await runToEnd(line, env);
        state = unit.remainAfterExit ? 'active' : 'inactive';
        return;
      }
      const [line] = unit.execStart;
      if (!line || mine !== turn) return;
      const begun = await spawnLine(line, env);
      if (mine !== turn) return begun.kill('SIGKILL');
      current = begun;
      state = 'active';
      say(`Started, main process ${begun.pid}.`);
      void begun.ended.then((end) => ended(begun, end));
      for (const post of unit.execStartPost) await runToEnd(post, env);
    } catch (error) {
      if (mine !== turn) return;
      fail(messageOf(error), 'exec');
      throw error;
    }
  }

  function ended(which: RunningProcess, end: ProcessEnd): void {
    if (current !== which) return;
    current = undefined;
    const clean =
      end.code === 0 ||
      (end.code !== null && unit.successStatuses.has(end.code)) ||
      (end.signal !== null && ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'].includes(end.signal));
    if (state === 'deactivating') return;
    say(`Main process exited, ${end.code === null ? `killed by ${end.signal}` : `status=${end.code}`}.`);
    guest.host.note(
      'service-ended',
      `${guest.spec.instanceId}: ${unit.name}.service ended: ${textOf(end)}${lastWords()}`,
      {
        instanceId: guest.spec.instanceId,
        service: unit.name,
        ...end,
      },
    );
    if (!restarts(unit, end, clean)) {
      state = clean ? 'inactive' : 'failed';
      return;
    }
    state = 'activating';
    waiting = clock.after(unit.restartMs, () => {
      start().catch(() => {
        // A start that fails counts as a failure to restart from, like any other.
      });
    });
  }

  function lastWords(): string {
    const words = guest.console.lastWords();
    return words === '' ? '' : `; last it wrote: ${words}`;
  }

  function fail(why: string, result: string): void {
    state = 'failed';
    say(`Failed with result '${result}': ${why}`);
    guest.host.note('service-failed', `${guest.spec.instanceId}: ${unit.name}.service failed: ${why}`, {
      instanceId: guest.spec.instanceId,
      service: unit.name,
    });
  }

  async function environment(): Promise<Record<string, string>> {
    const env: Record<string, string> = { ...unit.environment };
    for (const { path, optional } of unit.environmentFiles) {
      const text = await readFile(await guest.files.locate(path), 'utf8').catch((error: unknown) => {
        if (optional) return '';
        throw new BootError(`Failed to load environment files: ${path}: ${messageOf(error)}`);
      });
      Object.assign(env, parseEnvironmentFile(text));
    }
    for (const { variable, path } of unit.directories) {
      await mkdir(await guest.files.locate(path), { recursive: true });
      env[variable] = env[variable] ? `${env[variable]}:${path}` : path;
    }
    const user = unit.user ?? 'root';
    if (!(await guest.accounts.hasUser(user))) {
      throw new BootError(`Failed to determine user credentials: No such user '${user}' (status=217/USER)`);
    }
    if (unit.group !== undefined && !(await guest.accounts.hasGroup(unit.group))) {
      throw new BootError(`Failed to determine group credentials: No such group '${unit.group}' (status=216/GROUP)`);
    }
    return { USER: user, LOGNAME: user, ...env };
  }

  async function spawnLine(line: ExecLine, env: Record<string, string>): Promise<RunningProcess> {
    const { processes, accounts, files } = guest;
    let argv = line.argv.flatMap((word) => expand(word, unit, env));
    if (argv[0] === '/usr/bin/env' || argv[0] === '/bin/env') argv = argv.slice(1);
    const [name = '', ...args] = argv;
    const cwd = unit.workingDirectory ?? '/';
    const folder = await files.locate(cwd === '~' ? ((await accounts.homeOf(unit.user ?? 'root')) ?? '/') : cwd);
    await readableFolder(folder, cwd);
    const file = await processes.program(name);
    const out = outputs();
    const begun = await processes.spawn({
      file,
      args: args.map((arg) => processes.mapped(arg)),
      cwd: files.nameOf(folder),
      env,
      home: (await accounts.homeOf(unit.user ?? 'root')) ?? '/root',
      mayBindLowPorts: unit.mayBindLowPorts || (unit.user ?? 'root') === 'root',
      output: out.write,
    });
    void begun.ended.finally(out.close);
    return begun;
  }

  /** A command before or after the main process: a modelled program, or a real one that is waited for. */
  async function runToEnd(line: ExecLine, env: Record<string, string>): Promise<void> {
    const [name = '', ...args] = line.argv.flatMap((word) => expand(word, unit, env));
    const modelled = programs(name);
    let status: number;
    if (modelled) {
      const call = { guest, name, args, stdin: '', cwd: unit.workingDirectory ?? '/', env, line: 0 };
      const result = await modelled(call);
      if (result.stderr) say(result.stderr.trimEnd());
      status = result.status;
    } else {
      const end = await (await spawnLine(line, env)).ended;
      status = end.code ?? 1;
    }
    if (status !== 0 && !line.ignoreFailure) throw new BootError(`${name} failed with status ${status}`);
  }

  function outputs(): { write: (stream: 1 | 2, chunk: Buffer) => void; close: () => void } {
    const name = unit.syslogIdentifier ?? unit.name;
    const logs = new Map<string, ServiceLog>();
    const open = (target: OutputTarget) => {
      const place =
        target.kind === 'file' ? guest.files.place(target.path) : `${guest.files.journalDir}/${unit.name}.log`;
      const log = logs.get(place) ?? serviceLog(place, target.kind !== 'file' || target.append);
      logs.set(place, log);
      return log;
    };
    const shown = lineReader((line) => guest.console.service(name, line));
    return {
      write(stream, chunk) {
        const target = stream === 1 ? unit.stdout : unit.stderr;
        if (target.kind === 'null') return;
        open(target).write(chunk);
        shown.add(chunk);
      },
      close() {
        shown.end();
        for (const log of logs.values()) log.close();
      },
    };
  }

  async function stop(): Promise<void> {
    turn++;
    waiting?.cancel();
    const process = current;
    if (!process) {
      if (state !== 'failed') state = 'inactive';
      return;
    }
    state = 'deactivating';
    process.kill(unit.killSignal);
    const late = Number.isFinite(unit.stopTimeoutMs)
      ? clock.after(unit.stopTimeoutMs * clock.scale, () => {
          say(`State 'stop-sigterm' timed out. Killing.`);
          process.kill('SIGKILL');
        })
      : undefined;
    await process.ended;
    late?.cancel();
    current = undefined;
    state = 'inactive';
  }

  return {
    start,
    stop,
    state: () => state,
    active: () => state === 'active' || state === 'activating',
    forgetFailures() {
      starts = [];
      if (state === 'failed') state = 'inactive';
    },
  };
}

function restarts(unit: ServiceUnit, end: ProcessEnd, clean: boolean): boolean {
  switch (unit.restart) {
    case 'no':
    case 'on-watchdog':
      return false;
    case 'always':
      return true;
    case 'on-success':
      return clean;
    case 'on-failure':
      return !clean;
    case 'on-abnormal':
    case 'on-abort':
      return end.signal !== null && !clean;
  }
}

/** `$NAME` alone splits into words, `${NAME}` does not; specifiers as far as they are the unit's own. */
function expand(word: string, unit: ServiceUnit, env: Readonly<Record<string, string>>): string[] {
  const bare = /^\$([A-Za-z_]\w*)$/.exec(word);
  if (bare?.[1]) return (env[bare[1]] ?? '').split(/\s+/).filter((part) => part !== '');
  const text = word.replace(/%(.)|\$\$|\$\{([A-Za-z_]\w*)\}/g, (all, specifier?: string, name?: string) => {
    if (name !== undefined) return env[name] ?? '';
    if (specifier === undefined) return '$';
    const known: Record<string, string> = { n: `${unit.name}.service`, N: unit.name, p: unit.name, '%': '%' };
    const value = known[specifier];
    if (value === undefined) throw new BootError(`${unit.name}.service: the specifier ${all} is not modelled`);
    return value;
  });
  return [text];
}

async function readableFolder(place: string, name: string): Promise<void> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory()) throw new BootError(`Changing to the working directory ${name} failed (status=200/CHDIR)`);
}

function textOf(end: ProcessEnd): string {
  return end.code === null ? `killed by ${end.signal}` : `exit status ${end.code}`;
}
