/** Machines, their volumes and metrics, part by part. */
import { type Get, hoursOfMonth } from './assumptions.ts';
import { type Decimal, decimal, decimalText, sum, times } from './decimal.ts';
import type { Inventory, Machine, NotPriced, Volume } from './inventory.ts';
import { type Circumstances, plural, presence, type Uses } from './usage.ts';

/**
 * With detailed monitoring EC2's seven metrics are billed like custom ones: pricing example 1 of
 * https://aws.amazon.com/cloudwatch/pricing/
 */
const detailedMetrics = decimal(7);

export function machineUsage(inventory: Inventory, about: Circumstances, uses: Uses): readonly NotPriced[] {
  const notPriced: NotPriced[] = [];
  for (const [key, machines] of alike(inventory.machines)) {
    const [first] = machines;
    if (!first) throw new Error(`nothing is alike in ${key}`);
    const { part, type, runs } = first;
    const many = (get: Get) => sum(machines.map((one) => presence(one, inventory, about)(get)));
    const by = (each: Decimal) => (get: Get) => times(many(get), each);
    const count = countText(many(about.settings.reading(new Set())), machines.length);
    if (runs) {
      // Dearer by the hour, and 2 dollars for each hour of the region with one. https://aws.amazon.com/ec2/pricing/dedicated-instances/
      if (first.dedicated)
        notPriced.push({ part, type: '', why: `no price of ${type} machines in dedicated tenancy was checked` });
      else uses.add(part, `instance:${type}`, count, by(hoursOfMonth));
      if (first.publicAddress) uses.add(part, 'addressHours', count, by(hoursOfMonth));
      if (first.detailedMonitoring)
        uses.add(part, 'metrics', `detailed monitoring, 7 for each of ${count}`, by(detailedMetrics));
      if (first.ownMetrics > 0)
        uses.add(
          part,
          'metrics',
          `of the agent, ${first.ownMetrics} for each of ${count}`,
          by(decimal(first.ownMetrics)),
        );
      if (first.hasAgent)
        uses.add(part, 'metricRequests', `of the agents of ${count}`, (get) =>
          times(many(get), get('metricCallsPerMachine')),
        );
    }
    for (const volume of first.volumes) notPriced.push(...volumeUsage(part, volume, count, by, uses));
  }
  for (const { part, count } of inventory.metrics)
    uses.add(part, 'metrics', 'of all its machines together', decimal(count));
  return notPriced;
}

/** A month's mean need not be a whole number. */
function countText(mean: Decimal, inTemplate: number): string {
  if (mean === decimal(inTemplate)) return plural(inTemplate, 'machine');
  return `${Number(Number(decimalText(mean)).toFixed(2))} machines on average`;
}

/** Those of a part that cost the same. */
function alike(machines: readonly Machine[]): ReadonlyMap<string, readonly Machine[]> {
  const found = new Map<string, Machine[]>();
  for (const machine of machines) {
    const { part, type, runs, dedicated, detailedMonitoring, publicAddress, ownMetrics, hasAgent, volumes } = machine;
    const same = [part, type, runs, dedicated, detailedMonitoring, publicAddress, ownMetrics, hasAgent, volumes];
    const key = JSON.stringify(same);
    const some = found.get(key);
    if (some) some.push(machine);
    else found.set(key, [machine]);
  }
  return found;
}

/** Of gp3, 3,000 IOPS and 125 MiB/s are in the price of the gigabytes. https://aws.amazon.com/ebs/pricing/ */
const included = { iops: 3000, throughput: 125 } as const;

function volumeUsage(
  part: string,
  { type, gib, iops, throughput }: Volume,
  count: string,
  by: (each: Decimal) => (get: Get) => Decimal,
  uses: Uses,
): readonly NotPriced[] {
  if (type !== 'gp3') {
    const why = `no price of its ${gib} GiB ${type} volumes was checked`;
    return [{ part, type: 'AWS::EC2::Volume', why }];
  }
  uses.add(part, 'gp3Gigabytes', `${gib} GiB for each of ${count}`, by(decimal(gib)));
  if (iops > included.iops)
    uses.add(part, 'gp3Iops', `${iops} for each of ${count}`, by(decimal(iops - included.iops)));
  if (throughput > included.throughput)
    uses.add(
      part,
      'gp3Throughput',
      `${throughput} MiB/s for each of ${count}`,
      by(decimal(throughput - included.throughput)),
    );
  return [];
}
