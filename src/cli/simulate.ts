/** `orrery simulate`: a template under a profile of traffic, without sending any. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { reportPage } from '../insight/report/page.ts';
import type { Report } from '../insight/report/report.ts';
import type { AppModel } from '../insight/simulate/app-model.ts';
import { calibrate } from '../insight/simulate/calibrate.ts';
import { appOfSurge, compare, comparisonReport, type LiveSurge, phaseOf } from '../insight/simulate/compare.ts';
import { findSettings, type Objective, type Tried } from '../insight/simulate/objective.ts';
import { simulationReport } from '../insight/simulate/report.ts';
import { type SimulationOptions, simulate } from '../insight/simulate/run.ts';
import { count } from '../insight/words.ts';
import { realClock } from '../region/clock/clock.ts';
import { appDir } from './app.ts';
import { withParameters } from './parameters.ts';
import { line, paint, passing } from './print.ts';
import { recentEvents } from './region-events.ts';
import { findRunning } from './running.ts';
import { type SimulateArguments, simulateInputs } from './simulate-inputs.ts';
import { advice, agreementText, appText, summary, tryRow } from './simulate-words.ts';
import { surgeTarget } from './surge-target.ts';
import { templateArgument, templateInput, withStack } from './template-input.ts';

export function simulateCommand(program: Command): void {
  withParameters(withStack(program.command('simulate')))
    .description('what scaling would do under a profile of traffic: a day in seconds')
    .argument(...templateArgument)
    .option('--profile <profile>', 'step:from=10,to=80,at=60,for=3600; ramp, spike, sine, constant; or a CSV file')
    .option('--app <model>', 'a JSON file, or serviceMs=20,cpuMs=15,concurrency=16,bootSeconds=60')
    .option('--calibrate', 'measure the model of the app at the running region')
    .option('--path <path>', 'what is asked for to measure it (/ by default)')
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
  const { profile, seed, surged, objective, ...inputs } = simulateInputs(options);
  const input = profile ? await templateInput(given, options.stack) : undefined;
  const app = inputs.app ?? (await measure(given, options));
  if (!profile || !input) {
    line(options.json ? JSON.stringify(app, null, 2) : `--app ${appText(app)}`);
    return;
  }
  const simulation: SimulationOptions = {
    template: input.template,
    profile,
    app: surged ? appOfSurge(app, surged) : app,
    seed,
    ...(options.parameter ? { parameters: options.parameter } : {}),
    ...(options.balancer === undefined ? {} : { balancer: options.balancer }),
    ...(options.allowUnmodelled ? { allowUnmodelled: true } : {}),
    ...(surged ? { phaseSeconds: phaseOf(surged) } : {}),
  };
  if (objective) await optimise(simulation, objective, options);
  else await simulateOnce(input.title, simulation, surged, options);
}

async function simulateOnce(
  title: string,
  simulation: SimulationOptions,
  surged: LiveSurge | undefined,
  { json, report }: SimulateArguments,
): Promise<void> {
  const { seconds } = simulation.profile;
  const onProgress = (done: number) => passing(`simulated ${(done * 100).toFixed(0)} % of ${count(seconds)} s`);
  const result = await simulate({ ...simulation, ...(json ? {} : { onProgress }) });
  const comparison = surged && compare(surged, result);
  if (json) line(JSON.stringify(comparison ? { ...result, comparison } : result, null, 2));
  else line(comparison ? `${summary(result)}\n${agreementText(comparison, surged.timeScale)}` : summary(result));
  writeReport(
    surged && comparison
      ? comparisonReport(surged, result, comparison)
      : simulationReport(result, `Simulation of ${title}`),
    { json, report },
  );
}

function writeReport(
  report: Report,
  to: { readonly json?: boolean | undefined; readonly report?: string | undefined },
) {
  if (to.report === undefined) return;
  writeFileSync(to.report, reportPage(report));
  if (!to.json) line(`Plots: ${resolve(to.report)}`);
}

/** Of the app that runs here. */
async function measure(dir: string, { path = '/', saveApp, json }: SimulateArguments): Promise<AppModel> {
  if (!path.startsWith('/'))
    throw new UserError(`--path must begin with a slash, not "${path}".`, 'For example: --path /items');
  const folder = appDir(dir);
  const target = await surgeTarget(folder, { dir: folder, yes: false, region: 'us-east-1' });
  const running = await findRunning(folder);
  if (!target.watch || !running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
  const healthyMs = new Map<string, number>();
  const events = await recentEvents(running);
  for (const { kind, atMs, data } of events) {
    const id = String(data?.target);
    // The first time: it may have been sick later.
    if (kind === 'target-healthy' && !healthyMs.has(id)) healthyMs.set(id, atMs);
  }
  const { client, stack } = target.watch;
  const app = await calibrate(
    {
      ...target.destination,
      path: `${target.basePath}${path}`,
      client,
      ...(stack === undefined ? {} : { stack }),
      timeScale: target.timeScale,
      nowMs: target.nowMs,
      healthyMs,
      sinceMs: events.find(({ lasting }) => !lasting)?.atMs ?? target.nowMs(),
      onStep: (text) => (json ? process.stderr.write(`${text}\n`) : line(paint.dim(text))),
    },
    realClock(),
  );
  if (saveApp !== undefined) writeFileSync(saveApp, `${JSON.stringify(app, null, 2)}\n`);
  return app;
}

async function optimise(
  simulation: SimulationOptions,
  objective: Objective,
  { json, report }: SimulateArguments,
): Promise<void> {
  const search = await findSettings(simulation, objective, (tried) => {
    if (!json) line(tryRow(tried));
  });
  const { tried, best, ended } = search;
  const bare = (one: Tried) => ({ ...one, result: one.result.totals });
  if (json) line(JSON.stringify({ tried: tried.map(bare), best: best ? bare(best) : null, ended }, null, 2));
  else line(advice(search));
  if (best) writeReport(simulationReport(best.result, 'The cheapest settings that keep to it'), { json, report });
  else {
    process.exitCode = 1;
    if (report !== undefined && !json) line(`${report} is not written: there is nothing to show.`);
  }
}
