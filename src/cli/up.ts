/** `orrery up`: a local region, and the app delivered onto it. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { StackEvent } from '@aws-sdk/client-cloudformation';
import type { Command } from 'commander';
import { type Delivered, deliver } from '../delivery/deliver.ts';
import { localTarget } from '../delivery/target.ts';
import { UserError } from '../delivery/user-error.ts';
import { realClock } from '../region/clock/clock.ts';
import { secureRandom } from '../region/clock/random.ts';
import { defaultPorts, type Ports, Region } from '../region/region.ts';
import { type App, appDir, loadApp } from './app.ts';
import { portOwner } from './port-owner.ts';
import { line, paint, table } from './print.ts';
import { endpointOf, findRunning, forgetRunning, type RunningRegion, stateDir, writeRunning } from './running.ts';

interface PortOptions {
  readonly port: string;
  readonly tlsPort: string;
  readonly httpPort: string;
  readonly awsPort: string;
  readonly dnsPort: string;
}

interface UpOptions extends PortOptions {
  readonly detach?: boolean;
  readonly domain?: string;
}

function withPorts(command: Command): Command {
  return command
    .option('--port <port>', 'front door: HTTP that stands for HTTPS', String(defaultPorts.https))
    .option('--tls-port <port>', 'front door with real TLS', String(defaultPorts.tls))
    .option('--http-port <port>', 'front door that stands for port 80', String(defaultPorts.http))
    .option('--aws-port <port>', 'the AWS endpoint', String(defaultPorts.aws))
    .option('--dns-port <port>', 'DNS, UDP and TCP', String(defaultPorts.dns));
}

export function upCommand(program: Command): void {
  withPorts(program.command('up'))
    .description('run the app here: a local AWS region with the whole architecture')
    .argument('[dir]', "the app's folder", '.')
    .option('-d, --detach', 'leave it running in the background')
    .option('--domain <name>', 'the local domain (default: the first label of the domain, under .localhost)')
    .action(up);
}

/** What `up --detach` leaves behind: the region alone. */
export function regionCommand(program: Command): void {
  withPorts(program.command('region', { hidden: true }))
    .argument('<dir>')
    .action(async (dir: string, options: PortOptions) => {
      const app = appDir(dir);
      await runUntilTold(app, await start(app, portsOf(options)));
    });
}

async function up(dir: string, options: UpOptions): Promise<void> {
  const folder = appDir(dir);
  const ports = portsOf(options);
  const running = await findRunning(folder);
  const app = await loadApp(folder);
  if (running) {
    line(paint.dim(`The region is running already (pid ${running.pid}).`));
    summary(app, running, await deliverHere(app, running, options.domain), domainOf(app, options.domain));
    return;
  }
  if (options.detach) {
    const started = await startDetached(folder, options);
    summary(app, started, await deliverHere(app, started, options.domain), domainOf(app, options.domain));
    line(paint.dim('It goes on in the background. Stop it: orrery down'));
    return;
  }
  const region = await start(folder, ports);
  const told = runUntilTold(folder, region);
  try {
    const here: RunningRegion = { pid: process.pid, ports: region.ports, region: region.scope.region };
    const stop = showTroubles(region);
    summary(app, here, await deliverHere(app, here, options.domain), domainOf(app, options.domain));
    stop();
    line(paint.dim('Ctrl-C stops it; the next "up" goes on where it was.'));
  } catch (error) {
    process.kill(process.pid, 'SIGTERM');
    await told;
    throw error;
  }
  await told;
}

/** While the stack is being made, what the network dropped and which boots failed is worth a line. */
function showTroubles(region: Region): () => void {
  const telling = new Set(['packet-dropped', 'boot-failed', 'access-denied', 'internal-failure']);
  return region.events.subscribe((event) => {
    if (telling.has(event.kind)) line(`  ${paint.yellow(event.kind)} ${event.text}`);
  });
}

function portsOf(options: PortOptions): Ports {
  const port = (name: string, value: string): number => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0 || number > 65_535)
      throw new UserError(`${name} must be a port from 0 to 65535, not "${value}".`);
    return number;
  };
  return {
    https: port('--port', options.port),
    tls: port('--tls-port', options.tlsPort),
    http: port('--http-port', options.httpPort),
    aws: port('--aws-port', options.awsPort),
    dns: port('--dns-port', options.dnsPort),
  };
}

async function start(dir: string, ports: Ports): Promise<Region> {
  try {
    const region = await Region.start({ dir: join(stateDir(dir), 'state'), ports });
    writeRunning(dir, { pid: process.pid, ports: region.ports, region: region.scope.region });
    return region;
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code !== 'EADDRINUSE' || port === undefined) throw error;
    const owner = portOwner(port);
    const option = Object.entries({
      '--port': ports.https,
      '--tls-port': ports.tls,
      '--http-port': ports.http,
      '--aws-port': ports.aws,
      '--dns-port': ports.dns,
    }).find(([, value]) => value === port)?.[0];
    throw new UserError(
      `Port ${port} is taken${owner ? ` by ${owner}` : ''}.`,
      `End that process, or choose another port: ${option ?? '--port'} <port>`,
    );
  }
}

/** Resolves when the process was told to end and the region has been closed. */
async function runUntilTold(dir: string, region: Region): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    process.once('SIGHUP', resolve);
  });
  forgetRunning(dir);
  await region.close();
}

const clock = realClock();

async function startDetached(dir: string, options: UpOptions): Promise<RunningRegion> {
  const log = openSync(join(ensured(dir), 'region.log'), 'a');
  const main = process.argv[1] ?? '';
  const ports = portsOf(options);
  const argv = [
    main,
    'region',
    dir,
    '--port',
    ports.https,
    '--tls-port',
    ports.tls,
    '--http-port',
    ports.http,
    '--aws-port',
    ports.aws,
    '--dns-port',
    ports.dns,
  ];
  const child = spawn(process.execPath, argv.map(String), { detached: true, stdio: ['ignore', log, log] });
  let ended: number | null | undefined;
  child.on('exit', (code) => {
    ended = code;
  });
  child.unref();
  for (let waited = 0; waited < 30_000; waited += 50) {
    const running = await findRunning(dir);
    if (running) return running;
    if (ended !== undefined)
      throw new UserError(
        `The region ended at once (exit code ${ended}).`,
        `Its last words are in ${join(stateDir(dir), 'region.log')}.`,
      );
    await clock.sleep(50);
  }
  throw new UserError(
    'The region did not answer within 30 s.',
    `Its last words are in ${join(stateDir(dir), 'region.log')}.`,
  );
}

function ensured(dir: string): string {
  const made = stateDir(dir);
  mkdirSync(made, { recursive: true });
  return made;
}

/** `myapp.com` is `myapp.localhost` here: browsers take names under `.localhost` to this machine without set-up. */
function domainOf(app: App, chosen: string | undefined): string {
  if (chosen !== undefined) return chosen;
  const [label] = (app.config.domain ?? '').split('.');
  return label ? `${label}.localhost` : '';
}

function deliverHere(app: App, running: RunningRegion, chosen: string | undefined): Promise<Delivered | undefined> {
  const domain = domainOf(app, chosen);
  const target = localTarget({
    endpoint: endpointOf(running),
    region: running.region,
    accessKeyId: 'test',
    secretAccessKey: 'test',
  });
  const { https } = running.ports;
  return deliver({
    app,
    template: app.template,
    target,
    domain,
    reference: secureRandom().hex(12),
    ...(domain ? { origins: { site: `http://${domain}:${https}`, api: `http://api.${domain}:${https}` } } : {}),
    onStep: (text) => line(paint.bold(text)),
    onEvent: (event) => line(`  ${eventText(event)}`),
  });
}

export function eventText({
  ResourceStatus,
  LogicalResourceId: id,
  ResourceType: type,
  ResourceStatusReason: reason,
}: StackEvent): string {
  const status: string = ResourceStatus ?? '';
  const colour =
    status.endsWith('_FAILED') || status.includes('ROLLBACK')
      ? paint.red
      : status.endsWith('_COMPLETE')
        ? paint.green
        : paint.dim;
  return `${colour(status.padEnd(20))} ${id} ${paint.dim(type ?? '')}${reason ? ` ${reason}` : ''}`;
}

function summary(app: App, running: RunningRegion, delivered: Delivered | undefined, domain: string): void {
  if (!delivered) return;
  const { https, tls, aws, dns } = running.ports;
  const { outputs } = delivered;
  const site = domain || `${outputs.DistributionDomainName}.localhost`;
  const rows = [
    ['Site', `http://${site}:${https}`],
    ['API', domain ? `http://api.${domain}:${https}` : `http://${site}:${https}/api`],
    ['Site, TLS', `https://${site}:${tls}`],
    ['AWS endpoint', `http://127.0.0.1:${aws}   (key test, secret test, ${running.region})`],
    ['DNS', `127.0.0.1:${dns}   (dig @127.0.0.1 -p ${dns} ${site})`],
    ['Stack', app.config.name],
  ];
  line();
  line(
    delivered.changed || delivered.uploaded.length > 0 ? paint.green('Up.') : paint.green('Up; nothing had changed.'),
  );
  line(table(rows));
}
