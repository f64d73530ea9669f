/**
 * The API as a process of its own, over real sockets, with no picture store: what it answers without one, and what it
 * says when it cannot reach one. The paths through S3 are tested end to end, in the region.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const page = 'http://myapp.localhost:8080';
const png = new Uint8Array(500_000).fill(7);
png.set(Buffer.from('89504e470d0a1a0a', 'hex'));

type Line = Record<string, unknown>;

interface Api {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** The first line of its log, past or to come, that fits. */
  logged(fits: (line: Line) => boolean): Promise<Line>;
}

function spawnApi(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('./server.js', import.meta.url))], {
    env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', PORT: '0', NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function startApi(env: Record<string, string>): Promise<Api> {
  const child = spawnApi(env);
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
    for (const look of waiting) look();
  });
  const logged = (fits: (line: Line) => boolean): Promise<Line> =>
    new Promise((resolve) => {
      const look = () => {
        const line = lines.find(fits);
        if (line === undefined) return;
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
    });
  const { port } = await logged(({ message }) => message === 'listening');
  return { url: `http://127.0.0.1:${port}`, port: Number(port), process: child, logged };
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function settings(): Promise<Record<string, string>> {
  const nobody = `http://127.0.0.1:${await closedPort()}`;
  return {
    DATA_BUCKET: 'pictures-of-nobody',
    ALLOWED_ORIGIN: `https://myapp.com, ${page}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: nobody,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: nobody,
  };
}

let api: Api;

beforeAll(async () => {
  api = await startApi(await settings());
});

afterAll(() => {
  api?.process.kill('SIGKILL');
});

const get = (path: string, init: RequestInit = {}) => fetch(api.url + path, init);

describe('what is always there', () => {
  it.each(['/health', '/api/health'])('%s is cheap and says who answered', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-served-by')).toBe(`${hostname()};no-zone`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ ok: true });
  });

  it('answers HEAD like GET, without a body', async () => {
    const response = await get('/health', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  it('names itself by its host where there is no metadata service', async () => {
    const me = await (await get('/whoami')).json();
    expect(me).toMatchObject({ instanceId: hostname(), zone: 'no-zone', instanceType: null, source: 'hostname' });
    expect(me.uptimeSeconds).toBeGreaterThanOrEqual(0);
  });

  it('logs a line for each request', async () => {
    await get('/health?line', { headers: { 'X-Forwarded-For': '203.0.113.9', 'X-Amzn-Trace-Id': 'Root=1-a-b' } });
    const line = await api.logged(({ path }) => path === '/health?line');
    expect(line).toMatchObject({
      level: 'info',
      method: 'GET',
      status: 200,
      client: '203.0.113.9',
      trace: 'Root=1-a-b',
    });
  });
});

describe('CORS', () => {
  const ask = (origin: string, path = '/items') =>
    get(path, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      },
    });

  it.each([page, 'https://myapp.com'])('lets pages of %s upload', async (origin) => {
    const response = await ask(origin, '/api/items');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-methods')).toMatch(/POST.*DELETE/);
    expect(response.headers.get('access-control-allow-headers')).toMatch(/content-type/i);
    expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(0);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it.each(['https://evil.example', 'https://myapp.com.evil.example', 'http://myapp.com', 'null'])(
    'lets pages of %s do nothing',
    async (origin) => {
      const preflight = await ask(origin);
      expect(preflight.status).toBe(403);
      const plain = await get('/health', { headers: { Origin: origin } });
      for (const response of [preflight, plain]) {
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
        expect(response.headers.get('vary')).toBe('Origin');
      }
    },
  );

  it('lets an allowed page read errors, too, and who made them', async () => {
    const response = await get('/nothing', { headers: { Origin: page } });
    expect(response.status).toBe(404);
    expect(response.headers.get('access-control-allow-origin')).toBe(page);
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Served-By');
  });
});

it('waits in one of a few places', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => get('/wait?ms=20')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(await answers[5]?.json()).toEqual({ waitedMs: 20 });
  expect((await get('/wait?ms=5001')).status).toBe(400);
});

describe('burning', () => {
  it('takes as long as it was told, and answers others meanwhile', async () => {
    let burning = true;
    const burnt = get('/burn?ms=1500').finally(() => {
      burning = false;
    });
    expect((await get('/health')).status).toBe(200);
    expect(burning).toBe(true);
    const { burntMs, tookMs } = await (await burnt).json();
    expect(burntMs).toBe(1500);
    expect(tookMs).toBeGreaterThanOrEqual(1500);
  });

  it.each(['0', '5001', '-1', '1e3', 'x', '99999999999999'])('refuses ms=%s', async (ms) => {
    const response = await get(`/burn?ms=${ms}`);
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatch(/^ms: .* whole number from 1 to 5000/);
  });
});

describe('what is refused, before the store is asked', () => {
  const image = (type: string, body: string | Uint8Array<ArrayBuffer>): RequestInit => ({
    method: 'POST',
    headers: { 'Content-Type': type },
    body,
  });
  const id = 'zd364rhi4-76339e46d6f3';

  it.each<[string, string, RequestInit, number, RegExp]>([
    ['an unknown address', '/nothing', {}, 404, /nothing at this address/],
    ['what only begins with the prefix', '/apiary', {}, 404, /nothing at this address/],
    ['a path out of the bucket’s folder', '/items/..%2f..%2fsecret', {}, 404, /nothing at this address/],
    ['what is no id', '/items/not-an-id', {}, 404, /no such picture/],
    ['an id in capitals', `/items/${id.toUpperCase()}/image`, {}, 404, /nothing at this address/],
    ['a page of none', '/items?limit=0', {}, 400, /^limit: "0"/],
    ['a page too long', '/items?limit=1000', {}, 400, /from 1 to 60/],
    ['a page after nothing', '/items?after=pictures/x', {}, 400, /^after/],
    ['DELETE of all', '/items', { method: 'DELETE' }, 405, /DELETE is not for/],
    ['POST to health', '/health', { method: 'POST' }, 405, /POST is not for/],
    ['SVG', '/items', image('image/svg+xml', '<svg onload="alert(1)"/>'), 415, /"image\/svg\+xml" is not taken/],
    ['text', '/items', image('text/plain', 'hello'), 415, /Allowed: image\/png/],
    ['a page as PNG', '/items', image('image/png', '<html>not a picture</html>'), 400, /not begin like image\/png/],
    ['a stump', '/items', image('image/png', png.slice(0, 6)), 400, /does not begin like/],
    ['PNG as JPEG', '/items', image('image/jpeg', png), 400, /does not begin like image\/jpeg/],
    ['a width below nothing', '/items?width=-5', image('image/png', png), 400, /^width/],
  ])('%s', async (_what, path, init, status, said) => {
    const response = await get(path, init);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect((await response.json()).error).toMatch(said);
  });

  it('says which methods there are', async () => {
    expect((await get('/items', { method: 'PATCH' })).headers.get('allow')).toBe('GET, POST, PUT, HEAD, OPTIONS');
  });

  it.each([
    [{ 'Content-Length': String(10 * 1024 * 1024 + 1) }, 413],
    [{ 'Transfer-Encoding': 'chunked' }, 411],
  ])('an upload with %o is refused by its head', async (headers, status) => {
    const upload = request({ port: api.port, host: '127.0.0.1', path: '/items', method: 'PUT' });
    for (const [name, value] of Object.entries({ 'Content-Type': 'image/png', ...headers }))
      upload.setHeader(name, value);
    upload.flushHeaders();
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(status);
    upload.on('error', () => {});
    upload.destroy();
  });
});

describe('when the store cannot be reached', () => {
  it('says 502 to the caller and why to the log', async () => {
    const response = await get('/items?limit=7');
    expect(response.status).toBe(502);
    expect((await response.json()).error).toMatch(/picture store/);
    const line = await api.logged(({ path }) => path === '/items?limit=7');
    expect(line).toMatchObject({
      level: 'error',
      status: 502,
      error: { message: expect.stringContaining('ECONNREFUSED') },
    });
  });

  it('lets the uploader read the 502 after the whole picture went out', async () => {
    const response = await get('/items?title=x', {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: png,
    });
    expect(response.status).toBe(502);
    expect((await get('/health')).status).toBe(200);
  });
});

/** A store that takes connections; what it does with what comes is up to the test. */
async function strangeStore(take: (socket: Socket, received: number) => void) {
  const server = createServer((socket) => {
    let received = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.length;
      take(socket, received);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const mine = await startApi({
    ...(await settings()),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  const close = async (): Promise<void> => {
    server.close();
    mine.process.kill('SIGKILL');
    await once(mine.process, 'exit');
  };
  return { mine, close };
}

describe('an upload that breaks off', () => {
  const head = { port: 0, host: '127.0.0.1', path: '/items?cut', method: 'POST' };

  it('on the client’s side ends at the store, and harms nobody', async () => {
    const { promise: begun, resolve: beginning } = promised<Socket>();
    const { mine, close } = await strangeStore((socket, received) => {
      if (received > 50_000) beginning(socket);
    });
    const upload = request({
      ...head,
      port: mine.port,
      headers: { 'Content-Type': 'image/png', 'Content-Length': png.length },
    });
    upload.on('error', () => {});
    upload.write(png.slice(0, 100_000));
    const socket = await begun;
    const ended = socket.destroyed || once(socket, 'close');
    upload.destroy();
    await ended;
    expect(await mine.logged(({ path }) => path === '/items?cut')).toMatchObject({ status: null, brokenOff: true });
    expect((await fetch(`${mine.url}/health`)).status).toBe(200);
    expect(mine.process.exitCode).toBeNull();
    await close();
  });

  it('on the store’s side is a 502, and harms nobody', async () => {
    const { mine, close } = await strangeStore((socket, received) => {
      if (received > 50_000) socket.resetAndDestroy();
    });
    const init = { method: 'POST', headers: { 'Content-Type': 'image/png' }, body: png };
    const response = await fetch(`${mine.url}/items`, init);
    expect(response.status).toBe(502);
    expect((await fetch(`${mine.url}/health`)).status).toBe(200);
    await close();
  });
});

function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

describe('the end', () => {
  it('on SIGTERM accepts no more, ends what is in flight, and exits', async () => {
    const mine = await startApi(await settings());
    const exited = once(mine.process, 'exit');
    const upload = request({
      port: mine.port,
      host: '127.0.0.1',
      path: '/items',
      method: 'PUT',
      headers: { 'Content-Type': 'image/png', 'Content-Length': 20, Expect: '100-continue' },
    });
    upload.flushHeaders();
    await once(upload, 'continue');
    mine.process.kill('SIGTERM');
    await mine.logged(({ message }) => message === 'stopping');
    const late = connect(mine.port, '127.0.0.1');
    const [refused] = await once(late, 'error');
    expect(refused.code).toBe('ECONNREFUSED');
    upload.end('not a picture at all');
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(400);
    expect(response.headers.connection).toBe('close');
    response.resume();
    expect(await exited).toEqual([0, null]);
  });

  it.each([
    [{ DATA_BUCKET: '' }, /^DATA_BUCKET: "" is not the name of a bucket/],
    [{ PORT: '80800' }, /^PORT: "80800" is not a port/],
    [{ ALLOWED_ORIGIN: '*' }, /^ALLOWED_ORIGIN: "\*" is not an origin/],
    [{ ALLOWED_ORIGIN: 'https://myapp.com/' }, /such as https:\/\/myapp\.com\.$/],
  ])('does not start with %o', async (wrong, said) => {
    const child = spawnApi({ ...(await settings()), ...wrong });
    const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
    expect((JSON.parse(line) as Line).message).toMatch(said);
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
  });
});
