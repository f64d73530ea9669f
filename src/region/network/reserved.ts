/**
 * Addresses with a meaning of their own: AWS's link-local services, and ranges that no internet router carries.
 * The documentation ranges (TEST-NET, 2001:db8::/32) are left out on purpose: the model's outside clients live there.
 */
import type { Address, Range } from './address.ts';
import { anyRangeContains, formatAddress, parseAddress, parseRange } from './address.ts';
import type { Vpc } from './world.ts';

export type LinkLocalService = 'metadata' | 'resolver' | 'time';

// https://docs.aws.amazon.com/vpc/latest/userguide/nacl-basics.html and vpc-security-groups.html: neither ACLs nor
// groups filter traffic to and from these.
const linkLocal = new Map<Address, LinkLocalService>([
  [parseAddress('169.254.169.254'), 'metadata'],
  [parseAddress('169.254.169.253'), 'resolver'],
  [parseAddress('169.254.169.123'), 'time'],
  [parseAddress('fd00:ec2::254'), 'metadata'],
  [parseAddress('fd00:ec2::253'), 'resolver'],
  [parseAddress('fd00:ec2::123'), 'time'],
]);

export function linkLocalService(address: Address, vpc: Vpc): LinkLocalService | undefined {
  if (address === vpc.resolver) return 'resolver';
  // Almost every packet goes elsewhere: spare it the look-up.
  if (typeof address === 'number' && address >>> 16 !== 0xa9fe) return undefined;
  return linkLocal.get(address);
}

const linkLocalRanges = ['169.254.0.0/16', 'fe80::/10'].map(parseRange);

const unroutable: readonly Range[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::/8',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
].map(parseRange);

export function routedOnInternet(address: Address): boolean {
  return !anyRangeContains(unroutable, address);
}

/** Every range that this file treats in a way of its own, for whoever divides the addresses by what becomes of them. */
export function reservedRanges(): readonly Range[] {
  const single = (address: Address) =>
    parseRange(`${formatAddress(address)}/${typeof address === 'number' ? 32 : 128}`);
  return [...unroutable, ...linkLocalRanges, ...[...linkLocal.keys()].map(single)];
}

export function isLinkLocal(address: Address): boolean {
  return typeof address === 'number' ? address >>> 16 === 0xa9fe : address >> 118n === 0x3fan;
}
