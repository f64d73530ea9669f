/** The same template otherwise: other ways out, other processors. Each is a bill of a changed inventory. */
import { type Decimal, decimal, least, over, times } from './decimal.ts';
import { type Estimating, estimate } from './estimate.ts';
import { natGigabytes } from './flows.ts';
import type { Endpoint, Inventory } from './inventory.ts';
import type { Term } from './price-book.ts';

export interface Alternative {
  /** `One NAT gateway for all zones` */
  readonly title: string;
  readonly total: Decimal;
  /** Of the template's own bill; negative: it is cheaper. */
  readonly difference: Decimal;
  /** What is lost by it, or must hold. */
  readonly note: string;
  /** Parts of it without a price: it costs that more. */
  readonly notPriced: number;
}

interface Other {
  readonly title: string;
  readonly note: string;
  readonly inventory: Inventory;
}

export function alternativesOf(inventory: Inventory, about: Estimating, total: Decimal): readonly Alternative[] {
  return [...waysOut(inventory), ...waysToS3(inventory), ...processors(inventory)].flatMap(
    ({ title, note, inventory: other }) => {
      const bill = estimate(other, shifted(inventory, other, about));
      const lacking = bill.notPriced.length - estimate(inventory, about).notPriced.length;
      return lacking > 0
        ? []
        : [{ title, note, total: bill.total, difference: bill.total - total, notPriced: bill.notPriced.length }];
    },
  );
}

/** Where all that goes by NAT was given or measured: of the alternative it differs by what takes another way. */
function shifted(inventory: Inventory, other: Inventory, about: Estimating): Estimating {
  const { settings } = about;
  if (!settings.has('natGb')) return about;
  const get = settings.reading(new Set());
  const before = get('natGb');
  const more = before + natGigabytes(other, about) - natGigabytes(inventory, about);
  const natGb = more < 0n ? 0n : more;
  // What is exchanged with services of AWS does not go out to the internet.
  const out = times(get('natOutShare'), before);
  const natOutShare = natGb === 0n ? 0n : least(decimal(1), over(out, natGb));
  const origin = settings.origin('natGb');
  return {
    ...about,
    settings: settings.with({ natGb: { value: natGb, origin }, natOutShare: { value: natOutShare, origin } }),
  };
}

/** The template's bill with machines on a Savings Plan, where there is a price. */
export function onPlan(inventory: Inventory, about: Estimating, term: Term, total: Decimal): Alternative | undefined {
  const bill = estimate(inventory, about);
  if (bill.notPriced.some(({ why }) => why.includes(' machines in '))) return undefined;
  const years = term === '1y' ? 'one year' : 'three years';
  return {
    title: `Machines on a Compute Savings Plan of ${years}, nothing upfront`,
    note: `the machines are paid for ${years}, whether they run or not`,
    total: bill.total,
    difference: bill.total - total,
    notPriced: bill.notPriced.length,
  };
}

function waysOut(inventory: Inventory): readonly Other[] {
  const { nats } = inventory;
  if (nats.length === 0 || inventory.machines.every((one) => one.nat === undefined)) return [];
  const zones = inventory.machineZones;
  const perZone = zones.every((zone) => nats.some((one) => one.zone === zone)) && nats.length >= zones.length;
  return [
    ...(perZone
      ? []
      : [
          {
            title: 'A NAT gateway in each zone',
            note: 'a zone that dies takes no other with it',
            inventory: withNatPerZone(inventory),
          },
        ]),
    ...(nats.length === 1 || zones.length === 1
      ? []
      : [
          {
            title: 'One NAT gateway for all zones',
            note: 'when its zone dies, no machine gets out',
            inventory: withOneNat(inventory),
          },
        ]),
    {
      title: 'No NAT gateway, interface endpoints instead',
      note: 'machines reach the services that have an endpoint, and nothing else; what they exchanged with the internet is left out',
      inventory: withoutNat(inventory),
    },
  ];
}

export function withOneNat(inventory: Inventory): Inventory {
  const [kept] = inventory.nats;
  if (!kept) return inventory;
  return {
    ...inventory,
    nats: [kept],
    addresses: inventory.addresses.filter(({ nat }) => nat === undefined || nat === kept.part),
    alarms: inventory.alarms.filter(({ nat }) => nat === undefined || nat === kept.part),
    machines: inventory.machines.map((one) => (one.nat === undefined ? one : { ...one, nat: kept.part })),
  };
}

export function withNatPerZone(inventory: Inventory): Inventory {
  const lacking = inventory.machineZones.filter((zone) => !inventory.nats.some((one) => one.zone === zone));
  const more = lacking.map((zone) => ({ part: `NAT gateway in ${zone}`, zone }));
  const nats = [...inventory.nats, ...more];
  return {
    ...inventory,
    nats,
    addresses: [...inventory.addresses, ...more.map(({ part }) => ({ part: `Address of the ${part}`, nat: part }))],
    // Watched as the first of them is.
    alarms: [
      ...inventory.alarms,
      ...more.flatMap(({ part }) =>
        inventory.alarms
          .filter(({ nat }) => nat !== undefined && nat === inventory.nats[0]?.part)
          .map((alarm) => ({ ...alarm, part: `Alarm of the ${part}`, nat: part })),
      ),
    ],
    machines: inventory.machines.map((one) =>
      one.nat === undefined ? one : { ...one, nat: nats.find(({ zone }) => zone === one.zone)?.part ?? one.nat },
    ),
  };
}

/** What the machines are known to call; cfn-init and an agent need what a boot with NAT takes from there. */
function withoutNat(inventory: Inventory): Inventory {
  const { machines, endpoints, machineZones: zones } = inventory;
  const wanted = [
    ...(inventory.logGroups.some(({ role }) => role === 'app') ? ['logs'] : []),
    ...(machines.some((one) => one.hasAgent) ? ['monitoring', 'ec2'] : []),
    ...(machines.some((one) => one.callsCloudFormation) ? ['cloudformation'] : []),
  ];
  const more = wanted
    .filter((service) => !endpoints.some((one) => one.service === service))
    .map((service): Endpoint => ({ part: `Endpoint of ${service}`, service, kind: 'Interface', zones }));
  const s3: readonly Endpoint[] = endpoints.some(({ service }) => service === 's3')
    ? []
    : [{ part: 'Endpoint of s3', service: 's3', kind: 'Gateway', zones: [] }];
  const behind = new Set(inventory.nats.map(({ part }) => part));
  return {
    ...inventory,
    nats: [],
    addresses: inventory.addresses.filter(({ nat }) => nat === undefined || !behind.has(nat)),
    alarms: inventory.alarms.filter(({ nat }) => nat === undefined || !behind.has(nat)),
    endpoints: [...endpoints, ...more, ...s3],
    machines: machines.map((one) => ({ ...one, nat: undefined })),
  };
}

function waysToS3(inventory: Inventory): readonly Other[] {
  const { endpoints, buckets, machines } = inventory;
  if (!buckets.some(({ role }) => role === 'data') || !machines.some((one) => one.runs)) return [];
  const others = endpoints.filter(({ service }) => service !== 's3');
  const own = endpoints.find(({ service }) => service === 's3');
  const part = own?.part ?? 'Endpoint of s3';
  const gateway: Endpoint = { part, service: 's3', kind: 'Gateway', zones: [] };
  const byInterface: Endpoint = { part, service: 's3', kind: 'Interface', zones: inventory.machineZones };
  const note = 'the same objects, another way';
  return [
    ...(own?.kind === 'Gateway'
      ? []
      : [{ title: 'S3 by a gateway endpoint', note, inventory: { ...inventory, endpoints: [...others, gateway] } }]),
    ...(own?.kind === 'Interface'
      ? []
      : [
          {
            title: 'S3 by an interface endpoint',
            note,
            inventory: { ...inventory, endpoints: [...others, byInterface] },
          },
        ]),
    ...(own !== undefined && machines.some((one) => one.nat !== undefined)
      ? [{ title: 'S3 over NAT, without an endpoint', note, inventory: { ...inventory, endpoints: others } }]
      : []),
  ];
}

/** Of the same size and generation; the first of each pair is arm64. */
const counterparts = [
  ['t4g', 't3'],
  ['m6g', 'm6i'],
  ['c6g', 'c6i'],
  ['r6g', 'r6i'],
  ['m7g', 'm7i'],
  ['c7g', 'c7i'],
  ['r7g', 'r7i'],
] as const;

function processors(inventory: Inventory): readonly Other[] {
  const found: Other[] = [];
  const other = (type: string): string => {
    const [family = '', size = ''] = type.split('.');
    const pair = counterparts.find((one) => (one as readonly string[]).includes(family));
    return pair ? `${pair[0] === family ? pair[1] : pair[0]}.${size}` : type;
  };
  const types = [...new Set(inventory.machines.map(({ type }) => type))];
  const changed = types.filter((type) => other(type) !== type);
  if (changed.length > 0) {
    const toX86 = counterparts.some(([arm]) => changed[0]?.startsWith(`${arm}.`));
    found.push({
      title: `${changed.map(other).join(', ')} instead of ${changed.join(', ')}`,
      note: toX86 ? 'x86 instead of arm64' : 'arm64 instead of x86: all that runs there must be built for it',
      inventory: { ...inventory, machines: inventory.machines.map((one) => ({ ...one, type: other(one.type) })) },
    });
  }
  return found;
}
