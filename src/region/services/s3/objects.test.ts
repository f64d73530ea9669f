import { createHash, randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestBase64 } from './checksum.ts';
import { s3OnSocket } from './socket.fixture.ts';

let region: Awaited<ReturnType<typeof s3OnSocket>>;
let s3: S3Client;
let Bucket: string;
let count = 0;
beforeAll(async () => {
  region = await s3OnSocket();
  s3 = region.client();
});
afterAll(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});
beforeEach(async () => {
  Bucket = `bucket-${count++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
});

const put = (Key: string, Body: PutObjectCommandInput['Body'] = Key, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (more: Partial<ConstructorParameters<typeof GetObjectCommand>[0]> & { Key: string }) =>
  (await s3.send(new GetObjectCommand({ Bucket, ...more }))).Body?.transformToString();
const md5 = (bytes: string | Uint8Array) => createHash('md5').update(bytes).digest('hex');
const versioning = (Status: 'Enabled' | 'Suspended') =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

/** The error's code and HTTP status. */
async function refused(sending: Promise<unknown>): Promise<[string, number | undefined]> {
  try {
    await sending;
  } catch (error) {
    const { name, $metadata } = error as S3ServiceException;
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('it was not refused');
}

describe('put and get', () => {
  test.each([0, 1, 1024, 70_000, 3_000_000])('%d bytes, with everything that was said of them', async (size) => {
    const Body = randomFillSync(Buffer.alloc(size));
    const Expires = new Date('2030-01-01T00:00:00Z');
    const given = {
      ContentType: 'image/png',
      CacheControl: 'max-age=60',
      ContentDisposition: 'inline',
      ContentEncoding: 'br',
      ContentLanguage: 'de',
    };
    const done = await put('ä/ö ü+&=.png', Body, {
      ...given,
      Expires,
      Metadata: { Camel: 'case', other: 'x y' },
      Tagging: 'a=b&c=d%20e',
    });
    expect(done.ETag).toBe(`"${md5(Body)}"`);
    expect(done.ServerSideEncryption).toBe('AES256');
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'ä/ö ü+&=.png' }));
    expect(got).toMatchObject({
      ...given,
      Expires,
      Metadata: { camel: 'case', other: 'x y' },
      TagCount: 2,
      ContentLength: size,
      ETag: done.ETag,
      AcceptRanges: 'bytes',
    });
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'ä/ö ü+&=.png' }));
    expect(head).toMatchObject({ ...given, ContentLength: size, ETag: done.ETag });
    expect(Math.abs((head.LastModified?.getTime() ?? 0) - region.clock.now())).toBeLessThan(10_000);
  });

  test('a stream of a length that is known only at its end', async () => {
    const pieces = Array.from({ length: 50 }, () => randomFillSync(Buffer.alloc(10_000)));
    await put('stream', Readable.from(pieces), { ContentLength: 500_000 });
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
    expect(md5((await got.Body?.transformToByteArray()) ?? '')).toBe(md5(Buffer.concat(pieces)));
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a %s checksum is verified, kept and returned',
    async (ChecksumAlgorithm) => {
      const value = digestBase64(ChecksumAlgorithm, Buffer.from('body'));
      const done = await put('k', 'body', { ChecksumAlgorithm });
      expect(done).toMatchObject({ [`Checksum${ChecksumAlgorithm}`]: value, ChecksumType: 'FULL_OBJECT' });
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
      expect(head).toMatchObject({ [`Checksum${ChecksumAlgorithm}`]: value, ChecksumType: 'FULL_OBJECT' });
      const wrong = digestBase64(ChecksumAlgorithm, Buffer.from('other'));
      expect(await refused(put('k', 'body', { [`Checksum${ChecksumAlgorithm}`]: wrong }))).toEqual(['BadDigest', 400]);
      expect(
        await refused(put('k', Readable.from([Buffer.from('body')]), { ContentLength: 4, ContentMD5: 'nonsense' })),
      ).toEqual(['InvalidDigest', 400]);
      expect(await text({ Key: 'k', ChecksumMode: 'ENABLED' })).toBe('body');
    },
  );

  test('a client that names no checksum gets CRC64NVME', async () => {
    const plain = region.client({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const done = await plain.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'body' }));
    expect(done.ChecksumCRC64NVME).toBe(digestBase64('CRC64NVME', Buffer.from('body')));
    const wrong = plain.send(
      new PutObjectCommand({
        Bucket,
        Key: 'k',
        Body: 'body',
        ContentMD5: Buffer.from(md5('other'), 'hex').toString('base64'),
      }),
    );
    expect(await refused(wrong)).toEqual(['BadDigest', 400]);
  });

  test.each<[string, string, string]>([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
  ])('range %s', async (Range, expected, ContentRange) => {
    await put('k', '0123456789');
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', Range }));
    expect(got).toMatchObject({ ContentRange, ContentLength: expected.length, $metadata: { httpStatusCode: 206 } });
    expect(await got.Body?.transformToString()).toBe(expected);
  });

  test('conditions', async () => {
    const { ETag } = await put('k');
    const Key = 'k';
    expect(await refused(text({ Key: 'k', Range: 'bytes=9-' }))).toEqual(['InvalidRange', 416]);
    expect(await text({ Key, IfMatch: ETag })).toBe('k');
    expect(await refused(text({ Key, IfMatch: '"x"' }))).toEqual(['PreconditionFailed', 412]);
    expect((await refused(text({ Key, IfNoneMatch: ETag })))[1]).toBe(304);
    expect((await refused(text({ Key, IfModifiedSince: new Date(region.clock.now() + 1000) })))[1]).toBe(304);
    expect(await refused(text({ Key, IfUnmodifiedSince: new Date(0) }))).toEqual(['PreconditionFailed', 412]);
    expect(await refused(put('k', 'y', { IfNoneMatch: '*' }))).toEqual(['PreconditionFailed', 412]);
    expect(await refused(put('k', 'y', { IfMatch: '"x"' }))).toEqual(['PreconditionFailed', 412]);
    expect(await refused(put('new', 'y', { IfMatch: '"x"' }))).toEqual(['NoSuchKey', 404]);
    await put('new', 'y', { IfNoneMatch: '*' });
    await put('k', 'z', { IfMatch: ETag });
    expect(await text({ Key })).toBe('z');
    expect(await refused(s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: ETag })))).toEqual([
      'PreconditionFailed',
      412,
    ]);
  });

  test("response headers of the reader's choice", async () => {
    await put('k');
    const got = await s3.send(
      new GetObjectCommand({ Bucket, Key: 'k', ResponseContentType: 'text/x', ResponseCacheControl: 'no-store' }),
    );
    expect(got).toMatchObject({ ContentType: 'text/x', CacheControl: 'no-store' });
    got.Body?.transformToString();
  });

  test('what is not there', async () => {
    expect(await refused(text({ Key: 'no' }))).toEqual(['NoSuchKey', 404]);
    expect(await refused(s3.send(new HeadObjectCommand({ Bucket, Key: 'no' })))).toEqual(['NotFound', 404]);
    expect(await refused(s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'no' })))).toEqual([
      'NoSuchBucket',
      404,
    ]);
    expect(await refused(put('k'.repeat(1025)))).toEqual(['KeyTooLongError', 400]);
    await put('k'.repeat(1024));
  });
});

describe('delete and versions', () => {
  test('a bucket without versions deletes for good, and what is gone is deleted too', async () => {
    await put('k');
    expect(await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))).toMatchObject({
      $metadata: { httpStatusCode: 204 },
    });
    expect((await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }))).DeleteMarker).toBeUndefined();
    expect(await refused(text({ Key: 'k' }))).toEqual(['NoSuchKey', 404]);
  });

  test('versions are kept, marked deleted, and brought back by deleting the marker', async () => {
    await put('k', 'null');
    await versioning('Enabled');
    const one = await put('k', 'one');
    const two = await put('k', 'two');
    const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(marker.DeleteMarker).toBe(true);
    expect(await refused(text({ Key: 'k' }))).toEqual(['NoSuchKey', 404]);
    expect(await refused(text({ Key: 'k', VersionId: marker.VersionId }))).toEqual(['MethodNotAllowed', 405]);
    expect(await text({ Key: 'k', VersionId: one.VersionId })).toBe('one');
    expect(await text({ Key: 'k', VersionId: 'null' })).toBe('null');
    expect(await refused(text({ Key: 'k', VersionId: 'x'.repeat(32) }))).toEqual(['NoSuchVersion', 404]);
    expect(await refused(text({ Key: 'k', VersionId: 'x' }))).toEqual(['InvalidArgument', 400]);
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.DeleteMarkers).toMatchObject([{ Key: 'k', VersionId: marker.VersionId, IsLatest: true }]);
    expect(listed.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two.VersionId, false],
      [one.VersionId, false],
      ['null', false],
    ]);
    const undone = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: marker.VersionId }));
    expect(undone).toMatchObject({ DeleteMarker: true, VersionId: marker.VersionId });
    expect(await text({ Key: 'k' })).toBe('two');
    await versioning('Suspended');
    expect((await put('k', 'new null')).VersionId).toBeUndefined();
    expect(await text({ Key: 'k', VersionId: 'null' })).toBe('new null');
    const pages = [];
    for (let KeyMarker: string | undefined, VersionIdMarker: string | undefined, more = true; more; ) {
      const found = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1, KeyMarker, VersionIdMarker }));
      pages.push(...(found.Versions ?? []).map(({ VersionId }) => VersionId));
      KeyMarker = found.NextKeyMarker;
      VersionIdMarker = found.NextVersionIdMarker;
      more = found.IsTruncated === true;
    }
    expect(pages).toEqual(['null', two.VersionId, one.VersionId]);
  });

  test('many at once', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, i) => put(`k${i}`)));
    const Objects = [...Array.from({ length: 30 }, (_, i) => ({ Key: `k${i}` })), { Key: 'never' }];
    const done = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(done.Deleted).toHaveLength(31);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    const quiet = await s3.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: { Quiet: true, Objects: [{ Key: 'x' }, { Key: 'y', VersionId: 'bad' }] },
      }),
    );
    expect(quiet.Deleted).toBeUndefined();
    expect(quiet.Errors).toMatchObject([{ Key: 'y', VersionId: 'bad', Code: 'InvalidArgument' }]);
  });
});

describe('listings', () => {
  const keys = ['a.txt', 'b/1', 'b/2', 'c d/ü.txt', 'c/', 'z&<>"'];

  test('with delimiter and pages, in either version', async () => {
    for (const key of keys) await put(key);
    const v2 = [];
    for (let ContinuationToken: string | undefined, more = true; more; ) {
      const found = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 2, ContinuationToken }));
      v2.push(
        ...(found.Contents ?? []).map(({ Key }) => Key),
        ...(found.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
      expect(found.KeyCount).toBeLessThanOrEqual(2);
      ContinuationToken = found.NextContinuationToken;
      more = found.IsTruncated === true;
    }
    expect(v2).toEqual(['a.txt', 'b/', 'c d/', 'c/', 'z&<>"']);
    const v1 = [];
    for (let Marker: string | undefined, more = true; more; ) {
      const found = await s3.send(new ListObjectsCommand({ Bucket, Delimiter: '/', MaxKeys: 1, Marker }));
      v1.push(
        ...(found.Contents ?? []).map(({ Key }) => Key),
        ...(found.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
      Marker = found.NextMarker;
      more = found.IsTruncated === true;
    }
    expect(v1).toEqual(v2);
    const encoded = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url', Prefix: 'c d/' }));
    expect(encoded).toMatchObject({
      Prefix: 'c+d/',
      EncodingType: 'url',
      Contents: [{ Key: 'c+d/%C3%BC.txt', Size: 10, StorageClass: 'STANDARD' }],
    });
    expect(
      (await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: 'b/1' }))).Contents?.map(({ Key }) => Key),
    ).toEqual(keys.slice(2));
    expect(await refused(s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'forged' })))).toEqual([
      'InvalidArgument',
      400,
    ]);
    expect(await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).toMatchObject({
      IsTruncated: false,
      KeyCount: 0,
    });
  });
});

describe('copy', () => {
  test('bytes, metadata and tags go along; directives replace them', async () => {
    await put('from ü', 'body', { Metadata: { a: '1' }, ContentType: 'text/x', Tagging: 't=1' });
    const CopySource = `${Bucket}/${encodeURIComponent('from ü')}`;
    const done = await s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource }));
    expect(done.CopyObjectResult?.ETag).toBe(`"${md5('body')}"`);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }))).toMatchObject({
      ContentType: 'text/x',
      Metadata: { a: '1' },
      TagCount: 1,
    });
    await s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'to',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
        TaggingDirective: 'REPLACE',
        Tagging: 'u=2&v=3',
      }),
    );
    const replaced = await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }));
    expect(replaced).toMatchObject({ Metadata: { b: '2' }, TagCount: 2, ContentType: 'binary/octet-stream' });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'from ü' }));
    expect(await text({ Key: 'to' })).toBe('body');
  });

  test('onto itself only to change something; with conditions; of a version', async () => {
    await versioning('Enabled');
    const first = await put('k', 'one');
    await put('k', 'two');
    const CopySource = `${Bucket}/k`;
    expect(await refused(s3.send(new CopyObjectCommand({ Bucket, Key: 'k', CopySource })))).toEqual([
      'InvalidRequest',
      400,
    ]);
    expect(
      await refused(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource, CopySourceIfMatch: first.ETag }))),
    ).toEqual(['PreconditionFailed', 412]);
    expect(await refused(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${Bucket}/no` })))).toEqual([
      'NoSuchKey',
      404,
    ]);
    const back = await s3.send(
      new CopyObjectCommand({ Bucket, Key: 'k', CopySource: `${CopySource}?versionId=${first.VersionId}` }),
    );
    expect(back.CopySourceVersionId).toBe(first.VersionId);
    expect(await text({ Key: 'k' })).toBe('one');
  });
});

test('tags and attributes', async () => {
  await put('k', 'body');
  const TagSet = [{ Key: 'a', Value: '1' }];
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } }));
  expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet).toEqual(TagSet);
  const twice = new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [...TagSet, ...TagSet] } });
  expect(await refused(s3.send(twice))).toEqual(['InvalidTag', 400]);
  const attributes = await s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: 'k',
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass', 'ObjectParts'],
    }),
  );
  expect(attributes).toMatchObject({
    ETag: md5('body'),
    ObjectSize: 4,
    StorageClass: 'STANDARD',
    Checksum: { ChecksumCRC32: digestBase64('CRC32', Buffer.from('body')), ChecksumType: 'FULL_OBJECT' },
  });
});
