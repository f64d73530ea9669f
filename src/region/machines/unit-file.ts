/**
 * Reads systemd's unit files. https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
import { BootError } from './errors.ts';

export type RestartPolicy = 'no' | 'always' | 'on-success' | 'on-failure' | 'on-abnormal' | 'on-abort' | 'on-watchdog';

/** A command line, quotes and prefixes read; variables are still in it. */
export interface ExecLine {
  readonly argv: readonly string[];
  /** `-`: its failure does not matter. */
  readonly ignoreFailure: boolean;
}

/** Where output goes: the journal, nowhere, or a file. */
export type OutputTarget =
  | { readonly kind: 'journal' | 'null' }
  | { readonly kind: 'file'; readonly path: string; readonly append: boolean };

export interface ServiceUnit {
  readonly name: string;
  readonly type: 'simple' | 'exec' | 'oneshot';
  readonly execStart: readonly ExecLine[];
  readonly execStartPre: readonly ExecLine[];
  readonly execStartPost: readonly ExecLine[];
  readonly execStopPost: readonly ExecLine[];
  readonly environment: Readonly<Record<string, string>>;
  /** A leading `-`: it may be missing. */
  readonly environmentFiles: readonly { readonly path: string; readonly optional: boolean }[];
  readonly workingDirectory: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly restart: RestartPolicy;
  readonly restartMs: number;
  readonly startLimitIntervalMs: number;
  readonly startLimitBurst: number;
  readonly stopTimeoutMs: number;
  readonly killSignal: NodeJS.Signals;
  readonly successStatuses: ReadonlySet<number>;
  readonly remainAfterExit: boolean;
  readonly stdout: OutputTarget;
  readonly stderr: OutputTarget;
  readonly syslogIdentifier: string | undefined;
  readonly mayBindLowPorts: boolean;
  /** Folders it wants made, by the variable that names them to it: `STATE_DIRECTORY` → `/var/lib/api`. */
  readonly directories: readonly { readonly variable: string; readonly path: string }[];
  readonly wantedBy: readonly string[];
  /** Settings that the model reads over: a line each for the console. */
  readonly ignored: readonly string[];
}

/** Honest no-ops here: ordering, descriptions, and sandboxing that takes privileges away. */
const harmless = new Set(
  `Description Documentation After Before Wants Requires BindsTo PartOf Alias Also StartLimitAction
  NoNewPrivileges PrivateTmp PrivateDevices ProtectSystem ProtectHome ProtectKernelTunables ProtectKernelModules
  ProtectKernelLogs ProtectControlGroups ProtectClock ProtectHostname ProtectProc RestrictAddressFamilies
  RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute SystemCallFilter
  SystemCallArchitectures SystemCallErrorNumber CapabilityBoundingSet ReadWritePaths ReadOnlyPaths InaccessiblePaths
  LimitNOFILE LimitNPROC LimitCORE TasksMax UMask OOMScoreAdjust Nice KillMode SendSIGKILL TimeoutStartSec RemoveIPC DefaultDependencies`.split(
    /\s+/,
  ),
);
const policies = new Set(['no', 'always', 'on-success', 'on-failure', 'on-abnormal', 'on-abort', 'on-watchdog']);
const largestUnit = 64 * 1024;

interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Throws a `BootError` where systemd would refuse the unit, or the model cannot run it. */
export function parseUnit(name: string, text: string, dropIns: readonly string[] = []): ServiceUnit {
  const settings = [text, ...dropIns].flatMap((one) => readSettings(name, one));
  const bad = (what: string) => new BootError(`${name}: ${what}`);
  /** An empty value forgets those before it. */
  const all = (key: string, section = 'Service') => {
    let values: string[] = [];
    for (const one of settings) {
      if (one.section !== section || one.key !== key) continue;
      values = one.value === '' ? [] : [...values, one.value];
    }
    return values;
  };
  const last = (key: string, section = 'Service') => all(key, section).at(-1);
  const duration = (key: string, otherwise: number, section = 'Service') => {
    const value = last(key, section);
    if (value === undefined) return otherwise;
    const ms = parseDuration(value);
    if (ms === undefined) throw bad(`${key}=${value} is not a time span`);
    return ms;
  };
  const exec = (key: string) => all(key).map((value) => execLine(name, key, value));
  const yes = (key: string) => /^(1|yes|true|on)$/i.test(last(key) ?? '');

  const type = last('Type') ?? 'simple';
  if (type !== 'simple' && type !== 'exec' && type !== 'oneshot') throw bad(`Type=${type} is not modelled`);
  const execStart = exec('ExecStart');
  if (execStart.length === 0 && type !== 'oneshot') throw bad('Service has no ExecStart=. Refusing.');
  if (execStart.length > 1 && type !== 'oneshot') {
    throw bad('Service has more than one ExecStart= setting, which is only allowed for Type=oneshot. Refusing.');
  }
  const restart = last('Restart') ?? 'no';
  if (!policies.has(restart)) throw bad(`Restart=${restart} is not one of ${[...policies].join(', ')}`);
  const interval = last('StartLimitInterval') ?? last('StartLimitIntervalSec', 'Unit') ?? last('StartLimitIntervalSec');
  const known = new Set([...honoured, ...harmless]);
  const strange = settings.filter(({ key }) => !known.has(key)).map(({ key, value }) => `${key}=${value}`);
  return {
    name,
    type,
    execStart,
    execStartPre: exec('ExecStartPre'),
    execStartPost: exec('ExecStartPost'),
    execStopPost: exec('ExecStopPost'),
    environment: Object.assign({}, ...all('Environment').map((value) => environmentOf(name, value))),
    environmentFiles: all('EnvironmentFile').map((value) => ({
      path: value.replace(/^-/, ''),
      optional: value.startsWith('-'),
    })),
    workingDirectory: last('WorkingDirectory')?.replace(/^-/, ''),
    user: last('User'),
    group: last('Group'),
    restart: restart as RestartPolicy,
    restartMs: duration('RestartSec', 100),
    startLimitIntervalMs: interval === undefined ? 10_000 : (parseDuration(interval) ?? 10_000),
    startLimitBurst: Number(last('StartLimitBurst', 'Unit') ?? last('StartLimitBurst') ?? 5),
    stopTimeoutMs: duration('TimeoutStopSec', duration('TimeoutSec', 90_000)),
    killSignal: signalNamed(name, last('KillSignal') ?? 'SIGTERM'),
    successStatuses: new Set((last('SuccessExitStatus') ?? '').split(/\s+/).filter(Boolean).map(Number)),
    remainAfterExit: yes('RemainAfterExit'),
    stdout: outputTarget(name, last('StandardOutput') ?? 'journal', { kind: 'journal' }),
    stderr: outputTarget(
      name,
      last('StandardError') ?? 'inherit',
      outputTarget(name, last('StandardOutput') ?? 'journal', { kind: 'journal' }),
    ),
    syslogIdentifier: last('SyslogIdentifier'),
    mayBindLowPorts: all('AmbientCapabilities').some((value) => value.includes('CAP_NET_BIND_SERVICE')),
    directories: Object.entries(directoryParents).flatMap(([key, parent]) =>
      all(`${key}Directory`).flatMap((value) =>
        value.split(/\s+/).map((one) => ({ variable: `${key.toUpperCase()}_DIRECTORY`, path: `${parent}/${one}` })),
      ),
    ),
    wantedBy: all('WantedBy', 'Install').flatMap((value) => value.split(/\s+/)),
    ignored: [...new Set(strange)],
  };
}

const directoryParents = {
  State: '/var/lib',
  Runtime: '/run',
  Logs: '/var/log',
  Cache: '/var/cache',
  Configuration: '/etc',
};

const honoured =
  `Type ExecStart ExecStartPre ExecStartPost ExecStopPost Environment EnvironmentFile WorkingDirectory User
  Group Restart RestartSec StartLimitInterval StartLimitIntervalSec StartLimitBurst TimeoutStopSec TimeoutSec KillSignal
  SuccessExitStatus RemainAfterExit StandardOutput StandardError SyslogIdentifier AmbientCapabilities WantedBy StateDirectory
  RuntimeDirectory LogsDirectory CacheDirectory ConfigurationDirectory`.split(/\s+/);

function readSettings(name: string, text: string): Setting[] {
  if (text.length > largestUnit) throw new BootError(`${name}: larger than ${largestUnit} bytes`);
  const settings: Setting[] = [];
  let section = '';
  const lines = text.replace(/\r\n/g, '\n').replace(/\\\n\s*/g, ' ').split('\n'); // biome-ignore format: one step each
  for (const raw of lines) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const heading = /^\[([\w-]+)\]$/.exec(line);
    if (heading?.[1]) {
      section = heading[1];
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1 || section === '') throw new BootError(`${name}: '${line.slice(0, 80)}' is not a setting`);
    settings.push({ section, key: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim() });
  }
  return settings;
}

function execLine(unit: string, key: string, value: string): ExecLine {
  const prefix = /^[-@:+!|]*/.exec(value)?.[0] ?? '';
  const [first, ...rest] = splitQuoted(unit, value.slice(prefix.length));
  if (first === undefined) throw new BootError(`${unit}: ${key}= names no program`);
  // With `@` the second word is only the name that the program sees.
  const args = prefix.includes('@') ? rest.slice(1) : rest;
  return { argv: [first, ...args], ignoreFailure: prefix.includes('-') };
}

function environmentOf(unit: string, value: string): Record<string, string> {
  const pairs = splitQuoted(unit, value).map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new BootError(`${unit}: Environment: '${word}' is not NAME=value`);
    return [word.slice(0, equals), word.slice(equals + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** Lines `NAME=value` of an environment file, quotes taken off; in double ones a backslash escapes what a shell would. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const raw of text.split(/\r?\n/)) {
    const found = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(raw);
    if (!found?.[1]) continue;
    const value = (found[2] ?? '').trim();
    const quoted = /^(["'])(.*)\1$/s.exec(value);
    const inside = quoted?.[2] ?? value;
    pairs.push([found[1], quoted?.[1] === '"' ? inside.replace(/\\(["\\$`])/g, '$1') : inside]);
  }
  return Object.fromEntries(pairs);
}

/** Words by systemd's quoting: quotes begin and end words, backslashes escape. */
export function splitQuoted(unit: string, text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const next = text[at] ?? '';
    if (next === '\\' && quote !== "'") {
      const escaped = text[++at] ?? '';
      word = (word ?? '') + ({ n: '\n', t: '\t', s: ' ' }[escaped] ?? escaped);
    } else if (quote !== '') {
      if (next === quote) quote = '';
      else word = (word ?? '') + next;
    } else if (next === '"' || next === "'") {
      quote = next;
      word ??= '';
    } else if (/\s/.test(next)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + next;
  }
  if (quote !== '') throw new BootError(`${unit}: a ${quote} without its end in ${text.slice(0, 80)}`);
  return word === undefined ? words : [...words, word];
}

const unitsMs: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** `5`, `90s`, `1min 30s`, `infinity` to ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (!/^(\s*\d+(\.\d+)?\s*[a-z]*)+\s*$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)) {
    const factor = Object.hasOwn(unitsMs, unit) ? unitsMs[unit] : undefined;
    if (factor === undefined) return undefined;
    ms += Number(number) * factor;
  }
  return ms;
}

const signals: readonly string[] = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL'];

function signalNamed(unit: string, text: string): NodeJS.Signals {
  const full = text.startsWith('SIG') ? text : `SIG${text}`;
  if (!signals.includes(full)) throw new BootError(`${unit}: KillSignal=${text} is not one of ${signals.join(', ')}`);
  return full as NodeJS.Signals;
}

function outputTarget(unit: string, value: string, inherited: OutputTarget): OutputTarget {
  if (value === 'inherit') return inherited;
  if (value === 'null') return { kind: 'null' };
  if (/^(journal|syslog|kmsg|tty)(\+console)?$/.test(value)) return { kind: 'journal' };
  const file = /^(file|append|truncate):(\/.*)$/.exec(value);
  if (!file?.[2]) throw new BootError(`${unit}: the output ${value} is not modelled`);
  return { kind: 'file', path: file[2], append: file[1] !== 'truncate' };
}
