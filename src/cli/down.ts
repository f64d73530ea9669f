/** `orrery down`: ends the local region. */
import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { realClock } from '../region/clock/clock.ts';
import { appDir } from './app.ts';
import { line } from './print.ts';
import { findRunning, forgetRunning, stateDir } from './running.ts';

const clock = realClock();
const patienceMs = 20_000;

export function downCommand(program: Command): void {
  program
    .command('down')
    .description('stop the local region; its state stays for the next "up"')
    .argument('[dir]', "the app's folder", '.')
    .option('--forget', 'forget its state, too')
    .action(async (dir: string, options: { forget?: boolean }) => {
      const folder = appDir(dir);
      const running = await findRunning(folder);
      if (running) await stop(running.pid);
      forgetRunning(folder);
      if (options.forget) rmSync(stateDir(folder), { recursive: true, force: true });
      const forgot = options.forget ? ' Its state is forgotten.' : '';
      line(`${running ? 'Stopped.' : 'Nothing was running.'}${forgot}`);
    });
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < patienceMs; waited += 50) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await clock.sleep(50);
  }
  throw new UserError(`The region (pid ${pid}) did not end within ${patienceMs / 1000} s.`, `End it: kill -9 ${pid}`);
}
