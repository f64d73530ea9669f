import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { balancerOf, exchange, groupOf, listenerOf, nextRequest, type SetUp, setUp } from './balancer.fixture.ts';

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Readable;
}

/** One request over a connection of its own, by Node's client. */
async function open({ connect }: Pick<SetUp, 'connect'>, { body, headers, ...asked }: Asked = {}) {
  const socket = await connect();
  const request = httpRequest({
    createConnection: () => socket,
    headers: { host: 'api.example', ...headers },
    ...asked,
  });
  const answer = once(request, 'response').then(([response]) => response as IncomingMessage);
  answer.catch(() => {});
  request.on('error', () => {});
  if (body) body.pipe(request);
  else request.end();
  return { request, answer, socket };
}

async function ask(parts: Pick<SetUp, 'connect'>, asked?: Asked) {
  const answer = await (await open(parts, asked)).answer;
  const hash = createHash('sha256');
  let bytes = 0;
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes < 10_000) text += chunk.toString();
  }
  return { status: answer.statusCode, headers: answer.headers, text, bytes, hash: hash.digest('hex') };
}

/** `megabytes` that are not all alike, and their hash. */
function large(megabytes: number): { body: () => Readable; hash: string } {
  const chunks = Array.from({ length: megabytes * 16 }, (_, n) => Buffer.alloc(64 * 1024, n));
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return { body: () => Readable.from(chunks), hash: hash.digest('hex') };
}

/** Until `condition` holds, in turns of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const page = (title: string) =>
  `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;

describe('bodies', () => {
  it('go both ways unchanged, with a length or in chunks, and are counted', async () => {
    const parts = await setUp(undefined, (request, response) => {
      response.setHeader('x-framing', request.headers['transfer-encoding'] ?? request.headers['content-length'] ?? '');
      request.pipe(response);
    });
    const { body, hash } = large(8);
    const chunked = await ask(parts, { method: 'PUT', body: body() });
    expect(chunked).toMatchObject({
      status: 200,
      hash,
      headers: { 'x-framing': 'chunked', 'transfer-encoding': 'chunked' },
    });
    const length = String(8 * 1024 * 1024);
    const sized = await ask(parts, { method: 'PUT', body: body(), headers: { 'content-length': length } });
    expect(sized).toMatchObject({ status: 200, hash, headers: { 'x-framing': length } });
    expect(await ask(parts, { method: 'POST', headers: { 'content-length': '0' } })).toMatchObject({
      headers: { 'x-framing': '0' },
    });
    expect(parts.counts.get('ProcessedBytes')).toBeGreaterThan(4 * 8 * 1024 * 1024);
  });

  it('are not held: a client that does not read holds the target back', async () => {
    const { body, hash } = large(64);
    let sent = 0;
    const parts = await setUp(undefined, (_, response) => {
      const source = body();
      source.on('data', (chunk: Buffer) => {
        sent += chunk.length;
      });
      source.pipe(response);
    });
    const { answer } = await open(parts);
    const response = await answer;
    for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    const read = createHash('sha256');
    for await (const chunk of response as AsyncIterable<Buffer>) read.update(chunk);
    expect(read.digest('hex')).toBe(hash);
  });

  it('arrive as they are sent', async () => {
    const parts = await setUp();
    const { answer } = await open(parts);
    const target = await nextRequest(parts);
    target.write('data: 1\n\n');
    const response = await answer;
    const [first] = (await once(response, 'data')) as [Buffer];
    expect(first.toString()).toBe('data: 1\n\n');
    target.end('data: 2\n\n');
    const [second] = (await once(response, 'data')) as [Buffer];
    expect(second.toString()).toBe('data: 2\n\n');
  });

  it('a target may answer before it has read all', async () => {
    const parts = await setUp(undefined, (_, response) => {
      response.writeHead(413, { connection: 'close' });
      response.end('too large');
    });
    const { body } = large(8);
    expect(await ask(parts, { method: 'PUT', body: body() })).toMatchObject({ status: 413, text: 'too large' });
  });

  it('HEAD, 204 and 304 have none', async () => {
    const parts = await setUp(undefined, (request, response) => {
      if (request.method === 'HEAD') response.setHeader('content-length', '1000');
      response.writeHead(Number(request.url?.slice(1))).end();
    });
    expect(await ask(parts, { method: 'HEAD', path: '/200' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': '1000' },
    });
    expect(await ask(parts, { path: '/204' })).toMatchObject({ status: 204, text: '' });
    expect(await ask(parts, { path: '/304' })).toMatchObject({ status: 304, text: '' });
  });
});

describe('headers of the answer', () => {
  it('come as they were sent, but for those of the one connection', async () => {
    const parts = await setUp(undefined, (_, response) => {
      response.writeHead(203, 'Really Fine', [
        'X-Case',
        'Kept',
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'Keep-Alive',
        'timeout=1',
        'Content-Length',
        '0',
        'X-Latin',
        'caf\u00e9',
      ]);
      response.end();
    });
    const text = await exchange(parts, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 203 Really Fine\r\n/);
    expect(text).toContain('X-Case: Kept\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
    expect(text).toContain('X-Latin: caf\u00e9\r\n');
    expect(text).not.toContain('timeout=1');
  });

  it('interim ones stay behind', async () => {
    const parts = await setUp(undefined, (_, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('done'));
    });
    expect(await exchange(parts, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 200 OK\r\n/,
    );
  });
});

describe('what goes wrong at the target', () => {
  const raw = (send: string, end: boolean) => async () => {
    const parts = await setUp();
    parts.server.on('request', ({ socket }: IncomingMessage) => {
      socket.write(send, 'latin1');
      if (end) socket.end();
    });
    return parts;
  };

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
  it.each([
    ['closes without an answer', raw('', true)],
    ['answers no HTTP', raw('SSH-2.0-OpenSSH_9.6\r\n', true)],
    [
      'answers with a head that is too large',
      raw(`HTTP/1.1 200 OK\r\n${`X-Long: ${'a'.repeat(8000)}\r\n`.repeat(5)}\r\n`, false),
    ],
    ['answers with two lengths', raw('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', false)],
    [
      'changes the protocol unasked',
      raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', false),
    ],
  ])('502 when it %s', async (_, begin) => {
    const parts = await begin();
    expect(await ask(parts)).toMatchObject({
      status: 502,
      text: page('502 Bad Gateway'),
      headers: { server: 'awselb/2.0', 'content-type': 'text/html' },
    });
    expect(parts.counts.get('HTTPCode_ELB_502_Count')).toBe(1);
    expect(parts.counts.has('TargetConnectionErrorCount')).toBe(false);
    expect(parts.notes).toEqual([expect.stringMatching(/^Balancer answered 502 for i-a \(10\.0\.10\.30:8080\): ./)]);
  });

  it('502 when nobody listens there, which is a connection error', async () => {
    const parts = await setUp();
    parts.server.close();
    expect((await ask(parts)).status).toBe(502);
    expect(parts.counts.get('TargetConnectionErrorCount')).toBeGreaterThan(0);
  });

  it('the client sees it when the answer breaks off', async () => {
    const parts = await (await raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', true))();
    const { answer } = await open(parts);
    const response = await answer;
    response.resume();
    await expect(once(response, 'end')).rejects.toThrow('aborted');
    expect(parts.counts.get('HTTPCode_Target_2XX_Count')).toBe(1);
  });

  it('504 when it says nothing for the idle timeout, and what it says in time starts that anew', async () => {
    const parts = await setUp();
    const { answer } = await open(parts);
    await nextRequest(parts);
    await parts.clock.advance(60_000);
    const response = await answer;
    expect(response.statusCode).toBe(504);
    expect(parts.counts.get('HTTPCode_ELB_504_Count')).toBe(1);

    const slow = await open(parts);
    const target = await nextRequest(parts);
    for (let n = 0; n < 3; n++) {
      await parts.clock.advance(59_000);
      target.write('.');
      const received = n === 0 ? slow.answer : once(await slow.answer, 'data');
      await received;
    }
    target.end();
    expect((await slow.answer).statusCode).toBe(200);
  });

  it('504 when the network drops what is sent to it for ten seconds', async () => {
    const { withoutEntry } = await import('../../network/example-changes.ts');
    const parts = await setUp();
    parts.swap(withoutEntry('PrivateAcl', true, 100));
    const { answer } = await open(parts);
    let status: number | undefined;
    void answer.then(({ statusCode }) => {
      status = statusCode;
    });
    await until(() => parts.told.length > 0);
    await parts.clock.advance(9_999);
    expect(status).toBeUndefined();
    await parts.clock.advance(1);
    expect((await answer).statusCode).toBe(504);
    expect(parts.counts.get('TargetConnectionErrorCount')).toBeGreaterThan(0);
  });

  it('503 without any target', async () => {
    const parts = await setUp(balancerOf(listenerOf(groupOf('api', []))));
    expect(await ask(parts)).toMatchObject({ status: 503, text: page('503 Service Temporarily Unavailable') });
    expect(parts.counts.get('HTTPCode_ELB_503_Count')).toBe(1);
  });
});

describe('what a client does', () => {
  it("who leaves before the answer ends the request at the target, and is counted as nobody's error", async () => {
    const parts = await setUp();
    const { request } = await open(parts);
    const target = await nextRequest(parts);
    const closed = once(target, 'close');
    request.destroy();
    await closed;
    await until(() => parts.counts.has('ProcessedBytes'));
    expect([...parts.counts.keys()].filter((metric) => metric.startsWith('HTTPCode'))).toEqual([]);
    expect(parts.plane.inFlight('arn:api', 'i-a', 8080)).toBe(0);
  });

  it('who stops in the middle of a body gets 408 after the idle timeout', async () => {
    const parts = await setUp();
    const socket = await parts.connect();
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await nextRequest(parts);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const ended = once(socket, 'end');
    await parts.clock.advance(60_000);
    await ended;
    expect(text).toMatch(/^HTTP\/1.1 408 Request Time-out\r\n/);
    expect(parts.counts.get('HTTPCode_ELB_4XX_Count')).toBe(1);
  });

  it('its connection is kept for the keep-alive duration, and closed with the next answer after that', async () => {
    const parts = await setUp(undefined, (_, response) => void response.end('ok'));
    const socket = await parts.connect();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const again = async () => {
      text = '';
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await until(() => text.endsWith('ok'));
      return text;
    };
    expect(await again()).toContain('Connection: keep-alive');
    await parts.clock.advance(3_599_000);
    expect(await again()).toContain('Connection: keep-alive');
    await parts.clock.advance(1_000);
    const ended = once(socket, 'end');
    expect(await again()).toContain('Connection: close');
    await ended;
  });
});

describe('requests that could be read in two ways are not forwarded', () => {
  const close = 'Connection: close\r\n';
  it.each([
    [
      'a length and chunks',
      `POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`, 400],
    ['a length that is none', `POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: +4\r\n\r\nabcd`, 400],
    [
      'an encoding that ends otherwise',
      `POST / HTTP/1.1\r\nHost: a\r\n${close}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      501,
    ],
    [
      'an encoding with a strange space',
      `POST / HTTP/1.1\r\nHost: a\r\n${close}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a name with a space', `GET / HTTP/1.1\r\nHost: a\r\n${close}Content-Length : 4\r\n\r\nabcd`, 400],
    ['a folded line', `GET / HTTP/1.1\r\nHost: a\r\n${close}X-A: b\r\n Content-Length: 4\r\n\r\nabcd`, 400],
    ['another version', 'GET / HTTP/3.7\r\nHost: a\r\n\r\n', 505],
    ['no HTTP', 'hello\r\n\r\n', 400],
  ])('%s', async (_, text, status) => {
    let reached = 0;
    const parts = await setUp(undefined, (_request, response) => {
      reached++;
      response.end();
    });
    expect(await exchange(parts, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(reached).toBe(0);
    expect(parts.counts.get('HTTPCode_ELB_4XX_Count') ?? parts.counts.get('HTTPCode_ELB_5XX_Count')).toBe(1);
  });

  it('a request that hides in the body of another stays there', async () => {
    const seen: string[] = [];
    const parts = await setUp(undefined, (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${JSON.stringify(body)}`);
        response.end();
      });
    });
    const hidden = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
    await exchange(
      parts,
      `GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, content-length\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    );
    expect(seen).toEqual([`GET /a ${JSON.stringify(hidden)}`]);
  });
});

describe('a WebSocket', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const asked = `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

  it('is a tunnel once the target agrees, from the first byte on, until one side ends', async () => {
    const parts = await setUp();
    parts.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      expect(request.headers).toMatchObject({
        upgrade: 'websocket',
        'x-forwarded-for': '203.0.113.7',
        'sec-websocket-key': key,
      });
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello ',
      );
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    });
    const socket = await parts.connect();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`${asked}early `);
    await until(() => text.endsWith('early '));
    expect(text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    expect(text).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(text).toMatch(/hello early $/);
    socket.write('later');
    await until(() => text.endsWith('later'));
    expect(parts.plane.inFlight('arn:api', 'i-a', 8080)).toBe(1);
    socket.end();
    await until(() => parts.plane.inFlight('arn:api', 'i-a', 8080) === 0);
  });

  it('that the target refuses is an answer like any other, and nothing after it is forwarded', async () => {
    const seen: (string | undefined)[] = [];
    const parts = await setUp(undefined, (request: IncomingMessage, response: ServerResponse) => {
      seen.push(request.url);
      response.writeHead(426, { upgrade: 'other' }).end('no');
    });
    const text = await exchange(parts, `${asked}GET /admin HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1.1 426 /);
    expect(seen).toEqual(['/chat']);
  });

  it('another protocol is not asked for: the request is forwarded without', async () => {
    const parts = await setUp(undefined, (request, response) => {
      response.end(`${request.headers.upgrade} ${request.headers.connection}`);
    });
    const text = await exchange(
      parts,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).toMatch(/\r\n\r\n(?:[0-9a-f]+\r\n)?undefined keep-alive/);
  });
});

describe('actions of its own', () => {
  const listener = (action: ReturnType<typeof listenerOf>['rules'][number]['action']) => ({
    ...listenerOf(),
    rules: [{ arn: 'arn:rule', priority: 0, conditions: [], action }],
  });

  it('a fixed response', async () => {
    const parts = await setUp(
      balancerOf(
        listener({ type: 'fixed-response', status: 404, contentType: 'application/json', body: '{"a":"\u00e9"}' }),
      ),
    );
    expect(await ask(parts)).toMatchObject({
      status: 404,
      text: '{"a":"\u00e9"}',
      headers: { 'content-type': 'application/json', 'content-length': '10', server: 'awselb/2.0' },
    });
  });

  it('a redirect', async () => {
    const parts = await setUp(
      balancerOf(
        listener({
          type: 'redirect',
          status: 301,
          protocol: 'HTTPS',
          host: '#{host}',
          port: '443',
          path: '/#{path}',
          query: '#{query}',
        }),
      ),
    );
    expect(await ask(parts, { path: '/a?b=c' })).toMatchObject({
      status: 301,
      text: page('301 Moved Permanently'),
      headers: { location: 'https://api.example:443/a?b=c', server: 'awselb/2.0' },
    });
    expect(parts.counts.get('HTTP_Redirect_Count')).toBe(1);
  });
});

it('a client with the cookie goes to its target again while the cookie lasts', async () => {
  const group = groupOf('api', undefined, { stickiness: { durationMs: 60_000 } });
  const parts = await setUp(balancerOf(listenerOf(group)), (_, response) => void response.end());
  const { headers } = await ask(parts);
  const [own = '', cors = ''] = headers['set-cookie'] ?? [];
  expect(own).toMatch(/^AWSALB=\S+; Expires=Thu, 08 Jan 1970 00:00:00 GMT; Path=\/$/);
  expect(cors).toMatch(/^AWSALBCORS=\S+; Expires=.*; Path=\/; SameSite=None; Secure$/);
});
