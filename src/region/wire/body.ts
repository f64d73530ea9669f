/** Request bodies: read whole within a bound, or streamed with hashes checked on the way. */
import { createHash } from 'node:crypto';
import { type PassThrough, type Readable, Transform, type TransformCallback } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Fault } from './fault.ts';

const unzip = promisify(gunzip);

/** Reads all of a body; throws `RequestEntityTooLarge` (413) beyond `limitBytes`. */
export async function readBody(stream: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

function tooLarge(): Fault {
  return new Fault('RequestEntityTooLarge', 'The request payload is too large.', { status: 413 });
}

export async function inflate(body: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return (await unzip(body, { maxOutputLength: limitBytes })) as Buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Fault('MalformedInput', 'The body is not valid gzip data.');
  }
}

/** Passes a stream on and fails it at its end when its SHA-256 is not what was signed. */
export function checkHash(source: Readable, expected: string): Readable {
  const hash = createHash('sha256');
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const actual = hash.digest('hex');
      done(actual === expected ? null : hashMismatch(expected, actual));
    },
  });
  return join(source, check);
}

export function hashMismatch(expected: string, actual: string): Fault {
  return new Fault(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    {
      members: { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: actual },
    },
  );
}

/** `pipeline` for a source that may end early: the target fails with it, and the other way round. */
export function join<T extends Transform | PassThrough>(source: Readable, target: T): T {
  source.on('error', (error) => target.destroy(error));
  source.on('close', () => {
    if (!source.readableEnded) target.destroy(new Fault('IncompleteBody', 'The request body terminated unexpectedly'));
  });
  target.on('close', () => source.unpipe(target));
  source.pipe(target);
  return target;
}

export interface ChunkChecks {
  /** Given for signed chunks: the signature that chunk must have. */
  sign?(previous: string, data: Uint8Array): string;
  signTrailers?(previous: string, text: string): string;
  /** The signature of the request's head. */
  seed: string;
  /** Called with the trailers, lower case; throws when one is wrong. */
  trailers(trailers: ReadonlyMap<string, string>): void | Promise<void>;
  data(chunk: Uint8Array): void;
}

const longestLine = 16 * 1024;
/** AWS has no such bound for unsigned chunks; signed ones are held until they are verified. */
const largestSignedChunk = 16 * 1024 * 1024;

/**
 * Decodes `aws-chunked`: `size[;chunk-signature=…]CRLF data CRLF … 0 CRLF trailers CRLF`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export class ChunkDecoder extends Transform {
  readonly #checks: ChunkChecks;
  #line = '';
  #state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size';
  #left = 0;
  #signature = '';
  #previous: string;
  #held: Buffer[] = [];
  readonly #trailerLines: string[] = [];

  constructor(checks: ChunkChecks) {
    super();
    this.#checks = checks;
    this.#previous = checks.seed;
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      let at = 0;
      while (at < input.length && this.#state !== 'done') {
        if (this.#state === 'data') {
          const take = input.subarray(at, at + this.#left);
          at += take.length;
          this.#left -= take.length;
          this.#take(take);
          if (this.#left === 0) this.#chunkEnd();
          continue;
        }
        const newline = input.indexOf(10, at);
        const end = newline < 0 ? input.length : newline + 1;
        this.#line += input.toString('latin1', at, end);
        at = end;
        if (this.#line.length > longestLine) throw broken();
        if (newline >= 0) this.#lineEnd();
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#state === 'trailers') this.#finish().then(() => done(), done);
    else done(new Fault('IncompleteBody', 'The request body terminated unexpectedly'));
  }

  #lineEnd(): void {
    const line = this.#line.replace(/\r?\n$/, '');
    this.#line = '';
    if (this.#state === 'data-end') {
      if (line !== '') throw broken();
      this.#state = 'size';
    } else if (this.#state === 'trailers') {
      if (line !== '') this.#trailerLines.push(line);
      if (this.#trailerLines.length > 16) throw broken();
    } else this.#chunkHead(line);
  }

  #chunkHead(line: string): void {
    const [, size, signature] = line.match(/^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/) ?? [];
    if (size === undefined) throw broken();
    this.#left = Number.parseInt(size, 16);
    this.#signature = signature ?? '';
    if (this.#checks.sign && this.#left > largestSignedChunk) throw broken();
    if (this.#left > 0) this.#state = 'data';
    else {
      this.#verifyChunk();
      this.#state = 'trailers';
    }
  }

  #take(data: Buffer): void {
    this.#checks.data(data);
    // Signed data is not handed on before its signature was seen to be right.
    if (this.#checks.sign) this.#held.push(data);
    else this.push(data);
  }

  #chunkEnd(): void {
    this.#verifyChunk();
    this.#state = 'data-end';
  }

  #verifyChunk(): void {
    if (!this.#checks.sign) return;
    const data = Buffer.concat(this.#held);
    this.#held = [];
    const expected = this.#checks.sign(this.#previous, data);
    if (expected !== this.#signature) throw chunkMismatch();
    this.#previous = expected;
    if (data.length > 0) this.push(data);
  }

  async #finish(): Promise<void> {
    const trailers = new Map<string, string>();
    for (const line of this.#trailerLines) {
      const colon = line.indexOf(':');
      if (colon < 0) throw broken();
      trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    const signature = trailers.get('x-amz-trailer-signature');
    if (signature !== undefined && this.#checks.signTrailers) {
      trailers.delete('x-amz-trailer-signature');
      const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
      if (this.#checks.signTrailers(this.#previous, text) !== signature) throw chunkMismatch();
    }
    await this.#checks.trailers(trailers);
  }
}

function broken(): Fault {
  return new Fault('IncompleteBody', 'The request body is not valid aws-chunked data.');
}

function chunkMismatch(): Fault {
  return new Fault(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { status: 403 },
  );
}
