/** A request's body on its way into a file, checked against what the client said of it. */
import { Readable } from 'node:stream';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { type ChecksumMembers, type ChecksumName, statedChecksum } from './checksum.ts';
import type { ObjectFiles, Source, Written } from './object-files.ts';

/** The largest object by one PUT, and the largest part: 5 GiB. */
export const maxPutBytes = 5 * 1024 ** 3;

export interface BodyInput extends ChecksumMembers {
  readonly Body?: unknown;
  readonly ContentMD5?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly ChecksumAlgorithm?: string | undefined;
}

export interface Received {
  readonly written: Written;
  readonly algorithm: ChecksumName;
  /** Base64. */
  readonly checksum: string;
  /** Whether the client named the algorithm. */
  readonly stated: boolean;
}

/**
 * Writes the body to a new file while hashing it. On any disagreement the file is removed again.
 * @param own the checksum that is computed in any case when the client names none, or (`always`) besides its own
 */
export async function receive(
  call: Call,
  files: ObjectFiles,
  input: BodyInput,
  own: ChecksumName,
  always = false,
): Promise<Received> {
  const stated = statedChecksum(input, call.http?.headers['x-amz-trailer']);
  const md5 = input.ContentMD5;
  if (md5 !== undefined && !/^[A-Za-z0-9+/]{22}==$/.test(md5)) {
    throw new Fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', { status: 400 });
  }
  const expectedLength = call.body ? call.body.length : input.ContentLength;
  if (expectedLength !== undefined && expectedLength > maxPutBytes) {
    throw new Fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      status: 400,
      members: { ProposedSize: String(expectedLength), MaxSizeAllowed: String(maxPutBytes) },
    });
  }
  const algorithm = stated?.algorithm ?? own;
  const algorithms = always && own !== algorithm ? [algorithm, own] : [algorithm];
  const written = await files
    .write(sourceOf(call, input.Body), { algorithms, maxBytes: maxPutBytes })
    .catch((error: unknown) => {
      // The client went away: its loss, and no mistake of ours.
      const gone = !(error instanceof Fault) && call.body !== undefined && call.body.stream.errored === error;
      throw gone ? incomplete(error) : error;
    });
  const checksum = written.checksums.get(algorithm) ?? '';
  const wrong = disagreement(written, { md5, expectedLength, stated: stated?.value, algorithm, checksum });
  if (wrong) {
    files.remove([written.blob]);
    throw wrong;
  }
  return { written, algorithm, checksum, stated: stated !== undefined };
}

function disagreement(
  written: Written,
  said: {
    md5: string | undefined;
    expectedLength: number | undefined;
    stated: string | undefined;
    algorithm: ChecksumName;
    checksum: string;
  },
): Fault | undefined {
  if (said.expectedLength !== undefined && said.expectedLength !== written.size) {
    return incomplete();
  }
  if (said.md5 !== undefined && Buffer.from(said.md5, 'base64').toString('hex') !== written.md5) {
    return new Fault('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      status: 400,
      members: { ExpectedDigest: said.md5, CalculatedDigest: Buffer.from(written.md5, 'hex').toString('base64') },
    });
  }
  if (said.stated !== undefined && said.stated !== said.checksum) {
    return new Fault('BadDigest', `The ${said.algorithm} you specified did not match the calculated checksum.`, {
      status: 400,
    });
  }
  return undefined;
}

const incomplete = (cause?: unknown) =>
  new Fault('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header', {
    status: 400,
    cause,
  });

/** From the wire a stream; from inside this process whatever an SDK client takes. */
function sourceOf(call: Call, body: unknown): Source {
  if (call.body) return call.body.stream;
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array || body instanceof Readable) return body;
  throw new TypeError('a body must be a string, bytes or a stream');
}
