/**
 * The same story by every metric, on a clock that runs 60 times as fast with real machines and requests, and on a virtual
 * clock with simulated ones: load rises, the alarm goes off, the group grows by the documented arithmetic; load falls, and
 * it shrinks.
 */
import { AutoScalingClient, DescribeScalingActivitiesCommand } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, DescribeAlarmHistoryCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseProfile } from '../src/insight/profile.ts';
import { parseAppModel } from '../src/insight/simulate/app-model.ts';
import { simulate } from '../src/insight/simulate/run.ts';
import { startRegion, type TestedRegion } from './region.fixture.ts';
import { type Metric, storyTemplate, targets } from './story-template.ts';

const metrics: readonly Metric[] = ['cpu', 'memory', 'network', 'requests'];

interface Change {
  readonly side: 'High' | 'Low';
  readonly from: number;
  readonly to: number;
  /** What the alarm was put off by, oldest first. */
  readonly datapoints: readonly number[];
}

interface Told {
  readonly causes: readonly string[];
  readonly history: readonly { readonly AlarmName?: string | undefined; readonly HistoryData?: string | undefined }[];
}

/** Changes of the desired capacity in their order, each once. */
function story({ causes, history }: Told): Change[] {
  const found = new Map<string, Change>();
  for (const cause of causes) {
    const [text = '', name = '', side = '', from, to] =
      /a monitor alarm (TargetTracking-\S+-Alarm(High|Low)-\S+) in state ALARM triggered policy \S+ changing the desired capacity from (\d+) to (\d+)/.exec(
        cause,
      ) ?? [];
    if (text === '') continue;
    const states = history.flatMap(({ AlarmName, HistoryData = '{}' }) => {
      const { newState } = JSON.parse(HistoryData) as { newState?: { stateValue: string; stateReasonData?: Data } };
      return AlarmName === name && newState?.stateValue === 'ALARM'
        ? [newState.stateReasonData?.recentDatapoints ?? []]
        : [];
    });
    const datapoints = states[0] ?? [];
    found.set(text, { side: side as Change['side'], from: Number(from), to: Number(to), datapoints });
  }
  return [...found.values()];
}

interface Data {
  readonly recentDatapoints: readonly number[];
}

function check(metric: Metric, changes: readonly Change[]): void {
  const [out, ...rest] = changes;
  const target = targets[metric];
  expect(out, JSON.stringify(changes)).toMatchObject({ side: 'High', from: 1 });
  // Observed on AWS: three minutes in a row above the target.
  expect(out?.datapoints).toHaveLength(3);
  for (const value of out?.datapoints ?? []) expect(value).toBeGreaterThan(target);
  // Documented: capacity grows in proportion to the metric, rounded up, and never beyond the maximum.
  expect(out?.to).toBe(Math.min(4, Math.ceil((out?.datapoints.at(-1) ?? 0) / target)));
  const last = rest.at(-1);
  expect(last, JSON.stringify(changes)).toMatchObject({ side: 'Low', to: 1 });
  const firstIn = rest.find(({ side }) => side === 'Low');
  // Observed on AWS: fifteen minutes in a row below nine tenths of it.
  expect(firstIn?.datapoints).toHaveLength(15);
}

describe('on a virtual clock, with simulated machines', () => {
  const app: Readonly<Record<Metric, object>> = {
    cpu: { serviceMs: 20, cpuMs: 20 },
    memory: { serviceMs: 500, cpuMs: 0.1, memoryMiB: 40, memoryPerRequestMiB: 20, concurrency: 1000 },
    network: { serviceMs: 5, cpuMs: 0.1, responseBytes: 10_000 },
    requests: { serviceMs: 5, cpuMs: 0.1 },
  };

  test.each(metrics)('%s', async (metric) => {
    let told: Told = { causes: [], history: [] };
    await simulate({
      template: JSON.stringify(storyTemplate(metric, `${metric}.story.localhost`)),
      profile: parseProfile('spike:from=1,to=35,at=600,over=900,for=4800'),
      app: parseAppModel({ ...app[metric], bootSeconds: 30 }),
      async onEnd(region) {
        const { Activities } = await region.invoke<{ Activities: { Cause: string }[] }>(
          'autoscaling',
          'DescribeScalingActivities',
          {},
        );
        const { AlarmHistoryItems } = await region.invoke<{ AlarmHistoryItems: Told['history'] }>(
          'cloudwatch',
          'DescribeAlarmHistory',
          { HistoryItemType: 'StateUpdate', MaxRecords: 100 },
        );
        told = { causes: Activities.map(({ Cause }) => Cause).reverse(), history: [...AlarmHistoryItems].reverse() };
      },
    });
    check(metric, story(told));
  });
});

test('a policy on a metric that nobody reports is named; a template may be larger than a request takes', async () => {
  const { Resources } = storyTemplate('requests', 'silent.story.localhost');
  const [group] = Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::AutoScaling::AutoScalingGroup');
  const silent = {
    Type: 'AWS::AutoScaling::ScalingPolicy',
    Properties: {
      AutoScalingGroupName: { Ref: group },
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingConfiguration: {
        CustomizedMetricSpecification: { Namespace: 'Mine', MetricName: 'Jobs', Statistic: 'Average' },
        TargetValue: 10,
      },
    },
  };
  const template = JSON.stringify({
    Resources: { ...Resources, Silent: silent },
    Metadata: { Much: 'x'.repeat(60_000) },
  });
  const { notes, totals } = await simulate({
    template,
    profile: parseProfile('constant:rate=5,for=1200'),
    app: parseAppModel({ serviceMs: 5, cpuMs: 1, bootSeconds: 30 }),
  });
  expect(totals.answered).toBeGreaterThan(5_000);
  const without = notes.filter((note) => note.includes('has no data'));
  expect(without).toEqual(['Mine Jobs has no data at the end: the policy that follows it does nothing.']);
});

describe('on a fast clock, with processes and requests', () => {
  let tested: TestedRegion;
  const host = (metric: Metric) => `api.${metric}.localhost`;
  const paths: Readonly<Record<Metric, (busy: boolean) => string>> = {
    cpu: (busy) => (busy ? '/?cpu=40' : '/'),
    memory: (busy) => `/?hold=${busy ? 300 : 0}`,
    network: (busy) => (busy ? '/?bytes=20000' : '/'),
    requests: () => '/',
  };

  beforeAll(async () => {
    tested = await startRegion({ timeScale: 60 });
    const made = metrics.map((metric) => tested.create(metric, storyTemplate(metric, host(metric))));
    expect(await Promise.all(made)).toEqual(metrics.map(() => 'CREATE_COMPLETE'));
  }, 60_000);
  afterAll(() => tested.close());

  const clock = () => tested.region.scope.clock;

  async function told(metric: Metric): Promise<Told> {
    const { groupName } = await resources(metric);
    const { Activities = [] } = await new AutoScalingClient(tested.config).send(
      new DescribeScalingActivitiesCommand({ AutoScalingGroupName: groupName }),
    );
    const history: Told['history'][number][] = [];
    const client = new CloudWatchClient(tested.config);
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new DescribeAlarmHistoryCommand({ HistoryItemType: 'StateUpdate', MaxRecords: 100, NextToken }),
      );
      history.push(...(page.AlarmHistoryItems ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return { causes: Activities.map(({ Cause = '' }) => Cause).reverse(), history: history.reverse() };
  }

  async function resources(metric: Metric): Promise<{ groupName: string }> {
    const { StackResources } = await tested.region.invoke<{
      StackResources: { LogicalResourceId: string; PhysicalResourceId: string }[];
    }>('cloudformation', 'DescribeStackResources', { StackName: metric });
    return { groupName: StackResources.find((one) => one.LogicalResourceId === 'Group')?.PhysicalResourceId ?? '' };
  }

  /** Twenty requests a second, or one now and then; until told otherwise. */
  function traffic(metric: Metric) {
    let busy = true;
    let over = false;
    const send = async () => {
      while (!over) {
        await tested.get(host(metric), paths[metric](busy), {}).catch(() => {});
        await clock().sleep(busy && metric !== 'memory' ? 1_500 : 30_000);
      }
    };
    const running = send();
    return {
      calm: () => {
        busy = false;
      },
      async end() {
        over = true;
        await running;
      },
    };
  }

  test.concurrent.each(metrics)(
    '%s',
    async (metric) => {
      const load = traffic(metric);
      try {
        const until = async (enough: (changes: readonly Change[]) => boolean) => {
          for (;;) {
            const changes = story(await told(metric));
            if (enough(changes)) return changes;
            await clock().sleep(30_000);
          }
        };
        await until((changes) => changes.length > 0);
        load.calm();
        check(metric, await until((changes) => changes.at(-1)?.to === 1));
      } finally {
        await load.end();
      }
    },
    120_000,
  );
});
