/** A private bucket as every one here is: no public access, TLS only, owner enforced; and its key, where it has one. */
import { Aws, CfnDeletionPolicy, Fn } from 'aws-cdk-lib';
import { CfnKey } from 'aws-cdk-lib/aws-kms';
import { CfnBucket, CfnBucketPolicy, type CfnBucketProps } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

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
    ownershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] },
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

/** A key that outlives the stack, as what it encrypts may. `statements` besides: the account's own policies decide. */
export function encryptionKey(
  scope: Construct,
  id: string,
  description: string,
  statements: readonly Statement[] = [],
) {
  const key = new CfnKey(scope, id, {
    description,
    enableKeyRotation: true,
    keyPolicy: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'AccountPolicies',
          Effect: 'Allow',
          Principal: { AWS: Fn.sub('arn:${AWS::Partition}:iam::${AWS::AccountId}:root') },
          Action: 'kms:*',
          Resource: '*',
        },
        ...statements,
      ],
    },
  });
  keep(key);
  return key;
}

/** Survives the deletion of the stack, though not a creation that failed. */
export function keep(resource: CfnKey | CfnBucket): void {
  resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE;
  resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
}

/**
 * CloudFront may use the key for any distribution of this account. Naming the one would be a cycle: the distribution
 * needs the bucket, the bucket the key, and the key the distribution.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export function cloudFrontKeyStatement(writes: boolean): Statement {
  return {
    Sid: 'CloudFront',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: writes ? ['kms:Decrypt', 'kms:GenerateDataKey*'] : 'kms:Decrypt',
    Resource: '*',
    Condition: {
      StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
      ArnLike: {
        'aws:SourceArn': Fn.sub('arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*'),
      },
    },
  };
}
