/**
 * The CloudWatch agent of one instance, played by the driver: it measures the instance's real processes, follows its
 * log files, and sends both as real signed requests over the instance's network.
 */
import type { Timer } from '../clock/clock.ts';
import type { AgentConfig } from './agent-config.ts';
import { type AgentLogs, agentLogs } from './agent-logs.ts';
import { messageOf } from './errors.ts';
import type { Guest } from './guest.ts';
import { instanceTypeSize } from './instance-types.ts';

export interface CloudWatchAgent {
  start(): void;
  /** Sends what it still has. */
  stop(): Promise<void>;
}

type Dimensions = Readonly<Record<string, string>>;
interface Sample {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly atMs: number;
}

const mostWaiting = 10_000;
/** The agent asks again for the instance's tags after that long, when it was refused. */
const retryTagsMs = 60_000;

export function cloudWatchAgent(guest: Guest, config: AgentConfig): CloudWatchAgent {
  const { clock } = guest.host;
  const { metrics } = config;
  const timers: Timer[] = [];
  let samples: Sample[] = [];
  let dimensions: Dimensions | undefined;
  let logs: AgentLogs | undefined;
  let lastProblem = '';
  let sending: Promise<void> = Promise.resolve();

  /** Told once, until something else goes wrong. */
  function problem(what: string): void {
    if (what === lastProblem) return;
    lastProblem = what;
    guest.console.boot(`amazon-cloudwatch-agent: ${what}`);
    guest.host.note('agent-error', `${guest.spec.instanceId}: amazon-cloudwatch-agent: ${what}`);
  }

  function measure(): void {
    const size = instanceTypeSize(guest.spec.instanceType);
    if (!size) {
      problem(`the memory of ${guest.spec.instanceType} is not known, so nothing is measured`);
      return;
    }
    const total = size.memoryMiB * 1024 * 1024;
    const used = Math.min(guest.processes.usage().memoryBytes, total);
    const values: Record<string, [number, string]> = {
      used_percent: [(100 * used) / total, 'Percent'],
      used: [used, 'Bytes'],
      total: [total, 'Bytes'],
      available: [total - used, 'Bytes'],
      available_percent: [(100 * (total - used)) / total, 'Percent'],
    };
    for (const { name, rename, unit } of metrics?.metrics_collected.mem?.measurement ?? []) {
      const key = name.replace(/^mem_/, '');
      const found = values[key];
      if (!found || samples.length >= mostWaiting) continue;
      samples.push({ name: rename ?? `mem_${key}`, value: found[0], unit: unit ?? found[1], atMs: clock.now() });
    }
  }

  /**
   * What the metrics are labelled with. The group's name is a tag, which the agent asks EC2 for; until it is answered
   * the agent sends no metrics.
   */
  async function findDimensions(): Promise<Dimensions> {
    const wanted = metrics?.append_dimensions ?? {};
    const { spec } = guest;
    const found: Record<string, string> = {};
    if ('ImageId' in wanted) found.ImageId = spec.imageId;
    if ('InstanceId' in wanted) found.InstanceId = spec.instanceId;
    if ('InstanceType' in wanted) found.InstanceType = spec.instanceType;
    if ('AutoScalingGroupName' in wanted) {
      const body = new URLSearchParams({
        Action: 'DescribeTags',
        Version: '2016-11-15',
        'Filter.1.Name': 'resource-type',
        'Filter.1.Value.1': 'instance',
        'Filter.2.Name': 'resource-id',
        'Filter.2.Value.1': spec.instanceId,
      }).toString();
      const answer = await guest.aws.call(form('ec2', body));
      const group = /<key>aws:autoscaling:groupName<\/key>(?:(?!<\/item>).)*?<value>([^<]*)<\/value>/s.exec(
        answer,
      )?.[1];
      // An instance outside of any group goes without.
      if (group !== undefined) found.AutoScalingGroupName = unescaped(group);
    }
    // Without `append_dimensions` the agent labels with the host's name.
    return Object.keys(wanted).length > 0 ? found : { host: spec.privateDnsName };
  }

  async function flush(): Promise<void> {
    if (samples.length === 0) return;
    try {
      dimensions ??= await findDimensions();
    } catch (error) {
      // As the agent's ec2tagger: what was measured meanwhile is lost.
      samples = [];
      return problem(`ec2tagger: Unable to describe ec2 tags for initial retrieval: ${messageOf(error)}`);
    }
    const batch = samples.slice(0, 100);
    try {
      await guest.aws.call(
        form('monitoring', putMetricData(metrics?.namespace ?? 'CWAgent', batch, rollups(dimensions))),
      );
      samples = samples.slice(batch.length);
      lastProblem = '';
    } catch (error) {
      problem(`cloudwatch: PutMetricData failed: ${messageOf(error)}`);
    }
  }

  /** Each value under its own dimensions, and again under each wanted part of them. */
  function rollups(own: Dimensions): readonly Dimensions[] {
    const sets = [own];
    for (const names of metrics?.aggregation_dimensions ?? []) {
      if (names.some((name) => !(name in own))) continue;
      const set = Object.fromEntries(names.map((name) => [name, own[name] ?? '']));
      if (!sets.some((other) => sameDimensions(other, set))) sets.push(set);
    }
    return sets;
  }

  return {
    start() {
      const interval = (ms: number, run: () => Promise<void> | void) =>
        timers.push(
          clock.every(ms, () => {
            sending = sending.then(run).catch((error: unknown) => problem(messageOf(error)));
          }),
        );
      const mem = metrics?.metrics_collected.mem;
      if (metrics && mem) {
        const everySeconds = mem.metrics_collection_interval ?? config.agent?.metrics_collection_interval ?? 60;
        timers.push(clock.every(everySeconds * 1000, measure));
        interval(Math.min(metrics.force_flush_interval * 1000, retryTagsMs), flush);
      }
      const { logs: logConfig } = config;
      if (logConfig) {
        const following = agentLogs(guest, logConfig, problem);
        logs = following;
        interval(logConfig.force_flush_interval * 1000, () => following.send());
      }
    },
    async stop() {
      for (const timer of timers) timer.cancel();
      timers.length = 0;
      await sending;
      await logs?.send().catch(() => {});
    },
  };
}

function form(service: string, body: string) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { method: 'POST', service, path: '/', headers, body, credentials: 'role' } as const;
}

function putMetricData(namespace: string, samples: readonly Sample[], sets: readonly Dimensions[]): string {
  const query = new URLSearchParams({ Action: 'PutMetricData', Version: '2010-08-01', Namespace: namespace });
  let index = 0;
  for (const sample of samples) {
    for (const set of sets) {
      const member = `MetricData.member.${++index}`;
      query.set(`${member}.MetricName`, sample.name);
      query.set(`${member}.Value`, String(sample.value));
      query.set(`${member}.Unit`, sample.unit);
      query.set(`${member}.Timestamp`, new Date(sample.atMs).toISOString());
      for (const [at, [name, value]] of Object.entries(set).entries()) {
        query.set(`${member}.Dimensions.member.${at + 1}.Name`, name);
        query.set(`${member}.Dimensions.member.${at + 1}.Value`, value);
      }
    }
  }
  return query.toString();
}

function sameDimensions(a: Dimensions, b: Dimensions): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function unescaped(text: string): string {
  const known: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (entity) => known[entity] ?? entity);
}
