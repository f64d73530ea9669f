/**
 * Measures an app at a running region: what it takes for a request when it has nothing else to do, how much it gets done
 * when it is asked for more than it can, what of a processor that uses, and how long a machine takes to boot.
 */
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { Pool } from 'undici';
import type { Clock } from '../../region/clock/clock.ts';
import { startStopwatch } from '../../region/clock/stopwatch.ts';
import { instanceTypeSize } from '../../region/simulated-region.ts';
import { membersOf, type WatchOptions } from '../surge/watch.ts';
import { type AppModel, parseAppModel } from './app-model.ts';
import { SimulationError } from './simulation-error.ts';

export interface CalibrationOptions {
  /** `http://127.0.0.1:8080`, and the name that is asked for there. */
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly client: WatchOptions['client'];
  /** Whose only group is measured; without it the region's only one. */
  readonly stack?: string;
  readonly timeScale: number;
  /** Model time. */
  nowMs(): number;
  /** When a balancer found targets healthy, in model time, by instance. */
  readonly healthyMs: ReadonlyMap<string, number>;
  /** Since when that is known: a machine that was launched before may have been found healthy anew, after a restart. */
  readonly sinceMs: number;
  readonly onStep: (text: string) => void;
}

/** Single requests: fewer where the mean is known so well, in standard errors. */
const singlyRequests = { least: 20, most: 100, error: 0.02 };
const singlySeconds = 10;
const assumedBootSeconds = 60;
const atOnce = 64;
/** A whole minute of model time must lie within, but not three: the group shall not grow of it. */
const fullModelSeconds = 130;
/** Fewer tell little: at a time scale above this the group may grow meanwhile, and then nothing is told. */
const leastFullSeconds = 2;

export async function calibrate(options: CalibrationOptions, clock: Clock): Promise<AppModel> {
  const { origin, host, path, onStep, timeScale } = options;
  const autoScaling = new AutoScalingClient(options.client);
  const group = await theGroup(autoScaling, options);
  const machines = inService(group);
  const [first] = machines;
  if (!first) throw new SimulationError(`${group.AutoScalingGroupName} has no machine in service: nothing to measure.`);
  await warmedUp(group, options, clock);
  const pool = new Pool(origin, { connections: atOnce, headersTimeout: 60_000, bodyTimeout: 60_000 });
  const ask = asking(pool, host, path);
  try {
    onStep(`One request of ${path} at a time`);
    const singly = await inTurn(ask);
    const seconds = Math.max(leastFullSeconds, fullModelSeconds / timeScale);
    onStep(`${atOnce} at a time, for ${seconds.toFixed(0)} s`);
    const fromMs = options.nowMs();
    const answered = await together(ask, seconds);
    const toMs = options.nowMs();
    await expectSame(autoScaling, group, machines);
    const perMachine = answered / seconds / machines.length;
    onStep('Waiting for the metrics');
    await clock.sleep(Math.max(1_500, 90_000 / timeScale));
    const percent = await processorPercent(options, group.AutoScalingGroupName ?? '', fromMs, toMs);
    const vcpus = instanceTypeSize(first.InstanceType ?? '')?.vcpus ?? 2;
    // By Little's law; of all that was asked at once little may have waited.
    if (perMachine * machines.length * singly.meanMs > 0.8 * atOnce * 1000) {
      onStep(`All of ${atOnce} requests were worked on at once: it may be able to do more than is measured`);
    }
    const cpuMs = Math.min(((percent / 100) * vcpus * 1000) / Math.max(perMachine, 1e-9), singly.meanMs * vcpus);
    const servers = Math.max(1, Math.round((perMachine * singly.meanMs) / 1000));
    const boot = await bootSeconds(autoScaling, group, options);
    if (boot === undefined) onStep(`No launch since the region began: a boot is taken for ${assumedBootSeconds} s`);
    return parseAppModel({
      serviceMs: rounded(singly.meanMs),
      serviceVariation: rounded(Math.min(10, singly.variation)),
      cpuMs: rounded(cpuMs),
      concurrency: servers,
      bootSeconds: rounded(boot ?? assumedBootSeconds),
    });
  } finally {
    await pool.destroy();
  }
}

const rounded = (value: number) => Number(value.toPrecision(3));

type Ask = () => Promise<number>;

/** Gives how long an answer took, in ms; NaN when the app or the balancer had no room for the request. */
function asking(pool: Pool, host: string, path: string): Ask {
  return async () => {
    const elapsedMs = startStopwatch();
    const { statusCode, body } = await pool.request({ method: 'GET', path, headers: { host } });
    await body.dump();
    if (statusCode < 400) return elapsedMs();
    if (statusCode < 500)
      throw new SimulationError(`${path} answers ${statusCode}: give a path that works with --path.`);
    if (statusCode !== 503) throw new SimulationError(`${path} answers ${statusCode}: nothing to measure.`);
    return Number.NaN;
  };
}

function inService({ Instances = [] }: AutoScalingGroup) {
  return Instances.filter(({ LifecycleState }) => LifecycleState === 'InService');
}

/** What was answered was answered by these. */
async function expectSame(
  autoScaling: AutoScalingClient,
  { AutoScalingGroupName = '' }: AutoScalingGroup,
  machines: ReturnType<typeof inService>,
): Promise<void> {
  const { AutoScalingGroups = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [AutoScalingGroupName] }),
  );
  const ids = (some: ReturnType<typeof inService>) => some.map(({ InstanceId }) => InstanceId).sort();
  const now = ids(AutoScalingGroups.flatMap(inService));
  if (now.join() === ids(machines).join()) return;
  throw new SimulationError(
    `The machines of ${AutoScalingGroupName} changed while they were measured (${machines.length} before, ${now.length} now): it scaled, or replaced what its health checks found slow. Measure at a smaller time scale.`,
  );
}

async function theGroup(
  autoScaling: AutoScalingClient,
  { client, stack }: CalibrationOptions,
): Promise<AutoScalingGroup> {
  const names = stack === undefined ? undefined : (await membersOf(client, stack)).groups;
  if (names?.length === 0) throw new SimulationError(`${stack} has no Auto Scaling group: nothing to measure.`);
  const { AutoScalingGroups = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand(names ? { AutoScalingGroupNames: [...names] } : {}),
  );
  const [group, another] = AutoScalingGroups;
  if (!group) throw new SimulationError('There is no Auto Scaling group: nothing to measure.');
  if (another) throw new SimulationError('There are several Auto Scaling groups: which one serves is not known.');
  return group;
}

async function inTurn(ask: Ask): Promise<{ meanMs: number; variation: number }> {
  const elapsedMs = startStopwatch();
  const times: number[] = [];
  // The first ones make connections.
  for (let n = 0; n < 3; n++) await ask();
  let asked = 0;
  while (asked < singlyRequests.most && elapsedMs() < singlySeconds * 1000 && !isKnown(times)) {
    const tookMs = await ask();
    asked++;
    if (!Number.isNaN(tookMs)) times.push(tookMs);
  }
  if (times.length === 0) throw new SimulationError('The app answers 503 to single requests: nothing to measure.');
  return momentsOf(times);
}

function isKnown(times: readonly number[]): boolean {
  if (times.length < singlyRequests.least) return false;
  return momentsOf(times).variation / Math.sqrt(times.length) < singlyRequests.error;
}

function momentsOf(times: readonly number[]): { meanMs: number; variation: number } {
  const meanMs = times.reduce((sum, one) => sum + one, 0) / times.length;
  const deviation = Math.sqrt(times.reduce((sum, one) => sum + (one - meanMs) ** 2, 0) / times.length);
  return { meanMs, variation: deviation / meanMs };
}

/** How many were answered. */
async function together(ask: Ask, seconds: number): Promise<number> {
  const elapsedMs = startStopwatch();
  let answered = 0;
  const one = async () => {
    while (elapsedMs() < seconds * 1000) if (!Number.isNaN(await ask()) && elapsedMs() < seconds * 1000) answered++;
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return answered;
}

const minute = 60_000;
/** Until the minute after the warm-up is told of: when it is over, and some more. */
const tellingMs = 3 * minute;

/** CloudWatch has nothing of machines that have just been launched: they are no part of their group's metrics yet. */
async function warmedUp(
  { AutoScalingGroupName: name = '', DefaultInstanceWarmup: warmup = 0 }: AutoScalingGroup,
  options: CalibrationOptions,
  clock: Clock,
): Promise<void> {
  const { nowMs, onStep, timeScale } = options;
  const untilMs = nowMs() + warmup * 1_000 + tellingMs;
  const isTold = async () => (await processorMinutes(options, name, nowMs() - tellingMs, nowMs())).length > 0;
  if (await isTold()) return;
  onStep(`Waiting for the next minute of the model: CloudWatch has no CPUUtilization of ${name} yet`);
  // Without detailed monitoring it is told of every five minutes: the measurement itself says what is missing then.
  while (nowMs() < untilMs && !(await isTold())) await clock.sleep(Math.max(200, 5_000 / timeScale));
}

async function processorPercent(
  options: CalibrationOptions,
  group: string,
  fromMs: number,
  toMs: number,
): Promise<number> {
  // By its length there is at least one.
  const found = await processorMinutes(options, group, fromMs, toMs);
  if (found.length === 0) {
    throw new SimulationError(
      'CloudWatch has no CPUUtilization of the minute that was measured: the machines are still warming up (try again in some minutes of model time), or detailed monitoring is off.',
    );
  }
  return found.reduce((sum, one) => sum + one, 0) / found.length;
}

/** In per cent, of the minutes that lie within. */
async function processorMinutes(
  { client }: CalibrationOptions,
  group: string,
  fromMs: number,
  toMs: number,
): Promise<number[]> {
  const [first, end] = [Math.ceil(fromMs / minute) * minute, Math.floor(toMs / minute) * minute];
  if (end <= first) return [];
  const { Datapoints = [] } = await new CloudWatchClient(client).send(
    new GetMetricStatisticsCommand({
      Namespace: 'AWS/EC2',
      MetricName: 'CPUUtilization',
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: group }],
      StartTime: new Date(first),
      EndTime: new Date(end),
      Period: 60,
      Statistics: ['Average'],
    }),
  );
  return Datapoints.flatMap(({ Average }) => Average ?? []);
}

/**
 * From the launch until the balancer found it healthy, up to an interval of its checks after it answered; on average.
 * Undefined when no launch is remembered.
 */
async function bootSeconds(
  autoScaling: AutoScalingClient,
  { AutoScalingGroupName }: AutoScalingGroup,
  { healthyMs, sinceMs }: CalibrationOptions,
): Promise<number | undefined> {
  const { Activities = [] } = await autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName }));
  const found = Activities.flatMap(({ Description = '', StartTime }) => {
    const id = /^Launching a new EC2 instance: (i-[0-9a-f]+)/.exec(Description)?.[1];
    const readyMs = healthyMs.get(id ?? '');
    const launchedMs = StartTime?.getTime() ?? 0;
    return readyMs === undefined || launchedMs < sinceMs ? [] : [(readyMs - launchedMs) / 1000];
  }).filter((one) => one > 0);
  return found.length === 0 ? undefined : found.reduce((sum, one) => sum + one, 0) / found.length;
}
