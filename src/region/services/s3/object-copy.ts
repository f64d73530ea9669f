/** CopyObject, and what UploadPartCopy shares with it. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
import type { CopyObjectCommandInput, CopyObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Access, Call, Operation } from '../service.ts';
import { bucketOf, question } from './access.ts';
import { type ChecksumName, checksumName, checksumOutput } from './checksum.ts';
import { checkCopySource, checkWrite, checkWriteConditions } from './conditions.ts';
import { type EncryptionInput, encryptionFor, encryptionOutput, openDataKey } from './encryption.ts';
import { invalidArgument, invalidRequest, notModelled } from './faults.ts';
import { expirationHeader } from './lifecycle-rules.ts';
import { checkKey } from './names.ts';
import type { Written } from './object-files.ts';
import { findObject, segmentsOf } from './object-get.ts';
import { etagOf, writeContext } from './object-put.ts';
import { type ObjectSettings, type ObjectSettingsInput, objectSettings } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import type { ByteRange } from './range.ts';
import type { BucketRecord, ObjectVersion } from './state.ts';
import { existingTagContext, tagContext, tagsOfHeader } from './tags.ts';
import { maxPutBytes } from './upload-body.ts';

export interface CopySource {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string;
}

/** `/bucket/key%20one?versionId=…`, with or without the first slash. */
export function copySource(text: string | undefined): CopySource {
  const [path = '', ...query] = (text ?? '').replace(/^\//, '').split('?versionId=');
  let decoded: string;
  try {
    decoded = decodeURIComponent(path.replace(/\+/g, '%20'));
  } catch {
    decoded = '';
  }
  if (decoded.startsWith('arn:')) throw notModelled('A copy source that is an access point');
  const slash = decoded.indexOf('/');
  if (slash <= 0 || slash === decoded.length - 1) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      text,
    );
  }
  const versionId = query.join('?versionId=');
  return {
    Bucket: decoded.slice(0, slash),
    Key: decoded.slice(slash + 1),
    ...(versionId === '' ? {} : { VersionId: versionId }),
  };
}

interface CopyInput {
  readonly CopySource?: string | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

const sourceInput = (input: CopyInput) => ({
  ...copySource(input.CopySource),
  ExpectedBucketOwner: input.ExpectedSourceBucketOwner,
});

/** Reading the source. */
export function sourceAccess(input: CopyInput, call: Call): Access {
  const source = sourceInput(input);
  const bucket = bucketOf(call, source);
  const { index } = objectsOf(call);
  const { Key, VersionId } = source;
  const version =
    VersionId === undefined ? index.current(bucket.name, Key) : index.version(bucket.name, Key, VersionId);
  return question(call, bucket, VersionId === undefined ? 'GetObject' : 'GetObjectVersion', Key, {
    's3:VersionId': VersionId,
    ...existingTagContext(version?.tags),
  });
}

/** The source of a copy, once it may be read and its conditions hold. */
export async function openSource(
  input: CopyInput & Parameters<typeof checkCopySource>[0],
  call: Call,
): Promise<{ bucket: BucketRecord; object: ObjectVersion; source: CopySource }> {
  const source = sourceInput(input);
  const bucket = bucketOf(call, source);
  const object = findObject(call, bucket, source);
  checkCopySource(input, object);
  await openDataKey(call, object.encryption);
  return { bucket, object, source };
}

/** A new file with the source's bytes. Without hashing when it is one file whose hashes are known. */
export async function copyBytes(
  call: Call,
  from: { bucket: BucketRecord; object: ObjectVersion },
  algorithm: ChecksumName,
  range?: ByteRange,
): Promise<Written> {
  const { files } = objectsOf(call);
  const { object } = from;
  const { blob, size, checksum } = object;
  const known = checksum?.algorithm === algorithm && checksum.type === 'FULL_OBJECT' ? checksum.value : undefined;
  if (blob !== undefined && known !== undefined && (!range || range.last - range.first + 1 === size)) {
    const md5 = object.md5 ?? object.etag;
    return { blob: await files.duplicate(blob), size, md5, checksums: new Map([[algorithm, known]]) };
  }
  const segments = segmentsOf(call, from.bucket, object);
  const stream = files.stream(segments, range ?? { first: 0, last: size - 1 });
  return files.write(stream, { algorithms: [algorithm], maxBytes: maxPutBytes });
}

export const copyObject: Operation = {
  access: (input: CopyObjectCommandInput, call) => {
    const bucket = bucketOf(call, input);
    const { Key = '' } = input;
    checkKey(Key);
    const context = {
      ...writeContext(input as ObjectSettingsInput & EncryptionInput),
      's3:x-amz-copy-source': input.CopySource?.replace(/^\//, ''),
      's3:x-amz-metadata-directive': input.MetadataDirective,
    };
    const tagging =
      input.TaggingDirective === 'REPLACE' && input.Tagging
        ? [question(call, bucket, 'PutObjectTagging', Key, tagContext(tagsOfHeader(input.Tagging)))]
        : [];
    return [sourceAccess(input, call), question(call, bucket, 'PutObject', Key, context), ...tagging];
  },
  handle: handleCopy,
};

async function handleCopy(
  input: CopyObjectCommandInput,
  call: Call,
): Promise<Omit<CopyObjectCommandOutput, '$metadata'>> {
  const bucket = bucketOf(call, input);
  const { Key: key = '' } = input;
  const { index, files } = objectsOf(call);
  checkWriteConditions(input);
  const from = await openSource(input, call);
  const { object, source } = from;
  if (object.size > maxPutBytes) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${maxPutBytes}`,
    );
  }
  refuseIdle(input, source);
  checkWrite(input, key, index.current(bucket.name, key));
  const settings = copiedSettings(input, bucket, object);
  const encryption = await encryptionFor(call, bucket, key, input as EncryptionInput);
  const algorithm = input.ChecksumAlgorithm
    ? checksumName(input.ChecksumAlgorithm)
    : (object.checksum?.algorithm ?? 'CRC64NVME');
  const { blob, size, md5, checksums } = await copyBytes(call, from, algorithm);
  const checksum = { algorithm, value: checksums.get(algorithm) ?? '', type: 'FULL_OBJECT' as const };
  try {
    const { put, freed } = await index.put(
      bucket.name,
      {
        key,
        modifiedMs: call.clock.now(),
        ...etagOf(md5, encryption, blob),
        size,
        blob,
        checksum,
        encryption,
        ...settings,
      },
      (current) => checkWrite(input, key, current),
    );
    files.remove(freed);
    return {
      CopyObjectResult: { ETag: `"${put.etag}"`, LastModified: new Date(put.modifiedMs), ...checksumOutput(checksum) },
      ...(from.bucket.versioning ? { CopySourceVersionId: object.versionId } : {}),
      ...(bucket.versioning === 'Enabled' ? { VersionId: put.versionId } : {}),
      ...encryptionOutput(encryption),
      Expiration: expirationHeader(bucket, put),
    };
  } catch (error) {
    files.remove([blob]);
    throw error;
  }
}

/** A copy of an object onto itself must change something. */
function refuseIdle(input: CopyObjectCommandInput, source: CopySource): void {
  const changes =
    input.MetadataDirective === 'REPLACE' ||
    input.TaggingDirective === 'REPLACE' ||
    (input.StorageClass ?? input.ServerSideEncryption ?? input.WebsiteRedirectLocation) !== undefined;
  if (source.Bucket !== input.Bucket || source.Key !== input.Key || source.VersionId !== undefined || changes) return;
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/** Metadata and tags come from the source unless told to be replaced; storage class and redirect never do. */
function copiedSettings(input: CopyObjectCommandInput, bucket: BucketRecord, source: ObjectVersion): ObjectSettings {
  const { MetadataDirective = 'COPY', TaggingDirective = 'COPY' } = input;
  for (const [name, value] of [
    ['x-amz-metadata-directive', MetadataDirective],
    ['x-amz-tagging-directive', TaggingDirective],
  ] as const) {
    if (value !== 'COPY' && value !== 'REPLACE') {
      throw invalidArgument(
        `Unknown ${name === 'x-amz-tagging-directive' ? 'tagging' : 'metadata'} directive.`,
        name,
        value,
      );
    }
  }
  if (input.AnnotationDirective !== undefined) throw notModelled('AnnotationDirective');
  const given = objectSettings(bucket, input as ObjectSettingsInput);
  const { WebsiteRedirectLocation: _, ...kept } = source.headers ?? {};
  const redirect =
    input.WebsiteRedirectLocation === undefined ? {} : { WebsiteRedirectLocation: input.WebsiteRedirectLocation };
  return {
    ...(MetadataDirective === 'REPLACE'
      ? { headers: given.headers, metadata: given.metadata }
      : { headers: { ...kept, ...redirect }, metadata: source.metadata }),
    tags: TaggingDirective === 'REPLACE' ? given.tags : source.tags,
    storageClass: given.storageClass,
  };
}
