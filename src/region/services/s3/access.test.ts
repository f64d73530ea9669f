import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { memoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import { authorise } from '../iam/authorise.ts';
import { roles } from '../iam/state.ts';
import { type Caller, service } from '../service.ts';
import { s3Region } from './region.fixture.ts';

const account = '123456789012';
const distribution = `arn:aws:cloudfront::${account}:distribution/E1`;
const anonymous: Caller = { kind: 'anonymous' };
const cloudFront = (sourceArn: string): Caller => ({
  kind: 'service',
  service: 'cloudfront.amazonaws.com',
  sourceArn,
  sourceAccount: account,
  trusted: false,
});

let store: Store;
let region: ReturnType<typeof s3Region>;
/** The key policy of the only key there is. */
let keyPolicy: string;
/** What KMS was asked to bind keys to. */
let contexts: unknown[];

// Stands in for KMS: what matters here is as whom S3 asks it, and what becomes of the answer.
const key = `arn:aws:kms:us-east-1:${account}:key/k`;
const asked = (action: string) => ({
  access: () => ({ action: `kms:${action}`, resource: key, resourcePolicy: keyPolicy, resourcePolicyDecides: true }),
  handle: ({ EncryptionContext }: { EncryptionContext: unknown }) => {
    contexts.push(EncryptionContext);
    return { KeyId: key, CiphertextBlob: new Uint8Array([1]), Plaintext: new Uint8Array(32) };
  },
});
const kms = service('@aws-sdk/client-kms', 'kms', {
  deniedCode: 'AccessDeniedException',
  operations: { generateDataKey: asked('GenerateDataKey'), decrypt: asked('Decrypt') },
});

beforeEach(async () => {
  store = memoryStore();
  contexts = [];
  keyPolicy = '{}';
  region = s3Region({ store, clock: new VirtualClock(), seed: 5, services: [kms], authorise });
  const { call } = region;
  await call('CreateBucket', { Bucket: 'web' });
  await call('PutBucketVersioning', { Bucket: 'web', VersioningConfiguration: { Status: 'Enabled' } });
  await call('PutObject', { Bucket: 'web', Key: 'index.html', Body: '<html>', Tagging: 'team=web' });
});
afterEach(() => store.close());

/** A role with these statements, of our account or another. */
function role(name: string, statements: object[], of = account): Caller {
  const arn = `arn:aws:iam::${of}:role/${name}`;
  if (of === account) {
    roles(region.scope).put(name, {
      name,
      path: '/',
      arn,
      id: `AROA${name.toUpperCase()}`,
      createdMs: 0,
      tags: [],
      inline: { it: JSON.stringify({ Version: '2012-10-17', Statement: statements }) },
      attached: [],
      trustPolicy: '{}',
      maxSessionSeconds: 3600,
    });
  }
  return {
    kind: 'role',
    account: of,
    arn: `arn:aws:sts::${of}:assumed-role/${name}/i-1`,
    principalId: `AROA${name.toUpperCase()}:i-1`,
    accessKeyId: 'ASIA',
    roleName: name,
  };
}

const statement = (
  Action: string | string[],
  Resource: string | string[] = 'arn:aws:s3:::web/*',
  Condition?: object,
) => ({ Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) });

async function outcome(caller: Caller, operation: string, input: object): Promise<string> {
  try {
    await region.as(caller)(operation, { Bucket: 'web', ...input });
    return 'ok';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code;
  }
}
const policy = (...statements: object[]) =>
  region.call('PutBucketPolicy', {
    Bucket: 'web',
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  });
const get = { Key: 'index.html' };

describe('origin access control', () => {
  beforeEach(() =>
    policy(
      {
        ...statement('s3:GetObject'),
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Condition: { StringEquals: { 'AWS:SourceArn': distribution } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: ['arn:aws:s3:::web', 'arn:aws:s3:::web/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ),
  );

  test('lets in the distribution that the policy names, and nobody else', async () => {
    expect(await outcome(cloudFront(distribution), 'GetObject', get)).toBe('ok');
    expect(await outcome(cloudFront(`${distribution}2`), 'GetObject', get)).toBe('AccessDenied');
    expect(await outcome(anonymous, 'GetObject', get)).toBe('AccessDenied');
    expect(await outcome(role('stranger', [statement('s3:*', '*')], '210987654321'), 'GetObject', get)).toBe(
      'AccessDenied',
    );
    expect(await outcome(cloudFront(distribution), 'PutObject', { Key: 'x', Body: 'x' })).toBe('AccessDenied');
  });

  test('a missing page is 403 for CloudFront, which may not list', async () => {
    expect(await outcome(cloudFront(distribution), 'GetObject', { Key: 'deep/link' })).toBe('AccessDenied');
  });
});

describe('roles', () => {
  test('a missing key is 404 only for who may list', async () => {
    const reader = role('reader', [statement('s3:GetObject')]);
    expect(await outcome(reader, 'GetObject', get)).toBe('ok');
    expect(await outcome(reader, 'HeadObject', { Key: 'no' })).toBe('AccessDenied');
    expect(await outcome(reader, 'PutObject', { Key: 'no', Body: '' })).toBe('AccessDenied');
    expect(region.events.at(-1)?.text).toContain('s3:PutObject');
    const lister = role('lister', [statement('s3:GetObject'), statement('s3:ListBucket', 'arn:aws:s3:::web')]);
    expect(await outcome(lister, 'GetObject', { Key: 'no' })).toBe('NoSuchKey');
  });

  test('versions, tags and prefixes are permissions of their own', async () => {
    const { Versions } = await region.call<{ Versions: { VersionId: string }[] }>('ListObjectVersions', {
      Bucket: 'web',
    });
    const VersionId = Versions[0]?.VersionId;
    const reader = role('reader', [statement(['s3:GetObject', 's3:PutObject'])]);
    expect(await outcome(reader, 'GetObject', { ...get, VersionId })).toBe('AccessDenied');
    expect(await outcome(role('old', [statement('s3:GetObjectVersion')]), 'GetObject', { ...get, VersionId })).toBe(
      'ok',
    );
    expect(await outcome(reader, 'PutObject', { Key: 't', Tagging: 'a=b' })).toBe('AccessDenied');
    expect(await outcome(reader, 'PutObject', { Key: 't' })).toBe('ok');
    const lister = role('lister', [
      statement('s3:ListBucket', 'arn:aws:s3:::web', { StringLike: { 's3:prefix': 'pictures/*' } }),
    ]);
    expect(await outcome(lister, 'ListObjectsV2', { Prefix: 'pictures/a' })).toBe('ok');
    expect(await outcome(lister, 'ListObjectsV2', {})).toBe('AccessDenied');
    const tagged = role('tagged', [
      statement('s3:GetObject', '*', { StringEquals: { 's3:ExistingObjectTag/team': 'web' } }),
    ]);
    expect(await outcome(tagged, 'GetObject', get)).toBe('ok');
    expect(await outcome(tagged, 'GetObject', { Key: 't' })).toBe('AccessDenied');
  });

  test('a copy needs both its ends', async () => {
    const copy = { Key: 'copy', CopySource: 'web/index.html' };
    expect(await outcome(role('writer', [statement('s3:PutObject')]), 'CopyObject', copy)).toBe('AccessDenied');
    expect(await outcome(role('reader', [statement('s3:GetObject')]), 'CopyObject', copy)).toBe('AccessDenied');
    expect(await outcome(role('both', [statement(['s3:GetObject', 's3:PutObject'])]), 'CopyObject', copy)).toBe('ok');
  });

  test('of several deletions each is decided by itself', async () => {
    await region.call('PutObject', { Bucket: 'web', Key: 'tmp/a', Body: '' });
    const cleaner = role('cleaner', [statement('s3:DeleteObject', 'arn:aws:s3:::web/tmp/*')]);
    const done = await region.as(cleaner)('DeleteObjects', {
      Bucket: 'web',
      Delete: { Objects: [{ Key: 'tmp/a' }, { Key: 'index.html' }] },
    });
    expect(done).toMatchObject({
      Deleted: [{ Key: 'tmp/a', DeleteMarker: true }],
      Errors: [{ Key: 'index.html', Code: 'AccessDenied' }],
    });
  });

  test('a policy may ask for encryption', async () => {
    await policy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::web/*',
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' } },
    });
    const writer = role('writer', [statement('s3:PutObject')]);
    expect(await outcome(writer, 'PutObject', { Key: 'k' })).toBe('AccessDenied');
    expect(await outcome(writer, 'PutObject', { Key: 'k', ServerSideEncryption: 'AES256' })).toBe('ok');
  });
});

describe('public access block', () => {
  const everyone = { ...statement('s3:GetObject'), Principal: '*' };
  const block = (RestrictPublicBuckets: boolean) =>
    region.call('PutPublicAccessBlock', {
      Bucket: 'web',
      PublicAccessBlockConfiguration: { BlockPublicPolicy: false, RestrictPublicBuckets },
    });

  test('refuses a public policy, and when that came first, whoever it lets in', async () => {
    await expect(policy(everyone)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('BlockPublicPolicy'),
    });
    await block(false);
    await policy(everyone);
    expect(await outcome(anonymous, 'GetObject', get)).toBe('ok');
    await block(true);
    expect(await outcome(anonymous, 'GetObject', get)).toBe('AccessDenied');
    expect(await outcome(role('inside', [statement('s3:ListBucket')]), 'GetObject', get)).toBe('ok');
    expect(await outcome(cloudFront(distribution), 'GetObject', get)).toBe('ok');
  });
});

test('a bucket that is not there is so for everyone; the owner must be the one expected', async () => {
  expect(await outcome(anonymous, 'GetObject', { Bucket: 'nowhere', ...get })).toBe('NoSuchBucket');
  const { call } = region;
  await expect(call('GetObject', { Bucket: 'web', ...get, ExpectedBucketOwner: '210987654321' })).rejects.toMatchObject(
    { code: 'AccessDenied' },
  );
  await expect(call('GetObject', { Bucket: 'web', ...get, ExpectedBucketOwner: account })).resolves.toBeDefined();
  const elsewhere = region.scope
    .inRegion('eu-west-1')
    .invoke({ kind: 'root', account, arn: '', principalId: '', accessKeyId: '' }, 's3', 'HeadBucket', {
      Bucket: 'web',
    });
  await expect(elsewhere).rejects.toMatchObject({
    code: 'PermanentRedirect',
    status: 301,
    headers: { 'x-amz-bucket-region': 'us-east-1' },
  });
});

describe('encryption by KMS', () => {
  const distributionMay = (Action: string[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'cloudfront.amazonaws.com' },
          Action,
          Resource: '*',
          Condition: { StringEquals: { 'aws:SourceArn': distribution } },
        },
        { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
      ],
    });

  beforeEach(async () => {
    keyPolicy = distributionMay(['kms:DescribeKey']);
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } };
    await region.call('PutBucketEncryption', { Bucket: 'web', ServerSideEncryptionConfiguration: { Rules: [rule] } });
    await policy({
      ...statement(['s3:GetObject', 's3:PutObject']),
      Principal: { Service: 'cloudfront.amazonaws.com' },
    });
  });

  test('the key policy decides for CloudFront: Decrypt to read, GenerateDataKey to write', async () => {
    const put = await region.call('PutObject', { Bucket: 'web', Key: 'secret', Body: 'x' });
    expect(put).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
    // Not the MD5 of the contents, unlike with SSE-S3.
    expect(put.ETag).not.toBe('"9dd4e461268c8034f5c8564e155c67a6"');
    expect(await outcome(cloudFront(distribution), 'GetObject', { Key: 'secret' })).toBe('AccessDenied');
    keyPolicy = distributionMay(['kms:Decrypt']);
    expect(await outcome(cloudFront(distribution), 'GetObject', { Key: 'secret' })).toBe('ok');
    expect(await outcome(cloudFront(distribution), 'PutObject', { Key: 'up', Body: 'x' })).toBe('AccessDenied');
    keyPolicy = distributionMay(['kms:Decrypt', 'kms:GenerateDataKey']);
    expect(await outcome(cloudFront(distribution), 'PutObject', { Key: 'up', Body: 'x' })).toBe('ok');
  });

  test('the data key is bound to the object, with a bucket key to the bucket', async () => {
    await region.call('PutObject', { Bucket: 'web', Key: 'a b', Body: 'x' });
    await region.call('PutObject', {
      Bucket: 'web',
      Key: 'c',
      Body: 'x',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: key,
      BucketKeyEnabled: true,
    });
    expect(await region.call('GetObject', { Bucket: 'web', Key: 'c' })).toMatchObject({ BucketKeyEnabled: true });
    expect(contexts).toEqual([
      { 'aws:s3:arn': 'arn:aws:s3:::web/a b' },
      { 'aws:s3:arn': 'arn:aws:s3:::web' },
      { 'aws:s3:arn': 'arn:aws:s3:::web' },
    ]);
  });

  test('what was not encrypted so needs no key; the anonymous cannot read what was', async () => {
    expect(await outcome(cloudFront(distribution), 'GetObject', get)).toBe('ok');
    await region.call('PutObject', { Bucket: 'web', Key: 'secret', Body: 'x' });
    await region.call('PutPublicAccessBlock', { Bucket: 'web', PublicAccessBlockConfiguration: {} });
    await policy({ ...statement('s3:GetObject'), Principal: '*' });
    expect(await outcome(anonymous, 'GetObject', { Key: 'secret' })).toBe('InvalidArgument');
  });
});
