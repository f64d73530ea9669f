/**
 * Addresses and ranges as numbers. An IPv4 address is an unsigned 32-bit `number`, an IPv6 address a `bigint`:
 * `typeof` tells the family, and the hot path compares without parsing. Text is read and written here only.
 */
import ipaddr from 'ipaddr.js';

export type Address = number | bigint;
export type Family = 4 | 6;

export interface V4Range {
  readonly family: 4;
  readonly base: number;
  readonly mask: number;
  readonly bits: number;
  readonly text: string;
}

export interface V6Range {
  readonly family: 6;
  readonly base: bigint;
  readonly mask: bigint;
  readonly bits: number;
  readonly text: string;
}

export type Range = V4Range | V6Range;

const fourParts = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Reads `10.0.1.5` or `2600:1f18::5`. Throws a `RangeError` that names the text when it is neither. */
export function parseAddress(text: string): Address {
  // `127.1`, `0x7f000001` and leading zeros are addresses elsewhere, but not on AWS.
  const parts = fourParts.exec(text)?.slice(1).map(Number);
  if (parts?.every((part) => part < 256)) return parts.reduce((sum, part) => sum * 256 + part, 0);
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) {
    return bigintOf(ipaddr.IPv6.parse(text).toByteArray());
  }
  throw new RangeError(`'${text}' is not an IPv4 or IPv6 address`);
}

export function formatAddress(address: Address): string {
  if (typeof address === 'number') {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  }
  const bytes: number[] = [];
  for (let shift = 120n; shift >= 0n; shift -= 8n) bytes.push(Number((address >> shift) & 255n));
  return new ipaddr.IPv6(bytes).toRFC5952String();
}

export function familyOf(address: Address): Family {
  return typeof address === 'number' ? 4 : 6;
}

/**
 * Reads `10.0.0.0/16` or `2600:1f18::/56`. Host bits are cleared, as EC2 does for routes and rules.
 * Throws a `RangeError` that names the text when it is no range.
 */
export function parseRange(text: string): Range {
  const slash = text.indexOf('/');
  const bitsText = text.slice(slash + 1);
  if (slash < 0 || !/^\d{1,3}$/.test(bitsText)) throw new RangeError(`'${text}' is not a CIDR range`);
  const address = parseAddress(text.slice(0, slash));
  const bits = Number(bitsText);
  if (bits > (typeof address === 'number' ? 32 : 128)) throw new RangeError(`'${text}' has too long a prefix`);
  if (typeof address === 'number') {
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    const base = (address & mask) >>> 0;
    return { family: 4, base, mask, bits, text: `${formatAddress(base)}/${bits}` };
  }
  const mask = ((1n << BigInt(bits)) - 1n) << BigInt(128 - bits);
  const base = address & mask;
  return { family: 6, base, mask, bits, text: `${formatAddress(base)}/${bits}` };
}

export function rangeContains(range: Range, address: Address): boolean {
  if (typeof address === 'number') return range.family === 4 && (address & range.mask) >>> 0 === range.base;
  return range.family === 6 && (address & range.mask) === range.base;
}

export function anyRangeContains(ranges: readonly Range[], address: Address): boolean {
  for (const range of ranges) if (rangeContains(range, address)) return true;
  return false;
}

function bigintOf(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
