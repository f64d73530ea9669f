/** DeleteObject and DeleteObjects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html */
import type {
  DeletedObject,
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  ObjectIdentifier,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { bucketOf, onObject, question } from './access.ts';
import { matches } from './conditions.ts';
import { malformedXml, noSuchKey, notModelled, preconditionFailed } from './faults.ts';
import { checkKey } from './names.ts';
import { checkVersionId } from './object-get.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord, ObjectVersion } from './state.ts';

export const deleteObject = onObject('DeleteObject', handleDelete, { versionAction: 'DeleteObjectVersion' });

async function handleDelete(
  input: DeleteObjectCommandInput,
  call: Call,
  bucket: BucketRecord,
): Promise<Omit<DeleteObjectCommandOutput, '$metadata'>> {
  refuseUnmodelled(input);
  if (input.IfMatchLastModifiedTime !== undefined || input.IfMatchSize !== undefined) {
    throw notModelled('A conditional delete by time or size, which S3 has for directory buckets only,');
  }
  return remove(call, bucket, { Key: input.Key, VersionId: input.VersionId, ETag: input.IfMatch });
}

/** Each object is authorised by itself, so one refusal does not stop the others. */
export const deleteObjects: Operation = {
  access: (input: DeleteObjectsCommandInput, call) => {
    bucketOf(call, input);
    return [];
  },
  handle: handleDeleteMany,
};

async function handleDeleteMany(
  input: DeleteObjectsCommandInput,
  call: Call,
): Promise<Omit<DeleteObjectsCommandOutput, '$metadata'>> {
  const bucket = bucketOf(call, input);
  refuseUnmodelled(input);
  const { Objects: objects = [], Quiet = false } = input.Delete ?? {};
  if (objects.length === 0 || objects.length > 1000) throw malformedXml();
  // Together, so that their transactions share a commit.
  const results = await Promise.all(objects.map((object) => removeOne(call, bucket, object)));
  const Errors = results.flatMap(({ error }) => (error ? [error] : []));
  const Deleted = Quiet ? [] : results.flatMap(({ deleted }) => (deleted ? [deleted] : []));
  return { ...(Deleted.length ? { Deleted } : {}), ...(Errors.length ? { Errors } : {}) };
}

async function removeOne(call: Call, bucket: BucketRecord, object: ObjectIdentifier) {
  const { Key, VersionId } = object;
  const named = { Key, ...(VersionId === undefined ? {} : { VersionId }) };
  try {
    checkKey(Key ?? '');
    if (object.LastModifiedTime !== undefined || object.Size !== undefined) {
      throw notModelled('A conditional delete by time or size, which S3 has for directory buckets only,');
    }
    const action = VersionId === undefined ? 'DeleteObject' : 'DeleteObjectVersion';
    call.authorise(question(call, bucket, action, Key, { 's3:VersionId': VersionId }));
    const output = await remove(call, bucket, object);
    const deleted: DeletedObject = { ...named };
    if (output.DeleteMarker) {
      deleted.DeleteMarker = true;
      deleted.DeleteMarkerVersionId = output.VersionId;
    }
    return { deleted };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { error: { ...named, Code: error.code, Message: error.message } };
  }
}

async function remove(
  call: Call,
  bucket: BucketRecord,
  {
    Key: key = '',
    VersionId,
    ETag,
  }: { Key: string | undefined; VersionId?: string | undefined; ETag?: string | undefined },
): Promise<{ DeleteMarker?: boolean; VersionId?: string }> {
  const { index, files } = objectsOf(call);
  const check = (found: ObjectVersion | undefined) => {
    if (ETag === undefined) return;
    if (!found || found.deleteMarker) throw noSuchKey(key);
    if (!matches(ETag, found.etag)) throw preconditionFailed('If-Match');
  };
  if (VersionId !== undefined) {
    const { version, freed } = await index.deleteVersion(bucket.name, key, checkVersionId(VersionId), check);
    files.remove(freed);
    return { ...(bucket.versioning ? { VersionId } : {}), ...(version?.deleteMarker ? { DeleteMarker: true } : {}) };
  }
  const { marker, freed } = await index.deleteLatest(bucket.name, key, call.clock.now(), check);
  files.remove(freed);
  return marker ? { DeleteMarker: true, VersionId: marker.versionId } : {};
}

function refuseUnmodelled(input: { MFA?: string | undefined; BypassGovernanceRetention?: boolean | undefined }): void {
  if (input.MFA !== undefined) throw notModelled('MFA delete');
  if (input.BypassGovernanceRetention) {
    throw new Fault(
      'InvalidArgument',
      'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
      { status: 400 },
    );
  }
}
