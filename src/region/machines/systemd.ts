/**
 * The services of an instance: unit files are found, enabled, started and stopped as `systemctl` does.
 * What runs is one `Service` a unit.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { messageOf, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import { type Service, service } from './service.ts';
import type { CommandResult } from './shell.ts';
import { parseUnit, type ServiceUnit } from './unit-file.ts';

/** A service that the driver plays itself: the CloudWatch agent. */
export interface BuiltinService {
  /** Whether its package is installed. */
  present(): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
  active(): boolean;
}

export interface Systemd {
  /** `systemctl ARGS`. */
  control(args: readonly string[]): Promise<CommandResult>;
  /** Starts what is enabled: at the boots after the first. */
  startEnabled(): Promise<void>;
  /** Stops everything in its own time. */
  stopAll(): Promise<void>;
  isActive(name: string): boolean;
  addBuiltin(name: string, builtin: BuiltinService): void;
}

const unitFolders = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const wants = '/etc/systemd/system/multi-user.target.wants';
/** Run by every Amazon Linux; nothing of theirs shows in the model. */
const ofTheImage = new Set([
  'amazon-ssm-agent',
  'chronyd',
  'sshd',
  'systemd-journald',
  'rsyslog',
  'crond',
  'firewalld',
]);
/** Of the image too, and something would be missing without them. */
const notModelled = new Set(['cfn-hup', 'docker', 'nginx', 'httpd']);
const verbs = `start stop restart try-restart reload-or-restart enable disable daemon-reload is-active is-enabled status
  reset-failed`.split(/\s+/);

export function systemd(guest: () => Guest): Systemd {
  const running = new Map<string, Service>();
  const builtins = new Map<string, BuiltinService>();

  async function load(name: string): Promise<ServiceUnit | undefined> {
    const { files } = guest();
    for (const folder of unitFolders) {
      const place = await files.locate(`${folder}/${name}.service`);
      const text = await readFile(place, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const dropInFolder = files.place(`/etc/systemd/system/${name}.service.d`);
      const names = (await readdir(dropInFolder).catch(() => [])).filter((one) => one.endsWith('.conf')).sort();
      const dropIns = await Promise.all(names.map((one) => readFile(`${dropInFolder}/${one}`, 'utf8')));
      return parseUnit(name, text, dropIns);
    }
    return undefined;
  }

  async function builtinOf(name: string): Promise<BuiltinService | undefined> {
    const builtin = builtins.get(name);
    return builtin && (await builtin.present()) ? builtin : undefined;
  }

  async function start(name: string): Promise<void> {
    const builtin = await builtinOf(name);
    if (builtin) return await builtin.start();
    if (ofTheImage.has(name)) return;
    if (notModelled.has(name)) throw new NotModelled(`not modelled: the service ${name}`);
    const current = running.get(name);
    if (current?.active()) return;
    const unit = await load(name);
    if (!unit) throw new Error(`Unit ${name}.service not found.`);
    for (const one of unit.ignored) guest().console.boot(`systemd: ${name}.service: ${one} is not modelled, ignoring`);
    const made = service(guest(), unit);
    running.set(name, made);
    await made.start();
  }

  async function stop(name: string): Promise<void> {
    const builtin = await builtinOf(name);
    if (builtin) return await builtin.stop();
    await running.get(name)?.stop();
  }

  async function enable(name: string): Promise<void> {
    const { files } = guest();
    if ((await builtinOf(name)) || ofTheImage.has(name)) {
      // Only remembered: the builtin has no unit file.
      return await files.write(`${wants}/${name}.service`, '');
    }
    const unit = await load(name);
    if (!unit) throw new Error(`Failed to enable unit: Unit file ${name}.service does not exist.`);
    if (unit.wantedBy.length === 0) throw new Error(`${name}.service has no [Install] section to be enabled by`);
    for (const folder of unitFolders) {
      const path = `${folder}/${name}.service`;
      if (await exists(files.place(path))) return await files.link(path, `${wants}/${name}.service`);
    }
  }

  async function one(verb: string, name: string): Promise<CommandResult> {
    switch (verb) {
      case 'start':
        await start(name);
        break;
      case 'stop':
        await stop(name);
        break;
      case 'restart':
      case 'reload-or-restart':
        await stop(name);
        await start(name);
        break;
      case 'try-restart':
        if (!isActive(name)) break;
        await stop(name);
        await start(name);
        break;
      case 'enable':
        await enable(name);
        break;
      case 'disable':
        await rm(guest().files.place(`${wants}/${name}.service`), { force: true });
        break;
      case 'reset-failed':
        running.get(name)?.forgetFailures();
        break;
      case 'is-enabled': {
        const on = await exists(guest().files.place(`${wants}/${name}.service`));
        return { status: on ? 0 : 1, stdout: on ? 'enabled\n' : 'disabled\n' };
      }
      case 'status':
      case 'is-active': {
        const state = builtins.get(name)?.active() ? 'active' : (running.get(name)?.state() ?? 'inactive');
        return { status: state === 'active' ? 0 : 3, stdout: `${state}\n` };
      }
    }
    return { status: 0 };
  }

  function isActive(name: string): boolean {
    return builtins.get(name)?.active() ?? running.get(name)?.active() ?? false;
  }

  return {
    isActive,
    addBuiltin: (name, builtin) => void builtins.set(name, builtin),
    async control(args) {
      const options = args.filter((arg) => arg.startsWith('-'));
      const [verb, ...names] = args.filter((arg) => !arg.startsWith('-'));
      if (verb === undefined || !verbs.includes(verb)) throw new NotModelled(`not modelled: systemctl ${verb ?? ''}`);
      const strange = options.filter((one) => !['--now', '--quiet', '-q', '--no-block', '--no-pager'].includes(one));
      if (strange.length > 0) throw new NotModelled(`not modelled: systemctl ${verb} ${strange.join(' ')}`);
      let result: CommandResult = { status: 0 };
      for (const given of names) {
        const name = given.replace(/\.service$/, '');
        if (/\.\w+$/.test(name)) throw new NotModelled(`not modelled: the unit ${given}`);
        try {
          result = await one(verb, name);
          if (options.includes('--now')) await one(verb === 'enable' ? 'start' : 'stop', name);
        } catch (error) {
          if (error instanceof NotModelled) throw error;
          return { status: /not found|not exist/.test(messageOf(error)) ? 5 : 1, stderr: `${messageOf(error)}\n` };
        }
      }
      return options.some((option) => option === '-q' || option === '--quiet') ? { status: result.status } : result;
    },
    async startEnabled() {
      const { files, console } = guest();
      await mkdir(files.place(wants), { recursive: true });
      const names = (await readdir(files.place(wants))).map((name) => name.replace(/\.service$/, '')).sort();
      for (const name of names) {
        await start(name).catch((error: unknown) => console.boot(`systemd: ${name}.service: ${messageOf(error)}`));
      }
    },
    async stopAll() {
      await Promise.all([
        ...[...running.values()].map((each) => each.stop()),
        ...[...builtins.values()].map(async (each) => {
          if (each.active()) await each.stop();
        }),
      ]);
    },
  };
}

async function exists(place: string): Promise<boolean> {
  return await readFile(place).then(
    () => true,
    () => false,
  );
}
