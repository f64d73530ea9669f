/** What is past its group's retention goes, and what was deleted: by the clock, a bounded piece at a time. */
import type { Table } from '../../store/store.ts';
import type { Scope } from '../service.ts';
import { emptyExpired, expire, oldestMs } from './event-log.ts';
import { type ExpiredRecord, expired, groups, streams } from './state.ts';

const sweepMs = 3_600_000;
const pauseMs = 10;

/** By the table that is the same object for the region's scope and each call in it. */
const sweeping = new WeakSet<Table<ExpiredRecord>>();

/** Starts deleting what was said to go, unless that is under way. */
export function emptySoon(scope: Scope): void {
  const table = expired(scope);
  if (table.size === 0 || sweeping.has(table)) return;
  sweeping.add(table);
  const next = () => {
    emptyExpired(scope).then(
      (more) => {
        if (more) scope.clock.after(pauseMs, next);
        else sweeping.delete(table);
      },
      (error: unknown) => {
        sweeping.delete(table);
        scope.note({ source: 'logs', kind: 'sweep-failed', text: String(error) });
      },
    );
  };
  scope.clock.after(pauseMs, next);
}

export function startRetention(scope: Scope): void {
  emptySoon(scope);
  scope.clock.every(sweepMs, () => {
    for (const group of groups(scope).values()) {
      const beforeMs = oldestMs(scope, group);
      if (beforeMs === 0) continue;
      for (const stream of streams(scope, group).values()) {
        const { firstEventMs, bytes } = stream;
        if (bytes > 0 && firstEventMs !== undefined && firstEventMs < beforeMs) expire(scope, group, stream, beforeMs);
      }
    }
    emptySoon(scope);
  });
}
