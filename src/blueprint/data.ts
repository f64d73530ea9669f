/** The bucket for data and images, and what the machine's role may do with it. */
import type { CfnKey } from 'aws-cdk-lib/aws-kms';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { bucketPolicy, keep, privateBucket, type Statement, within } from './bucket.ts';
import type { Config } from './config.ts';

export interface Data {
  readonly bucket: CfnBucket;
  /** For the role of the machines. */
  readonly statements: readonly Statement[];
}

export function makeData(scope: Construct, { data }: Config, bucketKey: CfnKey | undefined): Data {
  const key = data.kms ? bucketKey : undefined;
  const bucket = privateBucket(scope, 'DataBucket', { key, versioningConfiguration: { status: 'Enabled' } });
  keep(bucket);
  bucketPolicy(scope, bucket);
  return { bucket, statements: statements(bucket, key, data.access) };
}

/** Without `s3:ListBucket`, a key that is not there answers 403 rather than 404. */
const reads = ['s3:GetObject', 's3:ListBucket'];
const writes = ['s3:PutObject', 's3:DeleteObject'];

/** What a bucket's role, and the endpoint on the way to it, let through. */
export function useOf(bucket: CfnBucket, access: Config['data']['access']) {
  return {
    Sid: 'UseData',
    Effect: 'Allow',
    Action: access === 'read' ? reads : [...reads, ...writes],
    Resource: [bucket.attrArn, within(bucket)],
  };
}

function statements(bucket: CfnBucket, key: CfnKey | undefined, access: Config['data']['access']): Statement[] {
  if (!key) return [useOf(bucket, access)];
  const useKey = {
    Sid: 'UseDataKey',
    Effect: 'Allow',
    Action: access === 'read' ? 'kms:Decrypt' : ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: key.attrArn,
  };
  return [useOf(bucket, access), useKey];
}
