/** The sender against real servers: what it sends does not depend on how they answer. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { realClock } from '../../region/clock/clock.ts';
import { parseProfile } from '../profile.ts';
import { type LoadOptions, runLoad } from './load.ts';
import { fixedLookup, type Lookup } from './lookup.ts';
import { parseMix } from './mix.ts';
import type { Second } from './tally.ts';

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<number> {
  return listen(createServer(answer));
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

async function surge(
  port: number,
  spec: string,
  changes: Partial<LoadOptions> = {},
  paths = ['/'],
  signal?: AbortSignal,
) {
  const routes = parseMix(paths);
  const seconds: Second[] = [];
  const total = await runLoad(
    {
      profile: parseProfile(spec),
      arrivals: 'even',
      seed: 1,
      timeScale: 1,
      destination: { origin: `http://127.0.0.1:${port}`, host: 'api.example', reach: 'origin' },
      routes,
      requests: routes.map(({ method, path }) => ({ method, path })),
      timeoutMs: 1_000,
      mostInFlight: 1_000,
      clients: 10,
      ...changes,
    },
    { clock: realClock(), lookup: fixedLookup('127.0.0.1') },
    (second) => seconds.push(second),
    signal ?? new AbortController().signal,
  );
  return { ...total, seconds };
}

// They take seconds of the real clock, and little else: together they take as long as the longest.
describe.concurrent('a load is open-loop', () => {
  test('a server that answers at once: all is sent and answered, with the Host and over kept connections', async () => {
    const seen: string[] = [];
    const sockets = new Set<unknown>();
    const port = await serve((request, response) => {
      sockets.add(request.socket);
      seen.push(`${request.method} ${request.headers.host}${request.url}`);
      response.end('ok');
    });
    const { total, seconds, routes } = await surge(port, 'constant:rate=200,for=2', {}, ['/a', 'POST /b:3']);
    expect(total).toMatchObject({ due: 400, sent: 400, answered: 400, errors: {} });
    expect(seen).toHaveLength(400);
    expect(new Set(seen)).toEqual(new Set(['GET api.example/a', 'POST api.example/b']));
    expect(sockets.size).toBeLessThan(100);
    expect(routes.map(({ answered }) => answered).reduce((sum, count) => sum + count)).toBe(400);
    expect(routes[1]?.answered).toBeGreaterThan(routes[0]?.answered ?? 0);
    expect(seconds.reduce((sum, { sent }) => sum + sent, 0)).toBe(400);
    expect(seconds.slice(0, 2).map(({ due }) => due)).toEqual([200, 200]);
  });

  test('a server that stalls does not slow the sender, and its stall shows in the latencies', async () => {
    const held: (() => void)[] = [];
    let seen = 0;
    let stalled = true;
    const port = await serve((_request, response) => {
      seen++;
      const answer = () => response.end('late');
      if (!stalled) return answer();
      held.push(answer);
      // All 100 of the first second have come, though none was answered.
      if (seen === 100) {
        stalled = false;
        for (const one of held) one();
      }
    });
    const { total, seconds } = await surge(port, 'constant:rate=100,for=2', { timeoutMs: 10_000 });
    expect(total).toMatchObject({ due: 200, sent: 200, answered: 200, errors: {} });
    expect(seconds.slice(0, 2).map(({ due, sent }) => [due, sent])).toEqual([
      [100, 100],
      [100, 100],
    ]);
    // Half of them waited from 0 to 1 s: their 75th percentile of the whole is about half a second.
    expect(total.maxMs).toBeGreaterThan(900);
    expect(total.p90).toBeGreaterThan(500);
  });

  test('a server that never answers: everything times out on time, and the rate is kept', async () => {
    const port = await serve(() => {});
    const { total, realSeconds } = await surge(port, 'constant:rate=100,for=1', { timeoutMs: 300 });
    expect(total).toMatchObject({ due: 100, sent: 100, answered: 0, errors: { timeout: 100 } });
    expect(realSeconds).toBeLessThan(2);
  });

  test('beyond what may be in flight requests are told as not sent', async () => {
    const port = await serve(() => {});
    const { total } = await surge(
      port,
      'constant:rate=100,for=1',
      { timeoutMs: 5_000, mostInFlight: 40 },
      ['/'],
      AbortSignal.timeout(900),
    );
    expect(total.sent).toBe(40);
    expect(total.errors).toMatchObject({ interrupted: 40, 'not sent': expect.any(Number) });
    expect(total.errors['not sent']).toBe(total.due - 40);
  });
});

describe.concurrent('errors have their kinds', () => {
  test('statuses of 400 and more count by code, and as answered', async () => {
    let count = 0;
    const port = await serve((_request, response) => {
      response.statusCode = [200, 503, 404, 302][count++ % 4] ?? 500;
      response.end();
    });
    const { total } = await surge(port, 'constant:rate=100,for=1');
    expect(total).toMatchObject({ answered: 100, errors: { 503: 25, 404: 25 } });
  });

  test('nobody listens', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { total } = await surge(port, 'constant:rate=50,for=1');
    expect(total).toMatchObject({ due: 50, answered: 0, errors: { 'connection refused': 50 } });
  });

  test('a connection that is closed without an answer, and an answer that is none', async () => {
    const closes = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
    expect((await surge(closes, 'constant:rate=20,for=1')).total.errors).toEqual({ 'connection reset': 20 });
    const babbles = await listen(createTcpServer((socket) => socket.once('data', () => socket.end('what?\r\n\r\n'))));
    expect((await surge(babbles, 'constant:rate=20,for=1')).total.errors).toEqual({ 'malformed answer': 20 });
  });

  test('a name that is not there', async () => {
    const port = await serve((_request, response) => response.end());
    const lookup: Lookup = Object.assign(async () => ({ addresses: [], ttlSeconds: 60 }), { close: () => {} });
    const routes = parseMix(['/']);
    const { total } = await runLoad(
      {
        profile: parseProfile('constant:rate=20,for=1'),
        arrivals: 'poisson',
        seed: 5,
        timeScale: 1,
        destination: { origin: `http://127.0.0.1:${port}`, host: 'api.example', reach: 'door' },
        routes,
        requests: [{ method: 'GET', path: '/' }],
        timeoutMs: 1_000,
        mostInFlight: 10,
        clients: 3,
      },
      { clock: realClock(), lookup },
      () => {},
      new AbortController().signal,
    );
    expect(total.sent).toBe(0);
    expect(total.errors).toEqual({ 'name not found': total.due });
  });
});

test('at a time scale of 60 a profile of two minutes takes two seconds', async () => {
  const port = await serve((_request, response) => response.end());
  const { seconds, realSeconds, total } = await surge(port, 'constant:rate=50,for=2m', { timeScale: 60 });
  expect(total.due).toBe(100);
  expect(realSeconds).toBeGreaterThan(1.9);
  expect(realSeconds).toBeLessThan(4);
  expect(seconds.map(({ atSeconds }) => atSeconds).slice(0, 2)).toEqual([0, 60]);
});
