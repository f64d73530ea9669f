/** A private bucket as every one here is: no public access, TLS only, owner enforced; and its key, where it has one. */
import { Aws, CfnDeletionPolicy, type CfnResource, Fn } from 'aws-cdk-lib';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnBucket, CfnBucketPolicy, type CfnBucketProps } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';

export type Statement = Readonly<Record<string, unknown>>;

/** What an unfinished upload, or a version that was overwritten, is worth keeping for. */
const lifecycleConfiguration: CfnBucket.LifecycleConfigurationProperty = {
  rules: [
    {
      id: 'CleanUp',
      status: 'Enabled',
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
    },
  ],
};

export function privateBucket(
  scope: Construct,
  id: string,
  props: CfnBucketProps & { readonly key?: CfnKey | undefined },
) {
  const { key, ...rest } = props;
  return new CfnBucket(scope, id, {
    publicAccessBlockConfiguration: {
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    bucketEncryption: {
      serverSideEncryptionConfiguration: [
        key
          ? // A bucket key spares a call to KMS for each object.
            {
              serverSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: key.attrArn },
              bucketKeyEnabled: true,
            }
          : { serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } },
      ],
    },
    lifecycleConfiguration,
    ...rest,
  });
}

export function bucketPolicy(
  scope: Construct,
  bucket: CfnBucket,
  statements: readonly unknown[] = [],
): CfnBucketPolicy {
  const tlsOnly = {
    Sid: 'TlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucket.attrArn, within(bucket)],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  return new CfnBucketPolicy(scope, `${bucket.node.id}Policy`, {
    bucket: bucket.ref,
    policyDocument: { Version: '2012-10-17', Statement: [tlsOnly, ...statements] },
  });
}

/** The ARN of objects in a bucket. */
export function within(bucket: CfnBucket, objects = '*'): string {
  return Fn.sub(`\${${bucket.node.id}.Arn}/${objects}`);
}

/**
 * The key of those buckets that have one; it outlives the stack, as what it encrypts may. In the account, policies of
 * roles decide about it. CloudFront may use it for any distribution of the account, since naming the one would be a
 * cycle: the distribution needs the bucket, the bucket the key, and the key the distribution.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export function makeKey(scope: Construct, { web, data }: Config): CfnKey | undefined {
  if (!web.kms && !data.kms) return undefined;
  const account = {
    Sid: 'Account',
    Effect: 'Allow',
    Principal: { AWS: Aws.ACCOUNT_ID },
    Action: 'kms:*',
    Resource: '*',
  };
  const cloudFront = {
    Sid: 'CloudFront',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: web.uploads ? ['kms:Decrypt', 'kms:GenerateDataKey*'] : 'kms:Decrypt',
    Resource: '*',
    Condition: {
      ArnLike: { 'aws:SourceArn': Fn.sub('arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*') },
    },
  };
  const key = new CfnKey(scope, 'BucketKey', {
    enableKeyRotation: true,
    keyPolicy: { Version: '2012-10-17', Statement: web.kms ? [account, cloudFront] : [account] },
  });
  keep(key);
  return key;
}

/** Survives the deletion of the stack, though not a creation that failed. */
export function keep(resource: CfnResource): void {
  resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
  resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
}
