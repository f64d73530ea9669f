/** The `commands` of a cfn-init config, in alphabetical order of their names. */
import { z } from 'zod';
import type { Changes } from './cfn-init.ts';
import { BootError, NotModelled } from './errors.ts';
import type { Guest } from './guest.ts';
import { programs } from './programs.ts';
import { runShell } from './shell.ts';

const words = z.union([z.string(), z.array(z.coerce.string())]);
/** CloudFormation hands numbers and booleans of a template over as text. */
const yes = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);

export const commandEntry = z.strictObject({
  command: words,
  env: z.record(z.string(), z.coerce.string()).optional(),
  cwd: z.string().optional(),
  test: words.optional(),
  ignoreErrors: yes.optional(),
  /** Windows only. */
  waitAfterCompletion: z.unknown().optional(),
});
export type CommandEntry = z.infer<typeof commandEntry>;

export async function runCommands(
  guest: Guest,
  commands: Readonly<Record<string, CommandEntry>>,
  changes: Changes,
): Promise<void> {
  for (const name of Object.keys(commands).sort()) {
    const entry = commands[name];
    if (!entry) continue;
    guest.bootSignal().throwIfAborted();
    if (entry.test !== undefined && (await run(guest, entry.test, entry)) !== 0) {
      guest.console.boot(`cfn-init: test of command ${name} failed, it is skipped`);
      continue;
    }
    guest.signals.lastError = undefined;
    const status = await run(guest, entry.command, entry).catch((error: unknown) => {
      throw error instanceof NotModelled ? new NotModelled(`${error.message} (command ${name})`) : error;
    });
    if (status === 0) changes.commands.add(name);
    else if (!entry.ignoreErrors) {
      throw new BootError(`Command ${name} failed: ${guest.signals.lastError ?? `exit status ${status}`}`);
    }
  }
}

async function run(guest: Guest, command: string | readonly string[], entry: CommandEntry): Promise<number> {
  const script = typeof command === 'string' ? command : command.map(quoted).join(' ');
  return await runShell(script, {
    guest,
    programs,
    cwd: entry.cwd ?? '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin', ...entry.env },
    output: (text) => guest.console.boot(text),
    signal: guest.bootSignal(),
  });
}

export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
