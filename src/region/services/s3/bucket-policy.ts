/** Who may, said at the bucket: its policy and its public access block. */
import type {
  GetBucketPolicyCommandOutput,
  GetBucketPolicyStatusCommandOutput,
  GetPublicAccessBlockCommandOutput,
  PutBucketPolicyCommandInput,
  PutPublicAccessBlockCommandInput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { onBucket } from './access.ts';
import { accessDenied, malformedXml } from './faults.ts';
import { readBucketPolicy } from './policy-document.ts';
import { isPublic } from './public-policy.ts';
import { type BucketRecord, bucketArn, buckets } from './state.ts';

/** Changes a bucket's record. */
export function change(call: Call, bucket: BucketRecord, changes: Partial<BucketRecord>): void {
  // Read again: the handler may have waited since.
  const now = buckets(call).get(bucket.name) ?? bucket;
  buckets(call).put(bucket.name, { ...now, ...changes });
}

export const putBucketPolicy = onBucket('PutBucketPolicy', (input: PutBucketPolicyCommandInput, call, bucket) => {
  const text = input.Policy ?? '';
  const everyone = isPublic(readBucketPolicy(text, bucket.name));
  if (everyone && bucket.publicAccessBlock?.blockPublicPolicy) {
    const who = 'arn' in call.caller ? call.caller.arn : call.caller.kind;
    throw accessDenied(
      `User: ${who} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(bucket.name)}" because public policies are blocked by the BlockPublicPolicy block public access setting.`,
    );
  }
  change(call, bucket, { policy: { text, public: everyone } });
  return {};
});

export const getBucketPolicy = onBucket(
  'GetBucketPolicy',
  (_input, _call, bucket): Omit<GetBucketPolicyCommandOutput, '$metadata'> => {
    return { Policy: policyOf(bucket).text };
  },
);

export const deleteBucketPolicy = onBucket('DeleteBucketPolicy', (_input, call, bucket) => {
  change(call, bucket, { policy: undefined });
  return {};
});

export const getBucketPolicyStatus = onBucket(
  'GetBucketPolicyStatus',
  (_input, _call, bucket): Omit<GetBucketPolicyStatusCommandOutput, '$metadata'> => {
    return { PolicyStatus: { IsPublic: policyOf(bucket).public } };
  },
);

function policyOf(bucket: BucketRecord) {
  if (bucket.policy) return bucket.policy;
  throw new Fault('NoSuchBucketPolicy', 'The bucket policy does not exist', {
    status: 404,
    members: { BucketName: bucket.name },
  });
}

export const putPublicAccessBlock = onBucket(
  'PutBucketPublicAccessBlock',
  (input: PutPublicAccessBlockCommandInput, call, bucket) => {
    const { PublicAccessBlockConfiguration: block } = input;
    if (!block) throw malformedXml();
    change(call, bucket, {
      publicAccessBlock: {
        blockPublicAcls: block.BlockPublicAcls ?? false,
        ignorePublicAcls: block.IgnorePublicAcls ?? false,
        blockPublicPolicy: block.BlockPublicPolicy ?? false,
        restrictPublicBuckets: block.RestrictPublicBuckets ?? false,
      },
    });
    return {};
  },
);

export const getPublicAccessBlock = onBucket(
  'GetBucketPublicAccessBlock',
  (_input, _call, bucket): Omit<GetPublicAccessBlockCommandOutput, '$metadata'> => {
    const block = bucket.publicAccessBlock;
    if (!block) {
      throw new Fault('NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found', {
        status: 404,
        members: { BucketName: bucket.name },
      });
    }
    return {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      },
    };
  },
);

export const deletePublicAccessBlock = onBucket('PutBucketPublicAccessBlock', (_input, call, bucket) => {
  change(call, bucket, { publicAccessBlock: undefined });
  return {};
});
