/**
 * The checksums that S3 keeps with an object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc, CrcJoin, type CrcSpec, crc32cSpec, crc32Spec, crc64NvmeSpec } from './crc.ts';
import { invalidRequest, notModelled } from './faults.ts';
import type { Checksum } from './state.ts';

export const checksumNames = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'] as const;
export type ChecksumName = (typeof checksumNames)[number];

/** Members such as `ChecksumCRC32` of inputs and outputs. */
export type ChecksumMembers = { readonly [name in `Checksum${ChecksumName}`]?: string | undefined };

export interface Digest {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

export function digestOf(name: ChecksumName): Digest {
  switch (name) {
    case 'CRC32': {
      let value = 0;
      return {
        update(chunk) {
          value = crc32(chunk, value);
        },
        digest() {
          const out = Buffer.alloc(4);
          out.writeUInt32BE(value);
          return out;
        },
      };
    }
    case 'CRC32C':
      return new Crc(crc32cSpec);
    case 'CRC64NVME':
      return new Crc(crc64NvmeSpec);
    default:
      return createHash(name.toLowerCase());
  }
}

export function digestBase64(name: ChecksumName, bytes: Uint8Array): string {
  const digest = digestOf(name);
  digest.update(bytes);
  return digest.digest().toString('base64');
}

export function checksumName(name: string): ChecksumName {
  const upper = name.toUpperCase();
  const known = checksumNames.find((candidate) => candidate === upper);
  if (known) return known;
  if (upper.startsWith('XXHASH')) throw notModelled(`The checksum algorithm ${upper}`);
  throw invalidRequest('Checksum algorithm provided is unsupported. Please try again with any of the valid types');
}

const expectedBytes: Record<ChecksumName, number> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
};

/** What a client says about a body: the algorithm, and the value when it is known beforehand (else it came as a trailer). */
export interface StatedChecksum {
  readonly algorithm: ChecksumName;
  readonly value?: string;
}

/**
 * Finds the checksum that came with a request, in its members or announced as a trailer.
 * The trailer's value has been verified by the wire layer; here only the algorithm is needed.
 */
export function statedChecksum(
  input: ChecksumMembers & { ChecksumAlgorithm?: string | undefined },
  trailer: string | undefined,
): StatedChecksum | undefined {
  if ('ChecksumXXHASH64' in input || 'ChecksumXXHASH3' in input || 'ChecksumXXHASH128' in input) {
    throw notModelled('An XXHASH checksum');
  }
  const stated = checksumNames.filter((name) => input[`Checksum${name}`] !== undefined);
  if (stated.length > 1) {
    throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  }
  const [algorithm] = stated;
  if (algorithm) {
    const value = input[`Checksum${algorithm}`] ?? '';
    if (Buffer.from(value, 'base64').length !== expectedBytes[algorithm]) {
      throw invalidRequest(`Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
    }
    return { algorithm, value };
  }
  const trailed = trailer?.match(/x-amz-checksum-([a-z0-9]+)/i)?.[1];
  if (trailed) return { algorithm: checksumName(trailed) };
  return input.ChecksumAlgorithm ? { algorithm: checksumName(input.ChecksumAlgorithm) } : undefined;
}

/** `{ ChecksumCRC32: '…', ChecksumType: 'FULL_OBJECT' }` */
export function checksumOutput(checksum: Checksum | undefined): ChecksumMembers & { ChecksumType?: Checksum['type'] } {
  if (!checksum) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

const joinable: Partial<Record<ChecksumName, CrcSpec>> = {
  CRC32: crc32Spec,
  CRC32C: crc32cSpec,
  CRC64NVME: crc64NvmeSpec,
};

/** Whether checksums of parts can be joined to the whole object's. */
export const canBeFullObject = (name: ChecksumName) => joinable[name] !== undefined;

/** The whole object's checksum from those of its parts (base64). */
export function joinChecksums(
  algorithm: ChecksumName,
  type: Checksum['type'],
  parts: readonly { readonly checksum: string; readonly size: number }[],
): Checksum {
  if (type === 'COMPOSITE') {
    const joined = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum, 'base64')));
    return { algorithm, type, value: `${digestBase64(algorithm, joined)}-${parts.length}` };
  }
  const spec = joinable[algorithm];
  if (!spec) throw new TypeError(`${algorithm} checksums of parts cannot be joined`);
  const join = new CrcJoin(spec);
  for (const { checksum, size } of parts) join.add(Buffer.from(checksum, 'base64'), size);
  return { algorithm, type, value: join.digest().toString('base64') };
}
