/** `orrery check`: what is wrong with a template, before anything is deployed. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import { type CheckResult, check, knownRules, severities } from '../insight/check/check.ts';
import { type Observed, observedCalls, type StackNames } from '../insight/check/edge/observed.ts';
import type { Severity } from '../insight/check/rule.ts';
import { sarif } from '../insight/check/sarif.ts';
import { parseSuppressions, type Suppression } from '../insight/check/suppress.ts';
import { parseExpectations } from '../insight/reach/expectations-file.ts';
import { checkText } from './check-words.ts';
import { withParameters } from './parameters.ts';
import { line, passing } from './print.ts';
import { checkReportFile } from './profile-options.ts';
import { readText } from './read-file.ts';
import { recentEvents } from './region-events.ts';
import { findRunning, type RunningRegion } from './running.ts';
import { templateArgument, templateInput, withStack } from './template-input.ts';
import { version } from './version.ts';

interface CheckArguments {
  readonly parameter?: Readonly<Record<string, string>>;
  readonly stack?: string;
  readonly region?: string;
  readonly json?: boolean;
  readonly sarif?: string;
  readonly suppress?: string;
  readonly expect?: string;
  readonly reach?: string | true;
  readonly observed?: boolean;
  readonly severity: Severity;
}

export function checkCommand(program: Command): void {
  withParameters(withStack(program.command('check')))
    .description('what is wrong with a template, and what is proven of it; nothing is deployed')
    .argument(...templateArgument)
    .option('--region <region>', 'as if deployed there (us-east-1 by default)')
    .option('--json', 'the result for programs')
    .option('--sarif <file>', 'for annotations in code reviews; - for standard output')
    .option('--suppress <file>', `findings to live with, each with a reason (${fileName} beside the template)`)
    .option('--expect <file>', 'who reaches whom, and who never does: a YAML list, as in internet → machines: never')
    .option('--reach [places]', 'who reaches whom, of all or of these: internet,ApiBalancer,ApiGroup,s3')
    .option('--observed', 'also what roles may and were not seen to do, in the region that runs for the folder')
    .addOption(
      new Option('--severity <least>', 'findings of this severity and above make the exit code 1')
        .choices([...severities])
        .default('warning'),
    )
    .action(run);
}

const fileName = 'orrery.check.yml';

async function run(given: string, options: CheckArguments): Promise<void> {
  const { json, parameter, region } = options;
  const toStdout = json || options.sarif === '-';
  if (options.sarif !== undefined && options.sarif !== '-') checkReportFile(options.sarif);
  const { template, name, folder, expectations = [] } = await templateInput(given, options.stack);
  const result = await check({
    template,
    name,
    suppressions: suppressionsOf(options.suppress, folder),
    expectations:
      options.expect === undefined
        ? // They are of the configuration, and parameters may say otherwise.
          parameter
          ? []
          : expectations
        : parseExpectations(readText(options.expect, 1024 * 1024), options.expect),
    ...(options.reach === undefined ? {} : { reach: placesOf(options.reach) }),
    ...(options.observed ? { observed: await seenIn(folder) } : {}),
    ...(parameter ? { parameters: parameter } : {}),
    ...(region === undefined ? {} : { region }),
    ...(toStdout ? {} : { onProgress: (done, all, title) => passing(`${done} of ${all}: ${title}`) }),
  });
  print(result, options);
  const least = severities.indexOf(options.severity);
  if (result.findings.some(({ severity }) => severities.indexOf(severity) <= least)) process.exitCode = 1;
}

/** What the roles of the running region's machines were granted so far. */
async function seenIn(folder: string): Promise<Observed> {
  const running = await findRunning(folder);
  if (!running) throw new UserError(`No region runs for ${folder}.`, 'Start one: orrery up');
  return { calls: observedCalls(await recentEvents(running)), names: await namesOf(running) };
}

async function namesOf(running: RunningRegion): Promise<StackNames> {
  // Loading the SDK takes its time, which only who asks for it should wait.
  const [{ stackNames }, { targetOf }] = await Promise.all([import('./stack-names.ts'), import('./running-target.ts')]);
  return stackNames(targetOf(running));
}

function print(result: CheckResult, { json, sarif: file, reach }: CheckArguments): void {
  const log =
    file === undefined
      ? ''
      : JSON.stringify(sarif(result, { uri: result.name, version: version(), rules: knownRules() }), null, 2);
  if (file !== undefined && file !== '-') writeFileSync(file, `${log}\n`);
  if (file === '-') line(log);
  else line(json ? JSON.stringify(result, null, 2) : checkText(result, reach !== undefined && reach !== true));
}

function placesOf(given: string | true): readonly string[] {
  if (given === true) return [];
  return given.split(',').map((name) => name.trim());
}

function suppressionsOf(given: string | undefined, folder: string): readonly Suppression[] {
  const file = given ?? join(folder, fileName);
  if (given === undefined && !existsSync(file)) return [];
  return parseSuppressions(readText(file, 1024 * 1024), given ?? fileName);
}
