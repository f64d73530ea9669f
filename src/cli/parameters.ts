/** `--parameter Name=Value`, as often as wanted. */
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';

export function withParameters(command: Command): Command {
  return command.option(
    '--parameter <name=value>',
    'a parameter of the template; it keeps its value until it is given another (repeatable)',
    (text: string, before: Readonly<Record<string, string>> | undefined) => {
      const [, name, value] = /^([A-Za-z0-9]+)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined) {
        throw new UserError(
          `--parameter must be Name=Value, not "${text}".`,
          'For example: --parameter NotificationEmail=me@example.com',
        );
      }
      return { ...before, [name]: value };
    },
  );
}
