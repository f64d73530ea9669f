import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { type AccessEntry, AccessLogFile, accessLine } from './access-log.ts';
import { balancerOf, exchange, groupOf, listenerOf, nextRequest, setUp } from './balancer.fixture.ts';

const groupArn = 'arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067';

const forwarded: AccessEntry = {
  type: 'http',
  balancer: 'app/my-loadbalancer/50dc6c495c0c9188',
  client: { address: '192.168.131.39', port: 2817 },
  target: { address: '10.0.0.1', port: 80 },
  arrivedMs: Date.parse('2018-07-02T22:22:48.364Z'),
  sentMs: Date.parse('2018-07-02T22:22:48.364Z'),
  answeredMs: Date.parse('2018-07-02T22:22:48.365Z'),
  endedMs: Date.parse('2018-07-02T22:23:00.186Z'),
  timeScale: 1,
  status: 200,
  targetStatus: 200,
  bytesIn: 34,
  bytesOut: 366,
  request: { method: 'GET', url: '/', version: '1.1' },
  host: 'www.example.com',
  port: 80,
  userAgent: 'curl/7.46.0',
  targetGroupArn: groupArn,
  traceId: 'Root=1-58337262-36d228ad5d99923122bbe354',
  rulePriority: 0,
  action: 'forward',
  connectionId: 'TID_1234abcd5678ef90',
};

// The documentation's examples, with the milliseconds that a model clock has.
const { target, sentMs, answeredMs, targetStatus, targetGroupArn, traceId, rulePriority, action, ...plain } = forwarded;
it.each<[string, AccessEntry, string]>([
  [
    'HTTP',
    forwarded,
    `http 2018-07-02T22:23:00.186000Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - ${groupArn} "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"`,
  ],
  [
    'HTTPS',
    {
      ...forwarded,
      type: 'https',
      sentMs: Date.parse('2018-07-02T22:22:48.450Z'),
      answeredMs: Date.parse('2018-07-02T22:22:48.498Z'),
      port: 443,
      rulePriority: 1,
      tls: {
        cipher: 'ECDHE-RSA-AES128-GCM-SHA256',
        protocol: 'TLSv1.2',
        serverName: 'www.example.com',
        certificateArn: 'arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012',
      },
    },
    `https 2018-07-02T22:23:00.186000Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.000 200 200 34 366 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ${groupArn} "Root=1-58337262-36d228ad5d99923122bbe354" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678-1234-1234-1234-123456789012" 1 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"`,
  ],
  [
    'a redirect',
    { ...plain, status: 301, rulePriority: 0, action: 'redirect', redirectUrl: 'https://www.example.com:443/' },
    'http 2018-07-02T22:23:00.186000Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 301 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - - "-" "-" "-" 0 2018-07-02T22:22:48.364000Z "redirect" "https://www.example.com:443/" "-" "-" "-" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"',
  ],
  [
    'a target that says nothing',
    { ...forwarded, status: 504, targetStatus: undefined, answeredMs: undefined },
    `http 2018-07-02T22:23:00.186000Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 -1 -1 504 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - - ${groupArn} "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "-" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"`,
  ],
])('the line of %s', (_, entry, line) => {
  expect(accessLine(entry)).toBe(line);
});

it('nothing that a client sends ends a field or a line', () => {
  const line = accessLine({
    ...forwarded,
    userAgent: 'a" "b\\\n\u00e9',
    request: { method: 'GET', url: 'http://other.example/"x', version: '1.1' },
    client: { address: '2001:db8::1', port: 1 },
  });
  expect(line).toContain(' "a\\x22 \\x22b\\x5C\\x0A\\xE9" ');
  expect(line).toContain(' "GET http://www.example.com:80/\\x22x HTTP/1.1" ');
  expect(line).toContain(' [2001:db8::1]:1 ');
  expect(accessLine({ ...forwarded, userAgent: 'a'.repeat(10_000) })).toContain(`"${'a'.repeat(8192)}" -`);
});

it('a file is of the five minutes of its lines, however late its timer is', async () => {
  class LateClock extends VirtualClock {
    override after(delayMs: number, run: () => void) {
      return super.after(delayMs + 2_000, run);
    }
  }
  const clock = new LateClock(0);
  const files: [string[], number][] = [];
  const file = new AccessLogFile(clock, (text, endMs) => {
    files.push([text.match(/(?<=:80)\/\d/g) ?? [], endMs]);
  });
  const add = (url: string) =>
    file.add({ ...forwarded, request: { method: 'GET', url, version: '1.1' }, endedMs: clock.now() });
  add('/1');
  await clock.advance(299_999);
  add('/2');
  await clock.advance(1);
  add('/3');
  await clock.advance(302_000);
  file.flush();
  expect(files).toEqual([
    [['/1', '/2'], 300_000],
    [['/3'], 600_000],
  ]);
});

describe('a node', () => {
  const accessLogs = { bucket: 'logs', prefix: '' };
  const config = balancerOf(listenerOf(groupOf('api')), { accessLogs });

  async function get(parts: Awaited<ReturnType<typeof setUp>>, path: string): Promise<void> {
    const socket = await parts.connect();
    const request = httpRequest({ createConnection: () => socket, path, headers: { host: 'api.example' } });
    const answered = once(request.end(), 'response');
    const [response] = (await answered) as [IncomingMessage];
    await once(response.resume(), 'end');
  }

  it('delivers its lines every five minutes by the clock, and nothing when there are none', async () => {
    const parts = await setUp(config, (_, response) => void response.end('12345'));
    const { clock, logs, plane } = parts;
    await clock.advance(600_000);
    expect(logs).toEqual([]);
    await get(parts, '/a?b=c');
    await clock.advance(60_000);
    await get(parts, '/d');
    await clock.advance(239_999);
    expect(logs).toEqual([]);
    await clock.advance(1);
    const [file] = logs.splice(0);
    expect(file).toMatchObject({
      place: accessLogs,
      balancerArn: 'arn:balancer',
      address: '10.0.0.20',
      endMs: 900_000,
    });
    const [first = '', second = '', end] = file?.text.split('\n') ?? [];
    expect(end).toBe('');
    expect(first).toMatch(
      /^http 1970-01-01T00:10:00\.000000Z app\/balancer\/1 203\.0\.113\.7:\d+ 10\.0\.10\.30:8080 0\.000 0\.000 0\.000 200 200 \d+ \d+ "GET http:\/\/api\.example:443\/a\?b=c HTTP\/1\.1" "-" - - arn:api "Root=1-00000258-[0-9a-f]{24}" "-" "-" 0 1970-01-01T00:10:00\.000000Z "forward" "-" "-" "10\.0\.10\.30:8080" "200" "-" "-" TID_[0-9a-f]{32} "-" "-" "-"$/,
    );
    expect(second).toContain('http://api.example:443/d ');
    // What is left is delivered at the end, and when the log moves elsewhere.
    await get(parts, '/e');
    plane.apply([{ ...config, idleTimeoutMs: 30_000 }]);
    expect(logs).toEqual([]);
    plane.apply([{ ...config, accessLogs: { bucket: 'others', prefix: '' } }]);
    expect(logs.splice(0)).toMatchObject([{ place: { bucket: 'logs' } }]);
    await get(parts, '/f');
    await plane.close();
    expect(logs).toMatchObject([{ place: { bucket: 'others' } }]);
  });

  it('has a line for each way in which a request can end', async () => {
    const parts = await setUp(config);
    const { clock, logs } = parts;
    const fields = (line: string) => {
      const [, , , , to, sent, answered, , status, own] = line.split(' ');
      return [to === '-' ? '-' : 'target', sent, answered, status, own].join(' ');
    };
    const hanging = get(parts, '/hang');
    await nextRequest(parts);
    await clock.advance(60_000);
    await hanging;
    const leaving = await parts.connect();
    leaving.write('GET /leave HTTP/1.1\r\nHost: a\r\n\r\n');
    const target = await nextRequest(parts);
    const closed = once(target, 'close');
    leaving.destroy();
    await closed;
    await exchange(parts, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n');
    parts.plane.apply([balancerOf(listenerOf(groupOf('api', [])), { accessLogs })]);
    await get(parts, '/nobody');
    await clock.advance(300_000);
    const lines = logs.flatMap(({ text }) => text.trimEnd().split('\n'));
    expect(lines.map(fields)).toEqual([
      'target 0.000 -1 504 -',
      'target 0.000 -1 460 -',
      '- -1 -1 400 -',
      '- -1 -1 503 -',
    ]);
    expect(lines[2]).toContain(' "- http://10.0.0.20:443- -" "-" ');
  });

  it('loses no line of what is under way when the log moves, and when the node ends', async () => {
    const parts = await setUp(config);
    const { logs, plane } = parts;
    const moved = get(parts, '/moved');
    const first = await nextRequest(parts);
    plane.apply([{ ...config, accessLogs: { bucket: 'others', prefix: '' } }]);
    expect(logs).toEqual([]);
    first.end();
    await moved;
    expect(logs.splice(0)).toMatchObject([{ place: { bucket: 'logs' }, text: expect.stringContaining('/moved') }]);
    const cut = get(parts, '/cut').catch(() => {});
    await nextRequest(parts);
    const socket = await parts.connect();
    socket.on('error', () => {}); // The node will break it off.
    const upgraded = once(socket, 'data');
    parts.server.on('upgrade', (_, target) =>
      target.write('HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'),
    );
    socket.write('GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await upgraded;
    await plane.close();
    await cut;
    expect(logs).toMatchObject([
      { place: { bucket: 'others' }, text: expect.stringMatching(/\/cut .*\n.*\/socket |\/socket .*\n.*\/cut /) },
    ]);
  });

  it('counts and logs an upgrade that it refuses for its body', async () => {
    const parts = await setUp(config);
    const request =
      'POST /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc';
    expect(await exchange(parts, request)).toContain('HTTP/1.1 400 ');
    expect(parts.counts.get('HTTPCode_ELB_4XX_Count')).toBe(1);
    expect(parts.counts.has('RequestCount')).toBe(false);
    await parts.plane.close();
    expect(parts.logs).toMatchObject([{ text: expect.stringContaining(' - -1 -1 -1 400 - ') }]);
  });

  it('drops what a bucket does not take, rather than fill the memory with it', async () => {
    const parts = await setUp(config, (_, response) => void response.end(), { mostLogBytes: 1_000 });
    const { clock, logs, notes } = parts;
    await get(parts, '/kept');
    await clock.advance(300_000);
    for (let n = 0; n < 10; n++) await get(parts, '/much');
    await clock.advance(300_000);
    expect(logs).toMatchObject([{ text: expect.stringContaining('/kept') }]);
    expect(notes).toEqual([expect.stringMatching(/^Balancer dropped \d+ bytes of access log/)]);
  });
});

it('tells of a request on its way only to a client that asks for it in the tracing header', async () => {
  const parts = await setUp(undefined, (_request, response) => response.end('hello'));
  const ask = async (trace: string) => {
    const socket = await parts.connect();
    socket.write(`GET /items HTTP/1.1\r\nHost: api.example\r\nX-Amzn-Trace-Id: ${trace}\r\nConnection: close\r\n\r\n`);
    for await (const _ of socket);
  };
  await ask('Root=1-67891233-abcdef012345678912345678');
  expect(parts.notes).toEqual([]);
  await ask('Root=1-67891233-abcdef012345678912345678;Orrery=trace');
  expect(parts.notes).toHaveLength(1);
  expect(parts.notes[0]).toMatch(
    /"GET http:\/\/api\.example:443\/items HTTP\/1\.1".*abcdef012345678912345678;Orrery=trace/,
  );
});
