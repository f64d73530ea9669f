import * as sdk from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3OnSocket } from './socket.fixture.ts';

let region: Awaited<ReturnType<typeof s3OnSocket>>;
let s3: sdk.S3Client;
const Bucket = 'settings';
beforeAll(async () => {
  region = await s3OnSocket();
  s3 = region.client();
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

async function code(sending: Promise<unknown>): Promise<string> {
  return sending.then(
    () => 'ok',
    (error: sdk.S3ServiceException) => error.name,
  );
}

test.each<[string, string]>([
  ['ab', 'InvalidBucketName'],
  ['Upper', 'InvalidBucketName'],
  ['a..b', 'InvalidBucketName'],
  ['192.168.0.1', 'InvalidBucketName'],
  ['xn--bucket', 'InvalidBucketName'],
  ['bucket-s3alias', 'InvalidBucketName'],
  ['a.good-name', 'ok'],
])('a bucket called %s: %s', async (name, expected) => {
  expect(await code(s3.send(new sdk.CreateBucketCommand({ Bucket: name })))).toBe(expected);
});

describe('regions', () => {
  test('each bucket has one, and says so to who asks elsewhere', async () => {
    const europe = region.client({ region: 'eu-central-1' });
    expect(
      await code(
        europe.send(
          new sdk.CreateBucketCommand({
            Bucket: 'europe',
            CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
          }),
        ),
      ),
    ).toBe('IllegalLocationConstraintException');
    await europe.send(
      new sdk.CreateBucketCommand({
        Bucket: 'europe',
        CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
      }),
    );
    expect(
      await code(
        europe.send(
          new sdk.CreateBucketCommand({
            Bucket: 'europe',
            CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
          }),
        ),
      ),
    ).toBe('BucketAlreadyOwnedByYou');
    // The first region of all repeats a creation without complaint.
    expect(await code(s3.send(new sdk.CreateBucketCommand({ Bucket })))).toBe('ok');
    expect((await s3.send(new sdk.GetBucketLocationCommand({ Bucket: 'europe' }))).LocationConstraint).toBe(
      'eu-central-1',
    );
    expect((await s3.send(new sdk.GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
    expect(await code(s3.send(new sdk.PutObjectCommand({ Bucket: 'europe', Key: 'k' })))).toBe('PermanentRedirect');
    const following = region.client({ followRegionRedirects: true });
    expect(await code(following.send(new sdk.PutObjectCommand({ Bucket: 'europe', Key: 'k', Body: 'x' })))).toBe('ok');
    expect((await europe.send(new sdk.HeadBucketCommand({ Bucket: 'europe' }))).BucketRegion).toBe('eu-central-1');
  });

  test('the list has them all, in pages', async () => {
    const names = [];
    for (let ContinuationToken: string | undefined, more = true; more; ) {
      const found = await s3.send(new sdk.ListBucketsCommand({ MaxBuckets: 1, ContinuationToken }));
      names.push(...(found.Buckets ?? []).map(({ Name }) => Name));
      ContinuationToken = found.ContinuationToken;
      more = ContinuationToken !== undefined;
    }
    expect(names).toEqual(['a.good-name', 'europe', Bucket]);
  });
});

describe('settings go and come', () => {
  test('versioning, ownership, tags, ACL', async () => {
    expect((await s3.send(new sdk.GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    await s3.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    expect((await s3.send(new sdk.GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    expect((await s3.send(new sdk.GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls).toEqual({
      Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }],
    });
    const TagSet = [{ Key: 'a', Value: 'b & <c>' }];
    expect(await code(s3.send(new sdk.GetBucketTaggingCommand({ Bucket })))).toBe('NoSuchTagSet');
    await s3.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }));
    expect(await code(s3.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } })))).toBe('InvalidTag');
    expect(
      await code(
        s3.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'aws:x', Value: '' }] } })),
      ),
    ).toBe('InvalidTag');
    expect((await s3.send(new sdk.GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
    expect(await code(s3.send(new sdk.PutBucketAclCommand({ Bucket, ACL: 'public-read' })))).toBe(
      'AccessControlListNotSupported',
    );
    expect(await code(s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'k', ACL: 'public-read' })))).toBe(
      'AccessControlListNotSupported',
    );
    const acl = await s3.send(new sdk.GetBucketAclCommand({ Bucket }));
    expect(acl.Grants).toMatchObject([
      { Permission: 'FULL_CONTROL', Grantee: { ID: acl.Owner?.ID, Type: 'CanonicalUser' } },
    ]);
  });

  test('the ACL for access logs, where ACLs are on', async () => {
    const logs = { Bucket: 'access-logs-of-mine' };
    // The SDK's type lists those of objects and buckets alike, but this one.
    const ACL = 'log-delivery-write' as sdk.BucketCannedACL;
    await s3.send(new sdk.CreateBucketCommand({ ...logs, ObjectOwnership: 'BucketOwnerPreferred' }));
    await s3.send(new sdk.PutBucketAclCommand({ ...logs, ACL }));
    const grants = async () => (await s3.send(new sdk.GetBucketAclCommand(logs))).Grants ?? [];
    const URI = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
    expect((await grants()).slice(1)).toEqual([
      { Grantee: { Type: 'Group', URI }, Permission: 'WRITE' },
      { Grantee: { Type: 'Group', URI }, Permission: 'READ_ACP' },
    ]);
    const enforced = { ...logs, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] } };
    const off = () => s3.send(new sdk.PutBucketOwnershipControlsCommand(enforced));
    expect(await code(off())).toBe('InvalidBucketAclWithObjectOwnership');
    await s3.send(new sdk.PutBucketAclCommand({ ...logs, ACL: 'private' }));
    expect(await grants()).toHaveLength(1);
    await off();
    expect(await code(s3.send(new sdk.PutBucketAclCommand({ ...logs, ACL })))).toBe('AccessControlListNotSupported');
    await s3.send(new sdk.DeleteBucketCommand(logs));
  });

  test('encryption, access block, policy', async () => {
    const rule = async () =>
      (await s3.send(new sdk.GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules?.[0];
    expect(await rule()).toEqual({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      BucketKeyEnabled: false,
    });
    const kms = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: 'alias/x' },
      BucketKeyEnabled: true,
    };
    await s3.send(new sdk.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [kms] } }));
    expect(await rule()).toEqual(kms);
    await s3.send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
    const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    expect((await s3.send(new sdk.GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration).toEqual(
      all,
    );
    await s3.send(new sdk.DeletePublicAccessBlockCommand({ Bucket }));
    expect(await code(s3.send(new sdk.GetPublicAccessBlockCommand({ Bucket })))).toBe(
      'NoSuchPublicAccessBlockConfiguration',
    );
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/public/*` },
      ],
    });
    await s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy }));
    expect((await s3.send(new sdk.GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
    expect((await s3.send(new sdk.GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus).toEqual({ IsPublic: true });
    await s3.send(new sdk.DeleteBucketPolicyCommand({ Bucket }));
    expect(await code(s3.send(new sdk.GetBucketPolicyCommand({ Bucket })))).toBe('NoSuchBucketPolicy');
    expect(await code(s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: '{' })))).toBe('MalformedPolicy');
  });

  test('lifecycle, logging, notifications', async () => {
    const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: 'tmp/' }, Expiration: { Days: 3 } }];
    await s3.send(new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
    expect((await s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual(Rules);
    await s3.send(new sdk.DeleteBucketLifecycleCommand({ Bucket }));
    expect(await code(s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket })))).toBe(
      'NoSuchLifecycleConfiguration',
    );
    const LoggingEnabled = { TargetBucket: Bucket, TargetPrefix: 'logs/' };
    expect(
      await code(
        s3.send(
          new sdk.PutBucketLoggingCommand({
            Bucket,
            BucketLoggingStatus: { LoggingEnabled: { ...LoggingEnabled, TargetBucket: 'no' } },
          }),
        ),
      ),
    ).toBe('InvalidTargetBucketForLogging');
    await s3.send(new sdk.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
    expect((await s3.send(new sdk.GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toEqual(LoggingEnabled);
    expect(region.events.at(-1)).toMatchObject({ kind: 'not-modelled' });
    await s3.send(new sdk.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} }));
    expect(
      await code(
        s3.send(
          new sdk.PutBucketNotificationConfigurationCommand({
            Bucket,
            NotificationConfiguration: { EventBridgeConfiguration: {} },
          }),
        ),
      ),
    ).toBe('NotImplemented');
  });

  test('a bucket goes only when it is empty, its unfinished uploads with it', async () => {
    await s3.send(new sdk.CreateBucketCommand({ Bucket: 'short-lived' }));
    await s3.send(new sdk.PutObjectCommand({ Bucket: 'short-lived', Key: 'k' }));
    await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket: 'short-lived', Key: 'up' }));
    expect(await code(s3.send(new sdk.DeleteBucketCommand({ Bucket: 'short-lived' })))).toBe('BucketNotEmpty');
    await s3.send(new sdk.DeleteObjectCommand({ Bucket: 'short-lived', Key: 'k' }));
    await s3.send(new sdk.DeleteBucketCommand({ Bucket: 'short-lived' }));
    expect(await code(s3.send(new sdk.HeadBucketCommand({ Bucket: 'short-lived' })))).toBe('NotFound');
    await s3.send(new sdk.CreateBucketCommand({ Bucket: 'short-lived' }));
    expect((await s3.send(new sdk.ListMultipartUploadsCommand({ Bucket: 'short-lived' }))).Uploads).toBeUndefined();
  });
});

describe('cross-origin requests', () => {
  const origin = 'https://app.example.com';
  const ask = (method: string, path: string, headers: Record<string, string>) =>
    fetch(`${region.url}/${path}`, { method, headers });
  const preflight = (from: string, wanted: string, path = `${Bucket}/k`, names = 'content-type') =>
    ask('OPTIONS', path, {
      origin: from,
      'access-control-request-method': wanted,
      'access-control-request-headers': names,
    });

  test('preflights follow the rules, and so do the headers of answers', async () => {
    expect((await preflight(origin, 'PUT')).status).toBe(403);
    const rule = {
      AllowedOrigins: ['https://*.example.com'],
      AllowedMethods: ['PUT', 'GET'],
      AllowedHeaders: ['Content-*'],
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 60,
    };
    await s3.send(new sdk.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [rule] } }));
    const allowed = await preflight(origin, 'PUT');
    expect(allowed.status).toBe(200);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'PUT, GET',
      'access-control-allow-headers': 'content-type',
      'access-control-expose-headers': 'ETag',
      'access-control-max-age': '60',
      'access-control-allow-credentials': 'true',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    });
    for (const refused of [
      await preflight('https://evil.test', 'PUT'),
      await preflight(origin, 'DELETE'),
      await preflight(origin, 'PUT', undefined, 'x-other'),
    ]) {
      expect(refused.status).toBe(403);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
      expect(await refused.text()).toContain('<Code>AccessForbidden</Code>');
    }
    expect((await ask('OPTIONS', `${Bucket}/k`, {})).status).toBe(400);
    expect((await preflight(origin, 'PUT', 'no-such-bucket/k')).status).toBe(404);
    const url = `${region.url}/${Bucket}/cors`;
    await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'cors', Body: 'x' }));
    expect((await fetch(url, { headers: { origin } })).headers.get('access-control-allow-origin')).toBe(origin);
    expect(
      (await fetch(url, { headers: { origin: 'https://evil.test' } })).headers.get('access-control-allow-origin'),
    ).toBeNull();
    expect(
      await code(
        s3.send(
          new sdk.PutBucketCorsCommand({
            Bucket,
            CORSConfiguration: { CORSRules: [{ ...rule, AllowedMethods: ['PATCH'] }] },
          }),
        ),
      ),
    ).toBe('InvalidRequest');
    await s3.send(new sdk.DeleteBucketCorsCommand({ Bucket }));
    expect(await code(s3.send(new sdk.GetBucketCorsCommand({ Bucket })))).toBe('NoSuchCORSConfiguration');
  });
});
