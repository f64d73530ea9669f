/** What happened in a region, for people and programs: the last events in memory, and a stream of those to come. */
import type { RegionEvent } from './services/service.ts';

export interface LoggedEvent extends RegionEvent {
  readonly atMs: number;
  readonly region: string;
}

export interface EventLog {
  add(event: LoggedEvent): void;
  /** The last ones, oldest first; before them those older ones that are lasting. */
  recent(): readonly LoggedEvent[];
  subscribe(listener: (event: LoggedEvent) => void): () => void;
}

const remembered = 2_000;

export function eventLog(): EventLog {
  const events: LoggedEvent[] = [];
  const lasting: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  return {
    add(event) {
      if (events.length >= remembered) {
        lasting.push(...events.splice(0, remembered / 4).filter((one) => one.lasting));
      }
      events.push(event);
      for (const listener of listeners) listener(event);
    },
    recent: () => [...lasting, ...events],
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
