/** Who is let in, and in which words the others are refused. */

import { createHash, createHmac } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint, sessionToken } from './canned.fixture.ts';
import { errorCode, type RawRequest, raw, sign } from './raw.fixture.ts';
import { encodeRfc3986 } from './sigv4.ts';

let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
beforeEach(() => {
  canned.calls.length = 0;
});
afterAll(async () => {
  await canned.close();
});

const minuteMs = 60_000;
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.DescribeLogGroups' };
const requests: Record<string, RawRequest & { service: string }> = {
  ec2: { service: 'ec2', method: 'POST', headers: form, body: 'Action=DescribeVpcs&Version=2016-11-15' },
  iam: { service: 'iam', method: 'POST', headers: form, body: 'Action=ListUsers&Version=2010-05-08' },
  logs: { service: 'logs', method: 'POST', headers: json, body: '{}' },
  s3: { service: 's3', method: 'GET', path: '/bucket/key' },
  route53: { service: 'route53', method: 'GET', path: '/2013-04-01/hostedzone' },
};

/** Signs one of the requests, then breaks it. */
function send(name: keyof typeof requests, options: Partial<Parameters<typeof sign>[2]> = {}, broken: RawRequest = {}) {
  const { service, ...request } = requests[name] ?? { service: '' };
  const signed = sign(canned.port, request, { service, nowMs: canned.nowMs(), ...options }).request;
  return raw(canned.port, { ...signed, ...broken, headers: { ...signed.headers, ...broken.headers } });
}

describe('in headers', () => {
  test.each(Object.keys(requests))('%s: signed by the book', async (name) => {
    expect(await send(name)).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({ identity: 'test', region: 'us-east-1', context: 'the context' });
  });

  test('region and key come from the scope', async () => {
    await send('ec2', { accessKeyId: 'AKIDOTHER', secret: 'other/secret+key=', region: 'eu-central-1' });
    expect(canned.seen()).toMatchObject({ identity: 'AKIDOTHER', region: 'eu-central-1' });
  });

  test.each([
    ['ec2', 401, 'AuthFailure'],
    ['iam', 403, 'InvalidClientTokenId'],
    ['logs', 400, 'UnrecognizedClientException'],
    ['s3', 403, 'InvalidAccessKeyId'],
    ['route53', 403, 'InvalidClientTokenId'],
  ])('%s: an unknown key is %i %s', async (name, status, code) => {
    const answer = await send(name, { accessKeyId: 'AKIDNOBODY' });
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(canned.calls).toEqual([]);
  });

  test.each([
    ['ec2', 400, 'RequestExpired', 'Request has expired.'],
    ['iam', 403, 'ExpiredToken', 'The security token included in the request is expired'],
    ['logs', 400, 'ExpiredTokenException', 'The security token included in the request is expired'],
    ['s3', 400, 'ExpiredToken', 'The provided token has expired.'],
    ['route53', 403, 'ExpiredToken', 'The security token included in the request is expired'],
  ])('%s: a session that has ended is %i %s', async (name, status, code, text) => {
    const answer = await send(name, { accessKeyId: 'ASIAENDED', secret: 'ended' });
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(answer.body).toContain(text);
    expect(canned.calls).toEqual([]);
  });

  test.each([
    ['ec2', 401, 'AuthFailure', 'AWS was not able to validate the provided access credentials'],
    ['iam', 403, 'SignatureDoesNotMatch', 'Check your AWS Secret Access Key and signing method.'],
    ['logs', 400, 'InvalidSignatureException', 'Check your AWS Secret Access Key and signing method.'],
    ['s3', 403, 'SignatureDoesNotMatch', 'Check your key and signing method.'],
    ['route53', 403, 'SignatureDoesNotMatch', 'Check your AWS Secret Access Key and signing method.'],
  ])('%s: a wrong secret is %i %s', async (name, status, code, text) => {
    const answer = await send(name, { secret: 'wrong' });
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(answer.body).toContain(text);
  });

  test.each([
    ['ec2', 400, 'RequestExpired', 'Request has expired.'],
    ['iam', 403, 'SignatureDoesNotMatch', 'Signature expired: '],
    ['logs', 400, 'InvalidSignatureException', 'Signature expired: '],
    ['s3', 403, 'RequestTimeTooSkewed', '<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>'],
  ])('%s: a time 16 minutes ago is %i %s, 14 are fine', async (name, status, code, text) => {
    const nowMs = canned.nowMs();
    expect((await send(name, { nowMs: nowMs - 14 * minuteMs })).status).toBe(200);
    const answer = await send(name, { nowMs: nowMs - 16 * minuteMs });
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(answer.body).toContain(text);
    const early = await send(name, { nowMs: nowMs + 16 * minuteMs });
    expect(early.status).toBe(status);
  });

  test.each([
    ['ec2', 403, 'MissingAuthenticationToken'],
    ['iam', 403, 'MissingAuthenticationToken'],
    ['logs', 400, 'MissingAuthenticationTokenException'],
  ])('%s: without a signature', async (name, status, code) => {
    const { service: _, ...request } = requests[name] ?? { service: '' };
    const answer = await raw(canned.port, request);
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
  });

  test.each([
    ['iam', 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request', 'IncompleteSignature'],
    ['iam', 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=1', 'IncompleteSignature'],
    ['logs', 'AWS4-HMAC-SHA256 nonsense', 'IncompleteSignatureException'],
    ['s3', 'AWS4-HMAC-SHA256 nonsense', 'AuthorizationHeaderMalformed'],
    ['s3', 'AWS test:abc=', 'InvalidRequest'],
    ['s3', 'Basic dGVzdDp0ZXN0', 'InvalidRequest'],
  ])('%s: %s is %s', async (name, authorization, code) => {
    const answer = await send(name, {}, { headers: { authorization } });
    expect(errorCode(answer)).toBe(code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test('what was signed must be what is sent', async () => {
    const mismatch = { status: 403 };
    expect(await send('s3', {}, { path: '/bucket/other' })).toMatchObject(mismatch);
    expect(await send('s3', {}, { path: '/bucket/key?versionId=1' })).toMatchObject(mismatch);
    expect(await send('s3', {}, { method: 'DELETE' })).toMatchObject(mismatch);
    expect(await send('s3', {}, { headers: { host: 'elsewhere' } })).toMatchObject(mismatch);
    expect(await send('iam', {}, { body: 'Action=ListRoles&Version=2010-05-08' })).toMatchObject(mismatch);
    expect(canned.calls).toEqual([]);
  });

  test('the host must be signed, and for S3 every x-amz- header', async () => {
    const without = await send('iam', { signedHeaders: ['x-amz-date'] });
    expect(without.body).toContain("'Host' or ':authority' must be a 'SignedHeader'");
    const answer = await send('s3', {}, { headers: { 'x-amz-acl': 'public-read' } });
    expect([answer.status, errorCode(answer)]).toEqual([403, 'AccessDenied']);
    expect(answer.body).toContain('<HeadersNotSigned>x-amz-acl</HeadersNotSigned>');
  });

  test('the date of the scope is that of the request', async () => {
    const answer = await send('iam', { scopeDate: '20200101' });
    expect(answer.body).toContain('Date in Credential scope does not match YYYYMMDD');
  });

  test('S3 wants the hash, and holds the body against it', async () => {
    const bucket = { method: 'PUT', path: '/bucket', body: '<CreateBucketConfiguration/>' };
    const nowMs = canned.nowMs();
    const wrong = sign(canned.port, bucket, { service: 's3', nowMs, hash: 'a'.repeat(64) });
    expect(errorCode(await raw(canned.port, wrong.request))).toBe('XAmzContentSHA256Mismatch');
    const odd = sign(canned.port, bucket, { service: 's3', nowMs, hash: 'SIGNED-PAYLOAD' });
    expect(errorCode(await raw(canned.port, odd.request))).toBe('InvalidArgument');
    const unsigned = sign(canned.port, bucket, { service: 's3', nowMs, hash: 'UNSIGNED-PAYLOAD' });
    expect(await raw(canned.port, unsigned.request)).toMatchObject({ status: 200 });
    const { 'x-amz-content-sha256': _, ...headers } = sign(canned.port, bucket, { service: 's3', nowMs }).request
      .headers;
    expect((await raw(canned.port, { ...bucket, headers })).body).toContain('Missing required header for this request');
  });

  test('temporary credentials need their token', async () => {
    const temporary = { accessKeyId: 'ASIATEMPORARY', secret: 'temporary' };
    const { service, ...request } = requests.iam ?? { service: '' };
    const withToken = { ...request, headers: { ...form, 'x-amz-security-token': sessionToken } };
    const { request: signed } = sign(canned.port, withToken, { service, nowMs: canned.nowMs(), ...temporary });
    expect(await raw(canned.port, signed)).toMatchObject({ status: 200 });
    expect(canned.seen().identity).toBe('role');
    expect(errorCode(await send('iam', temporary))).toBe('InvalidClientTokenId');
  });
});

test('signatures are those of the SDK, whatever path, query and headers', async () => {
  const signer = new SignatureV4({
    service: 's3',
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    sha256: NodeSha256,
    uriEscapePath: false,
  });
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const value = fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/);
  const some = fc.record({
    key: fc.array(text, { minLength: 1, maxLength: 4 }),
    query: fc.dictionary(fc.constantFrom('prefix', 'marker', 'delimiter', 'response-content-type'), text),
    metadata: fc.dictionary(fc.stringMatching(/^x-amz-meta-[a-z0-9]{1,5}$/), value),
  });
  await fc.assert(
    fc.asyncProperty(some, async ({ key, query, metadata }) => {
      const path = `/bucket/${key.map(encodeRfc3986).join('/')}`;
      const headers = { host: `127.0.0.1:${canned.port}`, ...metadata };
      const signed = await signer.sign(
        { method: 'GET', protocol: 'http:', hostname: '127.0.0.1', path, query, headers },
        { signingDate: new Date(canned.nowMs()) },
      );
      const search = Object.entries(query).map(([name, text]) => `${encodeRfc3986(name)}=${encodeRfc3986(text)}`);
      const answer = await raw(canned.port, { path: `${path}?${search.join('&')}`, headers: signed.headers });
      expect(answer).toMatchObject({ status: 200 });
      expect(canned.seen().input).toMatchObject({ Bucket: 'bucket', Key: key.join('/') });
    }),
    { numRuns: 200, seed: 7 },
  );
});

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === 'string' ? secret : secret && Buffer.from(secret as Uint8Array);
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

describe('presigned', () => {
  const presign = async (command: 'get' | 'put', expiresIn: number, nowMs = canned.nowMs()): Promise<string> => {
    const signer = new SignatureV4({
      service: 's3',
      region: 'us-east-1',
      credentials: { accessKeyId: 'ASIATEMPORARY', secretAccessKey: 'temporary', sessionToken },
      sha256: NodeSha256,
      uriEscapePath: false,
    });
    const { query = {} } = await signer.presign(
      {
        method: command.toUpperCase(),
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: canned.port,
        path: '/bucket/a%20b',
        headers: { host: `127.0.0.1:${canned.port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
        query: command === 'get' ? { 'response-content-type': 'text/a; b=c' } : {},
      },
      { expiresIn, signingDate: new Date(nowMs) },
    );
    const pairs = Object.entries(query).map(
      ([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(String(value))}`,
    );
    return `/bucket/a%20b?${pairs.join('&')}`;
  };

  test('good from its time until it expires', async () => {
    const nowMs = canned.nowMs();
    const path = await presign('get', 60, nowMs - 59_000);
    expect(await raw(canned.port, { path })).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({
      identity: 'role',
      input: { Key: 'a b', ResponseContentType: 'text/a; b=c' },
    });
    const late = await raw(canned.port, { path: await presign('get', 60, nowMs - 62_000) });
    expect([late.status, errorCode(late)]).toEqual([403, 'AccessDenied']);
    expect(late.body).toContain('<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires>');
    const week = await raw(canned.port, { path: await presign('get', 604_800, nowMs - 600_000_000) });
    expect(week.status).toBe(200);
  });

  test('an upload with any body, and no other method, path or expiry', async () => {
    const path = await presign('put', 60);
    expect(await raw(canned.port, { method: 'PUT', path, body: 'hello' })).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({ operation: 'PutObject', bytes: Buffer.from('hello') });
    expect((await raw(canned.port, { path })).status).toBe(403);
    expect((await raw(canned.port, { method: 'PUT', path: path.replace('a%20b', 'c') })).status).toBe(403);
    const longer = path.replace('X-Amz-Expires=60', 'X-Amz-Expires=6000');
    expect(errorCode(await raw(canned.port, { method: 'PUT', path: longer }))).toBe('SignatureDoesNotMatch');
    const header = await raw(canned.port, { method: 'PUT', path, headers: { 'x-amz-acl': 'public-read' } });
    expect(header.body).toContain('HeadersNotSigned');
  });

  test.each([
    ['X-Amz-Expires=60', 'X-Amz-Expires=604801', 'AuthorizationQueryParametersError'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=-1', 'AuthorizationQueryParametersError'],
    ['X-Amz-Expires=60', 'X-Amz-Expires=soon', 'AuthorizationQueryParametersError'],
    ['&X-Amz-Expires=60', '', 'AuthorizationQueryParametersError'],
    ['X-Amz-Algorithm=AWS4-HMAC-SHA256', 'X-Amz-Algorithm=AWS3', 'AuthorizationQueryParametersError'],
    ['X-Amz-SignedHeaders=host', 'X-Amz-SignedHeaders=', 'AuthorizationQueryParametersError'],
    ['X-Amz-Credential=ASIATEMPORARY', 'X-Amz-Credential=AKIDNOBODY', 'InvalidAccessKeyId'],
    ['%2Faws4_request', '', 'AuthorizationQueryParametersError'],
    ['%2Fus-east-1%2F', '%2Fus-west-1%2F', 'SignatureDoesNotMatch'],
  ])('%s made %s is %s', async (before, after, code) => {
    const path = await presign('get', 60);
    expect(path).toContain(before);
    const answer = await raw(canned.port, { path: path.replace(before, after) });
    expect(errorCode(answer)).toBe(code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });

  test('of other services, whose empty body is signed', async () => {
    const signer = new SignatureV4({
      service: 'sts',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      sha256: NodeSha256,
    });
    const request = {
      method: 'GET',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      headers: { host: `127.0.0.1:${canned.port}` },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    };
    const send = async (signingDate: Date) => {
      const { query = {} } = await signer.presign(request, { expiresIn: 60, signingDate });
      const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeRfc3986(String(value))}`);
      return raw(canned.port, { path: `/?${pairs.join('&')}` });
    };
    expect(await send(new Date(canned.nowMs()))).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({ service: 'sts', identity: 'test' });
    expect(errorCode(await send(new Date(canned.nowMs() - 120_000)))).toBe('SignatureDoesNotMatch');
  });

  test('Signature Version 2, as boto3 makes it in us-east-1', async () => {
    const expires = Math.floor(canned.nowMs() / 1000) + 60;
    const text = `GET\n\n\n${expires}\n/bucket/a%20b?response-content-type=text/x&versionId=v`;
    const signature = createHmac('sha1', 'test').update(text).digest('base64');
    const path = (at: number) =>
      `/bucket/a%20b?response-content-type=text%2Fx&versionId=v&AWSAccessKeyId=test&Signature=${encodeURIComponent(signature)}&Expires=${at}`;
    expect(await raw(canned.port, { path: path(expires) })).toMatchObject({ status: 200 });
    expect(canned.seen()).toMatchObject({ identity: 'test', input: { Key: 'a b', VersionId: 'v' } });
    expect(errorCode(await raw(canned.port, { path: path(expires + 1) }))).toBe('SignatureDoesNotMatch');
    expect(errorCode(await raw(canned.port, { path: path(1000) }))).toBe('AccessDenied');
    expect((await raw(canned.port, { path: path(expires).replace('=test', '=nobody') })).status).toBe(403);
  });
});

test('S3 lets the anonymous through to the host', async () => {
  expect(await raw(canned.port, { path: '/bucket/key' })).toMatchObject({ status: 200 });
  expect(canned.seen()).toMatchObject({ identity: 'anonymous', region: 'us-east-1', operation: 'GetObject' });
});

test('other services do where the host says so', async () => {
  const open = await cannedEndpoint({
    allowsAnonymous: (_service, operation) => operation.startsWith('AssumeRoleWith'),
  });
  const body = 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=s&WebIdentityToken=t';
  expect(await raw(open.port, { method: 'POST', headers: form, body })).toMatchObject({ status: 200 });
  expect(open.seen()).toMatchObject({ service: 'sts', identity: 'anonymous', input: { WebIdentityToken: 't' } });
  const other = await raw(open.port, {
    method: 'POST',
    headers: form,
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  expect(errorCode(other)).toBe('MissingAuthenticationToken');
  await open.close();
});

test('without a secret nothing is verified', async () => {
  const open = await cannedEndpoint({ credentials: (key) => ({ identity: `any ${key}` }) });
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: open.url,
    forcePathStyle: true,
    credentials: { accessKeyId: 'made', secretAccessKey: 'up' },
  });
  await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'x' }));
  await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
  expect(open.seen().identity).toBe('any made');
  client.destroy();
  await open.close();
});
