/**
 * What a record is called on disk: `<name> NUL <key>`, both in UTF-8, so that LMDB's order (by bytes) is a name's keys
 * together, each in the order that `Index` promises. The bytes are made here because the string keys of `lmdb` hold other
 * bytes for long strings than for short ones.
 */
import { createHash } from 'node:crypto';
import type { Range } from './store.ts';

// LMDB takes 1,978 bytes, for name, NUL and key.
const longestName = 64;
const longestKey = 1_900;

/** Throws when no table or index can be called this: names are ours, so that is a programmer's mistake. */
export function checkName(name: string): void {
  if (name === '' || Buffer.byteLength(name) > longestName || /\p{Cc}|\p{Surrogate}/u.test(name)) {
    throw new RangeError(
      `A table's or an index's name has 1 to ${longestName} bytes, no control characters and whole characters, not ${JSON.stringify(name.slice(0, 100))}`,
    );
  }
}

/** That bytes on disk can be the key. */
export const canBeKey = (key: string) => Buffer.byteLength(key) <= longestKey && !/\p{Surrogate}/u.test(key);

/** Throws when an index can hold no such key: one that is too long, or with half of a surrogate pair. */
export function checkIndexKey(key: string): void {
  if (!canBeKey(key)) {
    throw new RangeError(
      `An index's key has at most ${longestKey} bytes and whole characters, not ${JSON.stringify(key.slice(0, 100))} (${Buffer.byteLength(key)} bytes)`,
    );
  }
}

export const bytesOf = (name: string, key: string): Buffer => Buffer.from(`${name}\0${key}`);

/** Of the record's bytes on disk. */
export const nameOf = (bytes: Buffer): string => bytes.toString('utf8', 0, bytes.indexOf(0));
export const keyOf = (bytes: Buffer): string => bytes.toString('utf8', bytes.indexOf(0) + 1);

/** The first bytes after every record of the name. */
export const bytesBeyond = (name: string): Buffer => Buffer.from(`${name}\x01`);

/**
 * A table's record: under its key, or under the key's hash when the key cannot be bytes on disk (no text begins with
 * `\xff`, so the two never meet); then the record must tell the key itself.
 */
export function tableBytes(name: string, key: string): { readonly bytes: Buffer; readonly hashed: boolean } {
  if (canBeKey(key)) return { bytes: bytesOf(name, key), hashed: false };
  const hash = createHash('sha256').update(key, 'utf16le').digest();
  return { bytes: Buffer.concat([bytesOf(name, ''), Buffer.of(0xff), hash]), hashed: true };
}

/** A range as bytes. No stored key is as long as a bound that was cut, so the cut bound lies just before the whole one. */
export function rangeBytes(name: string, { start = '', afterStart = false, end }: Range) {
  const from = bytesOf(name, start);
  const to = end === undefined ? bytesBeyond(name) : bytesOf(name, end);
  const longest = Buffer.byteLength(name) + 1 + longestKey;
  return {
    start: from.subarray(0, longest),
    exclusiveStart: afterStart || from.length > longest,
    end: to.length > longest ? Buffer.concat([to.subarray(0, longest), Buffer.of(0)]) : to,
  };
}
