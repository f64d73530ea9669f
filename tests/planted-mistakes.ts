/**
 * Templates with one mistake each: mostly the blueprint's, with a small edit. `check-planted.test.ts` wants of each that
 * the rule is found which is named here, and nothing else. A rule without a line here is not believed.
 */
import type { ConfigInput } from '../src/blueprint/config.ts';
import { synthesised } from '../src/blueprint/synthesised.fixture.ts';
import { edgeMistakes, refusedEdgeMistakes } from '../src/insight/check/edge/planted.suite.ts';

export interface Planted {
  /** What somebody did. */
  readonly name: string;
  /** The one rule that is to be found. */
  readonly rule: string;
  /** Where, if the finding is to name it. */
  readonly logicalId?: string;
  readonly template: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** What its message and its fix tell. */
  readonly says?: RegExp;
  readonly mends?: RegExp;
}

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  [attribute: string]: unknown;
}

/** The blueprint's resources, to be changed. */
export class Edit {
  readonly resources: Record<string, Resource>;

  constructor(resources: Record<string, Resource>) {
    this.resources = resources;
  }

  /** Properties over those that are there; `undefined` takes one out. */
  set(logicalId: string, properties: Readonly<Record<string, unknown>>): void {
    const resource = this.resources[logicalId];
    if (!resource) throw new Error(`the blueprint has no ${logicalId}`);
    resource.Properties = { ...resource.Properties, ...properties };
  }

  add(logicalId: string, Type: string, Properties: Record<string, unknown>): void {
    this.resources[logicalId] = { Type, Properties };
  }

  /** With what waits for it. */
  remove(logicalId: string): void {
    if (!(logicalId in this.resources)) throw new Error(`the blueprint has no ${logicalId}`);
    delete this.resources[logicalId];
    for (const resource of Object.values(this.resources)) {
      const needs = [resource.DependsOn ?? []].flat().filter((one) => one !== logicalId);
      if (needs.length > 0) resource.DependsOn = needs;
      else delete resource.DependsOn;
    }
  }

  properties<T = Record<string, unknown>>(logicalId: string): T {
    return (this.resources[logicalId]?.Properties ?? {}) as T;
  }
}

const config: ConfigInput = { name: 'gallery', domain: 'myapp.com' };

/** The blueprint's template after an edit. */
export function edited(edit: (resources: Edit) => void, from: ConfigInput = config): string {
  const template = synthesised(from) as { Resources: Record<string, Resource> };
  edit(new Edit(template.Resources));
  return JSON.stringify(template, null, 1);
}

const ref = (Ref: string) => ({ Ref });

/** A new entry of a network ACL. */
function entry(
  acl: string,
  RuleNumber: number,
  CidrBlock: string,
  ports: readonly [number, number] | undefined,
  rest: object = {},
) {
  return {
    NetworkAclId: ref(acl),
    RuleNumber,
    RuleAction: 'allow',
    Protocol: ports ? 6 : -1,
    CidrBlock,
    ...(ports ? { PortRange: { From: ports[0], To: ports[1] } } : {}),
    ...rest,
  };
}

const acl = 'AWS::EC2::NetworkAclEntry';

/** Like the public ones, but that no route leads out of it. */
function innerSubnet(to: Edit, zone: 'A' | 'B'): void {
  to.add('InnerSubnet', 'AWS::EC2::Subnet', { ...to.properties(`PublicSubnet${zone}`), CidrBlock: '10.0.96.0/20' });
  to.add('InnerSubnetAcl', 'AWS::EC2::SubnetNetworkAclAssociation', {
    NetworkAclId: ref('PublicAcl'),
    SubnetId: ref('InnerSubnet'),
  });
}

const repeated = `{
  "Resources": {
    "Topic": { "Type": "AWS::SNS::Topic" },
    "Alarms": {
      "Type": "AWS::SNS::Topic",
      "Properties": {
        "TopicName": "first: \\"one\\"",
        "TopicName": "second"
      }
    }
  }
}`;

export const templateMistakes: readonly Planted[] = [
  {
    name: 'a key of JSON is there twice',
    rule: 'template-repeated-key',
    logicalId: 'Alarms',
    template: repeated,
    says: /"TopicName" is there twice, and the last one counts, at line 8: what stands at line 7 is lost/,
  },
  {
    name: 'a resource of YAML is there three times',
    rule: 'template-repeated-key',
    logicalId: 'Topic',
    template: `Resources:\n${'  Topic: { Type: AWS::SNS::Topic }\n'.repeat(3)}`,
    says: /"Topic" is there 3 times, and the last one counts, at line 4: what stands at line 2 and 3 is lost/,
  },
  {
    name: 'a property is misspelt',
    rule: 'template-schema',
    logicalId: 'DataBucket',
    template: edited((to) => to.set('DataBucket', { BucketNam: 'data' })),
  },
  {
    name: 'a required property is left out',
    rule: 'template-schema',
    logicalId: 'PublicRoutes',
    template: edited((to) => to.set('PublicRoutes', { VpcId: undefined })),
  },
  {
    name: 'a text stands where a list should',
    rule: 'template-schema',
    logicalId: 'ApiBalancer',
    template: edited((to) => to.set('ApiBalancer', { Subnets: 'subnet-1' })),
  },
  {
    name: 'a reference leads nowhere',
    rule: 'template-reference',
    logicalId: 'PrivateSubnetARoutes',
    template: edited((to) => to.set('PrivateSubnetARoutes', { RouteTableId: ref('PrivateRouteA') })),
  },
  {
    name: 'an attribute is asked for that the type has not',
    rule: 'template-reference',
    logicalId: 'NatGatewayB',
    template: edited((to) => to.set('NatGatewayB', { AllocationId: { 'Fn::GetAtt': ['NatAddressB', 'Id'] } })),
  },
  {
    name: 'two security groups name each other',
    rule: 'template-cycle',
    template: edited((to) =>
      to.set('BalancerSecurityGroup', {
        SecurityGroupEgress: [
          { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, DestinationSecurityGroupId: ref('ApiSecurityGroup') },
        ],
      }),
    ),
  },
  {
    name: 'a type is misspelt',
    rule: 'template-refused',
    logicalId: 'DataBucket',
    template: edited((to) => {
      const { DataBucket } = to.resources;
      if (DataBucket) DataBucket.Type = 'AWS::S3::Bukket';
    }),
  },
  {
    name: 'a service refuses a value',
    rule: 'service-refused',
    logicalId: 'ApiTargets',
    template: edited((to) => to.set('ApiTargets', { HealthCheckIntervalSeconds: 3 })),
  },
];

export const limitMistakes: readonly Planted[] = [
  {
    name: 'an ACL has more entries than it may',
    rule: 'acl-rule-limit',
    template: edited((to) => {
      for (let i = 0; i < 16; i++) to.add(`Extra${i}`, acl, entry('PublicAcl', 200 + i, `198.51.${i}.0/24`, [25, 25]));
    }),
  },
  {
    name: 'a group has more rules than it may',
    rule: 'group-rule-limit',
    logicalId: 'Many',
    template: edited((to) =>
      to.add('Many', 'AWS::EC2::SecurityGroup', {
        GroupDescription: 'Offices',
        VpcId: ref('Vpc'),
        SecurityGroupIngress: Array.from({ length: 61 }, (_, i) => ({
          ...{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: `198.51.${i}.0/24` },
        })),
      }),
    ),
  },
  {
    name: 'an interface has more groups than it may',
    rule: 'interface-group-limit',
    logicalId: 'LogsEndpoint',
    template: edited((to) => {
      const ids = Array.from({ length: 5 }, (_, i) => `Group${i}`);
      for (const id of ids) to.add(id, 'AWS::EC2::SecurityGroup', { GroupDescription: id, VpcId: ref('Vpc') });
      to.set('LogsEndpoint', { SecurityGroupIds: [ref('EndpointSecurityGroup'), ...ids.map(ref)] });
    }),
  },
  {
    name: 'the group may grow beyond the addresses of its subnets',
    rule: 'subnet-too-small',
    logicalId: 'ApiGroup',
    template: edited(() => {}, { ...config, network: { cidr: '10.0.0.0/23' }, api: { max: 60 } }),
  },
];

export const networkMistakes: readonly Planted[] = [
  {
    name: "replies of machines to the balancer have no rule out of the machines' subnets",
    rule: 'acl-return-ports',
    logicalId: 'PrivateAcl',
    template: edited((to) => to.remove('PrivateAclOutToBalancer')),
  },
  {
    name: 'replies to machines have no rule into their subnets',
    rule: 'acl-return-ports',
    logicalId: 'PrivateAcl',
    template: edited((to) => to.remove('PrivateAclInReplies')),
  },
  {
    name: 'replies are allowed to half of the ports that clients choose of',
    rule: 'acl-return-ports',
    logicalId: 'PublicAcl',
    template: edited((to) => to.set('PublicAclOutReplies', { PortRange: { From: 32768, To: 65535 } })),
  },
  {
    name: 'replies to NAT gateways have no rule into their subnets',
    rule: 'acl-return-ports',
    logicalId: 'PublicAcl',
    template: edited((to) => to.set('PublicAclInReplies', { CidrBlock: '10.0.128.0/19' })),
  },
  {
    name: 'a denial stands behind what allows all of it',
    rule: 'acl-shadowed-entry',
    logicalId: 'NoMail',
    template: edited((to) =>
      to.add('NoMail', acl, entry('PublicAcl', 300, '0.0.0.0/0', [2000, 3000], { RuleAction: 'deny' })),
    ),
  },
  {
    name: 'two entries together leave nothing to a third',
    rule: 'acl-shadowed-entry',
    logicalId: 'All',
    template: edited((to) => {
      to.add('Low', acl, entry('PrivateAcl', 200, '192.0.2.0/25', [9000, 9000]));
      to.add('High', acl, entry('PrivateAcl', 210, '192.0.2.128/25', [9000, 9000]));
      to.add('All', acl, entry('PrivateAcl', 220, '192.0.2.0/24', [9000, 9000]));
    }),
  },
  {
    name: 'a group allows twice what it allows once',
    rule: 'group-covered-rule',
    logicalId: 'BalancerSecurityGroup',
    template: edited((to) => {
      const { SecurityGroupIngress } = to.properties<{ SecurityGroupIngress: unknown[] }>('BalancerSecurityGroup');
      const office = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '198.51.100.0/24' };
      to.set('BalancerSecurityGroup', { SecurityGroupIngress: [...SecurityGroupIngress, office] });
    }),
  },
  {
    name: 'a NAT gateway stands in a private subnet',
    rule: 'nat-in-private-subnet',
    logicalId: 'NatGatewayA',
    template: edited((to) => {
      innerSubnet(to, 'A');
      to.set('NatGatewayA', { SubnetId: ref('InnerSubnet') });
    }),
  },
  {
    name: 'a private subnet is routed to the internet gateway',
    rule: 'private-subnet-to-internet',
    logicalId: 'PrivateRouteAToNat',
    template: edited((to) =>
      to.set('PrivateRouteAToNat', { NatGatewayId: undefined, GatewayId: ref('InternetGateway') }),
    ),
  },
  {
    name: 'a private subnet is open by IPv6',
    rule: 'private-subnet-to-internet',
    logicalId: 'PrivateRouteAToInternet6',
    template: edited(
      (to) =>
        to.set('PrivateRouteAToInternet6', {
          EgressOnlyInternetGatewayId: undefined,
          GatewayId: ref('InternetGateway'),
        }),
      { ...config, network: { ipv6: true } },
    ),
  },
  {
    name: 'zones share a NAT gateway',
    rule: 'zone-without-own-nat',
    logicalId: 'NatGatewayA',
    template: edited((to) => to.set('PrivateRouteBToNat', { NatGatewayId: ref('NatGatewayA') })),
  },
  {
    name: 'two subnets overlap',
    rule: 'overlapping-ranges',
    logicalId: 'PrivateSubnetB',
    template: edited((to) => to.set('PrivateSubnetB', { CidrBlock: '10.0.136.0/21' })),
  },
  {
    name: 'an endpoint has no private DNS',
    rule: 'endpoint-without-private-dns',
    logicalId: 'MonitoringEndpoint',
    template: edited((to) => to.set('MonitoringEndpoint', { PrivateDnsEnabled: false })),
  },
  {
    name: "the endpoints' group lets the balancer in, and no machine",
    rule: 'endpoint-group-closed',
    logicalId: 'EndpointSecurityGroup',
    template: edited((to) =>
      to.set('EndpointSecurityGroup', {
        SecurityGroupIngress: [
          { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, SourceSecurityGroupId: ref('BalancerSecurityGroup') },
        ],
      }),
    ),
  },
  {
    name: 'S3 has no gateway endpoint',
    rule: 's3-over-nat',
    logicalId: 'PrivateRoutesA',
    template: edited((to) => to.remove('S3Endpoint')),
  },
  {
    name: "a zone's route table has no S3 endpoint",
    rule: 's3-over-nat',
    logicalId: 'S3Endpoint',
    template: edited((to) => to.set('S3Endpoint', { RouteTableIds: [ref('PrivateRoutesA')] })),
  },
  {
    name: 'the health check asks at a port that no group allows',
    rule: 'health-check-blocked',
    logicalId: 'BalancerSecurityGroup',
    template: edited((to) => to.set('ApiTargets', { HealthCheckPort: '9000' })),
  },
  {
    name: 'the ACL of the machines does not let the balancer in',
    rule: 'health-check-blocked',
    logicalId: 'PrivateAcl',
    template: edited((to) => to.set('PrivateAclInFromBalancer', { PortRange: { From: 80, To: 80 } })),
  },
  {
    name: 'the rule from balancer to machines was forgotten',
    rule: 'health-check-blocked',
    logicalId: 'ApiSecurityGroup',
    template: edited((to) => to.set('ApiSecurityGroup', { SecurityGroupIngress: undefined })),
  },
  {
    name: 'all machines are in one zone',
    rule: 'one-zone',
    logicalId: 'ApiGroup',
    template: edited((to) => to.set('ApiGroup', { VPCZoneIdentifier: [ref('PrivateSubnetA')] })),
  },
  {
    name: 'the balancer is in one zone',
    rule: 'one-zone',
    logicalId: 'ApiBalancer',
    template: edited((to) => to.set('ApiBalancer', { Subnets: [ref('PublicSubnetA')] })),
  },
  {
    name: 'machines are launched in a zone without a node of the balancer',
    rule: 'balancer-misses-zone',
    logicalId: 'ApiBalancer',
    template: edited((to) => to.set('ApiBalancer', { Subnets: [ref('PublicSubnetA'), ref('PublicSubnetB')] }), {
      ...config,
      network: { zones: 3 },
    }),
  },
  {
    name: 'the balancer is in private subnets',
    rule: 'balancer-in-private-subnet',
    logicalId: 'ApiBalancer',
    template: edited((to) => {
      innerSubnet(to, 'B');
      for (const one of ['PrivateAclInFromBalancer', 'PrivateAclOutToBalancer'])
        to.set(one, { CidrBlock: '10.0.0.0/17' });
      to.set('ApiBalancer', { Subnets: [ref('PublicSubnetA'), ref('InnerSubnet')] });
    }),
  },
  {
    name: 'machines take SSH from everywhere',
    rule: 'shell-open-to-world',
    logicalId: 'ApiSecurityGroup',
    template: edited((to) => {
      const { SecurityGroupIngress } = to.properties<{ SecurityGroupIngress: unknown[] }>('ApiSecurityGroup');
      const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
      to.set('ApiSecurityGroup', { SecurityGroupIngress: [...SecurityGroupIngress, ssh] });
    }),
  },
  {
    name: 'no listener forwards to the machines',
    rule: 'targets-without-balancer',
    logicalId: 'ApiTargets',
    template: edited((to) => {
      const DefaultActions = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }];
      to.set('HttpsListener', { DefaultActions });
      to.set('ScaleOnRequests', {});
      to.remove('ScaleOnRequests');
    }),
  },
];

const balancedMachine = `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Gateway: { Type: AWS::EC2::InternetGateway }
  Attachment: { Type: AWS::EC2::VPCGatewayAttachment, Properties: { VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway } }
  Routes: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref Vpc } }
  Out:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: { RouteTableId: !Ref Routes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway }
  SubnetA:
    Type: AWS::EC2::Subnet
    Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, AvailabilityZone: us-east-1a, MapPublicIpOnLaunch: true }
  SubnetB:
    Type: AWS::EC2::Subnet
    Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1b, MapPublicIpOnLaunch: true }
  RoutesA: { Type: AWS::EC2::SubnetRouteTableAssociation, Properties: { SubnetId: !Ref SubnetA, RouteTableId: !Ref Routes } }
  RoutesB: { Type: AWS::EC2::SubnetRouteTableAssociation, Properties: { SubnetId: !Ref SubnetB, RouteTableId: !Ref Routes } }
  BalancerGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Balancer
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0 }]
  MachineGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Machine
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 8080, ToPort: 8080, SOURCE }]
  Machine:
    Type: AWS::EC2::Instance
    Properties: { ImageId: ami-0123456789abcdef0, InstanceType: t4g.small, SubnetId: !Ref SubnetA, SecurityGroupIds: [!Ref MachineGroup] }
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    DependsOn: Out
    Properties: { SCHEME, Subnets: [!Ref SubnetA, !Ref SubnetB], SecurityGroups: [!Ref BalancerGroup] }
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { VpcId: !Ref Vpc, Port: 8080, Protocol: HTTP, Targets: [{ Id: !Ref Machine }] }
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Targets }]
`;

const openMachine = balancedMachine.replace('SCHEME', 'Scheme: internal');

const ofBalancer = 'SourceSecurityGroupId: !Ref BalancerGroup';

export const machineMistakes: readonly Planted[] = [
  {
    name: 'a balancer for everybody has plain HTTP alone',
    rule: 'balancer-http',
    logicalId: 'Listener',
    template: balancedMachine.replace('SCHEME', 'Scheme: internet-facing').replace('SOURCE', ofBalancer),
    says: /takes plain HTTP from the internet on port 80 and forwards it, and has no HTTPS/,
    mends: /^HttpsListener:.*LoadBalancerArn: \{"Ref":"Balancer"\}.*Port: 443.*Type: redirect/s,
  },
  {
    name: 'a listener of HTTP forwards, beside that of HTTPS',
    rule: 'balancer-http',
    logicalId: 'HttpListener',
    template: edited((to) => {
      to.set('HttpListener', {
        DefaultActions: to.properties<{ DefaultActions: unknown }>('HttpsListener').DefaultActions,
      });
    }),
    says: /beside HTTPS on port 443/,
    mends: /^HttpListener:\n.*RedirectConfig: \{ Protocol: HTTPS, Port: "443"/s,
  },
  {
    name: 'a machine with a public address takes requests of everybody, not of its balancer alone',
    rule: 'balancer-bypassed',
    logicalId: 'MachineGroup',
    template: openMachine.replace('SOURCE', 'CidrIp: 0.0.0.0/0'),
  },
  {
    name: 'a machine has a public address in a subnet without a way out',
    rule: 'public-address-unreachable',
    template: `${openMachine.replace('SOURCE', ofBalancer).replace('SubnetId: !Ref SubnetA, Sec', 'SubnetId: !Ref Inner, Sec')}
  Inner:
    Type: AWS::EC2::Subnet
    Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1a, MapPublicIpOnLaunch: true }
`,
  },
  {
    name: 'VPCs that are peered have the same range',
    rule: 'overlapping-ranges',
    logicalId: 'Peering',
    template: `
Resources:
  One: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Other: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.128.0/20 } }
  Peering: { Type: AWS::EC2::VPCPeeringConnection, Properties: { VpcId: !Ref One, PeerVpcId: !Ref Other } }
`,
  },
];

/** Sound, and by hand: rules have nothing to say of it. */
export const soundMachine = openMachine.replace('SOURCE', ofBalancer);

export const plantedMistakes: readonly Planted[] = [
  ...templateMistakes,
  ...limitMistakes,
  ...networkMistakes,
  ...machineMistakes,
  ...edgeMistakes,
  ...refusedEdgeMistakes,
];
