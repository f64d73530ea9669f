/** The `services` of a cfn-init config: enabled, running, and restarted when what they are made of has changed. */
import { z } from 'zod';
import type { Changes } from './cfn-init.ts';
import { BootError, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';

const yes = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const names = z.union([z.string().transform((name) => [name]), z.array(z.string())]);

export const serviceEntry = z.strictObject({
  enabled: yes.optional(),
  ensureRunning: yes.optional(),
  files: names.optional(),
  sources: names.optional(),
  packages: z.record(z.string(), names).optional(),
  commands: names.optional(),
});
type ServiceEntry = z.infer<typeof serviceEntry>;

/** On a system with systemd `sysvinit` goes through its compatibility layer. */
export const serviceManagers: readonly string[] = ['systemd', 'sysvinit'];

export async function runServices(
  guest: Guest,
  managers: Readonly<Record<string, Readonly<Record<string, ServiceEntry>>>>,
  changes: Changes,
): Promise<void> {
  for (const [manager, services] of Object.entries(managers)) {
    if (!serviceManagers.includes(manager)) throw new NotModelled(`not modelled: services of ${manager}`);
    await control(guest, 'daemon-reload');
    for (const [name, entry] of Object.entries(services)) {
      guest.bootSignal().throwIfAborted();
      if (entry.enabled !== undefined) await control(guest, entry.enabled ? 'enable' : 'disable', name);
      const running = guest.systemd.isActive(name);
      if (entry.ensureRunning === false && running) await control(guest, 'stop', name);
      else if (entry.ensureRunning === true && !running) await control(guest, 'start', name);
      else if (entry.ensureRunning !== false && running && changed(entry, changes))
        await control(guest, 'restart', name);
    }
  }
}

function changed(entry: ServiceEntry, changes: Changes): boolean {
  const any = (wanted: readonly string[] | undefined, done: ReadonlySet<string> | undefined) =>
    wanted?.some((name) => done?.has(name)) ?? false;
  return (
    any(entry.files, changes.files) ||
    any(entry.sources, changes.sources) ||
    any(entry.commands, changes.commands) ||
    Object.entries(entry.packages ?? {}).some(([manager, wanted]) => any(wanted, changes.packages.get(manager)))
  );
}

async function control(guest: Guest, ...args: string[]): Promise<void> {
  const result = await guest.systemd.control(args);
  if (result.status !== 0) throw new BootError(`systemctl ${args.join(' ')}: ${result.stderr?.trim() ?? 'failed'}`);
}
