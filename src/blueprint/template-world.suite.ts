/** The model's network, made from a template by hand: IPv4, with the interfaces that AWS would put into its subnets. */
import { buildWorld } from '../region/network/build-world.ts';
import type {
  GroupPeer,
  GroupRulePart,
  InterfaceKind,
  InterfacePart,
  RoutePart,
  World,
} from '../region/network/world.ts';
import type { Template } from './template-text.ts';

type Properties = Readonly<Record<string, unknown>>;

/** The logical id behind a reference. */
function idOf(value: unknown): string {
  const { Ref, 'Fn::GetAtt': att } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return Ref ?? att?.[0] ?? String(value);
}

/** `yes`: the conditions that hold. */
function chosen(value: unknown, yes: ReadonlySet<string>): Properties | undefined {
  const branches = (value as { 'Fn::If'?: [string, unknown, unknown] })['Fn::If'];
  if (!branches) return value as Properties;
  const branch = branches[yes.has(branches[0]) ? 1 : 2];
  return (branch as { Ref?: string }).Ref === 'AWS::NoValue' ? undefined : chosen(branch, yes);
}

export const servicesAt = { s3: '52.216.1.1', internet: '192.0.2.80' };
const client = '203.0.113.9';

export { client };

/** Interfaces are named by their owner's logical id and zone: `ApiGroup A`. */
export function worldOf({ Resources }: Template, yes: ReadonlySet<string>): World {
  const of = (type: string) =>
    Object.entries(Resources).flatMap(([id, one]) =>
      one.Type === type ? [{ id, ...one.Properties } as Properties & { id: string }] : [],
    );
  const attached = (type: string, key: string, subnet: string) =>
    idOf(of(type).find((one) => idOf(one.SubnetId) === subnet)?.[key]);
  const interfaces: InterfacePart[] = [];
  const place = (kind: InterfaceKind, owner: string, subnets: unknown, groups: readonly unknown[]) => {
    for (const subnetId of [subnets].flat().map(idOf)) {
      const base = String(Resources[subnetId]?.Properties?.CidrBlock).split('.').slice(0, 3).join('.');
      const last = 10 + interfaces.length;
      const open = kind === 'balancer' || kind === 'nat';
      interfaces.push({
        id: `${owner} ${subnetId.at(-1)}`,
        name: `${owner} ${subnetId.at(-1)}`,
        kind,
        subnetId,
        owner,
        ownerName: owner,
        addresses: [`${base}.${last}`],
        ...(open ? { publicAddress: `198.51.100.${last}` } : {}),
        groupIds: groups.map(idOf),
        sourceDestCheck: true,
        attached: true,
      });
    }
  };
  for (const one of of('AWS::EC2::NatGateway')) place('nat', one.id, one.SubnetId, []);
  for (const one of of('AWS::ElasticLoadBalancingV2::LoadBalancer')) {
    place('balancer', one.id, one.Subnets, one.SecurityGroups as unknown[]);
  }
  for (const one of of('AWS::AutoScaling::AutoScalingGroup')) {
    place('instance', one.id, one.VPCZoneIdentifier, [{ Ref: 'ApiSecurityGroup' }]);
  }
  const endpoints = of('AWS::EC2::VPCEndpoint');
  const private4 = endpoints.filter((one) => one.VpcEndpointType === 'Interface');
  for (const one of private4) place('endpoint', one.id, one.SubnetIds, one.SecurityGroupIds as unknown[]);

  const peerOf = (rule: Properties): GroupPeer | undefined => {
    const group = rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
    if (group !== undefined) return { groupId: idOf(group) };
    return rule.CidrIp === undefined ? undefined : { cidr: String(rule.CidrIp) };
  };
  const groupRules = (owner: string, egress: boolean, rules: readonly unknown[]): GroupRulePart[] =>
    rules.flatMap((given, index) => {
      const rule = chosen(given, yes);
      const peer = rule && peerOf(rule);
      if (!rule || !peer) return [];
      const ports =
        rule.FromPort === undefined ? {} : { ports: { from: Number(rule.FromPort), to: Number(rule.ToPort) } };
      return [
        { id: `${owner} ${egress} ${index}`, egress, protocol: rule.IpProtocol === 'tcp' ? 6 : -1, ...ports, peer },
      ];
    });
  const standalone = of('AWS::EC2::SecurityGroupEgress');
  const vpcId = 'Vpc';
  return buildWorld({
    vpcs: [
      {
        id: vpcId,
        name: vpcId,
        cidrs: [String(Resources.Vpc?.Properties?.CidrBlock)],
        enableDnsSupport: true,
        enableDnsHostnames: true,
      },
    ],
    subnets: of('AWS::EC2::Subnet').map((one) => ({
      id: one.id,
      name: one.id,
      vpcId,
      zone: `us-east-1${one.id.at(-1)?.toLowerCase()}`,
      cidrs: [String(one.CidrBlock)],
      routeTableId: attached('AWS::EC2::SubnetRouteTableAssociation', 'RouteTableId', one.id),
      aclId: attached('AWS::EC2::SubnetNetworkAclAssociation', 'NetworkAclId', one.id),
    })),
    interfaces,
    routeTables: of('AWS::EC2::RouteTable').map(({ id }) => ({
      id,
      name: id,
      vpcId,
      routes: of('AWS::EC2::Route').flatMap((one): RoutePart[] => {
        if (idOf(one.RouteTableId) !== id || one.DestinationCidrBlock === undefined) return [];
        const target =
          one.NatGatewayId === undefined
            ? ({ kind: 'internetGateway', id: idOf(one.GatewayId) } as const)
            : ({ kind: 'nat', id: idOf(one.NatGatewayId) } as const);
        return [{ destination: String(one.DestinationCidrBlock), target }];
      }),
    })),
    acls: of('AWS::EC2::NetworkAcl').map(({ id }) => ({
      id,
      name: id,
      vpcId,
      entries: of('AWS::EC2::NetworkAclEntry').flatMap((one) => {
        const { From, To } = (one.PortRange ?? {}) as { From?: number; To?: number };
        if (idOf(one.NetworkAclId) !== id || one.CidrBlock === undefined || one.Icmp !== undefined) return [];
        return [
          {
            number: Number(one.RuleNumber),
            egress: one.Egress === true,
            action: one.RuleAction === 'deny' ? ('deny' as const) : ('allow' as const),
            protocol: Number(one.Protocol),
            cidr: String(one.CidrBlock),
            ...(From === undefined || To === undefined ? {} : { ports: { from: From, to: To } }),
          },
        ];
      }),
    })),
    groups: of('AWS::EC2::SecurityGroup').map((one) => {
      const own = standalone.filter((rule) => idOf(rule.GroupId) === one.id);
      const egress = [...((one.SecurityGroupEgress as unknown[]) ?? []), ...own];
      const all = { id: `${one.id} all`, egress: true, protocol: -1, peer: { cidr: '0.0.0.0/0' } };
      return {
        id: one.id,
        name: one.id,
        vpcId,
        rules: [
          ...groupRules(one.id, false, (one.SecurityGroupIngress as unknown[]) ?? []),
          ...(egress.length === 0 ? [all] : groupRules(one.id, true, egress)),
        ],
      };
    }),
    internetGateways: [{ id: 'InternetGateway', name: 'InternetGateway', vpcId }],
    egressOnlyGateways: [],
    natGateways: of('AWS::EC2::NatGateway').map((one) => ({
      id: one.id,
      name: one.id,
      subnetId: idOf(one.SubnetId),
      interfaceId: `${one.id} ${idOf(one.SubnetId).at(-1)}`,
      state: 'available',
      connectivity: 'public',
    })),
    gatewayEndpoints: endpoints
      .filter((one) => one.VpcEndpointType !== 'Interface')
      .map((one) => ({
        id: one.id,
        name: one.id,
        vpcId,
        serviceName: 'com.amazonaws.us-east-1.s3',
        routeTableIds: (one.RouteTableIds as unknown[]).map(idOf),
        prefixListId: 'pl-s3',
        available: true,
      })),
    interfaceEndpoints: private4.map((one) => ({
      id: one.id,
      name: one.id,
      vpcId,
      // Fn::Sub of the region.
      serviceName: `com.amazonaws.us-east-1.${/\w+$/.exec(Object.values(one.ServiceName as object).join())?.[0]}`,
      interfaceIds: interfaces.filter(({ owner }) => owner === one.id).map(({ id }) => id),
      privateDns: true,
      available: true,
    })),
    prefixLists: [{ id: 'pl-s3', name: 'com.amazonaws.us-east-1.s3', cidrs: ['52.216.0.0/15'] }],
    publicServices: [{ serviceName: 'com.amazonaws.us-east-1.s3', cidrs: ['52.216.0.0/15'] }],
  });
}
