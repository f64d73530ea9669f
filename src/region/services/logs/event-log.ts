/**
 * The events themselves: one record each in an index on disk, under region, group, stream, time and number, so that a
 * stream's events lie in the order that they are read in and nothing but a page is ever in memory.
 */
import type { Scope } from '../service.ts';
import { expired, type GroupRecord, nowMs, type StreamRecord, streams } from './state.ts';

interface StoredEvent {
  readonly message: string;
  readonly ingestedMs: number;
}

/** A place in a stream: before the event of that time and number. */
export interface Place {
  readonly timeMs: number;
  readonly sequence: number;
}

export interface StreamEvent extends Place, StoredEvent {}

/** Counted for each event besides its message. */
export const eventOverhead = 26;
const sequenceDigits = 16;
/** As many digits as times of our millennium have. */
export const latestMs = 9_999_999_999_999;
const dayMs = 24 * 3_600_000;

export const sizeOf = (message: string) => Buffer.byteLength(message) + eventOverhead;

const index = (scope: Scope) => scope.globalIndex<StoredEvent>('logs/events');
const groupPath = (scope: Scope, group: GroupRecord) => `${scope.region}/${group.id}/`;
const streamPath = (scope: Scope, group: GroupRecord, stream: StreamRecord) =>
  `${groupPath(scope, group)}${stream.id}/`;

function placeKey({ timeMs, sequence }: Place): string {
  const time = Math.min(Math.max(Math.floor(timeMs), 0), latestMs);
  return `${String(time).padStart(13, '0')}/${String(sequence).padStart(sequenceDigits, '0')}`;
}

/** Resolves to false when the stream went meanwhile; otherwise all of the events are safe on disk. */
export async function append(
  scope: Scope,
  group: GroupRecord,
  streamName: string,
  given: readonly { readonly timestamp: number; readonly message: string }[],
): Promise<boolean> {
  const events = index(scope);
  return await events.transaction(() => {
    const table = streams(scope, group);
    const stream = table.get(streamName);
    if (!stream) return false;
    const path = streamPath(scope, group, stream);
    const ingestedMs = nowMs(scope);
    let { sequence, bytes, firstEventMs = latestMs, lastEventMs = 0 } = stream;
    for (const { timestamp, message } of given) {
      void events.put(`${path}${placeKey({ timeMs: timestamp, sequence })}`, { message, ingestedMs });
      sequence++;
      bytes += sizeOf(message);
      firstEventMs = Math.min(firstEventMs, timestamp);
      lastEventMs = Math.max(lastEventMs, timestamp);
    }
    // In the same transaction, so that numbers are never given twice.
    table.put(streamName, { ...stream, sequence, bytes, firstEventMs, lastEventMs, lastIngestionMs: ingestedMs });
    return true;
  });
}

/** Events with `from` ≤ place < `to`, read as they are asked for. To be gone through without waiting in between. */
export function* read(
  scope: Scope,
  group: GroupRecord,
  stream: StreamRecord,
  { from, to, newestFirst = false }: { from: Place; to: Place; newestFirst?: boolean },
): Generator<StreamEvent, void> {
  const path = streamPath(scope, group, stream);
  const range = { start: `${path}${placeKey(from)}`, end: `${path}${placeKey(to)}`, reverse: newestFirst };
  for (const [key, event] of index(scope).range(range)) {
    const [time, sequence] = key.slice(path.length).split('/');
    yield { ...event, timeMs: Number(time), sequence: Number(sequence) };
  }
}

/** Events before that are not shown any more, and soon gone. */
export function oldestMs({ clock }: Scope, { retentionDays }: GroupRecord): number {
  return retentionDays === undefined ? 0 : clock.now() - retentionDays * dayMs;
}

/** Says that a stream's events are to go: all, or those before a time. `emptyExpired` does it. */
export function expire(scope: Scope, group: GroupRecord, stream: StreamRecord, beforeMs?: number): void {
  const start = streamPath(scope, group, stream);
  const end = `${start}${beforeMs === undefined ? '~' : placeKey({ timeMs: beforeMs, sequence: 0 })}`;
  expired(scope).put(`${start} ${end}`, { start, end, groupId: group.id, streamName: stream.name });
}

const mostAtOnce = 1_000;

/** Deletes some of what is to go, and says whether there is more. */
export async function emptyExpired(scope: Scope): Promise<boolean> {
  const first = expired(scope).entries().next();
  if (first.done) return false;
  const [key, { start, end, groupId, streamName }] = first.value;
  const events = index(scope);
  await events.transaction(() => {
    let bytes = 0;
    const gone = [...events.range({ start, end, limit: mostAtOnce })];
    for (const [path, { message }] of gone) {
      void events.delete(path);
      bytes += sizeOf(message);
    }
    if (gone.length < mostAtOnce) expired(scope).delete(key);
    const table = streams(scope, { id: groupId });
    const stream = table.get(streamName);
    if (stream && start.endsWith(`/${stream.id}/`)) {
      const [left] = events.range({ start: end, end: `${start}~`, limit: 1 });
      const firstEventMs = left ? Number(left[0].slice(start.length).split('/')[0]) : stream.firstEventMs;
      table.put(streamName, { ...stream, bytes: stream.bytes - bytes, firstEventMs });
    }
  });
  return expired(scope).size > 0;
}
