/** A process for `crash.test.ts` to kill: puts objects without end, and says which of them were acknowledged. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { realClock } from '../../clock/clock.ts';
import { openStore } from '../../store/lmdb-store.ts';
import { s3Region } from './region.fixture.ts';

/** Bytes that follow from the name, so that whoever reads them knows whether they are all there. */
export function bytesOf(name: string, size: number): Buffer {
  const block = createHash('sha512').update(name).digest();
  return Buffer.concat(Array.from({ length: Math.ceil(size / 64) }, () => block)).subarray(0, size);
}

const sizes = [0, 10, 5_000, 200_000, 1_500_000];

/** Runs until the process is killed. */
export async function writeForever(dir: string): Promise<void> {
  const { call } = s3Region({ store: openStore(dir), clock: realClock(), seed: 1 });
  await call('CreateBucket', { Bucket: 'plain' });
  await call('CreateBucket', { Bucket: 'versioned' });
  await call('PutBucketVersioning', { Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const worker = async (id: number) => {
    for (let i = 0; ; i++) {
      const Bucket = i % 2 ? 'plain' : 'versioned';
      const Key = `w${id}/${i % 7}`;
      const name = `${Bucket}/${Key}/${i}`;
      const size = sizes[(i + id) % sizes.length] ?? 0;
      say(`trying ${Bucket} ${Key} ${name} ${size}`);
      // In pieces, so that a kill finds files that are written in part.
      await call('PutObject', { Bucket, Key, Body: Readable.from(pieces(bytesOf(name, size))), Metadata: { name } });
      say(`acknowledged ${Bucket} ${Key} ${name} ${size}`);
      if (i % 5 === 4) {
        const { UploadId } = await call<{ UploadId: string }>('CreateMultipartUpload', {
          Bucket,
          Key: `${Key}/parts`,
          Metadata: { name },
        });
        const { ETag } = await call<{ ETag: string }>('UploadPart', {
          Bucket,
          Key: `${Key}/parts`,
          UploadId,
          PartNumber: 1,
          Body: bytesOf(name, size),
        });
        await call('CompleteMultipartUpload', {
          Bucket,
          Key: `${Key}/parts`,
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        });
        say(`acknowledged ${Bucket} ${Key}/parts ${name} ${size}`);
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(worker));
}

function* pieces(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
}
