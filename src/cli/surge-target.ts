/** Where a surge goes: the app at the local region, another address of this machine, or what the user's own deployment printed. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { findStack, outputsOf } from '../delivery/stack.ts';
import { awsTarget } from '../delivery/target.ts';
import { UserError } from '../delivery/user-error.ts';
import type { Destination } from '../insight/surge/sender.ts';
import type { ThreadPlan } from '../insight/surge/thread.ts';
import type { WatchOptions } from '../insight/surge/watch.ts';
import { realClock } from '../region/clock/clock.ts';
import { startStopwatch } from '../region/clock/stopwatch.ts';
import { appDir } from './app.ts';
import { readEvents } from './region-events.ts';
import { endpointOf, findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

export interface SurgeTarget {
  readonly url: string;
  readonly destination: Destination;
  /** What comes before each path. */
  readonly basePath: string;
  readonly dns: ThreadPlan['dns'];
  readonly timeScale: number;
  readonly watch?: WatchOptions;
  /** Model time. */
  nowMs(): number;
}

export interface TargetOptions {
  /** The app's folder, where an address is given. */
  readonly dir: string;
  readonly stack?: string;
  readonly yes: boolean;
  /** Of AWS. */
  readonly region: string;
}

/** AWS limits how often it is asked, and measures by the minute anyway. */
const lookMs = { local: 1_000, aws: 15_000 } as const;

/** @param given a folder or a URL */
export async function surgeTarget(given: string, options: TargetOptions): Promise<SurgeTarget> {
  if (!isAddress(given)) return appTarget(appDir(given), options.stack);
  const url = urlOf(given);
  if (!isLoopback(url.hostname)) return deployedTarget(url, options);
  const dir = resolve(options.dir);
  const running = existsSync(dir) ? await findRunning(dir) : undefined;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (running && port === running.ports.tls) {
    throw new UserError(
      `Port ${port} is the region's door with TLS by a local authority.`,
      `A surge goes by the other one: http://${url.hostname}:${running.ports.https}${url.pathname}`,
    );
  }
  if (running && (port === running.ports.https || port === running.ports.http)) {
    if (!url.hostname.endsWith('.localhost')) {
      throw new UserError(
        `The region's front door needs the name of the app, not ${url.hostname}.`,
        `For example: http://api.myapp.localhost:${port}`,
      );
    }
    return regionTarget(running, url.hostname, port, url.pathname, options.stack);
  }
  await mustAnswer(url);
  return serverTarget(url);
}

/** Else it is a folder. */
export function isAddress(given: string): boolean {
  return /^[a-z]+:\/\//i.test(given);
}

function urlOf(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new UserError(`"${given}" is no http:// or https:// address.`);
  if (url.username || url.password || url.search || url.hash)
    throw new UserError(
      `"${given}" must be an address alone.`,
      "Paths and queries are given by --path '/items?limit=5'.",
    );
  return url;
}

function isLoopback(hostname: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost|.+\.localhost)$/.test(hostname);
}

/** The API of the app that the local region runs. */
async function appTarget(dir: string, wanted: string | undefined): Promise<SurgeTarget> {
  const running = await findRunning(dir);
  if (!running) throw new UserError('No region runs for this folder.', 'Start one: orrery up');
  const { Stacks = [] } = await targetOf(running).cloudFormation.send(new DescribeStacksCommand({}));
  const found = Stacks.flatMap((stack) => {
    const { ApiUrl } = outputsOf(stack);
    const matches = wanted === undefined || stack.StackName === wanted;
    return ApiUrl && matches ? [{ name: stack.StackName ?? '', url: new URL(ApiUrl) }] : [];
  });
  const [stack, another] = found;
  if (!stack) {
    throw new UserError(
      wanted ? `There is no stack ${wanted} with an output ApiUrl.` : 'No stack of this region has an output ApiUrl.',
      `Give the address: orrery surge http://NAME:${running.ports.https} …`,
    );
  }
  if (another)
    throw new UserError(
      `Several stacks have an ApiUrl: ${found.map(({ name }) => name).join(', ')}.`,
      'Choose one: --stack NAME',
    );
  return regionTarget(running, stack.url.hostname, running.ports.https, stack.url.pathname, stack.name);
}

async function regionTarget(
  running: RunningRegion,
  hostname: string,
  port: number,
  path: string,
  stack: string | undefined,
): Promise<SurgeTarget> {
  const endpoint = endpointOf(running);
  const clock = realClock();
  const health = (await (await fetch(`${endpoint}/_orrery/health`)).json()) as { timeScale?: number; nowMs?: number };
  const { timeScale = 1, nowMs = clock.now() } = health;
  const sinceMs = startStopwatch();
  return {
    url: `http://${hostname}:${port}${basePathOf(path)}`,
    destination: { origin: `http://127.0.0.1:${port}`, host: `${hostname}:${port}`, reach: 'door' },
    basePath: basePathOf(path),
    dns: { kind: 'model', port: running.ports.dns },
    timeScale,
    watch: {
      client: { endpoint, region: running.region, credentials: running.rootKey },
      ...(stack === undefined ? {} : { stack }),
      timeScale,
      everyMs: lookMs.local,
      events: (each, signal) => readEvents(running, true, each, signal),
    },
    nowMs: () => nowMs + sinceMs() * timeScale,
  };
}

/** A wrong port is found out now, not by a surge of errors. */
async function mustAnswer({ protocol, hostname, port, host }: URL): Promise<void> {
  const name = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
  const socket = connect(Number(port || (protocol === 'https:' ? 443 : 80)), name);
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new UserError(
      `Nothing answers at ${host}: ${error instanceof Error ? error.message : error}.`,
      "Is it the right port, and does the server run? The app's own address is told by: orrery status",
    );
  } finally {
    socket.destroy();
  }
}

/** A server of this machine that is no region's. */
function serverTarget(url: URL): SurgeTarget {
  const { protocol, hostname, port, host, pathname } = url;
  // Not every system finds names under `.localhost`, and they can only be here.
  const name = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname;
  return {
    url: url.href,
    destination: { origin: `${protocol}//${name}${port ? `:${port}` : ''}`, host, reach: 'origin' },
    basePath: basePathOf(pathname),
    dns: { kind: 'none' },
    timeScale: 1,
    nowMs: () => realClock().now(),
  };
}

/** Load on somebody else's servers is an attack: only what the user's own stack gave out is one's own for sure. */
async function deployedTarget(url: URL, { dir, yes, region }: TargetOptions): Promise<SurgeTarget> {
  if (!yes) {
    throw new UserError(
      `${url.host} is not on this machine.`,
      'A surge goes to the local region or, with --yes, to the ApiUrl or SiteUrl of your own deployment.',
    );
  }
  const { loadConfig } = await import('../blueprint/index.ts');
  const { name } = (await loadConfig(appDir(dir))).config;
  const stack = await findStack(awsTarget(region), name);
  const outputs = stack ? outputsOf(stack) : {};
  const own = [outputs.ApiUrl, outputs.SiteUrl].filter((value) => value !== undefined);
  if (!own.some((value) => URL.canParse(value) && new URL(value).host === url.host)) {
    throw new UserError(
      `${url.host} is not an address of your deployment: the stack ${name} in ${region} ${own.length > 0 ? `has ${own.join(' and ')}` : 'is not there'}.`,
      'A surge goes to no other address. Is it the right folder (--dir) and region (--region)?',
    );
  }
  return {
    url: url.href,
    destination: { origin: url.origin, host: url.host, reach: 'address' },
    basePath: basePathOf(url.pathname),
    dns: { kind: 'system' },
    timeScale: 1,
    watch: { client: { region }, stack: name, timeScale: 1, everyMs: lookMs.aws },
    nowMs: () => realClock().now(),
  };
}

function basePathOf(path: string): string {
  return path.replace(/\/+$/, '');
}
