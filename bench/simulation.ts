/** A simulated day at a million requests per second, and how far the formulas are from a run request by request. */
import { join } from 'node:path';
import { parseAppModel } from '../src/insight/simulate/app-model.ts';
import { byFormulas, byRequests } from '../src/insight/simulate/queue.fixture.ts';
import { machineCapacity } from '../src/insight/simulate/queue.ts';
import { pause, residentMiB, run, start, temporaryFolder } from './processes.ts';
import { main } from './region.ts';
import { inSeconds, type Result, type Row, type Settings } from './result.ts';

const gallery = join(import.meta.dirname, '..', 'examples', 'gallery');
const profile = 'sine:from=200000,to=1000000,period=86400,for=86400';
const app = 'serviceMs=20,cpuMs=1,concurrency=2000,bootSeconds=60';
const parameters = ['InstanceType=c7g.4xlarge', 'MinMachines=40', 'MaxMachines=500'];

export async function simulation({ times }: Settings): Promise<Result> {
  const folder = temporaryFolder();
  await run(process.execPath, [main, 'synth', gallery, '--output', folder]);
  const seconds: number[] = [];
  let mostMiB = 0;
  let told = '';
  for (let i = 0; i < times; i++) {
    const beganMs = performance.now();
    const command = start(process.execPath, [
      ...[main, 'simulate', join(folder, 'build.yml'), '--profile', profile, '--app', app],
      ...parameters.flatMap((one) => ['--parameter', one]),
    ]);
    let over = false;
    void command.ended.then(() => {
      over = true;
      seconds.push((performance.now() - beganMs) / 1000);
    });
    while (!over) {
      mostMiB = Math.max(mostMiB, memoryOf(command.pid));
      await pause(50);
    }
    if ((await command.ended) !== 0) throw new Error(command.output());
    told = command.output();
  }
  const middle = [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
  return {
    title: 'Simulation',
    how: `A day (${profile}) by the built command, on the gallery’s template with ${parameters.join(', ')} and the app ${app}; start of the process included. Below: one machine’s queue by the formulas, against the same followed request by request for 2,000 s.`,
    rows: [
      {
        who: 'Orrery',
        what: 'a day at up to a million requests per second',
        value: inSeconds(middle),
        more: `of ${seconds.map((one) => one.toFixed(2)).join(', ')}; ${factOf(told, 'Requests')} requests, ${factOf(told, 'Machines')}`,
      },
      { who: 'Orrery', what: 'most memory of it', value: `${mostMiB.toFixed(0)} MiB` },
      ...queues(),
    ],
    aims: [
      { aim: 'the day within 10 s', measured: inSeconds(middle), met: middle <= 10 },
      { aim: 'within 500 MiB', measured: `${mostMiB.toFixed(0)} MiB`, met: mostMiB <= 500 },
    ],
    missing: [],
  };
}

function memoryOf(pid: number): number {
  try {
    return residentMiB(pid);
  } catch {
    // It has just ended.
    return 0;
  }
}

function factOf(output: string, name: string): string {
  return new RegExp(`^${name} +(.*)$`, 'm').exec(output)?.[1] ?? '?';
}

const loads: readonly (readonly [what: string, app: object, rate: number])[] = [
  ['1 server, 50 % load', { concurrency: 1 }, 25],
  ['1 server, 90 %', { concurrency: 1 }, 45],
  ['4 servers, 80 %', { concurrency: 4 }, 160],
  ['16 servers, 90 %', { concurrency: 16 }, 720],
  ['2 servers, 80 %, service always the same', { concurrency: 2, serviceVariation: 0 }, 80],
  ['2 servers, 60 %, service varies twice its mean', { concurrency: 2, serviceVariation: 2 }, 60],
];

function queues(): Row[] {
  return loads.map(([what, given, perSecond]) => {
    const capacity = machineCapacity(parseAppModel({ serviceMs: 20, cpuMs: 0, ...given }), 2);
    const rate = () => perSecond;
    const told = byFormulas(capacity, { rate, seconds: 400, from: 100 });
    const real = byRequests(capacity, { rate, seconds: 2_100, from: 100 }, 1);
    const off = (a: number, b: number) => `${a >= b ? '+' : '−'}${Math.abs(100 * (a / b - 1)).toFixed(0)} %`;
    return {
      who: 'formulas',
      what: `mean response: ${what}`,
      value: off(told.mean, real.mean),
      more: `p50 ${off(told.p50, real.p50)}, p90 ${off(told.p90, real.p90)}, p99 ${off(told.p99, real.p99)} of ${(real.p99 * 1000).toFixed(0)} ms`,
    };
  });
}
