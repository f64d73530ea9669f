/** `AWS::EC2::Subnet`, and what is associated with one. */
import type {
  AssociateRouteTableResult,
  CreateSubnetResult,
  DescribeNetworkAclsResult,
  DescribeSubnetsResult,
  ReplaceNetworkAclAssociationResult,
} from '@aws-sdk/client-ec2';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { booleanOf, goneCodes, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface SubnetProperties {
  readonly VpcId: string;
  readonly CidrBlock?: string;
  readonly AvailabilityZone?: string;
  readonly AvailabilityZoneId?: string;
  readonly Ipv6CidrBlock?: string;
  readonly MapPublicIpOnLaunch?: unknown;
  readonly AssignIpv6AddressOnCreation?: unknown;
  readonly EnableDns64?: unknown;
  readonly PrivateDnsNameOptionsOnLaunch?: {
    readonly HostnameType?: string;
    readonly EnableResourceNameDnsARecord?: unknown;
    readonly EnableResourceNameDnsAAAARecord?: unknown;
  };
  readonly Tags?: readonly TagProperty[];
}

export const subnet = resourceType<SubnetProperties>({
  honours: [
    'VpcId',
    'CidrBlock',
    'AvailabilityZone',
    'AvailabilityZoneId',
    'Ipv6CidrBlock',
    'MapPublicIpOnLaunch',
    'AssignIpv6AddressOnCreation',
    'PrivateDnsNameOptionsOnLaunch',
    'Tags',
  ],
  inert: { EnableDns64: 'kept and shown; the resolver makes no addresses for IPv6-only networks' },
  async create(request) {
    const { VpcId, CidrBlock, AvailabilityZone, AvailabilityZoneId, Ipv6CidrBlock, Tags } = request.properties;
    const { Subnet } = await request.invoke<CreateSubnetResult>('ec2', 'CreateSubnet', {
      VpcId,
      CidrBlock,
      AvailabilityZone,
      AvailabilityZoneId,
      Ipv6CidrBlock,
      TagSpecifications: tagSpecification(request, 'subnet', Tags),
      ClientToken: request.name(64),
    });
    const id = Subnet?.SubnetId ?? '';
    request.made?.(id);
    await setAttributes(request, id, {});
    return { physicalId: id, attributes: await attributesOf(request, id) };
  },
  async update(request) {
    await setAttributes(request, request.physicalId, request.previous);
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: await attributesOf(request, request.physicalId) };
  },
  read: (request) => attributesOf(request, request.physicalId),
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteSubnet', { SubnetId: request.physicalId })),
});

type LaunchSettings = Omit<SubnetProperties, 'VpcId'>;

/** EC2 changes one attribute a call. */
async function setAttributes(request: ResourceRequest<SubnetProperties>, SubnetId: string, before: LaunchSettings) {
  const settings = (from: LaunchSettings): [string, unknown, unknown][] => {
    const names = from.PrivateDnsNameOptionsOnLaunch;
    const value = (given: unknown) => ({ Value: booleanOf(given) ?? false });
    return [
      ['MapPublicIpOnLaunch', from.MapPublicIpOnLaunch, value(from.MapPublicIpOnLaunch)],
      ['AssignIpv6AddressOnCreation', from.AssignIpv6AddressOnCreation, value(from.AssignIpv6AddressOnCreation)],
      ['EnableDns64', from.EnableDns64, value(from.EnableDns64)],
      ['PrivateDnsHostnameTypeOnLaunch', names?.HostnameType, names?.HostnameType ?? 'ip-name'],
      ['EnableResourceNameDnsARecordOnLaunch', names, value(names?.EnableResourceNameDnsARecord)],
      ['EnableResourceNameDnsAAAARecordOnLaunch', names, value(names?.EnableResourceNameDnsAAAARecord)],
    ];
  };
  const old = settings(before);
  for (const [index, [name, , value]] of settings(request.properties).entries()) {
    if (JSON.stringify(value) === JSON.stringify(old[index]?.[2])) continue;
    await request.invoke('ec2', 'ModifySubnetAttribute', { SubnetId, [name]: value });
  }
}

async function attributesOf(request: ResourceRequest<SubnetProperties>, id: string): Promise<Record<string, unknown>> {
  const { Subnets } = await request.invoke<DescribeSubnetsResult>('ec2', 'DescribeSubnets', { SubnetIds: [id] });
  const [found] = Subnets ?? [];
  return {
    SubnetId: id,
    VpcId: found?.VpcId,
    AvailabilityZone: found?.AvailabilityZone,
    AvailabilityZoneId: found?.AvailabilityZoneId,
    CidrBlock: found?.CidrBlock,
    Ipv6CidrBlocks: found?.Ipv6CidrBlockAssociationSet?.map((one) => one.Ipv6CidrBlock) ?? [],
    NetworkAclAssociationId: (await aclAssociation(request, id))?.NetworkAclAssociationId,
    OutpostArn: '',
  };
}

async function aclAssociation(request: ResourceRequest<unknown>, subnetId: string) {
  const { NetworkAcls } = await request.invoke<DescribeNetworkAclsResult>('ec2', 'DescribeNetworkAcls', {
    Filters: [{ Name: 'association.subnet-id', Values: [subnetId] }],
  });
  return NetworkAcls?.[0]?.Associations?.find((one) => one.SubnetId === subnetId);
}

interface RouteTableAssociationProperties {
  readonly RouteTableId: string;
  readonly SubnetId: string;
}

export const subnetRouteTableAssociation = resourceType<RouteTableAssociationProperties>({
  honours: ['RouteTableId', 'SubnetId'],
  async create(request) {
    const { RouteTableId, SubnetId } = request.properties;
    const made = await request.invoke<AssociateRouteTableResult>('ec2', 'AssociateRouteTable', {
      RouteTableId,
      SubnetId,
    });
    const id = made.AssociationId ?? '';
    return { physicalId: id, attributes: { Id: id } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DisassociateRouteTable', { AssociationId: request.physicalId })),
});

interface AclAssociationProperties {
  readonly NetworkAclId: string;
  readonly SubnetId: string;
}

export const subnetNetworkAclAssociation = resourceType<AclAssociationProperties>({
  honours: ['NetworkAclId', 'SubnetId'],
  async create(request) {
    const { NetworkAclId, SubnetId } = request.properties;
    const before = await aclAssociation(request, SubnetId);
    const made = await request.invoke<ReplaceNetworkAclAssociationResult>('ec2', 'ReplaceNetworkAclAssociation', {
      AssociationId: before?.NetworkAclAssociationId,
      NetworkAclId,
    });
    const id = made.NewAssociationId ?? '';
    return { physicalId: id, attributes: { AssociationId: id } };
  },
  /** The subnet goes back to the VPC's default ACL, unless another association took its place. */
  async delete(request) {
    const { SubnetId } = request.properties;
    const now = await aclAssociation(request, SubnetId);
    if (!now || now.NetworkAclAssociationId !== request.physicalId) return;
    const { Subnets } = await request.invoke<DescribeSubnetsResult>('ec2', 'DescribeSubnets', {
      SubnetIds: [SubnetId],
    });
    const { NetworkAcls } = await request.invoke<DescribeNetworkAclsResult>('ec2', 'DescribeNetworkAcls', {
      Filters: [
        { Name: 'vpc-id', Values: [Subnets?.[0]?.VpcId ?? ''] },
        { Name: 'default', Values: ['true'] },
      ],
    });
    await request.invoke('ec2', 'ReplaceNetworkAclAssociation', {
      AssociationId: now.NetworkAclAssociationId,
      NetworkAclId: NetworkAcls?.[0]?.NetworkAclId,
    });
  },
});
