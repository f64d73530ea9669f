/** The ways in and out: who needs the internet gateway in front of it, and who must not have it. */
import type { NetworkInterface, Subnet, World } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Found, Rule } from '../rule.ts';
import { interfacesOf, outside, ownerOf, placeOf, placeOfRoute, routeTo } from './parts.ts';

const guide = 'https://docs.aws.amazon.com/vpc/latest/userguide';

function wayOut(subnet: Subnet, family: 4 | 6 = 4) {
  return routeTo(subnet, outside[family])?.target;
}

function isPublic(subnet: Subnet): boolean {
  return wayOut(subnet)?.kind === 'internetGateway';
}

function publicSubnets({ subnets }: World, like: Subnet): string {
  const open = [...subnets.values()].filter((one) => one.vpcId === like.vpcId && isPublic(one));
  const inZone = open.filter(({ zone }) => zone === like.zone);
  return (inZone.length > 0 ? inZone : open).map(({ name }) => name)[0] ?? '';
}

function routeText(table: string, gateway: string): string {
  return [
    `${table}ToInternet:`,
    '  Type: AWS::EC2::Route',
    '  Properties:',
    `    RouteTableId: !Ref ${table}`,
    '    DestinationCidrBlock: 0.0.0.0/0',
    `    GatewayId: !Ref ${gateway}`,
  ].join('\n');
}

export const natInPrivateSubnet: Rule = {
  id: 'nat-in-private-subnet',
  severity: 'error',
  title: 'Every NAT gateway is in a subnet that leads to the internet gateway',
  page: `${guide}/nat-gateway-troubleshooting.html`,
  needs: 'whole network',
  *find(model) {
    for (const nat of model.world.natGateways.values()) {
      const { subnet } = nat.interface;
      if (nat.connectivity !== 'public' || isPublic(subnet)) continue;
      const better = publicSubnets(model.world, subnet);
      yield {
        ...placeOf(model, nat.id, 'Properties', 'SubnetId'),
        message: `${nat.name} is in ${subnet.name}, where ${subnet.routeTable.name} does not lead 0.0.0.0/0 to the internet gateway: nothing that is routed to it gets out.`,
        fix: better
          ? `SubnetId: !Ref ${better}`
          : routeText(subnet.routeTable.name, subnet.vpc.internetGateway?.name ?? 'InternetGateway'),
      };
    }
  },
};

export const balancerInPrivateSubnet: Rule = {
  id: 'balancer-in-private-subnet',
  severity: 'error',
  title: 'Every internet-facing load balancer is in subnets that lead to the internet gateway',
  page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html',
  needs: 'whole network',
  *find(model) {
    for (const [id, nodes] of byOwner(interfacesOf(model, 'balancer'))) {
      const hidden = nodes
        .filter((node) => node.public !== undefined && !isPublic(node.subnet))
        .map(({ subnet }) => subnet);
      const [first] = hidden;
      if (!first) continue;
      const better = publicSubnets(model.world, first);
      yield {
        ...placeOf(model, id, 'Properties', 'Subnets'),
        message: `${nodes[0]?.ownerName} faces the internet, but ${listed(hidden.map(({ name }) => name))} ${hidden.length === 1 ? 'does' : 'do'} not lead to the internet gateway: answers of its nodes there never reach a client.`,
        fix: better
          ? `In Subnets, in place of ${first.name}: !Ref ${better}`
          : routeText(first.routeTable.name, first.vpc.internetGateway?.name ?? 'InternetGateway'),
      };
    }
  },
};

function byOwner(interfaces: readonly NetworkInterface[]): Map<string, NetworkInterface[]> {
  const found = new Map<string, NetworkInterface[]>();
  for (const one of interfaces) found.set(one.owner, [...(found.get(one.owner) ?? []), one]);
  return found;
}

export const privateSubnetToInternet: Rule = {
  id: 'private-subnet-to-internet',
  severity: 'error',
  title: 'No subnet of private machines is routed to the internet gateway',
  page: `${guide}/configure-subnets.html`,
  needs: 'whole network',
  *find(model) {
    for (const [table, { subnets, machines, family }] of privateTables(model)) {
      const names = listed(subnets);
      const range = family === 4 ? '0.0.0.0/0' : '::/0';
      const follows =
        family === 4
          ? 'they reach nothing outside through it, and whoever gets a public address is open to the internet'
          : 'by IPv6 they are open to the internet, where only the rules of their security groups are left';
      yield {
        ...placeOfRoute(model, table.id, range),
        message: `${table.name} leads ${range} of ${names} to the internet gateway, but ${listed(machines)} there ${family === 4 ? 'has no public address' : 'is private by IPv4'}: ${follows}.`,
        fix:
          family === 4
            ? 'NatGatewayId: !Ref …   # a NAT gateway in a public subnet of the zone, in place of GatewayId'
            : 'EgressOnlyInternetGatewayId: !Ref …   # in place of GatewayId',
      };
    }
  },
};

interface PrivateTable {
  readonly subnets: Set<string>;
  readonly machines: Set<string>;
  readonly family: 4 | 6;
}

function privateTables(model: Model): Map<Subnet['routeTable'], PrivateTable> {
  const found = new Map<Subnet['routeTable'], PrivateTable>();
  for (const machine of interfacesOf(model, 'instance')) {
    const { subnet } = machine;
    if (machine.public !== undefined) continue;
    const v6 = machine.private.some((address) => typeof address === 'bigint');
    const family = isPublic(subnet)
      ? 4
      : v6 && wayOut(subnet)?.kind === 'nat' && wayOut(subnet, 6)?.kind === 'internetGateway'
        ? 6
        : undefined;
    if (family === undefined) continue;
    const one = found.get(subnet.routeTable) ?? { subnets: new Set(), machines: new Set(), family };
    one.subnets.add(subnet.name);
    one.machines.add(ownerOf(machine));
    found.set(subnet.routeTable, one);
  }
  return found;
}

export const publicAddressUnreachable: Rule = {
  id: 'public-address-unreachable',
  severity: 'warning',
  title: 'Every machine with a public address is in a subnet that leads to the internet gateway',
  page: `${guide}/VPC_Internet_Gateway.html`,
  needs: 'whole network',
  *find(model) {
    const told = new Set<string>();
    for (const machine of [...interfacesOf(model, 'instance'), ...interfacesOf(model, 'other')]) {
      const { subnet } = machine;
      const name = ownerOf(machine);
      if (machine.public === undefined || isPublic(subnet) || told.has(name)) continue;
      told.add(name);
      yield {
        logicalId: logicalIdIn(model, name) ?? placeOf(model, subnet.id).logicalId,
        message: `${name} has a public address in ${subnet.name}, where ${subnet.routeTable.name} does not lead 0.0.0.0/0 to the internet gateway: the address is paid for, and nobody reaches it.`,
        fix: `AssociatePublicIpAddress: false   # or MapPublicIpOnLaunch: false of ${subnet.name}`,
      };
    }
  },
};

function logicalIdIn({ resources }: Model, name: string): string | undefined {
  return resources.has(name) ? name : undefined;
}

export const zoneWithoutOwnNat: Rule = {
  id: 'zone-without-own-nat',
  severity: 'warning',
  title: 'Every zone goes out through a NAT gateway of its own',
  page: `${guide}/nat-gateway-basics.html`,
  needs: 'whole network',
  *find(model) {
    for (const nat of model.world.natGateways.values()) {
      const { zone } = nat.interface.subnet;
      const others = [...model.world.subnets.values()].filter((subnet) => {
        const target = wayOut(subnet);
        return target?.kind === 'nat' && target.id === nat.id && subnet.zone !== zone;
      });
      if (others.length > 0) yield foreignZones(model, nat, zone, others);
    }
  },
};

function foreignZones(
  model: Model,
  nat: { readonly id: string; readonly name: string },
  zone: string,
  others: readonly Subnet[],
): Found {
  const names = listed(others.map((subnet) => `${subnet.name} (${subnet.zone})`));
  const [first] = others;
  return {
    ...placeOf(model, nat.id),
    message: `${names} ${others.length === 1 ? 'goes' : 'go'} out through ${nat.name} in ${zone}: when ${zone} fails nothing of ${others.length === 1 ? 'it' : 'them'} gets out either, and each gigabyte across is charged.`,
    fix: [
      `NatGateway2:   # one for each zone: this one for ${first?.zone}`,
      '  Type: AWS::EC2::NatGateway',
      '  Properties:',
      '    AllocationId: !GetAtt NatAddress2.AllocationId',
      `    SubnetId: !Ref …   # a public subnet in ${first?.zone}`,
      'NatAddress2: { Type: AWS::EC2::EIP, Properties: { Domain: vpc } }',
      `# and in the 0.0.0.0/0 route of ${first?.routeTable.name}: NatGatewayId: !Ref NatGateway2`,
    ].join('\n'),
  };
}
