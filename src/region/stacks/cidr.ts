/** `Fn::Cidr`: consecutive blocks out of an address range, IPv4 or IPv6. */
import ipaddr from 'ipaddr.js';

/**
 * `count` blocks of 2^`bits` addresses each, from the start of `block` (`10.0.0.0/16`).
 * Undefined when the block is malformed or too small for them.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-cidr.html
 */
export function cidrBlocks(block: string, count: number, bits: number): string[] | undefined {
  if (!Number.isInteger(count) || count < 1 || count > 256 || !Number.isInteger(bits)) return undefined;
  if (!ipaddr.isValidCIDR(block)) return undefined;
  const [address, prefix] = ipaddr.parseCIDR(block);
  if (address.kind() === 'ipv4' && !/^\d+\.\d+\.\d+\.\d+\//.test(block)) return undefined;
  const width = address.kind() === 'ipv4' ? 32 : 128;
  const newPrefix = width - bits;
  if (bits < 1 || newPrefix < prefix || BigInt(count) > 1n << BigInt(newPrefix - prefix)) return undefined;

  const host = BigInt(width - prefix);
  const start = (toNumber(address.toByteArray()) >> host) << host;
  return Array.from({ length: count }, (_, index) => {
    const bytes = toBytes(start + (BigInt(index) << BigInt(bits)), width / 8);
    return `${ipaddr.fromByteArray(bytes).toString()}/${newPrefix}`;
  });
}

function toNumber(bytes: readonly number[]): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toBytes(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn));
}
