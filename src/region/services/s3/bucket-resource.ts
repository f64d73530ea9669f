/** `AWS::S3::Bucket`. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html */
import type { LifecycleRule, Tag } from '@aws-sdk/client-s3';
import { type Created, type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { Fault } from '../../wire/fault.ts';

interface TemplateLifecycleRule {
  Id?: string;
  Status: 'Enabled' | 'Disabled';
  Prefix?: string;
  TagFilters?: Tag[];
  ObjectSizeGreaterThan?: number | string;
  ObjectSizeLessThan?: number | string;
  ExpirationInDays?: number;
  ExpirationDate?: string;
  ExpiredObjectDeleteMarker?: boolean;
  NoncurrentVersionExpirationInDays?: number;
  NoncurrentVersionExpiration?: { NoncurrentDays: number; NewerNoncurrentVersions?: number };
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation: number };
  Transitions?: { StorageClass: string; TransitionInDays?: number; TransitionDate?: string }[];
  NoncurrentVersionTransitions?: { StorageClass: string; TransitionInDays: number; NewerNoncurrentVersions?: number }[];
}

interface TemplateCorsRule {
  Id?: string;
  AllowedHeaders?: string[];
  AllowedMethods: string[];
  AllowedOrigins: string[];
  ExposedHeaders?: string[];
  MaxAge?: number;
}

interface BucketProperties {
  BucketName?: string;
  BucketEncryption?: {
    ServerSideEncryptionConfiguration: {
      BucketKeyEnabled?: boolean;
      ServerSideEncryptionByDefault?: { SSEAlgorithm: string; KMSMasterKeyID?: string };
      BlockedEncryptionTypes?: { EncryptionType?: string[] };
    }[];
  };
  PublicAccessBlockConfiguration?: Record<string, boolean>;
  VersioningConfiguration?: { Status: 'Enabled' | 'Suspended' };
  LifecycleConfiguration?: { Rules: TemplateLifecycleRule[]; TransitionDefaultMinimumObjectSize?: string };
  OwnershipControls?: { Rules: { ObjectOwnership?: string }[] };
  CorsConfiguration?: { CorsRules: TemplateCorsRule[] };
  AccessControl?: string;
  LoggingConfiguration?: { DestinationBucketName?: string; LogFilePrefix?: string };
  Tags?: Tag[];
}

type Request = ResourceRequest<BucketProperties>;

export const bucketType = resourceType<BucketProperties>({
  honours: [
    'BucketName',
    'BucketEncryption',
    'PublicAccessBlockConfiguration',
    'VersioningConfiguration',
    'LifecycleConfiguration.TransitionDefaultMinimumObjectSize',
    ...[
      'Id',
      'Status',
      'Prefix',
      'TagFilters',
      'ObjectSizeGreaterThan',
      'ObjectSizeLessThan',
      'ExpirationInDays',
      'ExpirationDate',
      'ExpiredObjectDeleteMarker',
      'NoncurrentVersionExpirationInDays',
      'NoncurrentVersionExpiration',
      'AbortIncompleteMultipartUpload',
      'Transitions',
      'NoncurrentVersionTransitions',
    ].map((name) => `LifecycleConfiguration.Rules[].${name}`),
    'OwnershipControls',
    'CorsConfiguration',
    'AccessControl',
    'Tags',
  ],
  inert: {
    LoggingConfiguration: 'the setting is kept and returned, but the model delivers no server access logs',
  },
  create,
  async update(request) {
    await configure(request, request.physicalId, request.previous);
    return created(request, request.physicalId);
  },
  async delete({ physicalId, invoke }) {
    try {
      await invoke('s3', 'DeleteBucket', { Bucket: physicalId });
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'NoSuchBucket')) throw error;
    }
  },
});

async function create(request: Request): Promise<Created> {
  const { properties, stack, invoke } = request;
  const name = properties.BucketName ?? request.name(63, { lowerCase: true });
  if (!(await isOurs(request, name))) {
    const ownership = properties.OwnershipControls?.Rules[0]?.ObjectOwnership;
    await invoke('s3', 'CreateBucket', {
      Bucket: name,
      ...(ownership ? { ObjectOwnership: ownership } : {}),
      CreateBucketConfiguration: {
        ...(stack.region === 'us-east-1' ? {} : { LocationConstraint: stack.region }),
        // With the tags that say whose it is, so that a creation that was cut short finds its bucket again.
        Tags: allTags(request),
      },
    });
  }
  // A setting that fails now leaves a bucket, which the rollback must find.
  request.made?.(name);
  await configure(request, name);
  return created(request, name);
}

/** True when an earlier attempt of this very resource made the bucket; throws when it is another's. */
async function isOurs({ invoke, stackTags, logicalId }: Request, name: string): Promise<boolean> {
  try {
    await invoke('s3', 'HeadBucket', { Bucket: name });
  } catch (error) {
    if (error instanceof Fault && error.code === 'NoSuchBucket') return false;
    throw error;
  }
  const { TagSet } = await invoke<{ TagSet: Tag[] }>('s3', 'GetBucketTagging', { Bucket: name }).catch(() => ({
    TagSet: [] as Tag[],
  }));
  const tag = (key: string) => TagSet.find(({ Key }) => Key === key)?.Value;
  const stackId = stackTags.find(({ Key }) => Key === 'aws:cloudformation:stack-id')?.Value;
  if (
    stackId !== undefined &&
    tag('aws:cloudformation:stack-id') === stackId &&
    tag('aws:cloudformation:logical-id') === logicalId
  )
    return true;
  throw new Fault('AlreadyExists', `${name} already exists`, { status: 409 });
}

function allTags({ properties, stackTags, logicalId }: Request): Tag[] {
  const own = properties.Tags ?? [];
  const inherited = stackTags.filter(
    ({ Key }) => !own.some((tag) => tag.Key === Key) && Key !== 'aws:cloudformation:logical-id',
  );
  return [...own, ...inherited, { Key: 'aws:cloudformation:logical-id', Value: logicalId }];
}

/** Makes the bucket's settings what the template says; what it said before and says no longer goes back to the default. */
async function configure(request: Request, Bucket: string, previous: BucketProperties = {}): Promise<void> {
  const { properties, invoke } = request;
  const s3 = (operation: string, input: object = {}) => invoke('s3', operation, { Bucket, ...input });
  await s3('PutBucketTagging', { Tagging: { TagSet: allTags(request) } });

  const {
    BucketEncryption,
    PublicAccessBlockConfiguration,
    VersioningConfiguration,
    OwnershipControls,
    AccessControl,
  } = properties;
  // Before ACLs are switched off.
  if (previous.AccessControl && !AccessControl) await s3('PutBucketAcl', { ACL: 'private' });
  if (OwnershipControls) await s3('PutBucketOwnershipControls', { OwnershipControls });
  else if (previous.OwnershipControls)
    await s3('PutBucketOwnershipControls', {
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
  if (
    AccessControl &&
    AccessControl !== previous.AccessControl &&
    (previous.AccessControl || AccessControl !== 'Private')
  )
    await s3('PutBucketAcl', { ACL: kebab(AccessControl) });
  if (PublicAccessBlockConfiguration) await s3('PutPublicAccessBlock', { PublicAccessBlockConfiguration });
  else if (previous.PublicAccessBlockConfiguration) {
    const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    await s3('PutPublicAccessBlock', { PublicAccessBlockConfiguration: all });
  }
  if (BucketEncryption)
    await s3('PutBucketEncryption', { ServerSideEncryptionConfiguration: encryption(BucketEncryption) });
  else if (previous.BucketEncryption) await s3('DeleteBucketEncryption');
  if (VersioningConfiguration) await s3('PutBucketVersioning', { VersioningConfiguration });
  else if (previous.VersioningConfiguration)
    await s3('PutBucketVersioning', { VersioningConfiguration: { Status: 'Suspended' } });

  const { LifecycleConfiguration, CorsConfiguration, LoggingConfiguration } = properties;
  if (LifecycleConfiguration) {
    await s3('PutBucketLifecycleConfiguration', {
      LifecycleConfiguration: { Rules: LifecycleConfiguration.Rules.map(lifecycleRule) },
      TransitionDefaultMinimumObjectSize: LifecycleConfiguration.TransitionDefaultMinimumObjectSize,
    });
  } else if (previous.LifecycleConfiguration) await s3('DeleteBucketLifecycle');
  if (CorsConfiguration)
    await s3('PutBucketCors', { CORSConfiguration: { CORSRules: CorsConfiguration.CorsRules.map(corsRule) } });
  else if (previous.CorsConfiguration) await s3('DeleteBucketCors');
  if (LoggingConfiguration) {
    const { DestinationBucketName = Bucket, LogFilePrefix = '' } = LoggingConfiguration;
    await s3('PutBucketLogging', {
      BucketLoggingStatus: { LoggingEnabled: { TargetBucket: DestinationBucketName, TargetPrefix: LogFilePrefix } },
    });
  } else if (previous.LoggingConfiguration) await s3('PutBucketLogging', { BucketLoggingStatus: {} });
}

const kebab = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();

function encryption({ ServerSideEncryptionConfiguration }: NonNullable<BucketProperties['BucketEncryption']>) {
  return {
    Rules: ServerSideEncryptionConfiguration.map(
      ({ ServerSideEncryptionByDefault, BucketKeyEnabled, BlockedEncryptionTypes }) => ({
        ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault,
        BucketKeyEnabled,
        ...(BlockedEncryptionTypes ? { BlockedEncryptionTypes } : {}),
      }),
    ),
  };
}

function corsRule({ Id, ExposedHeaders, MaxAge, ...rule }: TemplateCorsRule) {
  return {
    ...rule,
    ...(Id === undefined ? {} : { ID: Id }),
    ...(ExposedHeaders ? { ExposeHeaders: ExposedHeaders } : {}),
    ...(MaxAge === undefined ? {} : { MaxAgeSeconds: Number(MaxAge) }),
  };
}

/** CloudFormation names the parts of a rule in its own way. */
function lifecycleRule(rule: TemplateLifecycleRule): LifecycleRule {
  const noncurrent =
    rule.NoncurrentVersionExpiration ??
    (rule.NoncurrentVersionExpirationInDays === undefined
      ? undefined
      : { NoncurrentDays: rule.NoncurrentVersionExpirationInDays });
  const { ExpirationInDays, ExpirationDate, ExpiredObjectDeleteMarker } = rule;
  const expiration = {
    ...(ExpirationInDays === undefined ? {} : { Days: Number(ExpirationInDays) }),
    ...(ExpirationDate === undefined ? {} : { Date: new Date(ExpirationDate) }),
    ...(ExpiredObjectDeleteMarker === undefined ? {} : { ExpiredObjectDeleteMarker }),
  };
  return {
    ...(rule.Id === undefined ? {} : { ID: rule.Id }),
    Status: rule.Status,
    Filter: {
      And: {
        Prefix: rule.Prefix ?? '',
        ...(rule.TagFilters ? { Tags: rule.TagFilters } : {}),
        ...(rule.ObjectSizeGreaterThan === undefined
          ? {}
          : { ObjectSizeGreaterThan: Number(rule.ObjectSizeGreaterThan) }),
        ...(rule.ObjectSizeLessThan === undefined ? {} : { ObjectSizeLessThan: Number(rule.ObjectSizeLessThan) }),
      },
    },
    ...(Object.keys(expiration).length ? { Expiration: expiration } : {}),
    ...(noncurrent ? { NoncurrentVersionExpiration: numbers(noncurrent) } : {}),
    ...(rule.AbortIncompleteMultipartUpload
      ? { AbortIncompleteMultipartUpload: numbers(rule.AbortIncompleteMultipartUpload) }
      : {}),
    ...(rule.Transitions
      ? {
          Transitions: rule.Transitions.map(({ StorageClass, TransitionInDays, TransitionDate }) => ({
            StorageClass: StorageClass as 'STANDARD_IA',
            ...(TransitionInDays === undefined ? {} : { Days: Number(TransitionInDays) }),
            ...(TransitionDate === undefined ? {} : { Date: new Date(TransitionDate) }),
          })),
        }
      : {}),
    ...(rule.NoncurrentVersionTransitions
      ? {
          NoncurrentVersionTransitions: rule.NoncurrentVersionTransitions.map(
            ({ StorageClass, TransitionInDays, NewerNoncurrentVersions }) => ({
              StorageClass: StorageClass as 'STANDARD_IA',
              NoncurrentDays: Number(TransitionInDays),
              ...(NewerNoncurrentVersions === undefined
                ? {}
                : { NewerNoncurrentVersions: Number(NewerNoncurrentVersions) }),
            }),
          ),
        }
      : {}),
  };
}

/** Templates may write numbers as text. */
function numbers<T extends object>(record: T): { [name in keyof T]: number } {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, Number(value)])) as {
    [name in keyof T]: number;
  };
}

function created({ stack }: Request, name: string): Created {
  const { region } = stack;
  // The oldest regions write their website addresses with a dash.
  const dashed = [
    'us-east-1',
    'us-west-1',
    'us-west-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-northeast-1',
    'eu-west-1',
    'sa-east-1',
    'us-gov-west-1',
  ];
  return {
    physicalId: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website${dashed.includes(region) ? '-' : '.'}${region}.amazonaws.com`,
    },
  };
}
