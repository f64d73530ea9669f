/** IPv4 ranges: the blocks of a VPC, and the fewest ranges that cover a list of them exactly. */
export interface Range {
  /** The first address, as an unsigned 32-bit number. */
  readonly first: number;
  readonly prefix: number;
}

/** Undefined for what is not a range, or has bits set behind its prefix. */
export function parseCidr(text: string): Range | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!parts) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = parts.slice(1).map(Number);
  if ([a, b, c, d].some((part) => part > 255) || prefix > 32) return undefined;
  const first = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  return first % 2 ** (32 - prefix) === 0 ? { first, prefix } : undefined;
}

export function cidrText({ first, prefix }: Range): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`;
}

/** The `index`th block of `2^bits` equal ones. */
export function block({ first, prefix }: Range, bits: number, index: number): Range {
  return { first: first + index * 2 ** (32 - prefix - bits), prefix: prefix + bits };
}

/** Neighbours joined for as long as no address is added. */
export function joined(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  for (let index = 0; index + 1 < sorted.length; index++) {
    const [low, high] = [sorted[index], sorted[index + 1]];
    if (!low || !high || low.prefix !== high.prefix) continue;
    const size = 2 ** (32 - low.prefix);
    if (low.first + size !== high.first || low.first % (2 * size) !== 0) continue;
    sorted.splice(index, 2, { first: low.first, prefix: low.prefix - 1 });
    return joined(sorted);
  }
  return sorted;
}
