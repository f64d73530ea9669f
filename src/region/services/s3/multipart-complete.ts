/** CompleteMultipartUpload: the parts become an object without being copied. */
import { createHash } from 'node:crypto';
import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { onObject } from './access.ts';
import { type ChecksumMembers, checksumOutput, joinChecksums } from './checksum.ts';
import { checkWrite, checkWriteConditions } from './conditions.ts';
import { encryptionOutput, openDataKey, refuseCustomerKeys } from './encryption.ts';
import { invalidPart, invalidRequest, malformedXml } from './faults.ts';
import { expirationHeader } from './lifecycle-rules.ts';
import { checkPartNumber, uploadOf } from './multipart.ts';
import { writeContext } from './object-put.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord, Checksum, Part, Upload } from './state.ts';

/** All parts but the last have at least 5 MiB. */
const minPartBytes = 5 * 1024 * 1024;

export const completeMultipartUpload = onObject('PutObject', handleComplete, { context: writeContext });

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
  checkOrder(listed.map(({ PartNumber }) => checkPartNumber(PartNumber)));
  for (const [position, wanted] of listed.entries()) {
    const number = checkPartNumber(wanted.PartNumber);
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

function checkOrder(numbers: readonly number[]): void {
  if (numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0))) return;
  throw new Fault(
    'InvalidPartOrder',
    'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
    { status: 400 },
  );
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
