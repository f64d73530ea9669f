import { gunzipSync } from 'node:zlib';
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand,
  ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ec2 } from '../ec2/index.ts';
import { iam } from '../iam/index.ts';
import { s3 } from '../s3/index.ts';
import { root, type TestRegion, testRegion } from '../testing.ts';
import { deliverAccessLog } from './access-logs.ts';
import { elasticLoadBalancing } from './index.ts';

const Bucket = 'balancer-logs';
let region: TestRegion;
let elb: ElasticLoadBalancingV2Client;
let buckets: S3Client;
let LoadBalancerArn = '';

beforeEach(async () => {
  region = await testRegion({ services: [ec2, elasticLoadBalancing, s3, iam] });
  elb = region.client(ElasticLoadBalancingV2Client);
  buckets = region.client(S3Client);
  const network = region.client(EC2Client);
  const { Vpc } = await network.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const Subnets: string[] = [];
  for (const [n, zone] of ['a', 'b'].entries()) {
    const { Subnet } = await network.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: `10.0.${n}.0/24`, AvailabilityZone: `us-east-1${zone}` }),
    );
    Subnets.push(Subnet?.SubnetId ?? '');
  }
  const made = await elb.send(new CreateLoadBalancerCommand({ Name: 'web', Subnets, Scheme: 'internal' }));
  LoadBalancerArn = made.LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  await buckets.send(new CreateBucketCommand({ Bucket }));
});

afterEach(() => region.close());

const set = (attributes: Record<string, string>) =>
  elb.send(
    new ModifyLoadBalancerAttributesCommand({
      LoadBalancerArn,
      Attributes: Object.entries(attributes).map(([Key, Value]) => ({ Key, Value })),
    }),
  );

const on = { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': Bucket };

async function allow(Principal: object, resource = 'AWSLogs/123456789012/*'): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal,
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Bucket}/${resource}`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await buckets.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

const keys = async () =>
  (await buckets.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key ?? '') ?? [];

const deliveryOf = (text: string) => ({
  place: { bucket: Bucket, prefix: '' },
  balancerArn: LoadBalancerArn,
  address: '10.0.0.4',
  text,
  endMs: Date.parse('2026-02-15T23:40:00Z'),
});

const service = { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' };

it('are switched on only where the bucket takes them, which a test file shows', async () => {
  const refusal = {
    name: 'InvalidConfigurationRequestException',
    message: `Access Denied for bucket: ${Bucket}. Please check S3bucket permission`,
  };
  await expect(set(on)).rejects.toMatchObject(refusal);
  const { Attributes } = await elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(Attributes).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'false' });
  await allow(service);
  await set(on);
  expect(await keys()).toEqual(['AWSLogs/123456789012/ELBAccessLogTestFile']);
  // Another place is another question.
  await expect(set({ 'access_logs.s3.prefix': 'web' })).rejects.toMatchObject(refusal);
  await allow(service, 'web/AWSLogs/123456789012/*');
  await set({ 'access_logs.s3.prefix': 'web' });
  expect(await keys()).toContain('web/AWSLogs/123456789012/ELBAccessLogTestFile');
});

it('policies that name the account of Elastic Load Balancing hold, too', async () => {
  await allow({ AWS: 'arn:aws:iam::127311923021:root' });
  await set(on);
  expect(await keys()).toEqual(['AWSLogs/123456789012/ELBAccessLogTestFile']);
});

it('what CDK allows (`logAccessLogs`) is enough, and nothing is said to be refused', async () => {
  const Resource = `arn:aws:s3:::${Bucket}/AWSLogs/123456789012/*`;
  const delivery = { Service: 'delivery.logs.amazonaws.com' };
  const own = { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } };
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::127311923021:root' }, Action: 's3:PutObject', Resource },
    { Effect: 'Allow', Principal: delivery, Action: 's3:PutObject', Resource, Condition: own },
    { Effect: 'Allow', Principal: delivery, Action: 's3:GetBucketAcl', Resource: `arn:aws:s3:::${Bucket}` },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await buckets.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await set(on);
  await deliverAccessLog(region.scope, deliveryOf('a line\n'));
  expect(await keys()).toHaveLength(2);
  expect(region.events.filter(({ kind }) => kind === 'access-denied')).toEqual([]);
});

it('are refused by a bucket that is encrypted with KMS, whatever its policy and its key allow', async () => {
  await allow(service);
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } };
  await buckets.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
  await expect(set(on)).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
    message: `Access Denied for bucket: ${Bucket}. Please check S3bucket permission`,
  });
  await deliverAccessLog(region.scope, deliveryOf('a line\n'));
  expect(region.events.at(-1)).toMatchObject({ kind: 'access-log-failed', text: expect.stringContaining('SSE-S3') });
  expect(await keys()).toEqual([]);
});

it('are refused by a bucket of another region', async () => {
  await region.scope.inRegion('eu-west-1').invoke(root, 's3', 'CreateBucket', {
    Bucket: 'far-logs',
    CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
  });
  await expect(set({ ...on, 'access_logs.s3.bucket': 'far-logs' })).rejects.toMatchObject({
    name: 'InvalidConfigurationRequestException',
    message: 'S3Bucket: far-logs is not located in the same region with ELB: web',
  });
});

it.each([
  [{ 'access_logs.s3.prefix': '/web' }, 'ValidationError'],
  [{ 'access_logs.s3.prefix': 'web/' }, 'ValidationError'],
  [{ 'access_logs.s3.enabled': 'true' }, 'InvalidConfigurationRequestException'],
  [{ ...on, 'access_logs.s3.bucket': 'nowhere' }, 'InvalidConfigurationRequestException'],
  [{ 'access_logs.s3.prefix': 'my/AWSLogs' }, 'ValidationError'],
  [{ 'access_logs.s3.enabled': 'yes' }, 'ValidationError'],
])('are refused with %j', async (attributes, name) => {
  await expect(set(attributes)).rejects.toMatchObject({ name });
});

it('are delivered under their documented names; what the bucket refuses is told of', async () => {
  await allow(service);
  await set(on);
  const delivery = deliveryOf('a line\n');
  await deliverAccessLog(region.scope, delivery);
  const Key = (await keys()).find((key) => key.endsWith('.gz')) ?? '';
  const id = LoadBalancerArn.split('loadbalancer/')[1]?.replaceAll('/', '.');
  expect(Key).toMatch(
    new RegExp(
      `^AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/02/15/123456789012_elasticloadbalancing_us-east-1_${id}_20260215T2340Z_10\\.0\\.0\\.4_[a-z0-9]{8}\\.log\\.gz$`,
    ),
  );
  const { Body } = await buckets.send(new GetObjectCommand({ Bucket, Key }));
  expect(gunzipSync((await Body?.transformToByteArray()) ?? '').toString()).toBe('a line\n');

  await allow(service, 'elsewhere/*');
  await deliverAccessLog(region.scope, delivery);
  expect(region.events.at(-1)).toMatchObject({
    kind: 'access-log-failed',
    text: expect.stringContaining('web could not write'),
  });
});
