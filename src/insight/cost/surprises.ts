/** The lines that people do not expect, by name, with what they come to. */
import type { Line } from './bill.ts';
import { type Decimal, decimalText, grouped, sum } from './decimal.ts';
import type { MeterId } from './meters.ts';

export interface Surprise {
  readonly what: string;
  readonly amount: Decimal;
  readonly meters: readonly MeterId[];
  /** What it comes of. */
  readonly basis: string;
}

const kinds: readonly { readonly what: string; readonly meters: readonly MeterId[]; readonly unit: string }[] = [
  { what: 'NAT gateways, by the hour', meters: ['natHours'], unit: 'h' },
  { what: 'NAT gateways, by the gigabyte', meters: ['natGigabytes'], unit: 'GB' },
  { what: 'Interface endpoints, by the hour in each zone', meters: ['endpointHours'], unit: 'h' },
  { what: 'Interface endpoints, by the gigabyte', meters: ['endpointGigabytes'], unit: 'GB' },
  { what: 'Public IPv4 addresses', meters: ['addressHours'], unit: 'h' },
  { what: 'Data between zones', meters: ['transferZones'], unit: 'GB' },
];

/** All of them, those that cost nothing too: that, also, is worth knowing. */
export function surprisesOf(lines: readonly Line[]): readonly Surprise[] {
  return kinds.map(({ what, meters, unit }) => {
    const some = lines.filter(({ meter }) => meters.includes(meter));
    const quantity = sum(some.map((one) => one.quantity));
    const parts = new Set(some.map(({ part }) => part)).size;
    return {
      what,
      meters,
      amount: sum(some.map((one) => one.amount)),
      basis:
        some.length === 0
          ? 'none'
          : `${grouped(twoPlaces(quantity))} ${unit} of ${parts} ${parts === 1 ? 'part' : 'parts'}`,
    };
  });
}

function twoPlaces(value: Decimal): string {
  return String(Number(Number(decimalText(value)).toFixed(2)));
}
