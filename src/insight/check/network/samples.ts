/**
 * Packets that stand for all: rules divide addresses and headers at their edges alone, so that one packet of each part
 * between two edges tells what becomes of every other. What a rule matches is the network's own span.
 */
import { type Address, type Range, rangeContains } from '../../../region/network/address.ts';
import { type Header, type Match, type Span, spanHas } from '../../../region/network/match.ts';

export interface Selector {
  readonly span: Span;
  readonly ranges: readonly Range[];
}

export interface Sample {
  readonly header: Header;
  readonly address: Address;
}

/** Of all packets that `of` selects, one of each part into which `others` divide them. */
export function* samples(of: Selector, others: readonly Selector[]): Generator<Sample> {
  const addresses = addressSamples(of.ranges, others);
  const edges = new Set([of, ...others].flatMap(({ span }) => [span.from, span.to + 1]));
  for (const header of edges) {
    if (!spanHas(of.span, header)) continue;
    for (const address of addresses) yield { header, address };
  }
}

export function selects({ span, ranges }: Selector, { header, address }: Sample): boolean {
  return spanHas(span, header) && ranges.some((range) => rangeContains(range, address));
}

function addressSamples(of: readonly Range[], others: readonly Selector[]): readonly Address[] {
  const edges = new Set<Address>();
  for (const range of [...of, ...others.flatMap(({ ranges }) => ranges)]) {
    edges.add(range.base);
    const next = after(range);
    if (next !== undefined) edges.add(next);
  }
  return [...edges].filter((edge) => of.some((range) => rangeContains(range, edge)));
}

/** The first port and those at which a rule begins or ends. */
export function portSamples(rules: readonly Pick<Match, 'ports'>[]): readonly number[] {
  const edges = rules.flatMap(({ ports }) => (ports ? [ports.from, ports.to + 1] : []));
  return [...new Set([0, ...edges])].filter((port) => port >= 0 && port <= 65_535);
}

/** The first address behind a range. */
function after(range: Range): Address | undefined {
  if (range.family === 4) {
    const next = range.base + 2 ** (32 - range.bits);
    return next < 2 ** 32 ? next : undefined;
  }
  const next = range.base + (1n << BigInt(128 - range.bits));
  return next < 1n << 128n ? next : undefined;
}
