/** Ways in and out: balancers, NAT gateways, endpoints, addresses, and what crosses zones. */
import { type Get, hoursOfMonth, secondsOfMonth } from './assumptions.ts';
import { type Decimal, decimal, over, times } from './decimal.ts';
import { flowsOf } from './flows.ts';
import type { Balancer, Inventory } from './inventory.ts';
import { type Circumstances, hours, plural, type Uses } from './usage.ts';

export function networkUsage(inventory: Inventory, about: Circumstances, uses: Uses): void {
  const { nats, addresses, endpoints, balancers } = inventory;
  for (const { part } of nats) uses.add(part, 'natHours', '', hours(1));
  for (const { part } of addresses) uses.add(part, 'addressHours', '', hours(1));
  for (const { part, kind, zones } of endpoints) {
    if (kind === 'Interface')
      uses.add(part, 'endpointHours', `in ${plural(zones.length, 'zone')}`, hours(zones.length));
  }
  for (const balancer of balancers) balancerUsage(balancer, balancers.length, uses);
  for (const { by, part, gigabytes, out, basis, otherZone } of flowsOf(inventory, about)) {
    if (by === 'endpoint') uses.add(part, 'endpointGigabytes', basis, gigabytes);
    if (by === 'nat') uses.add(part, 'natGigabytes', basis, gigabytes);
    // Both ends of what crosses zones are billed. https://aws.amazon.com/ec2/pricing/on-demand/
    if (otherZone)
      uses.add(part, 'transferZones', `${basis}, from another zone`, (get) => times(decimal(2), gigabytes(get)));
    if (out) uses.add(part, 'transferOut', basis, out);
  }
}

/** Of a capacity unit, an hour long. https://aws.amazon.com/elasticloadbalancing/pricing/ */
const unitOf = {
  newConnectionsPerSecond: decimal(25),
  activeConnections: decimal(3000),
  gigabytesPerHour: decimal(1),
  rulesPerSecond: decimal(1000),
  freeRules: 10,
} as const;

function balancerUsage(
  { part, addresses, internetFacing, rules, behindCdn }: Balancer,
  balancers: number,
  uses: Uses,
): void {
  const among = (value: Decimal) => over(value, decimal(balancers));
  uses.add(part, 'balancerHours', '', hours(1));
  if (addresses > 0) uses.add(part, 'addressHours', `in ${plural(addresses, 'zone')}`, hours(addresses));
  const basis = 'whatever asks for most: connections, bytes or rules';
  uses.add(part, 'capacityHours', basis, (get) => among(capacityHours(get, rules)));
  // To CloudFront it is free. https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/
  if (internetFacing && !behindCdn)
    uses.add(part, 'transferOut', 'answers of the API', (get) => among(get('egressGb')));
}

/** Of the month's mean rates: where other hours ask for most by another measure, they may come to more. */
function capacityHours(get: Get, rules: number): Decimal {
  const perSecond = (count: Decimal) => over(count, secondsOfMonth);
  const beyond = Math.max(0, rules - unitOf.freeRules);
  const connections = perSecond(get('newConnections'));
  const units = [
    over(connections, unitOf.newConnectionsPerSecond),
    over(times(connections, get('connectionSeconds')), unitOf.activeConnections),
    over(over(get('processedGb'), hoursOfMonth), unitOf.gigabytesPerHour),
    beyond === 0 ? 0n : over(times(perSecond(get('rulesRead')), decimal(beyond)), unitOf.rulesPerSecond),
  ];
  return times(
    units.reduce((most, one) => (one > most ? one : most)),
    hoursOfMonth,
  );
}
