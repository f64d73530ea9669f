/** Log streams. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html */
import type {
  CreateLogStreamCommandInput,
  DeleteLogStreamCommandInput,
  DescribeLogStreamsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Call, Scope } from '../service.ts';
import { expire } from './event-log.ts';
import { checkLimit, constraint, exists, invalid, oneOf, page } from './faults.ts';
import { checkStreamName, findGroup, findStream, groupArn } from './names.ts';
import { emptySoon } from './retention.ts';
import { type GroupRecord, nowMs, type StreamRecord, streams } from './state.ts';

export function createLogStream(input: CreateLogStreamCommandInput, call: Call) {
  const name = checkStreamName(input.logStreamName);
  const group = findGroup(call, input);
  if (streams(call, group).has(name)) throw exists('The specified log stream already exists');
  streams(call, group).put(name, {
    name,
    id: call.random.hex(12),
    createdMs: nowMs(call),
    sequence: 0,
    bytes: 0,
  });
  return {};
}

export function deleteLogStream(input: DeleteLogStreamCommandInput, call: Call) {
  const group = findGroup(call, input);
  const stream = findStream(call, group, input.logStreamName);
  expire(call, group, stream);
  streams(call, group).delete(stream.name);
  emptySoon(call);
  return {};
}

const orders = ['LogStreamName', 'LastEventTime'];

export function describeLogStreams(input: DescribeLogStreamsCommandInput, call: Call) {
  const { logStreamNamePrefix, orderBy = 'LogStreamName', descending = false, limit, nextToken } = input;
  const size = checkLimit(limit, 50);
  if (!orders.includes(orderBy)) throw constraint(orderBy, 'orderBy', oneOf(orders));
  if (logStreamNamePrefix !== undefined) {
    checkStreamName(logStreamNamePrefix, 'logStreamNamePrefix');
    if (orderBy === 'LastEventTime') throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const group = findGroup(call, input);
  const byName = (a: StreamRecord, b: StreamRecord) => (a.name < b.name ? -1 : 1);
  const byTime = (a: StreamRecord, b: StreamRecord) => (a.lastEventMs ?? 0) - (b.lastEventMs ?? 0) || byName(a, b);
  const found = [...streams(call, group).values()]
    .filter(({ name }) => name.startsWith(logStreamNamePrefix ?? ''))
    .sort(orderBy === 'LastEventTime' ? byTime : byName);
  if (descending) found.reverse();
  const { items, ...rest } = page(found, nextToken, size);
  return { logStreams: items.map((stream) => view(call, group, stream)), ...rest };
}

function view(scope: Scope, group: GroupRecord, stream: StreamRecord) {
  const { name, createdMs, firstEventMs, lastEventMs, lastIngestionMs, sequence } = stream;
  return {
    logStreamName: name,
    creationTime: createdMs,
    ...(firstEventMs === undefined ? {} : { firstEventTimestamp: firstEventMs }),
    ...(lastEventMs === undefined ? {} : { lastEventTimestamp: lastEventMs }),
    ...(lastIngestionMs === undefined ? {} : { lastIngestionTime: lastIngestionMs }),
    // Still there, and ignored by PutLogEvents.
    ...(sequence === 0 ? {} : { uploadSequenceToken: sequenceToken(stream) }),
    arn: `${groupArn(scope, group.name)}:log-stream:${name}`,
    // Always 0 since 2019: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
    storedBytes: 0,
  };
}

export function sequenceToken({ id, sequence }: StreamRecord): string {
  return `4961${BigInt(`0x${id}`).toString().padStart(16, '0')}${String(sequence).padStart(36, '0')}`;
}
