/** The names under which one asks: of the template's parts, of what is outside, and of kinds of interfaces. */
import type { InterfaceKind, NetworkInterface, World } from '../../region/network/world.ts';
import type { End } from './flow.ts';
import type { Positions } from './positions.ts';

export interface Place {
  readonly name: string;
  readonly ends: readonly End[];
  /** AWS services that the name stands for: `s3`, and for `cloudwatch` its metrics and its logs. */
  readonly services: readonly string[];
}

export class PlaceError extends Error {
  override readonly name = 'PlaceError';
}

const kinds: Readonly<Record<string, InterfaceKind>> = {
  machines: 'instance',
  balancers: 'balancer',
  endpoints: 'endpoint',
  nats: 'nat',
};

// CloudWatch is two services to a network: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-interface-VPC.html
const several: Readonly<Record<string, readonly string[]>> = { cloudwatch: ['monitoring', 'logs'] };

/**
 * The place of a name: `internet`, `machines`, `balancers`, `endpoints`, `nats`, a service (`s3`, `cloudwatch`,
 * `com.amazonaws.us-east-1.ssm`), or the id or logical id of a part (an instance, Auto Scaling group, balancer, endpoint,
 * NAT gateway, interface, subnet, security group or VPC). Throws a `PlaceError` with the names that there are.
 */
export function placeNamed(world: World, positions: Positions, name: string): Place {
  if (name === 'internet') {
    const ends = positions.outside.filter(({ serviceName }) => serviceName === undefined);
    return { name, ends, services: [] };
  }
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind) return { name, ends: endsOf(positions, (one) => one.kind === kind), services: [] };
  const services = servicesNamed(world, name);
  if (services.length > 0) {
    const ends = positions.outside.filter(({ serviceName }) => services.includes(serviceName ?? ''));
    return { name, ends, services };
  }
  if (!partNames(world).has(name)) {
    throw new PlaceError(`nothing is called '${name}'; there are ${placeNames(world).join(', ')}`);
  }
  return { name, ends: endsOf(positions, (one) => isOf(one, name)), services: [] };
}

/** Every name that `placeNamed` knows, without ids. */
export function placeNames(world: World): string[] {
  const parts = [...partNames(world)].filter((name) => !/^[a-z]+-[0-9a-f]{8,}$|[: ]/.test(name));
  const services = [...new Set(allServices(world).map(shortName)), ...Object.keys(several)];
  return ['internet', ...Object.keys(kinds), ...services.sort(), ...parts.sort()];
}

/** `s3` of `com.amazonaws.us-east-1.s3`. */
export function shortName(serviceName: string): string {
  return serviceName.replace(/^(com|aws)\.(amazonaws|api)\.[a-z0-9-]+\./, '');
}

function allServices({ publicServices, gatewayEndpoints, interfaceEndpoints }: World): string[] {
  const all = [...publicServices, ...gatewayEndpoints.values(), ...interfaceEndpoints.values()];
  return [...new Set(all.map(({ serviceName }) => serviceName))];
}

function servicesNamed(world: World, name: string): string[] {
  const wanted = Object.hasOwn(several, name) ? (several[name] ?? []) : [name];
  return allServices(world).filter((service) => wanted.includes(service) || wanted.includes(shortName(service)));
}

/** All members in one class make one end; of a class of which others are called otherwise, only these. */
export function endsOf({ classes }: Positions, belongs: (one: NetworkInterface) => boolean): End[] {
  return classes.flatMap((its): End[] => {
    const members = its.members.filter(belongs);
    return members.length > 0 ? [{ kind: 'interfaces', class: its, members }] : [];
  });
}

function isOf({ id, name, owner, ownerName, groupIds, groupNames, subnet }: NetworkInterface, wanted: string): boolean {
  // Machines of an Auto Scaling group are called `ApiGroup i-0a…`.
  if ([id, name, owner, ownerName].includes(wanted) || ownerName.startsWith(`${wanted} `)) return true;
  if (subnet.id === wanted || subnet.name === wanted || subnet.vpc.id === wanted || subnet.vpc.name === wanted)
    return true;
  return groupIds.includes(wanted) || groupNames.split(', ').includes(wanted);
}

function partNames(world: World): Set<string> {
  const { subnets, vpcs, interfaces, parts } = world;
  return new Set([
    ...[...subnets.values(), ...vpcs.values(), ...parts.groups].flatMap(({ id, name }) => [id, name]),
    ...[...interfaces.values()].flatMap(({ id, name, owner, ownerName }) => [
      ...[id, name, owner, ownerName],
      ownerName.split(' ')[0] ?? ownerName,
    ]),
  ]);
}
