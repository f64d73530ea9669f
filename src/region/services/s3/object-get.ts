/** GetObject and HeadObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
import type { Readable } from 'node:stream';
import type {
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { bucketOf, type ObjectInput, onObject, question } from './access.ts';
import { checksumOutput } from './checksum.ts';
import { checkRead } from './conditions.ts';
import { encryptionOutput, openDataKey, refuseCustomerKeys } from './encryption.ts';
import { invalidArgument, noSuchKey, noSuchVersion } from './faults.ts';
import { expirationHeader } from './lifecycle-rules.ts';
import type { Segment } from './object-files.ts';
import { objectsOf } from './objects.ts';
import { type ByteRange, byteRange } from './range.ts';
import type { BucketRecord, ObjectVersion } from './state.ts';
import { existingTagContext } from './tags.ts';

type GetOutput = Omit<GetObjectCommandOutput, '$metadata' | 'Body'> & { Body: Readable | Uint8Array };
type HeadOutput = Omit<HeadObjectCommandOutput, '$metadata'>;

const reading = { versionAction: 'GetObjectVersion', context: existingTags };

export const getObject = onObject('GetObject', handleGet, reading);
export const headObject = onObject('GetObject', handleHead, reading);

async function handleGet(input: GetObjectCommandInput, call: Call, bucket: BucketRecord): Promise<GetOutput> {
  const { object, range, output } = describe(input, call, bucket);
  await openDataKey(call, object.encryption);
  const { files } = objectsOf(call);
  const whole = range ?? { first: 0, last: object.size - 1 };
  return { ...output, ...overrides(input, call), Body: await files.read(segmentsOf(call, bucket, object), whole) };
}

async function handleHead(input: HeadObjectCommandInput, call: Call, bucket: BucketRecord): Promise<HeadOutput> {
  const { object, output } = describe(input, call, bucket);
  if (input.ChecksumMode === 'ENABLED') await openDataKey(call, object.encryption);
  return { ...output, ...overrides(input, call) };
}

function describe(input: GetObjectCommandInput | HeadObjectCommandInput, call: Call, bucket: BucketRecord) {
  refuseCustomerKeys(input);
  const object = findObject(call, bucket, input);
  checkRead(input, object, cacheHeaders(object));
  const part = input.PartNumber === undefined ? undefined : partRange(call, bucket, object, input.PartNumber);
  if (part && input.Range !== undefined) {
    throw new Fault('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter', {
      status: 400,
    });
  }
  const range = part ?? byteRange(input.Range, object.size);
  const length = range ? range.last - range.first + 1 : object.size;
  const { headers = {}, metadata, tags, checksum, partsCount } = object;
  const { ExpiresMs, ...content } = headers;
  // Of a part of the object the whole's checksum would be wrong.
  const showChecksum = input.ChecksumMode === 'ENABLED' && (range === undefined || length === object.size);
  const output: HeadOutput = {
    AcceptRanges: 'bytes',
    LastModified: new Date(object.modifiedMs),
    ContentLength: length,
    ETag: `"${object.etag}"`,
    ...(bucket.versioning ? { VersionId: object.versionId } : {}),
    ContentType: 'binary/octet-stream',
    ...content,
    ...(ExpiresMs === undefined ? {} : { Expires: new Date(ExpiresMs) }),
    ...(range && object.size > 0 ? { ContentRange: `bytes ${range.first}-${range.last}/${object.size}` } : {}),
    ...(showChecksum ? checksumOutput(checksum) : {}),
    ...encryptionOutput(object.encryption),
    Metadata: { ...metadata },
    StorageClass: object.storageClass as HeadOutput['StorageClass'],
    ...(input.PartNumber !== undefined && partsCount ? { PartsCount: partsCount } : {}),
    ...(tags?.length ? { TagCount: tags.length } : {}),
    Expiration: expirationHeader(bucket, object),
  };
  return { object, range, output };
}

/** The version that an input names, or the fault that S3 gives when it cannot be read. */
export function findObject(call: Call, bucket: BucketRecord, { Key: key = '', VersionId }: ObjectInput): ObjectVersion {
  const { index } = objectsOf(call);
  if (VersionId === undefined) {
    const current = index.current(bucket.name, key);
    if (current) return current;
    refuseUnlessLister(call, bucket, key);
    const marker = bucket.versioning ? index.latest(bucket.name, key) : undefined;
    throw noSuchKey(key, marker ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker.versionId } : {});
  }
  const version = index.version(bucket.name, key, checkVersionId(VersionId));
  if (!version) {
    refuseUnlessLister(call, bucket, key, 'ListBucketVersions');
    throw noSuchVersion(key, VersionId);
  }
  if (version.deleteMarker) {
    throw new Fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
      members: { Method: 'GET', ResourceType: 'DeleteMarker' },
      headers: {
        Allow: 'DELETE',
        'x-amz-delete-marker': 'true',
        'x-amz-version-id': version.versionId,
        'Last-Modified': new Date(version.modifiedMs).toUTCString(),
      },
    });
  }
  return version;
}

/** Who may not list must not learn that a key is missing: 403 instead of 404. */
function refuseUnlessLister(call: Call, bucket: BucketRecord, key: string, action = 'ListBucket'): void {
  call.authorise(question(call, bucket, action, undefined, { 's3:prefix': key }));
}

export function checkVersionId(versionId: string): string {
  if (versionId === '') throw invalidArgument('Version id cannot be the empty string', 'versionId', versionId);
  if (versionId !== 'null' && !/^[A-Za-z0-9._]{32}$/.test(versionId)) {
    throw invalidArgument('Invalid version id specified', 'versionId', versionId);
  }
  return versionId;
}

/** The files that hold an object's bytes, in order. */
export function segmentsOf(call: Call, bucket: BucketRecord, object: ObjectVersion): readonly Segment[] {
  if (object.manifest) return objectsOf(call).index.manifest(bucket.name, object.manifest)?.parts ?? [];
  return object.blob === undefined ? [] : [{ blob: object.blob, size: object.size }];
}

function partRange(call: Call, bucket: BucketRecord, object: ObjectVersion, number: number): ByteRange | undefined {
  const parts = object.manifest ? segmentsOf(call, bucket, object) : [{ size: object.size }];
  const size = parts[number - 1]?.size;
  if (size === undefined) {
    throw new Fault('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      status: 416,
      members: { PartNumberRequested: String(number), ActualPartCount: String(parts.length) },
    });
  }
  const first = parts.slice(0, number - 1).reduce((sum, part) => sum + part.size, 0);
  return size === 0 ? undefined : { first, last: first + size - 1 };
}

/** `response-content-type` and its like, which only a signed request may use. */
function overrides(input: GetObjectCommandInput | HeadObjectCommandInput, call: Call): Partial<HeadOutput> {
  const given = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
    Expires: input.ResponseExpires,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  if (present.length > 0 && call.caller.kind === 'anonymous') {
    throw new Fault('InvalidRequest', 'Request specific response headers cannot be used for anonymous GET requests.', {
      status: 400,
    });
  }
  return Object.fromEntries(present);
}

/** What a 304 must repeat. */
function cacheHeaders({ etag, modifiedMs, headers }: ObjectVersion): Record<string, string> {
  return {
    ETag: `"${etag}"`,
    'Last-Modified': new Date(modifiedMs).toUTCString(),
    ...(headers?.CacheControl ? { 'Cache-Control': headers.CacheControl } : {}),
  };
}

function existingTags(input: ObjectInput, call: Call): Record<string, string> {
  const bucket = bucketOf(call, input);
  const { index } = objectsOf(call);
  const { Key = '', VersionId } = input;
  const version =
    VersionId === undefined ? index.current(bucket.name, Key) : index.version(bucket.name, Key, VersionId);
  return existingTagContext(version?.tags);
}
