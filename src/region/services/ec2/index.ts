/** EC2: the network (VPCs, subnets, routes, ACLs, groups, gateways, endpoints) and the instances in it. */
import { service } from '../service.ts';
import { operations } from './operations.ts';
import { eip, eipAssociation, natGateway } from './resources/addresses.ts';
import { flowLog } from './resources/flow-log.ts';
import { egressOnlyInternetGateway, internetGateway, vpcGatewayAttachment } from './resources/gateways.ts';
import { instance } from './resources/instance.ts';
import { launchTemplate } from './resources/launch-template.ts';
import { networkAcl, networkAclEntry } from './resources/network-acl.ts';
import { route, routeTable } from './resources/routes.ts';
import { securityGroup, securityGroupEgress, securityGroupIngress } from './resources/security-group.ts';
import { subnet, subnetNetworkAclAssociation, subnetRouteTableAssociation } from './resources/subnet.ts';
import { vpc, vpcCidrBlock } from './resources/vpc.ts';
import { vpcEndpoint } from './resources/vpc-endpoint.ts';
import { start } from './start.ts';

export const ec2 = service('@aws-sdk/client-ec2', 'ec2', {
  deniedCode: 'UnauthorizedOperation',
  operations,
  resources: {
    'AWS::EC2::EIP': eip,
    'AWS::EC2::EIPAssociation': eipAssociation,
    'AWS::EC2::EgressOnlyInternetGateway': egressOnlyInternetGateway,
    'AWS::EC2::FlowLog': flowLog,
    'AWS::EC2::Instance': instance,
    'AWS::EC2::InternetGateway': internetGateway,
    'AWS::EC2::LaunchTemplate': launchTemplate,
    'AWS::EC2::NatGateway': natGateway,
    'AWS::EC2::NetworkAcl': networkAcl,
    'AWS::EC2::NetworkAclEntry': networkAclEntry,
    'AWS::EC2::Route': route,
    'AWS::EC2::RouteTable': routeTable,
    'AWS::EC2::SecurityGroup': securityGroup,
    'AWS::EC2::SecurityGroupEgress': securityGroupEgress,
    'AWS::EC2::SecurityGroupIngress': securityGroupIngress,
    'AWS::EC2::Subnet': subnet,
    'AWS::EC2::SubnetNetworkAclAssociation': subnetNetworkAclAssociation,
    'AWS::EC2::SubnetRouteTableAssociation': subnetRouteTableAssociation,
    'AWS::EC2::VPC': vpc,
    'AWS::EC2::VPCCidrBlock': vpcCidrBlock,
    'AWS::EC2::VPCEndpoint': vpcEndpoint,
    'AWS::EC2::VPCGatewayAttachment': vpcGatewayAttachment,
  },
  start,
});
