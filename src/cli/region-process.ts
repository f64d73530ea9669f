/** The process that a region lives in: this one, or one left in the background. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../delivery/user-error.ts';
import { realClock } from '../region/clock/clock.ts';
import { type Ports, Region } from '../region/region.ts';
import { portOwner } from './port-owner.ts';
import { portOptions, type RegionChoices, regionArguments } from './region-options.ts';
import { findRunning, forgetRunning, type RunningRegion, stateDir, writeRunning } from './running.ts';

const clock = realClock();
const patienceMs = 30_000;

/** Starts a region in this process. */
export async function startRegion(dir: string, choices: RegionChoices): Promise<Region> {
  try {
    const region = await Region.start({ ...choices, dir: join(stateDir(dir), 'state') });
    survive(region);
    writeRunning(dir, runningHere(region, choices));
    return region;
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code !== 'EADDRINUSE' || port === undefined) throw error;
    const owner = portOwner(port);
    const taken = Object.entries(choices.ports).find(([, value]) => value === port)?.[0] as keyof Ports | undefined;
    throw new UserError(
      `Port ${port} is taken${owner ? ` by ${owner}` : ''}.`,
      `End that process, or choose another port: ${portOptions[taken ?? 'https']} <port>`,
    );
  }
}

/** A mistake of ours in one request or machine must not end all others; it is told, and the region goes on. */
function survive(region: Region): void {
  process.on('uncaughtException', (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    region.scope.note({ source: 'region', kind: 'internal-failure', text });
    process.stderr.write(`${text}\n`);
  });
}

export function runningHere(region: Region, { rootKey }: Pick<RegionChoices, 'rootKey'>): RunningRegion {
  return { pid: process.pid, ports: region.ports, region: region.scope.region, rootKey };
}

/** Resolves when the process was told to end and the region has been closed. `onTold` is called first. */
export async function runUntilTold(dir: string, region: Region, onTold: () => void = () => {}): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    process.once('SIGHUP', resolve);
  });
  onTold();
  forgetRunning(dir);
  await region.close();
}

/** Starts a region in a process of its own, and waits until it answers. */
export async function startDetached(dir: string, choices: RegionChoices): Promise<RunningRegion> {
  mkdirSync(stateDir(dir), { recursive: true });
  const logFile = join(stateDir(dir), 'region.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'region', dir, ...regionArguments(choices)], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  let ended: number | null | undefined;
  child.on('exit', (exitCode) => {
    ended = exitCode;
  });
  child.unref();
  const words = `Its last words are in ${logFile}.`;
  for (let waited = 0; waited < patienceMs; waited += 50) {
    const running = await findRunning(dir);
    if (running) return running;
    if (ended !== undefined) throw new UserError(`The region ended at once (exit code ${ended}).`, words);
    await clock.sleep(50);
  }
  throw new UserError(`The region did not answer within ${patienceMs / 1000} s.`, words);
}
