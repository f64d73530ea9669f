import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { VirtualClock } from '../clock/clock.ts';
import { worldOf } from '../network/example-changes.ts';
import type { Flow } from './connections.ts';
import { modelFabric } from './model-fabric.ts';

const api = { address: '10.0.10.30', interfaceId: 'eni-ApiA' };

function setUp() {
  const clock = new VirtualClock(0);
  const flows: Flow[] = [];
  const counts: [metric: string, value: number][] = [];
  let wanted = true;
  const fabric = modelFabric({
    clock,
    world: () => worldOf(),
    meter: { count: (_, metric, __, value) => void counts.push([metric, value]) },
    flows: { wanted: () => wanted, record: (flow) => void flows.push(flow) },
    dropped() {},
  });
  const total = (name: string) => counts.flatMap(([metric, value]) => (metric === name ? [value] : []));
  return {
    clock,
    flows,
    fabric,
    total,
    want(now: boolean) {
      wanted = now;
    },
  };
}

const at = (flows: readonly Flow[], id: string) =>
  flows
    .filter(({ interfaceId }) => interfaceId === id)
    .map(({ direction, packets, bytes, tcpFlags }) => [direction, packets, bytes, tcpFlags]);

it('counts an open connection every minute, what is new of it, and the rest when it ends', async () => {
  const { clock, flows, fabric, total } = setUp();
  const carried = { sent: 100, received: 3_000 };
  const verdict = fabric.ask({ from: api, to: { address: '203.0.113.80', port: 443 } });
  const end = fabric.carry(verdict, () => carried);
  expect(total('ActiveConnectionCount')).toEqual([1]);
  await clock.advance(60_000);
  // One packet to open it and full segments, each with 40 bytes of headers.
  expect(at(flows, 'eni-ApiA')).toEqual([
    ['egress', 2, 180, 2],
    ['ingress', 4, 3_160, 18],
  ]);
  flows.length = 0;
  await clock.advance(60_000);
  expect(flows).toEqual([]);
  Object.assign(carried, { sent: 200, received: 3_000 });
  await clock.advance(1_000);
  end();
  end();
  expect(at(flows, 'eni-ApiA')).toEqual([
    ['egress', 1, 140, 1],
    ['ingress', 1, 40, 1],
  ]);
  expect(flows[0]).toMatchObject({ startMs: 120_000, endMs: 121_000, action: 'ACCEPT' });
  expect(total('BytesOutToDestination')).toEqual([180, 140]);
  expect(total('BytesInFromSource')).toEqual([180, 140]);
  expect(total('BytesInFromDestination')).toEqual([3_160, 40]);
  expect(total('BytesOutToSource')).toEqual([3_160, 40]);
  expect(total('ConnectionAttemptCount')).toEqual([1]);
  expect(total('ConnectionEstablishedCount')).toEqual([1]);
  expect(total('ActiveConnectionCount')).toEqual([1, 1, 1, 0]);
  await clock.advance(600_000);
  expect(total('ActiveConnectionCount')).toHaveLength(4);
});

it('counts the repeated SYNs of a dropped connection', async () => {
  const { clock, flows, fabric } = setUp();
  const dialled = fabric.dial({ from: api, to: { address: '10.0.0.20', port: 22 }, timeoutMs: 127_000 });
  const failed = expect(dialled).rejects.toThrow('ETIMEDOUT');
  await clock.advance(127_000);
  await failed;
  // At once, and after 1, 3, 7, 15, 31 and 63 seconds.
  expect(flows.reduce((sum, { packets }) => sum + packets, 0)).toBe(7);
  expect(flows.every(({ action, bytes, packets }) => action === 'REJECT' && bytes === 40 * packets)).toBe(true);
});

it('counts bytes over sockets and within the process alike, and what nobody listens for', async () => {
  const { flows, fabric } = setUp();
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    socket.once('data', () => socket.end('b'.repeat(2_000))),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const talk = async () => {
    flows.length = 0;
    const dial = {
      from: { address: '10.0.0.20', interfaceId: 'eni-BalancerA' },
      to: { address: api.address, port: 8080 },
    };
    const { socket } = await fabric.dial({ ...dial, timeoutMs: 1_000 });
    socket.resume();
    socket.end('a'.repeat(50));
    await once(socket, 'close');
    return at(flows, 'eni-ApiA');
  };
  const expected = [
    ['ingress', 3, 170, 3],
    ['egress', 4, 2_160, 19],
  ];
  const stop = fabric.listen(api.address, 8080, { kind: 'loopback', host: '127.0.0.1', port });
  expect(await talk()).toEqual(expected);
  stop();
  const stopLocal = fabric.listen(api.address, 8080, {
    kind: 'local',
    accept: (socket) => socket.once('data', () => socket.end('b'.repeat(2_000))),
    http() {},
    upgrade() {},
  });
  expect(await talk()).toEqual(expected);
  stopLocal();
  await expect(talk()).rejects.toThrow('ECONNREFUSED');
  expect(at(flows, 'eni-ApiA')).toEqual([
    ['ingress', 1, 40, 2],
    ['egress', 1, 40, 18],
  ]);
  server.close();
});

it('tells nobody who does not want to know', async () => {
  const { clock, flows, fabric, want } = setUp();
  want(false);
  const verdict = fabric.ask({ from: api, to: { address: '52.216.1.1', port: 443 } });
  const end = fabric.carry(verdict, () => ({ sent: 1, received: 1 }));
  await clock.advance(120_000);
  end();
  expect(flows).toEqual([]);
});
