/** Buckets come, go and are listed. */
import type {
  CreateBucketCommandInput,
  CreateBucketCommandOutput,
  DeleteBucketCommandInput,
  GetBucketLocationCommandOutput,
  HeadBucketCommandInput,
  HeadBucketCommandOutput,
  ListBucketsCommandInput,
  ListBucketsCommandOutput,
} from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { onBucket, question } from './access.ts';
import { invalidArgument, malformedXml, noSuchBucket, notModelled } from './faults.ts';
import { ownerOf } from './list-objects.ts';
import { checkBucketName } from './names.ts';
import { aclWithOwnership, bucketAcl, type ObjectSettingsInput } from './object-settings.ts';
import { objectsOf } from './objects.ts';
import { allBlocked, type BucketRecord, bucketArn, buckets } from './state.ts';
import { checkTags } from './tags.ts';

export const createBucket: Operation = {
  access: (input: CreateBucketCommandInput, call) => ({
    action: 's3:CreateBucket',
    resource: bucketArn(input.Bucket ?? ''),
    context: {
      's3:x-amz-acl': input.ACL,
      's3:x-amz-object-ownership': input.ObjectOwnership,
      's3:locationconstraint': input.CreateBucketConfiguration?.LocationConstraint,
    },
    resourceAccount: call.account,
  }),
  handle: handleCreate,
};

const ownerships = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'];

function handleCreate(input: CreateBucketCommandInput, call: Call): Omit<CreateBucketCommandOutput, '$metadata'> {
  const { Bucket: name = '', ObjectOwnership = 'BucketOwnerEnforced' } = input;
  checkBucketName(name);
  checkRegion(input, call.region);
  if (input.ObjectLockEnabledForBucket) throw notModelled('Object Lock');
  if (input.BucketNamespace !== undefined && input.BucketNamespace !== 'global')
    throw notModelled(`The bucket namespace ${input.BucketNamespace}`);
  if (!ownerships.includes(ObjectOwnership)) {
    throw invalidArgument(
      `Invalid x-amz-object-ownership header: ${ObjectOwnership}`,
      'x-amz-object-ownership',
      ObjectOwnership,
    );
  }
  const table = buckets(call);
  const existing = table.get(name);
  const output = {
    Location: call.region === 'us-east-1' ? `/${name}` : `http://${name}.s3.amazonaws.com/`,
    BucketArn: bucketArn(name),
  };
  if (existing) {
    // The oldest region keeps its oldest manners: making a bucket again is a success there.
    if (existing.region === 'us-east-1' && call.region === 'us-east-1') return output;
    throw new Fault(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      {
        status: 409,
        members: { BucketName: name },
      },
    );
  }
  const tags = input.CreateBucketConfiguration?.Tags;
  const record: BucketRecord = {
    name,
    account: call.account,
    region: call.region,
    createdMs: call.clock.now(),
    publicAccessBlock: allBlocked,
    encryption: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
    ownership: ObjectOwnership,
    ...(tags?.length ? { tags: checkTags(tags, 50, { system: call.http === undefined }) } : {}),
  };
  const { ACL } = input;
  if (ACL !== undefined && ACL !== 'private' && ObjectOwnership === 'BucketOwnerEnforced') {
    throw aclWithOwnership();
  }
  const acl = bucketAcl(record, input as ObjectSettingsInput);
  table.put(name, acl === undefined ? record : { ...record, acl });
  return output;
}

/** us-east-1 is the region that must not be named; all others must be. */
function checkRegion({ CreateBucketConfiguration: configuration }: CreateBucketCommandInput, region: string): void {
  if (configuration?.Location !== undefined || configuration?.Bucket !== undefined)
    throw notModelled('Directory buckets');
  const constraint: string | undefined = configuration?.LocationConstraint;
  if (constraint === undefined || constraint === ('' as string)) {
    if (region === 'us-east-1') return;
    throw new Fault(
      'IllegalLocationConstraintException',
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
      { status: 400 },
    );
  }
  if (constraint === 'us-east-1') {
    throw new Fault('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      status: 400,
      members: { LocationConstraint: constraint },
    });
  }
  const named = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (named !== region) {
    throw new Fault(
      'IllegalLocationConstraintException',
      `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      { status: 400 },
    );
  }
}

export const deleteBucket = onBucket('DeleteBucket', handleDelete);

async function handleDelete(input: DeleteBucketCommandInput, call: Call): Promise<object> {
  const { Bucket: name = '' } = input;
  const { index, files } = objectsOf(call);
  const done = await index.whenEmpty(name, () => {
    if (!buckets(call).delete(name)) throw noSuchBucket(name);
  });
  if (!done) {
    throw new Fault('BucketNotEmpty', 'The bucket you tried to delete is not empty', {
      status: 409,
      members: { BucketName: name },
    });
  }
  files.remove(done.freed);
  return {};
}

export const headBucket = onBucket('ListBucket', handleHead);

function handleHead(
  _input: HeadBucketCommandInput,
  _call: Call,
  bucket: BucketRecord,
): Omit<HeadBucketCommandOutput, '$metadata'> {
  return { BucketRegion: bucket.region, BucketArn: bucketArn(bucket.name), AccessPointAlias: false };
}

/** Every region answers for every bucket here. */
export const getBucketLocation: Operation = {
  access: (input: HeadBucketCommandInput, call) => question(call, anywhere(input, call), 'GetBucketLocation'),
  handle: (input: HeadBucketCommandInput, call: Call): Omit<GetBucketLocationCommandOutput, '$metadata'> => {
    const { region } = anywhere(input, call);
    return region === 'us-east-1'
      ? {}
      : { LocationConstraint: region as GetBucketLocationCommandOutput['LocationConstraint'] };
  },
};

function anywhere({ Bucket = '' }: HeadBucketCommandInput, call: Call): BucketRecord {
  const bucket = buckets(call).get(Bucket);
  if (!bucket) throw noSuchBucket(Bucket);
  return bucket;
}

export const listBuckets: Operation = {
  access: () => ({ action: 's3:ListAllMyBuckets', resource: '*' }),
  handle: handleList,
};

function handleList(input: ListBucketsCommandInput, call: Call): Omit<ListBucketsCommandOutput, '$metadata'> {
  const { MaxBuckets = 10_000, Prefix = '', BucketRegion, ContinuationToken } = input;
  if (!Number.isInteger(MaxBuckets) || MaxBuckets < 1 || MaxBuckets > 10_000) {
    throw invalidArgument('Argument max-buckets must be an integer between 1 and 10000', 'max-buckets', MaxBuckets);
  }
  const after = ContinuationToken === undefined ? '' : Buffer.from(ContinuationToken, 'base64url').toString();
  if (ContinuationToken === '') throw malformedXml();
  const found = [...buckets(call).values()]
    .filter(
      ({ name, region }) =>
        name.startsWith(Prefix) && (BucketRegion === undefined || region === BucketRegion) && name > after,
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shown = found.slice(0, MaxBuckets);
  const last = shown.at(-1);
  return {
    Owner: ownerOf(call),
    Buckets: shown.map(({ name, region, createdMs }) => ({
      Name: name,
      CreationDate: new Date(createdMs),
      BucketRegion: region,
      BucketArn: bucketArn(name),
    })),
    ...(input.Prefix === undefined ? {} : { Prefix }),
    ...(last && shown.length < found.length ? { ContinuationToken: Buffer.from(last.name).toString('base64url') } : {}),
  };
}
