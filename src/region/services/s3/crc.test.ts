import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChecksumName,
  canBeFullObject,
  checksumNames,
  digestBase64,
  digestOf,
  joinChecksums,
} from './checksum.ts';

// The check values of the CRC catalogue for "123456789".
test.each<[ChecksumName, string]>([
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
])('%s of the catalogue', (name, hex) => {
  expect(Buffer.from(digestBase64(name, Buffer.from('123456789')), 'base64').toString('hex')).toBe(hex);
});

const joined = checksumNames.filter(canBeFullObject);
const chunks = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 });

describe.each(joined)('%s', (name) => {
  test('does not depend on how the bytes are cut, and joins from pieces', () => {
    fc.assert(
      fc.property(chunks, (pieces) => {
        const whole = digestBase64(name, Buffer.concat(pieces));
        const running = digestOf(name);
        for (const piece of pieces) running.update(piece);
        expect(running.digest().toString('base64')).toBe(whole);
        const parts = pieces.map((piece) => ({ checksum: digestBase64(name, piece), size: piece.length }));
        expect(joinChecksums(name, 'FULL_OBJECT', parts).value).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });
});

test('a composite checksum is that of the checksums', () => {
  const parts = ['a', 'b'].map((text) => ({ checksum: digestBase64('SHA256', Buffer.from(text)), size: 1 }));
  const bytes = Buffer.concat(parts.map(({ checksum }) => Buffer.from(checksum, 'base64')));
  expect(joinChecksums('SHA256', 'COMPOSITE', parts).value).toBe(`${digestBase64('SHA256', bytes)}-2`);
});
