/**
 * Puts flow log records where their flow log says: a stream for each interface in a log group, with the permissions of
 * the flow log's role, or compressed files in a bucket, as far as its policy lets the delivery service write.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { asRole } from '../assumed-role.ts';
import type { Caller, Scope } from '../service.ts';
import { flowFields } from './flow-format.ts';
import type { FlowLogRecord } from './state.ts';

export type InterfaceLines = { readonly timestamp: number; readonly message: string }[];

/** PutLogEvents takes so many at once, and 26 bytes are added to each. */
const mostEvents = 10_000;
const mostBytes = 1_048_576;
const eventOverhead = 26;

const compress = promisify(gzip);

/** `lines` by interface id. Returns what DescribeFlowLogs says of the delivery: undefined when it went through. */
export async function deliverFlows(
  scope: Scope,
  log: FlowLogRecord,
  lines: ReadonlyMap<string, InterfaceLines>,
): Promise<string | undefined> {
  if (lines.size === 0) return log.deliverError;
  try {
    if (log.s3) await toBucket(scope, log, log.s3, lines);
    else await toLogGroup(scope, log, lines);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.note({
      source: 'ec2',
      kind: 'flow-log-failed',
      text: `${log.flowLogId}: ${message}`,
      data: { flowLogId: log.flowLogId, resourceId: log.resourceId },
    });
    // AWS says no more than this.
    return /denied|not authorized/i.test(`${codeOf(error)} ${message}`) ? 'Access error' : 'Unknown error';
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function toLogGroup(scope: Scope, log: FlowLogRecord, lines: ReadonlyMap<string, InterfaceLines>): Promise<void> {
  const { logGroupName } = log;
  const caller = await asRole(scope, {
    service: 'vpc-flow-logs.amazonaws.com',
    sourceArn: `arn:aws:ec2:${scope.region}:${scope.account}:vpc-flow-log/${log.flowLogId}`,
    roleArn: log.deliverLogsPermissionArn,
    session: log.flowLogId,
  });
  const logs = (operation: string, input: object) => scope.invoke(caller, 'logs', operation, input);
  const unlessThere = (error: unknown) => {
    if (codeOf(error) !== 'ResourceAlreadyExistsException') throw error;
  };
  for (const [interfaceId, unordered] of lines) {
    const logStreamName = `${interfaceId}-${log.trafficType.toLowerCase()}`;
    const createStream = () => logs('CreateLogStream', { logGroupName, logStreamName });
    await createStream()
      .catch(async (error: unknown) => {
        if (codeOf(error) !== 'ResourceNotFoundException') throw error;
        // The group is made when it is missing and the role may.
        await logs('CreateLogGroup', { logGroupName });
        await createStream();
      })
      .catch(unlessThere);
    const ordered = [...unordered].sort((a, b) => a.timestamp - b.timestamp);
    for (const logEvents of batches(ordered)) await logs('PutLogEvents', { logGroupName, logStreamName, logEvents });
  }
}

function batches(lines: InterfaceLines): InterfaceLines[] {
  const found: InterfaceLines[] = [];
  let batch: InterfaceLines = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line.message) + eventOverhead;
    if (batch.length === mostEvents || bytes + size > mostBytes) {
      found.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += size;
  }
  return batch.length > 0 ? [...found, batch] : found;
}

/** What writes flow logs into buckets; the bucket's policy decides. */
function deliveryService(scope: Scope): Caller {
  return {
    kind: 'service',
    service: 'delivery.logs.amazonaws.com',
    sourceAccount: scope.account,
    sourceArn: `arn:aws:logs:${scope.region}:${scope.account}:*`,
    trusted: false,
  };
}

async function toBucket(
  scope: Scope,
  log: FlowLogRecord,
  { bucket, prefix, hive, hourly }: NonNullable<FlowLogRecord['s3']>,
  lines: ReadonlyMap<string, InterfaceLines>,
): Promise<void> {
  const { account, region } = scope;
  const [day = '', time = ''] = scope.clock.date().toISOString().split('T');
  const [year = '', month = '', date = ''] = day.split('-');
  const hour = time.slice(0, 2);
  const named = hive
    ? [`aws-account-id=${account}`, 'aws-service=vpcflowlogs', `aws-region=${region}`]
    : [account, 'vpcflowlogs', region];
  const dated = hive
    ? [`year=${year}`, `month=${month}`, `day=${date}`, ...(hourly ? [`hour=${hour}`] : [])]
    : [year, month, date, ...(hourly ? [hour] : [])];
  const stamp = `${year}${month}${date}T${hour}${time.slice(3, 5)}Z`;
  const file = `${account}_vpcflowlogs_${region}_${log.flowLogId}_${stamp}_${scope.random.hex(8)}.log.gz`;
  const messages = [...lines.values()].flat().sort((a, b) => a.timestamp - b.timestamp);
  const text = [flowFields(log.logFormat).names.join(' '), ...messages.map(({ message }) => message), ''].join('\n');
  await scope.invoke(deliveryService(scope), 's3', 'PutObject', {
    Bucket: bucket,
    Key: `${prefix}${['AWSLogs', ...named, ...dated, file].join('/')}`,
    Body: await compress(text),
    ACL: 'bucket-owner-full-control',
    ContentType: 'application/x-gzip',
  });
}
