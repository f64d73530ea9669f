/** Templates that pictures are tried with, beside the blueprint's own. */

const vpc = (id: string, cidr: string) => `  ${id}: { Type: AWS::EC2::VPC, Properties: { CidrBlock: ${cidr} } }
`;
const subnet = (id: string, network: string, cidr: string, zone: string) =>
  `  ${id}: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref ${network}, CidrBlock: ${cidr}, AvailabilityZone: ${zone} } }
`;
const open = (network: string, subnets: readonly string[]) => `  ${network}Igw: { Type: AWS::EC2::InternetGateway }
  ${network}Attach: { Type: AWS::EC2::VPCGatewayAttachment, Properties: { VpcId: !Ref ${network}, InternetGatewayId: !Ref ${network}Igw } }
  ${network}Routes: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref ${network} } }
  ${network}Default: { Type: AWS::EC2::Route, DependsOn: ${network}Attach, Properties: { RouteTableId: !Ref ${network}Routes, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref ${network}Igw } }
${subnets
  .map(
    (
      id,
    ) => `  ${id}Routes: { Type: AWS::EC2::SubnetRouteTableAssociation, Properties: { SubnetId: !Ref ${id}, RouteTableId: !Ref ${network}Routes } }
`,
  )
  .join('')}`;
const balancer = (id: string, subnets: readonly string[], scheme: string) =>
  `  ${id}: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer, DependsOn: VAttach, Properties: { Scheme: ${scheme}, Subnets: [${subnets.map((one) => `!Ref ${one}`).join(', ')}] } }
`;
const two =
  vpc('V', '10.0.0.0/16') +
  subnet('A', 'V', '10.0.0.0/24', 'us-east-1a') +
  subnet('B', 'V', '10.0.1.0/24', 'us-east-1b');
const endpoint = (id: string, network: string, service: string, subnets: readonly string[]) =>
  `  ${id}: { Type: AWS::EC2::VPCEndpoint, Properties: { VpcId: !Ref ${network}, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.${service}, SubnetIds: [${subnets.map((one) => `!Ref ${one}`).join(', ')}] } }
`;

export const oddTemplates: Readonly<Record<string, string>> = {
  'only a bucket': `Resources:
  Data: { Type: AWS::S3::Bucket }
`,
  'only a network': `Resources:\n${vpc('V', '10.0.0.0/16')}`,
  'a network of one zone': `Resources:\n${vpc('V', '10.0.0.0/16')}${subnet('A', 'V', '10.0.0.0/24', 'us-east-1a')}`,
  'a balancer without machines': `Resources:\n${two}${open('V', ['A', 'B'])}${balancer('Lb', ['A', 'B'], 'internet-facing')}`,
  'two balancers, one inside': `Resources:\n${two}${open('V', ['A', 'B'])}${subnet('C', 'V', '10.0.2.0/24', 'us-east-1a')}${subnet('D', 'V', '10.0.3.0/24', 'us-east-1b')}${balancer('Lb', ['A', 'B'], 'internet-facing')}${balancer('Inner', ['C', 'D'], 'internal')}${balancer('Other', ['A', 'B'], 'internet-facing')}`,
  'two networks': `Resources:\n${two}${open('V', ['A', 'B'])}${vpc('W', '10.1.0.0/16')}${subnet('E', 'W', '10.1.0.0/24', 'us-east-1a')}${open('W', ['E'])}${endpoint('Logs', 'W', 'logs', ['E'])}`,
  'three tiers and many endpoints': `Resources:\n${two}${open('V', ['A', 'B'])}${['C', 'D', 'E', 'F'].map((id, index) => subnet(id, 'V', `10.0.${index + 2}.0/24`, index % 2 === 0 ? 'us-east-1a' : 'us-east-1b')).join('')}${['logs', 'monitoring', 'kms', 'sts', 'sns', 'ssm', 'ec2'].map((name) => endpoint(`${name}Endpoint`, 'V', name, ['C', 'D'])).join('')}`,
  'machines alone': `Resources:\n${two}${open('V', ['A', 'B'])}  Web: { Type: AWS::EC2::SecurityGroup, Properties: { VpcId: !Ref V, GroupDescription: web, SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0 }] } }
${['One', 'Two', 'Three']
  .map(
    (id, index) =>
      `  ${id}: { Type: AWS::EC2::Instance, Properties: { ImageId: '{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}', InstanceType: t3.micro, SubnetId: !Ref ${index === 2 ? 'B' : 'A'}${index === 0 ? '' : ', SecurityGroupIds: [!Ref Web]'} } }\n`,
  )
  .join('')}`,
  'types that are not modelled, with names that need care': `Resources:
  Queue: { Type: AWS::SQS::Queue }
  Table: { Type: AWS::DynamoDB::Table, Properties: { KeySchema: [] } }
${Array.from({ length: 9 }, (_, index) => `  AQuiteLongLogicalIdOfAGeneratedTemplate${index}: { Type: AWS::StepFunctions::StateMachine }\n`).join('')}${two}`,
  'what cannot be made': `Resources:\n${two}${subnet('Overlapping', 'V', '10.0.0.0/25', 'us-east-1a')}  Behind: { Type: AWS::EC2::SubnetRouteTableAssociation, Properties: { SubnetId: !Ref Overlapping, RouteTableId: !Ref Routes } }
  Routes: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref V } }
`,
  'distributions and zones, several': `Resources:
  One: { Type: AWS::S3::Bucket }
  Two: { Type: AWS::S3::Bucket }
${['One', 'Two']
  .map(
    (id) => `  ${id}Zone: { Type: AWS::Route53::HostedZone, Properties: { Name: ${id.toLowerCase()}.example.com } }
  ${id}Cdn: { Type: AWS::CloudFront::Distribution, Properties: { DistributionConfig: { Enabled: true, DefaultCacheBehavior: { TargetOriginId: s, ViewerProtocolPolicy: https-only, CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6 }, Origins: [{ Id: s, DomainName: !GetAtt ${id}.RegionalDomainName, S3OriginConfig: { OriginAccessIdentity: '' } }, { Id: o, DomainName: elsewhere.example.org, CustomOriginConfig: { OriginProtocolPolicy: https-only } }] } } }
  ${id}Record: { Type: AWS::Route53::RecordSet, Properties: { HostedZoneId: !Ref ${id}Zone, Name: ${id.toLowerCase()}.example.com, Type: A, AliasTarget: { DNSName: !GetAtt ${id}Cdn.DomainName, HostedZoneId: Z2FDTNDATAQYW2 } } }
`,
  )
  .join('')}`,
};
