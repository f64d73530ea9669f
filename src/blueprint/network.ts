/**
 * The network: a VPC with public and private subnets in each zone, and the ways in and out of them.
 *
 * The lower half of its range is for public subnets, the upper for private ones: eight blocks each, of which the zones
 * take the first. So growing from two zones to four moves no address.
 */
import { type CfnResource, Fn, Tags } from 'aws-cdk-lib';
import {
  CfnEgressOnlyInternetGateway,
  CfnEIP,
  CfnInternetGateway,
  CfnNatGateway,
  CfnRoute,
  CfnRouteTable,
  CfnSubnet,
  CfnSubnetRouteTableAssociation,
  CfnVPC,
  CfnVPCCidrBlock,
  CfnVPCGatewayAttachment,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { block, cidrText, parseCidr, type Range } from './cidr.ts';
import type { Config } from './config.ts';

export const zoneLetters = ['A', 'B', 'C', 'D'] as const;

export interface Zone {
  readonly letter: string;
  readonly public: CfnSubnet;
  readonly private: CfnSubnet;
  readonly nat: CfnNatGateway | undefined;
}

export interface Network {
  readonly vpc: CfnVPC;
  readonly zones: readonly Zone[];
  readonly privateRoutes: readonly CfnRouteTable[];
  /** Open once the Internet Gateway is attached and the public subnets lead to it. */
  readonly internet: CfnResource;
  /** What must be there before a machine in a private subnet can reach anything, by IPv4. */
  readonly ready: readonly CfnResource[];
}

/** The blocks of the configured range, by zone. */
export function subnetRanges({ network }: Pick<Config, 'network'>): { public: Range[]; private: Range[] } {
  const vpc = parseCidr(network.cidr);
  if (!vpc) throw new RangeError(`${network.cidr} is no range`);
  const zones = zoneLetters.slice(0, network.zones);
  return {
    public: zones.map((_, index) => block(vpc, 4, index)),
    private: zones.map((_, index) => block(vpc, 4, 8 + index)),
  };
}

export function makeNetwork(scope: Construct, config: Config): Network {
  const { cidr, ipv6, nat } = config.network;
  const vpc = new CfnVPC(scope, 'Vpc', { cidrBlock: cidr, enableDnsHostnames: true });
  Tags.of(vpc).add('Name', config.name);
  const ipv6Block = ipv6
    ? new CfnVPCCidrBlock(scope, 'VpcIpv6', { vpcId: vpc.ref, amazonProvidedIpv6CidrBlock: true })
    : undefined;
  const gateway = new CfnInternetGateway(scope, 'InternetGateway');
  const attachment = new CfnVPCGatewayAttachment(scope, 'InternetGatewayAttachment', {
    vpcId: vpc.ref,
    internetGatewayId: gateway.ref,
  });
  const ranges = subnetRanges(config);
  const ready: CfnResource[] = [];

  const subnet = (kind: 'Public' | 'Private', index: number) => {
    const range = ranges[kind === 'Public' ? 'public' : 'private'][index];
    const letter = zoneLetters[index];
    const made = new CfnSubnet(scope, `${kind}Subnet${letter}`, {
      vpcId: vpc.ref,
      availabilityZone: Fn.select(index, Fn.getAzs()),
      ...(range ? { cidrBlock: cidrText(range) } : {}),
      // Balancer nodes and NAT gateways bring their own public addresses: nothing else gets one by accident.
      ...(ipv6Block ? { ipv6CidrBlock: ipv6Of(vpc, kind === 'Public' ? index : 8 + index) } : {}),
      ...(ipv6Block && kind === 'Private' ? { assignIpv6AddressOnCreation: true } : {}),
    });
    if (ipv6Block) made.addResourceDependency(ipv6Block);
    return made;
  };
  const associate = (of: CfnSubnet, table: CfnRouteTable) => {
    const id = `${of.node.id}Routes`;
    ready.push(new CfnSubnetRouteTableAssociation(scope, id, { subnetId: of.ref, routeTableId: table.ref }));
  };

  const publicRoutes = new CfnRouteTable(scope, 'PublicRoutes', { vpcId: vpc.ref });
  const internet = new CfnRoute(scope, 'PublicRouteToInternet', {
    routeTableId: publicRoutes.ref,
    destinationCidrBlock: '0.0.0.0/0',
    gatewayId: gateway.ref,
  });
  internet.addResourceDependency(attachment);
  if (ipv6) {
    const internet6 = new CfnRoute(scope, 'PublicRouteToInternet6', {
      routeTableId: publicRoutes.ref,
      destinationIpv6CidrBlock: '::/0',
      gatewayId: gateway.ref,
    });
    internet6.addResourceDependency(attachment);
  }
  const way6 =
    ipv6 && nat !== 'none'
      ? new CfnEgressOnlyInternetGateway(scope, 'EgressOnlyGateway', { vpcId: vpc.ref })
      : undefined;

  const zones: Zone[] = [];
  const privateRoutes: CfnRouteTable[] = [];
  for (const [index, letter] of zoneLetters.slice(0, config.network.zones).entries()) {
    const zonePublic = subnet('Public', index);
    const zonePrivate = subnet('Private', index);
    associate(zonePublic, publicRoutes);
    const ownNat = nat === 'per-zone' || (nat === 'one' && index === 0);
    const zoneNat = ownNat ? makeNat(scope, letter, zonePublic, internet) : zones[0]?.nat;
    if (ownNat && nat === 'one')
      zoneNat?.addMetadata('orrery:suppress', [{ id: 'zone-without-own-nat', reason: oneNat }]);
    const table = new CfnRouteTable(scope, `PrivateRoutes${letter}`, { vpcId: vpc.ref });
    associate(zonePrivate, table);
    if (zoneNat) {
      const id = `PrivateRoute${letter}ToNat`;
      const to = { routeTableId: table.ref, destinationCidrBlock: '0.0.0.0/0', natGatewayId: zoneNat.ref };
      ready.push(new CfnRoute(scope, id, to));
    }
    if (way6) {
      const to = { destinationIpv6CidrBlock: '::/0', egressOnlyInternetGatewayId: way6.ref };
      new CfnRoute(scope, `PrivateRoute${letter}ToInternet6`, { routeTableId: table.ref, ...to });
    }
    privateRoutes.push(table);
    zones.push({ letter, public: zonePublic, private: zonePrivate, nat: zoneNat });
  }
  return { vpc, zones, privateRoutes, internet, ready };
}

/** What `orrery check` is told. */
const oneNat = "The configuration says network.nat: 'one'. It costs less, and fails with its zone.";

function makeNat(scope: Construct, letter: string, subnet: CfnSubnet, internet: CfnResource) {
  const address = new CfnEIP(scope, `NatAddress${letter}`, { domain: 'vpc' });
  const made = new CfnNatGateway(scope, `NatGateway${letter}`, {
    subnetId: subnet.ref,
    allocationId: address.attrAllocationId,
  });
  // It is open only when its own subnet leads to the internet.
  made.addResourceDependency(internet);
  return made;
}

/** The `index`th /64 of the VPC's /56, of which sixteen are taken. */
function ipv6Of(vpc: CfnVPC, index: number): string {
  return Fn.select(index, Fn.cidr(Fn.select(0, vpc.attrIpv6CidrBlocks), 16, '64'));
}
