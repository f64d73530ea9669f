/** ListParts and ListMultipartUploads. */
import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  ListPartsCommandInput,
  ListPartsCommandOutput,
} from '@aws-sdk/client-s3';
import type { Call } from '../service.ts';
import { onBucket, onObject } from './access.ts';
import { refuseCustomerKeys } from './encryption.ts';
import { invalidArgument } from './faults.ts';
import { abortDate } from './lifecycle-rules.ts';
import { ownerOf } from './list-objects.ts';
import { encoder, laterKey, page, pageSize } from './listing.ts';
import { shownChecksum, uploadOf } from './multipart.ts';
import { objectsOf } from './objects.ts';
import type { BucketRecord, Upload } from './state.ts';

export const listParts = onObject('ListMultipartUploadParts', handleListParts);

function handleListParts(
  input: ListPartsCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<ListPartsCommandOutput, '$metadata'> {
  refuseCustomerKeys(input);
  const upload = uploadOf(call, bucket, input);
  const max = pageSize(input.MaxParts, 'max-parts');
  const marker = Number(input.PartNumberMarker ?? 0);
  if (!Number.isInteger(marker) || marker < 0 || marker > 2147483647) {
    throw invalidArgument(
      'Argument part-number-marker must be an integer between 0 and 2147483647',
      'part-number-marker',
      input.PartNumberMarker,
    );
  }
  const parts = [];
  let truncated = false;
  for (const part of objectsOf(call).index.parts(bucket.name, upload.uploadId, Math.min(marker, 10_000))) {
    truncated = parts.length === max;
    if (truncated) break;
    parts.push(part);
  }
  return {
    Bucket: bucket.name,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(parts.at(-1)?.number ?? 0),
    MaxParts: max,
    IsTruncated: truncated && max > 0,
    ...(parts.length
      ? {
          Parts: parts.map((part) => ({
            PartNumber: part.number,
            LastModified: new Date(part.modifiedMs),
            ETag: `"${part.etag}"`,
            Size: part.size,
            ...(upload.checksumAsked ? { [`Checksum${upload.checksumAlgorithm}`]: part.checksum } : {}),
          })),
        }
      : {}),
    ...people(bucket, upload),
    StorageClass: storageClass(upload),
    ...shownChecksum(upload),
    ...abortDate(bucket, upload),
  };
}

const storageClass = (upload: Upload) => (upload.storageClass ?? 'STANDARD') as 'STANDARD';
const people = (bucket: BucketRecord, upload: Upload) => ({
  Owner: ownerOf(bucket),
  Initiator: { ID: upload.initiator, DisplayName: upload.initiator.split('/').at(-1) ?? upload.initiator },
});

export const listMultipartUploads = onBucket(
  'ListBucketMultipartUploads',
  handleListUploads,
  (input: ListMultipartUploadsCommandInput) => ({
    's3:prefix': input.Prefix ?? '',
    's3:delimiter': input.Delimiter,
  }),
);

function handleListUploads(
  input: ListMultipartUploadsCommandInput,
  call: Call,
  bucket: BucketRecord,
): Omit<ListMultipartUploadsCommandOutput, '$metadata'> {
  const { Prefix = '', Delimiter = '', KeyMarker = '' } = input;
  // Without a key marker S3 ignores the upload's.
  const UploadIdMarker = KeyMarker === '' ? '' : (input.UploadIdMarker ?? '');
  const max = pageSize(input.MaxUploads, 'max-uploads');
  const encode = encoder(input.EncodingType);
  const { index } = objectsOf(call);
  const begin = laterKey(Prefix, KeyMarker);
  const atMarker = KeyMarker !== '' && begin === KeyMarker;
  if (UploadIdMarker !== '' && !/^[0-9A-Za-z]{1,128}$/.test(UploadIdMarker)) {
    throw invalidArgument('Invalid uploadId marker', 'upload-id-marker', UploadIdMarker);
  }
  const after = atMarker ? (UploadIdMarker === '' ? {} : { uploadId: UploadIdMarker }) : undefined;
  const found = page<Upload>({
    first: index.uploads(bucket.name, begin, after),
    seek: (key) => index.uploads(bucket.name, key),
    keyOf: ({ key }) => key,
    prefix: Prefix,
    delimiter: Delimiter,
    seen: (commonPrefix) => KeyMarker.startsWith(commonPrefix),
    max,
  });
  const { last } = found;
  return {
    Bucket: bucket.name,
    Prefix: encode(Prefix),
    KeyMarker: encode(KeyMarker),
    UploadIdMarker,
    ...(Delimiter === '' ? {} : { Delimiter: encode(Delimiter) }),
    MaxUploads: max,
    IsTruncated: found.truncated,
    ...(found.truncated && last
      ? 'item' in last
        ? { NextKeyMarker: encode(last.item.key), NextUploadIdMarker: last.item.uploadId }
        : { NextKeyMarker: encode(last.commonPrefix), NextUploadIdMarker: '' }
      : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...(found.items.length
      ? {
          Uploads: found.items.map((upload) => ({
            Key: encode(upload.key),
            UploadId: upload.uploadId,
            Initiated: new Date(upload.initiatedMs),
            StorageClass: storageClass(upload),
            ...people(bucket, upload),
            ...shownChecksum(upload),
          })),
        }
      : {}),
    ...(found.commonPrefixes.length
      ? { CommonPrefixes: found.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })) }
      : {}),
  };
}
