/** PutLogEvents. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
import type { PutLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import type { Call } from '../service.ts';
import { append, latestMs, oldestMs, sizeOf } from './event-log.ts';
import { constraint, invalid, missing, notModelled } from './faults.ts';
import { feedMetrics } from './metric-feed.ts';
import { checkStreamName, findGroup, findStream } from './names.ts';
import { sequenceToken } from './stream.ts';

const mostEvents = 10_000;
const mostBytes = 1_048_576;
const hourMs = 3_600_000;
const newestMs = 2 * hourMs;
const oldestEverMs = 14 * 24 * hourMs;
const longestSpanMs = 24 * hourMs;

interface GivenEvent {
  readonly timestamp: number;
  readonly message: string;
}

export async function putLogEvents(input: PutLogEventsCommandInput, call: Call) {
  if (input.entity !== undefined) throw notModelled('entity');
  checkStreamName(input.logStreamName);
  const events = checkEvents(input.logEvents);
  const group = findGroup(call, input);
  const stream = findStream(call, group, input.logStreamName);

  const nowMs = call.clock.now();
  const keptMs = oldestMs(call, group);
  const expiredEnd = countWhile(events, ({ timestamp }) => timestamp < keptMs);
  const tooOldEnd = countWhile(events, ({ timestamp }) => timestamp < nowMs - oldestEverMs);
  const tooNewStart = countWhile(events, ({ timestamp }) => timestamp <= nowMs + newestMs);
  const taken = events.slice(Math.max(expiredEnd, tooOldEnd), tooNewStart);
  const [first, last] = [taken[0], taken.at(-1)];
  if (first && last) {
    if (last.timestamp - first.timestamp > longestSpanMs) {
      throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
    }
    if (!(await append(call, group, stream.name, taken))) throw missing('The specified log stream does not exist.');
    await feedMetrics(call, group.name, taken);
  }
  const rejected = {
    ...(tooNewStart < events.length ? { tooNewLogEventStartIndex: tooNewStart } : {}),
    ...(tooOldEnd > 0 ? { tooOldLogEventEndIndex: tooOldEnd } : {}),
    ...(expiredEnd > 0 ? { expiredLogEventEndIndex: expiredEnd } : {}),
  };
  return {
    nextSequenceToken: sequenceToken({ ...stream, sequence: stream.sequence + taken.length }),
    ...(Object.keys(rejected).length > 0 ? { rejectedLogEventsInfo: rejected } : {}),
  };
}

function checkEvents(given: PutLogEventsCommandInput['logEvents']): GivenEvent[] {
  if (!given) throw constraint(undefined, 'logEvents', 'not be null');
  if (given.length < 1) throw constraint([], 'logEvents', 'have length greater than or equal to 1');
  if (given.length > mostEvents)
    throw constraint('[...]', 'logEvents', `have length less than or equal to ${mostEvents}`);
  let bytes = 0;
  let before = 0;
  const events = given.map(({ timestamp, message }, index) => {
    const at = (member: string) => `logEvents.${index + 1}.member.${member}`;
    if (timestamp === undefined) throw constraint(undefined, at('timestamp'), 'not be null');
    if (!(timestamp >= 0)) {
      throw constraint(timestamp, at('timestamp'), 'have value greater than or equal to 0');
    }
    if (message === undefined) throw constraint(undefined, at('message'), 'not be null');
    if (message === '') throw constraint(message, at('message'), 'have length greater than or equal to 1');
    if (timestamp < before) {
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
    }
    before = timestamp;
    // A clock that runs fast has times between whole milliseconds.
    bytes += sizeOf(message);
    return { timestamp: Math.floor(Math.min(timestamp, latestMs)), message };
  });
  if (bytes > mostBytes) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${mostBytes}`);
  return events;
}

/** How many at the beginning. */
function countWhile<T>(all: readonly T[], is: (one: T) => boolean): number {
  const end = all.findIndex((one) => !is(one));
  return end < 0 ? all.length : end;
}
