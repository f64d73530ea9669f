/** ListObjects, ListObjectsV2, ListObjectVersions. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
import { createHash } from 'node:crypto';
import type {
  _Object,
  ListObjectsCommandInput,
  ListObjectsCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
  ObjectVersion as ObjectVersionOutput,
  Owner,
} from '@aws-sdk/client-s3';
import type { Call } from '../service.ts';
import { onBucket } from './access.ts';
import { invalidArgument } from './faults.ts';
import { encoder, keyAfterPrefix, laterKey, page, pageSize } from './listing.ts';
import { checkVersionId } from './object-get.ts';
import type { VersionEntry } from './object-index.ts';
import { orderOfVersionId } from './object-path.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord, ObjectVersion } from './state.ts';

interface ListInput {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly MaxKeys?: number | undefined;
}

const listContext = ({ Prefix, Delimiter, MaxKeys }: ListInput) => ({
  's3:prefix': Prefix ?? '',
  's3:delimiter': Delimiter,
  's3:max-keys': MaxKeys === undefined ? undefined : String(MaxKeys),
});

export const listObjects = onBucket('ListBucket', handleList, listContext);
export const listObjectsV2 = onBucket('ListBucket', handleListV2, listContext);
export const listObjectVersions = onBucket('ListBucketVersions', handleListVersions, listContext);

function handleList(
  input: ListObjectsCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<ListObjectsCommandOutput, '$metadata'> {
  const { Prefix = '', Delimiter = '', Marker = '' } = input;
  const max = pageSize(input.MaxKeys, 'max-keys');
  const encode = encoder(input.EncodingType);
  const found = objectPage(call, bucket, {
    prefix: Prefix,
    delimiter: Delimiter,
    max,
    start: Marker,
    after: Marker !== '',
    // A marker that names a common prefix, or a key below it, has seen that prefix.
    seen: (commonPrefix) => Marker.startsWith(commonPrefix),
  });
  const { last } = found;
  const next =
    found.truncated && Delimiter !== '' && last ? ('item' in last ? last.item.key : last.commonPrefix) : undefined;
  return {
    Name: bucket.name,
    Prefix: encode(Prefix),
    Marker: encode(Marker),
    MaxKeys: max,
    ...(Delimiter === '' ? {} : { Delimiter: encode(Delimiter) }),
    IsTruncated: found.truncated,
    ...(next === undefined ? {} : { NextMarker: encode(next) }),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...contents(found, encode, ownerOf(bucket)),
  };
}

function handleListV2(
  input: ListObjectsV2CommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<ListObjectsV2CommandOutput, '$metadata'> {
  const { Prefix = '', Delimiter = '', StartAfter, ContinuationToken } = input;
  const max = pageSize(input.MaxKeys, 'max-keys');
  const encode = encoder(input.EncodingType);
  const from =
    ContinuationToken === undefined
      ? { start: StartAfter ?? '', after: StartAfter !== undefined }
      : readToken(ContinuationToken);
  const found = objectPage(call, bucket, { prefix: Prefix, delimiter: Delimiter, max, ...from });
  return {
    Name: bucket.name,
    Prefix: encode(Prefix),
    MaxKeys: max,
    KeyCount: found.items.length + found.commonPrefixes.length,
    ...(Delimiter === '' ? {} : { Delimiter: encode(Delimiter) }),
    ...(StartAfter === undefined ? {} : { StartAfter: encode(StartAfter) }),
    ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    IsTruncated: found.truncated,
    ...(found.truncated && found.last ? { NextContinuationToken: tokenOf(found.last) } : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...contents(found, encode, input.FetchOwner ? ownerOf(bucket) : undefined),
  };
}

function objectPage(
  call: Call,
  bucket: BucketRecord,
  options: {
    prefix: string;
    delimiter: string;
    max: number;
    start: string;
    after: boolean;
    seen?: (commonPrefix: string) => boolean;
  },
) {
  const { index } = objectsOf(call);
  const { prefix, start, after } = options;
  const begin = laterKey(prefix, start);
  return page<ObjectVersion>({
    ...options,
    first: index.objects(bucket.name, begin, after && begin === start),
    seek: (key) => index.objects(bucket.name, key),
    keyOf: ({ key }) => key,
  });
}

function contents(
  found: { items: readonly ObjectVersion[]; commonPrefixes: readonly string[] },
  encode: (text: string) => string,
  owner: Owner | undefined,
) {
  const Contents = found.items.map(
    (object): _Object => ({
      Key: encode(object.key),
      LastModified: new Date(object.modifiedMs),
      ETag: `"${object.etag}"`,
      ...listedChecksum(object),
      Size: object.size,
      StorageClass: (object.storageClass ?? 'STANDARD') as _Object['StorageClass'],
      ...(owner ? { Owner: owner } : {}),
    }),
  );
  const CommonPrefixes = found.commonPrefixes.map((Prefix) => ({ Prefix: encode(Prefix) }));
  return { ...(Contents.length ? { Contents } : {}), ...(CommonPrefixes.length ? { CommonPrefixes } : {}) };
}

const listedChecksum = ({ checksum }: ObjectVersion) =>
  checksum ? { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type } : {};

/** The canonical user id of an account: 64 hex digits that say nothing. */
export const ownerOf = ({ account }: { account: string }): Owner => ({
  ID: createHash('sha256').update(`canonical user of ${account}`).digest('hex'),
});

/** A token says after what the next page begins: a key, or everything below a common prefix. */
function tokenOf(last: { item: ObjectVersion } | { commonPrefix: string }): string {
  return Buffer.from('item' in last ? `k${last.item.key}` : `p${last.commonPrefix}`).toString('base64url');
}

function readToken(token: string): { start: string; after: boolean } {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('k') && text.length > 1) return { start: text.slice(1), after: true };
  if (text.startsWith('p') && text.length > 1)
    return { start: keyAfterPrefix(text.slice(1)) ?? '\u{10ffff}', after: false };
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
}

function handleListVersions(
  input: ListObjectVersionsCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<ListObjectVersionsCommandOutput, '$metadata'> {
  const { Prefix = '', Delimiter = '', KeyMarker = '', VersionIdMarker } = input;
  const max = pageSize(input.MaxKeys, 'max-keys');
  const encode = encoder(input.EncodingType);
  const { index } = objectsOf(call);
  const begin = laterKey(Prefix, KeyMarker);
  const after = KeyMarker !== '' && begin === KeyMarker ? versionMarker(input, call, bucket) : undefined;
  const found = page<VersionEntry>({
    first: index.versions(bucket.name, begin, after),
    seek: (key) => index.versions(bucket.name, key),
    keyOf: ({ version }) => version.key,
    prefix: Prefix,
    delimiter: Delimiter,
    seen: (commonPrefix) => KeyMarker.startsWith(commonPrefix),
    max,
  });
  const { last } = found;
  const owner = ownerOf(bucket);
  const listed = found.items.map(({ version, isLatest }) => ({
    version,
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: new Date(version.modifiedMs),
    Owner: owner,
  }));
  const DeleteMarkers = listed.flatMap(({ version, ...entry }) => (version.deleteMarker ? [entry] : []));
  const Versions = listed.flatMap(({ version, ...entry }): ObjectVersionOutput[] =>
    version.deleteMarker
      ? []
      : [
          {
            ...entry,
            ETag: `"${version.etag}"`,
            Size: version.size,
            StorageClass: (version.storageClass ?? 'STANDARD') as 'STANDARD',
            ...listedChecksum(version),
          },
        ],
  );
  return {
    Name: bucket.name,
    Prefix: encode(Prefix),
    KeyMarker: encode(KeyMarker),
    VersionIdMarker: VersionIdMarker ?? '',
    MaxKeys: max,
    ...(Delimiter === '' ? {} : { Delimiter: encode(Delimiter) }),
    IsTruncated: found.truncated,
    ...(found.truncated && last
      ? 'item' in last
        ? { NextKeyMarker: encode(last.item.version.key), NextVersionIdMarker: last.item.version.versionId }
        : { NextKeyMarker: encode(last.commonPrefix) }
      : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...(Versions.length ? { Versions } : {}),
    ...(DeleteMarkers.length ? { DeleteMarkers } : {}),
    ...(found.commonPrefixes.length
      ? { CommonPrefixes: found.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })) }
      : {}),
  };
}

/** After which version of the marker's key to go on; without a version, after all of them. */
function versionMarker(
  { KeyMarker = '', VersionIdMarker }: ListObjectVersionsCommandInput,
  call: Call,
  bucket: BucketRecord,
): { order?: number } | undefined {
  if (VersionIdMarker === undefined || VersionIdMarker === '') return {};
  checkVersionId(VersionIdMarker);
  const order =
    objectsOf(call).index.version(bucket.name, KeyMarker, VersionIdMarker)?.order ?? orderOfVersionId(VersionIdMarker);
  // A null version that was deleted between two pages: its key's versions are listed again rather than missed.
  return order === undefined ? undefined : { order };
}
