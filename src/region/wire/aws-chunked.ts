/**
 * Bodies in S3's `aws-chunked` form: `size[;chunk-signature=…]CRLF data CRLF … 0[;chunk-signature=…]CRLF trailers CRLF`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
import { Transform, type TransformCallback } from 'node:stream';
import { Fault } from './fault.ts';
import { sameText } from './sigv4.ts';

/** How chunks and trailers are verified. */
export interface ChunkChecks {
  /** Given for signed chunks: the signature that a chunk must have, after the one before it. */
  sign?(previous: string, data: Uint8Array): string;
  /** Given for signed trailers: the signature they must have. */
  signTrailers?(previous: string, text: string): string;
  /** The signature of the request's head. */
  readonly seed: string;
  /** What `x-amz-decoded-content-length` said, in bytes. */
  readonly length: number | undefined;
  /** Each piece of data on its way. */
  data(piece: Uint8Array): void;
  /** Called with the trailers, names in lower case; throws when one is wrong. */
  trailers(trailers: ReadonlyMap<string, string>): Promise<void>;
}

const longestLine = 16 * 1024;
const mostTrailers = 16;
/** AWS has no such bound for unsigned chunks; signed ones are held until they are verified. */
const largestSignedChunk = 16 * 1024 * 1024;

export class ChunkDecoder extends Transform {
  readonly #checks: ChunkChecks;
  #line = '';
  #state: 'size' | 'data' | 'data-end' | 'trailers' | 'done' = 'size';
  #left = 0;
  #size = 0;
  #signature = '';
  #previous: string;
  #held: Buffer[] = [];
  readonly #trailers: [name: string, value: string][] = [];

  constructor(checks: ChunkChecks) {
    super();
    this.#checks = checks;
    this.#previous = checks.seed;
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      let at = 0;
      while (at < input.length) {
        if (this.#state === 'data') {
          const piece = input.subarray(at, at + this.#left);
          at += piece.length;
          this.#take(piece);
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
    this.#finish().then(() => done(), done);
  }

  #lineEnd(): void {
    const line = this.#line.replace(/\r?\n$/, '');
    this.#line = '';
    switch (this.#state) {
      case 'size':
        this.#chunkHead(line);
        break;
      case 'data-end':
        if (line !== '') throw broken();
        this.#state = 'size';
        break;
      case 'trailers':
        if (line === '') this.#state = 'done';
        else this.#trailer(line);
        break;
      default:
        // One more line end behind the trailers is seen in the wild.
        if (line !== '') throw broken();
    }
  }

  #chunkHead(line: string): void {
    const [, size, signature] = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
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

  #trailer(line: string): void {
    const colon = line.indexOf(':');
    if (colon < 1 || this.#trailers.length >= mostTrailers) throw broken();
    this.#trailers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]);
  }

  #take(piece: Buffer): void {
    this.#left -= piece.length;
    this.#size += piece.length;
    this.#checks.data(piece);
    // Signed data is not handed on before its signature was seen to be right.
    if (this.#checks.sign) this.#held.push(piece);
    else this.push(piece);
    if (this.#left > 0) return;
    this.#verifyChunk();
    this.#state = 'data-end';
  }

  #verifyChunk(): void {
    if (!this.#checks.sign) return;
    const data = Buffer.concat(this.#held);
    this.#held = [];
    const expected = this.#checks.sign(this.#previous, data);
    if (!sameText(expected, this.#signature)) throw chunkMismatch();
    this.#previous = expected;
    if (data.length > 0) this.push(data);
  }

  async #finish(): Promise<void> {
    // The last line end is often left out.
    const whole = this.#state === 'done' || (this.#state === 'trailers' && this.#line === '');
    const { length, signTrailers } = this.#checks;
    if (!whole || (length !== undefined && length !== this.#size)) throw broken();
    const trailers = new Map(this.#trailers);
    const signature = trailers.get('x-amz-trailer-signature');
    trailers.delete('x-amz-trailer-signature');
    if (signTrailers) {
      const text = [...trailers].map(([name, value]) => `${name}:${value}\n`).join('');
      if (!sameText(signTrailers(this.#previous, text), signature ?? '')) throw chunkMismatch();
    }
    await this.#checks.trailers(trailers);
  }
}

function broken(): Fault {
  return new Fault(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    { status: 400 },
  );
}

function chunkMismatch(): Fault {
  return new Fault(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { status: 403 },
  );
}
