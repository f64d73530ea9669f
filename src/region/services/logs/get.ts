/** GetLogEvents. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
import type { GetLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import type { Access, Call } from '../service.ts';
import { latestMs, oldestMs, type Place, read, type StreamEvent, sizeOf } from './event-log.ts';
import { badToken, checkLimit, constraint } from './faults.ts';
import { findGroup, findStream, groupAccess, unmasked } from './names.ts';

export const mostEvents = 10_000;
/** Of one answer. */
export const mostBytes = 1_048_576;

export const getAccess = (input: GetLogEventsCommandInput, call: Call): Access[] =>
  unmasked(groupAccess(input, call), input.unmask);

export function getLogEvents(input: GetLogEventsCommandInput, call: Call) {
  const { startFromHead = false, nextToken, limit } = input;
  const size = checkLimit(limit, mostEvents);
  const window = checkWindow(input);
  const group = findGroup(call, input);
  const stream = findStream(call, group, input.logStreamName);

  const token = nextToken === undefined ? undefined : parseToken(nextToken);
  const oldestFirst = token ? token.forward : startFromHead;
  const from = later(
    { timeMs: Math.max(window.startMs, oldestMs(call, group)), sequence: 0 },
    token?.forward ? token : undefined,
  );
  const to = earlier({ timeMs: window.endMs, sequence: 0 }, token && !token.forward ? token : undefined);

  const found: StreamEvent[] = [];
  let bytes = 0;
  for (const event of read(call, group, stream, { from, to, newestFirst: !oldestFirst })) {
    bytes += sizeOf(event.message);
    if (found.length > 0 && bytes > mostBytes) break;
    found.push(event);
    if (found.length >= size) break;
  }
  if (!oldestFirst) found.reverse();

  // Where nothing was found, both tokens stay where the caller was.
  const [first, last] = [found[0], found.at(-1)];
  const here: Place = token ?? from;
  return {
    events: found.map(({ timeMs, message, ingestedMs }) => ({ timestamp: timeMs, message, ingestionTime: ingestedMs })),
    nextForwardToken: tokenOf('f', last ? { timeMs: last.timeMs, sequence: last.sequence + 1 } : here),
    nextBackwardToken: tokenOf('b', first ?? here),
  };
}

/** From `startTime` inclusive to `endTime` exclusive, in ms. */
export function checkWindow({ startTime, endTime }: { startTime?: number | undefined; endTime?: number | undefined }) {
  for (const [member, value] of Object.entries({ startTime, endTime })) {
    if (value !== undefined && !(value >= 0)) throw constraint(value, member, 'have value greater than or equal to 0');
  }
  return { startMs: Math.min(startTime ?? 0, latestMs), endMs: Math.min(endTime ?? latestMs, latestMs) };
}

const later = (a: Place, b: Place | undefined) => (b && isBefore(a, b) ? b : a);
const earlier = (a: Place, b: Place | undefined) => (b && isBefore(b, a) ? b : a);
const isBefore = (a: Place, b: Place) => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);

const timeDigits = 15;
const sequenceDigits = 41;

/** `f/` or `b/`, 56 digits of a place, `/s`: as AWS's look. */
function tokenOf(direction: 'f' | 'b', { timeMs, sequence }: Place): string {
  const time = String(Math.floor(timeMs)).padStart(timeDigits, '0');
  return `${direction}/${time}${String(sequence).padStart(sequenceDigits, '0')}/s`;
}

function parseToken(token: string): Place & { readonly forward: boolean } {
  const [, direction, time, sequence] = /^([fb])\/(\d{15})(\d{41})\/s$/.exec(token) ?? [];
  const place = { timeMs: Number(time), sequence: Number(sequence) };
  if (!direction || place.timeMs > latestMs || !Number.isSafeInteger(place.sequence)) throw badToken();
  return { ...place, forward: direction === 'f' };
}
