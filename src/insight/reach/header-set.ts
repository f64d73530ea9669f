/**
 * Sets of headers (protocol and destination port, or ICMP type and code) as sorted spans of the line in
 * `network/match.ts`. Equal sets are one object with one number, so that what was worked out once is looked up afterwards.
 */
import {
  describeMatch,
  detailCount,
  everyHeader,
  type Header,
  icmp,
  icmpv6,
  type Span,
  spanHas,
} from '../../region/network/match.ts';
import type { PortRange } from '../../region/network/world.ts';

export interface HeaderSet {
  /** The same for equal sets of one `HeaderSets`; 0 is the empty one. */
  readonly id: number;
  /** Ascending, apart from each other. */
  readonly spans: readonly Span[];
}

export class HeaderSets {
  readonly none: HeaderSet;
  readonly all: HeaderSet;
  private readonly byText = new Map<string, HeaderSet>();
  private readonly sets: HeaderSet[] = [];
  private readonly both = new Table();
  private readonly either = new Table();

  constructor() {
    this.none = this.of([]);
    this.all = this.of([everyHeader]);
  }

  /** How many different ones came up. */
  get size(): number {
    return this.sets.length;
  }

  /** The set of these spans, in any order, overlapping or not. */
  of(spans: readonly Span[]): HeaderSet {
    return this.intern(joined(spans.filter(({ from, to }) => from <= to).sort((a, b) => a.from - b.from)));
  }

  get(id: number): HeaderSet {
    const found = this.sets[id];
    if (!found) throw new Error(`there is no set ${id}`);
    return found;
  }

  and(a: HeaderSet, b: HeaderSet): HeaderSet {
    return this.get(this.idOfBoth(a.id, b.id));
  }

  /** The same by numbers, for loops over millions of pairs. */
  idOfBoth(a: number, b: number): number {
    const known = this.both.get(a, b);
    if (known >= 0) return known;
    const { id } = this.intern(shared(this.get(a).spans, this.get(b).spans));
    this.both.set(a, b, id);
    return id;
  }

  idOfEither(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const known = this.either.get(a, b);
    if (known >= 0) return known;
    const { id } = this.of([...this.get(a).spans, ...this.get(b).spans]);
    this.either.set(a, b, id);
    return id;
  }

  minus(a: HeaderSet, b: HeaderSet): HeaderSet {
    const spans: Span[] = [];
    for (const span of a.spans) {
      let { from } = span;
      for (const other of b.spans) {
        if (other.to < from || other.from > span.to) continue;
        if (other.from > from) spans.push({ from, to: other.from - 1 });
        from = other.to + 1;
      }
      if (from <= span.to) spans.push({ from, to: span.to });
    }
    return this.intern(spans);
  }

  or(a: HeaderSet, b: HeaderSet): HeaderSet {
    return this.get(this.idOfEither(a.id, b.id));
  }

  private intern(spans: readonly Span[]): HeaderSet {
    const text = spans.map(({ from, to }) => `${from}-${to}`).join();
    let set = this.byText.get(text);
    if (!set) {
      set = { id: this.sets.length, spans };
      this.sets.push(set);
      this.byText.set(text, set);
    }
    return set;
  }
}

/** Results by two numbers, in whichever order; −1 where there is none yet. */
class Table {
  private readonly rows: Int32Array[] = [];

  get(a: number, b: number): number {
    const row = this.rows[Math.min(a, b)];
    const at = Math.max(a, b);
    return row !== undefined && at < row.length ? (row[at] ?? 0) - 1 : -1;
  }

  set(a: number, b: number, result: number): void {
    const [low, high] = a < b ? [a, b] : [b, a];
    while (this.rows.length <= low) this.rows.push(new Int32Array(0));
    let row = this.rows[low] as Int32Array;
    if (row.length <= high) {
      const longer = new Int32Array(2 * Math.max(high, 16));
      longer.set(row);
      row = longer;
      this.rows[low] = row;
    }
    row[high] = result + 1;
  }
}

/** What two ascending lists have in common. */
function shared(left: readonly Span[], right: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [left[i], right[j]];
    if (!one || !other) return spans;
    const [from, to] = [Math.max(one.from, other.from), Math.min(one.to, other.to)];
    if (from <= to) spans.push({ from, to });
    if (one.to < other.to) i++;
    else j++;
  }
}

function joined(sorted: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const { from, to } of sorted) {
    const last = spans[spans.length - 1];
    if (last && from <= last.to + 1) spans[spans.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else spans.push({ from, to });
  }
  return spans;
}

export function hasHeader({ spans }: HeaderSet, header: Header): boolean {
  return spans.some((span) => spanHas(span, header));
}

/** Every header of a protocol. */
export function protocolSpan(protocol: number): Span {
  return { from: protocol * detailCount, to: (protocol + 1) * detailCount - 1 };
}

/** The details (ports, or ICMP types × 256 + codes) of a protocol's headers in the set. */
export function detailsOf({ spans }: HeaderSet, protocol: number): PortRange[] {
  const { from: first, to: last } = protocolSpan(protocol);
  return spans.flatMap(({ from, to }) =>
    to < first || from > last ? [] : [{ from: Math.max(from, first) - first, to: Math.min(to, last) - first }],
  );
}

/** `all traffic`, or `tcp 443`, `udp on every port`, `icmp type 8`, `protocols 2-5`, a text each. */
export function headersText({ spans }: HeaderSet): string[] {
  return spans.flatMap(({ from, to }): string[] => {
    if (from === everyHeader.from && to === everyHeader.to) return ['all traffic'];
    const [first, last] = [Math.floor(from / detailCount), Math.floor(to / detailCount)];
    const texts: string[] = [];
    for (let protocol = first; protocol <= last; protocol++) {
      const its = protocolSpan(protocol);
      const ports = { from: Math.max(from, its.from) - its.from, to: Math.min(to, its.to) - its.from };
      if (protocol !== icmp && protocol !== icmpv6) texts.push(describeMatch({ protocol, ports }));
      else if (ports.from === 0 && ports.to === detailCount - 1) texts.push(describeMatch({ protocol }));
      else texts.push(...icmpTexts(protocol, ports));
    }
    return texts.length > 12 ? [`protocols ${first}-${last}`] : texts;
  });
}

function icmpTexts(protocol: number, details: PortRange): string[] {
  const [first, last] = [Math.floor(details.from / 256), Math.floor(details.to / 256)];
  const name = describeMatch({ protocol, icmp: { type: first, code: -1 } });
  return [first === last ? name : `${name}-${last}`];
}
