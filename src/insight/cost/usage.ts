/** What is used of each meter in a month, part by part. */
import { type AssumptionKey, type Get, hoursOfMonth, type Settings } from './assumptions.ts';
import { type Decimal, decimal, share, sum, times } from './decimal.ts';
import type { Inventory, Machine } from './inventory.ts';
import type { MeterId } from './meters.ts';

export interface Usage {
  readonly part: string;
  readonly meter: MeterId;
  readonly quantity: Decimal;
  /** How it comes about: `2 zones, 730 h`. */
  readonly basis: string;
  /** What it depends on that the template does not say. */
  readonly assumed: readonly AssumptionKey[];
}

export interface Circumstances {
  readonly settings: Settings;
}

type Amount = Decimal | ((get: Get) => Decimal);

/** Collects usages; what a quantity asks of the settings is what it is said to depend on. */
export class Uses {
  readonly found: Usage[] = [];
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  add(part: string, meter: MeterId, basis: string, amount: Amount): void {
    const used = new Set<AssumptionKey>();
    const quantity = typeof amount === 'bigint' ? amount : amount(this.#settings.reading(used));
    if (quantity !== 0n) this.found.push({ part, meter, quantity, basis, assumed: [...used] });
  }
}

/** How many of a machine there are on average: its own presence, or its share of a number that was given. */
export function presence(
  machine: Machine,
  { machines }: Inventory,
  { settings }: Circumstances,
): (get: Get) => Decimal {
  if (!machine.runs || !settings.has('machines')) return () => machine.presence;
  const running = sum(machines.filter((one) => one.runs).map((one) => one.presence));
  return (get) => (running === 0n ? 0n : share(get('machines'), machine.presence, running));
}

export const hours = (count: number): Decimal => times(hoursOfMonth, decimal(count));
export const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
