/**
 * What the running region counted since its first stack was made: metrics of balancers, NAT gateways and distributions, machines,
 * objects, logs.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { UserError } from '../delivery/user-error.ts';
import type { Given } from '../insight/cost/assumptions.ts';
import type { CostOptions } from '../insight/cost/cost.ts';
import { decimal } from '../insight/cost/decimal.ts';
import { realClock } from '../region/clock/clock.ts';
import { appDir } from './app.ts';
import { machinesOf } from './measured-machines.ts';
import { logsOf, objectsOf, surroundingsOf } from './measured-storage.ts';
import { monthMs, type RunningWindow } from './measured-window.ts';
import { endpointOf, findRunning, type RunningRegion } from './running.ts';
import { targetOf } from './running-target.ts';

const gigabyte = 2 ** 30;
/** GetMetricStatistics gives at most so many points. */
const mostPoints = 1_440;

interface Counter {
  readonly namespace: string;
  readonly metric: string;
  /** Exactly these: other sets of dimensions count the same again. */
  readonly dimensions: readonly string[];
}

const balancer = (metric: string): Counter => ({
  namespace: 'AWS/ApplicationELB',
  metric,
  dimensions: ['LoadBalancer'],
});
const nat = (metric: string): Counter => ({ namespace: 'AWS/NATGateway', metric, dimensions: ['NatGatewayId'] });
const site = (metric: string): Counter => ({
  ...{ namespace: 'AWS/CloudFront', metric },
  dimensions: ['DistributionId', 'Region'],
});

/** @param given the app's folder, or a template in it */
export async function measured(given: string): Promise<Pick<CostOptions, 'given' | 'notes'>> {
  const path = appDir(given);
  const running = await findRunning(statSync(path).isDirectory() ? path : dirname(path));
  if (!running) throw new UserError('No region runs for this folder: nothing was measured.', 'Start one: orrery up');
  const endpoint = endpointOf(running);
  const health = (await (await fetch(`${endpoint}/_orrery/health`)).json()) as {
    nowMs?: number;
    timeScale?: number;
  };
  const toMs = health.nowMs ?? realClock().now();
  const target = targetOf(running);
  const { Stacks = [] } = await target.cloudFormation.send(new DescribeStacksCommand({}));
  const fromMs = Math.min(...Stacks.map(({ CreationTime }) => CreationTime?.getTime() ?? toMs));
  const windowMs = toMs - fromMs;
  if (!(windowMs >= 60_000))
    throw new UserError('The region has had a stack for less than a minute: there is nothing to measure yet.');
  const window: RunningWindow = { fromMs, toMs, timeScale: health.timeScale ?? 1 };
  const config = { endpoint, credentials: running.rootKey, region: running.region };
  const surroundings = await surroundingsOf(target, config);
  const [traffic, machines, objects, logs] = await Promise.all([
    trafficOf(config, window, surroundings.apiByCdn),
    machinesOf(target.ec2, config, window),
    objectsOf(target.s3, surroundings),
    logsOf(config, surroundings, window),
  ]);
  const { sites, others } = objects;
  const sum = (some: readonly number[]) => some.reduce((total, one) => total + one, 0);
  return {
    given: {
      ...traffic,
      machines: as(machines),
      ...(sites.length === 0 ? {} : { siteGb: as(sum(sites) / sites.length / gigabyte) }),
      ...(others.length === 0 ? {} : { dataGb: as(sum(others) / gigabyte) }),
      ...(logs.app === undefined ? {} : { logGb: as(logs.app / gigabyte) }),
      ...(logs.flows === undefined || machines === 0
        ? {}
        : { flowLogGbPerMachine: as(logs.flows / gigabyte / machines) }),
    },
    notes: [
      `Measured for ${duration(windowMs)} of the region's time, all its stacks together, and multiplied to a month. Balancers count bytes both ways, so that requests to the API are billed as if they, too, went out. Objects are those that are kept now. Machines are as many as ran on average.`,
      ...(surroundings.apiByCdn
        ? [
            'Of what the distribution was asked and sent, what balancers counted is taken for the API, and the rest for pages.',
          ]
        : []),
      'Not counted by the region, and therefore of the assumptions: requests to S3, bytes of endpoints, DNS queries, runs of functions, invalidations, messages.',
    ],
  };
}

const as = (value: number) => ({ value: decimal(value.toFixed(6)), origin: 'measured' as const });

/** By the metrics that AWS, too, has of them. */
async function trafficOf(
  config: { readonly endpoint: string; readonly region: string; readonly credentials: RunningRegion['rootKey'] },
  { fromMs, toMs }: RunningWindow,
  apiByCdn: boolean,
): Promise<Given> {
  const clients = {
    own: new CloudWatchClient(config),
    // CloudFront keeps its metrics there.
    global: new CloudWatchClient({ ...config, region: 'us-east-1' }),
  };
  const of = (counter: Counter, client = clients.own) => total(client, counter, fromMs, toMs);
  const [requests, processed, connections, natOut, natIn, asked, sent] = await Promise.all([
    of(balancer('RequestCount')),
    of(balancer('ProcessedBytes')),
    of(balancer('NewConnectionCount')),
    of(nat('BytesOutToDestination')),
    of(nat('BytesInFromDestination')),
    of(site('Requests'), clients.global),
    of(site('BytesDownloaded'), clients.global),
  ]);
  for (const client of Object.values(clients)) client.destroy();
  const month = (value: number) => as((value * monthMs) / (toMs - fromMs));
  const gigabytes = (bytes: number) => month(bytes / gigabyte);
  const pages = (all: number, ofApi: number) => Math.max(0, all - (apiByCdn ? ofApi : 0));
  return {
    requests: month(requests),
    processedGb: gigabytes(processed),
    egressGb: gigabytes(processed),
    newConnections: month(connections),
    siteRequests: month(pages(asked, requests)),
    siteEgressGb: gigabytes(pages(sent, processed)),
    natGb: gigabytes(natOut + natIn),
    ...(natOut + natIn > 0 ? { natOutShare: as(natOut / (natOut + natIn)) } : {}),
  };
}

async function total(client: CloudWatchClient, counter: Counter, fromMs: number, toMs: number): Promise<number> {
  const { namespace: Namespace, metric: MetricName, dimensions } = counter;
  const { Metrics = [] } = await client.send(new ListMetricsCommand({ Namespace, MetricName }));
  const own = Metrics.filter(({ Dimensions = [] }) => {
    const names = Dimensions.map(({ Name }) => Name ?? '').sort();
    return names.length === dimensions.length && dimensions.every((name) => names.includes(name));
  });
  const Period = 60 * Math.max(1, Math.ceil((toMs - fromMs) / 60_000 / (mostPoints - 2)));
  const sums = await Promise.all(
    own.map(async ({ Dimensions }) => {
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          ...{ Namespace, MetricName, Dimensions, Period, Statistics: ['Sum'] },
          StartTime: new Date(fromMs),
          EndTime: new Date(toMs),
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    }),
  );
  return sums.reduce((sum, one) => sum + one, 0);
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  const hours = ms / 3_600_000;
  return hours < 72 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}
