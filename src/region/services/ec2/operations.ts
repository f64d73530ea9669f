/** EC2's operations by noun, and what they all share: the dry run. */
import { Fault } from '../../wire/fault.ts';
import type { Call, Operation } from '../service.ts';
import { absent } from './absent.ts';
import { createDefaultVpc } from './default-vpc.ts';
import * as elasticIp from './elastic-ip.ts';
import { describeVpcEndpointServices } from './endpoint-services.ts';
import { createFlowLogs, deleteFlowLogs, describeFlowLogs } from './flow-log.ts';
import * as gateways from './gateways.ts';
import { describeImages } from './image.ts';
import * as instanceAttribute from './instance-attribute.ts';
import { rebootInstances, startInstances, stopInstances, terminateInstances } from './instance-lifecycle.ts';
import * as instanceProfile from './instance-profile.ts';
import { describeInstanceStatus, getConsoleOutput } from './instance-status.ts';
import { describeInstanceTypeOfferings, describeInstanceTypes } from './instance-types.ts';
import { describeInstances } from './instance-view.ts';
import * as interfaceAttachment from './interface-attachment.ts';
import * as launchTemplate from './launch-template.ts';
import { describeLaunchTemplateVersions } from './launch-template-version.ts';
import { createNatGateway, deleteNatGateway, describeNatGateways } from './nat-gateway.ts';
import * as networkAcl from './network-acl.ts';
import * as networkAclEntry from './network-acl-entry.ts';
import * as networkInterface from './network-interface.ts';
import { describeAccountAttributes, describeAvailabilityZones, describeRegions } from './places.ts';
import { describeManagedPrefixLists, describePrefixLists, getManagedPrefixListEntries } from './prefix-list.ts';
import { createRoute, deleteRoute, replaceRoute } from './route.ts';
import * as routeTable from './route-table.ts';
import { runInstances } from './run-instances.ts';
import { createSecurityGroup, deleteSecurityGroup, describeSecurityGroups } from './security-group.ts';
import * as securityGroupRule from './security-group-rule.ts';
import * as subnet from './subnet.ts';
import { createTags, deleteTags, describeTags } from './tags.ts';
import { describeVolumes } from './volume.ts';
import * as vpc from './vpc.ts';
import { associateVpcCidrBlock, disassociateVpcCidrBlock } from './vpc-cidr.ts';
import { deleteVpcEndpoints, describeVpcEndpoints, modifyVpcEndpoint } from './vpc-endpoint.ts';
import { createVpcEndpoint } from './vpc-endpoint-create.ts';

const all: Record<string, Operation> = {
  createVpc: vpc.createVpc,
  createDefaultVpc,
  deleteVpc: vpc.deleteVpc,
  describeVpcs: vpc.describeVpcs,
  describeVpcAttribute: vpc.describeVpcAttribute,
  modifyVpcAttribute: vpc.modifyVpcAttribute,
  associateVpcCidrBlock,
  disassociateVpcCidrBlock,

  createSubnet: subnet.createSubnet,
  deleteSubnet: subnet.deleteSubnet,
  describeSubnets: subnet.describeSubnets,
  modifySubnetAttribute: subnet.modifySubnetAttribute,
  associateSubnetCidrBlock: subnet.associateSubnetCidrBlock,
  disassociateSubnetCidrBlock: subnet.disassociateSubnetCidrBlock,

  createRouteTable: routeTable.createRouteTable,
  deleteRouteTable: routeTable.deleteRouteTable,
  describeRouteTables: routeTable.describeRouteTables,
  associateRouteTable: routeTable.associateRouteTable,
  disassociateRouteTable: routeTable.disassociateRouteTable,
  replaceRouteTableAssociation: routeTable.replaceRouteTableAssociation,
  createRoute,
  replaceRoute,
  deleteRoute,

  ...gateways,
  allocateAddress: elasticIp.allocateAddress,
  associateAddress: elasticIp.associateAddress,
  describeAddresses: elasticIp.describeAddresses,
  disassociateAddress: elasticIp.disassociateAddress,
  releaseAddress: elasticIp.releaseAddress,
  createNatGateway,
  deleteNatGateway,
  describeNatGateways,

  ...networkAcl,
  ...networkAclEntry,

  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroups,
  ...securityGroupRule,

  createNetworkInterface: networkInterface.createNetworkInterface,
  deleteNetworkInterface: networkInterface.deleteNetworkInterface,
  describeNetworkInterfaces: networkInterface.describeNetworkInterfaces,
  modifyNetworkInterfaceAttribute: networkInterface.modifyNetworkInterfaceAttribute,

  ...interfaceAttachment,

  createVpcEndpoint,
  deleteVpcEndpoints,
  describeVpcEndpoints,
  modifyVpcEndpoint,
  describeVpcEndpointServices,
  describePrefixLists,
  describeManagedPrefixLists,
  getManagedPrefixListEntries,

  createFlowLogs,
  deleteFlowLogs,
  describeFlowLogs,

  runInstances,
  startInstances,
  stopInstances,
  rebootInstances,
  terminateInstances,
  describeInstances,
  describeInstanceStatus,
  getConsoleOutput,
  ...instanceAttribute,
  describeInstanceTypes,
  describeInstanceTypeOfferings,
  describeImages,
  describeVolumes,
  associateIamInstanceProfile: instanceProfile.associateIamInstanceProfile,
  describeIamInstanceProfileAssociations: instanceProfile.describeIamInstanceProfileAssociations,
  disassociateIamInstanceProfile: instanceProfile.disassociateIamInstanceProfile,
  replaceIamInstanceProfileAssociation: instanceProfile.replaceIamInstanceProfileAssociation,

  ...launchTemplate,
  describeLaunchTemplateVersions,

  createTags,
  deleteTags,
  describeTags,
  describeAccountAttributes,
  describeAvailabilityZones,
  describeRegions,
  ...absent,
};

/** With `DryRun` a call that is authorised goes no further. */
function withDryRun(operation: Operation): Operation {
  const { handle, ...rest } = typeof operation === 'function' ? { handle: operation } : operation;
  const dry = (input: { DryRun?: boolean }, call: Call) => {
    if (input.DryRun) {
      throw new Fault('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', { status: 412 });
    }
    return handle(input, call);
  };
  return 'access' in rest ? { handle: dry, access: rest.access } : dry;
}

export const operations: Record<string, Operation> = Object.fromEntries(
  Object.entries(all).map(([name, operation]) => [name, withDryRun(operation)]),
);
