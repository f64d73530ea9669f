/** `AWS::EC2::VPC` and `AWS::EC2::VPCCidrBlock`. */
import type {
  AssociateVpcCidrBlockResult,
  CreateVpcResult,
  DescribeNetworkAclsResult,
  DescribeSecurityGroupsResult,
  DescribeVpcsResult,
} from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { booleanOf, goneCodes, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface VpcProperties {
  readonly CidrBlock?: string;
  readonly EnableDnsSupport?: unknown;
  readonly EnableDnsHostnames?: unknown;
  readonly InstanceTenancy?: string;
  readonly Tags?: readonly TagProperty[];
}

export const vpc = resourceType<VpcProperties>({
  honours: ['CidrBlock', 'EnableDnsSupport', 'EnableDnsHostnames', 'Tags'],
  inert: { InstanceTenancy: 'kept and shown; the model has no hardware to share' },
  async create(request) {
    const { properties } = request;
    const { Vpc } = await request.invoke<CreateVpcResult>('ec2', 'CreateVpc', {
      CidrBlock: properties.CidrBlock,
      InstanceTenancy: properties.InstanceTenancy,
      TagSpecifications: tagSpecification(request, 'vpc', properties.Tags),
      ClientToken: request.name(64),
    });
    const id = Vpc?.VpcId ?? '';
    request.made?.(id);
    await setDnsAttributes(request, id, {});
    return { physicalId: id, attributes: await attributesOf(request, id) };
  },
  async update(request) {
    await setDnsAttributes(request, request.physicalId, request.previous);
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: await attributesOf(request, request.physicalId) };
  },
  read: (request) => attributesOf(request, request.physicalId),
  delete: (request) => unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteVpc', { VpcId: request.physicalId })),
});

/** CloudFormation's defaults are EC2's: DNS support on, host names off. */
async function setDnsAttributes(request: ResourceRequest<VpcProperties>, VpcId: string, before: VpcProperties) {
  const { properties } = request;
  const support = booleanOf(properties.EnableDnsSupport) ?? true;
  const names = booleanOf(properties.EnableDnsHostnames) ?? false;
  if (support !== (booleanOf(before.EnableDnsSupport) ?? true)) {
    await request.invoke('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsSupport: { Value: support } });
  }
  if (names !== (booleanOf(before.EnableDnsHostnames) ?? false)) {
    await request.invoke('ec2', 'ModifyVpcAttribute', { VpcId, EnableDnsHostnames: { Value: names } });
  }
}

async function attributesOf(request: ResourceRequest<VpcProperties>, id: string): Promise<Record<string, unknown>> {
  const Filters = [{ Name: 'vpc-id', Values: [id] }];
  const { Vpcs } = await request.invoke<DescribeVpcsResult>('ec2', 'DescribeVpcs', { VpcIds: [id] });
  const { NetworkAcls } = await request.invoke<DescribeNetworkAclsResult>('ec2', 'DescribeNetworkAcls', {
    Filters: [...Filters, { Name: 'default', Values: ['true'] }],
  });
  const { SecurityGroups } = await request.invoke<DescribeSecurityGroupsResult>('ec2', 'DescribeSecurityGroups', {
    Filters: [...Filters, { Name: 'group-name', Values: ['default'] }],
  });
  const [found] = Vpcs ?? [];
  return {
    VpcId: id,
    CidrBlock: found?.CidrBlock,
    CidrBlockAssociations: found?.CidrBlockAssociationSet?.map((one) => one.AssociationId) ?? [],
    Ipv6CidrBlocks: found?.Ipv6CidrBlockAssociationSet?.map((one) => one.Ipv6CidrBlock) ?? [],
    DefaultNetworkAcl: NetworkAcls?.[0]?.NetworkAclId,
    DefaultSecurityGroup: SecurityGroups?.[0]?.GroupId,
  };
}

interface CidrBlockProperties {
  readonly VpcId: string;
  readonly AmazonProvidedIpv6CidrBlock?: unknown;
  readonly CidrBlock?: string;
  readonly Ipv6CidrBlockNetworkBorderGroup?: string;
}

export const vpcCidrBlock = resourceType<CidrBlockProperties>({
  honours: ['VpcId', 'AmazonProvidedIpv6CidrBlock', 'CidrBlock', 'Ipv6CidrBlockNetworkBorderGroup'],
  async create(request) {
    const { properties } = request;
    const made = await request.invoke<AssociateVpcCidrBlockResult>('ec2', 'AssociateVpcCidrBlock', {
      VpcId: properties.VpcId,
      CidrBlock: properties.CidrBlock,
      AmazonProvidedIpv6CidrBlock: booleanOf(properties.AmazonProvidedIpv6CidrBlock),
      Ipv6CidrBlockNetworkBorderGroup: properties.Ipv6CidrBlockNetworkBorderGroup,
      ClientToken: request.name(64),
    });
    const id = made.Ipv6CidrBlockAssociation?.AssociationId ?? made.CidrBlockAssociation?.AssociationId ?? '';
    const v6 = made.Ipv6CidrBlockAssociation;
    return {
      physicalId: id,
      attributes: { Id: id, ...(v6 ? { Ipv6AddressAttribute: v6.Ipv6AddressAttribute, IpSource: v6.IpSource } : {}) },
    };
  },
  delete: (request) =>
    unlessGone(goneCodes, () =>
      request.invoke('ec2', 'DisassociateVpcCidrBlock', { AssociationId: request.physicalId }),
    ),
});
