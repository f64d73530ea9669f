/**
 * The metrics that the hypervisor measures of machines. Each minute is a sample: told at once with detailed monitoring,
 * else five together each five minutes. Status checks are told each minute for all. Not measured, and so never reported:
 * packets, disks, credits of burstable types, attached volumes, requests to IMDS.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
 *
 * What an instance uses before it has warmed up is no part of its group's metrics.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-default-instance-warmup.html
 */
import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import type { DescribeInstancesCommandOutput, Instance } from '@aws-sdk/client-ec2';
import { instanceTypeSize } from '../../machines/instance-types.ts';
import type { Machine, MachineUsage } from '../../machines/machine.ts';
import { Fault } from '../../wire/fault.ts';
import { leftOutOfGroupMetrics } from '../autoscaling/warm-up.ts';
import type { Caller, Scope } from '../service.ts';
import { atEach } from './tick.ts';

const ec2: Caller = { kind: 'service', service: 'ec2.amazonaws.com', trusted: true };
const minuteMs = 60_000;
const basicMinutes = 5;
const mostData = 1_000;
/** In one datum. */
const mostValues = 150;
const groupTag = 'aws:autoscaling:groupName';
const groupDimension = 'AutoScalingGroupName';

/** Of one minute. */
interface Sample {
  readonly cpuPercent: number;
  readonly networkIn: number;
  readonly networkOut: number;
  /** Part of its group's metrics, too. */
  readonly inGroup: boolean;
}

interface Watched {
  readonly usage: MachineUsage;
  readonly atMs: number;
  /** Not told yet. */
  readonly samples: readonly Sample[];
}

export function startInstanceMetrics(scope: Scope): void {
  let watched = new Map<string, Watched>();
  atEach(scope.clock, minuteMs, 0, (endMs) => {
    void measure(scope, watched, endMs).then(
      (next) => {
        watched = next;
      },
      (error: unknown) => {
        // A region without EC2 has no instances.
        if (error instanceof Fault && error.code === 'InvalidAction') return;
        scope.note({ source: 'cloudwatch', kind: 'internal-failure', text: String(error) });
      },
    );
  });
}

const nothing: readonly Sample[] = [];

/** Puts what is due, and gives what is to be remembered until the next minute. */
async function measure(scope: Scope, before: ReadonlyMap<string, Watched>, endMs: number) {
  const after = new Map<string, Watched>();
  const data: MetricDatum[] = [];
  const found = await runningInstances(scope);
  const alike = found.length > 0 && scope.machines.alike === true;
  const together = new Together();
  const leftOut = leftOutOfGroupMetrics(scope, endMs - minuteMs);
  for (const instance of found) {
    // Asked for only here: a region without instances starts no driver for machines.
    const { InstanceId: instanceId = '' } = instance;
    const machine = scope.machines.get(instanceId);
    // One that died stays `running`: it computes nothing any more, and its instance status check fails.
    const dead = machine?.impaired === true || machine?.state === 'terminated';
    if (!alike) data.push(...statusChecks(instanceId, dead, endMs - minuteMs));
    if (dead || machine?.state !== 'running') continue;
    const last = before.get(instanceId);
    const usage = machine.usage();
    const sample = sampleOf(machine, usage, last, endMs, scope.clock.scale, !leftOut.has(instanceId));
    const samples = last && last.samples.length > 0 ? [...last.samples, sample] : [sample];
    const detailed = instance.Monitoring?.State === 'enabled';
    const due = detailed || isOver(basicMinutes * minuteMs, last?.atMs ?? endMs - minuteMs, endMs);
    after.set(instanceId, { usage, atMs: endMs, samples: due ? nothing : samples });
    if (due && alike) together.add(instance, samples, detailed);
    else if (due) data.push(...measurements(instance, samples, endMs, detailed));
  }
  data.push(...together.data(endMs));
  for (let from = 0; from < data.length; from += mostData) {
    const MetricData = data.slice(from, from + mostData);
    await scope.invoke(ec2, 'cloudwatch', 'PutMetricData', { Namespace: 'AWS/EC2', MetricData });
  }
  return after;
}

/** Whether such an interval ended since then: a clock that runs fast may leave minutes out. */
function isOver(intervalMs: number, sinceMs: number, nowMs: number): boolean {
  return Math.floor(nowMs / intervalMs) > Math.floor(sinceMs / intervalMs);
}

async function runningInstances(scope: Scope): Promise<Instance[]> {
  const Filters = [{ Name: 'instance-state-name', Values: ['running'] }];
  const found: Instance[] = [];
  let NextToken: string | undefined;
  do {
    const page: Pick<DescribeInstancesCommandOutput, 'Reservations' | 'NextToken'> = await scope.invoke(
      ec2,
      'ec2',
      'DescribeInstances',
      NextToken === undefined ? { Filters } : { Filters, NextToken },
    );
    for (const { Instances = [] } of page.Reservations ?? []) found.push(...Instances);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

const zero = { cpuSeconds: 0, networkInBytes: 0, networkOutBytes: 0 };

/** Processes compute and send in real time: at a scale of 60 what they do in a second counts for a minute. */
function sampleOf(
  machine: Machine,
  usage: MachineUsage,
  before: Watched | undefined,
  endMs: number,
  scale: number,
  inGroup: boolean,
): Sample {
  // A machine that was started anew counts from zero.
  const last = before && before.usage.cpuSeconds <= usage.cpuSeconds ? before.usage : zero;
  const fromMs = before?.atMs ?? Math.max(machine.spec.launchedAtMs, endMs - minuteMs);
  const seconds = Math.max(1, (endMs - fromMs) / 1_000);
  const vcpus = instanceTypeSize(machine.spec.instanceType)?.vcpus ?? 2;
  const cpu = (((usage.cpuSeconds - last.cpuSeconds) * scale) / seconds / vcpus) * 100;
  return {
    inGroup,
    cpuPercent: Math.min(100, Math.max(0, cpu)),
    networkIn: Math.max(0, usage.networkInBytes - last.networkInBytes) * scale,
    networkOut: Math.max(0, usage.networkOutBytes - last.networkOutBytes) * scale,
  };
}

/** @param counts how often each of the samples came, of machines that are alike: no single one's are told then */
function measurements(
  instance: Instance,
  samples: readonly Sample[],
  endMs: number,
  detailed: boolean,
  counts?: readonly number[],
): MetricDatum[] {
  const Timestamp = new Date(endMs - (detailed ? 1 : basicMinutes) * minuteMs);
  const told = samples.map((sample, at) => ({ sample, count: counts?.[at] ?? 1 }));
  const inGroup = told.filter(({ sample }) => sample.inGroup);
  const group = groupOf(instance);
  const datum = (MetricName: string, Unit: 'Percent' | 'Bytes', value: (sample: Sample) => number) => {
    const of = (some: typeof told, Dimensions: MetricDatum['Dimensions']): MetricDatum => ({
      ...{ MetricName, Dimensions, Timestamp, Unit },
      Values: some.map(({ sample }) => value(sample)),
      ...(counts ? { Counts: some.map(({ count }) => count) } : {}),
    });
    return [
      ...dimensionSets(instance, detailed, counts !== undefined).map((Dimensions) => of(told, Dimensions)),
      ...(group === undefined || inGroup.length === 0 ? [] : [of(inGroup, [{ Name: groupDimension, Value: group }])]),
    ];
  };
  return [
    ...datum('CPUUtilization', 'Percent', ({ cpuPercent }) => cpuPercent),
    ...datum('NetworkIn', 'Bytes', ({ networkIn }) => networkIn),
    ...datum('NetworkOut', 'Bytes', ({ networkOut }) => networkOut),
  ];
}

/** By image, by type and over all there is only what has detailed monitoring. */
function dimensionSets(instance: Instance, detailed: boolean, alike: boolean): MetricDatum['Dimensions'][] {
  const { InstanceId, ImageId, InstanceType } = instance;
  return [
    ...(alike ? [] : [[{ Name: 'InstanceId', Value: InstanceId }]]),
    ...(detailed ? [[{ Name: 'ImageId', Value: ImageId }], [{ Name: 'InstanceType', Value: InstanceType }], []] : []),
  ];
}

/** Samples of machines that are alike: equal ones are one with their number. */
class Together {
  readonly #kinds = new Map<string, Kind>();

  add(instance: Instance, samples: readonly Sample[], detailed: boolean): void {
    const key = kindOf(instance, detailed);
    let kind = this.#kinds.get(key);
    if (!kind) {
      kind = { instance, detailed, byCpu: new Map(), counts: [] };
      this.#kinds.set(key, kind);
    }
    for (const sample of samples) count(kind, sample);
  }

  data(endMs: number): MetricDatum[] {
    return [...this.#kinds.values()].flatMap(({ instance, detailed, counts: all }) => {
      return Array.from({ length: Math.ceil(all.length / mostValues) }, (_, part) => {
        const some = all.slice(part * mostValues, (part + 1) * mostValues);
        const counts = some.map(({ count }) => count);
        const samples = some.map(({ sample }) => sample);
        return measurements(instance, samples, endMs, detailed, counts);
      }).flat();
    });
  }
}

interface Counted {
  readonly sample: Sample;
  count: number;
}

interface Kind {
  readonly instance: Instance;
  readonly detailed: boolean;
  readonly counts: Counted[];
  /** The same: no text is made for each sample. */
  readonly byCpu: Map<number, Counted[]>;
}

function count({ counts, byCpu }: Kind, sample: Sample): void {
  const { cpuPercent, networkIn, networkOut, inGroup } = sample;
  let some = byCpu.get(cpuPercent);
  if (!some) {
    some = [];
    byCpu.set(cpuPercent, some);
  }
  for (const one of some) {
    const { sample: other } = one;
    if (other.networkIn !== networkIn || other.networkOut !== networkOut || other.inGroup !== inGroup) continue;
    one.count++;
    return;
  }
  const counted = { sample, count: 1 };
  some.push(counted);
  counts.push(counted);
}

/** EC2 gives the same view of an instance until it changes. */
const kinds = new WeakMap<Instance, string>();

function kindOf(instance: Instance, detailed: boolean): string {
  let kind = kinds.get(instance);
  if (kind === undefined) {
    const { ImageId, InstanceType } = instance;
    kind = `${groupOf(instance)} ${ImageId} ${InstanceType} ${detailed}`;
    kinds.set(instance, kind);
  }
  return kind;
}

function groupOf({ Tags = [] }: Instance): string | undefined {
  return Tags.find(({ Key }) => Key === groupTag)?.Value;
}

function statusChecks(instanceId: string, failed: boolean, atMs: number): MetricDatum[] {
  const Dimensions = [{ Name: 'InstanceId', Value: instanceId }];
  return Object.entries({
    StatusCheckFailed: failed,
    StatusCheckFailed_Instance: failed,
    StatusCheckFailed_System: false,
  }).map(([MetricName, is]) => ({
    ...{ MetricName, Dimensions, Timestamp: new Date(atMs), Unit: 'Count' as const, Value: is ? 1 : 0 },
  }));
}
