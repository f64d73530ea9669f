/** CloudFront through the SDK's client over a socket, and what the edge gets to serve from. */
import { generateKeyPairSync } from 'node:crypto';
import {
  CloudFrontClient,
  CreateCachePolicyCommand,
  CreateDistributionCommand,
  CreateFunctionCommand,
  CreateInvalidationCommand,
  CreateKeyGroupCommand,
  CreateOriginAccessControlCommand,
  CreatePublicKeyCommand,
  DeleteDistributionCommand,
  DeleteOriginAccessControlCommand,
  DescribeFunctionCommand,
  type DistributionConfig,
  GetCachePolicyCommand,
  GetDistributionCommand,
  GetInvalidationCommand,
  ListCachePoliciesCommand,
  ListDistributionsCommand,
  ListTagsForResourceCommand,
  PublishFunctionCommand,
  TagResourceCommand,
  TestFunctionCommand,
  UpdateDistributionCommand,
} from '@aws-sdk/client-cloudfront';
import { afterEach, expect, test } from 'vitest';
import { type TestRegion, testRegion } from '../testing.ts';
import { cloudFront } from './index.ts';
import { edgeConfigs } from './snapshot.ts';

const caching = '658327ea-f89d-4fab-a63d-7e88639e58f6';
let region: TestRegion;
async function start() {
  region = await testRegion({ services: [cloudFront] });
  return region.client(CloudFrontClient);
}
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

function config(change: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    CallerReference: 'one',
    Comment: 'site',
    Enabled: true,
    Origins: {
      Quantity: 1,
      Items: [
        { Id: 'spa', DomainName: 'my.spa.s3.eu-west-1.amazonaws.com', S3OriginConfig: { OriginAccessIdentity: '' } },
      ],
    },
    DefaultCacheBehavior: { TargetOriginId: 'spa', ViewerProtocolPolicy: 'redirect-to-https', CachePolicyId: caching },
    ...change,
  };
}

test('a distribution from its creation to its end', async () => {
  const client = await start();
  const made = await client.send(new CreateDistributionCommand({ DistributionConfig: config() }));
  const { Id, DomainName, Status } = made.Distribution ?? {};
  expect(Id).toMatch(/^E[A-Z0-9]{13}$/);
  expect(DomainName).toMatch(/^d[a-z0-9]{13}\.cloudfront\.net$/);
  expect(Status).toBe('InProgress');
  await region.clock.advance(60_000);
  const got = await client.send(new GetDistributionCommand({ Id }));
  expect(got.Distribution?.Status).toBe('Deployed');
  const again = new CreateDistributionCommand({ DistributionConfig: config() });
  await expect(client.send(again)).rejects.toMatchObject({ name: 'DistributionAlreadyExists' });

  const remove = (IfMatch: string | undefined) => client.send(new DeleteDistributionCommand({ Id, IfMatch }));
  await expect(remove(undefined)).rejects.toMatchObject({ name: 'InvalidIfMatchVersion' });
  await expect(remove('E0')).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(remove(got.ETag)).rejects.toMatchObject({ name: 'DistributionNotDisabled' });
  const disabled = { ...got.Distribution?.DistributionConfig, Enabled: false } as DistributionConfig;
  const updated = await client.send(
    new UpdateDistributionCommand({ Id, IfMatch: got.ETag, DistributionConfig: disabled }),
  );
  expect(updated.ETag).not.toBe(got.ETag);
  await expect(remove(updated.ETag)).rejects.toMatchObject({ name: 'DistributionNotDisabled' });
  await region.clock.advance(60_000);
  await remove(updated.ETag);
  await expect(client.send(new GetDistributionCommand({ Id }))).rejects.toMatchObject({ name: 'NoSuchDistribution' });
});

test.each<[string, Partial<DistributionConfig>, string]>([
  [
    'an unknown origin',
    { DefaultCacheBehavior: { TargetOriginId: 'x', ViewerProtocolPolicy: 'allow-all', CachePolicyId: caching } },
    'NoSuchOrigin',
  ],
  [
    'an unknown cache policy',
    { DefaultCacheBehavior: { TargetOriginId: 'spa', ViewerProtocolPolicy: 'allow-all', CachePolicyId: 'x' } },
    'NoSuchCachePolicy',
  ],
  ['a root with a slash', { DefaultRootObject: '/index.html' }, 'InvalidDefaultRootObject'],
  ['a wrong quantity', { Aliases: { Quantity: 2, Items: ['a.example.com'] } }, 'InconsistentQuantities'],
  [
    'an alias without a certificate',
    { Aliases: { Quantity: 1, Items: ['a.example.com'] } },
    'InvalidViewerCertificate',
  ],
  ['what has no model', { WebACLId: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/x/1' }, 'InvalidArgument'],
])('refuses %s', async (_what, change, code) => {
  const client = await start();
  const create = client.send(new CreateDistributionCommand({ DistributionConfig: config(change) }));
  await expect(create).rejects.toMatchObject({ name: code });
});

test('access control, function, keys and policies reach the edge', async () => {
  const client = await start();
  const control = await client.send(
    new CreateOriginAccessControlCommand({
      OriginAccessControlConfig: {
        Name: 'spa',
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
        OriginAccessControlOriginType: 's3',
      },
    }),
  );
  const code =
    "function handler(event) { console.log('ran'); event.request.uri = '/index.html'; return event.request; }";
  const made = await client.send(
    new CreateFunctionCommand({
      Name: 'routes',
      FunctionConfig: { Comment: '', Runtime: 'cloudfront-js-2.0' },
      FunctionCode: Buffer.from(code),
    }),
  );
  const event = { version: '1.0', request: { method: 'GET', uri: '/deep', querystring: {}, headers: {}, cookies: {} } };
  const tried = await client.send(
    new TestFunctionCommand({ Name: 'routes', IfMatch: made.ETag, EventObject: Buffer.from(JSON.stringify(event)) }),
  );
  expect(tried.TestResult?.FunctionExecutionLogs).toEqual(['ran']);
  expect(JSON.parse(tried.TestResult?.FunctionOutput ?? '{}')).toMatchObject({ request: { uri: '/index.html' } });
  await client.send(new PublishFunctionCommand({ Name: 'routes', IfMatch: made.ETag }));
  const live = await client.send(new DescribeFunctionCommand({ Name: 'routes', Stage: 'LIVE' }));
  const arn = live.FunctionSummary?.FunctionMetadata?.FunctionARN;
  expect(arn).toBe('arn:aws:cloudfront::123456789012:function/routes');
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const key = await client.send(
    new CreatePublicKeyCommand({ PublicKeyConfig: { Name: 'k', CallerReference: 'k', EncodedKey: pem } }),
  );
  const group = await client.send(
    new CreateKeyGroupCommand({ KeyGroupConfig: { Name: 'g', Items: [key.PublicKey?.Id ?? ''] } }),
  );
  const policy = await client.send(
    new CreateCachePolicyCommand({ CachePolicyConfig: { Name: 'pages', MinTTL: 0, DefaultTTL: 0, MaxTTL: 60 } }),
  );
  const base = config();
  await client.send(
    new CreateDistributionCommand({
      DistributionConfig: config({
        Origins: {
          Quantity: 1,
          Items: [
            {
              ...base.Origins?.Items?.[0],
              Id: 'spa',
              DomainName: 'my.spa.s3.eu-west-1.amazonaws.com',
              OriginAccessControlId: control.OriginAccessControl?.Id,
            },
          ],
        },
        DefaultCacheBehavior: {
          TargetOriginId: 'spa',
          ViewerProtocolPolicy: 'https-only',
          CachePolicyId: policy.CachePolicy?.Id,
          TrustedKeyGroups: { Enabled: true, Quantity: 1, Items: [group.KeyGroup?.Id ?? ''] },
          FunctionAssociations: { Quantity: 1, Items: [{ EventType: 'viewer-request', FunctionARN: arn }] },
        },
      }),
    }),
  );
  const [edge] = edgeConfigs(region.scope);
  const [behaviour] = edge?.behaviours ?? [];
  expect(behaviour?.origin).toMatchObject({ kind: 's3', bucket: 'my.spa', region: 'eu-west-1', signing: 'always' });
  expect(behaviour?.cache).toMatchObject({ minTtlMs: 0, defaultTtlMs: 0, maxTtlMs: 60_000 });
  expect(behaviour?.viewerRequest?.code).toBe(code);
  expect([...(behaviour?.trustedKeys ?? [])]).toEqual([[key.PublicKey?.Id, pem]]);
  const remove = new DeleteOriginAccessControlCommand({ Id: control.OriginAccessControl?.Id, IfMatch: control.ETag });
  await expect(client.send(remove)).rejects.toMatchObject({ name: 'OriginAccessControlInUse' });
});

test('managed policies are there by their ids', async () => {
  const client = await start();
  const { CachePolicy } = await client.send(new GetCachePolicyCommand({ Id: caching }));
  expect(CachePolicy?.CachePolicyConfig).toMatchObject({
    Name: 'Managed-CachingOptimized',
    MinTTL: 1,
    DefaultTTL: 86_400,
  });
  const { CachePolicyList } = await client.send(new ListCachePoliciesCommand({ Type: 'managed' }));
  expect(CachePolicyList?.Items).toHaveLength(7);
});

test('invalidations, tags and lists', async () => {
  const client = await start();
  const { Distribution } = await client.send(new CreateDistributionCommand({ DistributionConfig: config() }));
  const { Id, ARN } = Distribution ?? {};
  const { Invalidation } = await client.send(
    new CreateInvalidationCommand({
      DistributionId: Id,
      InvalidationBatch: { CallerReference: 'a', Paths: { Quantity: 1, Items: ['/*'] } },
    }),
  );
  const got = await client.send(new GetInvalidationCommand({ DistributionId: Id, Id: Invalidation?.Id }));
  expect(got.Invalidation?.Status).toBe('Completed');
  await client.send(new TagResourceCommand({ Resource: ARN, Tags: { Items: [{ Key: 'team', Value: 'web' }] } }));
  const tags = await client.send(new ListTagsForResourceCommand({ Resource: ARN }));
  expect(tags.Tags?.Items).toEqual([{ Key: 'team', Value: 'web' }]);
  const list = await client.send(new ListDistributionsCommand({}));
  expect(list.DistributionList?.Items?.map((one) => one.Id)).toEqual([Id]);
});
