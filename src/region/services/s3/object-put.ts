/** PutObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
import { createHash } from 'node:crypto';
import type { PutObjectCommandInput, PutObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Access, Call } from '../service.ts';
import { bucketOf, onObject, question } from './access.ts';
import { checksumOutput } from './checksum.ts';
import { checkWrite, checkWriteConditions, type WriteConditions } from './conditions.ts';
import { type EncryptionInput, encryptionContext, encryptionFor, encryptionOutput } from './encryption.ts';
import { expirationHeader } from './lifecycle-rules.ts';
import { type ObjectSettingsInput, objectSettings } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord, Encryption } from './state.ts';
import { tagContext, tagsOfHeader } from './tags.ts';
import { type BodyInput, receive } from './upload-body.ts';

type Output = Omit<PutObjectCommandOutput, '$metadata'>;

export const putObject = onObject('PutObject', handlePut, { context: writeContext, also: taggingAccess });

async function handlePut(input: PutObjectCommandInput, call: Call, bucket: BucketRecord): Promise<Output> {
  const { index, files } = objectsOf(call);
  const { Key: key = '' } = input;
  checkWriteConditions(input);
  // Decided again when the index is written; this spares the client an upload in vain.
  checkWrite(input, key, index.current(bucket.name, key));
  const settings = objectSettings(bucket, input as ObjectSettingsInput);
  const encryption = await encryptionFor(call, bucket, key, input as EncryptionInput);
  const { written, algorithm, checksum } = await receive(call, files, input as BodyInput, 'CRC64NVME');
  const { blob, size, md5 } = written;
  const stored = { algorithm, value: checksum, type: 'FULL_OBJECT' as const };
  try {
    const { put, freed } = await index.put(
      bucket.name,
      {
        key,
        modifiedMs: call.clock.now(),
        ...etagOf(md5, encryption, blob),
        size,
        blob,
        checksum: stored,
        encryption,
        ...settings,
      },
      (current) => checkWrite(input, key, current),
    );
    files.remove(freed);
    return {
      ETag: `"${put.etag}"`,
      ...checksumOutput(stored),
      ...encryptionOutput(encryption),
      ...(bucket.versioning === 'Enabled' ? { VersionId: put.versionId } : {}),
      Expiration: expirationHeader(bucket, put),
    };
  } catch (error) {
    files.remove([blob]);
    throw error;
  }
}

/** The ETag is the contents' MD5, except with KMS, where S3 promises only that it changes with the object. */
export function etagOf(md5: string, encryption: Encryption, blob: string): { etag: string; md5?: string } {
  if (encryption.algorithm === 'AES256') return { etag: md5 };
  return { etag: createHash('md5').update(md5).update(blob).digest('hex'), md5 };
}

/** The condition keys of a write. */
export function writeContext(input: ObjectSettingsInput & EncryptionInput & WriteConditions) {
  return {
    ...encryptionContext(input),
    ...tagContext(tagsOfHeader(input.Tagging)),
    's3:x-amz-acl': input.ACL,
    's3:x-amz-storage-class': input.StorageClass,
    's3:x-amz-website-redirect-location': input.WebsiteRedirectLocation,
    's3:if-match': input.IfMatch,
    's3:if-none-match': input.IfNoneMatch,
  };
}

/** Tags with an object need a permission of their own. */
export function taggingAccess(input: PutObjectCommandInput, call: Call): Access[] {
  if (!input.Tagging) return [];
  const tags = tagContext(tagsOfHeader(input.Tagging));
  return [question(call, bucketOf(call, input), 'PutObjectTagging', input.Key, tags)];
}
