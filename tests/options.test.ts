/** Each option of the configuration, running: the page and the API answer, and the options show. */
import { gunzipSync } from 'node:zlib';
import {
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterEach, expect, test, vi } from 'vitest';
import type { ConfigInput } from '../src/blueprint/config.ts';
import { startGallery } from './gallery.fixture.ts';

let gallery: Awaited<ReturnType<typeof startGallery>> | undefined;
afterEach(async () => {
  await gallery?.close();
  gallery = undefined;
});

const variants: [string, Partial<ConfigInput>][] = [
  ['no way out but to AWS', { network: { nat: 'none' } }],
  [
    'one NAT gateway, keys of KMS for both buckets',
    { network: { nat: 'one' }, web: { kms: true }, data: { kms: true, access: 'read-write' } },
  ],
  [
    'everything',
    {
      network: { zones: 4, ipv6: true, flowLogs: true },
      web: { uploads: true, kms: true },
      api: {
        min: 2,
        max: 8,
        accessLogs: true,
        shell: true,
        stickySeconds: 60,
        balancing: 'round-robin',
        instanceType: 'm7i.large',
        node: 20,
      },
      data: { access: 'read-write', kms: true },
      monitoring: { email: 'ops@myapp.com', budgetUsd: 50 },
    },
  ],
];

test.each(variants)(
  '%s',
  async (_, config) => {
    gallery = await startGallery({}, config);
    await gallery.deliver();
    expect((await gallery.get('myapp.localhost', '/', { door: 'https' })).status).toBe(200);
    expect(await gallery.get('api.myapp.localhost', '/items', { door: 'https' })).toMatchObject({ status: 200 });
    expect(gallery.eventTexts('internal-failure')).toEqual([]);
  },
  60_000,
);

test('the access log of the balancer tells of a request, and is complete when an update switches it off', async () => {
  gallery = await startGallery({}, { api: { accessLogs: true } });
  await gallery.deliver();
  await gallery.get('api.myapp.localhost', '/items', { door: 'https' });
  const [logs, elb] = [new S3Client(gallery.config), new ElasticLoadBalancingV2Client(gallery.config)];
  const { LoadBalancers } = await elb.send(new DescribeLoadBalancersCommand({}));
  const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn;
  const { Attributes } = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  const Bucket = Attributes?.find(({ Key }) => Key === 'access_logs.s3.bucket')?.Value;
  await gallery.deliver({}, gallery.templateOf({ api: { accessLogs: false } }));
  const Prefix = 'AWSLogs/123456789012/elasticloadbalancing/us-east-1/';
  const written = () => logs.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const { Contents } = await vi.waitUntil(async () => {
    const found = await written();
    return found.Contents && found;
  });
  const settings = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(settings.Attributes).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'false' });
  const { Body } = await logs.send(new GetObjectCommand({ Bucket, Key: Contents?.[0]?.Key }));
  const text = gunzipSync((await Body?.transformToByteArray()) ?? '').toString();
  expect(text).toMatch(/^https .* 200 200 \d+ \d+ "GET https:\/\/api\.myapp\.localhost:443\/items HTTP\/1\.1" /m);
}, 60_000);

test('deployed by hand with nothing prepared, its machines serve the placeholder', async () => {
  gallery = await startGallery();
  expect(await gallery.create('by-hand', gallery.template), await gallery.failures('by-hand')).toBe('CREATE_COMPLETE');
  expect(await gallery.get('api.myapp.com.localhost', '/', { door: 'https' })).toMatchObject({
    status: 200,
    body: 'Nothing is released here yet.\n',
  });
}, 60_000);

test('without a domain the distribution serves both under its own name', async () => {
  gallery = await startGallery({}, { domain: undefined });
  const delivered = await gallery.deliver();
  const host = `${delivered?.outputs.DistributionDomainName}.localhost`;
  expect((await gallery.get(host, '/', { door: 'https' })).status).toBe(200);
  expect(await gallery.get(host, '/api/items', { door: 'https' })).toMatchObject({ status: 200 });
}, 60_000);
