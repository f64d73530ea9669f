/**
 * The addresses, cut where any rule of the world cuts them. Ranges are CIDRs, of which two are either apart or one within
 * the other: the innermost one around an address tells which of all it is in. Its addresses that are in no inner one are
 * an atom, on which every rule answers alike.
 */
import type { Address, Range } from '../../region/network/address.ts';
import { formatAddress, parseRange, rangeContains } from '../../region/network/address.ts';
import { reservedRanges } from '../../region/network/reserved.ts';
import type { World } from '../../region/network/world.ts';

export interface Atom {
  readonly id: number;
  readonly range: Range;
  /** The next inner ranges, lowest first, which it is without. */
  readonly without: readonly Range[];
}

interface Draft extends Atom {
  readonly without: Range[];
}

export class Atoms {
  readonly all: readonly Atom[];
  /** Longest prefix first. */
  private readonly byBits: readonly { readonly mask: Address; readonly atoms: ReadonlyMap<Address, Draft> }[];

  constructor(world: World) {
    const tables = new Map<string, { mask: Address; bits: number; atoms: Map<Address, Draft> }>();
    const all: Draft[] = [];
    for (const range of rangesOf(world)) {
      const key = `${range.family}/${range.bits}`;
      const table = tables.get(key) ?? { mask: range.mask, bits: range.bits, atoms: new Map() };
      tables.set(key, table);
      if (table.atoms.has(range.base)) continue;
      const atom = { id: all.length, range, without: [] };
      all.push(atom);
      table.atoms.set(range.base, atom);
    }
    this.byBits = [...tables.values()].sort((a, b) => b.bits - a.bits);
    this.all = all;
    for (const { range } of all) this.find(range.base, range.bits)?.without.push(range);
    for (const { without } of all) without.sort((a, b) => (a.base < b.base ? -1 : 1));
  }

  of(address: Address): Atom {
    const found = this.find(address, 129);
    if (!found) throw new Error('the widest range holds every address');
    return found;
  }

  /** The lowest address of the atom that is not `taken`. */
  free({ range, without }: Atom, taken: (address: Address) => boolean): Address | undefined {
    let address = range.base;
    for (let inner = 0; rangeContains(range, address); ) {
      const hole = without[inner];
      if (hole && rangeContains(hole, address)) {
        inner++;
        const next = after(hole);
        if (next === undefined) return undefined;
        address = next;
      } else if (taken(address)) {
        if (address === lastOf(range)) return undefined;
        address = typeof address === 'number' ? address + 1 : address + 1n;
      } else return address;
    }
    return undefined;
  }

  private find(address: Address, shorterThan: number): Draft | undefined {
    for (const { mask, atoms } of this.byBits) {
      const base = masked(address, mask);
      const found = base === undefined ? undefined : atoms.get(base);
      if (found && found.range.bits < shorterThan) return found;
    }
    return undefined;
  }
}

function masked(address: Address, mask: Address): Address | undefined {
  if (typeof address === 'number') return typeof mask === 'number' ? (address & mask) >>> 0 : undefined;
  return typeof mask === 'bigint' ? address & mask : undefined;
}

export function lastOf(range: Range): Address {
  return range.family === 4 ? (range.base | ~range.mask) >>> 0 : range.base | (range.mask ^ ((1n << 128n) - 1n));
}

function after(range: Range): Address | undefined {
  const last = lastOf(range);
  if (typeof last === 'number') return last === 0xffffffff ? undefined : last + 1;
  return last === (1n << 128n) - 1n ? undefined : last + 1n;
}

function* rangesOf(world: World): Iterable<Range> {
  yield parseRange('0.0.0.0/0');
  yield parseRange('::/0');
  yield* reservedRanges();
  for (const { ranges, resolver } of world.vpcs.values()) {
    yield* ranges;
    if (resolver !== undefined) yield parseRange(`${formatAddress(resolver)}/32`);
  }
  for (const { ranges } of world.publicServices) yield* ranges;
  const seen = new Set<readonly unknown[]>();
  const once = <T>(list: readonly T[]): readonly T[] => {
    if (seen.has(list)) return [];
    seen.add(list);
    return list;
  };
  for (const { ranges, routes, aclIngress, aclEgress } of world.subnets.values()) {
    yield* ranges;
    for (const list of [routes, aclIngress, aclEgress])
      for (const { range } of once<{ range: Range }>(list)) yield range;
  }
  for (const { ingress, egress } of world.interfaces.values()) {
    for (const list of [ingress, egress]) for (const { ranges } of once(list)) yield* ranges;
  }
}
