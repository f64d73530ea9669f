/** The events of many streams in one order: by time, then by stream, then as they came. */
import type { Scope } from '../service.ts';
import { latestMs, type Place, read, type StreamEvent } from './event-log.ts';
import type { GroupRecord, StreamRecord } from './state.ts';

export interface GroupEvent extends StreamEvent {
  readonly stream: StreamRecord;
}

/** The place of one event. */
export interface GroupPlace extends Place {
  readonly streamId: string;
}

interface Order {
  readonly startMs: number;
  readonly endMs: number;
  readonly newestFirst: boolean;
  /** The event that was given last. */
  readonly after?: GroupPlace | undefined;
}

/** A stream that is being read, with its next event. */
interface Head {
  readonly rest: Generator<StreamEvent, void>;
  readonly event: GroupEvent;
}

/** To be gone through without waiting in between. A stream is not opened before its events can be next. */
export function* merge(
  scope: Scope,
  group: GroupRecord,
  all: readonly StreamRecord[],
  order: Order,
): Generator<GroupEvent, void> {
  const { startMs, endMs, newestFirst, after } = order;
  const nearest = ({ firstEventMs = latestMs, lastEventMs = 0 }: StreamRecord) =>
    newestFirst
      ? -Math.min(lastEventMs, after?.timeMs ?? endMs, endMs)
      : Math.max(firstEventMs, after?.timeMs ?? 0, startMs);
  const waiting = all
    .filter(({ firstEventMs = latestMs, lastEventMs = -1 }) => lastEventMs >= startMs && firstEventMs < endMs)
    .map((stream) => ({ stream, nearest: nearest(stream) }))
    // The nearest last, to be taken from there.
    .sort((a, b) => b.nearest - a.nearest);
  const heads: Head[] = [];
  const advance = (stream: StreamRecord, rest: Head['rest']) => {
    const next = rest.next();
    if (!next.done) place(heads, { rest, event: { ...next.value, stream } }, newestFirst);
  };
  try {
    for (;;) {
      const head = heads.at(-1);
      const other = waiting.at(-1);
      if (other && (!head || other.nearest <= (newestFirst ? -head.event.timeMs : head.event.timeMs))) {
        waiting.pop();
        advance(other.stream, read(scope, group, other.stream, { ...bounds(other.stream, order), newestFirst }));
        continue;
      }
      if (!head) return;
      yield head.event;
      heads.pop();
      advance(head.event.stream, head.rest);
    }
  } finally {
    for (const { rest } of heads) rest.return();
  }
}

/** What of a stream comes after the place, in the order of the whole. */
function bounds({ id }: StreamRecord, { startMs, endMs, newestFirst, after }: Order): { from: Place; to: Place } {
  const from = { timeMs: startMs, sequence: 0 };
  const to = { timeMs: endMs, sequence: 0 };
  if (!after) return { from, to };
  const { timeMs, sequence, streamId } = after;
  if (newestFirst) {
    const before =
      id === streamId
        ? { timeMs, sequence }
        : id > streamId
          ? { timeMs, sequence: 0 }
          : { timeMs: timeMs + 1, sequence: 0 };
    return { from, to: before.timeMs < endMs ? before : to };
  }
  const next =
    id === streamId
      ? { timeMs, sequence: sequence + 1 }
      : id > streamId
        ? { timeMs, sequence: 0 }
        : { timeMs: timeMs + 1, sequence: 0 };
  return { from: next.timeMs >= startMs ? next : from, to };
}

/** Puts a head where it belongs: the next of all is the last in the list. */
function place(heads: Head[], head: Head, newestFirst: boolean): void {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = heads[middle];
    if (other && compare(other.event, head.event) < 0 === newestFirst) low = middle + 1;
    else high = middle;
  }
  heads.splice(low, 0, head);
}

function compare(a: GroupEvent, b: GroupEvent): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (a.stream.id !== b.stream.id) return a.stream.id < b.stream.id ? -1 : 1;
  return a.sequence - b.sequence;
}
