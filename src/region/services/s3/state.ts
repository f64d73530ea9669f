/**
 * What S3 remembers: buckets in a table of the account (names are global), objects in one ordered index.
 * Bytes of objects are in files, see `object-files.ts`.
 */
import type {
  CORSRule,
  LifecycleRule,
  LoggingEnabled,
  ObjectOwnership,
  ServerSideEncryptionRule,
  Tag,
} from '@aws-sdk/client-s3';
import type { Scope } from '../service.ts';
import type { ChecksumName } from './checksum.ts';

export interface BucketRecord {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly createdMs: number;
  /** Undefined until versioning is first enabled; it can never become undefined again. */
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly publicAccessBlock?: PublicAccessBlock | undefined;
  readonly policy?: BucketPolicy | undefined;
  readonly encryption: ServerSideEncryptionRule;
  readonly ownership?: ObjectOwnership | undefined;
  /** Other than `private`. */
  readonly acl?: BucketAcl | undefined;
  readonly cors?: readonly CORSRule[] | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly lifecycle?: readonly LifecycleRule[] | undefined;
  readonly logging?: LoggingEnabled | undefined;
}

/** Lets nobody in but those who deliver access logs. */
export type BucketAcl = 'log-delivery-write';

export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

export interface BucketPolicy {
  readonly text: string;
  /** By S3's own definition, see `public-policy.ts`. */
  readonly public: boolean;
}

/** One version of an object, or a delete marker. */
export interface ObjectVersion {
  readonly key: string;
  /** `null` for objects put while versioning was not enabled. */
  readonly versionId: string;
  /** Grows with each version of a key: the newest has the highest. */
  readonly order: number;
  readonly modifiedMs: number;
  readonly deleteMarker?: true;
  /** Hex digits without quotes; `…-N` after a multipart upload. */
  readonly etag: string;
  readonly size: number;
  /** The file with the bytes; undefined for delete markers and multipart objects. */
  readonly blob?: string;
  /** Where the list of parts is, for objects of a multipart upload. */
  readonly manifest?: string;
  readonly partsCount?: number;
  /** Of the contents, in hex, where the ETag is not it (SSE-KMS). */
  readonly md5?: string;
  readonly checksum?: Checksum | undefined;
  readonly headers?: ContentHeaders;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: readonly Tag[] | undefined;
  /** Undefined: STANDARD. */
  readonly storageClass?: string | undefined;
  readonly encryption?: Encryption;
  /** When a newer version took its place. */
  readonly noncurrentSinceMs?: number;
}

export interface Checksum {
  readonly algorithm: ChecksumName;
  /** Base64; of composite ones with `-N`. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Stored as given and returned with the object. */
export interface ContentHeaders {
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ExpiresMs?: number | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

/** How the object says it is encrypted. The model asks KMS for permission, but stores the bytes as they are. */
export interface Encryption {
  readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  readonly keyArn?: string;
  readonly bucketKey?: boolean;
  /** The data key as KMS wrapped it, and what it was bound to. */
  readonly dataKey?: Uint8Array;
  readonly context?: Readonly<Record<string, string>>;
}

/** The parts that make up a multipart object, in order. */
export interface Manifest {
  readonly parts: readonly ManifestPart[];
}

export interface ManifestPart {
  readonly number: number;
  readonly size: number;
  readonly blob: string;
  readonly checksum?: string | undefined;
}

export interface Upload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedMs: number;
  readonly initiator: string;
  readonly headers: ContentHeaders;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly storageClass?: string | undefined;
  readonly encryption: Encryption;
  readonly checksumAlgorithm: ChecksumName;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE';
  /** Whether the client asked for this checksum; otherwise it is S3's own and parts do not show it. */
  readonly checksumAsked: boolean;
}

export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  readonly md5: string;
  readonly blob: string;
  readonly modifiedMs: number;
  readonly checksum: string;
}

export const buckets = (scope: Scope) => scope.globalTable<BucketRecord>('s3/buckets');

export const allBlocked: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

export const bucketArn = (bucket: string) => `arn:aws:s3:::${bucket}`;
export const objectArn = (bucket: string, key: string) => `arn:aws:s3:::${bucket}/${key}`;
