/** Connections through what is slow or cut off, within the process and over real sockets, on a clock that is told to move. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../clock/clock.ts';
import { worldOf } from '../network/example-changes.ts';
import { type NetworkFault, withFaults } from '../network/faults.ts';
import { modelFabric } from './model-fabric.ts';

const api = { address: '10.0.10.30', port: 8080 };
const from = { address: '10.0.1.20', interfaceId: 'eni-BalancerB' };
const slow: NetworkFault = { id: 'fault-1', kind: 'latency', of: 'i-a', delayMs: 100 };
const down: NetworkFault = { id: 'fault-2', kind: 'zone', zone: 'us-east-1a' };
const sick: NetworkFault = { id: 'fault-3', kind: 'health', instanceId: 'i-a' };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function setUp() {
  const clock = new VirtualClock(0);
  const sound = worldOf();
  let world = sound;
  const told: string[] = [];
  const fabric = modelFabric({ clock, world: () => world, dropped: (trip) => told.push(trip.rule) });
  closers.push(() => clock.stop());
  return {
    clock,
    fabric,
    told,
    fault(...faults: NetworkFault[]) {
      world = withFaults(sound, faults);
    },
  };
}

type SetUp = ReturnType<typeof setUp>;

const kinds = ['local', 'loopback'] as const;

/** The machine listens; gives how to connect, both ends at once. */
async function listen({ fabric, clock }: SetUp, kind: (typeof kinds)[number]) {
  const arrived: Duplex[] = [];
  const accept = (socket: Duplex) => {
    socket.on('error', () => {});
    arrived.push(socket);
  };
  if (kind === 'local') fabric.listen(api.address, api.port, { kind, accept, http() {}, upgrade() {} });
  else {
    const server = createServer({ allowHalfOpen: true }, accept);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as { port: number };
    fabric.listen(api.address, api.port, { kind, host: '127.0.0.1', port });
  }
  return async (advanceMs = 0): Promise<{ near: Duplex; far: Duplex }> => {
    const dialled = fabric.dial({ from, to: api, timeoutMs: 10_000 });
    if (advanceMs > 0) await clock.advance(advanceMs);
    const { socket: near } = await dialled;
    while (arrived.length === 0) await turn();
    const far = arrived.pop() as Duplex;
    closers.push(() => {
      near.destroy();
      far.destroy();
    });
    return { near, far };
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
/** Long enough for whatever is not held back to have passed a loopback socket. */
async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await turn();
}

function collect(socket: Duplex): { text: string; ended: boolean } {
  const got = { text: '', ended: false };
  socket.on('data', (chunk: Buffer) => {
    got.text += chunk.toString('latin1');
  });
  socket.on('end', () => {
    got.ended = true;
  });
  return got;
}

describe.each(kinds)('a slow connection (%s)', (kind) => {
  it('is made after a whole trip, and takes its time each way', async () => {
    const parts = setUp();
    parts.fault(slow);
    const connect = await listen(parts, kind);
    const { near, far } = await connect(200);
    const [there, back] = [collect(far), collect(near)];
    near.write('ask');
    await parts.clock.advance(99);
    await settle();
    expect(there.text).toBe('');
    await parts.clock.advance(1);
    await settle();
    expect(there.text).toBe('ask');
    far.end('answer');
    await settle();
    await parts.clock.advance(99);
    await settle();
    expect(back.text).toBe('');
    await parts.clock.advance(1);
    await settle();
    expect(back).toEqual({ text: 'answer', ended: true });
  });

  it('has many chunks under way at once, in their order, and the end behind them', async () => {
    const parts = setUp();
    parts.fault(slow);
    const connect = await listen(parts, kind);
    const { near, far } = await connect(200);
    const [there, back] = [collect(far), collect(near)];
    const text = Array.from({ length: 40 }, (_, n) => `${n}:`.padEnd(8_000, '.')).join('');
    for (let at = 0; at < text.length; at += 8_000) {
      near.write(text.slice(at, at + 8_000));
      far.write(text.slice(at, at + 8_000));
    }
    near.end();
    far.end();
    await settle();
    await parts.clock.advance(100);
    await settle();
    expect(there).toEqual({ text, ended: true });
    expect(back).toEqual({ text, ended: true });
  });

  it('becomes so while it is open, and what is sent afterwards does not overtake', async () => {
    const parts = setUp();
    const connect = await listen(parts, kind);
    const { near, far } = await connect();
    const there = collect(far);
    near.write('at once ');
    await settle();
    expect(there.text).toBe('at once ');
    parts.fault(slow);
    near.write('later ');
    await settle();
    parts.fault();
    near.write('last');
    await settle();
    expect(there.text).toBe('at once ');
    await parts.clock.advance(100);
    await settle();
    expect(there.text).toBe('at once later last');
  });

  it('holds no body: either side is made to wait when enough is under way', async () => {
    const parts = setUp();
    parts.fault(slow);
    const connect = await listen(parts, kind);
    const { near, far } = await connect(200);
    const mebibyte = Buffer.alloc(1024 * 1024);
    const most = 4 * mebibyte.length;
    const written = { near: 0, far: 0 };
    const pour = async (socket: Duplex, side: 'near' | 'far') => {
      for (let n = 0; n < 40; n++) {
        if (!socket.write(mebibyte)) await once(socket, 'drain');
        written[side] += mebibyte.length;
      }
    };
    for (const [socket, side] of [
      [near, 'near'],
      [far, 'far'],
    ] as const)
      void pour(socket, side).catch(() => {});
    let stood = -1;
    while (stood !== written.near + written.far) {
      stood = written.near + written.far;
      await settle();
    }
    expect(written.near).toBeGreaterThanOrEqual(most - mebibyte.length);
    expect(written.near).toBeLessThanOrEqual(most + mebibyte.length);
    // A real socket has the kernel's buffers besides.
    expect(written.far).toBeLessThanOrEqual(kind === 'local' ? most + 2 * mebibyte.length : 30 * mebibyte.length);
    // Whoever does not read is not read for either.
    let got = 0;
    near.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    far.resume();
    while (got < 40 * mebibyte.length || written.near < 40 * mebibyte.length) {
      await parts.clock.advance(100);
      await settle();
    }
    expect(got).toBe(40 * mebibyte.length);
  });

  it('whose reader stops is not read on without end', async () => {
    const parts = setUp();
    parts.fault(slow);
    const connect = await listen(parts, kind);
    const { near, far } = await connect(200);
    near.pause();
    let written = 0;
    const pour = async () => {
      for (let n = 0; n < 200; n++) {
        if (!far.write(Buffer.alloc(256 * 1024))) await once(far, 'drain');
        written += 256 * 1024;
      }
    };
    void pour().catch(() => {});
    let stood = -1;
    while (stood !== written) {
      stood = written;
      await parts.clock.advance(1_000);
      await settle();
    }
    expect(near.readableLength).toBeLessThan(1024 * 1024);
    expect(written).toBeLessThan(kind === 'local' ? 6 * 1024 * 1024 : 30 * 1024 * 1024);
    let got = 0;
    near.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    near.resume();
    while (got < 200 * 256 * 1024) {
      await parts.clock.advance(100);
      await settle();
    }
  });
});

it('a handshake that takes longer than its caller waits is a timeout', async () => {
  const parts = setUp();
  parts.fault({ ...slow, delayMs: 6_000 });
  await listen(parts, 'local');
  const failed = expect(parts.fabric.dial({ from, to: api, timeoutMs: 10_000 })).rejects.toMatchObject({
    code: 'ETIMEDOUT',
    message: 'connect ETIMEDOUT 10.0.10.30:8080: an answer takes 12000 ms',
  });
  await parts.clock.advance(10_000);
  await failed;
});

describe('a connection into a zone that goes down', () => {
  it.each(['', 'answer'])(
    'stops, also for its end: a machine that dies there says nothing to anybody (%j)',
    async (last) => {
      const parts = setUp();
      const connect = await listen(parts, 'loopback');
      const { near, far } = await connect();
      const back = collect(near);
      let error: NodeJS.ErrnoException | undefined;
      near.on('error', (found) => {
        error = found;
      });
      near.write('ask');
      await once(far, 'data');
      parts.fault(down);
      far.write(last);
      (far as Socket).resetAndDestroy();
      await settle();
      await parts.clock.advance(1_000);
      await settle();
      expect([back, error?.code, near.destroyed]).toEqual([{ text: '', ended: false }, undefined, false]);
      expect(parts.told).toEqual(['fault-2']);
      parts.fault();
      await parts.clock.advance(2_000);
      await settle();
      expect([error?.code, near.destroyed]).toEqual(['ECONNRESET', true]);
    },
  );

  it('is given up as TCP does', async () => {
    const parts = setUp();
    const connect = await listen(parts, 'local');
    const { near } = await connect();
    const failed = once(near, 'error');
    parts.fault(down);
    near.write('ask');
    await parts.clock.advance(3_600_000);
    expect((await failed)[0]).toMatchObject({ code: 'ETIMEDOUT' });
  });
});

it('a machine that is to be sick answers health checks with 503, and other requests itself', async () => {
  const parts = setUp();
  parts.fault(sick);
  const check = { from, to: api, timeoutMs: 1_000, healthCheck: true };
  // Where nobody listens there is nobody to be sick.
  await expect(parts.fabric.dial(check)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  const connect = await listen(parts, 'local');
  const { socket } = await parts.fabric.dial(check);
  const answer = collect(socket);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await settle();
  expect(answer.text).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer.ended).toBe(true);
  const { near, far } = await connect();
  near.write('GET / HTTP/1.1\r\n\r\n');
  await once(far, 'data');
});
