/** `orrery simulate`: a template under a profile of traffic, without sending any. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { reportPage } from '../insight/report/page.ts';
import { type AppModel, parseAppModel } from '../insight/simulate/app-model.ts';
import { calibrate } from '../insight/simulate/calibrate.ts';
import { compare, comparisonReport } from '../insight/simulate/compare.ts';
import { findSettings, parseObjective, type Search, type Tried } from '../insight/simulate/objective.ts';
import type { SimulationResult } from '../insight/simulate/recording.ts';
import { simulationReport } from '../insight/simulate/report.ts';
import { type SimulationOptions, simulate } from '../insight/simulate/run.ts';
import type { SurgeResult } from '../insight/surge/surge.ts';
import { count, milliseconds } from '../insight/words.ts';
import { realClock } from '../region/clock/clock.ts';
import { appDir, loadApp } from './app.ts';
import { withParameters } from './parameters.ts';
import { line, paint, passing, table } from './print.ts';
import { checkReportFile, readProfile, whole } from './profile-options.ts';
import { recentEvents } from './region-events.ts';
import { findRunning } from './running.ts';
import { surgeTarget } from './surge-target.ts';

interface SimulateArguments {
  readonly profile?: string;
  readonly app?: string;
  readonly seed: string;
  readonly balancer?: string;
  readonly objective?: string;
  readonly compare?: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly parameter?: Readonly<Record<string, string>>;
  readonly allowUnmodelled?: boolean;
  readonly calibrate?: boolean;
  readonly path: string;
  readonly saveApp?: string;
}

export function simulateCommand(program: Command): void {
  withParameters(program.command('simulate'))
    .description('what scaling would do under a profile of traffic: a day in seconds')
    .argument('[dir|template]', "the app's folder, or a template's file", '.')
    .option('--profile <profile>', 'step:from=10,to=80,at=60,for=3600; ramp, spike, sine, constant; or a CSV file')
    .option('--app <model>', 'a JSON file, or serviceMs=20,cpuMs=15,concurrency=16,bootSeconds=60')
    .option('--calibrate', 'measure the model of the app at the running region')
    .option('--path <path>', 'what is asked for to measure it', '/')
    .option('--save-app <file>', 'write what was measured')
    .option('--seed <n>', 'the same seed gives the same run', '1')
    .option('--balancer <id>', 'the logical id of the load balancer that the traffic is for')
    .option('--objective <limits>', 'find the cheapest settings that keep to p99=300ms,errors=0.1%')
    .option('--compare <file>', 'the JSON of a surge: its profile is simulated and the two are compared')
    .option('--json', 'the result for programs')
    .option('--report <file>', 'a page with the plots')
    .option('--allow-unmodelled', 'leave out resources whose type is not modelled, instead of stopping')
    .action(run);
}

async function run(given: string, options: SimulateArguments): Promise<void> {
  const surged = options.compare === undefined ? undefined : readSurge(options.compare);
  if (options.saveApp !== undefined) checkReportFile(options.saveApp);
  if (options.calibrate && options.app !== undefined) throw new UserError('--calibrate and --app exclude each other.');
  const measured = options.calibrate ? await measure(given, options) : undefined;
  if (measured && options.profile === undefined && !surged) {
    line(options.json ? JSON.stringify(measured, null, 2) : `--app ${appText(measured)}`);
    return;
  }
  const spec = options.profile ?? surged?.profile;
  if (spec === undefined)
    throw new UserError('--profile is missing.', 'For example: --profile step:from=10,to=80,at=60,for=3600');
  const { profile } = readProfile(spec);
  const app = measured ?? readAppModel(options.app);
  const objective = options.objective === undefined ? undefined : parseObjective(options.objective);
  if (objective && surged) throw new UserError('--objective and --compare exclude each other.');
  if (options.report !== undefined) checkReportFile(options.report);
  const simulation: SimulationOptions = {
    template: await readTemplate(given),
    profile,
    app,
    seed: whole('--seed', options.seed, 0, 2 ** 31),
    ...(options.parameter ? { parameters: options.parameter } : {}),
    ...(options.balancer === undefined ? {} : { balancer: options.balancer }),
    ...(options.allowUnmodelled ? { allowUnmodelled: true } : {}),
    ...(surged ? { phaseSeconds: (Date.parse(surged.startedAt) / 1000) % 60 } : {}),
  };
  if (objective) return optimise(simulation, objective, options);
  const result = await simulate({ ...simulation, ...(options.json ? {} : { onProgress: progress(profile.seconds) }) });
  const comparison = surged && compare(surged, result);
  if (options.json) line(JSON.stringify(comparison ? { ...result, comparison } : result, null, 2));
  else line(summary(result));
  if (!options.json && comparison) {
    const share = ((100 * comparison.withinOne) / Math.max(1, comparison.samples)).toFixed(0);
    line(
      `Capacity was the same within one machine in ${share} % of ${comparison.samples} samples (at most ${comparison.most} apart).`,
    );
  }
  if (options.report === undefined) return;
  const report =
    surged && comparison
      ? comparisonReport(surged, result, comparison)
      : simulationReport(result, `Simulation of ${given}`);
  writeFileSync(options.report, reportPage(report));
  if (!options.json) line(`Plots: ${resolve(options.report)}`);
}

/** Of the app that runs here. */
async function measure(dir: string, { path, saveApp, json }: SimulateArguments): Promise<AppModel> {
  const folder = appDir(dir);
  const target = await surgeTarget(folder, { dir: folder, yes: false, region: 'us-east-1' });
  const running = await findRunning(folder);
  if (!target.watch || !running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
  const healthyMs = new Map(
    (await recentEvents(running)).flatMap(({ kind, atMs, data }) =>
      kind === 'target-healthy' ? [[String(data?.target), atMs] as const] : [],
    ),
  );
  const { origin, host } = target.destination;
  const app = await calibrate(
    {
      origin,
      host,
      path: `${target.basePath}${path}`,
      client: target.watch.client,
      timeScale: target.timeScale,
      nowMs: target.nowMs,
      healthyMs,
      onStep: (text) => (json ? undefined : line(paint.dim(text))),
    },
    realClock(),
  );
  if (saveApp !== undefined) writeFileSync(saveApp, `${JSON.stringify(app, null, 2)}\n`);
  return app;
}

function appText(app: AppModel): string {
  return Object.entries(app)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

async function optimise(
  simulation: SimulationOptions,
  objective: ReturnType<typeof parseObjective>,
  options: SimulateArguments,
): Promise<void> {
  const search = await findSettings(simulation, objective, (tried) => {
    if (!options.json) line(tryRow(tried));
  });
  if (options.json) {
    const bare = (tried: Tried) => ({ ...tried, result: tried.result.totals });
    line(JSON.stringify({ tried: search.tried.map(bare), best: search.best ? bare(search.best) : null }, null, 2));
  } else line(advice(search));
  if (!search.best) process.exitCode = 1;
  else if (options.report !== undefined) {
    writeFileSync(
      options.report,
      reportPage(simulationReport(search.best.result, 'The cheapest settings that keep to it')),
    );
    if (!options.json) line(`Plots: ${resolve(options.report)}`);
  }
}

function settingsText({ targetFactor, minSize }: Tried['settings']): string {
  const targets = targetFactor === 1 ? 'targets as they are' : `targets × ${targetFactor}`;
  return minSize === undefined ? targets : `${targets}, at least ${minSize} machines`;
}

function tryRow({ settings, instanceHours, misses }: Tried): string {
  const verdict = misses.length === 0 ? paint.green('kept') : paint.yellow(`missed: ${misses.join(', ')}`);
  return `  ${settingsText(settings).padEnd(44)} ${instanceHours.toFixed(1).padStart(10)} h  ${verdict}`;
}

function advice({ best, tried }: Search): string {
  if (!best)
    return paint.red(`None of ${tried.length} settings keeps to it. A larger MaxMachines or instance type may.`);
  return `${paint.green('Cheapest:')} ${settingsText(best.settings)} (${best.instanceHours.toFixed(1)} instance-hours)`;
}

function progress(seconds: number): (done: number) => void {
  return (done) => passing(`simulated ${(done * 100).toFixed(0)} % of ${count(seconds)} s`);
}

function summary({ totals, alarms, activities, notes }: SimulationResult): string {
  const failed = Object.entries(totals.failed);
  const time = (seconds: number | null) => (seconds === null ? '–' : milliseconds(seconds * 1000));
  const rows = [
    ['Requests', count(totals.requests)],
    ['Failed', failed.map(([status, times]) => `${count(times)} with ${status}`).join(', ') || 'none'],
    ['Latency', `p50 ${time(totals.p50)}  p90 ${time(totals.p90)}  p99 ${time(totals.p99)}`],
    ['Machines', `${totals.fewestServing} to ${totals.mostServing} serving`],
    ...Object.entries(totals.instanceHours).map(([type, hours]) => [`Hours of ${type}`, hours.toFixed(1)]),
    ['Scaling', `${activities.length} activities, ${alarms.filter(({ to }) => to === 'ALARM').length} alarms`],
  ];
  return `${table(rows)}\n${notes.map((note) => paint.dim(note)).join('\n')}`;
}

async function readTemplate(given: string): Promise<string> {
  const path = resolve(given);
  if (!existsSync(path)) throw new UserError(`There is no folder or file ${path}.`);
  return statSync(path).isDirectory() ? (await loadApp(path)).template : readFileSync(path, 'utf8');
}

function readAppModel(given: string | undefined): AppModel {
  if (given === undefined) {
    throw new UserError(
      '--app is missing: how long the app takes for a request, and how much of a processor.',
      'For example: --app serviceMs=20,cpuMs=15,concurrency=16,bootSeconds=60',
    );
  }
  if (existsSync(given)) return parseAppModel(readJson(given));
  if (!given.includes('=')) throw new UserError(`There is no file ${given}.`);
  return parseAppModel(
    Object.fromEntries(
      given.split(',').map((part) => {
        const [key = '', value = ''] = part.split('=', 2).map((text) => text.trim());
        return [key, value === '' || Number.isNaN(Number(value)) ? value : Number(value)];
      }),
    ),
  );
}

function readSurge(file: string): SurgeResult {
  if (!existsSync(file)) throw new UserError(`There is no file ${file}.`);
  const read = readJson(file) as Partial<SurgeResult>;
  if (typeof read.profile !== 'string' || typeof read.startedAt !== 'string' || !Array.isArray(read.seconds)) {
    throw new UserError(
      `${file} is not the result of a surge.`,
      'Make one: orrery surge --profile … --json > surge.json',
    );
  }
  return read as SurgeResult;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}
