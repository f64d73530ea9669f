/**
 * Access logs in S3: the check of the bucket when they are switched on, and the delivery of what the nodes collected.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { GetBucketEncryptionCommandOutput, GetBucketPolicyCommandOutput } from '@aws-sdk/client-s3';
import type { AccessLogPlace } from '../../traffic/balancer/config.ts';
import type { AccessLogDelivery } from '../../traffic/balancer/plane.ts';
import { Fault } from '../../wire/fault.ts';
import { rootCaller } from '../iam/credentials.ts';
import type { Caller, Scope } from '../service.ts';
import { asService, type BalancerRecord, balancers } from './state.ts';

const compress = promisify(gzip);
const lowerAndDigits = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Elastic Load Balancing's own accounts, which policies of older regions name instead of the service. */
const accounts: Readonly<Record<string, string>> = {
  'us-east-1': '127311923021',
  'us-east-2': '033677994240',
  'us-west-1': '027434742980',
  'us-west-2': '797873946194',
  'af-south-1': '098369216593',
  'ap-east-1': '754344448648',
  'ap-northeast-1': '582318560864',
  'ap-northeast-2': '600734575887',
  'ap-northeast-3': '383597477331',
  'ap-south-1': '718504428378',
  'ap-southeast-1': '114774131450',
  'ap-southeast-2': '783225319266',
  'ap-southeast-3': '589379963580',
  'ca-central-1': '985666609251',
  'eu-central-1': '054676820928',
  'eu-north-1': '897822967062',
  'eu-south-1': '635631232127',
  'eu-west-1': '156460612806',
  'eu-west-2': '652711504416',
  'eu-west-3': '009996457667',
  'me-south-1': '076674570225',
  'sa-east-1': '507241528517',
};

/** Undefined while they are off. */
export function accessLogPlace({ attributes }: Pick<BalancerRecord, 'attributes'>): AccessLogPlace | undefined {
  if (attributes['access_logs.s3.enabled'] !== 'true') return undefined;
  return {
    bucket: attributes['access_logs.s3.bucket'] ?? '',
    prefix: attributes['access_logs.s3.prefix'] ?? '',
  };
}

/** Writes a test file, as AWS does. Throws `InvalidConfigurationRequest` when the bucket does not take it. */
export async function checkLogBucket(scope: Scope, record: BalancerRecord): Promise<void> {
  const place = accessLogPlace(record);
  if (!place) return;
  const { bucket } = place;
  if (bucket === '') {
    throw new Fault(
      'InvalidConfigurationRequest',
      "The attribute 'access_logs.s3.bucket' must be set when 'access_logs.s3.enabled' is 'true'",
    );
  }
  const key = folderOf(scope, place, 'ELBAccessLogTestFile');
  const text = `Enable AccessLog for ELB: ${record.name} at ${scope.clock.date().toISOString()}`;
  await write(scope, record.arn, bucket, key, Buffer.from(text)).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'NoSuchBucket')
      throw new Fault('InvalidConfigurationRequest', `S3Bucket: ${bucket} is not valid.`);
    if (error instanceof Fault && error.code === 'PermanentRedirect') {
      throw new Fault(
        'InvalidConfigurationRequest',
        `S3Bucket: ${bucket} is not located in the same region with ELB: ${record.name}`,
      );
    }
    throw new Fault(
      'InvalidConfigurationRequest',
      `Access Denied for bucket: ${bucket}. Please check S3bucket permission`,
    );
  });
}

/** Never rejects: a bucket that takes no more is told of in the log. */
export async function deliverAccessLog(scope: Scope, delivery: AccessLogDelivery): Promise<void> {
  const { place, balancerArn, address, text, endMs } = delivery;
  const { account, region } = scope;
  const [day = '', time = ''] = new Date(endMs).toISOString().split('T');
  const stamp = `${day.replaceAll('-', '')}T${time.slice(0, 5).replace(':', '')}Z`;
  const id = balancerArn.split(':loadbalancer/')[1]?.replaceAll('/', '.');
  const file = `${account}_elasticloadbalancing_${region}_${id}_${stamp}_${address}_${scope.random.text(8, lowerAndDigits)}.log.gz`;
  const key = folderOf(scope, place, 'elasticloadbalancing', region, ...day.split('-'), file);
  try {
    await write(scope, balancerArn, place.bucket, key, await compress(text));
  } catch (error) {
    const name = balancers(scope).get(balancerArn)?.name ?? id;
    scope.note({
      source: 'balancer',
      kind: 'access-log-failed',
      text: `${name} could not write its access log to ${place.bucket}/${key}: ${error instanceof Error ? error.message : error}`,
    });
  }
}

function folderOf({ account }: Scope, { prefix }: AccessLogPlace, ...names: string[]): string {
  return [...(prefix === '' ? [] : [prefix]), 'AWSLogs', account, ...names].join('/');
}

async function write(scope: Scope, sourceArn: string, Bucket: string, Key: string, Body: Buffer): Promise<void> {
  await needOwnKeys(scope, Bucket);
  const service: Caller = {
    kind: 'service',
    service: 'logdelivery.elasticloadbalancing.amazonaws.com',
    sourceAccount: scope.account,
    sourceArn,
    trusted: false,
  };
  const put = (caller: Caller) => scope.invoke(caller, 's3', 'PutObject', { Bucket, Key, Body });
  const legacy = accounts[scope.region];
  // Asked first for whom the policy is written, so that what is allowed in the end is not told of as denied.
  if (legacy === undefined || !(await policyOf(scope, Bucket)).includes(legacy)) {
    await put(service);
    return;
  }
  await put(rootCaller(legacy, '')).catch(async (error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'AccessDenied') throw error;
    await put(service);
  });
}

/** Whatever the key's policy allows, AWS writes access logs into no bucket that is encrypted with KMS by default. */
async function needOwnKeys(scope: Scope, Bucket: string): Promise<void> {
  const { ServerSideEncryptionConfiguration } = await scope.invoke<GetBucketEncryptionCommandOutput>(
    asService,
    's3',
    'GetBucketEncryption',
    { Bucket },
  );
  const rules = ServerSideEncryptionConfiguration?.Rules ?? [];
  if (rules.some((rule) => rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm?.startsWith('aws:kms')))
    throw new Fault('AccessDenied', 'the bucket is encrypted with KMS, and access logs take SSE-S3 alone');
}

async function policyOf(scope: Scope, Bucket: string): Promise<string> {
  try {
    const { Policy } = await scope.invoke<GetBucketPolicyCommandOutput>(asService, 's3', 'GetBucketPolicy', { Bucket });
    return Policy ?? '';
  } catch (error) {
    if (error instanceof Fault && error.code === 'NoSuchBucketPolicy') return '';
    throw error;
  }
}
