/** The time that a region goes by when nobody gives it a clock: it never goes back, however fast it ran before. */
import { type Clock, realClock } from './clock/clock.ts';
import type { Store } from './store/store.ts';

interface TimeRecord {
  readonly modelMs: number;
  readonly scale: number;
}

const keepEveryMs = 1_000;

/** A clock at this scale, which goes on where the store's region left off. */
export function keptClock(store: Store, scale: number): Clock {
  const table = store.table<TimeRecord>('global/region/time');
  const last = table.get('now');
  // It was written up to this long before a crash.
  const clock = realClock(scale, last ? last.modelMs + keepEveryMs * last.scale : 0);
  const isAhead = () => clock.now() - clock.wallMs() > keepEveryMs;
  clock.every(keepEveryMs * scale, () => {
    if (isAhead()) table.put('now', { modelMs: clock.now(), scale });
    else if (table.get('now')) table.delete('now');
  });
  return clock;
}
