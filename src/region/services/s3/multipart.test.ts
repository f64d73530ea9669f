import { createHash, randomFillSync } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  type S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChecksumName, digestBase64 } from './checksum.ts';
import { objectsOf } from './objects.ts';
import { s3OnSocket } from './socket.fixture.ts';

const Bucket = 'bucket';
const MiB = 1024 * 1024;
let region: Awaited<ReturnType<typeof s3OnSocket>>;
let s3: S3Client;
beforeAll(async () => {
  region = await s3OnSocket();
  s3 = region.client();
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();
const bytes = [5 * MiB, 5 * MiB + 3, 1000].map((size) => randomFillSync(Buffer.alloc(size)));
const whole = Buffer.concat(bytes);

async function begin(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return UploadId ?? '';
}
async function part(Key: string, UploadId: string, PartNumber: number, Body: Uint8Array) {
  const {
    $metadata: _,
    ServerSideEncryption: __,
    ...said
  } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ...said };
}
const complete = (
  Key: string,
  UploadId: string,
  Parts: object[],
  more: Partial<CompleteMultipartUploadCommandInput> = {},
) => s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
async function code(sending: Promise<unknown>): Promise<string> {
  return sending.then(
    () => 'ok',
    (error: S3ServiceException) => error.name,
  );
}

test('three parts, out of order and one sent twice, make one object', async () => {
  const Key = 'whole';
  const UploadId = await begin(Key, { ContentType: 'video/mp4', Metadata: { a: 'b' }, Tagging: 't=1' });
  const [, second = whole, third = whole] = bytes;
  const parts = [
    await part(Key, UploadId, 7, third),
    await part(Key, UploadId, 1, third),
    await part(Key, UploadId, 3, second),
  ];
  parts[1] = await part(Key, UploadId, 1, bytes[0] ?? whole);
  parts.sort((a, b) => a.PartNumber - b.PartNumber);
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }));
  expect(listed).toMatchObject({
    IsTruncated: true,
    NextPartNumberMarker: '3',
    Parts: [{ PartNumber: 1, Size: 5 * MiB }, { PartNumber: 3 }],
  });
  expect((await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker: '3' }))).Parts).toHaveLength(1);
  const done = await complete(Key, UploadId, parts);
  const etag = `"${createHash('md5')
    .update(Buffer.concat(bytes.map(md5)))
    .digest('hex')}-3"`;
  expect(done.ETag).toBe(etag);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  expect(got).toMatchObject({
    ETag: etag,
    ContentLength: whole.length,
    ContentType: 'video/mp4',
    Metadata: { a: 'b' },
    TagCount: 1,
  });
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
  // Across the border of two parts, and a part by its number.
  const border = await s3.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${5 * MiB - 2}-${5 * MiB + 1}` }));
  expect(
    Buffer.from((await border.Body?.transformToByteArray()) ?? []).equals(whole.subarray(5 * MiB - 2, 5 * MiB + 2)),
  ).toBe(true);
  const third_ = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 3 }));
  expect(third_).toMatchObject({
    ContentLength: 1000,
    PartsCount: 3,
    ContentRange: `bytes ${10 * MiB + 3}-${10 * MiB + 1002}/${whole.length}`,
  });
  expect(await code(s3.send(new ListPartsCommand({ Bucket, Key, UploadId })))).toBe('NoSuchUpload');
  // The part that was replaced is gone.
  expect([...objectsOf(region.scope).index.files(Bucket)].filter((blob) => blob)).toHaveLength(3);
});

test.each<[ChecksumName, 'COMPOSITE' | 'FULL_OBJECT']>([
  ['SHA256', 'COMPOSITE'],
  ['CRC32', 'COMPOSITE'],
  ['CRC32C', 'FULL_OBJECT'],
  ['CRC64NVME', 'FULL_OBJECT'],
])('checksum %s, %s', async (ChecksumAlgorithm, ChecksumType) => {
  const Key = `${ChecksumAlgorithm}-${ChecksumType}`;
  const UploadId = await begin(Key, { ChecksumAlgorithm: ChecksumAlgorithm as 'CRC32', ChecksumType });
  const parts = [];
  for (const [i, Body] of bytes.entries()) {
    const { $metadata: _, ...said } = await s3.send(
      new UploadPartCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber: i + 1,
        Body,
        ChecksumAlgorithm: ChecksumAlgorithm as 'CRC32',
      }),
    );
    parts.push({ PartNumber: i + 1, ...said });
  }
  const expected =
    ChecksumType === 'FULL_OBJECT'
      ? digestBase64(ChecksumAlgorithm, whole)
      : `${digestBase64(ChecksumAlgorithm, Buffer.concat(bytes.map((each) => Buffer.from(digestBase64(ChecksumAlgorithm, each), 'base64'))))}-3`;
  const wrong = digestBase64(ChecksumAlgorithm, Buffer.from('wrong'));
  expect(await code(complete(Key, UploadId, parts, { [`Checksum${ChecksumAlgorithm}`]: wrong }))).toBe('BadDigest');
  if (ChecksumType === 'COMPOSITE') {
    expect(
      await code(
        complete(
          Key,
          UploadId,
          parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })),
        ),
      ),
    ).toBe('InvalidRequest');
  }
  expect(await complete(Key, UploadId, parts)).toMatchObject({
    [`Checksum${ChecksumAlgorithm}`]: expected,
    ChecksumType,
  });
  const attributes = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts', 'Checksum'] }),
  );
  expect(attributes).toMatchObject({
    Checksum: { ChecksumType },
    ObjectParts: { TotalPartsCount: 3, Parts: [{ Size: 5 * MiB }, {}, {}] },
  });
});

test('what does not fit together is refused', async () => {
  const Key = 'bad';
  const UploadId = await begin(Key);
  const small = Buffer.from('small');
  const one = await part(Key, UploadId, 1, small);
  const two = await part(Key, UploadId, 2, small);
  expect(await code(complete(Key, UploadId, [one, two]))).toBe('EntityTooSmall');
  expect(await code(complete(Key, UploadId, [two, one]))).toBe('InvalidPartOrder');
  expect(await code(complete(Key, UploadId, [{ ...one, ETag: '"0"' }]))).toBe('InvalidPart');
  expect(await code(complete(Key, UploadId, [{ ...one, PartNumber: 9 }]))).toBe('InvalidPart');
  expect(await code(complete(Key, UploadId, []))).toBe('MalformedXML');
  expect(await code(complete(Key, UploadId, [one], { MpuObjectSize: 4 }))).toBe('InvalidRequest');
  expect(await code(part(Key, UploadId, 0, small))).toBe('InvalidArgument');
  expect(await code(part(Key, 'nothing', 1, small))).toBe('NoSuchUpload');
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  expect(await code(complete(Key, UploadId, [one]))).toBe('NoSuchUpload');
  expect(await code(s3.send(new HeadObjectCommand({ Bucket, Key })))).toBe('NotFound');
});

test('a conditional completion leaves the upload when it fails', async () => {
  const Key = 'taken';
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }));
  const UploadId = await begin(Key);
  const only = await part(Key, UploadId, 1, Buffer.from('second'));
  expect(await code(complete(Key, UploadId, [only], { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
  await complete(Key, UploadId, [only]);
  expect(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()).toBe('second');
});

test('parts copied from an object, whole or a range of it', async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: whole }));
  const Key = 'copied';
  const UploadId = await begin(Key);
  const CopySource = `${Bucket}/source`;
  const first = await s3.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 1, CopySource }));
  expect(first.CopyPartResult?.ETag).toBe(`"${md5(whole).toString('hex')}"`);
  const second = await s3.send(
    new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 2, CopySource, CopySourceRange: 'bytes=10-19' }),
  );
  expect(
    await code(
      s3.send(
        new UploadPartCopyCommand({
          Bucket,
          Key,
          UploadId,
          PartNumber: 2,
          CopySource,
          CopySourceRange: `bytes=0-${whole.length}`,
        }),
      ),
    ),
  ).toBe('InvalidArgument');
  await complete(Key, UploadId, [
    { PartNumber: 1, ETag: first.CopyPartResult?.ETag },
    { PartNumber: 2, ETag: second.CopyPartResult?.ETag },
  ]);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const expected = Buffer.concat([whole, whole.subarray(10, 20)]);
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true);
});

test('uploads under way are listed by key, in pages, with common prefixes', async () => {
  const other = 'uploads';
  await s3.send(new CreateBucketCommand({ Bucket: other }));
  const create = (Key: string) => s3.send(new CreateMultipartUploadCommand({ Bucket: other, Key }));
  const first = await create('b');
  const second = await create('b');
  await create('a/1');
  await create('a/2');
  const found = await s3.send(new ListMultipartUploadsCommand({ Bucket: other, Delimiter: '/', MaxUploads: 2 }));
  expect(found).toMatchObject({
    IsTruncated: true,
    CommonPrefixes: [{ Prefix: 'a/' }],
    Uploads: [{ Key: 'b', UploadId: first.UploadId }],
    NextKeyMarker: 'b',
    NextUploadIdMarker: first.UploadId,
  });
  const rest = await s3.send(
    new ListMultipartUploadsCommand({
      Bucket: other,
      KeyMarker: found.NextKeyMarker,
      UploadIdMarker: found.NextUploadIdMarker,
    }),
  );
  expect(rest).toMatchObject({ IsTruncated: false, Uploads: [{ UploadId: second.UploadId }] });
});
