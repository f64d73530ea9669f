/** Zones, ranges and room in subnets. */
import { parseRange, type Range, rangeContains } from '../../../region/network/address.ts';
import type { Subnet } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Found, Rule } from '../rule.ts';
import { scalingGroups } from './groups.ts';
import { interfacesOf, placeOf } from './parts.ts';

export const oneZone: Rule = {
  id: 'one-zone',
  severity: 'warning',
  title: 'Every group of machines is spread over zones',
  page: 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html',
  async find(model) {
    const found: Found[] = [];
    for (const group of await scalingGroups(model)) {
      const { AutoScalingGroupName, AvailabilityZones, MaxSize } = group;
      // Of which there is one at most, a zone is all it can have.
      if (AvailabilityZones.length !== 1 || MaxSize < 2) continue;
      found.push({
        ...placeOf(model, AutoScalingGroupName, 'Properties', 'VPCZoneIdentifier'),
        message: `${model.logicalIdOf(AutoScalingGroupName)} launches all its machines in ${AvailabilityZones[0]}: when that zone fails there is none, and none can be launched.`,
        fix: 'VPCZoneIdentifier: two subnets or more, in different zones',
      });
    }
    return found;
  },
};

export const overlappingRanges: Rule = {
  id: 'overlapping-ranges',
  severity: 'error',
  title: 'No ranges overlap that have to be told apart',
  page: 'https://docs.aws.amazon.com/vpc/latest/peering/invalid-peering-configurations.html',
  *find(model) {
    for (const { logicalId, type, properties } of model.resources.values()) {
      if (type !== 'AWS::EC2::VPCPeeringConnection') continue;
      const [one, other] = [properties.VpcId, properties.PeerVpcId].map((id) => model.world.vpcs.get(String(id)));
      if (!one || !other) continue;
      const pair = one.ranges.flatMap((range) =>
        other.ranges.flatMap((two) => (overlap(range, two) ? [[range, two]] : [])),
      )[0];
      if (!pair) continue;
      yield {
        logicalId,
        message: `${one.name} (${pair[0]?.text}) and ${other.name} (${pair[1]?.text}) overlap, so that ${logicalId} cannot be made: EC2 peers no VPCs of which an address could be of both.`,
        fix: `CidrBlock: of ${other.name} another range, such as ${apart(one.ranges)}`,
      };
    }
  },
};

function overlap(a: Range, b: Range): boolean {
  return rangeContains(a, b.base) || rangeContains(b, a.base);
}

/** A range of the size of most VPCs that is none of these. */
function apart(ranges: readonly Range[]): string {
  const second = Array.from({ length: 256 }, (_, index) => `10.${index}.0.0/16`);
  return second.find((text) => !ranges.some((range) => overlap(range, parseRange(text)))) ?? '172.16.0.0/16';
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html: the first four and the last address of each. */
const reserved = 5;

export const subnetTooSmall: Rule = {
  id: 'subnet-too-small',
  severity: 'warning',
  title: 'Every subnet has room for what may be launched in it',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html',
  needs: 'whole network',
  async find(model) {
    return [...(await groupsWithoutRoom(model)), ...balancersWithoutRoom(model)];
  },
};

function sizeOf(subnet: Subnet): number {
  const range = subnet.ranges.find(({ family }) => family === 4);
  return range ? 2 ** (32 - range.bits) - reserved : 0;
}

/** Free for more machines, with those of the group itself. */
async function groupsWithoutRoom(model: Model): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const group of await scalingGroups(model)) {
    const ids = (group.VPCZoneIdentifier ?? '').split(',');
    const subnets = ids.flatMap((id) => model.world.subnets.get(id) ?? []);
    if (subnets.length === 0) continue;
    const own = new Set(group.Instances?.map(({ InstanceId }) => InstanceId));
    const taken = [...model.world.interfaces.values()].filter(
      ({ subnetId, owner }) => ids.includes(subnetId) && !own.has(owner),
    ).length;
    const room = subnets.reduce((sum, subnet) => sum + sizeOf(subnet), 0) - taken;
    if (room >= group.MaxSize) continue;
    found.push({
      ...placeOf(model, group.AutoScalingGroupName, 'Properties', 'MaxSize'),
      message: `${model.logicalIdOf(group.AutoScalingGroupName)} may grow to ${group.MaxSize} machines, but ${listed(subnets.map(({ name }) => name))} ${subnets.length === 1 ? 'has' : 'have'} room for ${room}: EC2 keeps ${reserved} addresses of each, and other interfaces have ${taken}. Launches beyond that fail with InsufficientFreeAddressesInSubnet.`,
      fix: `MaxSize: ${room}   # or larger subnets`,
    });
  }
  return found;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer */
const [longestPrefix, freeForScaling] = [27, 8];

function balancersWithoutRoom(model: Model): readonly Found[] {
  const found = new Map<string, Found>();
  for (const { ownerName, subnet } of interfacesOf(model, 'balancer')) {
    const range = subnet.ranges.find(({ family }) => family === 4);
    const taken = [...model.world.interfaces.values()].filter(({ subnetId }) => subnetId === subnet.id).length;
    const free = sizeOf(subnet) - taken;
    if (!range || found.has(subnet.id) || (range.bits <= longestPrefix && free >= freeForScaling)) continue;
    found.set(subnet.id, {
      ...placeOf(model, subnet.id, 'Properties', 'CidrBlock'),
      message: `${subnet.name} (${range.text}) has ${free} addresses left for ${ownerName}: a load balancer asks for a /${longestPrefix} at least with ${freeForScaling} free, or it cannot grow with its traffic.`,
      fix: `CidrBlock: a /${longestPrefix} or larger`,
    });
  }
  return [...found.values()];
}
