/** What `cost()` gives: a bill as plain data. Amounts are decimal texts of dollars, `'12.34'`, exact to the cent. */
import type { Told } from './assumptions.ts';
import type { NotPriced } from './inventory.ts';
import type { Kind } from './meters.ts';

export interface CostPiece {
  readonly quantity: string;
  /** Dollars for `per` units, as AWS prints it; `'0'` is a free allowance. */
  readonly usd: string;
  readonly per: string;
}

export interface CostLine {
  /** Logical id; of a thing that no resource is, its name. */
  readonly part: string;
  readonly type: string;
  /** `NAT gateway` */
  readonly what: string;
  readonly kind: Kind;
  readonly quantity: string;
  readonly unit: string;
  /** How the quantity comes about. */
  readonly basis: string;
  /** The tiers that it fell into. */
  readonly pieces: readonly CostPiece[];
  /** Rounded to the cent; the total is the sum of these. */
  readonly usd: string;
  /** Keys of `assumptions` that it depends on. */
  readonly assumed: readonly string[];
  /** AWS's page with the price, where it was read, where an independent copy has the same, and when that was compared. */
  readonly source: {
    readonly page: string;
    readonly read: string;
    readonly again?: string | undefined;
    readonly checked: string;
  };
}

export interface CostAlternative {
  readonly title: string;
  readonly usd: string;
  /** `'-36.50'`: so much cheaper. */
  readonly difference: string;
  readonly note: string;
}

export interface CostResult {
  readonly region: string;
  /** Of a month. */
  readonly hours: 730;
  readonly currency: 'USD';
  /** Without tax, and without what is in `notPriced`. */
  readonly usd: string;
  readonly byKind: Readonly<Record<Kind, string>>;
  /** The dearest first. */
  readonly byPart: readonly { readonly part: string; readonly type: string; readonly usd: string }[];
  readonly lines: readonly CostLine[];
  readonly surprises: readonly { readonly what: string; readonly usd: string; readonly basis: string }[];
  readonly alternatives: readonly CostAlternative[];
  readonly breakEvens: readonly { readonly what: string; readonly gigabytesPerMonth: number | null }[];
  readonly assumptions: readonly Told[];
  readonly free: readonly { readonly part: string; readonly type: string; readonly page: string }[];
  readonly notPriced: readonly NotPriced[];
  readonly notes: readonly string[];
}

export interface CostChange {
  readonly part: string;
  readonly type: string;
  /** `notPriced`: it is in both, and one of them has no price for it. */
  readonly change: 'added' | 'removed' | 'changed' | 'notPriced';
  /** `null`: it is not there, or not priced. */
  readonly before: string | null;
  readonly after: string | null;
  readonly difference: string;
}

export interface CostDiff {
  readonly before: CostResult;
  readonly after: CostResult;
  readonly difference: string;
  /** Parts whose amount differs, the largest difference first. */
  readonly changes: readonly CostChange[];
}
