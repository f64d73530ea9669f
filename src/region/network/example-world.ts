/**
 * The product's architecture as plain parts, for tests: two zones, public and private subnets, NAT a zone, an ACL written
 * for both directions, groups for balancer, machines and endpoint, S3's gateway and CloudWatch's interface endpoint.
 */
import type { AclEntryPart, GroupRulePart, InterfacePart, SubnetPart, WorldParts } from './world.ts';

const vpcId = 'vpc-1';
const zones = ['a', 'b'] as const;

function entry(number: number, egress: boolean, cidr: string, from: number, to: number): AclEntryPart {
  return { number, egress, action: 'allow', protocol: 6, cidr, ports: { from, to } };
}

function subnet(name: string, zone: string, third: number, routeTableId: string, aclId: string): SubnetPart {
  const cidrs = [`10.0.${third}.0/24`, `2600:1f18:aa:1${third.toString(16).padStart(2, '0')}::/64`];
  return { id: `subnet-${name}`, name, vpcId, zone: `us-east-1${zone}`, cidrs, routeTableId, aclId };
}

type Sketch = Pick<InterfacePart, 'name' | 'kind' | 'subnetId' | 'addresses' | 'groupIds' | 'owner'> &
  Partial<InterfacePart>;

function networkInterface(sketch: Sketch): InterfacePart {
  return { id: `eni-${sketch.name}`, ownerName: sketch.name, sourceDestCheck: true, attached: true, ...sketch };
}

function rule(name: string, egress: boolean, port: number, peer: GroupRulePart['peer']): GroupRulePart {
  return { id: `sgr-${name}`, name, egress, protocol: 6, ports: { from: port, to: port }, peer };
}

export const exampleParts: WorldParts = {
  vpcs: [
    {
      id: vpcId,
      name: 'Vpc',
      cidrs: ['10.0.0.0/16', '2600:1f18:aa:100::/56'],
      enableDnsSupport: true,
      enableDnsHostnames: true,
    },
  ],
  subnets: [
    subnet('PublicSubnetA', 'a', 0, 'rtb-public', 'acl-public'),
    subnet('PublicSubnetB', 'b', 1, 'rtb-public', 'acl-public'),
    subnet('PrivateSubnetA', 'a', 10, 'rtb-a', 'acl-private'),
    subnet('PrivateSubnetB', 'b', 11, 'rtb-b', 'acl-private'),
  ],
  routeTables: [
    {
      id: 'rtb-public',
      name: 'PublicRoutes',
      vpcId,
      routes: [
        { destination: '0.0.0.0/0', target: { kind: 'internetGateway', id: 'igw-1' } },
        { destination: '::/0', target: { kind: 'internetGateway', id: 'igw-1' } },
      ],
    },
    ...zones.map((zone) => ({
      id: `rtb-${zone}`,
      name: `PrivateRoutes${zone.toUpperCase()}`,
      vpcId,
      routes: [
        { destination: '0.0.0.0/0', target: { kind: 'nat', id: `nat-${zone}` } as const },
        { destination: '::/0', target: { kind: 'egressOnlyGateway', id: 'eigw-1' } as const },
      ],
    })),
  ],
  acls: [
    {
      id: 'acl-public',
      name: 'PublicAcl',
      vpcId,
      entries: [
        entry(100, false, '0.0.0.0/0', 443, 443),
        entry(110, false, '0.0.0.0/0', 80, 80),
        entry(120, false, '0.0.0.0/0', 1024, 65535),
        entry(200, false, '::/0', 443, 443),
        entry(210, false, '::/0', 1024, 65535),
        entry(100, true, '0.0.0.0/0', 443, 443),
        entry(110, true, '0.0.0.0/0', 1024, 65535),
        entry(200, true, '::/0', 1024, 65535),
      ],
    },
    {
      id: 'acl-private',
      name: 'PrivateAcl',
      vpcId,
      entries: [
        entry(100, false, '10.0.0.0/24', 8080, 8080),
        entry(110, false, '10.0.1.0/24', 8080, 8080),
        entry(120, false, '0.0.0.0/0', 32768, 60999),
        entry(130, false, '10.0.10.0/23', 443, 443),
        entry(200, false, '::/0', 32768, 60999),
        entry(100, true, '10.0.0.0/24', 1024, 65535),
        entry(110, true, '10.0.1.0/24', 1024, 65535),
        entry(120, true, '0.0.0.0/0', 443, 443),
        entry(130, true, '10.0.10.0/23', 32768, 60999),
        entry(200, true, '::/0', 443, 443),
      ],
    },
  ],
  groups: [
    {
      id: 'sg-balancer',
      name: 'BalancerGroup',
      vpcId,
      rules: [
        rule('BalancerFromInternet', false, 443, { cidr: '0.0.0.0/0' }),
        rule('BalancerToApi', true, 8080, { groupId: 'sg-api' }),
      ],
    },
    {
      id: 'sg-api',
      name: 'ApiGroup',
      vpcId,
      rules: [
        rule('ApiFromBalancer', false, 8080, { groupId: 'sg-balancer' }),
        rule('ApiToHttps', true, 443, { cidr: '0.0.0.0/0' }),
        rule('ApiToHttpsV6', true, 443, { cidr: '::/0' }),
      ],
    },
    {
      id: 'sg-endpoint',
      name: 'EndpointGroup',
      vpcId,
      rules: [rule('EndpointFromApi', false, 443, { groupId: 'sg-api' })],
    },
  ],
  interfaces: zones.flatMap((zone, index) => {
    const upper = zone.toUpperCase();
    const publicSubnet = { subnetId: `subnet-PublicSubnet${upper}` };
    const privateSubnet = { subnetId: `subnet-PrivateSubnet${upper}` };
    const at = (third: number, last: number) => `10.0.${third + index}.${last}`;
    const v6 = `2600:1f18:aa:1${(10 + index).toString(16).padStart(2, '0')}::30`;
    return [
      networkInterface({
        ...publicSubnet,
        name: `Nat${upper}`,
        kind: 'nat',
        owner: `nat-${zone}`,
        addresses: [at(0, 10)],
        publicAddress: `198.51.100.${10 + index}`,
        groupIds: [],
      }),
      networkInterface({
        ...publicSubnet,
        name: `Balancer${upper}`,
        kind: 'balancer',
        owner: 'app/api',
        addresses: [at(0, 20)],
        publicAddress: `198.51.100.${20 + index}`,
        groupIds: ['sg-balancer'],
      }),
      networkInterface({
        ...privateSubnet,
        name: `Api${upper}`,
        kind: 'instance',
        owner: `i-${zone}`,
        addresses: [at(10, 30), v6],
        groupIds: ['sg-api'],
      }),
      networkInterface({
        ...privateSubnet,
        name: `Monitoring${upper}`,
        kind: 'endpoint',
        owner: 'vpce-monitoring',
        addresses: [at(10, 40)],
        groupIds: ['sg-endpoint'],
      }),
    ];
  }),
  internetGateways: [{ id: 'igw-1', name: 'InternetGateway', vpcId }],
  egressOnlyGateways: [{ id: 'eigw-1', name: 'EgressOnlyGateway', vpcId }],
  natGateways: zones.map((zone) => ({
    id: `nat-${zone}`,
    name: `Nat${zone.toUpperCase()}`,
    subnetId: `subnet-PublicSubnet${zone.toUpperCase()}`,
    interfaceId: `eni-Nat${zone.toUpperCase()}`,
    state: 'available',
    connectivity: 'public',
  })),
  gatewayEndpoints: [
    {
      id: 'vpce-s3',
      name: 'S3Endpoint',
      vpcId,
      serviceName: 'com.amazonaws.us-east-1.s3',
      routeTableIds: ['rtb-a', 'rtb-b'],
      prefixListId: 'pl-s3',
      available: true,
    },
  ],
  interfaceEndpoints: [
    {
      id: 'vpce-monitoring',
      name: 'MonitoringEndpoint',
      vpcId,
      serviceName: 'com.amazonaws.us-east-1.monitoring',
      interfaceIds: ['eni-MonitoringA', 'eni-MonitoringB'],
      privateDns: true,
      available: true,
    },
  ],
  prefixLists: [{ id: 'pl-s3', name: 'com.amazonaws.us-east-1.s3', cidrs: ['52.216.0.0/15', '54.231.0.0/16'] }],
  publicServices: [
    { serviceName: 'com.amazonaws.us-east-1.s3', cidrs: ['52.216.0.0/15', '54.231.0.0/16'] },
    { serviceName: 'com.amazonaws.us-east-1.monitoring', cidrs: ['52.94.0.0/22'] },
  ],
};
