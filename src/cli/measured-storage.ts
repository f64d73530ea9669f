/** What a running region keeps: objects in its buckets, and logs by their groups; and what belongs to what in it. */
import { type CloudFrontClient, ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import { CloudWatchLogsClient, type LogGroup, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { type FlowLog, paginateDescribeFlowLogs } from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ListBucketsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Target } from '../delivery/target.ts';
import { monthMs, type RunningWindow } from './measured-window.ts';

export interface Surroundings {
  /** Domain names of what distributions fetch from. */
  readonly origins: readonly string[];
  /** Requests to the API come by a distribution. */
  readonly apiByCdn: boolean;
  /** Of access logs and flow logs. */
  readonly logBuckets: ReadonlySet<string>;
  readonly flowLogGroups: ReadonlySet<string>;
}

export async function surroundingsOf(
  { cloudFront, ec2 }: Pick<Target, 'cloudFront' | 'ec2'>,
  config: ConstructorParameters<typeof ElasticLoadBalancingV2Client>[0],
): Promise<Surroundings> {
  const [origins, flows, balancers] = await Promise.all([
    originsOf(cloudFront),
    flowLogsOf(ec2),
    balancersOf(new ElasticLoadBalancingV2Client(config ?? {})),
  ]);
  const flowBuckets = flows.flatMap(
    ({ LogDestination = '' }) => /^arn:aws:s3:::([^/]+)/.exec(LogDestination)?.[1] ?? [],
  );
  return {
    origins,
    apiByCdn: balancers.names.some((name) => origins.includes(name)),
    logBuckets: new Set([...flowBuckets, ...balancers.logBuckets]),
    flowLogGroups: new Set(flows.flatMap(({ LogGroupName }) => LogGroupName ?? [])),
  };
}

async function originsOf(cloudFront: CloudFrontClient): Promise<readonly string[]> {
  const found: string[] = [];
  let Marker: string | undefined;
  do {
    const { DistributionList } = await cloudFront.send(new ListDistributionsCommand({ Marker }));
    for (const { Origins } of DistributionList?.Items ?? [])
      found.push(...(Origins?.Items ?? []).map(({ DomainName = '' }) => DomainName));
    Marker = DistributionList?.NextMarker;
  } while (Marker);
  return found;
}

async function flowLogsOf(client: Target['ec2']): Promise<readonly FlowLog[]> {
  const found: FlowLog[] = [];
  for await (const { FlowLogs = [] } of paginateDescribeFlowLogs({ client }, {})) found.push(...FlowLogs);
  return found;
}

async function balancersOf(client: ElasticLoadBalancingV2Client) {
  try {
    const { LoadBalancers = [] } = await client.send(new DescribeLoadBalancersCommand({}));
    const logBuckets = await Promise.all(
      LoadBalancers.map(async ({ LoadBalancerArn }) => {
        const { Attributes = [] } = await client.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
        return Attributes.find(({ Key }) => Key === 'access_logs.s3.bucket')?.Value ?? '';
      }),
    );
    return {
      names: LoadBalancers.map(({ DNSName = '' }) => DNSName),
      logBuckets: logBuckets.filter((one) => one !== ''),
    };
  } finally {
    client.destroy();
  }
}

/** Bytes in buckets, versions that are no longer the latest included: of each of a site, and of all others but those of logs. */
export async function objectsOf(s3: S3Client, { origins, logBuckets }: Surroundings) {
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const sites: number[] = [];
  const others: number[] = [];
  for (const { Name = '' } of Buckets) {
    if (logBuckets.has(Name)) continue;
    const isSite = origins.some((origin) => origin.startsWith(`${Name}.s3`));
    (isSite ? sites : others).push(await bytesOf(s3, Name));
  }
  return { sites, others };
}

async function bytesOf(s3: S3Client, Bucket: string): Promise<number> {
  let bytes = 0;
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (markers) {
    const page: Awaited<ReturnType<typeof versions>> = await versions(s3, Bucket, markers);
    for (const { Size = 0 } of page.Versions ?? []) bytes += Size;
    markers = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  return bytes;
}

const versions = (s3: S3Client, Bucket: string, markers: object) =>
  s3.send(new ListObjectVersionsCommand({ Bucket, ...markers }));

/** Bytes of logs in a month; undefined where no group is. */
export async function logsOf(
  config: ConstructorParameters<typeof CloudWatchLogsClient>[0],
  { flowLogGroups }: Surroundings,
  window: RunningWindow,
) {
  const client = new CloudWatchLogsClient(config ?? {});
  try {
    const groups: LogGroup[] = [];
    for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) groups.push(...logGroups);
    const [flows, app] = [true, false].map((is) =>
      groups.filter(({ logGroupName = '' }) => flowLogGroups.has(logGroupName) === is),
    );
    return { app: loggedInMonth(app ?? [], window, window.timeScale), flows: loggedInMonth(flows ?? [], window, 1) };
  } finally {
    client.destroy();
  }
}

/**
 * Of what a group keeps, which is no more than its retention's.
 * @param weight programs write in real time, as they are asked: at a scale of 60 a line counts for 60
 */
export function loggedInMonth(
  groups: readonly Pick<LogGroup, 'storedBytes' | 'retentionInDays'>[],
  { fromMs, toMs }: RunningWindow,
  weight: number,
): number | undefined {
  if (groups.length === 0) return undefined;
  return groups.reduce((sum, { storedBytes = 0, retentionInDays }) => {
    const keptMs = Math.min(toMs - fromMs, (retentionInDays ?? Number.POSITIVE_INFINITY) * 86_400_000);
    return sum + (storedBytes * weight * monthMs) / keptMs;
  }, 0);
}
