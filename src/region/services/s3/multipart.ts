import type {
  AbortMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
  UploadPartCopyCommandInput,
  UploadPartCopyCommandOutput,
} from '@aws-sdk/client-s3';
import type { Call, Operation } from '../service.ts';
import { bucketOf, onObject, question } from './access.ts';
import { canBeFullObject, checksumName } from './checksum.ts';
import {
  type EncryptionInput,
  encryptionFor,
  encryptionOutput,
  openDataKey,
  refuseCustomerKeys,
} from './encryption.ts';
import { invalidArgument, invalidRequest, noSuchUpload, notModelled } from './faults.ts';
import { abortDate } from './lifecycle-rules.ts';
import { checkKey } from './names.ts';
import { copyBytes, openSource, sourceAccess } from './object-copy.ts';
import { orderOf, versionIdOf } from './object-path.ts';
import { taggingAccess, writeContext } from './object-put.ts';
import { type ObjectSettingsInput, objectSettings } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import { copyRange } from './range.ts';
import type { BucketRecord, Part, Upload } from './state.ts';
import { type BodyInput, receive } from './upload-body.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const createMultipartUpload = onObject('PutObject', handleCreate, {
  context: writeContext,
  also: taggingAccess,
});
export const uploadPart = onObject('PutObject', handleUploadPart);
export const abortMultipartUpload = onObject('AbortMultipartUpload', handleAbort);

async function handleCreate(
  input: CreateMultipartUploadCommandInput,
  call: Call,
  bucket: BucketRecord,
): Promise<Omit<CreateMultipartUploadCommandOutput, '$metadata'>> {
  const { Key: key = '' } = input;
  const settings = objectSettings(bucket, input as ObjectSettingsInput);
  const { checksumAlgorithm, checksumType } = checksumOf(input);
  const encryption = await encryptionFor(call, bucket, key, input as EncryptionInput);
  const now = call.clock.now();
  const upload: Upload = {
    key,
    uploadId: versionIdOf(orderOf(now), call.random.text(87, letters)),
    initiatedMs: now,
    initiator: 'arn' in call.caller ? call.caller.arn : call.caller.kind,
    ...settings,
    encryption,
    checksumAlgorithm,
    checksumType,
    checksumAsked: input.ChecksumAlgorithm !== undefined,
  };
  await objectsOf(call).index.begin(bucket.name, upload);
  return {
    Bucket: bucket.name,
    Key: key,
    UploadId: upload.uploadId,
    ...encryptionOutput(encryption),
    ...shownChecksum(upload),
    ...abortDate(bucket, upload),
  };
}

function checksumOf(input: CreateMultipartUploadCommandInput): Pick<Upload, 'checksumAlgorithm' | 'checksumType'> {
  if (input.ChecksumAlgorithm === undefined) {
    if (input.ChecksumType !== undefined) {
      throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
    }
    return { checksumAlgorithm: 'CRC64NVME', checksumType: 'FULL_OBJECT' };
  }
  const checksumAlgorithm = checksumName(input.ChecksumAlgorithm);
  const checksumType = input.ChecksumType ?? (checksumAlgorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const possible =
    checksumType === 'FULL_OBJECT' ? canBeFullObject(checksumAlgorithm) : checksumAlgorithm !== 'CRC64NVME';
  if (!possible) {
    throw invalidRequest(
      `The ${checksumType} checksum type cannot be used with the ${checksumAlgorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { checksumAlgorithm, checksumType };
}

/** What answers and listings say of an upload's checksum: nothing, unless the client asked for it. */
export const shownChecksum = (upload: Upload) =>
  upload.checksumAsked ? { ChecksumAlgorithm: upload.checksumAlgorithm, ChecksumType: upload.checksumType } : {};

/** The upload that an input names. */
export function uploadOf(
  call: Call,
  bucket: BucketRecord,
  { Key = '', UploadId = '' }: { Key?: string | undefined; UploadId?: string | undefined },
): Upload {
  const upload = /^[0-9A-Za-z]{1,128}$/.test(UploadId)
    ? objectsOf(call).index.upload(bucket.name, Key, UploadId)
    : undefined;
  if (!upload) throw noSuchUpload(UploadId);
  return upload;
}

export function checkPartNumber(number: number | undefined): number {
  if (number === undefined || !Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', number);
  }
  return number;
}

async function handleUploadPart(
  input: UploadPartCommandInput,
  call: Call,
  bucket: BucketRecord,
): Promise<Omit<UploadPartCommandOutput, '$metadata'>> {
  refuseCustomerKeys(input);
  const number = checkPartNumber(input.PartNumber);
  const upload = uploadOf(call, bucket, input);
  await openDataKey(call, upload.encryption);
  const { files } = objectsOf(call);
  const { written, algorithm, checksum, stated } = await receive(
    call,
    files,
    input as BodyInput,
    upload.checksumAlgorithm,
    true,
  );
  if (upload.checksumAsked && (stated ? algorithm !== upload.checksumAlgorithm : upload.checksumType === 'COMPOSITE')) {
    files.remove([written.blob]);
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksumAlgorithm.toLowerCase()}, actual checksum Type: ${stated ? algorithm.toLowerCase() : 'null'}`,
    );
  }
  const part = await keepPart(call, bucket, upload, number, written);
  return {
    ETag: `"${part.etag}"`,
    ...(stated || upload.checksumAsked ? { [`Checksum${algorithm}`]: checksum } : {}),
    ...encryptionOutput(upload.encryption),
  };
}

async function keepPart(
  call: Call,
  bucket: BucketRecord,
  upload: Upload,
  number: number,
  written: { blob: string; size: number; md5: string; checksums: ReadonlyMap<string, string> },
): Promise<Part> {
  const { index, files } = objectsOf(call);
  const { blob, size, md5, checksums } = written;
  const part: Part = {
    number,
    size,
    md5,
    etag: md5,
    blob,
    modifiedMs: call.clock.now(),
    checksum: checksums.get(upload.checksumAlgorithm) ?? '',
  };
  try {
    const done = await index.putPart(bucket.name, upload.key, upload.uploadId, part);
    if (!done) throw noSuchUpload(upload.uploadId);
    if (done.replaced !== undefined) files.remove([done.replaced]);
    return part;
  } catch (error) {
    files.remove([blob]);
    throw error;
  }
}

export const uploadPartCopy: Operation = {
  access: (input: UploadPartCopyCommandInput, call) => {
    const { Key = '' } = input;
    checkKey(Key);
    const context = { 's3:x-amz-copy-source': input.CopySource?.replace(/^\//, '') };
    return [sourceAccess(input, call), question(call, bucketOf(call, input), 'PutObject', Key, context)];
  },
  handle: handleUploadPartCopy,
};

async function handleUploadPartCopy(
  input: UploadPartCopyCommandInput,
  call: Call,
): Promise<Omit<UploadPartCopyCommandOutput, '$metadata'>> {
  refuseCustomerKeys(input);
  const bucket = bucketOf(call, input);
  const number = checkPartNumber(input.PartNumber);
  const upload = uploadOf(call, bucket, input);
  const from = await openSource(input, call);
  await openDataKey(call, upload.encryption);
  const range = copyRange(input.CopySourceRange, from.object.size);
  const written = await copyBytes(call, from, upload.checksumAlgorithm, range);
  const part = await keepPart(call, bucket, upload, number, written);
  return {
    CopyPartResult: {
      ETag: `"${part.etag}"`,
      LastModified: new Date(part.modifiedMs),
      ...(upload.checksumAsked ? { [`Checksum${upload.checksumAlgorithm}`]: part.checksum } : {}),
    },
    ...(from.bucket.versioning ? { CopySourceVersionId: from.object.versionId } : {}),
    ...encryptionOutput(upload.encryption),
  };
}

async function handleAbort(input: AbortMultipartUploadCommandInput, call: Call, bucket: BucketRecord): Promise<object> {
  if (input.IfMatchInitiatedTime !== undefined)
    throw notModelled('IfMatchInitiatedTime, which S3 has for directory buckets only,');
  const upload = uploadOf(call, bucket, input);
  const { index, files } = objectsOf(call);
  const blobs = await index.abort(bucket.name, upload.key, upload.uploadId);
  if (!blobs) throw noSuchUpload(upload.uploadId);
  files.remove(blobs);
  return {};
}
