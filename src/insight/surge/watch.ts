/** Looks at the region during a surge, by the AWS SDK as any client would: capacity, alarms, activities. */
import {
  type Activity,
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import type { Clock } from '../../region/clock/clock.ts';
import { type Observed, Observer } from './observed.ts';

export interface WatchedEvent {
  /** Model time. */
  readonly atMs: number;
  readonly kind: string;
  readonly text: string;
}

export interface WatchOptions {
  /** Of the SDK's clients. */
  readonly client: {
    readonly region: string;
    readonly endpoint?: string;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** What belongs to it is looked at; without it all that is there. */
  readonly stack?: string;
  readonly timeScale: number;
  /** Real milliseconds between two looks. */
  readonly everyMs: number;
  /** The region's own events, where it has them; resolves when the signal is aborted. */
  events?(each: (event: WatchedEvent) => void, signal: AbortSignal): Promise<void>;
}

export interface Watch {
  observed(): Observed;
  /** CPU utilisation of the groups, in per cent by minutes of model time. */
  cpu(): Promise<readonly GroupCpu[]>;
  /** A last look. */
  stop(): Promise<void>;
}

export interface GroupCpu {
  readonly group: string;
  readonly points: readonly (readonly [atSeconds: number, percent: number])[];
}

/** What of the region's events belongs to this story: the rest is in its log. */
const told = new Set([
  'target-unhealthy',
  'target-healthy',
  'boot-failed',
  'launch-failed',
  'service-failed',
  'machine-error',
  'packet-dropped',
]);
const mostGroups = 10;

/** @param startMs the beginning, in model time @param elapsedMs real milliseconds since then */
export function startWatch(options: WatchOptions, clock: Clock, startMs: number, elapsedMs: () => number): Watch {
  const { client, timeScale, everyMs } = options;
  const autoScaling = new AutoScalingClient(client);
  const cloudWatch = new CloudWatchClient(client);
  const observer = new Observer(startMs);
  let mine: Members | undefined;
  const ended = new AbortController();
  const seen = new Set<string>();

  async function look(): Promise<void> {
    if (options.stack !== undefined) mine ??= await membersOf(client, options.stack);
    const atSeconds = (elapsedMs() / 1000) * timeScale;
    const groups = await groupsOf(autoScaling, mine);
    observer.groups(atSeconds, groups);
    for (const { AutoScalingGroupName } of groups) if (AutoScalingGroupName) seen.add(AutoScalingGroupName);
    observer.alarms(await alarmsOf(cloudWatch, mine, [...seen]));
    for (const group of seen) observer.activities(await activitiesOf(autoScaling, group));
  }

  async function looking(): Promise<void> {
    while (!ended.signal.aborted) {
      // A region that does not answer is part of the story, too: the next look may see it again.
      await look().catch(() => {});
      await clock.sleep(everyMs, ended.signal).catch(() => {});
    }
  }
  const looks = looking();
  const listening = options
    .events?.((event) => told.has(event.kind) && observer.event(event), ended.signal)
    .catch(() => {});

  return {
    observed: () => observer.observed(),
    async cpu() {
      const untilMs = startMs + elapsedMs() * timeScale;
      return Promise.all(
        [...seen].map((group) => cpuOf(cloudWatch, group, startMs, untilMs).catch(() => ({ group, points: [] }))),
      );
    },
    async stop() {
      if (ended.signal.aborted) return;
      ended.abort();
      await Promise.all([looks, listening]);
      await look().catch(() => {});
    },
  };
}

/** The physical names of a stack's groups and alarms. */
export interface Members {
  readonly groups: readonly string[];
  readonly alarms: ReadonlySet<string>;
}

export async function membersOf(client: WatchOptions['client'], stack: string): Promise<Members> {
  const cloudFormation = new CloudFormationClient(client);
  const groups: string[] = [];
  const alarms = new Set<string>();
  let NextToken: string | undefined;
  do {
    const page = await cloudFormation.send(new ListStackResourcesCommand({ StackName: stack, NextToken }));
    for (const { ResourceType: type, PhysicalResourceId: id = '' } of page.StackResourceSummaries ?? []) {
      if (type === 'AWS::AutoScaling::AutoScalingGroup') groups.push(id);
      if (type === 'AWS::CloudWatch::Alarm') alarms.add(id);
    }
    ({ NextToken } = page);
  } while (NextToken);
  return { groups, alarms };
}

async function groupsOf(client: AutoScalingClient, mine: Members | undefined): Promise<AutoScalingGroup[]> {
  if (mine?.groups.length === 0) return [];
  const names = mine ? { AutoScalingGroupNames: mine.groups.slice(0, mostGroups) } : {};
  const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand(names));
  return AutoScalingGroups.slice(0, mostGroups);
}

async function alarmsOf(
  client: CloudWatchClient,
  mine: Members | undefined,
  groups: readonly string[],
): Promise<MetricAlarm[]> {
  const found: MetricAlarm[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm'], MaxRecords: 100, NextToken }),
    );
    found.push(...(page.MetricAlarms ?? []));
    ({ NextToken } = page);
  } while (NextToken);
  // Target tracking makes alarms of its own, which no template has.
  const tracks = (name: string) => groups.some((group) => name.startsWith(`TargetTracking-${group}-`));
  return mine ? found.filter(({ AlarmName = '' }) => mine.alarms.has(AlarmName) || tracks(AlarmName)) : found;
}

async function activitiesOf(client: AutoScalingClient, AutoScalingGroupName: string): Promise<Activity[]> {
  const { Activities = [] } = await client.send(
    new DescribeScalingActivitiesCommand({ AutoScalingGroupName, MaxRecords: 100 }),
  );
  return Activities;
}

async function cpuOf(client: CloudWatchClient, group: string, startMs: number, untilMs: number): Promise<GroupCpu> {
  const Period = 60 * Math.max(1, Math.ceil((untilMs - startMs) / 60_000 / 1_000));
  const { MetricDataResults = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(startMs - (startMs % 60_000)),
      EndTime: new Date(untilMs),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        {
          Id: 'cpu',
          MetricStat: {
            Metric: {
              Namespace: 'AWS/EC2',
              MetricName: 'CPUUtilization',
              Dimensions: [{ Name: 'AutoScalingGroupName', Value: group }],
            },
            Period,
            Stat: 'Average',
          },
        },
      ],
    }),
  );
  const { Timestamps = [], Values = [] } = MetricDataResults[0] ?? {};
  const points = Timestamps.map((date, i): [number, number] => [(date.getTime() - startMs) / 1000, Values[i] ?? 0]);
  return { group, points };
}
