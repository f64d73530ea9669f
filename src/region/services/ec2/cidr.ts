/** Arithmetic on IPv4 and IPv6 ranges, as VPCs and subnets need it. */
import {
  type Address,
  formatAddress,
  parseAddress,
  parseRange,
  type Range,
  type V4Range,
  type V6Range,
} from '../../network/address.ts';
import { Fault } from '../../wire/fault.ts';

/** Reads a range of either family in canonical form (host bits cleared, as EC2 does), or throws EC2's fault. */
export function rangeOf(text: string, parameter: string): Range {
  try {
    return parseRange(text);
  } catch {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
    );
  }
}

export function v4RangeOf(text: string, parameter: string): V4Range {
  const range = rangeOf(text, parameter);
  if (range.family === 4) return range;
  throw new Fault(
    'InvalidParameterValue',
    `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`,
  );
}

export function v6RangeOf(text: string, parameter: string): V6Range {
  const range = rangeOf(text, parameter);
  if (range.family === 6) return range;
  throw new Fault(
    'InvalidParameterValue',
    `Value (${text}) for parameter ${parameter} is invalid. This is not a valid IPv6 CIDR block.`,
  );
}

/** All of `inner` is in `outer`. */
export function contains(outer: Range, inner: Range): boolean {
  if (outer.family === 4 && inner.family === 4) {
    return inner.bits >= outer.bits && (inner.base & outer.mask) >>> 0 === outer.base;
  }
  if (outer.family === 6 && inner.family === 6) {
    return inner.bits >= outer.bits && (inner.base & outer.mask) === outer.base;
  }
  return false;
}

export function overlaps(one: Range, other: Range): boolean {
  return contains(one, other) || contains(other, one);
}

/** How many addresses an IPv4 range has. */
export function sizeOf(range: V4Range): number {
  return 2 ** (32 - range.bits);
}

/** Network, router, DNS, future use, broadcast: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
export const reservedPerSubnet = 5;

/** The first four and the last one. */
export function isReserved(range: V4Range, address: number): boolean {
  const offset = address - range.base;
  return offset < 4 || offset === sizeOf(range) - 1;
}

/** The lowest address of the range, `from` upwards, that is neither reserved nor in use. */
export function lowestFree(range: V4Range, used: ReadonlySet<Address>, from = range.base + 4): number | undefined {
  const end = range.base + sizeOf(range) - 1;
  for (let address = from; address < end; address++) if (!used.has(address)) return address;
  return undefined;
}

/** The same in a /64: the first four are reserved. */
export function lowestFreeV6(range: V6Range, used: ReadonlySet<Address>): bigint {
  let address = range.base + 4n;
  while (used.has(address)) address++;
  return address;
}

export const textOf = formatAddress;
export const addressOf = parseAddress;
