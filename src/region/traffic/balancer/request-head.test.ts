import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Entrance,
  forwardedHeaders,
  type Head,
  headBytes,
  hopByHop,
  refusalOf,
  requestTarget,
} from './request-head.ts';

/** A head as Node's parser gives it. */
function headOf(raw: readonly string[], more: Partial<Head> = {}): Head {
  const headers: Record<string, string> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    headers[name] = headers[name] === undefined ? (raw[i + 1] ?? '') : `${headers[name]}, ${raw[i + 1]}`;
  }
  return { method: 'GET', url: '/', httpVersion: '1.1', headers, rawHeaders: raw, ...more };
}

const entrance: Entrance = {
  config: { dropInvalidHeaders: false, xForwardedFor: 'append' },
  listener: { protocol: 'HTTPS', port: 443 },
  nodeAddress: '10.0.0.20',
  clientAddress: '203.0.113.7',
};
const trace = '1-00000000-aaaaaaaaaaaaaaaaaaaaaaaa';
const own = {
  'X-Forwarded-For': '203.0.113.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '443',
  'X-Amzn-Trace-Id': `Root=${trace}`,
};

function sent(raw: readonly string[], at: Partial<Entrance> = {}, more: Partial<Head> = {}): Record<string, string> {
  const pairs = forwardedHeaders(headOf(raw, more), { ...entrance, ...at }, trace);
  return Object.fromEntries(pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1] ?? '']] : [])));
}

describe('what a target is sent', () => {
  it('is what the client sent, and who it is', () => {
    expect(sent(['Host', 'example.com', 'Accept', '*/*'])).toEqual({ Host: 'example.com', Accept: '*/*', ...own });
  });

  it.each<[string, string[], Partial<Entrance>, Record<string, string | undefined>]>([
    [
      'appends to what forwarders wrote',
      ['X-Forwarded-For', '198.51.100.1', 'x-forwarded-for', '198.51.100.2'],
      {},
      { 'X-Forwarded-For': '198.51.100.1, 198.51.100.2, 203.0.113.7' },
    ],
    [
      'preserves it',
      ['X-Forwarded-For', '198.51.100.1'],
      { config: { ...entrance.config, xForwardedFor: 'preserve' } },
      { 'X-Forwarded-For': '198.51.100.1' },
    ],
    [
      'removes it',
      ['X-Forwarded-For', '198.51.100.1'],
      { config: { ...entrance.config, xForwardedFor: 'remove' } },
      { 'X-Forwarded-For': undefined },
    ],
    [
      'says how it was reached, whatever a client claims',
      ['X-Forwarded-Proto', 'ftp', 'X-Forwarded-Port', '1'],
      { listener: { protocol: 'HTTP', port: 80 } },
      { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Port': '80' },
    ],
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    [
      'a root of the client stays',
      ['X-Amzn-Trace-Id', 'Root=1-1-b;Sampled=1'],
      {},
      { 'X-Amzn-Trace-Id': `Self=${trace};Root=1-1-b;Sampled=1` },
    ],
    [
      'a self of a balancer before gives way',
      ['X-Amzn-Trace-Id', 'Self=1-1-c;Root=1-1-b'],
      {},
      { 'X-Amzn-Trace-Id': `Self=${trace};Root=1-1-b` },
    ],
    [
      'fields without a root get one',
      ['X-Amzn-Trace-Id', 'TotalTimeSoFar=2ms'],
      {},
      { 'X-Amzn-Trace-Id': `Root=${trace};TotalTimeSoFar=2ms` },
    ],
    ['invalid names pass', ['x_y', '1'], {}, { x_y: '1' }],
    [
      'invalid names are dropped when asked to',
      ['x_y', '1', 'x-y', '2'],
      { config: { ...entrance.config, dropInvalidHeaders: true } },
      { x_y: undefined, 'x-y': '2' },
    ],
    [
      "what the client calls its connection's own goes no further",
      ['Connection', 'close, X-Secret', 'X-Secret', '1'],
      {},
      { 'X-Secret': undefined, Connection: undefined },
    ],
    [
      'but for the length of the body',
      ['Connection', 'content-length', 'Content-Length', '3'],
      {},
      { 'Content-Length': '3' },
    ],
    ['the port is left out of the host on 443', ['Host', 'example.com:443'], {}, { Host: 'example.com' }],
    [
      'and written on other ports',
      ['Host', 'example.com'],
      { listener: { protocol: 'HTTP', port: 8080 } },
      { Host: 'example.com:8080' },
    ],
    ['a host is made for who names none', [], {}, { Host: '10.0.0.20' }],
  ])('%s', (_, raw, at, expected) => {
    const found = sent(raw, at);
    for (const [name, value] of Object.entries(expected)) expect(found[name]).toBe(value);
  });

  it('names the host that the request line did', () => {
    expect(sent(['Host', 'other.example'], {}, { url: 'http://example.com/a' })).toMatchObject({ Host: 'example.com' });
  });

  it('says of a POST without a body that it has none', () => {
    expect(sent([], {}, { method: 'POST' })).toMatchObject({ 'Content-Length': '0' });
  });

  it('never has what concerns one connection only, or two hosts', () => {
    const name = fc.oneof(
      fc.constantFrom(...hopByHop, 'Host', 'HOST', 'Expect', 'X-Other', 'Content-Length'),
      fc.stringMatching(/^[A-Za-z-]{1,10}$/),
    );
    const pair = fc.tuple(name, fc.stringMatching(/^[a-z ,-]{0,20}$/));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 10 }), (pairs) => {
        const names = forwardedHeaders(headOf(pairs.flat()), entrance, trace).filter((_, i) => i % 2 === 0);
        const lower = names.map((each) => each.toLowerCase());
        expect(lower.filter((each) => hopByHop.has(each) || each === 'expect')).toEqual([]);
        expect(lower.filter((each) => each === 'host')).toHaveLength(1);
      }),
    );
  });
});

describe('a request is refused', () => {
  const host = ['Host', 'example.com'];
  it.each<[string, number | undefined, string[], Partial<Head>]>([
    ['not, usually', undefined, host, {}],
    ['without a host', 400, [], {}],
    ['not without one in HTTP/1.0', undefined, [], { httpVersion: '1.0' }],
    ['with a line of more than 16 K', 414, host, { url: `/${'a'.repeat(16 * 1024)}` }],
    ['with a header of more than 16 K', 400, [...host, 'X-Long', 'a'.repeat(16 * 1024)], {}],
    ['as TRACE', 405, host, { method: 'TRACE' }],
    ['in an encoding that is not known', 501, [...host, 'Transfer-Encoding', 'gzip, chunked'], {}],
    ['after more than 30 forwarders', 463, [...host, 'X-Forwarded-For', Array(31).fill('1.1.1.1').join()], {}],
    ['without a path', 400, host, { url: '*', method: 'OPTIONS' }],
  ])('%s', (_, status, raw, more) => {
    expect(refusalOf(headOf(raw, more))).toBe(status);
  });
});

it.each([
  ['/a?b', '/a?b', undefined],
  ['http://example.com', '/', 'example.com'],
  ['https://example.com:8443/a?b', '/a?b', 'example.com:8443'],
  ['http://example.com?b', '/?b', 'example.com'],
  ['//example.com/a', '//example.com/a', undefined],
  ['ftp://example.com/a', 'ftp://example.com/a', undefined],
])('the target of %s', (url, path, authority) => {
  expect(requestTarget(url)).toEqual({ path, authority });
});

it('counts the bytes of a head as they came', () => {
  const text = 'GET /a HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n';
  expect(headBytes(headOf(['Host', 'example.com', 'Accept', '*/*'], { url: '/a' }))).toBe(text.length);
});
