/** Subnets: ranges inside the VPC's, zones, and what interfaces in them get on launch. */
import type {
  AssociateSubnetCidrBlockRequest,
  AssociateSubnetCidrBlockResult,
  CreateSubnetRequest,
  CreateSubnetResult,
  DeleteSubnetRequest,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  DisassociateSubnetCidrBlockRequest,
  DisassociateSubnetCidrBlockResult,
  ModifySubnetAttributeRequest,
  Subnet,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { freeCount, subnetInUse } from './address-book.ts';
import { contains, overlaps, rangeOf, v4RangeOf, v6RangeOf } from './cidr.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, invalidValue, missing, needSubnet, needVpc, refuseMembers } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import { zoneFrom, zoneId } from './places.ts';
import {
  aclAssociations,
  type CidrAssociation,
  networkAcls,
  routeTableAssociations,
  type SubnetRecord,
  subnets,
  type VpcRecord,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

export function createSubnet(input: CreateSubnetRequest & Repeatable, call: Call): CreateSubnetResult {
  refuseMembers(input, [
    'OutpostArn',
    'Ipv6Native',
    'Ipv4IpamPoolId',
    'Ipv4NetmaskLength',
    'Ipv6IpamPoolId',
    'Ipv6NetmaskLength',
  ]);
  if (!input.VpcId) throw missing('vpcId');
  if (!input.CidrBlock)
    throw new Fault('MissingParameter', "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.");
  const vpc = needVpc(call, input.VpcId);
  const zone = zoneFrom(call, input.AvailabilityZone, input.AvailabilityZoneId);
  const given = specifiedTags(call, input.TagSpecifications, 'subnet');
  const { CidrBlock: text, Ipv6CidrBlock: ipv6Text } = input;
  const [id] = once(
    call,
    input,
    (one) => subnets(call).has(one),
    () => {
      const siblings = [...subnets(call).values()].filter((subnet) => subnet.vpcId === vpc.vpcId);
      const cidr = subnetCidr(vpc, siblings, text);
      const ipv6 = ipv6Text ? ipv6Cidr(call, vpc, siblings, ipv6Text) : undefined;
      if (siblings.length >= limits.subnetsPerVpc) {
        throw new Fault('SubnetLimitExceeded', 'The maximum number of subnets has been reached.');
      }
      const subnet = makeSubnet(call, { vpcId: vpc.vpcId, zone, cidr, ipv6, defaultForAz: false });
      putTags(call, subnet.subnetId, 'subnet', given);
      return [subnet.subnetId];
    },
  );
  return { Subnet: render(call, needSubnet(call, id)) };
}

export function makeSubnet(
  call: Call,
  wanted: Pick<SubnetRecord, 'vpcId' | 'zone' | 'cidr' | 'ipv6' | 'defaultForAz'>,
): SubnetRecord {
  const subnet: SubnetRecord = {
    ...wanted,
    subnetId: `subnet-${call.random.hex(17)}`,
    mapPublicIpOnLaunch: wanted.defaultForAz,
    assignIpv6AddressOnCreation: false,
    enableDns64: false,
    privateDnsNameOptions: { hostnameType: 'ip-name', aRecord: false, aaaaRecord: false },
  };
  subnets(call).put(subnet.subnetId, subnet);
  associateDefaultAcl(call, subnet);
  return subnet;
}

function associateDefaultAcl(call: Call, { subnetId, vpcId }: SubnetRecord): void {
  const acl = [...networkAcls(call).values()].find((one) => one.vpcId === vpcId && one.isDefault);
  if (!acl) throw new Error(`${vpcId} has no default network ACL`);
  const associationId = `aclassoc-${call.random.hex(17)}`;
  aclAssociations(call).put(subnetId, { associationId, networkAclId: acl.networkAclId, subnetId });
}

function subnetCidr(vpc: VpcRecord, siblings: readonly SubnetRecord[], text: string): string {
  const range = v4RangeOf(text, 'cidrBlock');
  const inside = vpc.cidrs.some((one) => contains(rangeOf(one.cidr, 'cidrBlock'), range));
  if (!inside || range.bits > 28 || range.bits < 16) {
    throw new Fault('InvalidSubnet.Range', `The CIDR '${text}' is invalid.`);
  }
  if (siblings.some((other) => overlaps(rangeOf(other.cidr, 'cidrBlock'), range))) {
    throw new Fault('InvalidSubnet.Conflict', `The CIDR '${text}' conflicts with another subnet`);
  }
  return range.text;
}

function ipv6Cidr(call: Call, vpc: VpcRecord, siblings: readonly SubnetRecord[], text: string): CidrAssociation {
  const range = v6RangeOf(text, 'ipv6CidrBlock');
  const inside = vpc.ipv6Cidrs.some((one) => contains(rangeOf(one.cidr, 'ipv6CidrBlock'), range));
  // AWS takes /44 to /64 in steps of four; a VPC of the model has a /56.
  if (!inside || (range.bits !== 64 && range.bits !== 60 && range.bits !== 56)) {
    throw new Fault('InvalidSubnet.Range', `The IPv6 CIDR '${text}' is invalid.`);
  }
  if (siblings.some((other) => other.ipv6 && overlaps(rangeOf(other.ipv6.cidr, 'ipv6CidrBlock'), range))) {
    throw new Fault('InvalidSubnet.Conflict', `The IPv6 CIDR '${text}' conflicts with another subnet`);
  }
  return { associationId: `subnet-cidr-assoc-${call.random.hex(17)}`, cidr: range.text };
}

const fields: FilterFields<SubnetRecord> = {
  'availability-zone': (subnet) => subnet.zone,
  availabilityZone: (subnet) => subnet.zone,
  'availability-zone-id': (subnet) => zoneId(subnet.zone),
  availabilityZoneId: (subnet) => zoneId(subnet.zone),
  cidr: (subnet) => subnet.cidr,
  'cidr-block': (subnet) => subnet.cidr,
  cidrBlock: (subnet) => subnet.cidr,
  'default-for-az': (subnet) => subnet.defaultForAz,
  defaultForAz: (subnet) => subnet.defaultForAz,
  'enable-dns64': (subnet) => subnet.enableDns64,
  'ipv6-cidr-block-association.ipv6-cidr-block': (subnet) => subnet.ipv6?.cidr,
  'ipv6-cidr-block-association.association-id': (subnet) => subnet.ipv6?.associationId,
  'ipv6-cidr-block-association.state': (subnet) => (subnet.ipv6 ? 'associated' : undefined),
  'ipv6-native': () => false,
  'map-public-ip-on-launch': (subnet) => subnet.mapPublicIpOnLaunch,
  'private-dns-name-options-on-launch.hostname-type': (subnet) => subnet.privateDnsNameOptions.hostnameType,
  'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': (subnet) =>
    subnet.privateDnsNameOptions.aRecord,
  'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': (subnet) =>
    subnet.privateDnsNameOptions.aaaaRecord,
  state: () => 'available',
  'subnet-id': (subnet) => subnet.subnetId,
  'vpc-id': (subnet) => subnet.vpcId,
};

export function describeSubnets(input: DescribeSubnetsRequest, call: Call): DescribeSubnetsResult {
  const { records, NextToken } = select(call, input, {
    table: subnets(call),
    id: (subnet) => subnet.subnetId,
    fields: {
      ...fields,
      'available-ip-address-count': (subnet) => freeCount(call, subnet),
      'owner-id': () => call.account,
      'subnet-arn': (subnet) => arnOf(call, subnet),
    },
    ids: input.SubnetIds,
    need: needSubnet,
    pageSize: { min: 5, max: 1000 },
  });
  return { Subnets: records.map((subnet) => render(call, subnet)), NextToken };
}

function arnOf(scope: Scope, { subnetId }: SubnetRecord): string {
  return `arn:aws:ec2:${scope.region}:${scope.account}:subnet/${subnetId}`;
}

function render(scope: Scope, subnet: SubnetRecord): Subnet {
  const { privateDnsNameOptions: names } = subnet;
  return {
    SubnetId: subnet.subnetId,
    SubnetArn: arnOf(scope, subnet),
    VpcId: subnet.vpcId,
    OwnerId: scope.account,
    State: 'available',
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: zoneId(subnet.zone),
    AvailableIpAddressCount: freeCount(scope, subnet),
    CidrBlock: subnet.cidr,
    Ipv6CidrBlockAssociationSet: subnet.ipv6 ? [renderV6(subnet.ipv6, 'associated')] : [],
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: subnet.assignIpv6AddressOnCreation,
    EnableDns64: subnet.enableDns64,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: names.hostnameType,
      EnableResourceNameDnsARecord: names.aRecord,
      EnableResourceNameDnsAAAARecord: names.aaaaRecord,
    },
    Tags: tagList(scope, subnet.subnetId),
  };
}

function renderV6(one: CidrAssociation, state: 'associated' | 'associating' | 'disassociating') {
  return {
    AssociationId: one.associationId,
    Ipv6CidrBlock: one.cidr,
    Ipv6CidrBlockState: { State: state },
    Ipv6AddressAttribute: 'public' as const,
    IpSource: 'amazon' as const,
  };
}

/** One attribute a call; `PrivateDnsHostnameTypeOnLaunch` and the two record options count as attributes too. */
export function modifySubnetAttribute(input: ModifySubnetAttributeRequest, call: Call): object {
  refuseMembers(input, [
    'CustomerOwnedIpv4Pool',
    'MapCustomerOwnedIpOnLaunch',
    'EnableLniAtDeviceIndex',
    'DisableLniAtDeviceIndex',
  ]);
  const subnet = needSubnet(call, input.SubnetId);
  if (input.AssignIpv6AddressOnCreation?.Value && !subnet.ipv6) {
    throw new Fault(
      'InvalidParameterValue',
      `Invalid value 'true' for assignIpv6AddressOnCreation. Subnet ${subnet.subnetId} does not have an IPv6 CIDR block associated with it.`,
    );
  }
  const given = Object.entries(input).filter(([name, value]) => !['SubnetId'].includes(name) && value !== undefined);
  if (given.length === 0) throw missing('attribute');
  if (given.length > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified: only one is allowed',
    );
  }
  const { privateDnsNameOptions: names } = subnet;
  const hostnameType = input.PrivateDnsHostnameTypeOnLaunch ?? names.hostnameType;
  if (hostnameType !== 'ip-name' && hostnameType !== 'resource-name') {
    throw invalidValue(hostnameType, 'privateDnsHostnameTypeOnLaunch', 'Valid values are ip-name, resource-name.');
  }
  subnets(call).put(subnet.subnetId, {
    ...subnet,
    mapPublicIpOnLaunch: input.MapPublicIpOnLaunch?.Value ?? subnet.mapPublicIpOnLaunch,
    assignIpv6AddressOnCreation: input.AssignIpv6AddressOnCreation?.Value ?? subnet.assignIpv6AddressOnCreation,
    enableDns64: input.EnableDns64?.Value ?? subnet.enableDns64,
    privateDnsNameOptions: {
      hostnameType,
      aRecord: input.EnableResourceNameDnsARecordOnLaunch?.Value ?? names.aRecord,
      aaaaRecord: input.EnableResourceNameDnsAAAARecordOnLaunch?.Value ?? names.aaaaRecord,
    },
  });
  return {};
}

export function associateSubnetCidrBlock(
  input: AssociateSubnetCidrBlockRequest,
  call: Call,
): AssociateSubnetCidrBlockResult {
  refuseMembers(input, ['Ipv6IpamPoolId', 'Ipv6NetmaskLength']);
  const subnet = needSubnet(call, input.SubnetId);
  if (!input.Ipv6CidrBlock) throw missing('ipv6CidrBlock');
  if (subnet.ipv6) {
    throw new Fault(
      'InvalidSubnet.Conflict',
      `The subnet '${subnet.subnetId}' already has an IPv6 CIDR block associated`,
    );
  }
  const siblings = [...subnets(call).values()].filter((other) => other.vpcId === subnet.vpcId);
  const ipv6 = ipv6Cidr(call, needVpc(call, subnet.vpcId), siblings, input.Ipv6CidrBlock);
  subnets(call).put(subnet.subnetId, { ...subnet, ipv6 });
  return { SubnetId: subnet.subnetId, Ipv6CidrBlockAssociation: renderV6(ipv6, 'associating') };
}

export function disassociateSubnetCidrBlock(
  input: DisassociateSubnetCidrBlockRequest,
  call: Call,
): DisassociateSubnetCidrBlockResult {
  if (!input.AssociationId) throw missing('associationId');
  const subnet = [...subnets(call).values()].find((one) => one.ipv6?.associationId === input.AssociationId);
  if (!subnet?.ipv6) {
    throw new Fault(
      'InvalidSubnetCidrBlockAssociationID.NotFound',
      `The subnet CIDR block association ID '${input.AssociationId}' does not exist`,
    );
  }
  const range = rangeOf(subnet.ipv6.cidr, 'ipv6CidrBlock');
  const inUse = [...call.table<{ subnetId: string; ipv6: readonly string[] }>('ec2/network-interfaces').values()].some(
    (one) => one.subnetId === subnet.subnetId && one.ipv6.some((ip) => contains(range, rangeOf(`${ip}/128`, 'ipv6'))),
  );
  if (inUse) {
    throw new Fault('InvalidCidrBlock.InUse', `The CIDR '${subnet.ipv6.cidr}' is in use by a network interface`);
  }
  subnets(call).put(subnet.subnetId, { ...subnet, ipv6: undefined, assignIpv6AddressOnCreation: false });
  return { SubnetId: subnet.subnetId, Ipv6CidrBlockAssociation: renderV6(subnet.ipv6, 'disassociating') };
}

export function deleteSubnet(input: DeleteSubnetRequest, call: Call): object {
  const { subnetId } = needSubnet(call, input.SubnetId);
  if (subnetInUse(call, subnetId)) {
    throw dependencyViolation(`The subnet '${subnetId}' has dependencies and cannot be deleted.`);
  }
  subnets(call).delete(subnetId);
  forgetTags(call, subnetId);
  aclAssociations(call).delete(subnetId);
  for (const association of [...routeTableAssociations(call).values()]) {
    if (association.subnetId === subnetId) routeTableAssociations(call).delete(association.associationId);
  }
  return {};
}
