/** How long until an app answers: cold, and again; and what an idle region takes. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { descendants, freePort, pause, type Running, residentMiB, start, temporaryFolder } from './processes.ts';
import { doors, main } from './region.ts';
import { inSeconds, type Result, type Settings } from './result.ts';

const gallery = join(import.meta.dirname, '..', 'examples', 'gallery');
const names = ['myapp.localhost', 'api.myapp.localhost'] as const;
const paths = { 'myapp.localhost': '/', 'api.myapp.localhost': '/items' } as const;

export async function up({ times }: Settings): Promise<Result> {
  const cold: number[] = [];
  const afterSynthesis: number[] = [];
  const resumed: number[] = [];
  let idle = { region: Number.NaN, machines: Number.NaN };
  for (let i = 0; i < times; i++) {
    const folder = join(temporaryFolder(), 'app');
    cpSync(gallery, folder, { recursive: true, filter: (source) => !source.includes('.orrery') });
    // `orrery/blueprint` is found as it is in the repository.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(gallery, '..', '..'), join(folder, 'node_modules', 'orrery'));
    const ports = await Promise.all(doors.map(() => freePort()));
    const options = doors.flatMap((door, n) => [door, String(ports[n])]);
    const beganMs = performance.now();
    const foreground = start(process.execPath, [main, 'up', folder, ...options]);
    const synthesisedMs = await said(foreground, 'Starting the region');
    const answeredMs = await answers(foreground, ports[0] ?? 0);
    cold.push((answeredMs - beganMs) / 1000);
    afterSynthesis.push((answeredMs - synthesisedMs) / 1000);
    await said(foreground, 'Ctrl-C stops it');
    await foreground.end('SIGINT');

    const againMs = performance.now();
    const region = start(process.execPath, [main, 'region', folder, ...options]);
    resumed.push(((await answers(region, ports[0] ?? 0)) - againMs) / 1000);
    if (i === times - 1) {
      await pause(20_000);
      const machines = descendants(region.pid).reduce((sum, pid) => sum + residentMiB(pid), 0);
      idle = { region: residentMiB(region.pid), machines };
    }
    await region.end();
  }
  const rows = [
    ['until page and API answer 200, from the command', median(cold), cold],
    ['of that, after synthesis', median(afterSynthesis), afterSynthesis],
    ['resumed: from the process until both answer', median(resumed), resumed],
  ] as const;
  return {
    title: 'Up',
    how: 'The gallery by the built command, in an empty folder, on free ports; both addresses are asked each 5 ms.',
    rows: [
      ...rows.map(([what, value, all]) => ({
        who: 'Orrery',
        what,
        value: inSeconds(value),
        more: `of ${all.map((one) => one.toFixed(2)).join(', ')}`,
      })),
      {
        who: 'Orrery',
        what: 'memory of the idle region',
        value: `${idle.region.toFixed(0)} MiB`,
        more: '20 s after it resumed',
      },
      {
        who: 'Orrery',
        what: 'memory of its two machines',
        value: `${idle.machines.toFixed(0)} MiB`,
        more: 'the app and what boots it',
      },
    ],
    aims: [
      {
        aim: 'up within 3 s after synthesis',
        measured: inSeconds(median(afterSynthesis)),
        met: median(afterSynthesis) <= 3,
      },
      { aim: 'resume within 1 s', measured: inSeconds(median(resumed)), met: median(resumed) <= 1 },
      { aim: 'an idle region under 200 MiB', measured: `${idle.region.toFixed(0)} MiB`, met: idle.region < 200 },
    ],
    missing: [],
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function said(process: Running, text: string): Promise<number> {
  let over = false;
  void process.ended.then(() => {
    over = true;
  });
  while (!process.output().includes(text)) {
    if (over) throw new Error(`it ended before it said "${text}":\n${process.output()}`);
    await pause(2);
  }
  return performance.now();
}

async function answers(process: Running, port: number): Promise<number> {
  let over = false;
  void process.ended.then(() => {
    over = true;
  });
  const missing = new Set<(typeof names)[number]>(names);
  while (missing.size > 0) {
    if (over) throw new Error(`it ended before both answered:\n${process.output()}`);
    for (const name of missing) if ((await statusOf(port, name, paths[name])) === 200) missing.delete(name);
    if (missing.size > 0) await pause(5);
  }
  return performance.now();
}

function statusOf(port: number, host: string, path: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(
      { host: '127.0.0.1', port, path, headers: { host }, agent: false, timeout: 2000 },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(0)).end();
  });
}
