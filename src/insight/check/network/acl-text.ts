/** An entry of a network ACL as text to paste. */
import { type Address, familyOf, formatAddress, parseRange } from '../../../region/network/address.ts';
import type { PortRange, World } from '../../../region/network/world.ts';
import { interfaceAt } from './parts.ts';

export interface NewEntry {
  readonly acl: string;
  readonly egress: boolean;
  readonly number: number;
  readonly protocol: number;
  readonly range: string;
  readonly ports: PortRange | undefined;
}

export function entryText({ acl, egress, number, protocol, range, ports }: NewEntry): string {
  return [
    `${acl}${egress ? 'Out' : 'In'}${number}:`,
    '  Type: AWS::EC2::NetworkAclEntry',
    '  Properties:',
    `    NetworkAclId: !Ref ${acl}`,
    `    RuleNumber: ${number}`,
    ...(egress ? ['    Egress: true'] : []),
    '    RuleAction: allow',
    `    Protocol: ${protocol}`,
    `    ${range.includes(':') ? 'Ipv6CidrBlock' : 'CidrBlock'}: ${range.includes(':') ? `'${range}'` : range}`,
    ...(ports ? [`    PortRange: { From: ${ports.from}, To: ${ports.to} }`] : []),
  ].join('\n');
}

/** A free number: before the entry that denies, or behind all of them, which the last one denies. */
export function freeNumber(entries: readonly { readonly number: number }[], before: number | undefined): number {
  const taken = new Set(entries.map(({ number }) => number));
  if (before === undefined) {
    const next = Math.floor(Math.max(90, ...taken) / 10) * 10 + 10;
    if (next <= 32_766) return next;
  }
  let number = (before ?? 32_767) - 1;
  while (taken.has(number) && number > 1) number--;
  return number;
}

/** The subnet of an address inside, everything for one outside. */
export function rangeAround(world: World, address: Address): string {
  const family = familyOf(address);
  const inside = interfaceAt(world, address);
  const range = inside?.private.includes(address) && inside.subnet.ranges.find((other) => other.family === family);
  return range ? range.text : family === 6 ? '::/0' : '0.0.0.0/0';
}

/** Ranges side by side as one, as long as nothing else gets into it: `10.0.0.0/20` and `10.0.16.0/20` are `10.0.0.0/19`. */
export function joinedRanges(texts: readonly string[]): readonly string[] {
  const ranges = new Set(texts.map((text) => parseRange(text).text));
  for (let found = true; found; ) {
    found = false;
    for (const text of ranges) {
      const range = parseRange(text);
      if (range.bits === 0) continue;
      const wider = parseRange(`${text.slice(0, text.indexOf('/'))}/${range.bits - 1}`);
      const other =
        range.family === 4
          ? parseRange(`${formatAddress((range.base ^ (1 << (32 - range.bits))) >>> 0)}/${range.bits}`)
          : parseRange(`${formatAddress(range.base ^ (1n << BigInt(128 - range.bits)))}/${range.bits}`);
      if (!ranges.has(other.text)) continue;
      ranges.delete(text);
      ranges.delete(other.text);
      ranges.add(wider.text);
      found = true;
      break;
    }
  }
  return [...ranges];
}
