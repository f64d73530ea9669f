/**
 * A zone dies under load: requests fail only for those in flight there, those the dead targets were given until the
 * health checks' threshold, and those of clients that still hold the dead node's address; capacity is back, and nothing
 * uploaded is lost.
 */
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  type Instance,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeNetworkInterfacesCommand, EC2Client, GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../src/region/clock/random.ts';
import type { LoggedEvent } from '../src/region/events.ts';
import { startGallery } from './gallery.fixture.ts';
import { type Asked, type HeldAddressClients, heldAddressClients, type Next } from './held-address-clients.ts';
import { eventually } from './region.fixture.ts';

/** Minutes of health checks, DNS and Auto Scaling take seconds. */
const timeScale = 20;
const host = 'api.myapp.localhost';
const [dead, living] = ['us-east-1a', 'us-east-1b'] as const;
/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#dns-name */
const ttlMs = 60_000;
/** Of the balancer: what is in flight to a target that says nothing any more is answered 504 then. It is real time. */
const idleSeconds = 10;
const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex');

const random = seededRandom(11);
let gallery: Awaited<ReturnType<typeof startGallery>>;
let groups: AutoScalingClient;
let balancers: ElasticLoadBalancingV2Client;
let ec2: EC2Client;
let clients: HeldAddressClients;
/** All from the beginning of the load on: the log itself remembers only the last ones. */
const events: LoggedEvent[] = [];
const modelMs = () => gallery.region.scope.clock.now();

async function members(): Promise<Instance[]> {
  const { AutoScalingGroups = [] } = await groups.send(new DescribeAutoScalingGroupsCommand({}));
  return AutoScalingGroups[0]?.Instances ?? [];
}

async function healthyTargets(): Promise<string[]> {
  const { TargetGroups = [] } = await balancers.send(new DescribeTargetGroupsCommand({}));
  const { TargetHealthDescriptions = [] } = await balancers.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups[0]?.TargetGroupArn }),
  );
  const states = TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({ ...Target, ...TargetHealth }));
  return states.flatMap(({ Id = '', State }) => (State === 'healthy' ? [Id] : []));
}

/** The group's machines when they are two in these zones, in service, and just these are healthy. */
async function whole(zones: readonly string[]): Promise<Instance[]> {
  return eventually(
    async () => {
      const [all, healthy] = [await members(), await healthyTargets()];
      const serve = all.every(({ LifecycleState }) => LifecycleState === 'InService');
      return serve && all.every(({ InstanceId = '' }) => healthy.includes(InstanceId)) ? all : [];
    },
    (all) =>
      all
        .map(({ AvailabilityZone }) => AvailabilityZone)
        .sort()
        .join() === zones.join(),
  );
}

/** The address of the balancer's node in a zone, as DNS gives it. */
async function nodeAddress(zone: string): Promise<string> {
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({}));
  const node = NetworkInterfaces.find(
    ({ Description, AvailabilityZone }) => Description?.startsWith('ELB app/') && AvailabilityZone === zone,
  );
  return node?.Association?.PublicIp ?? '';
}

const reads: readonly string[] = ['/items?limit=5', '/whoami', '/health'];
const reader: Next = () => ({ path: reads[random.int(reads.length)] ?? '' });
const waiter: Next = () => ({ path: `/wait?ms=${200 + random.int(400)}` });
const uploader: Next = () => {
  const bytes = Buffer.from(random.hex(2 * (2_000 + random.int(60_000))), 'hex');
  return { method: 'POST', path: '/items', type: 'image/png', body: Buffer.concat([pngSignature, bytes]) };
};

const succeeded = ({ status = 0 }: Asked) => status >= 200 && status < 300;
const uploaded = () => clients.requests.filter((one) => one.method === 'POST' && one.status === 201);

/** Until so many more requests have their answers, uploads among them. */
async function more(requests: number, pictures: number): Promise<void> {
  const [requestsNow, picturesNow] = [clients.requests.length, uploaded().length];
  await eventually(
    () => clients.requests.length >= requestsNow + requests && uploaded().length >= picturesNow + pictures,
    (enough) => enough,
  );
}

beforeAll(async () => {
  gallery = await startGallery({ timeScale });
  groups = new AutoScalingClient(gallery.config);
  balancers = new ElasticLoadBalancingV2Client(gallery.config);
  ec2 = new EC2Client(gallery.config);
  await gallery.deliver();
  const { LoadBalancers = [] } = await balancers.send(new DescribeLoadBalancersCommand({}));
  await balancers.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn,
      Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: String(idleSeconds) }],
    }),
  );
  await whole([dead, living]);
  // What load adds is another story: here it is seen that what has died comes back.
  const { AutoScalingGroupName } = await gallery.outputs('gallery');
  await groups.send(new SuspendProcessesCommand({ AutoScalingGroupName, ScalingProcesses: ['AlarmNotification'] }));
  clients = heldAddressClients(gallery.region, host, random);
}, 60_000);
afterAll(async () => {
  await clients?.close();
  await gallery?.close();
});

interface Facts {
  /** The machine that was in the zone. */
  readonly lost: string;
  readonly deadAddress: string;
  readonly failedMs: number;
  readonly leftDnsMs: number;
  /** When the living node found the lost machine unhealthy. */
  readonly foundMs: number;
  /** Without an answer when the zone failed. */
  readonly inFlight: ReadonlySet<Asked>;
}

type Cause = 'in flight' | 'dead target' | 'held address';

/** Which one of the causes that are allowed a failure has; undefined: none. */
function causeOf({ lost, deadAddress, failedMs, leftDnsMs, foundMs, inFlight }: Facts) {
  const failed = events.filter(({ kind }) => kind === 'target-failed');
  const givenTo = new Map(failed.map(({ data }) => [data?.path, data]));
  return (one: Asked): Cause | undefined => {
    const given = givenTo.get(one.path);
    if (one.refused) {
      const { addresses, atMs, untilMs } = one.lookedUp;
      const held = one.address === deadAddress && addresses.includes(deadAddress) && one.startedMs < untilMs;
      return held && atMs <= leftDnsMs && untilMs - atMs === ttlMs ? 'held address' : undefined;
    }
    if (inFlight.has(one)) return one.address === deadAddress || given?.target === lost ? 'in flight' : undefined;
    const byDead = given?.target === lost && given.node === living && one.address !== deadAddress;
    return byDead && one.startedMs >= failedMs && one.startedMs <= foundMs ? 'dead target' : undefined;
  };
}

/** Those of the pictures that cannot be had again byte by byte. */
async function notReadBack(pictures: readonly Asked[]): Promise<Asked[]> {
  const gone: Asked[] = [];
  for (const picture of pictures) {
    const { id } = JSON.parse(String(picture.answer)) as { id: string };
    const { status, answer } = await clients.ask({ path: `/items/${id}/image` });
    if (status !== 200 || !picture.body || !answer?.equals(picture.body)) gone.push(picture);
  }
  return gone;
}

describe('a zone that dies under load', () => {
  test('costs what was in flight there, what its targets are given, and what its node is asked; and nothing uploaded', async () => {
    const { region } = gallery;
    const machines = await members();
    const lost = machines.find(({ AvailabilityZone }) => AvailabilityZone === dead)?.InstanceId ?? '';
    const deadAddress = await nodeAddress(dead);
    region.events.subscribe((event) => events.push(event));
    for (let n = 0; n < 12; n++) clients.join(reader, 2_000);
    for (let n = 0; n < 6; n++) clients.join(waiter, 500);
    for (let n = 0; n < 8; n++) clients.join(uploader, 4_000);
    await more(150, 10);

    region.faults.begin({ kind: 'zone', target: dead, for: '2h' });
    const failedMs = modelMs();
    const inFlight = new Set(clients.requests.filter(({ endedMs }) => endedMs === undefined));
    const before = uploaded().length;
    // More come now: DNS gives them both nodes' addresses, as it was told of nothing.
    for (let n = 0; n < 10; n++) clients.join(waiter, 500);
    const answeredByDns = async () => {
      const seen = clients.lookups.length;
      await eventually(
        () => clients.lookups.slice(seen),
        (since) => since.length > 0,
      );
      return clients.lookups.at(-1)?.addresses ?? [];
    };
    const outOfDns = eventually(answeredByDns, (found) => !found.includes(deadAddress)).then(modelMs);
    const found = eventually(
      () => events.find(({ kind, data }) => kind === 'target-unhealthy' && data?.target === lost),
      (event) => event !== undefined,
    );
    const [after, leftDnsMs, foundUnhealthy] = await Promise.all([whole([living, living]), outOfDns, found]);
    const backMs = modelMs();
    const foundMs = foundUnhealthy?.atMs ?? 0;
    const safeMs = Math.max(leftDnsMs + ttlMs, foundMs);
    const during = uploaded().length - before;
    await eventually(modelMs, (now) => now > safeMs);
    await eventually(
      () => [...inFlight].every(({ endedMs }) => endedMs !== undefined),
      (ended) => ended,
    );
    await more(150, 10);
    await clients.leave();

    // Who was found unhealthy, by whom: the node of the dead zone finds nothing out.
    const unhealthy = events.filter(({ kind, atMs }) => kind === 'target-unhealthy' && atMs >= failedMs);
    expect(unhealthy.filter(({ data }) => data?.node !== living)).toEqual([]);
    expect(unhealthy.filter(({ data }) => data?.target === lost)).toHaveLength(1);
    const failures = clients.requests.filter((one) => !succeeded(one));
    const causes = failures.map(causeOf({ lost, deadAddress, failedMs, leftDnsMs, foundMs, inFlight }));
    const count = (cause: string) => causes.filter((one) => one === cause).length;
    const others = failures.filter((_, index) => causes[index] === undefined);
    const pictures = uploaded();
    const gone = await notReadBack(pictures);
    console.info(
      `zone: ${clients.requests.length} requests, ${count('in flight')} in flight, ${count('dead target')} by dead targets, ${count('held address')} by held addresses, ${others.length} others; capacity back after ${Math.round((backMs - failedMs) / 1_000)} s; ${pictures.length} pictures, ${gone.length || 'none'} lost`,
    );
    expect(others.map(({ answer, body: _, ...one }) => ({ ...one, answer: String(answer) }))).toEqual([]);
    expect(gone.map(({ path }) => path)).toEqual([]);
    for (const cause of ['in flight', 'dead target', 'held address']) expect(count(cause), cause).toBeGreaterThan(0);
    const late = clients.requests.filter(({ startedMs }) => startedMs > safeMs);
    expect(late.length).toBeGreaterThanOrEqual(150);
    expect(late.filter((one) => !succeeded(one))).toEqual([]);
    // DNS goes back to no address that it has left out.
    const left = clients.lookups.filter(({ atMs }) => atMs >= leftDnsMs);
    expect(left.filter(({ addresses }) => addresses.includes(deadAddress))).toEqual([]);

    expect(after.map(({ InstanceId }) => InstanceId)).not.toContain(lost);
    expect((await members()).map(({ AvailabilityZone }) => AvailabilityZone)).toEqual([living, living]);
    expect(events.filter(({ kind }) => kind === 'boot-failed')).toEqual([]);
    expect(during).toBeGreaterThan(0);
    expect(region.faults.list()).toHaveLength(1);
    const fresh = after.find((one) => !machines.some(({ InstanceId }) => InstanceId === one.InstanceId))?.InstanceId;
    const { Output = '' } = await ec2.send(new GetConsoleOutputCommand({ InstanceId: fresh }));
    expect(Buffer.from(Output, 'base64').toString()).toMatch(
      /ValidationError: Stack arn:aws:cloudformation:\S+ is in CREATE_COMPLETE state and cannot be signaled/,
    );
  }, 60_000);
});
