/**
 * Where a flow log's records go, as CreateFlowLogs is asked. For a bucket, the policy that lets the delivery service
 * write is put on it, as AWS does when the caller may change the bucket's policy.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
 */
import type { CreateFlowLogsRequest } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { invalidValue, missing, notModelled } from './faults.ts';
import type { FlowLogRecord } from './state.ts';

type FlowDestination = Pick<FlowLogRecord, 'logGroupName' | 'deliverLogsPermissionArn' | 's3'>;

export function destinationOf(input: CreateFlowLogsRequest): FlowDestination {
  const type: string = input.LogDestinationType ?? 'cloud-watch-logs';
  if (type === 's3') return { logGroupName: '', deliverLogsPermissionArn: '', s3: bucketOf(input) };
  if (type !== 'cloud-watch-logs') throw notModelled(`The flow log destination ${type}`);
  if (input.DestinationOptions) {
    throw new Fault('InvalidParameter', 'DestinationOptions is only supported for flow logs to S3');
  }
  const logGroupName = input.LogGroupName ?? /:log-group:([^:]+)/.exec(input.LogDestination ?? '')?.[1];
  if (!logGroupName) throw missing('LogGroupName');
  const { DeliverLogsPermissionArn: deliverLogsPermissionArn } = input;
  if (!deliverLogsPermissionArn) {
    throw new Fault('InvalidParameter', 'DeliverLogsPermissionArn is required for a flow log to CloudWatch Logs');
  }
  return { logGroupName, deliverLogsPermissionArn };
}

function bucketOf(input: CreateFlowLogsRequest): NonNullable<FlowLogRecord['s3']> {
  if (input.LogGroupName) throw new Fault('InvalidParameter', 'LogGroupName is not applicable for S3 delivery');
  if (input.DeliverLogsPermissionArn) {
    throw new Fault('InvalidParameter', 'DeliverLogsPermissionArn is not applicable for S3 delivery');
  }
  const [, bucket, folder = ''] = /^arn:aws:s3:::([^/]+)\/?(.*)$/.exec(input.LogDestination ?? '') ?? [];
  if (!bucket) throw invalidValue(input.LogDestination, 'LogDestination', 'The ARN of a bucket is needed.');
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  if (prefix.split('/').includes('AWSLogs')) {
    throw invalidValue(input.LogDestination, 'LogDestination', 'AWSLogs is a reserved folder name.');
  }
  const { FileFormat = 'plain-text', HiveCompatiblePartitions, PerHourPartition } = input.DestinationOptions ?? {};
  if (FileFormat !== 'plain-text') throw notModelled(`The flow log file format ${FileFormat}`);
  const arn = input.LogDestination ?? '';
  return { arn, bucket, prefix, hive: HiveCompatiblePartitions === true, hourly: PerHourPartition === true };
}

/** Why nothing could be delivered there, in AWS's words; undefined when it can. */
export async function openBucket(
  call: Call,
  { bucket, prefix }: NonNullable<FlowLogRecord['s3']>,
): Promise<string | undefined> {
  const s3 = <O>(operation: string, input: object) =>
    call.invoke<O>(call.caller, 's3', operation, { Bucket: bucket, ...input });
  const denied = `Access Denied for LogDestination: ${bucket}. Please check LogDestination permissions`;
  let policy: { Version: string; Statement: { Sid?: string }[] } = { Version: '2012-10-17', Statement: [] };
  try {
    const { Policy } = await s3<{ Policy?: string }>('GetBucketPolicy', {});
    const found = JSON.parse(Policy ?? '{}') as { Version?: string; Statement?: unknown };
    const statements = Array.isArray(found.Statement) ? found.Statement : [found.Statement];
    policy = { Version: found.Version ?? policy.Version, Statement: statements as typeof policy.Statement };
  } catch (error) {
    const code = error instanceof Fault ? error.code : undefined;
    if (code === 'NoSuchBucket') return `LogDestination: ${bucket} does not exist`;
    // Who may not look leaves it to the owner of the bucket: the delivery shows whether it is allowed.
    if (code === 'AccessDenied') return undefined;
    if (code !== 'NoSuchBucketPolicy') throw error;
  }
  if (policy.Statement.some(({ Sid }) => Sid?.startsWith('AWSLogDelivery'))) return undefined;
  const Principal = { Service: 'delivery.logs.amazonaws.com' };
  const source = {
    StringEquals: { 'aws:SourceAccount': call.account },
    ArnLike: { 'aws:SourceArn': `arn:aws:logs:${call.region}:${call.account}:*` },
  };
  const added = [
    {
      Sid: 'AWSLogDeliveryWrite',
      Effect: 'Allow',
      Principal,
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${bucket}/${prefix}AWSLogs/*`,
      Condition: {
        ...source,
        StringEquals: { ...source.StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' },
      },
    },
    {
      Sid: 'AWSLogDeliveryAclCheck',
      Effect: 'Allow',
      Principal,
      Action: ['s3:GetBucketAcl', 's3:ListBucket'],
      Resource: `arn:aws:s3:::${bucket}`,
      Condition: source,
    },
  ];
  try {
    await s3('PutBucketPolicy', { Policy: JSON.stringify({ ...policy, Statement: [...policy.Statement, ...added] }) });
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === 'AccessDenied') return denied;
    throw error;
  }
}
