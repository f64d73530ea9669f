/** Tags and ACL of an object, and GetObjectAttributes. */
import type {
  GetObjectAclCommandOutput,
  GetObjectAttributesCommandInput,
  GetObjectAttributesCommandOutput,
  GetObjectTaggingCommandInput,
  GetObjectTaggingCommandOutput,
  PutObjectAclCommandInput,
  PutObjectTaggingCommandInput,
} from '@aws-sdk/client-s3';
import type { Call } from '../service.ts';
import { bucketOf, type ObjectInput, onObject, question } from './access.ts';
import { refuseCustomerKeys } from './encryption.ts';
import { invalidArgument, invalidRequest } from './faults.ts';
import { ownerOf } from './list-objects.ts';
import { findObject } from './object-get.ts';
import { checkAcl, type ObjectSettingsInput } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord } from './state.ts';
import { checkTags, existingTagContext, tagContext } from './tags.ts';

const version = (bucket: BucketRecord, versionId: string) => (bucket.versioning ? { VersionId: versionId } : {});

export const putObjectTagging = onObject('PutObjectTagging', handlePutTagging, {
  versionAction: 'PutObjectVersionTagging',
  context: (input: PutObjectTaggingCommandInput, call) => ({
    ...tagContext(input.Tagging?.TagSet),
    ...existing(input, call),
  }),
});
export const getObjectTagging = onObject('GetObjectTagging', handleGetTagging, {
  versionAction: 'GetObjectVersionTagging',
  context: existing,
});
export const deleteObjectTagging = onObject('DeleteObjectTagging', handleDeleteTagging, {
  versionAction: 'DeleteObjectVersionTagging',
  context: existing,
});

async function handlePutTagging(input: PutObjectTaggingCommandInput, call: Call, bucket: BucketRecord) {
  const object = findObject(call, bucket, input);
  await objectsOf(call).index.amend(bucket.name, object, { tags: checkTags(input.Tagging?.TagSet, 10) });
  return version(bucket, object.versionId);
}

function handleGetTagging(
  input: GetObjectTaggingCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<GetObjectTaggingCommandOutput, '$metadata'> {
  const object = findObject(call, bucket, input);
  return { ...version(bucket, object.versionId), TagSet: [...(object.tags ?? [])] };
}

async function handleDeleteTagging(input: ObjectInput, call: Call, bucket: BucketRecord) {
  const object = findObject(call, bucket, input);
  await objectsOf(call).index.amend(bucket.name, object, { tags: undefined });
  return version(bucket, object.versionId);
}

function existing(input: ObjectInput, call: Call): Record<string, string> {
  const { Bucket = '', Key = '', VersionId } = input;
  const { index } = objectsOf(call);
  return existingTagContext(
    (VersionId === undefined ? index.current(Bucket, Key) : index.version(Bucket, Key, VersionId))?.tags,
  );
}

export const getObjectAcl = onObject('GetObjectAcl', handleGetAcl, { versionAction: 'GetObjectVersionAcl' });
export const putObjectAcl = onObject('PutObjectAcl', handlePutAcl, { versionAction: 'PutObjectVersionAcl' });

function handleGetAcl(
  input: ObjectInput,
  call: Call,
  bucket: BucketRecord,
): Omit<GetObjectAclCommandOutput, '$metadata'> {
  findObject(call, bucket, input);
  return ownersAcl(bucket);
}

/** Every object is its bucket owner's: the only list there can be. */
export function ownersAcl(bucket: BucketRecord): Omit<GetObjectAclCommandOutput, '$metadata'> {
  const owner = ownerOf(bucket);
  return { Owner: owner, Grants: [{ Grantee: { ...owner, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }] };
}

function handlePutAcl(input: PutObjectAclCommandInput, call: Call, bucket: BucketRecord) {
  findObject(call, bucket, input);
  refuseGrants(input, bucket);
  checkAcl(bucket, input as ObjectSettingsInput);
  return {};
}

/** A list in the request's body is accepted when it is the one that every object has. */
export function refuseGrants(input: Pick<PutObjectAclCommandInput, 'AccessControlPolicy'>, bucket: BucketRecord): void {
  const grants = input.AccessControlPolicy?.Grants ?? [];
  const own = grants.every(
    ({ Grantee, Permission }) => Grantee?.ID === ownerOf(bucket).ID && Permission === 'FULL_CONTROL',
  );
  if (!own) checkAcl(bucket, { GrantFullControl: 'listed' });
}

export const getObjectAttributes = onObject('GetObject', handleAttributes, {
  versionAction: 'GetObjectVersion',
  context: existing,
  also: (input: GetObjectAttributesCommandInput, call) => [
    question(
      call,
      bucketOf(call, input),
      input.VersionId === undefined ? 'GetObjectAttributes' : 'GetObjectVersionAttributes',
      input.Key,
    ),
  ],
});

const attributeNames = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

function handleAttributes(
  input: GetObjectAttributesCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<GetObjectAttributesCommandOutput, '$metadata'> {
  refuseCustomerKeys(input);
  const wanted: readonly string[] = input.ObjectAttributes ?? [];
  if (wanted.length === 0)
    throw invalidRequest(
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    );
  const unknown = wanted.find((name) => !attributeNames.includes(name));
  if (unknown !== undefined)
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', unknown);
  const object = findObject(call, bucket, input);
  const { checksum } = object;
  return {
    LastModified: new Date(object.modifiedMs),
    ...version(bucket, object.versionId),
    ...(wanted.includes('ETag') ? { ETag: object.etag } : {}),
    ...(wanted.includes('Checksum') && checksum
      ? {
          Checksum: {
            [`Checksum${checksum.algorithm}`]: checksum.value.replace(/-\d+$/, ''),
            ChecksumType: checksum.type,
          },
        }
      : {}),
    ...(wanted.includes('ObjectParts') && object.manifest
      ? { ObjectParts: attributeParts(input, call, bucket, object.manifest, checksum?.algorithm) }
      : {}),
    ...(wanted.includes('StorageClass') ? { StorageClass: (object.storageClass ?? 'STANDARD') as 'STANDARD' } : {}),
    ...(wanted.includes('ObjectSize') ? { ObjectSize: object.size } : {}),
  };
}

function attributeParts(
  input: GetObjectAttributesCommandInput,
  call: Call,
  bucket: BucketRecord,
  manifest: string,
  algorithm: string | undefined,
) {
  const parts = objectsOf(call).index.manifest(bucket.name, manifest)?.parts ?? [];
  const marker = Number(input.PartNumberMarker ?? 0);
  const max = Math.min(input.MaxParts ?? 1000, 1000);
  const rest = parts.filter(({ number }) => number > marker);
  const shown = rest.slice(0, max);
  const IsTruncated = shown.length < rest.length;
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: String(marker),
    MaxParts: max,
    IsTruncated,
    ...(IsTruncated ? { NextPartNumberMarker: String(shown.at(-1)?.number ?? marker) } : {}),
    // S3 lists the parts only of objects whose parts have checksums that the client asked for.
    ...(parts.some(({ checksum }) => checksum)
      ? {
          Parts: shown.map((part) => ({
            PartNumber: part.number,
            Size: part.size,
            ...(part.checksum ? { [`Checksum${algorithm}`]: part.checksum } : {}),
          })),
        }
      : {}),
  };
}
