/** `AWS::S3::BucketPolicy`. */

import { resourceType } from '../../stacks/resource-type.ts';
import { Fault } from '../../wire/fault.ts';

interface BucketPolicyProperties {
  Bucket: string;
  PolicyDocument: object | string;
}

const text = ({ PolicyDocument }: BucketPolicyProperties) =>
  typeof PolicyDocument === 'string' ? PolicyDocument : JSON.stringify(PolicyDocument);

export const bucketPolicyType = resourceType<BucketPolicyProperties>({
  honours: ['Bucket', 'PolicyDocument'],
  async create({ properties, invoke }) {
    await invoke('s3', 'PutBucketPolicy', { Bucket: properties.Bucket, Policy: text(properties) });
    return { physicalId: properties.Bucket };
  },
  async update({ properties, physicalId, invoke }) {
    await invoke('s3', 'PutBucketPolicy', { Bucket: properties.Bucket, Policy: text(properties) });
    return { physicalId };
  },
  async delete({ physicalId, invoke }) {
    try {
      await invoke('s3', 'DeleteBucketPolicy', { Bucket: physicalId });
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'NoSuchBucket')) throw error;
    }
  },
});
