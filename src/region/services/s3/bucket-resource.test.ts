import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import { bucketPolicyType } from './bucket-policy-resource.ts';
import { bucketType } from './bucket-resource.ts';
import { s3Region } from './region.fixture.ts';

let store: Store;
let region: ReturnType<typeof s3Region>;
beforeEach(() => {
  store = memoryStore();
  region = s3Region({ store, clock: new VirtualClock(), seed: 3 });
});
afterEach(() => store.close());

/** What the engine hands to a resource type, as far as buckets look at it. */
function request(
  properties: object,
  logicalId = 'WebBucket',
  stackId = 'arn:aws:cloudformation:us-east-1:123456789012:stack/app/1',
) {
  const { scope, call } = region;
  return {
    logicalId,
    properties,
    stack: { id: stackId, name: 'app', region: 'us-east-1', account: scope.account },
    metadata: {},
    stackTags: [{ Key: 'aws:cloudformation:stack-id', Value: stackId }],
    clock: scope.clock,
    random: scope.random,
    name: () => `app-${logicalId.toLowerCase()}-abc`,
    invoke: <O>(_service: string, operation: string, input: object) => call<O>(operation, input),
    until: () => Promise.reject(new Error('not needed')),
    signals: { wait: async () => 0, impossible: () => {} },
    progress: () => {},
    signal: new AbortController().signal,
  };
}
const existing = (properties: object, physicalId: string, previous: object = {}) => ({
  ...request(properties),
  physicalId,
  attributes: {},
  previous,
});

const properties = {
  BucketEncryption: {
    ServerSideEncryptionConfiguration: [
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/web' },
      },
    ],
  },
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
  VersioningConfiguration: { Status: 'Enabled' },
  OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
  LifecycleConfiguration: {
    Rules: [
      {
        Id: 'old',
        Status: 'Enabled',
        NoncurrentVersionExpiration: { NoncurrentDays: '30', NewerNoncurrentVersions: 3 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      { Id: 'tmp', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 1 },
    ],
  },
  CorsConfiguration: {
    CorsRules: [
      {
        Id: 'spa',
        AllowedMethods: ['PUT'],
        AllowedOrigins: ['https://myapp.com'],
        AllowedHeaders: ['*'],
        ExposedHeaders: ['ETag'],
        MaxAge: 3000,
      },
    ],
  },
  Tags: [{ Key: 'team', Value: 'web' }],
};

test('a bucket as the template has it, with every attribute', async () => {
  const { physicalId: Bucket, attributes } = await bucketType.create(request(properties));
  expect(Bucket).toBe('app-webbucket-abc');
  expect(attributes).toEqual({
    Arn: `arn:aws:s3:::${Bucket}`,
    DomainName: `${Bucket}.s3.amazonaws.com`,
    RegionalDomainName: `${Bucket}.s3.us-east-1.amazonaws.com`,
    DualStackDomainName: `${Bucket}.s3.dualstack.us-east-1.amazonaws.com`,
    WebsiteURL: `http://${Bucket}.s3-website-us-east-1.amazonaws.com`,
  });
  const { call } = region;
  expect(await call('GetBucketEncryption', { Bucket })).toMatchObject({
    ServerSideEncryptionConfiguration: {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/web' },
          BucketKeyEnabled: true,
        },
      ],
    },
  });
  expect(await call('GetBucketVersioning', { Bucket })).toEqual({ Status: 'Enabled' });
  expect(await call('GetPublicAccessBlock', { Bucket })).toEqual({
    PublicAccessBlockConfiguration: properties.PublicAccessBlockConfiguration,
  });
  expect(await call('GetBucketLifecycleConfiguration', { Bucket })).toMatchObject({
    Rules: [
      {
        ID: 'old',
        NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      { ID: 'tmp', Filter: { And: { Prefix: 'tmp/' } }, Expiration: { Days: 1 } },
    ],
  });
  expect(await call('GetBucketCors', { Bucket })).toEqual({
    CORSRules: [
      {
        ID: 'spa',
        AllowedMethods: ['PUT'],
        AllowedOrigins: ['https://myapp.com'],
        AllowedHeaders: ['*'],
        ExposeHeaders: ['ETag'],
        MaxAgeSeconds: 3000,
      },
    ],
  });
  expect(await call('GetBucketTagging', { Bucket })).toMatchObject({
    TagSet: expect.arrayContaining([{ Key: 'team', Value: 'web' }]),
  });
});

test('what the template no longer says goes back to its default', async () => {
  const { physicalId: Bucket } = await bucketType.create(request(properties));
  await bucketType.update?.(existing({ CorsConfiguration: undefined }, Bucket, properties));
  const { call } = region;
  expect(await call('GetBucketVersioning', { Bucket })).toEqual({ Status: 'Suspended' });
  expect(await call('GetBucketEncryption', { Bucket })).toMatchObject({
    ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
  });
  await expect(call('GetBucketCors', { Bucket })).rejects.toMatchObject({ code: 'NoSuchCORSConfiguration' });
  await expect(call('GetBucketLifecycleConfiguration', { Bucket })).rejects.toMatchObject({
    code: 'NoSuchLifecycleConfiguration',
  });
});

test("creation that is run again finds its own bucket, and nobody else's", async () => {
  await bucketType.create(request({ BucketName: 'fixed' }));
  await expect(bucketType.create(request({ BucketName: 'fixed' }))).resolves.toMatchObject({ physicalId: 'fixed' });
  await expect(bucketType.create(request({ BucketName: 'fixed' }, 'Other'))).rejects.toThrow('fixed already exists');
  await region.call('CreateBucket', { Bucket: 'mine' });
  await expect(bucketType.create(request({ BucketName: 'mine' }))).rejects.toThrow('mine already exists');
});

test('a bucket with objects is not deleted; one that is gone is no failure', async () => {
  await bucketType.create(request({ BucketName: 'full' }));
  await region.call('PutObject', { Bucket: 'full', Key: 'k', Body: 'x' });
  await expect(bucketType.delete(existing({}, 'full'))).rejects.toThrow('The bucket you tried to delete is not empty');
  await region.call('DeleteObject', { Bucket: 'full', Key: 'k' });
  await bucketType.delete(existing({}, 'full'));
  await bucketType.delete(existing({}, 'full'));
  await expect(region.call('HeadBucket', { Bucket: 'full' })).rejects.toBeInstanceOf(Fault);
});

test('a bucket policy comes, is refused when public, and goes', async () => {
  const { call } = region;
  await bucketType.create(request({ BucketName: 'web' }));
  const document = (Principal: unknown) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource: 'arn:aws:s3:::web/*' }],
  });
  await expect(bucketPolicyType.create(request({ Bucket: 'web', PolicyDocument: document('*') }))).rejects.toThrow(
    'BlockPublicPolicy',
  );
  const PolicyDocument = document({ Service: 'cloudfront.amazonaws.com' });
  await bucketPolicyType.create(request({ Bucket: 'web', PolicyDocument }));
  expect(JSON.parse(String((await call('GetBucketPolicy', { Bucket: 'web' })).Policy))).toEqual(PolicyDocument);
  expect(await call('GetBucketPolicyStatus', { Bucket: 'web' })).toEqual({ PolicyStatus: { IsPublic: false } });
  await bucketPolicyType.delete(existing({ Bucket: 'web' }, 'web'));
  await expect(call('GetBucketPolicy', { Bucket: 'web' })).rejects.toMatchObject({ code: 'NoSuchBucketPolicy' });
});
