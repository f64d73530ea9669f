/** Node's requests and responses at the two ends of the list of steps. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import type { Answer, Http } from './host.ts';

/**
 * For the server in front of the endpoint. Clients keep connections for long (Node's own 5 s make them fail in a race),
 * uploads take long, and credentials of roles and presigned queries are long.
 */
export const serverOptions = {
  keepAliveTimeout: 75_000,
  headersTimeout: 80_000,
  requestTimeout: 3_600_000,
  maxHeaderSize: 64 * 1024,
} as const satisfies ServerOptions;

/** What of an unread body is swallowed so that the client gets to read the answer. */
const mostDrainedBytes = 256 * 1024 * 1024;

/** `rawQuery` is the query as it was sent, without `?`. */
export function readHttp(request: IncomingMessage): { http: Http; rawQuery: string } {
  // A proxy's request names its target in full.
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  const mark = target.indexOf('?');
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
  // Only `set-cookie` would be an array, and no request has it.
  const headers = request.headers as Readonly<Record<string, string | undefined>>;
  const http: Http = {
    method: request.method ?? 'GET',
    host: headers.host ?? '',
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(rawQuery),
    headers,
    sourceIp: request.socket.remoteAddress ?? '',
    secure: (request.socket as Partial<TLSSocket>).encrypted === true,
  };
  return { http, rawQuery };
}

/** Sends the answer, and sees to what the client still has to say. Rejects when a streamed body breaks off. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): Promise<void> {
  if (!request.complete) drain(request);
  try {
    await write(request, response, { status, headers, body });
  } catch (error) {
    if (body instanceof Readable) body.destroy();
    throw error;
  }
}

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
): Promise<void> {
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    if (body instanceof Readable) body.destroy();
    if (status !== 200 && request.method !== 'HEAD') delete headers['content-type'];
    response.writeHead(status, headers).end();
  } else if (isStream(body)) {
    const source = body instanceof Readable ? body : Readable.from(body);
    response.writeHead(status, headers);
    await pipeline(source, response);
  } else {
    const bytes = bytesOf(body);
    headers['content-length'] = String(bytes.length);
    response.writeHead(status, headers).end(bytes);
  }
}

const goneCodes = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE']);

/** Whether an error says no more than that the client went away. */
export function clientGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && goneCodes.has(String(error.code));
}

function isStream(body: unknown): body is Readable | AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

function bytesOf(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError(`a body of type ${typeof body} cannot be sent`);
}

/** Closing on a client that is still sending would reset the connection before it has read the answer. */
function drain(request: IncomingMessage): void {
  let left = mostDrainedBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}
