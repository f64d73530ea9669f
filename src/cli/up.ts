/** `orrery up`: a local region, and the app delivered onto it. */
import type { Command } from 'commander';
import { type Delivered, deliver } from '../delivery/deliver.ts';
import { StackFailed } from '../delivery/stack.ts';
import { realClock } from '../region/clock/clock.ts';
import { secureRandom } from '../region/clock/random.ts';
import type { Region } from '../region/region.ts';
import { type App, appDir, loadApp } from './app.ts';
import { withParameters } from './parameters.ts';
import { line, paint, table } from './print.ts';
import { stackProgress } from './progress.ts';
import { recentEvents } from './region-events.ts';
import { type RegionArguments, regionChoices, withRegionOptions } from './region-options.ts';
import { runningHere, runUntilTold, startDetached, startRegion } from './region-process.ts';
import { findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

interface UpOptions extends RegionArguments {
  readonly detach?: boolean;
  readonly domain?: string;
  readonly allowUnmodelled?: boolean;
  readonly parameter?: Readonly<Record<string, string>>;
}

export function upCommand(program: Command): void {
  withParameters(withRegionOptions(program.command('up')))
    .description('run the app here: a local AWS region with the whole architecture')
    .argument('[dir]', "the app's folder", '.')
    .option('-d, --detach', 'leave it running in the background')
    .option('--domain <name>', 'the local domain (default: the first label of the domain, under .localhost)')
    .option('--allow-unmodelled', 'leave out resources whose type is not modelled, instead of stopping')
    .action(up);
}

async function up(dir: string, options: UpOptions): Promise<void> {
  const folder = appDir(dir);
  const choices = regionChoices(options);
  const running = await findRunning(folder);
  const app = await loadApp(folder, { release: true });
  const domain = domainOf(app, options.domain);
  const clock = realClock();
  const deliverTo = async (there: RunningRegion) => {
    const sinceMs = clock.now();
    const delivered = await deliverHere(app, there, domain, options).catch(async (error: unknown) => {
      if (error instanceof StackFailed && there.pid !== process.pid)
        for (const text of await lastTroubles(there)) line(text);
      throw error;
    });
    if (delivered) summary(app, there, delivered, domain, (clock.now() - sinceMs) / 1000);
  };
  if (running) {
    line(paint.dim(`The region is running already (pid ${running.pid}).`));
    await deliverTo(running);
    return;
  }
  if (options.detach) {
    await deliverTo(await startDetached(folder, choices));
    line(paint.dim('It goes on in the background. Stop it: orrery down'));
    return;
  }
  line(paint.bold('Starting the region'));
  const region = await startRegion(folder, choices);
  let interrupted = false;
  const told = runUntilTold(folder, region, () => {
    interrupted = true;
  });
  try {
    const stop = showTroubles(region);
    await deliverTo(runningHere(region, choices));
    stop();
    line(paint.dim('Ctrl-C stops it; the next "up" goes on where it was.'));
  } catch (error) {
    if (!interrupted) process.kill(process.pid, 'SIGTERM');
    const wasInterrupted = interrupted;
    await told;
    if (!wasInterrupted) throw error;
    line(paint.dim('Stopped on the way; the next "up" goes on.'));
    process.exitCode = 130;
    return;
  }
  await told;
}

/** What makes a stack fail, as it happens: what the network dropped, which boots and services failed, who was refused. */
const troubles = ['packet-dropped', 'boot-failed', 'service-ended', 'access-denied', 'internal-failure'];

function showTroubles(region: Region): () => void {
  const told = new Set<string>();
  return region.events.subscribe((event) => {
    // A service that is restarted ends again and again: once will do.
    const key = event.kind === 'service-ended' ? String(event.data?.instanceId) : undefined;
    if (!troubles.includes(event.kind) || (key !== undefined && told.has(key))) return;
    if (key !== undefined) told.add(key);
    line(`  ${paint.yellow(event.kind)} ${event.text}`);
  });
}

/** The last words of a region in the background whose stack failed. */
async function lastTroubles(running: RunningRegion): Promise<string[]> {
  const seen = (await recentEvents(running)).filter(({ kind }) => troubles.includes(kind));
  return seen.slice(-5).map(({ kind, text }) => `  ${paint.yellow(kind)} ${text}`);
}

/** `myapp.com` is `myapp.localhost` here: browsers take names under `.localhost` to this machine without set-up. */
function domainOf(app: App, chosen: string | undefined): string {
  if (chosen !== undefined) return chosen;
  const [label] = (app.config.domain ?? '').split('.');
  return label ? `${label}.localhost` : '';
}

function deliverHere(
  app: App,
  running: RunningRegion,
  domain: string,
  { allowUnmodelled, parameter }: UpOptions,
): Promise<Delivered | undefined> {
  const { https } = running.ports;
  const progress = stackProgress(app.config.name);
  return deliver({
    app,
    template: app.template,
    target: targetOf(running),
    domain,
    reference: secureRandom().hex(12),
    ...(domain ? { origins: { site: `http://${domain}:${https}`, api: `http://api.${domain}:${https}` } } : {}),
    ...(parameter ? { parameters: parameter } : {}),
    ...(allowUnmodelled ? { tags: { 'orrery:allow-unmodelled': 'true' } } : {}),
    onStep: (text) => line(paint.bold(text)),
    onEvent: progress.event,
  });
}

function summary(app: App, running: RunningRegion, delivered: Delivered, domain: string, seconds: number): void {
  const { https, tls, aws, dns } = running.ports;
  const { outputs } = delivered;
  const site = domain || `${outputs.DistributionDomainName}.localhost`;
  const rows = [
    ['Site', `http://${site}:${https}`],
    ['API', domain ? `http://api.${domain}:${https}` : `http://${site}:${https}/api`],
    ['Site, TLS', `https://${site}:${tls}`],
    ['AWS endpoint', `http://127.0.0.1:${aws}   (key ${running.rootKey.accessKeyId}, ${running.region})`],
    ['DNS', `127.0.0.1:${dns}   (dig @127.0.0.1 -p ${dns} ${site})`],
    ['Stack', app.config.name],
  ];
  line();
  const what = delivered.changed || delivered.uploaded.length > 0 ? 'Up' : 'Up; nothing had changed';
  line(`${paint.green(what)} ${paint.dim(`(${seconds.toFixed(1)} s)`)}`);
  line(table(rows));
}
