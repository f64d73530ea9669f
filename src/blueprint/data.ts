/** The bucket for data and images, and what the machine's role may do with it. */
import type { CfnKey } from 'aws-cdk-lib/aws-kms';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { bucketPolicy, encryptionKey, keep, privateBucket, type Statement, within } from './bucket.ts';
import type { Config } from './config.ts';

export interface Data {
  readonly bucket: CfnBucket;
  readonly key: CfnKey | undefined;
  /** For the role of the machines. */
  readonly statements: readonly Statement[];
}

export function makeData(scope: Construct, { name, data }: Config): Data {
  const key = data.kms ? encryptionKey(scope, 'DataKey', `Data of ${name}`) : undefined;
  const bucket = privateBucket(scope, 'DataBucket', { key, versioningConfiguration: { status: 'Enabled' } });
  keep(bucket);
  bucketPolicy(scope, bucket);
  const writes = data.access === 'read-write';
  return { bucket, key, statements: statements(bucket, key, writes) };
}

/** The gateway endpoint lets through exactly these, too: it names the bucket's actions once more. */
export function dataActions(writes: boolean): string[] {
  return ['s3:GetObject', ...(writes ? ['s3:PutObject', 's3:DeleteObject'] : [])];
}

function statements(bucket: CfnBucket, key: CfnKey | undefined, writes: boolean): Statement[] {
  return [
    { Sid: 'UseData', Effect: 'Allow', Action: dataActions(writes), Resource: within(bucket) },
    // Without it, a key that is not there answers 403 rather than 404.
    { Sid: 'ListData', Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket.attrArn },
    ...(key
      ? [
          {
            Sid: 'UseDataKey',
            Effect: 'Allow',
            Action: writes ? ['kms:Decrypt', 'kms:GenerateDataKey'] : 'kms:Decrypt',
            Resource: key.attrArn,
          },
        ]
      : []),
  ];
}
