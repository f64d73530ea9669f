/** Request bodies: read whole within a bound, or streamed with what was signed of them checked on the way. */
import { createHash } from 'node:crypto';
import { type Readable, Transform } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type ChunkChecks, ChunkDecoder } from './aws-chunked.ts';
import { compareTrailer, runningChecksum } from './checksum.ts';
import type { Claim } from './claim.ts';
import { Fault } from './fault.ts';
import type { Http } from './host.ts';
import { chunkSignature, signingKey, trailerSignature } from './sigv4.ts';

const unzip = promisify(gunzip);

function tooLarge(): Fault {
  return new Fault('RequestEntityTooLarge', 'The request payload is too large.', { status: 413 });
}

function brokenOff(): Fault {
  return new Fault('IncompleteBody', 'The request body terminated unexpectedly', { status: 400 });
}

/** Reads all of a body; throws `RequestEntityTooLarge` beyond `limitBytes`. */
export function readBody(stream: Readable, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= limitBytes) return;
      stream.removeAllListeners('data');
      chunks.length = 0;
      reject(tooLarge());
    });
    stream.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
    stream.on('error', reject);
    stream.on('close', () => reject(brokenOff()));
  });
}

/** Un-gzips; the result is bounded as well. */
export async function inflate(body: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return (await unzip(body, { maxOutputLength: limitBytes })) as Buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Fault('SerializationException', 'The request body is not valid gzip data.', { status: 400 });
  }
}

export function isChunked({ headers }: Http): boolean {
  return headers['x-amz-content-sha256']?.startsWith('STREAMING-') ?? false;
}

/** The body's length without its chunks' heads, in bytes. */
export function contentLength({ headers }: Http): number | undefined {
  const text = headers['x-amz-decoded-content-length'] ?? headers['content-length'];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Fault('InvalidArgument', 'The content length is not valid.', { status: 400 });
  return Number(text);
}

/** `secret` is undefined where signatures are not verified. */
export function payloadStream(
  source: Readable,
  http: Http,
  claim: Claim | undefined,
  secret: string | undefined,
): Readable {
  if (isChunked(http)) return join(source, new ChunkDecoder(chunkChecks(http, claim, secret)));
  const hash = claim?.payloadHash;
  return hash !== undefined && hexHash.test(hash) ? join(source, hashCheck(hash)) : source;
}

export const hexHash = /^[0-9a-f]{64}$/;

function chunkChecks(http: Http, claim: Claim | undefined, secret: string | undefined): ChunkChecks {
  const form = http.headers['x-amz-content-sha256'] ?? '';
  const running = runningChecksum(http.headers['x-amz-trailer']?.trim().toLowerCase() ?? '');
  const checks: ChunkChecks = {
    seed: claim?.signature ?? '',
    length: contentLength(http),
    data: (piece) => running?.update(piece),
    trailers: (trailers) => compareTrailer(running, trailers),
  };
  if (!form.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD') || !claim || secret === undefined) return checks;
  const key = signingKey(secret, claim.scope);
  return {
    ...checks,
    sign: (previous, data) => chunkSignature(key, claim, previous, data),
    ...(form.endsWith('-TRAILER')
      ? { signTrailers: (previous: string, text: string) => trailerSignature(key, claim, previous, text) }
      : {}),
  };
}

/** Passes data on, and fails at its end when its SHA-256 is not what was signed. */
function hashCheck(expected: string): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const actual = hash.digest('hex');
      done(actual === expected ? null : hashMismatch(expected, actual));
    },
  });
}

export function hashMismatch(expected: string, actual: string): Fault {
  return new Fault(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { status: 400, members: { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: actual } },
  );
}

/** `pipe` for a source that may end early: the target fails with it. The source stays, for its connection's sake. */
function join(source: Readable, target: Transform): Transform {
  source.on('error', (error) => target.destroy(error));
  source.on('close', () => {
    if (!source.readableEnded) target.destroy(brokenOff());
  });
  target.on('close', () => source.unpipe(target));
  return source.pipe(target);
}
