import { expect, it } from 'vitest';
import { check } from '../check.ts';
import { shellOpenToWorld } from './shell.ts';

const template = (target: string) => `
Resources:
  Vpc: { Type: AWS::EC2::VPC, Properties: { CidrBlock: 10.0.0.0/16 } }
  Gateway: { Type: AWS::EC2::InternetGateway }
  Attachment: { Type: AWS::EC2::VPCGatewayAttachment, Properties: { VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway } }
  Routes: { Type: AWS::EC2::RouteTable, Properties: { VpcId: !Ref Vpc } }
  Out:
    Type: AWS::EC2::Route
    DependsOn: Attachment
    Properties: { RouteTableId: !Ref Routes, DestinationCidrBlock: ${target}, GatewayId: !Ref Gateway }
  Subnet: { Type: AWS::EC2::Subnet, Properties: { VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24, MapPublicIpOnLaunch: true } }
  Association: { Type: AWS::EC2::SubnetRouteTableAssociation, Properties: { SubnetId: !Ref Subnet, RouteTableId: !Ref Routes } }
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Machine
      VpcId: !Ref Vpc
      SecurityGroupIngress: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0 }]
  Machine:
    Type: AWS::EC2::Instance
    Properties: { ImageId: ami-0123456789abcdef0, InstanceType: t4g.small, SubnetId: !Ref Subnet, SecurityGroupIds: [!Ref Group] }
`;

it.each([
  ['0.0.0.0/0', /whoever scans for it tries passwords and keys there/],
  ['198.51.100.0/24', /only routes, addresses and ACLs keep the internet out today/],
])('tells whether the internet gets there: by a route to %s', async (target, message) => {
  const { findings } = await check({ template: template(target), name: 'x.yml' }, [shellOpenToWorld]);
  expect(findings).toMatchObject([{ rule: 'shell-open-to-world', logicalId: 'Group', severity: 'error' }]);
  expect(findings[0]?.message).toMatch(message);
});
