/** What the region tells of: its event stream, read. */
import type { LoggedEvent } from '../region/events.ts';
import { endpointOf, type RunningRegion } from './running.ts';

/** Calls back with each of the recent events and, with `follow`, with each as it happens. */
export async function readEvents(
  running: RunningRegion,
  follow: boolean,
  each: (event: LoggedEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const url = `${endpointOf(running)}/_orrery/events${follow ? '' : '?recent'}`;
  const { body } = await fetch(url, signal ? { signal } : {});
  if (!body) return;
  let pending = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const parts = (pending + chunk).split('\n\n');
    pending = parts.pop() ?? '';
    for (const part of parts) each(JSON.parse(part.slice('data: '.length)) as LoggedEvent);
  }
}

export async function recentEvents(running: RunningRegion): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  await readEvents(running, false, (event) => found.push(event));
  return found;
}
