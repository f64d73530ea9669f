/** `orrery logs`: what happened in the region, and what a machine wrote. */
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import type { LoggedEvent } from '../region/events.ts';
import { appDir } from './app.ts';
import { line, paint } from './print.ts';
import { readEvents } from './region-events.ts';
import { findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

export function logsCommand(program: Command): void {
  program
    .command('logs')
    .description('what happened: dropped packets, refusals, health, boots; or the console of one machine')
    .argument('[machine]', 'an instance id: its console')
    .option('--dir <dir>', "the app's folder", '.')
    .option('-f, --follow', 'go on as it happens')
    .action(async (machine: string | undefined, options: { dir: string; follow?: boolean }) => {
      const running = await findRunning(appDir(options.dir));
      if (!running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
      if (machine === undefined) await readEvents(running, options.follow ?? false, print);
      else await consoleOf(running, machine);
    });
}

async function consoleOf(running: RunningRegion, InstanceId: string): Promise<void> {
  const { Output } = await targetOf(running).ec2.send(new GetConsoleOutputCommand({ InstanceId }));
  line(
    Buffer.from(Output ?? '', 'base64')
      .toString('utf8')
      .trimEnd(),
  );
}

function print({ atMs, source, kind, text }: LoggedEvent): void {
  line(`${paint.dim(new Date(atMs).toISOString().slice(11, 23))} ${source.padEnd(9)} ${paint.bold(kind)} ${text}`);
}
