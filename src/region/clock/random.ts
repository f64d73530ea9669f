/**
 * Chance has one door: ids, tokens and choices come from a `Random`. A region takes a secure one by default,
 * a seeded one where a run must be repeatable. Secrets (keys, tokens) always come from `secret`.
 */
import { randomBytes } from 'node:crypto';

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  /** `digits` lower-case hexadecimal digits, as in AWS resource ids. */
  hex(digits: number): string;
  /** `length` characters of `alphabet` (default A–Z and 0–9). */
  text(length: number, alphabet?: string): string;
  /** A version 4 UUID. */
  uuid(): string;
  /** `bytes` unpredictable bytes, secure even when the rest is seeded. */
  secret(bytes: number): Buffer;
}

const upperAndDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function randomFrom(next: () => number): Random {
  const int = (below: number) => Math.floor(next() * below);
  const text = (length: number, alphabet = upperAndDigits) => {
    let out = '';
    for (let i = 0; i < length; i++) out += alphabet[int(alphabet.length)];
    return out;
  };
  const hex = (digits: number) => {
    let out = '';
    // Eight digits of each draw: what is asked for with every request must not use up much chance.
    while (out.length < digits)
      out += int(2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return out.slice(0, digits);
  };
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-${text(1, '89ab')}${hex(3)}-${hex(12)}`;
  return { next, int, hex, text, uuid, secret: (bytes) => randomBytes(bytes) };
}

/** Chance from the operating system. */
export function secureRandom(): Random {
  let pool = randomBytes(0);
  let at = 0;
  return randomFrom(() => {
    if (at + 6 > pool.length) {
      pool = randomBytes(4096);
      at = 0;
    }
    const value = pool.readUIntBE(at, 6);
    at += 6;
    return value / 2 ** 48;
  });
}

/** Repeatable chance: the same seed gives the same sequence (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return randomFrom(() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}
