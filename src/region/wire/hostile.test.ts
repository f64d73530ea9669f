/** Requests that no client sends: the endpoint answers each, with a 4xx, and lives on. */

import { connect } from 'node:net';
import { cbor } from '@smithy/core/cbor';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint } from './canned.fixture.ts';
import { errorCode, type RawRequest, raw, sign } from './raw.fixture.ts';

let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
afterAll(async () => {
  expect(canned.failures).toEqual([]);
  await canned.close();
});

const signed = (service: string, request: RawRequest) =>
  raw(canned.port, sign(canned.port, request, { service, nowMs: canned.nowMs() }).request);
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = (operation: string) => ({ 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': operation });
const cborHeaders = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
const cborPath = '/service/GraniteServiceVersion20100801/operation/PutMetricData';

describe('bodies', () => {
  const ec2 = 'Action=RunInstances&Version=2016-11-15';
  test.each<[string, string, RawRequest, string]>([
    ['JSON cut off', 'logs', { headers: json('Logs_20140328.PutLogEvents'), body: '{"a":' }, 'SerializationException'],
    ['a JSON list', 'logs', { headers: json('Logs_20140328.PutLogEvents'), body: '[]' }, 'SerializationException'],
    ['a JSON text', 'kms', { headers: json('TrentService.Encrypt'), body: '"x"' }, 'SerializationException'],
    [
      'a number for a text',
      'kms',
      { headers: json('TrentService.Encrypt'), body: '{"KeyId":1}' },
      'SerializationException',
    ],
    [
      'a text for a list',
      'kms',
      { headers: json('TrentService.Encrypt'), body: '{"GrantTokens":"x"}' },
      'SerializationException',
    ],
    [
      'a list for a map',
      'kms',
      { headers: json('TrentService.Encrypt'), body: '{"EncryptionContext":[]}' },
      'SerializationException',
    ],
    ['no base64', 'kms', { headers: json('TrentService.Encrypt'), body: '{"Plaintext":"%%"}' }, 'MalformedInput'],
    [
      'no time',
      'logs',
      { headers: json('Logs_20140328.FilterLogEvents'), body: '{"startTime":"x"}' },
      'SerializationException',
    ],
    [
      'depth',
      'logs',
      { headers: json('Logs_20140328.PutLogEvents'), body: '{"logEvents":'.repeat(2000) },
      'SerializationException',
    ],
    [
      'open brackets',
      'logs',
      { headers: json('Logs_20140328.PutLogEvents'), body: '['.repeat(1_900_000) },
      'SerializationException',
    ],
    [
      'depth in a member that is not in the model',
      'logs',
      { headers: json('Logs_20140328.PutLogEvents'), body: `{"x":${'['.repeat(1000)}${']'.repeat(1000)}}` },
      'SerializationException',
    ],
    ['another target', 'logs', { headers: json('DynamoDB_20120810.GetItem'), body: '{}' }, 'UnknownOperationException'],
    [
      'no such operation',
      'logs',
      { headers: json('Logs_20140328.constructor'), body: '{}' },
      'UnknownOperationException',
    ],
    ['a prototype', 'logs', { headers: json('Logs_20140328.__proto__'), body: '{}' }, 'UnknownOperationException'],
    ['no target', 'logs', { headers: json(''), body: '{}' }, 'UnknownOperationException'],
    [
      'an action of the prototype',
      'ec2',
      { headers: form, body: 'Action=toString&Version=2016-11-15' },
      'InvalidAction',
    ],
    ['too many parameters', 'ec2', { headers: form, body: `${ec2}${'&a=1'.repeat(11_000)}` }, 'MalformedQueryString'],
    ['a deep name', 'ec2', { headers: form, body: `${ec2}&${'a.'.repeat(500)}a=1` }, 'MalformedInput'],
    ['an index beyond all', 'ec2', { headers: form, body: `${ec2}&SecurityGroupId.99999999=x` }, 'MalformedInput'],
    ['an index below all', 'ec2', { headers: form, body: `${ec2}&SecurityGroupId.-1=x` }, 'MalformedInput'],
    ['a structure for a text', 'ec2', { headers: form, body: `${ec2}&ImageId.A.B=x` }, 'MalformedInput'],
    ['no number', 'ec2', { headers: form, body: `${ec2}&MinCount=0x10` }, 'MalformedInput'],
    ['no XML', 's3', { method: 'PUT', path: '/b?versioning', body: 'x' }, 'MalformedXML'],
    ['cut XML', 's3', { method: 'PUT', path: '/b?versioning', body: '<a><b>' }, 'MalformedXML'],
    [
      'an XML bomb',
      's3',
      { method: 'PUT', path: '/b?versioning', body: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
      'MalformedXML',
    ],
    ['XML in the deep', 'route53', { path: '/2013-04-01/hostedzone', body: '<a>'.repeat(100_000) }, 'MalformedXML'],
    ['a bad escape', 's3', { method: 'GET', path: '/b/%zz' }, 'MethodNotAllowed'],
    ['no number in a query', 's3', { method: 'GET', path: '/b?max-keys=all' }, 'MalformedInput'],
    ['no path', 'route53', { method: 'GET', path: '/nowhere' }, 'UnknownOperationException'],
  ])('%s', async (_what, service, request, code) => {
    const answer = await signed(service, { method: 'POST', ...request });
    expect(errorCode(answer)).toBe(code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test('CBOR of any bytes', async () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(
        new Uint8Array(100_000).fill(0x81),
        new Uint8Array(5000).fill(0xbf),
        Uint8Array.of(0x9b, 0, 0, 0, 1, 0, 0, 0, 0),
      ),
      fc.anything().map((value) => {
        try {
          return cbor.serialize({ Namespace: value, MetricData: [value] });
        } catch {
          return new Uint8Array();
        }
      }),
    );
    await fc.assert(
      fc.asyncProperty(some, async (body) => {
        const { status } = await signed('monitoring', { method: 'POST', path: cborPath, headers: cborHeaders, body });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

/** Good requests, to be spoilt. */
const good: RawRequest[] = [
  {
    method: 'POST',
    path: '/',
    headers: form,
    body: 'Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=a&Filter.1.Value.1=b',
  },
  {
    method: 'POST',
    path: '/',
    headers: form,
    body: 'Action=CreateStack&Version=2010-05-15&Tags.member.1.Key=a&Tags.member.1.Value=b',
  },
  {
    method: 'POST',
    path: '/',
    headers: json('Logs_20140328.PutLogEvents'),
    body: '{"logGroupName":"a","logEvents":[{"timestamp":1,"message":"m"}]}',
  },
  {
    method: 'POST',
    path: cborPath,
    headers: cborHeaders,
    body: cbor.serialize({ Namespace: 'N', MetricData: [{ MetricName: 'm', Value: 1 }] }),
  },
  {
    method: 'PUT',
    path: '/b?versioning',
    body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  },
  {
    method: 'PUT',
    path: '/b/k?partNumber=1&uploadId=u',
    headers: { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' },
    body: 'hello',
  },
  {
    method: 'POST',
    path: '/2013-04-01/hostedzone',
    body: '<CreateHostedZoneRequest><Name>a</Name></CreateHostedZoneRequest>',
  },
];
const services = ['ec2', 'cloudformation', 'logs', 'monitoring', 's3', 's3', 'route53'];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat(6),
  put: fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      '..',
      '%',
      '%00',
      '&',
      '=',
      '.1',
      '.member.',
      '<',
      '>',
      '&#0;',
      '{',
      '}',
      '"',
      '__proto__',
      '\\',
      '/',
      '?',
    ),
  ),
});

const mutate = (text: string, { at, cut, put }: { at: number; cut: number; put: string }) => {
  const from = Math.floor(at * (text.length + 1));
  return text.slice(0, from) + put + text.slice(from + cut);
};

test('requests spoilt anywhere and signed after: each is answered', async () => {
  const spoilt = fc.record({
    which: fc.nat(good.length - 1),
    part: fc.constantFrom('body', 'path', 'header'),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
  });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(spoilt, async ({ which, part, mutations }) => {
      const request = good[which] ?? {};
      const spoil = (text: string) => mutations.reduce(mutate, text);
      const body = Buffer.from(request.body ?? '').toString('latin1');
      const changed: RawRequest =
        part === 'body'
          ? { ...request, body: Buffer.from(spoil(body), 'latin1') }
          : part === 'path'
            ? {
                ...request,
                path: escaped(spoil(request.path ?? '/'))
                  .replace(/^(?!\/)/, '/')
                  .replaceAll('#', '%23'),
              }
            : { ...request, headers: spoilHeaders(request.headers ?? {}, spoil) };
      const { status } = await signed(services[which] ?? '', changed);
      if (status >= 400) refused++;
      expect(status < 300 || (status >= 400 && status < 500) || status === 501).toBe(true);
    }),
    { numRuns: 500, seed: 5 },
  );
  expect(refused).toBeGreaterThan(100);
});

/** Such that Node's client takes it; half a surrogate becomes a replacement character. */
const escaped = (path: string) => encodeURI(Buffer.from(path).toString('utf8'));

function spoilHeaders(headers: Readonly<Record<string, string>>, spoil: (text: string) => string) {
  const printable = (text: string) =>
    text
      .replace(/[^\x20-\x7e]/g, '_')
      .replace(/\s+/g, ' ')
      .trim();
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, printable(spoil(value))]));
}

test('spoilt on the way: nothing gets in', async () => {
  const spoilt = fc.record({
    which: fc.nat(good.length - 1),
    header: fc.constantFrom('authorization', 'x-amz-date', 'host'),
    mutation,
  });
  await fc.assert(
    fc.asyncProperty(spoilt, async ({ which, header, mutation: change }) => {
      const service = services[which] ?? '';
      const { request } = sign(canned.port, good[which] ?? {}, { service, nowMs: canned.nowMs() });
      const before = request.headers[header] ?? '';
      const after = mutate(before, change)
        .replace(/[^\x20-\x7e]/g, '_')
        .trim();
      fc.pre(after.replace(/\s+/g, '') !== before.replace(/\s+/g, ''));
      // What stands after another space or comma may be ignored, and the header still says the same.
      fc.pre(header !== 'authorization' || !/[\s,]/.test(change.put));
      canned.calls.length = 0;
      const { status } = await raw(canned.port, { ...request, headers: { ...request.headers, [header]: after } });
      const seen = canned.calls[0];
      expect(seen === undefined || seen.identity === 'anonymous').toBe(true);
      expect(status === 200 ? seen?.identity : 'refused').not.toBe('test');
    }),
    { numRuns: 400, seed: 6 },
  );
});

test('bytes that are no HTTP at all', async () => {
  for (const bytes of [
    '\0\0\0\0',
    'GET / HTTP/9\r\n\r\n',
    'POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
  ]) {
    await new Promise<void>((resolve) => {
      const socket = connect(canned.port, '127.0.0.1', () => socket.end(bytes));
      socket.on('data', () => {});
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    });
  }
  expect(await raw(canned.port, { path: '/b/k' })).toMatchObject({ status: 200 });
});

test('a target in full, as a proxy gets it', async () => {
  expect(
    await raw(canned.port, { path: `http://b.localhost/k?versionId=v`, headers: { host: 'b.localhost' } }),
  ).toMatchObject({ status: 200 });
  expect(canned.seen().input).toMatchObject({ Bucket: 'b', Key: 'k', VersionId: 'v' });
});
