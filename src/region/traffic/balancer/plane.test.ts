import { once } from 'node:events';
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { seededRandom } from '../../clock/random.ts';
import { type Change, withoutEntry, withoutRule, worldOf } from '../../network/example-changes.ts';
import { modelFabric } from '../model-fabric.ts';
import type { BalancerConfig, TargetGroupConfig } from './config.ts';
import { startBalancers } from './plane.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const target = { id: 'i-a', address: '10.0.10.30', port: 8080, zone: 'us-east-1a', draining: false };

function groupOf(name: string, targets = [target]): TargetGroupConfig {
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
  };
}

function balancerOf(...groups: TargetGroupConfig[]): BalancerConfig {
  return {
    arn: 'arn:balancer',
    name: 'Balancer',
    dimension: 'app/balancer/1',
    dnsName: 'balancer.example',
    nodes: [
      { zone: 'us-east-1a', subnetId: 'subnet-PublicSubnetA', interfaceId: 'eni-BalancerA', privateIp: '10.0.0.20' },
    ],
    listeners: [
      {
        arn: 'arn:listener',
        port: 443,
        protocol: 'HTTP',
        certificates: [],
        rules: groups.map((group, n) => ({
          arn: `arn:rule-${n}`,
          conditions: [],
          action: { type: 'forward', groups: [{ group, weight: 1 }] },
        })),
      },
    ],
    idleTimeoutMs: 60_000,
    clientKeepAliveMs: 3_600_000,
    dropInvalidHeaders: false,
    xForwardedFor: 'append',
    crossZone: true,
  };
}

/** A balancer in the example world before a real server, and a request that the server has and did not answer yet. */
async function setUp() {
  const clock = new VirtualClock(0);
  let world = worldOf();
  const told: string[] = [];
  const fabric = modelFabric({ clock, world: () => world, dropped: (trip) => told.push(trip.rule) });
  const plane = startBalancers({ fabric, clock, random: seededRandom(1), note() {} });
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  fabric.listen(target.address, target.port, {
    kind: 'loopback',
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
  });
  plane.apply([balancerOf(groupOf('api'))]);
  closers.push(() => {
    plane.close();
    server.closeAllConnections();
    server.close();
    clock.stop();
  });
  return {
    clock,
    plane,
    told,
    server,
    swap: (...changes: Change[]) => {
      world = worldOf(changes);
    },
    async requestUnderWay() {
      const { socket } = await fabric.dial({
        from: { address: '203.0.113.7' },
        to: { address: '198.51.100.20', port: 443 },
        timeoutMs: 1_000,
      });
      const reached = once(server, 'request');
      const request = httpRequest({ createConnection: () => socket, headers: { host: 'api.example' } });
      const answered = once(request, 'response').then(async ([answer]) => {
        let body = '';
        for await (const chunk of answer) body += chunk;
        return { status: answer.statusCode as number, body };
      });
      request.end();
      const [, response] = (await reached) as [unknown, ServerResponse];
      return { response, answered };
    },
  };
}

/** The target has written its whole answer, and the loop has turned often enough for it to have come, had it been let. */
async function sent(response: ServerResponse, body: string): Promise<void> {
  const { socket } = response;
  await new Promise<void>((resolve) => response.end(body, resolve));
  while ((socket?.writableLength ?? 0) > 0) await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const replyDenied = withoutEntry('PrivateAcl', true, 100);

it('a request under way hangs when an ACL no longer lets its answer through, and ends in 504 after the idle timeout', async () => {
  const { clock, swap, told, requestUnderWay } = await setUp();
  const { response, answered } = await requestUnderWay();
  swap(replyDenied);
  await sent(response, 'too late');
  let status = 0;
  void answered.then((answer) => {
    status = answer.status;
  });
  await clock.advance(59_000);
  expect(status).toBe(0);
  await clock.advance(1_000);
  expect((await answered).status).toBe(504);
  // Asked and told once, however often it was tried again.
  expect(told).toEqual(['PrivateAcl egress 32767']);
});

it('what was lost is sent again: the answer arrives when the ACL lets it through in time', async () => {
  const { clock, swap, requestUnderWay } = await setUp();
  const { response, answered } = await requestUnderWay();
  swap(replyDenied);
  await sent(response, 'late');
  await clock.advance(5_000);
  swap();
  // Retries come at 0.2, 0.6, 1.4, 3 and 6.2 seconds.
  await clock.advance(1_200);
  expect(await answered).toEqual({ status: 200, body: 'late' });
});

it('groups track what is open: a rule that is taken away stops new connections only', async () => {
  const { swap, requestUnderWay } = await setUp();
  const { response, answered } = await requestUnderWay();
  swap(withoutRule('ApiFromBalancer'), withoutRule('BalancerToApi'));
  response.end('allowed once');
  expect(await answered).toEqual({ status: 200, body: 'allowed once' });
});

it('tells health when it changes, and not again with each change of the configuration', async () => {
  const { plane } = await setUp();
  const heard: string[] = [];
  plane.onHealth((group, id, port, { state }) => heard.push(`${group} ${id}:${port} ${state}`));
  plane.apply([balancerOf(groupOf('api'))]);
  expect(heard).toEqual([]);
  const other = { ...target, id: 'i-b', address: '10.0.11.30' };
  plane.apply([balancerOf(groupOf('api', [target, other]), groupOf('admin'))]);
  expect(heard.splice(0)).toEqual(['arn:api i-b:8080 healthy', 'arn:admin i-a:8080 healthy']);
  plane.apply([balancerOf(groupOf('api', [other]))]);
  expect(heard).toEqual([]);
  expect(plane.targetHealth('arn:api', 'i-a', 8080)).toBeUndefined();
  expect(plane.targetHealth('arn:admin', 'i-a', 8080)).toBeUndefined();
  expect(plane.targetHealth('arn:api', 'i-b', 8080)).toEqual({ state: 'healthy' });
  plane.apply([balancerOf(groupOf('api'))]);
  expect(heard).toEqual(['arn:api i-a:8080 healthy']);
});

describe('a connection to a target', () => {
  const answer = async ({ requestUnderWay }: Awaited<ReturnType<typeof setUp>>) => {
    const { response, answered } = await requestUnderWay();
    response.end('answered');
    expect(await answered).toEqual({ status: 200, body: 'answered' });
    return response.req.socket;
  };

  it('is kept for other requests, and closed by the balancer when it was idle for the idle timeout', async () => {
    const parts = await setUp();
    const { clock, server } = parts;
    server.keepAliveTimeout = 0;
    const socket = await answer(parts);
    await clock.advance(40_000);
    expect(await answer(parts)).toBe(socket);
    // Sixty seconds after its last request, not after its first.
    await clock.advance(59_000);
    expect(await answer(parts)).toBe(socket);
    const closed = once(socket, 'close');
    await clock.advance(60_000);
    await closed;
    expect(await answer(parts)).not.toBe(socket);
  });

  it('that the target closes while it is idle is not used again', async () => {
    const parts = await setUp();
    const socket = await answer(parts);
    const closed = once(socket, 'close');
    socket.end();
    await closed;
    expect(await answer(parts)).not.toBe(socket);
  });
});
