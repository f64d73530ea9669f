/**
 * The questions that S3 asks IAM before an operation.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Access, Call, Operation } from '../service.ts';
import { accessDenied, noSuchBucket } from './faults.ts';
import { checkKey } from './names.ts';
import { type BucketRecord, bucketArn, buckets, objectArn } from './state.ts';

export interface BucketInput {
  readonly Bucket?: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
}

export interface ObjectInput extends BucketInput {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

type Context = Record<string, string | readonly string[] | undefined>;

/** The bucket that an input names, as long as it may be spoken to in this region. */
export function bucketOf(call: Call, { Bucket = '', ExpectedBucketOwner }: BucketInput): BucketRecord {
  const bucket = buckets(call).get(Bucket);
  if (!bucket) throw noSuchBucket(Bucket);
  if (ExpectedBucketOwner !== undefined && ExpectedBucketOwner !== bucket.account) throw accessDenied();
  // Who does not sign names no region.
  if (bucket.region !== call.region && call.caller.kind !== 'anonymous') {
    throw new Fault(
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      {
        status: 301,
        members: { Endpoint: `${Bucket}.s3.${bucket.region}.amazonaws.com`, Bucket },
        headers: { 'x-amz-bucket-region': bucket.region },
      },
    );
  }
  return bucket;
}

/** A question about a bucket or one of its objects, with everything that decides besides the caller's own policies. */
export function question(call: Call, bucket: BucketRecord, action: string, key?: string, context?: Context): Access {
  return {
    action: `s3:${action}`,
    resource: key === undefined ? bucketArn(bucket.name) : objectArn(bucket.name, key),
    context: { ...requestContext(call), 's3:ResourceAccount': bucket.account, ...context },
    resourcePolicy: policyFor(call, bucket),
    resourceAccount: bucket.account,
  };
}

/** Restrict public buckets: a public policy counts only for AWS services and within the account. */
function policyFor(call: Call, bucket: BucketRecord): string | undefined {
  const { policy, publicAccessBlock, account } = bucket;
  if (!policy) return undefined;
  if (policy.public && publicAccessBlock?.restrictPublicBuckets) {
    const { caller } = call;
    const inside = caller.kind === 'service' || (caller.kind !== 'anonymous' && caller.account === account);
    if (!inside) return undefined;
  }
  return policy.text;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html */
function requestContext({ http, caller }: Call): Context {
  if (!http || caller.kind === 'anonymous') return {};
  const presigned = http.query.has('X-Amz-Signature');
  return {
    's3:authType': presigned ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:x-amz-content-sha256': http.headers['x-amz-content-sha256'],
  };
}

/** An operation on a bucket that needs one permission. */
export function onBucket<I extends BucketInput>(
  action: string,
  handle: (input: I, call: Call, bucket: BucketRecord) => unknown,
  context?: (input: I) => Context,
): Operation {
  return {
    access: (input: I, call) => question(call, bucketOf(call, input), action, undefined, context?.(input)),
    handle: (input: I, call: Call) => handle(input, call, bucketOf(call, input)),
  };
}

/** An operation on an object; naming a version asks for `versionAction`. */
export function onObject<I extends ObjectInput>(
  action: string,
  handle: (input: I, call: Call, bucket: BucketRecord) => unknown,
  options: {
    versionAction?: string;
    context?: (input: I, call: Call) => Context;
    /** Further questions of the same request. */
    also?: (input: I, call: Call) => readonly Access[];
  } = {},
): Operation {
  const { versionAction = action, context, also } = options;
  return {
    access: (input: I, call) => {
      const bucket = bucketOf(call, input);
      const { Key = '', VersionId } = input;
      checkKey(Key);
      const first = question(call, bucket, VersionId === undefined ? action : versionAction, Key, {
        's3:VersionId': VersionId,
        ...context?.(input, call),
      });
      return also ? [first, ...also(input, call)] : first;
    },
    handle: (input: I, call: Call) => handle(input, call, bucketOf(call, input)),
  };
}
