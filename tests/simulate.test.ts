/** Simulations of a small template: what is sent is accounted for, capacity keeps to its limits, and nothing real is started. */
import { describe, expect, test } from 'vitest';
import { parseProfile } from '../src/insight/profile.ts';
import { parseAppModel } from '../src/insight/simulate/app-model.ts';
import { findSettings, type Tried } from '../src/insight/simulate/objective.ts';
import type { SimulationResult } from '../src/insight/simulate/recording.ts';
import { type SimulationOptions, simulate } from '../src/insight/simulate/run.ts';
import { SimulationError } from '../src/insight/simulate/simulation-error.ts';
import type { Region } from '../src/region/region.ts';
import type { Template } from './api-template.ts';
import { storyTemplate } from './story-template.ts';

const story = storyTemplate('cpu', 'api.sim.localhost');
const app = parseAppModel({ serviceMs: 20, cpuMs: 10, concurrency: 4, bootSeconds: 30 });

function run(profile: string, more: Partial<SimulationOptions> & { readonly of?: Template } = {}) {
  const { of = story, ...options } = more;
  return simulate({ template: JSON.stringify(of), profile: parseProfile(profile), app, ...options });
}

/** The story with other properties of a resource. */
function changed(id: string, properties: object, template = story): Template {
  const { Resources } = template;
  const resource = Resources[id];
  if (!resource) throw new Error(`the story has no ${id}`);
  const Properties = { ...(resource.Properties as object), ...properties };
  return { Resources: { ...Resources, [id]: { ...resource, Properties } } };
}

function failures({ totals }: SimulationResult): number {
  return Object.values(totals.failed).reduce((sum, one) => sum + one, 0);
}

function expectConserved(result: SimulationResult): void {
  const { totals, series, stepSeconds } = result;
  expect(totals.answered + failures(result) + totals.waiting).toBeCloseTo(totals.requests, 3);
  const sum = (values: readonly number[]) => values.reduce((all, one) => all + one * stepSeconds, 0);
  expect(sum(series.requests)).toBeCloseTo(totals.requests, 3);
  expect(sum(series.answered)).toBeCloseTo(totals.answered, 3);
  expect(sum(series.failed)).toBeCloseTo(failures(result), 3);
}

interface Statistics {
  readonly Sum: number;
  readonly SampleCount: number;
  readonly Average: number;
}

/** Of the last minutes, which are all over. */
async function statistics(region: Region, Namespace: string, MetricName: string, id: string, minutes = 12) {
  const { StackResources } = await region.invoke<{
    StackResources: { LogicalResourceId: string; PhysicalResourceId: string }[];
  }>('cloudformation', 'DescribeStackResources', { StackName: 'simulated' });
  const physical = StackResources.find((one) => one.LogicalResourceId === id)?.PhysicalResourceId ?? '';
  const dimension = id === 'Group' ? 'AutoScalingGroupName' : 'LoadBalancer';
  const Value = physical.includes('loadbalancer/') ? physical.slice(physical.indexOf('loadbalancer/') + 13) : physical;
  const now = region.scope.clock.now();
  const { Datapoints } = await region.invoke<{ Datapoints: Statistics[] }>('cloudwatch', 'GetMetricStatistics', {
    Namespace,
    MetricName,
    Dimensions: [{ Name: dimension, Value }],
    StartTime: new Date(now - minutes * 60_000),
    EndTime: new Date(now),
    Period: 3_600,
    Statistics: ['Sum', 'SampleCount', 'Average'],
  });
  const all = (of: (one: Statistics) => number) => Datapoints.reduce((sum, one) => sum + of(one), 0);
  return { sum: all(({ Sum }) => Sum), mean: all(({ Sum }) => Sum) / all(({ SampleCount }) => SampleCount) };
}

test('opens no port and starts no process', async () => {
  const resources = () => process.getActiveResourcesInfo().filter((name) => /Server|Process|UDP/.test(name));
  const before = resources();
  let during: string[] | undefined;
  let ports: unknown;
  await run('constant:rate=5,for=60', {
    async onEnd(region) {
      during = resources();
      ports = region.ports;
      expect(region.scope.machines.list()).toHaveLength(1);
    },
  });
  expect(during).toEqual(before);
  expect(ports).toEqual({ aws: 0, dns: 0, https: 0, tls: 0, http: 0 });
});

test('the same seed gives the same result to the byte, another seed another', async () => {
  const profile = 'step:from=10,to=200,at=120,for=720';
  const [first, second, other] = [await run(profile), await run(profile), await run(profile, { seed: 2 })];
  expect(JSON.stringify(second)).toBe(JSON.stringify(first));
  expect(other.totals.requests).not.toBe(first.totals.requests);
});

test('a surge beyond its capacity: every request is accounted for, capacity keeps to its limits, hours to capacity', async () => {
  const profile = 'step:from=20,to=1500,at=600,for=2400';
  const impatient = { ...app, timeoutSeconds: 5 };
  const result = await run(profile, { app: impatient });
  const { series, totals, groups } = result;
  expectConserved(result);
  expect(groups).toEqual([expect.objectContaining({ minSize: 1, maxSize: 4 })]);
  expect([Math.min(...series.desired), Math.max(...series.desired)]).toEqual([1, 4]);
  expect([Math.min(...series.inService), Math.max(...series.serving)]).toEqual([1, 4]);
  // Four machines of at most a hundred a second: what is beyond is given up on, after five seconds.
  expect(totals.failed[504]).toBeGreaterThan(500_000);
  expect(totals.waiting).toBeGreaterThan(1_000);
  // What waits there waits for a machine, on average as long as Little has it.
  expect(series.waiting[0]).toBeLessThan(1);
  expect(series.waiting.at(-1) ?? 0).toBeGreaterThan(0.9 * totals.waiting);
  expect((series.waiting.at(-1) ?? 0) / (series.answered.at(-1) ?? 1)).toBeCloseTo(series.p50.at(-1) ?? 0, 0);
  expect(series.p99.at(-1)).toBeGreaterThan(4);
  expect(series.cpu.at(-1)).toBeGreaterThan(95);
  // From their launch on, half a minute before they serve.
  const seconds = series.inService.reduce((sum, machines) => sum + machines * result.stepSeconds, 0);
  const hours = Object.values(totals.instanceHours).reduce((sum, one) => sum + one, 0);
  expect(hours).toBeGreaterThan((0.98 * seconds) / 3600);
  expect(hours).toBeLessThan((1.02 * (seconds + 3 * 60)) / 3600);
  expect(result.alarms).toContainEqual(expect.objectContaining({ metric: 'CPUUtilization', to: 'ALARM' }));
});

test('what CloudWatch has is what the requests were', async () => {
  const found: Record<string, { sum: number; mean: number }> = {};
  const result = await run('constant:rate=60,for=600', {
    of: changed('Group', { MaxSize: '1' }),
    async onEnd(region) {
      for (const name of ['RequestCount', 'TargetResponseTime', 'HTTPCode_Target_2XX_Count', 'ProcessedBytes'])
        found[name] = await statistics(region, 'AWS/ApplicationELB', name, 'Balancer');
      found.CPUUtilization = await statistics(region, 'AWS/EC2', 'CPUUtilization', 'Group', 9);
    },
  });
  const { answered } = result.totals;
  expect(failures(result)).toBe(0);
  expect(found.RequestCount?.sum).toBeCloseTo(answered, 3);
  expect(found.HTTPCode_Target_2XX_Count?.sum).toBeCloseTo(answered, 3);
  expect(found.ProcessedBytes?.sum).toBeCloseTo(answered * 2_500, 0);
  // 0.6 of one processor. The mean of two servers that are busy for 0.6 of the time, by M/M/c: 20 ms / (1 − 0.6²).
  expect(found.CPUUtilization?.mean).toBeGreaterThan(55);
  expect(found.CPUUtilization?.mean).toBeLessThan(60.5);
  expect(found.TargetResponseTime?.sum).toBeCloseTo((found.TargetResponseTime?.mean ?? 0) * answered, 3);
  expect((found.TargetResponseTime?.mean ?? 0) / (0.02 / (1 - 0.36))).toBeCloseTo(1, 1);
});

test('without waiting the mean response time is the app’s, within one per cent', async () => {
  let mean = 0;
  await run('constant:rate=20,for=120', {
    app: { ...app, cpuMs: 0.1, concurrency: 1_000 },
    async onEnd(region) {
      ({ mean } = await statistics(region, 'AWS/ApplicationELB', 'TargetResponseTime', 'Balancer'));
    },
  });
  expect(mean / 0.02).toBeGreaterThan(0.99);
  expect(mean / 0.02).toBeLessThan(1.01);
});

test('a machine that is killed in between: its requests fail until it is found out, it is replaced, and nothing is lost', async () => {
  const before = parseProfile('constant:rate=100,for=900');
  let target: Region['scope']['machines'] | undefined;
  let killed = false;
  const of = changed('Group', { MinSize: '2', MaxSize: '2', HealthCheckType: 'ELB' });
  const result = await run('constant:rate=100,for=900', {
    of,
    profile: {
      ...before,
      rate(second) {
        if (second >= 317 && !killed) {
          killed = true;
          target?.list()[0]?.kill();
        }
        return before.rate(second);
      },
    },
    onBegin(region) {
      target = region.scope.machines;
    },
  });
  expect(killed).toBe(true);
  expectConserved(result);
  // Half of the requests are refused until two checks, five seconds apart, have failed; what waited there is cut off.
  expect(Object.keys(result.totals.failed)).toEqual(['502']);
  expect(result.totals.failed[502]).toBeGreaterThan(250);
  expect(result.totals.failed[502]).toBeLessThan(650);
  expect(Math.min(...result.series.serving)).toBe(1);
  expect(result.series.serving.at(-1)).toBe(2);
  expect(result.activities.map(({ description }) => description.split(':')[0])).toEqual(
    expect.arrayContaining(['Terminating EC2 instance', 'Launching a new EC2 instance']),
  );
});

test('no traffic at all: nothing is sent, and the group stays at its minimum', async () => {
  const result = await run('constant:rate=0,for=720');
  expect(result.totals).toMatchObject({ requests: 0, answered: 0, failed: {}, waiting: 0, p50: null, p99: null });
  expect(result.totals).toMatchObject({ fewestServing: 1, mostServing: 1 });
  expect(Object.values(result.totals.instanceHours)[0]).toBeCloseTo(0.2, 6);
});

describe('templates', () => {
  const short = 'constant:rate=5,for=60';
  const second = (id: string): Template => ({
    Resources: {
      ...story.Resources,
      [id]: { ...story.Resources.Balancer, Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer' },
      [`ListenerOf${id}`]: {
        Type: 'AWS::ElasticLoadBalancingV2::Listener',
        Properties: {
          LoadBalancerArn: { Ref: id },
          Port: 80,
          Protocol: 'HTTP',
          DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: `TargetsOf${id}` } }],
        },
      },
      [`TargetsOf${id}`]: { ...story.Resources.Targets, Type: 'AWS::ElasticLoadBalancingV2::TargetGroup' },
    },
  });
  const launch = story.Resources.MachineTemplate?.Properties as { LaunchTemplateData: object } | undefined;
  const unmodelled: Template = { Resources: { ...story.Resources, Bot: { Type: 'AWS::Lex::Bot', Properties: {} } } };

  test.each<[string, Template | string, RegExp]>([
    [
      'without a balancer',
      { Resources: { Vpc: story.Resources.Vpc ?? { Type: '' } } },
      /no load balancer that forwards/,
    ],
    ['with two', second('Other'), /several load balancers; .*--balancer (Balancer \| Other|Other \| Balancer)$/],
    ['that fails to be created', changed('Zone', { Name: 'a..b' }), /could not be made \(ROLLBACK_\w+\)[\s\S]*Zone: /],
    ['that is none', '{"Resources": 1}', /^The stack could not be made: /],
    [
      'with an instance type that there is none of',
      changed('MachineTemplate', {
        LaunchTemplateData: { ...launch?.LaunchTemplateData, InstanceType: 'p5.huge' },
      }),
      /Group: .*Invalid value 'p5\.huge' for InstanceType/,
    ],
    ['with an unmodelled type', unmodelled, /AWS::Lex::Bot/],
  ])('%s', async (_, template, message) => {
    const options = typeof template === 'string' ? { template } : { of: template };
    const error = await run(short, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SimulationError);
    expect((error as Error).message).toMatch(message);
  });

  test('with two, one of which is chosen: the other one gets nothing', async () => {
    let requests = 0;
    const options = {
      of: second('Other'),
      balancer: 'Balancer',
      async onEnd(region: Region) {
        ({ sum: requests } = await statistics(region, 'AWS/ApplicationELB', 'RequestCount', 'Balancer'));
      },
    };
    const { totals } = await run(short, options);
    expect(requests).toBeCloseTo(totals.answered, 3);
    // Nothing is registered with the other one's targets.
    expect((await run(short, { ...options, balancer: 'Other' })).totals.failed).toEqual({ 503: totals.requests });
    await expect(run(short, { ...options, balancer: 'None' })).rejects.toThrow(
      /--balancer: there is no None that forwards\. There are: /,
    );
  });

  test('with an unmodelled type that may be left out', async () => {
    const { totals } = await run(short, { of: unmodelled, allowUnmodelled: true });
    expect(totals.answered).toBeGreaterThan(0);
    expect(Object.keys(totals.instanceHours)).toEqual(['t2.micro']);
  });
});

describe('settings that keep to an objective', () => {
  const options: SimulationOptions = {
    template: JSON.stringify(changed('Group', { MaxSize: '2' })),
    profile: parseProfile('spike:from=10,to=80,at=120,over=120,for=300'),
    app: { ...app, cpuMs: 20 },
  };

  test('the cheapest of those that were tried, never beyond what the group may have', async () => {
    const told: Tried[] = [];
    const { tried, best, ended } = await findSettings(options, { p90: 0.5 }, (one) => told.push(one));
    expect(told).toEqual(tried);
    expect(ended).toBe(false);
    const kept = tried.filter(({ misses }) => misses.length === 0);
    expect(best?.instanceHours).toBe(Math.min(...kept.map(({ instanceHours }) => instanceHours)));
    for (const { settings } of tried) expect(settings.minSize ?? 1).toBeLessThanOrEqual(2);
    expect(new Set(tried.map(({ settings }) => JSON.stringify(settings))).size).toBe(tried.length);
  });

  test('none, where nothing keeps to it; and no more than its bound', async () => {
    const search = await findSettings(options, { p50: 0.001 }, undefined, 3);
    expect([search.tried.length, search.best, search.ended]).toEqual([3, undefined, true]);
    expect(search.tried.map(({ settings }) => settings.minSize)).toEqual([undefined, 2, undefined]);
  });
});
