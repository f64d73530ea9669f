/** Checksums that a client sends beside or behind a body. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { Fault } from './fault.ts';
import type { Http } from './host.ts';

export interface RunningChecksum {
  /** `x-amz-checksum-crc32` */
  readonly header: string;
  update(data: Uint8Array): void;
  /** Base64. */
  digest(): Promise<string>;
}

const prefix = 'x-amz-checksum-';

/** For a header name such as `x-amz-checksum-crc32`; undefined when it is no checksum that can be computed. */
export function runningChecksum(header: string): RunningChecksum | undefined {
  switch (header) {
    case 'x-amz-checksum-crc32': {
      let value = 0;
      return {
        header,
        update: (data) => {
          value = crc32(data, value);
        },
        digest: async () => {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(value);
          return bytes.toString('base64');
        },
      };
    }
    case 'x-amz-checksum-crc32c':
      return fromSdk(header, new Crc32c());
    case 'x-amz-checksum-crc64nvme':
      return fromSdk(header, new Crc64NvmeJs());
    case 'x-amz-checksum-sha1':
    case 'x-amz-checksum-sha256':
    case 'x-amz-checksum-sha512':
    case 'x-amz-checksum-md5': {
      const hash = createHash(header.slice(prefix.length));
      return { header, update: (data) => void hash.update(data), digest: async () => hash.digest('base64') };
    }
    default:
      return undefined;
  }
}

function fromSdk(
  header: string,
  crc: { update(data: Uint8Array): void; digest(): Promise<Uint8Array> },
): RunningChecksum {
  return {
    header,
    update: (data) => crc.update(data),
    digest: async () => Buffer.from(await crc.digest()).toString('base64'),
  };
}

function mismatch(header: string): Fault {
  const name = header.slice(prefix.length).toUpperCase();
  return new Fault('BadDigest', `The ${name} you specified did not match the calculated checksum.`, { status: 400 });
}

/** Throws unless the trailer that the request announced came, and is right. */
export async function compareTrailer(
  running: RunningChecksum | undefined,
  trailers: ReadonlyMap<string, string>,
): Promise<void> {
  if (!running) return;
  const sent = trailers.get(running.header);
  if (sent === undefined) {
    throw new Fault('MalformedTrailerError', 'The request contained trailing data that was not well-formed', {
      status: 400,
    });
  }
  if (sent !== (await running.digest())) throw mismatch(running.header);
}

/** Holds a whole body against the checksum headers and Content-MD5 that came with it. */
export async function compareHeaders({ headers }: Http, body: Uint8Array): Promise<void> {
  const md5 = headers['content-md5'];
  if (md5 !== undefined) {
    if (!/^[A-Za-z0-9+/]{22}==$/.test(md5)) {
      throw new Fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', { status: 400 });
    }
    const actual = createHash('md5').update(body).digest('base64');
    if (actual !== md5) {
      throw new Fault('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
        status: 400,
        members: { ExpectedDigest: md5, CalculatedDigest: actual },
      });
    }
  }
  for (const [header, sent] of Object.entries(headers)) {
    const running = header.startsWith(prefix) ? runningChecksum(header) : undefined;
    if (!running) continue;
    running.update(body);
    if ((await running.digest()) !== sent) throw mismatch(header);
  }
}
