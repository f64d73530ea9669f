/** FilterLogEvents. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
import type { FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import type { Access, Call } from '../service.ts';
import { oldestMs, sizeOf } from './event-log.ts';
import { badToken, checkLimit, constraint, invalid, missing } from './faults.ts';
import { checkWindow, mostBytes, mostEvents } from './get.ts';
import { type GroupEvent, type GroupPlace, merge } from './group-events.ts';
import { checkStreamName, findGroup, unmasked, wholeGroupAccess } from './names.ts';
import { parsePattern } from './pattern.ts';
import { type GroupRecord, type StreamRecord, streams } from './state.ts';

/** What one call looks at before it answers with what it has, so that none holds up the others. */
const mostScanned = { events: 10_000, bytes: 4 * mostBytes };
const mostNames = 100;
const newestFirstSinceMs = Date.UTC(2024, 0, 1);

export const filterAccess = (input: FilterLogEventsCommandInput, call: Call): Access[] =>
  unmasked(wholeGroupAccess(input, call), input.unmask);

export function filterLogEvents(input: FilterLogEventsCommandInput, call: Call) {
  const { filterPattern = '', limit, nextToken } = input;
  const size = checkLimit(limit, mostEvents);
  if (filterPattern.length > 1024)
    throw constraint(filterPattern, 'filterPattern', 'have length less than or equal to 1024');
  const matches = parsePattern(filterPattern);
  const window = checkWindow(input);
  const token = nextToken === undefined ? undefined : parseToken(nextToken);
  const newestFirst = token ? token.newestFirst : input.startFromHead === false;
  if (newestFirst && window.startMs < newestFirstSinceMs) {
    throw invalid('startFromHead can be false only when startTime is on or after 2024-01-01T00:00:00Z.');
  }
  const group = findGroup(call, input);
  const startMs = Math.max(window.startMs, oldestMs(call, group));
  const chosen = chooseStreams(call, group, input);

  const events: GroupEvent[] = [];
  let last: GroupEvent | undefined;
  let scanned = 0;
  let scannedBytes = 0;
  let bytes = 0;
  let more = false;
  // The end is included here, unlike in GetLogEvents.
  const ordered = merge(call, group, chosen, { startMs, endMs: window.endMs + 1, newestFirst, after: token });
  for (const event of ordered) {
    const eventBytes = sizeOf(event.message);
    const matched = matches(event.message) !== undefined;
    more =
      events.length >= size ||
      scanned >= mostScanned.events ||
      scannedBytes >= mostScanned.bytes ||
      (matched && events.length > 0 && bytes + eventBytes > mostBytes);
    if (more) break;
    scanned++;
    scannedBytes += eventBytes;
    last = event;
    if (!matched) continue;
    bytes += eventBytes;
    events.push(event);
  }
  return {
    events: events.map((event) => ({
      logStreamName: event.stream.name,
      timestamp: event.timeMs,
      message: event.message,
      ingestionTime: event.ingestedMs,
      eventId: eventId(event),
    })),
    // Always empty since June 2020.
    searchedLogStreams: [],
    ...(more && last ? { nextToken: tokenOf(last, newestFirst) } : {}),
  };
}

function chooseStreams(call: Call, group: GroupRecord, input: FilterLogEventsCommandInput): StreamRecord[] {
  const { logStreamNames, logStreamNamePrefix } = input;
  const table = streams(call, group);
  if (logStreamNames === undefined) {
    if (logStreamNamePrefix === undefined) return [...table.values()];
    checkStreamName(logStreamNamePrefix, 'logStreamNamePrefix');
    return [...table.values()].filter(({ name }) => name.startsWith(logStreamNamePrefix));
  }
  if (logStreamNamePrefix !== undefined) {
    throw invalid('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.');
  }
  if (logStreamNames.length < 1) throw constraint([], 'logStreamNames', 'have length greater than or equal to 1');
  if (logStreamNames.length > mostNames) {
    throw constraint(logStreamNames, 'logStreamNames', `have length less than or equal to ${mostNames}`);
  }
  return [...new Set(logStreamNames)].map((name) => {
    const stream = table.get(checkStreamName(name, 'logStreamNames'));
    if (!stream) throw missing('The specified log stream does not exist.');
    return stream;
  });
}

/** 56 digits that name the event for good. */
function eventId({ stream, timeMs, sequence }: GroupEvent): string {
  const number = BigInt(`0x${stream.id}`);
  return `3${String(timeMs).padStart(15, '0')}${String(number).padStart(20, '0')}${String(sequence).padStart(20, '0')}`;
}

function tokenOf({ stream, timeMs, sequence }: GroupEvent, newestFirst: boolean): string {
  return Buffer.from(`${newestFirst ? 'n' : 'o'} ${timeMs} ${stream.id} ${sequence}`).toString('base64url');
}

function parseToken(token: string): GroupPlace & { readonly newestFirst: boolean } {
  const text = Buffer.from(token, 'base64url').toString();
  const [, order, timeMs, streamId = '', sequence] = /^([no]) (\d{1,13}) ([0-9a-f]{12}) (\d{1,15})$/.exec(text) ?? [];
  if (!order) throw badToken();
  return { newestFirst: order === 'n', timeMs: Number(timeMs), streamId, sequence: Number(sequence) };
}
