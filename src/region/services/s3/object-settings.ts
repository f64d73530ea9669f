/** What a client may say of a new object besides its bytes: headers, metadata, tags, storage class, ACL. */
import { Fault } from '../../wire/fault.ts';
import { invalidArgument, notModelled } from './faults.ts';
import type { BucketAcl, BucketRecord, ContentHeaders, ObjectVersion } from './state.ts';
import { tagsOfHeader } from './tags.ts';

export interface ObjectSettingsInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly Tagging?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly WriteOffsetBytes?: number | undefined;
}

export type ObjectSettings = Pick<ObjectVersion, 'metadata' | 'tags' | 'storageClass'> & {
  readonly headers: ContentHeaders;
};

export function objectSettings(bucket: BucketRecord, input: ObjectSettingsInput): ObjectSettings {
  checkAcl(bucket, input);
  if (input.ObjectLockMode ?? input.ObjectLockRetainUntilDate ?? input.ObjectLockLegalHoldStatus) {
    throw new Fault('InvalidRequest', 'Bucket is missing Object Lock Configuration', { status: 400 });
  }
  if (input.WriteOffsetBytes !== undefined) throw notModelled('Appending to objects');
  return {
    headers: contentHeaders(input),
    metadata: checkMetadata(input.Metadata),
    tags: tagsOfHeader(input.Tagging),
    storageClass: checkStorageClass(input.StorageClass),
  };
}

function contentHeaders(input: ObjectSettingsInput): ContentHeaders {
  const {
    ContentType,
    CacheControl,
    ContentDisposition,
    ContentEncoding,
    ContentLanguage,
    Expires,
    WebsiteRedirectLocation,
  } = input;
  if (WebsiteRedirectLocation !== undefined && !/^(\/|https?:\/\/)/.test(WebsiteRedirectLocation)) {
    throw new Fault(
      'InvalidRedirectLocation',
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
      { status: 400 },
    );
  }
  const given = {
    ContentType,
    CacheControl,
    ContentDisposition,
    ContentEncoding,
    ContentLanguage,
    WebsiteRedirectLocation,
    ExpiresMs: Expires?.getTime(),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}

/** Names and values together are at most 2 KB. */
function checkMetadata(metadata: Record<string, string> | undefined): Record<string, string> | undefined {
  const entries = Object.entries(metadata ?? {});
  if (entries.length === 0) return undefined;
  const size = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (size > 2048) {
    throw new Fault('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      status: 400,
      members: { Size: String(size), MaxSizeAllowed: '2048' },
    });
  }
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

const instantClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
];

/** Undefined for STANDARD. */
export function checkStorageClass(storageClass: string | undefined): string | undefined {
  if (storageClass === undefined || storageClass === 'STANDARD') return undefined;
  if (instantClasses.includes(storageClass)) return storageClass;
  if (storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE') {
    throw notModelled(`The storage class ${storageClass}, whose objects must be restored before they are read,`);
  }
  throw new Fault('InvalidStorageClass', 'The storage class you specified is not valid', {
    status: 400,
    members: { StorageClassRequested: storageClass },
  });
}

/** With ACLs off (the default) only what changes nothing is taken; with ACLs on the model knows private ones, and a bucket's for access logs. */
export function checkAcl(bucket: BucketRecord, input: ObjectSettingsInput & { GrantWrite?: string | undefined }): void {
  const { ACL } = input;
  const grants =
    input.GrantFullControl ?? input.GrantRead ?? input.GrantReadACP ?? input.GrantWriteACP ?? input.GrantWrite;
  if (ACL !== undefined && !cannedAcls.includes(ACL))
    throw invalidArgument('Canned ACL is not valid', 'x-amz-acl', ACL);
  const harmless = ACL === undefined || ACL === 'private' || ACL === 'bucket-owner-full-control';
  if (grants === undefined && harmless) return;
  if (bucket.ownership === 'BucketOwnerEnforced' || bucket.ownership === undefined) {
    throw new Fault('AccessControlListNotSupported', 'The bucket does not allow ACLs', { status: 400 });
  }
  throw notModelled('An access control list other than private');
}

/** Of a bucket, what `checkAcl` is of an object. */
export function bucketAcl(bucket: BucketRecord, input: BucketAclInput): BucketAcl | undefined {
  const { ACL, ...grants } = input;
  const allowed = bucket.ownership === 'ObjectWriter' || bucket.ownership === 'BucketOwnerPreferred';
  if (ACL !== 'log-delivery-write' || !allowed) {
    checkAcl(bucket, input);
    return undefined;
  }
  checkAcl(bucket, grants);
  return ACL;
}

export function aclWithOwnership(): Fault {
  return new Fault(
    'InvalidBucketAclWithObjectOwnership',
    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    { status: 400 },
  );
}

type BucketAclInput = ObjectSettingsInput & { GrantWrite?: string | undefined };

export const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'aws-exec-read',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
];
