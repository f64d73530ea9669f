/** The key that a bucket encrypts with by default, where it is one of KMS. */
import type { Model, ModelResource } from '../../model/model.ts';
import { listOf, ofType, recordOf, textOf } from './parts.ts';

export interface EncryptionKey {
  /** As the template says it, resolved: an id, an ARN or an alias. */
  readonly id: string;
  /** Undefined where it is not of this template. */
  readonly resource: ModelResource | undefined;
}

/** AWS's own key for S3, which an encryption without a key's name means. */
export const awsKey = 'alias/aws/s3';

export function encryptionKeyOf(model: Model, bucket: ModelResource): EncryptionKey | undefined {
  const { ServerSideEncryptionConfiguration: rules } = recordOf(bucket.properties.BucketEncryption);
  const by = recordOf(recordOf(listOf(rules)[0]).ServerSideEncryptionByDefault);
  if (!textOf(by.SSEAlgorithm)?.startsWith('aws:kms')) return undefined;
  const id = textOf(by.KMSMasterKeyID) ?? awsKey;
  return { id, resource: keyOf(model, id) };
}

function keyOf(model: Model, id: string): ModelResource | undefined {
  const bare = id.replace(/^arn:[^:]+:kms:[^:]*:\d*:(key\/)?/, '');
  const alias = ofType(model, 'AWS::KMS::Alias').find(({ physicalId }) => physicalId === bare);
  const target = alias ? textOf(alias.properties.TargetKeyId)?.replace(/^.*:key\//, '') : bare;
  return ofType(model, 'AWS::KMS::Key').find(({ physicalId }) => physicalId === target);
}
