/** Clients that are not ours: boto3, and ones that go away. */
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3OnSocket } from './socket.fixture.ts';

const run = promisify(execFile);
let region: Awaited<ReturnType<typeof s3OnSocket>>;
beforeAll(async () => {
  region = await s3OnSocket();
  await region.client().send(new CreateBucketCommand({ Bucket: 'bucket' }));
});
afterAll(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3'], { timeout: 20_000 }).status === 0;
if (!hasBoto3) console.warn('boto3 is not installed for python3: its tests are skipped');

const script = `
import boto3, io, os, sys, urllib.request
from botocore.config import Config
from boto3.s3.transfer import TransferConfig
s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test', config=Config(s3={'addressing_style': 'path'}, signature_version='s3v4', retries={'max_attempts': 0}))
big = os.urandom(12 * 1024 * 1024 + 5)
s3.upload_fileobj(io.BytesIO(big), 'bucket', 'big ü.bin', Config=TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024), ExtraArgs={'ContentType': 'x/y', 'Metadata': {'a': 'b'}})
head = s3.head_object(Bucket='bucket', Key='big ü.bin')
assert head['ETag'].endswith('-3"'), head['ETag']
assert head['ContentLength'] == len(big) and head['ContentType'] == 'x/y' and head['Metadata'] == {'a': 'b'}, head
out = io.BytesIO()
s3.download_fileobj('bucket', 'big ü.bin', out)
assert out.getvalue() == big
assert s3.get_object(Bucket='bucket', Key='big ü.bin', Range='bytes=5-9')['Body'].read() == big[5:10]
put = s3.generate_presigned_url('put_object', Params={'Bucket': 'bucket', 'Key': 'a b/c+d'}, ExpiresIn=60)
urllib.request.urlopen(urllib.request.Request(put, data=b'hello', method='PUT'))
get = s3.generate_presigned_url('get_object', Params={'Bucket': 'bucket', 'Key': 'a b/c+d', 'ResponseContentType': 'text/plain'}, ExpiresIn=60)
with urllib.request.urlopen(get) as answer:
    assert answer.read() == b'hello' and answer.headers['Content-Type'] == 'text/plain', answer.headers
try:
    urllib.request.urlopen(get.replace('X-Amz-Expires=60', 'X-Amz-Expires=61'))
    raise AssertionError('a changed URL was accepted')
except urllib.error.HTTPError as error:
    assert error.code == 403, error
keys = [each['Key'] for page in s3.get_paginator('list_objects_v2').paginate(Bucket='bucket', PaginationConfig={'PageSize': 1}) for each in page['Contents']]
assert keys == ['a b/c+d', 'big ü.bin'], keys
assert [p['Prefix'] for p in s3.list_objects(Bucket='bucket', Delimiter='/')['CommonPrefixes']] == ['a b/']
try:
    s3.get_object(Bucket='bucket', Key='no')
except s3.exceptions.NoSuchKey as error:
    assert error.response['Error']['Message'] == 'The specified key does not exist.'
s3.put_bucket_versioning(Bucket='bucket', VersioningConfiguration={'Status': 'Enabled'})
s3.put_object(Bucket='bucket', Key='v', Body=b'1')
s3.delete_object(Bucket='bucket', Key='v')
assert len(s3.list_object_versions(Bucket='bucket', Prefix='v')['DeleteMarkers']) == 1
bucket = boto3.resource('s3', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test').Bucket('bucket')
bucket.object_versions.delete()
assert list(bucket.objects.all()) == []
print('done')
`;

test.skipIf(!hasBoto3)('boto3: multipart transfers, presigned URLs, paginators, versions', async () => {
  const { stdout } = await run('python3', ['-c', script, region.url]);
  expect(stdout.trim()).toBe('done');
});

describe('clients that go away', () => {
  const files = () =>
    readdirSync(join(region.scope.filesDir, 'objects'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.includes('-'),
    ).length;
  const descriptors = () => readdirSync('/proc/self/fd').length;
  /** Sends the text, waits for `bytes` of an answer, and breaks the connection. */
  const breakOff = (text: string, bytes: number) =>
    new Promise<void>((resolve, reject) => {
      const { hostname, port } = new URL(region.url);
      let received = 0;
      const socket = connect(Number(port), hostname, () => {
        socket.write(text, () => {
          if (bytes === 0) setImmediate(() => socket.destroy());
        });
      });
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (bytes > 0 && received >= bytes) socket.destroy();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });

  test('in the middle of an upload: nothing is left of it', async () => {
    const s3 = region.client();
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'before', Body: 'x' }));
    const before = files();
    for (let i = 0; i < 5; i++) {
      await breakOff(
        `PUT /bucket/half HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(200_000)}`,
        0,
      );
    }
    await expect(s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'half' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    await expect.poll(files).toBe(before);
  });

  test('in the middle of a download: no file stays open', async () => {
    await region
      .client()
      .send(new PutObjectCommand({ Bucket: 'bucket', Key: 'large', Body: Buffer.alloc(20_000_000) }));
    const before = descriptors();
    await Promise.all(
      Array.from({ length: 10 }, () => breakOff('GET /bucket/large HTTP/1.1\r\nhost: x\r\n\r\n', 100_000)),
    );
    await expect.poll(descriptors).toBeLessThanOrEqual(before);
  });
});
