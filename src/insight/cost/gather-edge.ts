/** Distributions and buckets: who serves what to whom. */
import type { Model, ModelResource } from '../model/model.ts';
import { listOf } from './describe.ts';
import type { Bucket, Distribution, Inventory } from './inventory.ts';

export interface Edge {
  readonly distributions: Inventory['distributions'];
  readonly buckets: readonly Bucket[];
  /** Parts that are balancers behind a distribution. */
  readonly balancers: ReadonlySet<string>;
}

interface Behaviour {
  readonly TargetOriginId?: string;
  readonly FunctionAssociations?: readonly object[];
}

interface DistributionConfig {
  readonly Origins?: readonly { readonly Id?: string; readonly DomainName?: string }[];
  readonly DefaultCacheBehavior?: Behaviour;
  readonly CacheBehaviors?: readonly Behaviour[];
  readonly ViewerCertificate?: { readonly AcmCertificateArn?: string; readonly SslSupportMethod?: string };
}

export async function distributionsOf(model: Model): Promise<Edge> {
  const resources = [...model.resources.values()];
  const configs = resources
    .filter(({ type }) => type === 'AWS::CloudFront::Distribution')
    .map(({ logicalId, properties }) => ({
      part: logicalId,
      config: (properties.DistributionConfig ?? {}) as DistributionConfig,
    }));
  const origins = new Set(configs.flatMap(({ config }) => (config.Origins ?? []).map((one) => one.DomainName ?? '')));
  const names = await listOf<{ LoadBalancerArn: string; DNSName: string }>(
    model,
    'elasticloadbalancing',
    'DescribeLoadBalancers',
    'LoadBalancers',
  );
  const behind = names.filter(({ DNSName }) => origins.has(DNSName));
  const logs: LogBuckets = { access: new Set(await accessLogBuckets(model, names)), flows: flowLogBuckets(resources) };
  return {
    distributions: configs.map(({ part, config }) =>
      distributionOf(part, config, new Set(behind.map((one) => one.DNSName))),
    ),
    buckets: resources
      .filter(({ type }) => type === 'AWS::S3::Bucket')
      .map((bucket) => bucketOf(bucket, [...origins], logs)),
    balancers: new Set(behind.map(({ LoadBalancerArn }) => model.logicalIdOf(LoadBalancerArn) ?? LoadBalancerArn)),
  };
}

function distributionOf(part: string, config: DistributionConfig, balancers: ReadonlySet<string>): Distribution {
  const toApi = new Set(
    (config.Origins ?? []).flatMap(({ Id, DomainName = '' }) => (balancers.has(DomainName) ? [Id] : [])),
  );
  const behaviours = [config.DefaultCacheBehavior ?? {}, ...(config.CacheBehaviors ?? [])];
  const most = (some: readonly Behaviour[]) =>
    Math.max(0, ...some.map(({ FunctionAssociations = [] }) => FunctionAssociations.length));
  const [api, pages] = [true, false].map((is) => behaviours.filter((one) => toApi.has(one.TargetOriginId) === is));
  const { AcmCertificateArn, SslSupportMethod } = config.ViewerCertificate ?? {};
  return {
    part,
    functions: most(pages ?? []),
    apiFunctions: most(api ?? []),
    carriesApi: toApi.size > 0,
    // CloudFront's own certificate is shown with vip, too, and costs nothing.
    dedicatedCertificate: SslSupportMethod === 'vip' ? AcmCertificateArn : undefined,
  };
}

async function accessLogBuckets(model: Model, balancers: readonly { readonly LoadBalancerArn: string }[]) {
  const attributes = await Promise.all(
    balancers.map(({ LoadBalancerArn }) =>
      listOf<{ Key: string; Value: string }>(
        model,
        'elasticloadbalancing',
        'DescribeLoadBalancerAttributes',
        'Attributes',
        {
          LoadBalancerArn,
        },
      ),
    ),
  );
  return attributes.flatMap((some) => {
    const value = (key: string) => some.find((one) => one.Key === key)?.Value;
    const name = value('access_logs.s3.bucket');
    return value('access_logs.s3.enabled') === 'true' && name ? [name] : [];
  });
}

interface LogBuckets {
  readonly access: ReadonlySet<string>;
  readonly flows: ReadonlySet<string>;
}

function flowLogBuckets(resources: readonly ModelResource[]): ReadonlySet<string> {
  const found = resources.flatMap(({ type, properties }) =>
    type === 'AWS::EC2::FlowLog'
      ? (/^arn:aws:s3:::([^/]+)/.exec(String(properties.LogDestination ?? ''))?.[1] ?? [])
      : [],
  );
  return new Set(found);
}

interface EncryptionRule {
  readonly BucketKeyEnabled?: boolean | string;
  readonly ServerSideEncryptionByDefault?: { readonly SSEAlgorithm?: string };
}

function bucketOf(
  { logicalId, physicalId, properties }: ModelResource,
  origins: readonly string[],
  logs: LogBuckets,
): Bucket {
  const { ServerSideEncryptionConfiguration: rules = [] } = (properties.BucketEncryption ?? {}) as {
    ServerSideEncryptionConfiguration?: readonly EncryptionRule[];
  };
  const isSite = origins.some((name) => name.startsWith(`${physicalId}.s3`));
  return {
    part: logicalId,
    role: isSite
      ? 'site'
      : logs.access.has(physicalId)
        ? 'accessLogs'
        : logs.flows.has(physicalId)
          ? 'flowLogs'
          : 'data',
    kms: rules.some((one) => one.ServerSideEncryptionByDefault?.SSEAlgorithm === 'aws:kms'),
    bucketKey: rules.some((one) => String(one.BucketKeyEnabled) === 'true'),
  };
}
