/** A simulated day at a million requests per second, and how far the formulas are from a run request by request. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAppModel } from '../src/insight/simulate/app-model.ts';
import { byFormulas, byRequests } from '../src/insight/simulate/queue.fixture.ts';
import { machineCapacity } from '../src/insight/simulate/queue.ts';
import { pause, processorSeconds, residentMiB, run, start, temporaryFolder } from './processes.ts';
import { main } from './region.ts';
import { inSeconds, type Result, type Row, type Settings } from './result.ts';

const gallery = join(import.meta.dirname, '..', 'examples', 'gallery');
const profile = 'sine:from=200000,to=1000000,period=86400,for=86400';
const app = 'serviceMs=20,cpuMs=1,concurrency=2000,bootSeconds=60';
const parameters = ['InstanceType=c7g.4xlarge', 'MinMachines=40', 'MaxMachines=500'];

/**
 * The gallery's own target of 1,000 requests per machine and minute is that of small machines: with it the group is at its
 * maximum from the first minutes on, which is the most that there is to simulate. Half a million keeps such a machine half busy.
 */
const days = [
  { what: 'the gallery as it is (1,000 requests per machine and minute)', target: 1_000 },
  { what: 'at 500,000 requests per machine and minute', target: 500_000 },
];

interface Day {
  readonly seconds: readonly number[];
  readonly middle: number;
  readonly mostMiB: number;
  /** Of processors, of the last run. */
  readonly worked: number;
  /** What the command printed. */
  readonly told: string;
}

export async function simulation({ times }: Settings): Promise<Result> {
  const folder = temporaryFolder();
  await run(process.execPath, [main, 'synth', gallery, '--output', folder]);
  const template = readFileSync(join(folder, 'build.yml'), 'utf8');
  const measured: (Day & { readonly what: string })[] = [];
  for (const { what, target } of days) {
    const file = join(folder, `${target}.yml`);
    writeFileSync(file, withTarget(template, target));
    measured.push({ what, ...(await simulateDay(file, times)) });
  }
  return {
    title: 'Simulation',
    how: `A day (${profile}) by the built command, on the gallery’s template with ${parameters.join(', ')} and the app ${app}; start of the process included. Below: one machine’s queue by the formulas, against the same followed request by request, ${comparedRequests.toLocaleString('en-US')} of them.`,
    rows: [
      ...measured.flatMap(({ what, middle, seconds, mostMiB, worked, told }) => [
        {
          who: 'Orrery',
          what: `a day at up to a million requests per second: ${what}`,
          value: inSeconds(middle),
          more: `of ${seconds.map((one) => one.toFixed(2)).join(', ')}; ${worked.toFixed(1)} s of processors; ${factOf(told, 'Requests')} requests, ${factOf(told, 'Machines')}`,
        },
        { who: 'Orrery', what: 'most memory of it', value: `${mostMiB.toFixed(0)} MiB` },
      ]),
      ...queues(),
    ],
    aims: measured.flatMap(({ what, middle, mostMiB }) => [
      { aim: `the day within 10 s: ${what}`, measured: inSeconds(middle), met: middle <= 10 },
      { aim: `within 500 MiB: ${what}`, measured: `${mostMiB.toFixed(0)} MiB`, met: mostMiB <= 500 },
    ]),
    missing: [],
  };
}

function withTarget(template: string, target: number): string {
  const policy = /(ScaleOnRequests:[\s\S]*?TargetValue: )1000\b/;
  if (!policy.test(template)) throw new Error('the gallery has no target of 1000 requests any more');
  return template.replace(policy, `$1${target}`);
}

async function simulateDay(template: string, times: number): Promise<Day> {
  const seconds: number[] = [];
  let mostMiB = 0;
  let worked = 0;
  let told = '';
  for (let i = 0; i < times; i++) {
    const beganMs = performance.now();
    const command = start(process.execPath, [
      ...[main, 'simulate', template, '--profile', profile, '--app', app],
      ...parameters.flatMap((one) => ['--parameter', one]),
    ]);
    let over = false;
    void command.ended.then(() => {
      over = true;
      seconds.push((performance.now() - beganMs) / 1000);
    });
    while (!over) {
      const now = usedBy(command.pid);
      mostMiB = Math.max(mostMiB, now?.memoryMiB ?? 0);
      worked = now?.seconds ?? worked;
      await pause(50);
    }
    if ((await command.ended) !== 0) throw new Error(command.output());
    told = command.output();
  }
  const middle = [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
  return { seconds, middle, mostMiB, worked, told };
}

function usedBy(pid: number): { readonly memoryMiB: number; readonly seconds: number } | undefined {
  try {
    return { memoryMiB: residentMiB(pid), seconds: processorSeconds(pid) };
  } catch {
    // It has just ended.
    return undefined;
  }
}

function factOf(output: string, name: string): string {
  return new RegExp(`^${name} +(.*)$`, 'm').exec(output)?.[1] ?? '?';
}

const comparedRequests = 1_000_000;

const loads: readonly (readonly [what: string, app: object, rate: number])[] = [
  ['1 server, 50 % load', { concurrency: 1 }, 25],
  ['1 server, 90 %', { concurrency: 1 }, 45],
  ['4 servers, 30 %', { concurrency: 4 }, 60],
  ['4 servers, 80 %', { concurrency: 4 }, 160],
  ['16 servers, 90 %', { concurrency: 16 }, 720],
  ['64 servers, 90 %', { concurrency: 64 }, 2_880],
  ['2 servers, 80 %, service always the same', { concurrency: 2, serviceVariation: 0 }, 80],
  ['2 servers, 60 %, service varies twice its mean', { concurrency: 2, serviceVariation: 2 }, 60],
  ['8 servers, 80 %, service varies twice its mean', { concurrency: 8, serviceVariation: 2 }, 320],
];

function queues(): Row[] {
  return loads.map(([what, given, perSecond]) => {
    const capacity = machineCapacity(parseAppModel({ serviceMs: 20, cpuMs: 0, ...given }), 2);
    const rate = () => perSecond;
    const told = byFormulas(capacity, { rate, seconds: 3_100, from: 100 }, 2);
    const real = byRequests(capacity, { rate, seconds: 100 + Math.ceil(comparedRequests / perSecond), from: 100 }, 1);
    const off = (a: number, b: number) => `${a >= b ? '+' : '−'}${Math.abs(100 * (a / b - 1)).toFixed(0)} %`;
    return {
      who: 'formulas',
      what: `mean response: ${what}`,
      value: off(told.mean, real.mean),
      more: `p50 ${off(told.p50, real.p50)}, p90 ${off(told.p90, real.p90)}, p99 ${off(told.p99, real.p99)} of ${(real.p99 * 1000).toFixed(0)} ms`,
    };
  });
}
