/** The checksum that a client sends behind a streamed body. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { Fault } from './fault.ts';

export interface RunningChecksum {
  readonly header: string;
  update(data: Uint8Array): void;
  /** Base64. */
  digest(): Promise<string>;
}

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
    case 'x-amz-checksum-sha256': {
      const hash = createHash(header.slice('x-amz-checksum-'.length));
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

export async function compareTrailer(
  running: RunningChecksum | undefined,
  trailers: ReadonlyMap<string, string>,
): Promise<void> {
  if (!running) return;
  const sent = trailers.get(running.header);
  if (sent === undefined)
    throw new Fault('InvalidRequest', `The trailer ${running.header} was announced and not sent.`);
  if (sent !== (await running.digest())) {
    const name = running.header.slice('x-amz-checksum-'.length).toUpperCase();
    throw new Fault('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
  }
}
