/** The fault switches over HTTP: `POST`, `GET` and `DELETE /_orrery/faults[/<id>]`, JSON. */
import type { IncomingMessage } from 'node:http';
import { FaultRefused } from './fault-request.ts';
import type { Faults } from './faults.ts';

const longestBody = 4_096;

interface JsonAnswer {
  readonly status: number;
  readonly body: object;
}

/** `id` is what stands behind the path's `/faults/`; undefined when nothing does. */
export async function answerFaults(
  faults: Faults,
  request: IncomingMessage,
  id: string | undefined,
): Promise<JsonAnswer> {
  if (request.method === 'GET' && id === undefined) return { status: 200, body: { faults: faults.list() } };
  if (request.method === 'DELETE') {
    const cleared = faults.clear(id);
    if (cleared) return { status: 200, body: { faults: cleared } };
    const ids = faults.list().map((fault) => fault.id);
    const there = ids.length > 0 ? `There ${ids.length > 1 ? 'are' : 'is'} ${ids.join(', ')}.` : 'There is none.';
    return { status: 404, body: { message: `There is no fault "${id}". ${there}` } };
  }
  if (request.method !== 'POST' || id !== undefined) {
    return { status: 405, body: { message: 'Faults take POST and GET, and DELETE of one or of all.' } };
  }
  // A page in a browser can send other types to any address without asking first.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return { status: 415, body: { message: 'A fault is sent as application/json.' } };
  }
  return begin(faults, request);
}

async function begin(faults: Faults, request: IncomingMessage): Promise<JsonAnswer> {
  const text = await bodyOf(request);
  if (text === undefined) return { status: 413, body: { message: `A fault takes at most ${longestBody} bytes.` } };
  try {
    return { status: 201, body: faults.begin(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof SyntaxError) return { status: 400, body: { message: `This is no JSON: ${error.message}` } };
    if (error instanceof FaultRefused) return { status: 400, body: { message: error.message } };
    throw error;
  }
}

/** Undefined: too long; the rest is read away. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length <= longestBody) chunks.push(chunk as Buffer);
  }
  return length <= longestBody ? Buffer.concat(chunks).toString('utf8') : undefined;
}
