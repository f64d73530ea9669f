/** Prices as data: `prices.ts` has those that were checked, `orrery cost --refresh` writes a file of the same form. */
import { z } from 'zod';
import { CostError } from './cost-error.ts';
import { instanceTypeOf, type MeterId, meterOf, type NamedMeter } from './meters.ts';

const amount = z.string().regex(/^\d{1,15}(\.\d{1,10})?$/);

const source = z.strictObject({
  /** AWS's page with the price, for people. */
  page: z.url(),
  /** Where the figure was read: AWS's price list, or a public copy of it, with the date that it bears. */
  read: z.string().min(1),
  /** Where somebody else's copy of it has the same. */
  again: z.string().min(1).optional(),
  /** The day on which it was compared with that. */
  checked: z.iso.date(),
});

const price = z.strictObject({
  source: z.string(),
  /** How many units the dollars are for: AWS prints `$0.0004 per 1,000`. */
  per: amount.optional(),
  /** Free for every account, each month, and before the first tier. Of the account, not of the stack. */
  free: amount.optional(),
  /** From the first unit on. A last tier with a bound: what is beyond it was not checked, and is not priced. */
  tiers: z.array(z.strictObject({ usd: amount, upTo: amount.optional() })).min(1),
});

const perType = z.record(z.string(), amount);

const region = z.strictObject({
  edge: z.string(),
  prices: z.record(z.string(), price),
  /** Linux on demand, dollars an hour. */
  instances: z.strictObject({ source: z.string(), usdPerHour: perType }),
  /** Compute Savings Plans without anything upfront, dollars an hour. */
  plans: z.partialRecord(z.enum(['1y', '3y']), z.strictObject({ source: z.string(), usdPerHour: perType })).optional(),
});

const book = z.strictObject({
  sources: z.record(z.string(), source),
  everywhere: z.record(z.string(), price),
  /** By the edge locations' geography. */
  edges: z.record(z.string(), z.record(z.string(), price)),
  regions: z.record(z.string(), region),
});

export type PriceSource = z.output<typeof source>;
export type Price = z.output<typeof price>;
export type PriceBook = z.output<typeof book>;
export type Term = '1y' | '3y';

export interface Prices {
  readonly region: string;
  price(meter: MeterId): Price | undefined;
  source(id: string): PriceSource;
}

/** Throws `CostError` where there are none for the region. */
export function pricesOf(from: PriceBook, regionName: string, term?: Term): Prices {
  const found = Object.hasOwn(from.regions, regionName) ? from.regions[regionName] : undefined;
  if (!found) {
    throw new CostError(
      `There are no prices for the region ${regionName}. There are for ${Object.keys(from.regions).sort().join(', ')}. With a way to the internet, orrery cost --refresh --region ${regionName} reads AWS's price list.`,
    );
  }
  return {
    region: regionName,
    price(id) {
      const type = instanceTypeOf(id);
      if (type !== undefined) {
        const { source, usdPerHour } = (term ? found.plans?.[term] : found.instances) ?? { source: '', usdPerHour: {} };
        const usd = Object.hasOwn(usdPerHour, type) ? usdPerHour[type] : undefined;
        return usd === undefined ? undefined : { source, tiers: [{ usd }] };
      }
      const { scope } = meterOf(id);
      const table = scope === 'region' ? found.prices : scope === 'edge' ? from.edges[found.edge] : from.everywhere;
      return table?.[id as NamedMeter];
    },
    source(id) {
      const known = from.sources[id];
      if (!known) throw new Error(`the price book has no source ${id}`);
      return known;
    },
  };
}

/** Of a file that somebody may have changed. Throws `CostError`, which names the place. */
export function parsePriceBook(value: unknown, name: string): PriceBook {
  const result = book.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new CostError(
      `${name} is no file of prices: ${issue?.path.join('.') || 'it'}: ${issue?.message}. Write it anew with orrery cost --refresh, or delete it.`,
    );
  }
  const known = new Set(Object.keys(result.data.sources));
  const { everywhere, edges, regions } = result.data;
  const used = [everywhere, ...Object.values(edges), ...Object.values(regions).map((one) => one.prices)].flatMap(
    (table) => Object.values(table).map((one) => one.source),
  );
  const ofTypes = Object.values(regions).flatMap(({ instances, plans = {} }) => [
    instances.source,
    ...Object.values(plans).map((one) => one?.source ?? ''),
  ]);
  const unknown = [...used, ...ofTypes].find((id) => !known.has(id));
  if (unknown !== undefined) throw new CostError(`${name} has a price without its source, "${unknown}".`);
  return result.data;
}

/** Where both have a price, the second book's. */
export function merged(one: PriceBook, other: PriceBook): PriceBook {
  const regions = { ...one.regions };
  for (const [name, newer] of Object.entries(other.regions)) {
    const older = regions[name];
    regions[name] = !older
      ? newer
      : {
          ...newer,
          prices: { ...older.prices, ...newer.prices },
          plans: newer.plans ?? older.plans,
        };
  }
  return {
    sources: { ...one.sources, ...other.sources },
    everywhere: { ...one.everywhere, ...other.everywhere },
    edges: { ...one.edges, ...other.edges },
    regions,
  };
}
