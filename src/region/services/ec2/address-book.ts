/**
 * Which addresses are in use, kept beside the table of interfaces by watching it: an allocation looks at one subnet,
 * never at every interface.
 */
import type { Address, V4Range, V6Range } from '../../network/address.ts';
import { parseAddress, parseRange } from '../../network/address.ts';
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import {
  addressOf,
  contains,
  isReserved,
  lowestFree,
  lowestFreeV6,
  reservedPerSubnet,
  sizeOf,
  textOf,
} from './cidr.ts';
import { addresses, type InterfaceRecord, interfaces, type SubnetRecord } from './state.ts';

interface Book {
  readonly known: Map<string, InterfaceRecord>;
  readonly bySubnet: Map<string, Set<Address>>;
  /** Every address of the subnet below it is in use or reserved: where the search begins. */
  readonly firstFree: Map<string, number>;
  readonly publicIps: Set<string>;
}

const books = new WeakMap<Table<InterfaceRecord>, Book>();

function bookOf(scope: Scope): Book {
  const table = interfaces(scope);
  let book = books.get(table);
  if (!book) {
    const made: Book = { known: new Map(), bySubnet: new Map(), firstFree: new Map(), publicIps: new Set() };
    for (const record of table.values()) enter(made, record);
    table.watch((id, record) => {
      const before = made.known.get(id);
      if (before) strike(made, before);
      if (record) enter(made, record);
    });
    books.set(table, made);
    book = made;
  }
  return book;
}

function enter(book: Book, record: InterfaceRecord): void {
  book.known.set(record.networkInterfaceId, record);
  let used = book.bySubnet.get(record.subnetId);
  if (!used) {
    used = new Set();
    book.bySubnet.set(record.subnetId, used);
  }
  for (const text of [...record.privateIps, ...record.ipv6]) used.add(parseAddress(text));
  if (record.autoPublicIp) book.publicIps.add(record.autoPublicIp);
}

function strike(book: Book, record: InterfaceRecord): void {
  book.known.delete(record.networkInterfaceId);
  if (record.autoPublicIp) book.publicIps.delete(record.autoPublicIp);
  const used = book.bySubnet.get(record.subnetId);
  for (const text of [...record.privateIps, ...record.ipv6]) {
    const address = parseAddress(text);
    used?.delete(address);
    const first = book.firstFree.get(record.subnetId);
    if (typeof address === 'number' && first !== undefined && address < first) {
      book.firstFree.set(record.subnetId, address);
    }
  }
  if (used?.size !== 0) return;
  book.bySubnet.delete(record.subnetId);
  book.firstFree.delete(record.subnetId);
}

const nothing: ReadonlySet<Address> = new Set();

function usedIn(scope: Scope, subnetId: string): ReadonlySet<Address> {
  return bookOf(scope).bySubnet.get(subnetId) ?? nothing;
}

/** IPv4 addresses that are still free in a subnet, the five reserved ones left out. */
export function freeCount(scope: Scope, subnet: SubnetRecord): number {
  let used = 0;
  for (const address of usedIn(scope, subnet.subnetId)) if (typeof address === 'number') used++;
  return sizeOf(parseRange(subnet.cidr) as V4Range) - reservedPerSubnet - used;
}

/** Any interface, of whoever. */
export function subnetInUse(scope: Scope, subnetId: string): boolean {
  return usedIn(scope, subnetId).size > 0;
}

/** The asked address, or the lowest free one. */
export function privateAddress(scope: Scope, subnet: SubnetRecord, asked?: string): string {
  const range = parseRange(subnet.cidr) as V4Range;
  const used = usedIn(scope, subnet.subnetId);
  if (asked === undefined) {
    const { firstFree } = bookOf(scope);
    const free = lowestFree(range, used, firstFree.get(subnet.subnetId));
    if (free !== undefined) {
      firstFree.set(subnet.subnetId, free);
      return textOf(free);
    }
    throw new Fault(
      'InsufficientFreeAddressesInSubnet',
      `There are not enough free addresses in subnet '${subnet.subnetId}' to satisfy the requested number of instances.`,
    );
  }
  const address = readAddress(asked, 'privateIpAddress');
  if (typeof address !== 'number' || !contains(range, parseRange(`${textOf(address)}/32`))) {
    throw new Fault('InvalidParameterValue', `Address does not fall within the subnet's address range`);
  }
  if (isReserved(range, address)) {
    throw new Fault('InvalidParameterValue', `Address is in subnet's reserved address range`);
  }
  if (used.has(address)) throw new Fault('InvalidIPAddress.InUse', `Address ${textOf(address)} is in use.`);
  return textOf(address);
}

export function ipv6Address(scope: Scope, subnet: SubnetRecord, asked?: string): string {
  if (!subnet.ipv6) {
    throw new Fault(
      'InvalidParameterValue',
      `Subnet ${subnet.subnetId} does not have an IPv6 CIDR block associated with it`,
    );
  }
  const range = parseRange(subnet.ipv6.cidr) as V6Range;
  const used = usedIn(scope, subnet.subnetId);
  if (asked === undefined) return textOf(lowestFreeV6(range, used));
  const address = readAddress(asked, 'ipv6Addresses');
  if (typeof address !== 'bigint' || !contains(range, parseRange(`${textOf(address)}/128`))) {
    throw new Fault('InvalidParameterValue', `Address does not fall within the subnet's address range`);
  }
  if (used.has(address)) throw new Fault('InvalidIPAddress.InUse', `Address ${textOf(address)} is in use.`);
  return textOf(address);
}

function readAddress(text: string, parameter: string): Address {
  try {
    return addressOf(text);
  } catch {
    throw new Fault('InvalidParameterValue', `Invalid value '${text}' for ${parameter}: not a valid address.`);
  }
}

/**
 * Public addresses are taken from the range for benchmarks (RFC 2544), which nobody routes: what the model says never
 * belongs to a stranger. Each region has its own 4,096, so that two regions never give out the same one.
 */
const publicBase = 198 * 2 ** 24 + 18 * 2 ** 16;
const publicPerRegion = 4096;
const slices = 32;

export function publicAddress(scope: Scope): string {
  const taken = new Set([...addresses(scope).values()].map((address) => address.publicIp));
  const { publicIps } = bookOf(scope);
  const start = scope.random.int(publicPerRegion);
  const base = publicBase + sliceOf(scope.region) * publicPerRegion;
  for (let step = 0; step < publicPerRegion; step++) {
    const offset = (start + step) % publicPerRegion;
    const text = textOf(base + offset);
    // Addresses that end in 0 or 255 are legal, but look like mistakes.
    if (offset % 256 === 0 || offset % 256 === 255 || taken.has(text) || publicIps.has(text)) continue;
    return text;
  }
  throw new Fault('InsufficientAddressCapacity', 'Insufficient capacity: no public address is free in the model.');
}

const regions = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-central-1',
  'eu-north-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-south-1',
];

function sliceOf(region: string): number {
  const known = regions.indexOf(region);
  if (known >= 0) return known;
  let hash = 0;
  for (const char of region) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return regions.length + (hash % (slices - regions.length));
}

/** `ip-10-0-1-5.ec2.internal`; outside us-east-1 `ip-10-0-1-5.eu-west-1.compute.internal`. */
export function privateDnsName(region: string, ip: string): string {
  const host = `ip-${ip.replaceAll('.', '-')}`;
  return region === 'us-east-1' ? `${host}.ec2.internal` : `${host}.${region}.compute.internal`;
}

/** `i-0123456789abcdef0.ec2.internal`, of instances whose host name is their id. */
export function resourceDnsName(region: string, instanceId: string): string {
  return region === 'us-east-1' ? `${instanceId}.ec2.internal` : `${instanceId}.${region}.compute.internal`;
}

/** `ec2-198-18-3-4.compute-1.amazonaws.com`; outside us-east-1 `ec2-….eu-west-1.compute.amazonaws.com`. */
export function publicDnsName(region: string, ip: string): string {
  const host = `ec2-${ip.replaceAll('.', '-')}`;
  return region === 'us-east-1' ? `${host}.compute-1.amazonaws.com` : `${host}.${region}.compute.amazonaws.com`;
}
