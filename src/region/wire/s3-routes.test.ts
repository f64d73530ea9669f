/** Which operation of S3 a request is, of which bucket and key, and how objects go out. */
import { GetBucketLocationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Canned, cannedEndpoint } from './canned.fixture.ts';
import { Fault } from './fault.ts';
import { errorCode, type RawRequest, raw } from './raw.fixture.ts';

let canned: Canned;
beforeAll(async () => {
  canned = await cannedEndpoint();
});
beforeEach(() => {
  canned.answer = () => ({});
  canned.calls.length = 0;
});
afterEach(() => {
  expect(canned.failures.splice(0)).toEqual([]);
});
afterAll(async () => {
  await canned.close();
});

describe("S3's routes", () => {
  const call = async (method: string, path: string, headers: Record<string, string> = {}) => {
    canned.calls.length = 0;
    await raw(canned.port, {
      method,
      path,
      headers,
      body: method === 'GET' || method === 'HEAD' ? undefined : '',
    } as RawRequest);
    return canned.calls[0];
  };

  test.each([
    ['GET', '/', 'ListBuckets'],
    ['GET', '/b', 'ListObjects'],
    ['GET', '/b/', 'ListObjects'],
    ['GET', '/b?list-type=2', 'ListObjectsV2'],
    ['GET', '/b?list-type=2&x-id=ListObjectsV2&prefix=', 'ListObjectsV2'],
    ['GET', '/b/?versions', 'ListObjectVersions'],
    ['GET', '/b?location=', 'GetBucketLocation'],
    ['GET', '/b?uploads', 'ListMultipartUploads'],
    ['HEAD', '/b', 'HeadBucket'],
    ['HEAD', '/b/k', 'HeadObject'],
    ['PUT', '/b', 'CreateBucket'],
    ['PUT', '/b/k', 'PutObject'],
    ['PUT', '/b/k?x-id=PutObject', 'PutObject'],
    ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart'],
    ['PUT', '/b/k?tagging', 'PutObjectTagging'],
    ['PUT', '/b?tagging', 'PutBucketTagging'],
    ['POST', '/b?delete', 'DeleteObjects'],
    ['POST', '/b/?delete=', 'DeleteObjects'],
    ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
    ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload'],
    ['GET', '/b/k?uploadId=u', 'ListParts'],
    ['DELETE', '/b/k?uploadId=u', 'AbortMultipartUpload'],
    ['DELETE', '/b/k', 'DeleteObject'],
    ['DELETE', '/b', 'DeleteBucket'],
    ['GET', '/b/k?attributes', 'GetObject'],
  ])('%s %s is %s', async (method, path, operation) => {
    expect((await call(method, path))?.operation).toBe(operation);
  });

  test('copies are told by their header', async () => {
    const source = { 'x-amz-copy-source': '/b/k' };
    expect((await call('PUT', '/b/k', source))?.operation).toBe('CopyObject');
    expect((await call('PUT', '/b/k?partNumber=1&uploadId=u', source))?.operation).toBe('UploadPartCopy');
    const attributes = { 'x-amz-object-attributes': 'ETag,ObjectSize' };
    expect(await call('GET', '/b/k?attributes', attributes)).toMatchObject({
      operation: 'GetObjectAttributes',
      input: { ObjectAttributes: ['ETag', 'ObjectSize'] },
    });
  });

  test.each([
    ['b.localhost', '/k', 'b', 'k'],
    ['b.localhost:4566', '/', 'b', undefined],
    ['a.b.c.localhost', '/x/y', 'a.b.c', 'x/y'],
    ['b.s3.localhost', '/k', 'b', 'k'],
    ['b.s3.amazonaws.com', '/k', 'b', 'k'],
    ['b.s3.eu-west-1.amazonaws.com', '/k', 'b', 'k'],
    ['b.s3.dualstack.eu-west-1.amazonaws.com', '/k', 'b', 'k'],
    ['b.s3-eu-west-1.amazonaws.com', '/k', 'b', 'k'],
    ['s3.eu-west-1.amazonaws.com', '/b/k', 'b', 'k'],
    ['s3.amazonaws.com', '/b/k', 'b', 'k'],
    ['s3.localhost', '/b/k', 'b', 'k'],
    ['s3.us-east-1.localhost', '/b/k', 'b', 'k'],
    ['localhost:4566', '/b/k', 'b', 'k'],
    ['127.0.0.1:4566', '/b//k/', 'b', '/k/'],
    ['127.0.0.1', '/b/../%2e%2E/./k%2Fl%3Fm', 'b', '../.././k/l?m'],
  ])('host %s, path %s', async (host, path, bucket, key) => {
    expect((await call('GET', path, { host }))?.input).toMatchObject({ Bucket: bucket, ...(key ? { Key: key } : {}) });
  });

  test('GetBucketLocation is its text', async () => {
    const s3 = new S3Client({
      region: 'us-east-1',
      endpoint: canned.url,
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    canned.answer = () => ({ LocationConstraint: 'eu-west-1' });
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'b' }))).LocationConstraint).toBe('eu-west-1');
    canned.answer = () => ({});
    const { body } = await raw(canned.port, { path: '/b?location' });
    expect(body).toContain('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>');
    s3.destroy();
  });

  test('attributes and namespaces', async () => {
    canned.answer = () => ({ Grants: [{ Permission: 'READ', Grantee: { Type: 'CanonicalUser', ID: 'a"b' } }] });
    const { body } = await raw(canned.port, { path: '/b?acl' });
    expect(body).toContain(
      '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>a&quot;b</ID></Grantee>',
    );
    expect(body).toContain('<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/">');
  });

  test('ranges, metadata and empty answers', async () => {
    canned.answer = () => ({
      Body: Buffer.from('ell'),
      ContentRange: 'bytes 1-3/5',
      Metadata: { name: 'größe €' },
      LastModified: new Date(0),
      ETag: '"e"',
    });
    const answer = await raw(canned.port, { path: '/b/k', headers: { origin: 'https://a.example' } });
    expect(answer).toMatchObject({ status: 206, body: 'ell' });
    expect(answer.headers).toMatchObject({
      'content-range': 'bytes 1-3/5',
      'x-amz-meta-name': `=?UTF-8?B?${Buffer.from('größe €').toString('base64')}?=`,
      'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
      'access-control-allow-origin': 'https://a.example',
      etag: '"e"',
    });
    canned.answer = () => ({});
    const gone = await raw(canned.port, { method: 'DELETE', path: '/b/k' });
    expect(gone).toMatchObject({ status: 204, body: '' });
    expect(gone.headers['content-type']).toBeUndefined();
    canned.answer = () => {
      throw new Fault('NotModified', 'Not Modified', { status: 304, headers: { etag: '"e"' } });
    };
    expect(await raw(canned.port, { path: '/b/k' })).toMatchObject({ status: 304, body: '', headers: { etag: '"e"' } });
  });

  test("a preflight is the host's to answer", async () => {
    const answer = await raw(canned.port, {
      method: 'OPTIONS',
      path: '/b/k',
      headers: { origin: 'https://a.example' },
    });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': 'https://a.example' } });
  });

  test('no operation there', async () => {
    const answer = await raw(canned.port, { method: 'PATCH', path: '/b/k' });
    expect([answer.status, errorCode(answer)]).toEqual([405, 'MethodNotAllowed']);
  });
});
