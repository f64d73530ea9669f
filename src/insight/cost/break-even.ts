/** From how many gigabytes a month on another way is the cheaper one: found by trying bills, not by a formula of its own. */
import { withNatPerZone, withOneNat } from './alternatives.ts';
import { type Decimal, decimal, over, sum } from './decimal.ts';
import { type Estimating, estimate } from './estimate.ts';
import type { Endpoint, Inventory, Machine } from './inventory.ts';

export interface BreakEven {
  readonly what: string;
  /** GB a month, whole, from which on it holds; undefined: at no amount that was tried. */
  readonly gigabytes: number | undefined;
}

/** A petabyte: beyond it prices differ. */
const mostGigabytes = 1_000_000;

export function breakEvensOf(inventory: Inventory, about: Estimating): readonly BreakEven[] {
  const { machineZones: zones } = inventory;
  const [machine] = inventory.machines.filter((one) => one.runs && one.nat !== undefined);
  if (!machine) return [];
  // A machine in each zone, since that is how a group spreads; what both sides cost falls out of the difference.
  const even: Inventory = { ...inventory, machines: zones.map((zone) => placed(inventory, machine, zone)) };
  const exact = (one: Inventory, natGb: number, perMachine: Decimal = 0n) => {
    const origin = 'given' as const;
    const settings = about.settings.with({
      natGb: { value: decimal(natGb), origin },
      natOutShare: { value: 0n, origin },
      machines: { value: decimal(zones.length), origin },
      callsGbPerMachine: { value: perMachine, origin },
    });
    const bill = estimate(one, { ...about, settings });
    return sum(bill.lines.map((line) => line.exact));
  };
  const found: BreakEven[] = [];
  if (zones.length > 1) {
    const [one, each] = [withOneNat(even), withNatPerZone(even)];
    found.push({
      what: `${zones.length} NAT gateways are cheaper than one, because of what crosses zones`,
      gigabytes: firstCheaper((gigabytes) => exact(each, gigabytes) - exact(one, gigabytes)),
    });
  }
  const endpoint: Endpoint = { part: 'Endpoint', service: 'other', kind: 'Interface', zones };
  const [by, without] = [[endpoint], []].map((endpoints): Inventory => ({ ...even, endpoints }));
  if (!by || !without) return found;
  found.push({
    what: `an interface endpoint in ${zones.length === 1 ? 'the zone' : `${zones.length} zones`} is cheaper than a service's traffic by NAT`,
    gigabytes: firstCheaper(
      (gigabytes) => exact(by, 0, over(decimal(gigabytes), decimal(zones.length))) - exact(without, gigabytes),
    ),
  });
  return found;
}

/** As one of the template's own there goes out, or by the zone's NAT gateway where there is one. */
function placed({ machines, nats }: Inventory, like: Machine, zone: string): Machine {
  const own = machines.find((one) => one.zone === zone && one.nat !== undefined);
  return {
    ...like,
    zone,
    presence: decimal(1),
    nat: own?.nat ?? nats.find((one) => one.zone === zone)?.part ?? like.nat,
  };
}

/** The first whole number of gigabytes at which the difference is below zero. */
function firstCheaper(difference: (gigabytes: number) => Decimal): number | undefined {
  if (difference(0) < 0n) return 0;
  if (difference(mostGigabytes) >= 0n) return undefined;
  let [dearer, cheaper] = [0, mostGigabytes];
  while (cheaper - dearer > 1) {
    const middle = Math.floor((dearer + cheaper) / 2);
    if (difference(middle) < 0n) cheaper = middle;
    else dearer = middle;
  }
  return cheaper;
}
