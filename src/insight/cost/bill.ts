/**
 * Usages and prices make lines. A meter's tiers are the account's: its parts fill them one after the other, in the order of
 * the template, the free allowance first. A line is rounded to the cent, and the bill is the sum of its lines.
 */
import type { AssumptionKey } from './assumptions.ts';
import { cents, type Decimal, decimal, least, share, sum } from './decimal.ts';
import type { NotPriced } from './inventory.ts';
import { instanceTypeOf, type MeterId, meterOf } from './meters.ts';
import type { Price, Prices } from './price-book.ts';
import type { Usage } from './usage.ts';

export interface Piece {
  readonly quantity: Decimal;
  /** Dollars for `per` units, as AWS prints it; 0 is a free allowance. */
  readonly usd: string;
  readonly per: string;
  readonly amount: Decimal;
}

export interface Line {
  readonly part: string;
  readonly meter: MeterId;
  readonly quantity: Decimal;
  readonly pieces: readonly Piece[];
  /** Before it is rounded. */
  readonly exact: Decimal;
  /** Whole cents. */
  readonly amount: Decimal;
  readonly basis: string;
  readonly assumed: readonly AssumptionKey[];
  readonly source: string;
}

export interface Bill {
  readonly lines: readonly Line[];
  readonly total: Decimal;
  readonly notPriced: readonly NotPriced[];
}

export interface BillOptions {
  /** Without what AWS gives each account for nothing: other stacks of the account may use it up. */
  readonly withoutAllowances?: boolean;
}

export function billOf(
  usages: readonly Usage[],
  prices: Prices,
  { withoutAllowances = false }: BillOptions = {},
): Bill {
  const used = new Map<MeterId, Decimal>();
  const lines: Line[] = [];
  const notPriced: NotPriced[] = [];
  for (const { part, meter, quantity, basis, assumed } of usages) {
    const price = prices.price(meter);
    const { what, unit } = meterOf(meter);
    if (!price) {
      const type = instanceTypeOf(meter);
      const why = `no price of ${type === undefined ? what : `${type} machines`} in ${prices.region} was checked`;
      notPriced.push({ part, type: '', why });
      continue;
    }
    const from = used.get(meter) ?? 0n;
    used.set(meter, from + quantity);
    const { pieces, beyond } = piecesOf(price, from, quantity, !withoutAllowances);
    if (beyond > 0n) notPriced.push({ part, type: '', why: `no price of so much (${what}, ${unit}) was checked` });
    const exact = sum(pieces.map(({ amount }) => amount));
    lines.push({
      ...{ part, meter, quantity, pieces, exact, basis, assumed },
      amount: cents(exact),
      source: price.source,
    });
  }
  return { lines, total: sum(lines.map(({ amount }) => amount)), notPriced };
}

/** What lies between `from` and `from + quantity` of the tiers. */
function piecesOf(price: Price, from: Decimal, quantity: Decimal, withFree: boolean) {
  const { per = '1' } = price;
  const free = withFree && price.free !== undefined ? decimal(price.free) : 0n;
  const tiers = [
    ...(free > 0n ? [{ usd: '0', end: free }] : []),
    ...price.tiers.map(({ usd, upTo }) => ({ usd, end: upTo === undefined ? undefined : decimal(upTo) + free })),
  ];
  const pieces: Piece[] = [];
  let at = from;
  const to = from + quantity;
  for (const { usd, end } of tiers) {
    const until = end === undefined ? to : least(end, to);
    if (until <= at) continue;
    const size = until - at;
    pieces.push({ quantity: size, usd, per, amount: share(size, decimal(usd), decimal(per)) });
    at = until;
  }
  return { pieces, beyond: to - at };
}
