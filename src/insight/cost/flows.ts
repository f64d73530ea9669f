/**
 * What machines exchange with AWS's services and with the internet, and by which way: a gateway endpoint for nothing, an
 * interface endpoint, a NAT gateway, or straight out. An endpoint is taken wherever there is one, as private DNS and routes do.
 */
import { type Get, gigabyte } from './assumptions.ts';
import { type Decimal, decimal, over, share, sum, times } from './decimal.ts';
import type { Inventory, Machine } from './inventory.ts';
import { type Circumstances, presence } from './usage.ts';

export interface Flow {
  readonly by: 'endpoint' | 'nat' | 'internet';
  /** Which endpoint, NAT gateway or machine bears it. */
  readonly part: string;
  readonly basis: string;
  /** A month, both ways. */
  readonly gigabytes: (get: Get) => Decimal;
  /** Of that, to the internet. */
  readonly out: ((get: Get) => Decimal) | undefined;
  readonly otherZone: boolean;
}

interface Demand {
  /** `internet`, or a service of AWS. */
  readonly service: string;
  readonly what: string;
  readonly gigabytes: (get: Get) => Decimal;
}

export function flowsOf(inventory: Inventory, about: Circumstances): readonly Flow[] {
  const { machines, nats, endpoints } = inventory;
  const running = machines.filter((one) => one.runs);
  const found: Flow[] = [];
  const present = (machine: Machine) => presence(machine, inventory, about);
  const all = (get: Get) => sum(running.map((one) => present(one)(get)));
  const { settings } = about;
  for (const { service, what, gigabytes } of demandsOf(inventory, all, about)) {
    const way = endpoints.filter((one) => one.service === service);
    // Free, in and out. https://aws.amazon.com/privatelink/pricing/
    if (way.some(({ kind }) => kind === 'Gateway')) continue;
    const [interfaceWay] = way;
    if (interfaceWay) {
      // Between zones it is free, too, since April 2022.
      const { part } = interfaceWay;
      found.push({ by: 'endpoint', part, basis: what, gigabytes, out: undefined, otherZone: false });
      continue;
    }
    const isInternet = service === 'internet';
    for (const machine of running) {
      const own = (get: Get) => (all(get) === 0n ? 0n : share(gigabytes(get), present(machine)(get), all(get)));
      const out = isInternet ? (get: Get) => times(own(get), get('natOutShare')) : undefined;
      if (machine.nat === undefined) {
        // Without a public address there is no way at all.
        if (machine.publicAddress && out)
          found.push({ by: 'internet', part: machine.part, basis: what, gigabytes: own, out, otherZone: false });
      } else if (!settings.has('natGb')) {
        found.push(natFlow(machine, machine.nat, nats, { basis: what, gigabytes: own, out }));
      }
    }
  }
  if (settings.has('natGb')) {
    const behind = running.filter((one) => one.nat !== undefined);
    for (const machine of behind) {
      const gigabytes = (get: Get) => over(get('natGb'), decimal(behind.length));
      const out = (get: Get) => times(gigabytes(get), get('natOutShare'));
      found.push(natFlow(machine, machine.nat ?? '', nats, { basis: 'all that goes by NAT', gigabytes, out }));
    }
  }
  return merged(found);
}

/** What would go by NAT if nobody had said how much does. */
export function natGigabytes(inventory: Inventory, { settings }: Circumstances): Decimal {
  const assumed = settings.without('natGb');
  const get = assumed.reading(new Set());
  const flows = flowsOf(inventory, { settings: assumed }).filter(({ by }) => by === 'nat');
  return sum(flows.map(({ gigabytes }) => gigabytes(get)));
}

function natFlow(
  machine: Machine,
  part: string,
  nats: Inventory['nats'],
  flow: Pick<Flow, 'basis' | 'gigabytes' | 'out'>,
): Flow {
  const zone = nats.find((one) => one.part === part)?.zone;
  return { by: 'nat', part, ...flow, otherZone: zone !== undefined && zone !== machine.zone };
}

/** The same thing by the same way is one flow, however many machines there are. */
function merged(flows: readonly Flow[]): readonly Flow[] {
  const groups = new Map<string, Flow[]>();
  for (const flow of flows) {
    const key = JSON.stringify([flow.by, flow.part, flow.basis, flow.otherZone, flow.out !== undefined]);
    const some = groups.get(key);
    if (some) some.push(flow);
    else groups.set(key, [flow]);
  }
  return [...groups.values()].flatMap((some) => {
    const [first] = some;
    if (!first) return [];
    const total = (of: (flow: Flow) => ((get: Get) => Decimal) | undefined) => (get: Get) =>
      sum(some.map((one) => of(one)?.(get) ?? 0n));
    return [{ ...first, gigabytes: total((one) => one.gigabytes), out: first.out && total((one) => one.out) }];
  });
}

function demandsOf(
  { machines, logGroups, buckets, endpoints }: Inventory,
  all: (get: Get) => Decimal,
  about: Circumstances,
): readonly Demand[] {
  if (!machines.some((one) => one.runs)) return [];
  const perMachine = (key: 'natGbPerMachine' | 'metricGbPerMachine' | 'callsGbPerMachine') => (get: Get) =>
    times(all(get), get(key));
  const known = new Set(['logs', 'monitoring', 's3']);
  return [
    { service: 'internet', what: "machines' own traffic", gigabytes: perMachine('natGbPerMachine') },
    ...(logGroups.some(({ role }) => role === 'app')
      ? [{ service: 'logs', what: 'logs', gigabytes: (get: Get) => logGigabytes(get, all(get), about) }]
      : []),
    ...(machines.some((one) => one.hasAgent)
      ? [{ service: 'monitoring', what: 'metrics', gigabytes: perMachine('metricGbPerMachine') }]
      : []),
    ...(buckets.some(({ role }) => role === 'data')
      ? [{ service: 's3', what: 'objects of S3', gigabytes: objectGigabytes }]
      : []),
    ...endpoints
      .filter(({ kind, service }) => kind === 'Interface' && !known.has(service))
      .map(({ service }) => ({ service, what: `calls of ${service}`, gigabytes: perMachine('callsGbPerMachine') })),
  ];
}

/** Of the machines' logs, which the API writes for requests and each machine besides. */
export function logGigabytes(get: Get, machines: Decimal, { settings }: Circumstances): Decimal {
  if (settings.has('logGb')) return get('logGb');
  const written = over(times(get('requests'), get('logBytesPerRequest')), gigabyte);
  return written + times(machines, get('logGbPerMachine'));
}

function objectGigabytes(get: Get): Decimal {
  const objects = times(get('requests'), get('readsPerRequest') + get('writesPerRequest'));
  return over(times(objects, get('objectBytes')), gigabyte);
}
