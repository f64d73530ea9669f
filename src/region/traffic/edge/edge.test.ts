/** The edge from a viewer's socket to the origin's. */
import { createSign, generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import {
  behaviour,
  customOrigin,
  disabled,
  distribution,
  edgeWorld,
  host,
  optimised,
  s3Origin,
} from './edge.fixture.ts';
import { fromRecord, get } from './headers.ts';

type World = Awaited<ReturnType<typeof edgeWorld>>;
const open: World[] = [];
async function start(options: Parameters<typeof edgeWorld>[0]): Promise<World> {
  const world = await edgeWorld(options);
  open.push(world);
  return world;
}
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

const viewerFunction = (code: string) => ({
  name: 'f:LIVE',
  version: code,
  runtime: 'cloudfront-js-2.0' as const,
  code,
});

test('a miss, then hits with their age, until the time is over', async () => {
  let body = 'first';
  const { ask, clock, seen } = await start({
    origin: (_request, response) => {
      response.writeHead(200, { 'cache-control': 'max-age=60', 'content-type': 'text/plain', etag: '"1"' });
      response.end(body);
    },
  });
  const miss = await ask('/a.txt');
  expect(miss).toMatchObject({ status: 200, text: 'first', xCache: 'Miss' });
  expect(miss.headers.age).toBeUndefined();
  expect(miss.headers.via).toMatch(/^1\.1 [0-9a-f]{32}\.cloudfront\.net \(CloudFront\)$/);
  expect(miss.headers['x-amz-cf-id']).toMatch(/^.{56}$/);
  await clock.advance(59_000);
  body = 'second';
  const hit = await ask('/a.txt');
  expect(hit).toMatchObject({ text: 'first', xCache: 'Hit' });
  expect(hit.headers.age).toBe('59');
  await clock.advance(1_000);
  expect(await ask('/a.txt')).toMatchObject({ text: 'second', xCache: 'Miss' });
  expect(seen).toHaveLength(2);
  expect(seen[1]?.headers['if-none-match']).toBe('"1"');
});

test('an expired object is asked about, and kept when it has not changed', async () => {
  const { ask, clock, seen } = await start({
    origin: (request, response) => {
      const headers = { 'cache-control': 'max-age=10', etag: '"v1"' };
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304, headers).end();
      else response.writeHead(200, headers).end('page');
    },
  });
  await ask('/');
  await clock.advance(10_000);
  expect(await ask('/')).toMatchObject({ status: 200, text: 'page', xCache: 'RefreshHit' });
  await clock.advance(9_000);
  expect(await ask('/')).toMatchObject({ xCache: 'Hit' });
  expect(seen).toHaveLength(2);
});

test('pages without a lifetime are asked about each time where the default is 0', async () => {
  const cache = { ...optimised, minTtlMs: 0, defaultTtlMs: 0 };
  const { ask, seen } = await start({
    config: distribution({ behaviours: [behaviour({ cache })] }),
    origin: (request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304, { etag: '"v1"' }).end();
      else response.writeHead(200, { etag: '"v1"' }).end('page');
    },
  });
  expect((await ask('/')).xCache).toBe('Miss');
  expect((await ask('/')).xCache).toBe('RefreshHit');
  expect(seen).toHaveLength(2);
});

test('many who ask at the same time are one request to the origin', async () => {
  let release: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    release = resolve;
  });
  let answer: () => void = () => {};
  const { ask, seen } = await start({
    origin: (_request, response) => {
      answer = () => response.end('shared');
      release();
    },
  });
  const first = ask('/one');
  await arrived;
  const others = Array.from({ length: 5 }, () => ask('/one'));
  // The others must have come to the edge before the origin answers: a request past the cache shows that they have.
  await ask('/elsewhere-is-refused', { method: 'DELETE' });
  answer();
  expect((await first).text).toBe('shared');
  for (const other of await Promise.all(others)) expect(other.text).toBe('shared');
  expect(seen).toHaveLength(1);
});

test('what may not be kept is not, and each asks for itself', async () => {
  let count = 0;
  const cache = { ...optimised, minTtlMs: 0 };
  const { ask } = await start({
    config: distribution({ behaviours: [behaviour({ cache })] }),
    origin: (_request, response) => {
      response.writeHead(200, { 'cache-control': 'private' }).end(String(++count));
    },
  });
  const answers = await Promise.all([ask('/me'), ask('/me'), ask('/me')]);
  expect(answers.map(({ text }) => text).sort()).toEqual(['1', '2', '3']);
});

test('invalidation evicts what its patterns match', async () => {
  const { ask, edge } = await start({ origin: (request, response) => response.end(request.url) });
  for (const path of ['/a/1', '/a/2', '/b']) await ask(path);
  await edge.invalidate('E1EXAMPLE', ['/a/*']);
  const after = await Promise.all(['/a/1', '/a/2', '/b'].map((path) => ask(path)));
  expect(after.map(({ xCache }) => xCache)).toEqual(['Miss', 'Miss', 'Hit']);
});

test('an invalidation also reaches a fetch that began before it', async () => {
  let arrived: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let answer: () => void = () => {};
  const { ask, edge } = await start({
    origin: (_request, response) => {
      answer = () => response.end('old');
      arrived();
    },
  });
  const first = ask('/x');
  await asked;
  await edge.invalidate('E1EXAMPLE', ['/*']);
  answer();
  await first;
  const again = ask('/x');
  await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
  const poll = async () => {
    for (;;) {
      answer();
      const done = await Promise.race([
        again.then(() => true),
        new Promise<false>((r) => setImmediate(() => r(false))),
      ]);
      if (done) return;
    }
  };
  await poll();
  expect((await again).xCache).toBe('Miss');
});

test('http is redirected to https, or refused', async () => {
  const config = distribution({
    behaviours: [
      behaviour({ pathPattern: '/strict/*', viewerProtocol: 'https-only' }),
      behaviour({ viewerProtocol: 'redirect-to-https', allowedMethods: ['GET', 'HEAD', 'POST'] }),
    ],
  });
  const { ask, seen } = await start({ config });
  const moved = await ask('/page?a=1', { port: 80 });
  expect(moved).toMatchObject({ status: 301, xCache: 'Redirect' });
  expect(moved.headers.location).toBe(`https://${host}/page?a=1`);
  expect(await ask('/page', { port: 80, method: 'POST', body: 'x' })).toMatchObject({ status: 307 });
  expect(await ask('/strict/page', { port: 80 })).toMatchObject({ status: 403, xCache: 'Error' });
  expect(seen).toHaveLength(0);
});

test('methods that are not allowed, and hosts that nobody has', async () => {
  const { ask } = await start({});
  const refused = await ask('/', { method: 'DELETE' });
  expect(refused).toMatchObject({ status: 403, xCache: 'Error' });
  expect(refused.text).toContain('supports only cachable requests');
  expect((await ask('/', { headers: { host: 'other.example.com' } })).status).toBe(403);
  expect((await ask('/', { headers: { host: 'myapp.localhost:8080' } })).status).toBe(200);
});

test('the origin sees what the policies name, and what CloudFront always sends', async () => {
  const config = distribution({
    behaviours: [
      behaviour({
        pathPattern: '/api/*',
        allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
        cache: disabled,
        originRequest: {
          headers: { kind: 'allExcept', names: ['host'] },
          cloudFrontHeaders: ['cloudfront-viewer-address'],
          cookies: { kind: 'all' },
          queryStrings: { kind: 'all' },
        },
        origin: { ...customOrigin, path: '/v1', headers: [['X-Origin-Token', 'secret']] },
      }),
      behaviour(),
    ],
  });
  const { ask, seen } = await start({ config });
  const headers = {
    'x-forwarded-for': '192.0.2.9',
    cookie: 'a=1; b=2',
    authorization: 'Bearer x',
    'user-agent': 'test',
  };
  await ask('/api/things?q=1', {
    method: 'POST',
    headers: { ...headers, 'content-type': 'text/plain' },
    body: 'hello',
  });
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/api/things?q=1' });
  expect(seen[0]?.headers).toMatchObject({
    host: 'origin.example.com',
    'x-forwarded-for': '192.0.2.9, 203.0.113.7',
    cookie: 'a=1; b=2',
    authorization: 'Bearer x',
    'user-agent': 'test',
    'x-origin-token': 'secret',
    'cloudfront-viewer-address': '203.0.113.7:40000',
  });
  await ask('/page?q=1', { headers });
  expect(seen[1]).toMatchObject({ url: '/page' });
  expect(seen[1]?.headers['user-agent']).toBe('Amazon CloudFront');
  expect(seen[1]?.headers).not.toHaveProperty('cookie');
  expect(seen[1]?.headers).not.toHaveProperty('authorization');
});

test('bodies go to the origin and back', async () => {
  const config = distribution({
    behaviours: [
      behaviour({ cache: disabled, allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'] }),
    ],
  });
  const { ask } = await start({ config, origin: (request, response) => request.pipe(response) });
  const body = 'x'.repeat(300_000);
  expect((await ask('/', { method: 'PUT', body })).text).toBe(body);
});

test('an S3 origin is asked as the distribution, or as nobody', async () => {
  const asked: { caller: unknown; path: string; authorization: string | undefined }[] = [];
  const paths = ['always', 'never', 'no-override'] as const;
  const config = distribution({
    defaultRootObject: 'index.html',
    behaviours: [
      ...paths.map((signing) =>
        behaviour({
          pathPattern: `/${signing}/*`,
          cache: disabled,
          origin: { ...s3Origin, signing },
          originRequest: {
            headers: { kind: 'only', names: ['authorization'] },
            cloudFrontHeaders: [],
            cookies: { kind: 'none' },
            queryStrings: { kind: 'none' },
          },
        }),
      ),
      behaviour({ origin: s3Origin }),
    ],
  });
  const { ask } = await start({
    config,
    fetchS3({ caller, path, headers }) {
      asked.push({ caller, path, authorization: get(headers, 'authorization') });
      return {
        status: 200,
        headers: fromRecord({ 'content-type': 'text/html' }),
        body: Readable.from([Buffer.from('page')]),
      };
    },
  });
  expect((await ask('/')).text).toBe('page');
  const headers = { authorization: 'AWS4-HMAC-SHA256 viewer' };
  for (const signing of paths) await ask(`/${signing}/x`, { headers });
  const service = {
    kind: 'service',
    service: 'cloudfront.amazonaws.com',
    sourceArn: 'arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE',
    sourceAccount: '123456789012',
    trusted: false,
  };
  expect(asked).toEqual([
    { caller: service, path: '/index.html', authorization: undefined },
    { caller: service, path: '/always/x', authorization: undefined },
    { caller: undefined, path: '/never/x', authorization: headers.authorization },
    { caller: undefined, path: '/no-override/x', authorization: headers.authorization },
  ]);
});

test('text is compressed once for each encoding, and its tag becomes weak', async () => {
  const page = 'orrery '.repeat(400);
  const config = distribution({ behaviours: [behaviour({ compress: true })] });
  const { ask, seen } = await start({
    config,
    origin: (_request, response) => {
      const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': page.length, etag: '"abc"' };
      response.writeHead(200, headers).end(page);
    },
  });
  const br = await ask('/', { headers: { 'accept-encoding': 'gzip, deflate, br' } });
  expect(br.headers).toMatchObject({ 'content-encoding': 'br', etag: 'W/"abc"', vary: 'Accept-Encoding' });
  expect(brotliDecompressSync(br.body).toString()).toBe(page);
  const again = await ask('/', { headers: { 'accept-encoding': 'br,gzip' } });
  expect(again.xCache).toBe('Hit');
  expect(brotliDecompressSync(again.body).toString()).toBe(page);
  const gzip = await ask('/', { headers: { 'accept-encoding': 'gzip' } });
  expect(gunzipSync(gzip.body).toString()).toBe(page);
  const plain = await ask('/');
  expect(plain.text).toBe(page);
  expect(plain.headers.etag).toBe('"abc"');
  expect(seen.map(({ headers }) => headers['accept-encoding'])).toEqual(['br,gzip', 'gzip', undefined]);
});

test('conditions and ranges are answered from the cache', async () => {
  const { ask, seen } = await start({
    origin: (_request, response) => {
      const headers = { etag: '"e"', 'last-modified': 'Wed, 31 Dec 2025 00:00:00 GMT', 'content-type': 'text/plain' };
      response.writeHead(200, headers).end('0123456789');
    },
  });
  await ask('/r');
  const same = await ask('/r', { headers: { 'if-none-match': 'W/"e"' } });
  expect(same).toMatchObject({ status: 304, text: '' });
  expect(same.headers.etag).toBe('"e"');
  expect((await ask('/r', { headers: { 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' } })).status).toBe(304);
  const part = await ask('/r', { headers: { range: 'bytes=2-4' } });
  expect(part).toMatchObject({ status: 206, text: '234' });
  expect(part.headers['content-range']).toBe('bytes 2-4/10');
  expect((await ask('/r', { headers: { range: 'bytes=-3' } })).text).toBe('789');
  expect((await ask('/r', { headers: { range: 'bytes=20-' } })).status).toBe(416);
  expect((await ask('/r', { method: 'HEAD' })).headers['content-length']).toBe('10');
  expect(seen).toHaveLength(1);
});

test('a missing object is the page that stands for it, and errors are kept for their time', async () => {
  const config = distribution({
    errorResponses: [
      { errorCode: 403, page: { path: '/index.html', status: 200 } },
      { errorCode: 404, cachingMinTtlMs: 5_000 },
      { errorCode: 500, cachingMinTtlMs: 0 },
    ],
  });
  const { ask, clock, seen } = await start({
    config,
    origin: (request, response) => {
      const status = request.url === '/index.html' ? 200 : Number(request.url?.slice(1));
      response.writeHead(status, { 'content-type': 'text/html' }).end(`for ${request.url}`);
    },
  });
  expect(await ask('/403')).toMatchObject({ status: 200, text: 'for /index.html', xCache: 'Error' });
  seen.length = 0;
  expect(await ask('/404')).toMatchObject({ status: 404, xCache: 'Error' });
  await ask('/404');
  expect(seen).toHaveLength(1);
  await clock.advance(5_000);
  await ask('/404');
  expect(seen).toHaveLength(2);
  await ask('/500');
  await ask('/500');
  expect(seen).toHaveLength(4);
  await ask('/503');
  await clock.advance(9_999);
  await ask('/503');
  expect(seen).toHaveLength(5);
});

test('an expired object stands in for an origin that fails, but not for one that says 404', async () => {
  const { ask, clock, answerWith } = await start({
    origin: (_request, response) => response.writeHead(200, { 'cache-control': 'max-age=5' }).end('good'),
  });
  await ask('/s');
  await clock.advance(5_000);
  answerWith((_request, response) => response.writeHead(503).end('bad'));
  expect(await ask('/s')).toMatchObject({ status: 200, text: 'good' });
  await clock.advance(10_000);
  answerWith((_request, response) => response.writeHead(404).end('gone'));
  expect(await ask('/s')).toMatchObject({ status: 404, text: 'gone' });
});

test('origins that cannot be reached: no name, nobody there, dropped, silent', async () => {
  const unknown = behaviour({ pathPattern: '/name', origin: { ...customOrigin, domainName: 'nowhere.example.com' } });
  const blocked = behaviour({ pathPattern: '/blocked', origin: { ...customOrigin, httpPort: 8080 } });
  const config = distribution({ behaviours: [unknown, blocked, behaviour()] });
  const { ask, clock, stopOrigin, answerWith, notes } = await start({ config });
  const name = await ask('/name');
  expect(name.status).toBe(502);
  expect(name.text).toContain('resolve the origin domain name');
  const dropped = ask('/blocked');
  const late = await settledBy(clock, dropped, 1_000);
  expect(late).toMatchObject({ status: 504, xCache: 'Error' });
  let arrived: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  answerWith(() => arrived());
  const silent = ask('/silent');
  await asked;
  await clock.advance(30_000);
  expect((await silent).status).toBe(504);
  stopOrigin();
  expect((await ask('/refused')).status).toBe(502);
  expect(notes.map(({ kind }) => kind)).toContain('origin-failed');
});

test('functions change the request and the answer, or make it', async () => {
  const config = distribution({
    behaviours: [
      behaviour({
        pathPattern: '/made',
        viewerRequest: viewerFunction(
          `async function handler({ request }) { return { statusCode: 302, statusDescription: 'Found', headers: { location: { value: '/to?' + request.querystring.a.value } } } }`,
        ),
      }),
      behaviour({
        pathPattern: '/loop',
        viewerRequest: viewerFunction('function handler(event) { while (true) {} }'),
      }),
      behaviour({
        viewerRequest: viewerFunction(
          `function handler(event) { var r = event.request; if (r.uri.indexOf('.') < 0) r.uri = '/index.html'; r.headers['x-seen'] = { value: r.cookies.c ? r.cookies.c.value : 'none' }; return r; }`,
        ),
        viewerResponse: viewerFunction(
          `function handler(event) { event.response.headers['x-added'] = { value: event.viewer.ip }; return event.response; }`,
        ),
      }),
    ],
  });
  const { ask, seen, notes } = await start({ config, origin: (request, response) => response.end(request.url) });
  const routed = await ask('/deep/link');
  expect(routed).toMatchObject({ status: 200, text: '/index.html' });
  expect(routed.headers['x-added']).toBe('203.0.113.7');
  expect((await ask('/other')).xCache).toBe('Hit');
  const made = await ask('/made?a=b');
  expect(made).toMatchObject({ status: 302, xCache: 'FunctionGeneratedResponse' });
  expect(made.headers.location).toBe('/to?b');
  expect(await ask('/loop')).toMatchObject({ status: 503, xCache: 'FunctionExecutionError' });
  expect(notes.map(({ kind }) => kind)).toContain('function-error');
  expect(seen).toHaveLength(1);
});

test('security headers, CORS, headers of its own and headers taken away', async () => {
  const config = distribution({
    behaviours: [
      behaviour({
        responseHeaders: {
          set: [
            { name: 'X-Frame-Options', value: 'DENY', override: false },
            { name: 'X-Content-Type-Options', value: 'nosniff', override: true },
          ],
          remove: ['x-powered-by'],
          cors: {
            allowOrigins: ['https://*.example.com'],
            allowHeaders: ['*'],
            allowMethods: ['GET'],
            exposeHeaders: ['ETag'],
            allowCredentials: false,
            originOverride: true,
          },
        },
      }),
    ],
  });
  const { ask } = await start({
    config,
    origin: (_request, response) => {
      response.writeHead(200, { 'x-frame-options': 'SAMEORIGIN', 'x-content-type-options': 'x', 'x-powered-by': 'y' });
      response.end();
    },
  });
  const answer = await ask('/', { headers: { origin: 'https://app.example.com' } });
  expect(answer.headers).toMatchObject({
    'x-frame-options': 'SAMEORIGIN',
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-expose-headers': 'ETag',
  });
  expect(answer.headers).not.toHaveProperty('x-powered-by');
  const other = await ask('/', { headers: { origin: 'https://example.org' } });
  expect(other.headers).not.toHaveProperty('access-control-allow-origin');
});

test('signed URLs by a canned and a custom policy', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const config = distribution({
    behaviours: [
      behaviour({ trustedKeys: new Map([['K2EXAMPLE', pem]]), cache: { ...optimised, queryStrings: { kind: 'all' } } }),
    ],
  });
  const { ask, clock, seen } = await start({ config });
  const toUrl = (bytes: Buffer) =>
    bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
  const sign = (policy: string) => toUrl(createSign('sha1').update(policy).sign(privateKey));
  const seconds = clock.now() / 1000 + 60;
  const canned = (resource: string) =>
    `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${seconds}}}}]}`;
  const signed = `/up/a.png?v=1&Expires=${seconds}&Signature=${sign(canned(`https://${host}/up/a.png?v=1`))}&Key-Pair-Id=K2EXAMPLE`;
  expect(await ask('/up/a.png')).toMatchObject({ status: 403, xCache: 'Error' });
  expect((await ask('/up/a.png')).text).toContain('<Code>MissingKey</Code>');
  expect((await ask(signed)).status).toBe(200);
  expect(seen[0]?.url).toBe('/up/a.png?v=1');
  expect((await ask(signed.replace('/a.png', '/b.png'))).text).toContain('<Code>AccessDenied</Code>');
  expect((await ask(signed.replace('K2EXAMPLE', 'K3EXAMPLE'))).status).toBe(403);
  const custom = canned(`https://${host}/up/*`);
  const cookie = `CloudFront-Policy=${toUrl(Buffer.from(custom))}; CloudFront-Signature=${sign(custom)}; CloudFront-Key-Pair-Id=K2EXAMPLE`;
  expect((await ask('/up/b.png', { headers: { cookie } })).status).toBe(200);
  expect((await ask('/down/b.png', { headers: { cookie } })).status).toBe(403);
  await clock.advance(61_000);
  expect((await ask(signed)).status).toBe(403);
});

test('counts for CloudWatch', async () => {
  const { ask, counted } = await start({ origin: (_request, response) => response.writeHead(404).end('gone') });
  await ask('/');
  expect(counted).toContainEqual({
    metric: 'Requests',
    value: 1,
    dimensions: [{ DistributionId: 'E1EXAMPLE', Region: 'Global' }],
  });
  expect(counted.find(({ metric }) => metric === '4xxErrorRate')?.value).toBe(100);
  expect(counted.find(({ metric }) => metric === 'BytesDownloaded')?.value).toBe(4);
});

/** Moves the clock on until the promise is settled. */
async function settledBy<T>(clock: World['clock'], promise: Promise<T>, stepMs: number): Promise<T> {
  let done = false;
  void promise.finally(() => {
    done = true;
  });
  while (!done) await clock.advance(stepMs);
  return promise;
}
