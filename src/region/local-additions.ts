/** What the endpoint serves beyond AWS: health, events, faults, and (where allowed) reset. This is the whole list. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock/clock.ts';
import type { EventLog, LoggedEvent } from './events.ts';
import { answerFaults } from './fault-additions.ts';
import type { Faults } from './faults.ts';
import { foreign } from './own-host.ts';

export interface Additions {
  readonly events: EventLog;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Undefined: not allowed. */
  readonly reset?: () => Promise<void>;
}

/** True when the request was one of ours. */
export function localAdditions({
  events,
  clock,
  faults,
  reset,
}: Additions): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const [path, query] = (request.url ?? '').split('?', 2);
    if (!path?.startsWith('/_orrery/')) return false;
    const name = `${request.method} ${path}`;
    const refused = foreign(request.headers);
    if (refused !== undefined) json(response, 403, { message: refused });
    else if (name === 'GET /_orrery/health')
      json(response, 200, { status: 'running', timeScale: clock.scale, nowMs: Math.floor(clock.now()) });
    else if (name === 'GET /_orrery/events') stream(response, events, query !== 'recent');
    else if (/^\/_orrery\/faults(\/[^/]*)?$/.test(path)) void runFaults(request, response, faults, path);
    else if (name === 'POST /_orrery/reset') void runReset(response, reset);
    else
      json(response, 404, {
        message: `${name} is not one of Orrery's additions: GET /_orrery/health, GET /_orrery/events, POST, GET and DELETE /_orrery/faults, POST /_orrery/reset`,
      });
    return true;
  };
}

async function runFaults(
  request: IncomingMessage,
  response: ServerResponse,
  faults: Faults,
  path: string,
): Promise<void> {
  const [, , , id] = path.split('/');
  try {
    const { status, body } = await answerFaults(faults, request, id || undefined);
    json(response, status, body);
  } catch (error) {
    if (!response.destroyed) json(response, 500, { message: String(error) });
  }
}

async function runReset(response: ServerResponse, reset: Additions['reset']): Promise<void> {
  if (!reset) return json(response, 403, { message: 'reset is off; start the region with --allow-reset' });
  try {
    await reset();
    json(response, 200, { status: 'empty' });
  } catch (error) {
    json(response, 500, { message: String(error) });
  }
}

/** Server-sent events: first the recent ones, then (not for `?recent`) each as it happens. */
function stream(response: ServerResponse, events: EventLog, follow: boolean): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (event: LoggedEvent) => {
    // A reader that does not read is let go rather than held in memory.
    if (response.writableLength > 1024 * 1024) response.destroy();
    else response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  for (const event of events.recent()) send(event);
  if (follow) response.on('close', events.subscribe(send));
  else response.end();
}

function json(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
