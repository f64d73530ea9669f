/** Multipart uploads. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
import { createHash } from 'node:crypto';
import type {
  AbortMultipartUploadCommandInput,
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
  UploadPartCopyCommandInput,
  UploadPartCopyCommandOutput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { bucketOf, onObject, question } from './access.ts';
import { type ChecksumMembers, canBeFullObject, checksumName, checksumOutput, joinChecksums } from './checksum.ts';
import { checkWrite, checkWriteConditions } from './conditions.ts';
import {
  type EncryptionInput,
  encryptionFor,
  encryptionOutput,
  openDataKey,
  refuseCustomerKeys,
} from './encryption.ts';
import { invalidArgument, invalidPart, invalidRequest, malformedXml, noSuchUpload, notModelled } from './faults.ts';
import { abortDate, expirationHeader } from './lifecycle-rules.ts';
import { checkKey } from './names.ts';
import { copyBytes, openSource, sourceAccess } from './object-copy.ts';
import { orderOf, versionIdOf } from './object-index.ts';
import { taggingAccess, writeContext } from './object-put.ts';
import { type ObjectSettingsInput, objectSettings } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import { copyRange } from './range.ts';
import type { BucketRecord, Checksum, Part, Upload } from './state.ts';
import { type BodyInput, receive } from './upload-body.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** All parts but the last have at least 5 MiB. */
const minPartBytes = 5 * 1024 * 1024;

export const createMultipartUpload = onObject('PutObject', handleCreate, {
  context: writeContext,
  also: taggingAccess,
});
export const uploadPart = onObject('PutObject', handleUploadPart);
export const completeMultipartUpload = onObject('PutObject', handleComplete, { context: writeContext });
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

function checkPartNumber(number: number | undefined): number {
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

async function handleComplete(
  input: CompleteMultipartUploadCommandInput,
  call: Call,
  bucket: BucketRecord,
): Promise<Omit<CompleteMultipartUploadCommandOutput, '$metadata'>> {
  refuseCustomerKeys(input);
  checkWriteConditions(input);
  const upload = uploadOf(call, bucket, input);
  const { index, files } = objectsOf(call);
  const parts = chosenParts(call, bucket, upload, input.MultipartUpload?.Parts ?? []);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
    );
  }
  const checksum = joinChecksums(upload.checksumAlgorithm, upload.checksumType, parts);
  checkStated(input, checksum);
  await openDataKey(call, upload.encryption);
  const md5s = createHash('md5');
  for (const { md5 } of parts) md5s.update(md5, 'hex');
  const { key, headers, metadata, tags, storageClass, encryption } = upload;
  const manifest = {
    parts: parts.map((part) => ({
      number: part.number,
      size: part.size,
      blob: part.blob,
      ...(upload.checksumAsked ? { checksum: part.checksum } : {}),
    })),
  };
  const { put, freed } = await index.put(
    bucket.name,
    {
      key,
      modifiedMs: call.clock.now(),
      etag: `${md5s.digest('hex')}-${parts.length}`,
      size,
      manifest: upload.uploadId,
      partsCount: parts.length,
      checksum,
      headers,
      metadata,
      tags,
      storageClass,
      encryption,
    },
    (current) => checkWrite(input, key, current),
    { manifest, uploadId: upload.uploadId },
  );
  files.remove(freed);
  return {
    Location: `https://${bucket.name}.s3.${bucket.region}.amazonaws.com/${encodeURIComponent(key)}`,
    Bucket: bucket.name,
    Key: key,
    ETag: `"${put.etag}"`,
    ...checksumOutput(checksum),
    ...encryptionOutput(encryption),
    ...(bucket.versioning === 'Enabled' ? { VersionId: put.versionId } : {}),
    Expiration: expirationHeader(bucket, put),
  };
}

/** The uploaded parts that the client lists: in order, unchanged, and large enough. */
function chosenParts(call: Call, bucket: BucketRecord, upload: Upload, listed: readonly CompletedPart[]): Part[] {
  if (listed.length === 0 || listed.length > 10_000) throw malformedXml();
  const { index } = objectsOf(call);
  const parts: Part[] = [];
  let before = 0;
  for (const [position, wanted] of listed.entries()) {
    const number = checkPartNumber(wanted.PartNumber);
    if (number <= before) {
      throw new Fault(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
        { status: 400 },
      );
    }
    before = number;
    const part = index.part(bucket.name, upload.uploadId, number);
    if (!part || part.etag !== wanted.ETag?.replace(/^"(.*)"$/, '$1')) throw invalidPart();
    checkPartChecksum(upload, part, wanted);
    if (part.size < minPartBytes && position < listed.length - 1) {
      throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        status: 400,
        members: {
          ETag: part.etag,
          PartNumber: String(number),
          ProposedSize: String(part.size),
          MinSizeAllowed: String(minPartBytes),
        },
      });
    }
    parts.push(part);
  }
  return parts;
}

function checkPartChecksum(upload: Upload, part: Part, wanted: CompletedPart): void {
  const stated = wanted[`Checksum${upload.checksumAlgorithm}`];
  if (stated !== undefined && stated !== part.checksum) throw invalidPart();
  if (stated === undefined && upload.checksumAsked && upload.checksumType === 'COMPOSITE') {
    throw invalidRequest(
      `The upload was created using a ${upload.checksumAlgorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
}

/** The client's own idea of the whole object's checksum. */
function checkStated(input: ChecksumMembers & { ChecksumType?: string | undefined }, checksum: Checksum): void {
  if (input.ChecksumType !== undefined && input.ChecksumType !== checksum.type) {
    throw invalidRequest(
      `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  const stated = input[`Checksum${checksum.algorithm}`];
  if (stated === undefined || stated === checksum.value || `${stated}-` === checksum.value.slice(0, stated.length + 1))
    return;
  throw new Fault(
    'BadDigest',
    `The ${checksum.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    { status: 400 },
  );
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
