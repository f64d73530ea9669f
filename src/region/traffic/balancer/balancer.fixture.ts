/** A balancer in the example world before a real server, for tests: what a client would see on its connection. */
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { seededRandom } from '../../clock/random.ts';
import { type Change, worldOf } from '../../network/example-changes.ts';
import { reachability } from '../dns/reachability.ts';
import { modelFabric } from '../model-fabric.ts';
import type { Meter } from '../planes.ts';
import type { BalancerConfig, ListenerConfig, TargetConfig, TargetGroupConfig } from './config.ts';
import { type AccessLogDelivery, type BalancerPlaneOptions, startBalancers } from './plane.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

export const target: TargetConfig = {
  id: 'i-a',
  address: '10.0.10.30',
  port: 8080,
  zone: 'us-east-1a',
  draining: false,
};

export function groupOf(name: string, targets = [target], more: Partial<TargetGroupConfig> = {}): TargetGroupConfig {
  return {
    arn: `arn:${name}`,
    name,
    dimension: `targetgroup/${name}/1`,
    algorithm: 'round_robin',
    crossZone: undefined,
    targets,
    health: {
      enabled: false,
      port: 'traffic-port',
      path: '/',
      intervalMs: 30_000,
      timeoutMs: 5_000,
      healthyThreshold: 5,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    ...more,
  };
}

/** One listener, on the port that the example world lets in. */
export function listenerOf(...groups: TargetGroupConfig[]): ListenerConfig {
  return {
    arn: 'arn:listener',
    port: 443,
    protocol: 'HTTP',
    certificates: [],
    rules: groups.map((group, n) => ({
      arn: `arn:rule-${n}`,
      priority: n,
      conditions: [],
      action: { type: 'forward', groups: [{ group, weight: 1 }] },
    })),
  };
}

export function balancerOf(listener: ListenerConfig, more: Partial<BalancerConfig> = {}): BalancerConfig {
  return {
    arn: 'arn:balancer',
    name: 'Balancer',
    dimension: 'app/balancer/1',
    dnsName: 'balancer.example',
    nodes: [
      { zone: 'us-east-1a', subnetId: 'subnet-PublicSubnetA', interfaceId: 'eni-BalancerA', privateIp: '10.0.0.20' },
    ],
    listeners: [listener],
    idleTimeoutMs: 60_000,
    clientKeepAliveMs: 3_600_000,
    dropInvalidHeaders: false,
    xForwardedFor: 'append',
    crossZone: true,
    ...more,
  };
}

/** Without `listener` the server's requests wait for whoever listens to its `request` event. */
export async function setUp(
  config = balancerOf(listenerOf(groupOf('api'))),
  listener?: RequestListener,
  more: Pick<BalancerPlaneOptions, 'mostLogBytes'> = {},
) {
  const clock = new VirtualClock(0);
  let world = worldOf();
  const told: string[] = [];
  const notes: string[] = [];
  const counts = new Map<string, number>();
  const sums = new Map<string, number>();
  const meter: Meter = {
    count(_namespace, metric, sets, value) {
      counts.set(metric, (counts.get(metric) ?? 0) + value);
      for (const set of sets) {
        const key = `${metric} ${Object.values(set).sort().join(' ')}`;
        sums.set(key, (sums.get(key) ?? 0) + value);
      }
    },
  };
  const fabric = modelFabric({ clock, world: () => world, dropped: (trip) => told.push(trip.rule) });
  const note = (_kind: string, text: string) => notes.push(text);
  const logs: AccessLogDelivery[] = [];
  const plane = startBalancers({
    fabric,
    clock,
    random: seededRandom(1),
    meter,
    reachability: reachability(clock, fabric.world),
    note,
    async deliverLog(file) {
      logs.push(file);
    },
    ...more,
  });
  const server = createServer(listener ? listener : () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  fabric.listen(target.address, target.port, { kind: 'loopback', host: '127.0.0.1', port });
  plane.apply([config]);
  closers.push(() => {
    void plane.close();
    server.closeAllConnections();
    server.close();
    clock.stop();
  });
  const connect = async (): Promise<Duplex> => {
    const { socket } = await fabric.dial({
      from: { address: '203.0.113.7' },
      to: { address: '198.51.100.20', port: 443 },
      timeoutMs: 1_000,
    });
    closers.push(() => socket.destroy());
    return socket;
  };
  return {
    clock,
    plane,
    fabric,
    server,
    /** Rules that dropped packets. */
    told,
    notes,
    /** Files of access logs. */
    logs,
    /** What was counted for CloudWatch, by metric, over all dimensions. */
    counts,
    /** The sums of a metric by the values of its dimensions, with a space between. */
    sums: (metric: string) =>
      Object.fromEntries(
        [...sums].flatMap(([key, sum]) => (key.startsWith(`${metric} `) ? [[key.slice(metric.length + 1), sum]] : [])),
      ),
    /** A client's connection to the balancer's public address. */
    connect,
    /** Replaces the world by the example with these changes. */
    swap(...changes: Change[]) {
      world = worldOf(changes);
    },
  };
}

export type SetUp = Awaited<ReturnType<typeof setUp>>;

/** Sends raw text on a connection of its own and resolves with all that comes back until its end. */
export async function exchange({ connect }: Pick<SetUp, 'connect'>, request: string): Promise<string> {
  const socket = await connect();
  socket.write(request, 'latin1');
  return ended(socket);
}

async function ended(socket: Duplex): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'end');
  return text;
}

/** The next request that reaches the server. */
export async function nextRequest({ server }: Pick<SetUp, 'server'>): Promise<ServerResponse> {
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return response;
}
