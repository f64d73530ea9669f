/** The smaller settings of a bucket: versioning, encryption, ownership, tags, ACL, logging, notifications. */
import type {
  GetBucketEncryptionCommandOutput,
  GetBucketLoggingCommandOutput,
  GetBucketOwnershipControlsCommandOutput,
  GetBucketTaggingCommandOutput,
  GetBucketVersioningCommandOutput,
  PutBucketAclCommandInput,
  PutBucketEncryptionCommandInput,
  PutBucketLoggingCommandInput,
  PutBucketNotificationConfigurationCommandInput,
  PutBucketOwnershipControlsCommandInput,
  PutBucketTaggingCommandInput,
  PutBucketVersioningCommandInput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import { onBucket } from './access.ts';
import { change } from './bucket-policy.ts';
import { isAlgorithm } from './encryption.ts';
import { invalidArgument, malformedXml, notModelled } from './faults.ts';
import { aclWithOwnership, bucketAcl, type ObjectSettingsInput } from './object-settings.ts';
import { ownersAcl, refuseGrants } from './object-tagging.ts';
import { buckets } from './state.ts';
import { checkTags } from './tags.ts';

// Versioning

export const putBucketVersioning = onBucket(
  'PutBucketVersioning',
  (input: PutBucketVersioningCommandInput, call, bucket) => {
    const { Status, MFADelete } = input.VersioningConfiguration ?? {};
    if (MFADelete === 'Enabled') throw notModelled('MFA delete');
    if (Status !== 'Enabled' && Status !== 'Suspended') throw malformedVersioning(Status);
    change(call, bucket, { versioning: Status });
    return {};
  },
);

function malformedVersioning(status: unknown): Fault {
  if (status !== undefined) return malformedXml();
  return new Fault('IllegalVersioningConfigurationException', 'The Versioning element must be specified', {
    status: 400,
  });
}

export const getBucketVersioning = onBucket(
  'GetBucketVersioning',
  (_input, _call, bucket): Omit<GetBucketVersioningCommandOutput, '$metadata'> => {
    return bucket.versioning ? { Status: bucket.versioning } : {};
  },
);

// Encryption

export const putBucketEncryption = onBucket(
  'PutEncryptionConfiguration',
  (input: PutBucketEncryptionCommandInput, call, bucket) => {
    const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
    const [rule] = rules;
    if (!rule || rules.length > 1) throw malformedXml();
    const standard = rule.ApplyServerSideEncryptionByDefault;
    if (standard && !isAlgorithm(standard.SSEAlgorithm ?? '')) throw malformedXml();
    if (standard?.SSEAlgorithm === 'AES256' && standard.KMSMasterKeyID) {
      throw invalidArgument(
        'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
        'ApplyServerSideEncryptionByDefault',
        standard.SSEAlgorithm,
      );
    }
    if (rule.BlockedEncryptionTypes?.EncryptionType?.some((type) => type !== 'SSE-C' && type !== 'NONE'))
      throw malformedXml();
    change(call, bucket, {
      encryption: {
        ApplyServerSideEncryptionByDefault: standard ?? { SSEAlgorithm: 'AES256' },
        BucketKeyEnabled: rule.BucketKeyEnabled ?? false,
        ...(rule.BlockedEncryptionTypes ? { BlockedEncryptionTypes: rule.BlockedEncryptionTypes } : {}),
      },
    });
    return {};
  },
);

export const getBucketEncryption = onBucket(
  'GetEncryptionConfiguration',
  (_input, _call, bucket): Omit<GetBucketEncryptionCommandOutput, '$metadata'> => {
    return { ServerSideEncryptionConfiguration: { Rules: [bucket.encryption] } };
  },
);

/** Back to SSE-S3: a bucket without encryption does not exist any more. */
export const deleteBucketEncryption = onBucket('PutEncryptionConfiguration', (_input, call, bucket) => {
  change(call, bucket, {
    encryption: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
  });
  return {};
});

// Ownership and ACL

export const putBucketOwnershipControls = onBucket(
  'PutBucketOwnershipControls',
  (input: PutBucketOwnershipControlsCommandInput, call, bucket) => {
    const rules = input.OwnershipControls?.Rules ?? [];
    const ownership = rules[0]?.ObjectOwnership;
    if (
      rules.length !== 1 ||
      !ownership ||
      !['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'].includes(ownership)
    )
      throw malformedXml();
    if (ownership === 'BucketOwnerEnforced' && bucket.acl !== undefined) throw aclWithOwnership();
    change(call, bucket, { ownership });
    return {};
  },
);

export const getBucketOwnershipControls = onBucket(
  'GetBucketOwnershipControls',
  (_input, _call, bucket): Omit<GetBucketOwnershipControlsCommandOutput, '$metadata'> => {
    if (!bucket.ownership) {
      throw new Fault('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', {
        status: 404,
        members: { BucketName: bucket.name },
      });
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: bucket.ownership }] } };
  },
);

export const deleteBucketOwnershipControls = onBucket('PutBucketOwnershipControls', (_input, call, bucket) => {
  change(call, bucket, { ownership: undefined });
  return {};
});

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups */
const logDelivery = { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' } as const;

export const getBucketAcl = onBucket('GetBucketAcl', (_input, _call, bucket) => {
  const { Owner, Grants = [] } = ownersAcl(bucket);
  const permissions = bucket.acl === 'log-delivery-write' ? (['WRITE', 'READ_ACP'] as const) : [];
  return { Owner, Grants: [...Grants, ...permissions.map((Permission) => ({ Grantee: logDelivery, Permission }))] };
});

export const putBucketAcl = onBucket('PutBucketAcl', (input: PutBucketAclCommandInput, call, bucket) => {
  if (
    input.ACL === undefined &&
    input.AccessControlPolicy === undefined &&
    (input.GrantFullControl ?? input.GrantRead ?? input.GrantReadACP ?? input.GrantWrite ?? input.GrantWriteACP) ===
      undefined
  ) {
    throw new Fault('MissingSecurityHeader', 'Your request was missing a required header', {
      status: 400,
      members: { MissingHeaderName: 'x-amz-acl' },
    });
  }
  refuseGrants(input, bucket);
  change(call, bucket, { acl: bucketAcl(bucket, input as ObjectSettingsInput) });
  return {};
});

// Tags

export const putBucketTagging = onBucket('PutBucketTagging', (input: PutBucketTaggingCommandInput, call, bucket) => {
  // CloudFormation, which calls from inside, sets `aws:` tags; on the wire they are refused.
  change(call, bucket, { tags: checkTags(input.Tagging?.TagSet, 50, { system: call.http === undefined }) });
  return {};
});

export const getBucketTagging = onBucket(
  'GetBucketTagging',
  (_input, _call, bucket): Omit<GetBucketTaggingCommandOutput, '$metadata'> => {
    if (!bucket.tags?.length) {
      throw new Fault('NoSuchTagSet', 'The TagSet does not exist', {
        status: 404,
        members: { BucketName: bucket.name },
      });
    }
    return { TagSet: [...bucket.tags] };
  },
);

export const deleteBucketTagging = onBucket('PutBucketTagging', (_input, call, bucket) => {
  change(call, bucket, { tags: undefined });
  return {};
});

// Logging: kept and returned, and said not to be delivered

export const putBucketLogging = onBucket('PutBucketLogging', (input: PutBucketLoggingCommandInput, call, bucket) => {
  const logging = input.BucketLoggingStatus?.LoggingEnabled;
  if (logging) {
    if (logging.TargetGrants?.length) throw notModelled('TargetGrants of server access logs');
    const target = buckets(call).get(logging.TargetBucket ?? '');
    if (!target || target.account !== bucket.account) {
      throw new Fault('InvalidTargetBucketForLogging', 'The target bucket for logging does not exist', {
        status: 400,
        members: { TargetBucket: logging.TargetBucket },
      });
    }
    if (target.region !== bucket.region) {
      throw new Fault('CrossLocationLoggingProhibited', 'Cross S3 location logging not allowed.', {
        status: 403,
        members: { TargetBucketLocation: target.region },
      });
    }
    call.note({
      source: 's3',
      kind: 'not-modelled',
      text: `Server access logs of ${bucket.name} are a setting only: the model delivers none.`,
    });
  }
  change(call, bucket, { logging });
  return {};
});

export const getBucketLogging = onBucket(
  'GetBucketLogging',
  (_input, _call, bucket): Omit<GetBucketLoggingCommandOutput, '$metadata'> => {
    return bucket.logging ? { LoggingEnabled: bucket.logging } : {};
  },
);

// Notifications

export const putBucketNotificationConfiguration = onBucket(
  'PutBucketNotification',
  (input: PutBucketNotificationConfigurationCommandInput) => {
    const { TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } =
      input.NotificationConfiguration ?? {};
    if (
      TopicConfigurations?.length ||
      QueueConfigurations?.length ||
      LambdaFunctionConfigurations?.length ||
      EventBridgeConfiguration
    ) {
      throw notModelled('Event notification of buckets');
    }
    return {};
  },
);

export const getBucketNotificationConfiguration = onBucket('GetBucketNotification', () => ({}));
