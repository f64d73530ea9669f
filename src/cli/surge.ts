/** `orrery surge`: traffic by a profile, and how the architecture takes it. */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../delivery/user-error.ts';
import type { Profile } from '../insight/profile.ts';
import { reportPage } from '../insight/report/page.ts';
import { checkExtent, surgeLimits } from '../insight/surge/limits.ts';
import { contentTypeOf, parseMix, type Route } from '../insight/surge/mix.ts';
import { surgeReport } from '../insight/surge/report.ts';
import type { SentRequest } from '../insight/surge/sender.ts';
import { type SurgePlan, surge } from '../insight/surge/surge.ts';
import { realClock } from '../region/clock/clock.ts';
import { secureRandom } from '../region/clock/random.ts';
import { expectDefaultPath } from './default-path.ts';
import { readInput } from './input-file.ts';
import { line } from './print.ts';
import { checkReportFile, readProfile, whole } from './profile-options.ts';
import { summaryText, surgeScreen } from './surge-screen.ts';
import { isAddress, type SurgeTarget, surgeTarget } from './surge-target.ts';

interface SurgeArguments {
  readonly profile: string;
  readonly path?: readonly string[];
  readonly arrivals: string;
  readonly seed?: string;
  readonly clients: string;
  readonly timeout: string;
  readonly inFlight: string;
  readonly maxMinutes: string;
  readonly json?: boolean;
  readonly report?: string;
  readonly dir: string;
  readonly stack?: string;
  readonly region: string;
  readonly yes?: boolean;
}

export function surgeCommand(program: Command): void {
  program
    .command('surge')
    .description('send traffic by a profile, and see how alarms and capacity follow it')
    .argument('[dir|url]', "the app's folder, or an address", '.')
    .requiredOption(
      '--profile <profile>',
      'step:from=10,to=80,at=60,for=300; ramp, spike, sine, constant; or a CSV file',
    )
    .option(
      '--path <path>',
      "'/items', '/burn?ms=20:3' (a weight), 'POST /items @body.json' (repeatable; default /)",
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--arrivals <kind>', 'poisson (by chance, as people are) or even', 'poisson')
    .option('--seed <n>', 'repeats the same arrivals and paths')
    .option('--clients <n>', 'how many hold answers of DNS on their own', '100')
    .option('--timeout <seconds>', 'of each request', '10')
    .option('--in-flight <n>', 'at most so many requests under way', '2000')
    .option('--max-minutes <n>', 'at most so long, in real time', String(surgeLimits.usualMinutes))
    .option('--json', 'the result for programs')
    .option('--report <file>', 'a page with the plots')
    .option('--dir <dir>', "the app's folder, where an address is given", '.')
    .option('--stack <name>', 'the stack to look at')
    .option('--region <region>', 'of a deployment on AWS', process.env.AWS_REGION ?? 'us-east-1')
    .option('--yes', 'also to what your deployment on AWS printed')
    .action(run);
}

async function run(given: string, options: SurgeArguments): Promise<void> {
  // All that can be wrong is found before anything is sent.
  const { profile, source } = readProfile(options.profile);
  const routes = parseMix(options.path ?? ['/']);
  const requests = routes.map(readRequest);
  const limits = {
    clients: whole('--clients', options.clients, 1, 100_000),
    timeoutMs: whole('--timeout', options.timeout, 1, 300) * 1000,
    mostInFlight: whole('--in-flight', options.inFlight, 1, 20_000),
    maxMinutes: whole('--max-minutes', options.maxMinutes, 1, surgeLimits.mostMinutes),
  };
  const seed = options.seed === undefined ? secureRandom().int(2 ** 31) : whole('--seed', options.seed, 0, 2 ** 31);
  const { arrivals } = options;
  if (arrivals !== 'poisson' && arrivals !== 'even')
    throw new UserError(`--arrivals must be poisson or even, not "${arrivals}".`);
  if (options.report !== undefined) checkReportFile(options.report);
  const target = await surgeTarget(given, { ...options, yes: options.yes ?? false });
  const { maxMinutes, ...load } = limits;
  const extent = checkExtent(profile, target.timeScale, maxMinutes);
  if (options.path === undefined && !isAddress(given)) await expectDefaultPath(target);
  const plan: SurgePlan = {
    url: target.url,
    nowMs: target.nowMs,
    load: {
      ...load,
      profile: source,
      arrivals,
      seed,
      timeScale: target.timeScale,
      destination: target.destination,
      dns: target.dns,
      routes,
      requests: requests.map((request) => ({ ...request, path: `${target.basePath}${request.path}` })),
    },
    ...(target.watch ? { watch: target.watch } : {}),
  };
  const ended = interruption();
  const screen = options.json ? undefined : surgeScreen(profile, target.timeScale);
  if (!options.json) line(introduction(profile, target, extent.requests, seed));
  const result = await surge(plan, realClock(), (moment) => screen?.show(moment), ended);
  screen?.end();
  line(options.json ? JSON.stringify(result, null, 2) : summaryText(result));
  if (options.report !== undefined) {
    writeFileSync(options.report, reportPage(surgeReport(result)));
    if (!options.json) line(`Plots: ${resolve(options.report)}`);
  }
  if (result.interrupted) process.exitCode = 130;
}

function introduction(profile: Profile, { url, timeScale }: SurgeTarget, requests: number, seed: number): string {
  const faster = timeScale === 1 ? '' : `, in ${(profile.seconds / timeScale).toFixed(0)} s of real time`;
  return `About ${Math.round(requests).toLocaleString('en-GB')} requests to ${url}: ${profile.text}${faster} (seed ${seed})`;
}

/** The first Ctrl-C ends the surge, which is then reported; the second ends this process. */
function interruption(): AbortSignal {
  const ended = new AbortController();
  const end = () => {
    if (ended.signal.aborted) process.exit(130);
    ended.abort();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  return ended.signal;
}

const largestBodyBytes = 10 * 1024 * 1024;

function readRequest({ method, path, bodyFile }: Route): SentRequest {
  if (bodyFile === undefined) return { method, path };
  if (!existsSync(bodyFile)) throw new UserError(`There is no file ${bodyFile}, the body of ${method} ${path}.`);
  return { method, path, contentType: contentTypeOf(bodyFile), body: readInput(bodyFile, largestBodyBytes) };
}
