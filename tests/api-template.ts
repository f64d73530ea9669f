/** The API half of the architecture in small, as a plain template: what a test edits to see what traffic then does. */

/** The API itself: a plain Node server on port 8080. */
export const apiServer = `const { createServer } = require('node:http');
createServer((request, response) => {
  if (request.url === '/slow') return;
  response.setHeader('x-machine', process.env.MACHINE ?? '');
  response.end('forwarded for ' + request.headers['x-forwarded-for']);
}).listen(8080);
`;

const unit = `[Service]
ExecStart=/usr/bin/node-22 /opt/api/server.js
Restart=always
[Install]
WantedBy=multi-user.target
`;

interface Resource {
  readonly Type: string;
  readonly [more: string]: unknown;
}

export interface Template {
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

const ref = (id: string) => ({ Ref: id });
const zone = (index: number) => ({ 'Fn::Select': [index, { 'Fn::GetAZs': '' }] });

function aclEntry(number: number, egress: boolean, from: number, to: number, cidr: string): Resource {
  const Properties = {
    NetworkAclId: ref('MachineAcl'),
    RuleNumber: number,
    Egress: egress,
    Protocol: 6,
    RuleAction: 'allow',
    CidrBlock: cidr,
    PortRange: { From: from, To: to },
  };
  return { Type: 'AWS::EC2::NetworkAclEntry', Properties };
}

const boot = {
  'AWS::CloudFormation::Init': {
    config: {
      packages: { yum: { nodejs22: [] } },
      files: {
        '/opt/api/server.js': { content: apiServer, mode: '000644' },
        '/etc/systemd/system/api.service': { content: unit },
      },
      services: { systemd: { api: { enabled: true, ensureRunning: true } } },
    },
  },
};

const userData = `#!/bin/bash
/opt/aws/bin/cfn-init -v --stack \${AWS::StackName} --resource Machine --region \${AWS::Region}
/opt/aws/bin/cfn-signal -e $? --stack \${AWS::StackName} --resource Machine --region \${AWS::Region}
`;

/** Public subnets for the balancer, one for the machine with an ACL of its own, and a name. */
export const apiTemplate: Template = {
  Resources: {
    Vpc: {
      Type: 'AWS::EC2::VPC',
      Properties: { CidrBlock: '10.0.0.0/16', EnableDnsHostnames: true, EnableDnsSupport: true },
    },
    Gateway: { Type: 'AWS::EC2::InternetGateway' },
    GatewayOfVpc: {
      Type: 'AWS::EC2::VPCGatewayAttachment',
      Properties: { VpcId: ref('Vpc'), InternetGatewayId: ref('Gateway') },
    },
    Routes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } },
    ToInternet: {
      Type: 'AWS::EC2::Route',
      DependsOn: 'GatewayOfVpc',
      Properties: { RouteTableId: ref('Routes'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref('Gateway') },
    },
    ...Object.fromEntries(
      ['PublicA', 'PublicB', 'Machines'].flatMap((id, i): [string, Resource][] => [
        [
          id,
          {
            Type: 'AWS::EC2::Subnet',
            Properties: {
              VpcId: ref('Vpc'),
              CidrBlock: `10.0.${i}.0/24`,
              AvailabilityZone: zone(i % 2),
              MapPublicIpOnLaunch: id === 'Machines',
            },
          },
        ],
        [
          `RoutesOf${id}`,
          {
            Type: 'AWS::EC2::SubnetRouteTableAssociation',
            Properties: { RouteTableId: ref('Routes'), SubnetId: ref(id) },
          },
        ],
      ]),
    ),
    MachineAcl: { Type: 'AWS::EC2::NetworkAcl', Properties: { VpcId: ref('Vpc') } },
    MachineAclOfSubnet: {
      Type: 'AWS::EC2::SubnetNetworkAclAssociation',
      Properties: { NetworkAclId: ref('MachineAcl'), SubnetId: ref('Machines') },
    },
    FromBalancer: aclEntry(100, false, 8080, 8080, '10.0.0.0/23'),
    RepliesToMachines: aclEntry(110, false, 32768, 60999, '0.0.0.0/0'),
    RepliesToBalancer: aclEntry(100, true, 1024, 65535, '10.0.0.0/23'),
    OutHttps: aclEntry(110, true, 443, 443, '0.0.0.0/0'),
    BalancerGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'balancer',
        VpcId: ref('Vpc'),
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '0.0.0.0/0' }],
      },
    },
    MachineGroup: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: 'machines',
        VpcId: ref('Vpc'),
        SecurityGroupIngress: [
          { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: ref('BalancerGroup') },
        ],
      },
    },
    Balancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      DependsOn: ['ToInternet', 'RoutesOfPublicA', 'RoutesOfPublicB'],
      Properties: { Subnets: [ref('PublicA'), ref('PublicB')], SecurityGroups: [ref('BalancerGroup')] },
    },
    Targets: {
      Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
      Properties: {
        VpcId: ref('Vpc'),
        Port: 8080,
        Protocol: 'HTTP',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        Targets: [{ Id: ref('Machine') }],
      },
    },
    Listener: {
      Type: 'AWS::ElasticLoadBalancingV2::Listener',
      Properties: {
        LoadBalancerArn: ref('Balancer'),
        Port: 80,
        Protocol: 'HTTP',
        DefaultActions: [{ Type: 'forward', TargetGroupArn: ref('Targets') }],
      },
    },
    Machine: {
      Type: 'AWS::EC2::Instance',
      DependsOn: ['ToInternet', 'RoutesOfMachines', 'MachineAclOfSubnet', 'OutHttps', 'RepliesToMachines'],
      CreationPolicy: { ResourceSignal: { Count: 1, Timeout: 'PT5M' } },
      Metadata: boot,
      Properties: {
        ImageId: 'ami-0123456789abcdef0',
        InstanceType: 't3.small',
        SubnetId: ref('Machines'),
        SecurityGroupIds: [ref('MachineGroup')],
        UserData: { 'Fn::Base64': { 'Fn::Sub': userData } },
      },
    },
    Zone: { Type: 'AWS::Route53::HostedZone', Properties: { Name: 'try.localhost' } },
    Name: {
      Type: 'AWS::Route53::RecordSet',
      Properties: {
        HostedZoneId: ref('Zone'),
        Name: 'api.try.localhost',
        Type: 'A',
        AliasTarget: {
          DNSName: { 'Fn::GetAtt': ['Balancer', 'DNSName'] },
          HostedZoneId: { 'Fn::GetAtt': ['Balancer', 'CanonicalHostedZoneID'] },
        },
      },
    },
  },
};

/** The template without a resource, and without anybody's `DependsOn` on it. */
export function without(template: Template, id: string): Template {
  const Resources = Object.fromEntries(
    Object.entries(template.Resources).flatMap(([name, resource]) => {
      if (name === id) return [];
      const { DependsOn: depends } = resource;
      return [
        [name, Array.isArray(depends) ? { ...resource, DependsOn: depends.filter((other) => other !== id) } : resource],
      ];
    }),
  );
  return { Resources };
}
