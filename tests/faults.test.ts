/** Faults of a group in two zones, switched over HTTP: what those above find out by themselves, and how they mend it. */
import { Resolver } from 'node:dns/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  type Instance,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeInstanceStatusCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultView } from '../src/region/faults.ts';
import type { Template } from './api-template.ts';
import { groupTemplate } from './group-template.ts';
import { eventually, startRegion, type TestedRegion } from './region.fixture.ts';

/** Minutes of health checks, DNS and Auto Scaling take seconds. */
const timeScale = 20;
const host = 'api.try.localhost';
const [zoneA, zoneB] = ['us-east-1a', 'us-east-1b'] as const;

let tested: TestedRegion;
let groups: AutoScalingClient;
let balancers: ElasticLoadBalancingV2Client;
let ec2: EC2Client;
let targetGroup = '';
let groupName = '';

const ref = (Ref: string) => ({ Ref });

/** The group's machines in two zones, each with a subnet of its own. */
function twoZones(): Template {
  const { Resources } = groupTemplate({
    group: { VPCZoneIdentifier: [ref('Machines'), ref('MachinesB')], HealthCheckGracePeriod: 100 },
  });
  const { Machines, RoutesOfMachines, MachineAclOfSubnet } = Resources;
  const inB = (resource: Template['Resources'][string] | undefined, more: object) => {
    if (!resource) throw new Error('the group of one zone has changed');
    return { ...resource, Properties: { ...(resource.Properties as object), ...more } };
  };
  return {
    Resources: {
      ...Resources,
      MachinesB: inB(Machines, {
        CidrBlock: '10.0.3.0/24',
        AvailabilityZone: { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] },
      }),
      RoutesOfMachinesB: inB(RoutesOfMachines, { SubnetId: ref('MachinesB') }),
      MachineAclOfSubnetB: inB(MachineAclOfSubnet, { SubnetId: ref('MachinesB') }),
    },
  };
}

beforeAll(async () => {
  tested = await startRegion({ timeScale });
  groups = new AutoScalingClient(tested.config);
  balancers = new ElasticLoadBalancingV2Client(tested.config);
  ec2 = new EC2Client({ ...tested.config, maxAttempts: 1 });
  expect(await tested.create('api', twoZones()), await tested.failures('api').catch(String)).toBe('CREATE_COMPLETE');
  targetGroup = (await balancers.send(new DescribeTargetGroupsCommand({}))).TargetGroups?.[0]?.TargetGroupArn ?? '';
}, 60_000);
afterAll(() => tested.close());

async function faults(method: string, path = '', body?: object): Promise<{ status: number; said: unknown }> {
  const answer = await fetch(`${tested.region.endpoint}/_orrery/faults${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, said: await answer.json() };
}

async function begin(body: object): Promise<FaultView> {
  const { status, said } = await faults('POST', '', body);
  expect(status, JSON.stringify(said)).toBe(201);
  return said as FaultView;
}

async function members(): Promise<Instance[]> {
  const { AutoScalingGroups = [] } = await groups.send(new DescribeAutoScalingGroupsCommand({}));
  groupName = AutoScalingGroups[0]?.AutoScalingGroupName ?? '';
  return AutoScalingGroups[0]?.Instances ?? [];
}

async function targets() {
  const { TargetHealthDescriptions = [] } = await balancers.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }),
  );
  return new Map(TargetHealthDescriptions.map(({ Target, TargetHealth }) => [Target?.Id ?? '', TargetHealth]));
}

/** The ids of the group's two machines by zone, when they are in these zones, in service, and nothing else is healthy. */
async function whole(zones: readonly string[]): Promise<Instance[]> {
  return eventually(
    async () => {
      const [all, health] = [await members(), await targets()];
      const serve = all.every((one) => one.LifecycleState === 'InService');
      const healthy = all.every(({ InstanceId = '' }) => health.get(InstanceId)?.State === 'healthy');
      return serve && healthy && health.size === all.length ? all : [];
    },
    (all) =>
      all
        .map(({ AvailabilityZone }) => AvailabilityZone)
        .sort()
        .join() === zones.join(),
  );
}

async function addresses(): Promise<string[]> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${tested.region.ports.dns}`]);
  return (await resolver.resolve4(host)).sort();
}

async function statusCheck(InstanceId: string): Promise<string | undefined> {
  const { InstanceStatuses } = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [InstanceId] }));
  return InstanceStatuses?.[0]?.InstanceStatus?.Status;
}

const answers200 = () =>
  eventually(
    async () => [await tested.get(host), await tested.get(host), await tested.get(host)],
    (answers) => answers.every(({ status }) => status === 200),
  );

const texts = (kind: string) => tested.eventTexts(kind).join('\n');

describe('a zone that is down', () => {
  let before: string[] = [];
  let fault: FaultView;

  test('is found out by checks: its machines by status and health checks, its node by DNS', async () => {
    const inA = (await whole([zoneA, zoneB])).find(({ AvailabilityZone }) => AvailabilityZone === zoneA);
    before = await addresses();
    expect(before).toHaveLength(2);
    fault = await begin({ kind: 'zone', target: zoneA, for: '2h' });
    expect(fault).toMatchObject({ kind: 'zone', target: zoneA, text: 'zone us-east-1a is down' });
    expect(await statusCheck(inA?.InstanceId ?? '')).toBe('impaired');
    // Nobody was told: for now names and groups are as they were.
    expect(await addresses()).toEqual(before);
    const left = await eventually(addresses, (found) => found.length === 1);
    expect(before).toContain(left[0]);
    await eventually(
      () => texts('packet-dropped'),
      (text) => text.includes(`${fault.id} at`) && text.includes('orrery fault clear'),
    );
    await eventually(
      () => texts('target-unhealthy'),
      (text) => text.includes(`${inA?.InstanceId}`) && text.includes('Target.Timeout'),
    );
    // Its node there finds nothing out any more, and nothing of what it would have found is told.
    const sinceMs = Date.parse(fault.began);
    const since = tested.region.events
      .recent()
      .filter(({ kind, atMs }) => kind === 'target-unhealthy' && atMs > sinceMs);
    expect(since.filter(({ text }) => text.includes('seen from us-east-1a'))).toEqual([]);
  }, 60_000);

  test('gets no machine, so that the group replaces its own in the other zone, and requests succeed', async () => {
    const after = await whole([zoneB, zoneB]);
    const { Activities = [] } = await groups.send(
      new DescribeScalingActivitiesCommand({ AutoScalingGroupName: groupName }),
    );
    const failed = Activities.filter(({ StatusCode }) => StatusCode === 'Failed').map((one) => one.StatusMessage);
    expect(failed.join('\n')).toContain(
      `We currently do not have sufficient t3.small capacity in the Availability Zone you requested (us-east-1a). Our system will be working on provisioning additional capacity. You can currently get t3.small capacity by not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c, us-east-1d. Launching EC2 instance failed.`,
    );
    const subnet = tested.region.scope.planes.fabric.world().parts.subnets.find(({ zone }) => zone === zoneA)?.id;
    const launched = ec2.send(
      new RunInstancesCommand({
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet,
      }),
    );
    await expect(launched).rejects.toMatchObject({ name: 'InsufficientInstanceCapacity' });
    await answers200();
    // Their stack is complete, and nobody waits for their signals.
    expect(texts('boot-failed')).toBe('');
    expect((await faults('GET')).said).toEqual({ faults: [fault] });
    expect(after).toHaveLength(2);
  }, 60_000);

  test('is back when the fault is cleared: in DNS, and for the group, which balances its zones again', async () => {
    expect((await faults('DELETE', `/${fault.id}`)).said).toEqual({ faults: [fault] });
    expect((await faults('GET')).said).toEqual({ faults: [] });
    await eventually(addresses, (found) => found.join() === before.join());
    await whole([zoneA, zoneB]);
    await answers200();
    expect(texts('fault-began')).toContain(`${fault.id}: zone us-east-1a is down, until`);
    expect(texts('fault-ended')).toContain(`${fault.id}: zone us-east-1a is down: over`);
  }, 60_000);
});

test('a machine that dies is replaced; the fault ends by itself, and brings nobody back', async () => {
  const [first] = await whole([zoneA, zoneB]);
  const id = first?.InstanceId ?? '';
  const fault = await begin({ kind: 'instance', target: id, for: '30s' });
  expect(await statusCheck(id)).toBe('impaired');
  expect((await faults('POST', '', { kind: 'instance', target: id })).status).toBe(400);
  await eventually(members, (all) => all.every(({ InstanceId }) => InstanceId !== id));
  const after = await whole([zoneA, zoneB]);
  expect(after.map(({ InstanceId }) => InstanceId)).not.toContain(id);
  await eventually(
    () => texts('fault-ended'),
    (text) => text.includes(fault.id),
  );
  await answers200();
}, 60_000);

test('machines that call themselves sick are found so, and still answer what else they are asked', async () => {
  const all = await whole([zoneA, zoneB]);
  const processes = { AutoScalingGroupName: groupName, ScalingProcesses: ['ReplaceUnhealthy', 'HealthCheck'] };
  await groups.send(new SuspendProcessesCommand(processes));
  for (const { InstanceId } of all) await begin({ kind: 'health', target: InstanceId, for: '1h' });
  const sick = await eventually(targets, (health) => [...health.values()].every((one) => one?.State === 'unhealthy'));
  for (const health of sick.values()) {
    expect(health).toMatchObject({
      Reason: 'Target.ResponseCodeMismatch',
      Description: 'Health checks failed with these codes: [503]',
    });
  }
  // All are unhealthy: the balancer asks them all.
  const machines = await answers200();
  expect(machines.map(({ body }) => body)).toEqual(['first', 'first', 'first']);
  expect((await faults('DELETE')).said).toMatchObject({ faults: [{ kind: 'health' }, { kind: 'health' }] });
  await eventually(targets, (health) => [...health.values()].every((one) => one?.State === 'healthy'));
  await groups.send(new ResumeProcessesCommand(processes));
}, 60_000);

test('what is slow takes its time each way, and is not unhealthy for that', async () => {
  const [slow] = await whole([zoneA, zoneB]);
  const target = slow?.InstanceId ?? '';
  const took = async () => {
    const startedMs = performance.now();
    const { status, headers } = await tested.get(host);
    return { status, machine: headers['x-machine'], ms: performance.now() - startedMs };
  };
  await begin({ kind: 'latency', target, delay: '250ms', for: '1h' });
  const some = await eventually(
    async () => [await took(), await took(), await took(), await took()],
    (all) => new Set(all.map(({ machine }) => machine)).size === 2,
  );
  for (const { status, machine, ms } of some) {
    expect(status).toBe(200);
    // A new connection has its handshake besides.
    if (machine === target) expect(ms).toBeGreaterThan(500);
    else expect(ms).toBeLessThan(500);
  }
  expect((await targets()).get(target)?.State).toBe('healthy');
  await faults('DELETE');
  await begin({ kind: 'latency', target: zoneA, delay: '250ms', for: '1h' });
  // The first address is of the slow zone's node: to it and back.
  expect((await took()).ms).toBeGreaterThan(500);
  await faults('DELETE');
  expect((await took()).ms).toBeLessThan(500);
}, 60_000);

describe('what cannot be is refused in one message, and changes nothing', () => {
  test.each<[object, RegExp]>([
    [
      { kind: 'zone', target: 'us-east-1x' },
      /^There is no zone "us-east-1x"\. There are us-east-1a, us-east-1b, us-east-1c, us-east-1d\.$/,
    ],
    [{ kind: 'zone' }, /^Which zone\? There are us-east-1a/],
    [
      { kind: 'instance', target: 'i-1' },
      /^There is no running instance "i-1"\. There are i-[0-9a-f]{17} in us-east-1[ab], i-/,
    ],
    [
      { kind: 'latency', target: 'i-1', delay: '1s' },
      /^There is no zone or running instance "i-1"\. There are us-east-1a,/,
    ],
    [{ kind: 'latency', target: zoneA }, /^A latency needs a delay/],
    [{ kind: 'latency', target: zoneA, delay: '2m' }, /^"2m" is too long: .* such as 200ms or 2s, of at most 60s\.$/],
    [
      { kind: 'zone', target: zoneA, for: 'soon' },
      /^"soon" is no duration: give a number with ms, s, m or h, such as 30s or 10m, of at most 24h\.$/,
    ],
    [{ kind: 'zone', target: zoneA, for: '0s' }, /^"0s" is no time at all: give a number/],
    [{ kind: 'zone', target: zoneA, delay: '1s' }, /^A delay, "1s", is for the fault latency alone/],
    [{ kind: 'zone', target: zoneA, force: 'yes' }, /^A fault has no "force": it has kind, target, for, delay\.$/],
    [{ kind: 'zone', target: 7 }, /^"target" must be a text/],
    [{ kind: 'meteor' }, /^There is no fault "meteor": there are zone, instance, nat, health, latency, endpoint\.$/],
    [{ kind: 'nat' }, /^Which NAT gateway\? There is none\.$/],
    [{ kind: 'endpoint', target: 's3' }, /^There is no VPC endpoint "s3"\. There is none\.$/],
    [[], /^A fault is a JSON object/],
    [{ kind: 'zone', target: zoneA, for: ' '.repeat(5_000) }, /^A fault takes at most 4096 bytes\.$/],
  ])('%# %s', async (body, message) => {
    const { status, said } = await faults('POST', '', body);
    expect([400, 413]).toContain(status);
    expect((said as { message: string }).message).toMatch(message);
    expect((await faults('GET')).said).toEqual({ faults: [] });
  });

  test('the same fault twice: the one that lasts is named', async () => {
    const asked = { kind: 'latency', target: zoneA, delay: '1ms', for: '1h' };
    const { id, ends } = await begin(asked);
    const again = await faults('POST', '', { ...asked, for: '2h' });
    expect(again).toMatchObject({
      status: 400,
      said: {
        message: expect.stringMatching(`^So it is already: .*, by ${id}, until ${ends}\\. .*fault clear ${id}$`),
      },
    });
    expect((await faults('GET')).said).toMatchObject({ faults: [{ id }] });
    await begin({ ...asked, delay: '2ms' });
    await faults('DELETE');
  });

  test('no JSON, another type, another method, an unknown id', async () => {
    const post = (body: string, type: string) =>
      fetch(`${tested.region.endpoint}/_orrery/faults`, { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post('{', 'application/json')).status).toBe(400);
    expect((await post('{"kind":"zone","target":"us-east-1a"}', 'text/plain')).status).toBe(415);
    expect((await faults('PUT')).status).toBe(405);
    expect(await faults('DELETE', '/fault-99')).toEqual({
      status: 404,
      said: { message: 'There is no fault "fault-99". There is none.' },
    });
    expect((await faults('DELETE')).said).toEqual({ faults: [] });
  });

  // Fetch would not let a test choose these headers; a browser sends them of itself.
  const asked = (method: string, path: string, headers: Record<string, string>) =>
    new Promise<{ status: number; said: string }>((resolve, reject) => {
      const { hostname, port, host: own } = new URL(tested.region.endpoint);
      const send = request({ hostname, port, method, path, headers: { host: own, ...headers } }, (answer) => {
        void text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, said }));
      });
      send.on('error', reject).end(method === 'POST' ? '{"kind":"latency","target":"us-east-1a","delay":"1s"}' : '');
    });

  test.each([
    ['a name that was rebound to this machine', { host: 'evil.example' }],
    ['the same, with a port', { host: 'evil.example:4566', origin: 'http://evil.example:4566' }],
    ['a name that only looks local', { host: '127.0.0.1.evil.example' }],
    ['no name', { host: ':4566' }],
    ["another site's page", { origin: 'https://evil.example' }],
    ['a page without an origin of its own', { origin: 'null' }],
    ['a page of another port of this machine', { origin: 'http://localhost:3000' }],
  ])('%s can switch nothing, and read nothing', async (_what, headers) => {
    const typed = { 'content-type': 'application/json', ...headers };
    for (const [method, path] of [
      ['POST', '/_orrery/faults'],
      ['DELETE', '/_orrery/faults'],
      ['GET', '/_orrery/faults'],
      ['GET', '/_orrery/health'],
      ['GET', '/_orrery/events?recent'],
      ['POST', '/_orrery/reset'],
    ] as const) {
      const { status, said } = await asked(method, path, typed);
      expect(status).toBe(403);
      expect(said).toMatch(/Orrery's additions are/);
    }
    expect((await faults('GET')).said).toEqual({ faults: [] });
  });

  test('names of this machine are as good as its address', async () => {
    const { port } = new URL(tested.region.endpoint);
    for (const name of ['localhost', 'aws.localhost', '[::1]', '127.0.0.1'])
      expect((await asked('GET', '/_orrery/health', { host: `${name}:${port}` })).status).toBe(200);
    const own = tested.region.endpoint;
    expect((await asked('GET', '/_orrery/health', { origin: own })).status).toBe(200);
  });
});
