/** A group of machines in a stack, under clients that keep asking: what replacing a machine costs, and what killing one does. */
import { Agent, request } from 'node:http';
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  SetInstanceHealthCommand,
  StartInstanceRefreshCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeregisterTargetsCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../src/region/clock/clock.ts';
import type { LoggedEvent } from '../src/region/events.ts';
import { groupTemplate } from './group-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

/** Waits of minutes take seconds; requests are still signed within the allowed skew. */
const timeScale = 5;
const host = 'api.try.localhost';

let tested: TestedRegion;
let groups: AutoScalingClient;
let balancers: ElasticLoadBalancingV2Client;
let targetGroup = '';

beforeAll(async () => {
  tested = await startRegion({ clock: realClock(timeScale) });
  groups = new AutoScalingClient(tested.config);
  balancers = new ElasticLoadBalancingV2Client(tested.config);
});
afterAll(() => tested.close());

const modelMs = () => tested.region.scope.clock.now();

async function group(): Promise<AutoScalingGroup> {
  const { AutoScalingGroups = [] } = await groups.send(new DescribeAutoScalingGroupsCommand({}));
  const found = AutoScalingGroups.find(({ AutoScalingGroupName }) => AutoScalingGroupName?.startsWith('api-'));
  if (!found) throw new Error('no group');
  return found;
}

async function serving(): Promise<string[]> {
  return ((await group()).Instances ?? []).flatMap(({ InstanceId, LifecycleState }) =>
    LifecycleState === 'InService' && InstanceId ? [InstanceId] : [],
  );
}

/** Targets by state. */
async function health(): Promise<Map<string, string>> {
  const { TargetHealthDescriptions = [] } = await balancers.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }),
  );
  return new Map(
    TargetHealthDescriptions.map(({ Target, TargetHealth }) => [Target?.Id ?? '', TargetHealth?.State ?? '']),
  );
}

/** The group is as it shall be: two in service, and the balancer finds just these healthy. */
async function whole(): Promise<string[]> {
  const settled = async () => {
    const [now, targets, { Instances = [] }] = [await serving(), await health(), await group()];
    const done = Instances.length === 2 && targets.size === 2 && now.every((id) => targets.get(id) === 'healthy');
    return done ? now : [];
  };
  return eventually(settled, (ids) => ids.length === 2);
}

interface Asked {
  /** 0: no answer. */
  readonly status: number;
  readonly machine: string;
  readonly body: string;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Clients that each keep a connection and ask again as soon as they are answered; some for what takes its time. */
function clients({ quick, slow }: { quick: number; slow: number }) {
  const answers: Asked[] = [];
  const agent = new Agent({ keepAlive: true });
  let going = true;
  const ask = (path: string) =>
    new Promise<void>((resolve) => {
      const startedMs = modelMs();
      const done = (status: number, machine = '', body = '') => {
        answers.push({ status, machine, body, startedMs, endedMs: modelMs() });
        resolve();
      };
      const asked = request({ agent, host: '127.0.0.1', port: tested.region.ports.http, path, headers: { host } });
      asked.on('error', () => done(0));
      asked.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('error', () => done(0));
        response.on('end', () => done(response.statusCode ?? 0, String(response.headers['x-machine'] ?? ''), body));
      });
      asked.end();
    });
  const keepAsking = async (path: string) => {
    while (going) await ask(path);
  };
  const asking = [
    ...Array.from({ length: quick }, () => keepAsking('/?ms=5')),
    ...Array.from({ length: slow }, (_, n) => keepAsking(`/?ms=${400 + 400 * n}`)),
  ];
  return {
    answers,
    failed: () => answers.filter(({ status }) => status !== 200),
    async end(): Promise<Asked[]> {
      going = false;
      await Promise.all(asking);
      agent.destroy();
      return answers;
    },
  };
}

/** Runs what is to be done under clients and gives all of their answers. */
async function underClients(
  run: (answers: readonly Asked[]) => Promise<void>,
  load: { quick: number; slow: number } = { quick: 4, slow: 3 },
): Promise<Asked[]> {
  const asking = clients(load);
  try {
    // Every machine has kept connections and slow requests by now.
    const ids = await serving();
    await eventually(
      () => asking.answers,
      (answers) => ids.every((id) => answers.filter(({ machine }) => machine === id).length > 20),
    );
    await run(asking.answers);
  } finally {
    await asking.end();
  }
  return asking.answers;
}

const failures = (answers: readonly Asked[]) => answers.filter(({ status }) => status !== 200);

test('a group comes up when each of its machines has said that it answers', async () => {
  expect(await tested.create('api', groupTemplate()), await tested.failures('api').catch(String)).toBe(
    'CREATE_COMPLETE',
  );
  expect((await tested.reasons('api')).match(/Received SUCCESS signal with UniqueId i-/g)).toHaveLength(2);
  const { TargetGroups = [] } = await balancers.send(new DescribeTargetGroupsCommand({}));
  targetGroup = TargetGroups[0]?.TargetGroupArn ?? '';
  const ids = await whole();
  const answers = await underClients(async () => {});
  expect(failures(answers)).toEqual([]);
  expect(new Set(answers.map(({ machine }) => machine))).toEqual(new Set(ids));
}, 60_000);

describe('under clients that keep asking, no request is lost', () => {
  test('when a machine is deregistered: what it was given it answers, and it is given no more', async () => {
    const [id = ''] = await whole();
    const Targets = [{ Id: id }];
    let afterMs = 0;
    const answers = await underClients(async (sofar) => {
      await balancers.send(new DeregisterTargetsCommand({ TargetGroupArn: targetGroup, Targets }));
      afterMs = modelMs();
      await eventually(health, (targets) => !targets.has(id));
      const count = sofar.length;
      await eventually(
        () => sofar.length,
        (now) => now > count + 50,
      );
      await balancers.send(new RegisterTargetsCommand({ TargetGroupArn: targetGroup, Targets }));
      await eventually(health, (targets) => targets.get(id) === 'healthy');
    });
    expect(failures(answers)).toEqual([]);
    const its = answers.filter(({ machine }) => machine === id);
    expect(its.filter(({ startedMs, endedMs }) => startedMs < afterMs && endedMs > afterMs).length).toBeGreaterThan(0);
  }, 60_000);

  test.each([
    [
      'ended by request',
      (InstanceId: string) =>
        groups.send(
          new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }),
        ),
    ],
    [
      'called unhealthy',
      (InstanceId: string) =>
        groups.send(
          new SetInstanceHealthCommand({ InstanceId, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: false }),
        ),
    ],
  ])(
    'when a machine is %s and replaced',
    async (_, end) => {
      const before = await whole();
      const [id = ''] = before;
      let after: string[] = [];
      const answers = await underClients(async () => {
        await end(id);
        await eventually(serving, (ids) => !ids.includes(id));
        after = await whole();
      });
      expect(failures(answers)).toEqual([]);
      expect(after).not.toContain(id);
      expect(after).toContain(before[1]);
    },
    60_000,
  );

  test('when an instance refresh replaces all machines, never fewer than two in service', async () => {
    const before = await whole();
    const { AutoScalingGroupName } = await group();
    const seen: string[][] = [];
    const refreshed = async () => {
      seen.push(await serving());
      const { InstanceRefreshes } = await groups.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }));
      return InstanceRefreshes?.[0];
    };
    const answers = await underClients(async (sofar) => {
      await groups.send(
        new StartInstanceRefreshCommand({
          AutoScalingGroupName,
          Preferences: { MinHealthyPercentage: 100, MaxHealthyPercentage: 150, InstanceWarmup: 10 },
        }),
      );
      const ended = await eventually(refreshed, (refresh) => refresh?.EndTime !== undefined);
      expect(ended).toMatchObject({ Status: 'Successful', PercentageComplete: 100, InstancesToUpdate: 0 });
      const count = sofar.length;
      await eventually(
        () => sofar.length,
        (now) => now > count + 50,
      );
    });
    expect(failures(answers)).toEqual([]);
    const after = await whole();
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    // Old and new ones answered, and each new one before the last old one was gone.
    const machines = new Set(answers.map(({ machine }) => machine));
    for (const id of [...before, ...after]) expect(machines).toContain(id);
    expect(Math.min(...seen.map((ids) => ids.length))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...seen.map((ids) => ids.length))).toBe(3);
  }, 60_000);

  test('when a new version replaces the machines one after another, never fewer than two in service', async () => {
    const before = await whole();
    const seen: string[][] = [];
    let rolling = true;
    const answers = await underClients(async (sofar) => {
      const watch = (async () => {
        while (rolling) seen.push(await serving());
      })();
      const status = await tested.update('api', groupTemplate({ version: 'second' }));
      rolling = false;
      await watch;
      expect(status, await tested.failures('api')).toBe('UPDATE_COMPLETE');
      const count = sofar.length;
      await eventually(
        () => sofar.length,
        (now) => now > count + 50,
      );
    });
    expect(failures(answers)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['first', 'second']));
    expect(answers.at(-1)?.body).toBe('second');
    const after = await whole();
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(Math.min(...seen.map((ids) => ids.length))).toBeGreaterThanOrEqual(2);
    // One after another: there were times with one of each.
    expect(seen.some((ids) => ids.includes(after[0] ?? '') !== ids.includes(after[1] ?? ''))).toBe(true);
    const said = await tested.reasons('api');
    expect(said).toContain('Temporarily setting autoscaling group MinSize and DesiredCapacity to 3.');
    expect(said.match(/^Terminating instance\(s\) \[i-\w+\]; replacing with [01] new instance\(s\)\.$/gm)).toHaveLength(
      2,
    );
  }, 60_000);

  test('when a new version fails: the stack rolls back, and the old machines serve on', async () => {
    const before = await whole();
    const answers = await underClients(async () => {
      const status = await tested.update('api', groupTemplate({ version: 'broken' }));
      expect(status, await tested.reasons('api')).toBe('UPDATE_ROLLBACK_COMPLETE');
    });
    expect(failures(answers)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['second']));
    expect(await tested.failures('api')).toContain('Group: Received 1 FAILURE signal(s) out of 1');
    expect(await whole()).toEqual(before);
  }, 60_000);
});

describe('under clients that keep asking, a machine that dies', () => {
  let id = '';
  let diedMs = 0;
  let answers: Asked[] = [];
  const lost = () => failures(answers);
  const load = { quick: 4, slow: 8 };
  // The log itself remembers only the last ones.
  const since: LoggedEvent[] = [];
  const events = (kind: string) => since.filter((event) => event.kind === kind);

  test('costs what is under way on it and what it is given until it is found unhealthy, and is replaced', async () => {
    // A fresh one: in its grace period a status check, which would be faster, replaces nothing.
    const [old = '', other = ''] = await whole();
    await groups.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: old, ShouldDecrementDesiredCapacity: false }),
    );
    await eventually(serving, (ids) => !ids.includes(old));
    id = (await whole()).find((one) => one !== other) ?? '';
    answers = await underClients(async (sofar) => {
      // More than all the quick ones: some that take their time are under way on it.
      const { balancer } = tested.region.scope.planes;
      await eventually(
        () => balancer.inFlight(targetGroup, id, 8080),
        (count) => count > load.quick,
      );
      diedMs = modelMs();
      tested.region.events.subscribe((event) => since.push(event));
      tested.region.scope.machines.get(id)?.kill();
      await eventually(serving, (ids) => !ids.includes(id));
      const after = await whole();
      expect(after).not.toContain(id);
      expect(after).toContain(other);
      const count = sofar.length;
      await eventually(
        () => sofar.length,
        (now) => now > count + 50,
      );
    }, load);
    expect(lost().length).toBeGreaterThan(0);
    expect(lost().filter(({ status }) => status !== 502 && status !== 504)).toEqual([]);
    // Each node checks on its own.
    const found = events('target-unhealthy').filter(({ data }) => data?.target === id);
    expect(found).toHaveLength(2);
    const lastMs = found.at(-1)?.atMs ?? 0;
    expect(lost().filter(({ startedMs }) => startedMs > lastMs)).toEqual([]);
    // Auto Scaling heard of it from the checks. How long they took is model time, which a busy machine makes longer.
    const replaced = events('unhealthy').find(({ data }) => data?.instanceId === id);
    expect(replaced?.atMs).toBeGreaterThanOrEqual(found[0]?.atMs ?? Number.POSITIVE_INFINITY);
    const inFlight = lost().filter(({ startedMs }) => startedMs < diedMs);
    expect(inFlight.length).toBeGreaterThan(0);
    expect(lost().length).toBeGreaterThan(inFlight.length);
  }, 60_000);

  test('has each lost request told and counted once: there are no hidden retries', async () => {
    expect(events('target-failed').map(({ data }) => data?.target)).toEqual(lost().map(() => id));
    const { LoadBalancers = [] } = await balancers.send(new DescribeLoadBalancersCommand({}));
    const LoadBalancer = LoadBalancers[0]?.LoadBalancerArn?.replace(/^.*:loadbalancer\//, '');
    const sum = async (MetricName: string) => {
      const { Datapoints = [] } = await new CloudWatchClient(tested.config).send(
        new GetMetricStatisticsCommand({
          Namespace: 'AWS/ApplicationELB',
          MetricName,
          Dimensions: [{ Name: 'LoadBalancer', Value: LoadBalancer }],
          StartTime: new Date(modelMs() - 3_600_000),
          EndTime: new Date(modelMs() + 60_000),
          Period: 3_600,
          Statistics: ['Sum'],
        }),
      );
      // A request of a clock that is so much faster stands for as many.
      return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0) / timeScale;
    };
    const count = (status: number) => lost().filter((one) => one.status === status).length;
    expect(await sum('HTTPCode_ELB_502_Count')).toBe(count(502));
    expect(await sum('HTTPCode_ELB_504_Count')).toBe(count(504));
    expect(await sum('HTTPCode_ELB_5XX_Count')).toBe(lost().length);
  }, 60_000);
});
