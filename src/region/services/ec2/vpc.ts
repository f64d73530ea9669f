/** VPCs. Each is made with its main route table, default network ACL and default security group, and ends with them. */
import type {
  CreateVpcRequest,
  CreateVpcResult,
  DeleteVpcRequest,
  DescribeVpcAttributeRequest,
  DescribeVpcAttributeResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  ModifyVpcAttributeRequest,
  Vpc,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, invalidValue, missing, needVpc, refuseMembers } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import {
  egressOnlyGateways,
  endpoints,
  interfaces,
  internetGateways,
  natGateways,
  networkAcls,
  routeTableAssociations,
  routeTables,
  securityGroups,
  subnets,
  type VpcRecord,
  vpcs,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';
import { amazonIpv6, openForIpv6, renderV4, renderV6, vpcCidr } from './vpc-cidr.ts';

export function createVpc(input: CreateVpcRequest & Repeatable, call: Call): CreateVpcResult {
  refuseMembers(input, [
    'Ipv4IpamPoolId',
    'Ipv4NetmaskLength',
    'Ipv6IpamPoolId',
    'Ipv6NetmaskLength',
    'Ipv6Pool',
    'Ipv6CidrBlock',
    'VpcEncryptionControl',
  ]);
  if (!input.CidrBlock) throw missing('cidrBlock');
  const cidr = vpcCidr(input.CidrBlock);
  const tenancy = tenancyOf(input.InstanceTenancy);
  const given = specifiedTags(call, input.TagSpecifications, 'vpc');
  const ipv6 = input.AmazonProvidedIpv6CidrBlock === true;
  const [id] = once(
    call,
    input,
    (one) => vpcs(call).has(one),
    () => {
      const vpc = makeVpc(call, { cidr, tenancy, isDefault: false, ipv6 });
      putTags(call, vpc.vpcId, 'vpc', given);
      return [vpc.vpcId];
    },
  );
  return { Vpc: renderVpc(call, needVpc(call, id)) };
}

function tenancyOf(asked: string | undefined): VpcRecord['tenancy'] {
  if (asked === undefined || asked === 'default') return 'default';
  if (asked === 'dedicated') return 'dedicated';
  throw invalidValue(asked, 'instanceTenancy', 'Valid values are default, dedicated.');
}

export function makeVpc(
  call: Call,
  wanted: { cidr: string; tenancy: VpcRecord['tenancy']; isDefault: boolean; ipv6: boolean },
): VpcRecord {
  if (vpcs(call).size >= limits.vpcs) {
    throw new Fault('VpcLimitExceeded', 'The maximum number of VPCs has been reached.');
  }
  const { random } = call;
  const vpc: VpcRecord = {
    vpcId: `vpc-${random.hex(17)}`,
    cidrs: [{ associationId: `vpc-cidr-assoc-${random.hex(17)}`, cidr: wanted.cidr }],
    ipv6Cidrs: wanted.ipv6 ? [amazonIpv6(call)] : [],
    tenancy: wanted.tenancy,
    isDefault: wanted.isDefault,
    enableDnsSupport: true,
    // Only the default VPC gives names to its public addresses.
    enableDnsHostnames: wanted.isDefault,
    enableNetworkAddressUsageMetrics: false,
  };
  vpcs(call).put(vpc.vpcId, vpc);
  makeParts(call, vpc.vpcId);
  if (wanted.ipv6) openForIpv6(call, vpc.vpcId);
  return vpc;
}

function makeParts(call: Call, vpcId: string): void {
  const { random } = call;
  const routeTableId = `rtb-${random.hex(17)}`;
  routeTables(call).put(routeTableId, { routeTableId, vpcId, routes: [] });
  const associationId = `rtbassoc-${random.hex(17)}`;
  routeTableAssociations(call).put(associationId, { associationId, routeTableId, vpcId, main: true });
  const networkAclId = `acl-${random.hex(17)}`;
  const all = { number: 100, action: 'allow', protocol: -1, cidr: '0.0.0.0/0' } as const;
  networkAcls(call).put(networkAclId, {
    networkAclId,
    vpcId,
    isDefault: true,
    entries: [
      { ...all, egress: true },
      { ...all, egress: false },
    ],
  });
  const groupId = `sg-${random.hex(17)}`;
  securityGroups(call).put(groupId, {
    groupId,
    groupName: 'default',
    description: 'default VPC security group',
    vpcId,
    rules: [
      { ruleId: `sgr-${random.hex(17)}`, egress: false, protocol: '-1', groupId },
      { ruleId: `sgr-${random.hex(17)}`, egress: true, protocol: '-1', cidr: '0.0.0.0/0' },
    ],
  });
}

const fields: FilterFields<VpcRecord> = {
  cidr: (vpc) => vpc.cidrs[0]?.cidr,
  cidrBlock: (vpc) => vpc.cidrs[0]?.cidr,
  'cidr-block-association.cidr-block': (vpc) => vpc.cidrs.map((one) => one.cidr),
  'cidr-block-association.association-id': (vpc) => vpc.cidrs.map((one) => one.associationId),
  'cidr-block-association.state': () => 'associated',
  'dhcp-options-id': () => 'default',
  'ipv6-cidr-block-association.ipv6-cidr-block': (vpc) => vpc.ipv6Cidrs.map((one) => one.cidr),
  'ipv6-cidr-block-association.ipv6-pool': (vpc) => vpc.ipv6Cidrs.map(() => 'Amazon'),
  'ipv6-cidr-block-association.association-id': (vpc) => vpc.ipv6Cidrs.map((one) => one.associationId),
  'ipv6-cidr-block-association.state': (vpc) => vpc.ipv6Cidrs.map(() => 'associated'),
  'is-default': (vpc) => vpc.isDefault,
  isDefault: (vpc) => vpc.isDefault,
  state: () => 'available',
  'vpc-id': (vpc) => vpc.vpcId,
};

export function describeVpcs(input: DescribeVpcsRequest, call: Call): DescribeVpcsResult {
  const ownerId = () => call.account;
  const { records, NextToken } = select(call, input, {
    table: vpcs(call),
    id: (vpc) => vpc.vpcId,
    fields: { ...fields, 'owner-id': ownerId },
    ids: input.VpcIds,
    need: needVpc,
    pageSize: { min: 5, max: 1000 },
  });
  return { Vpcs: records.map((vpc) => renderVpc(call, vpc)), NextToken };
}

export function renderVpc(scope: Scope, vpc: VpcRecord): Vpc {
  return {
    VpcId: vpc.vpcId,
    OwnerId: scope.account,
    State: 'available',
    CidrBlock: vpc.cidrs[0]?.cidr,
    CidrBlockAssociationSet: vpc.cidrs.map((one) => renderV4(one, 'associated')),
    Ipv6CidrBlockAssociationSet: vpc.ipv6Cidrs.map((one) => renderV6(scope, one, 'associated')),
    DhcpOptionsId: 'default',
    InstanceTenancy: vpc.tenancy,
    IsDefault: vpc.isDefault,
    BlockPublicAccessStates: { InternetGatewayBlockMode: 'off' },
    Tags: tagList(scope, vpc.vpcId),
  };
}

/** One attribute a call, as EC2 demands. */
export function modifyVpcAttribute(input: ModifyVpcAttributeRequest, call: Call): object {
  const vpc = needVpc(call, input.VpcId);
  const given = [input.EnableDnsHostnames, input.EnableDnsSupport, input.EnableNetworkAddressUsageMetrics].filter(
    (value) => value?.Value !== undefined,
  );
  if (given.length === 0) throw missing('attribute');
  if (given.length > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified: only one is allowed',
    );
  }
  vpcs(call).put(vpc.vpcId, {
    ...vpc,
    enableDnsSupport: input.EnableDnsSupport?.Value ?? vpc.enableDnsSupport,
    enableDnsHostnames: input.EnableDnsHostnames?.Value ?? vpc.enableDnsHostnames,
    enableNetworkAddressUsageMetrics:
      input.EnableNetworkAddressUsageMetrics?.Value ?? vpc.enableNetworkAddressUsageMetrics,
  });
  return {};
}

export function describeVpcAttribute(input: DescribeVpcAttributeRequest, call: Call): DescribeVpcAttributeResult {
  const vpc = needVpc(call, input.VpcId);
  switch (input.Attribute) {
    case 'enableDnsSupport':
      return { VpcId: vpc.vpcId, EnableDnsSupport: { Value: vpc.enableDnsSupport } };
    case 'enableDnsHostnames':
      return { VpcId: vpc.vpcId, EnableDnsHostnames: { Value: vpc.enableDnsHostnames } };
    case 'enableNetworkAddressUsageMetrics':
      return { VpcId: vpc.vpcId, EnableNetworkAddressUsageMetrics: { Value: vpc.enableNetworkAddressUsageMetrics } };
    case undefined:
      throw missing('attribute');
    default:
      throw invalidValue(input.Attribute, 'attribute', 'Unknown attribute.');
  }
}

export function deleteVpc(input: DeleteVpcRequest, call: Call): object {
  const { vpcId } = needVpc(call, input.VpcId);
  const mine = <T extends { vpcId?: string | undefined }>(records: Iterable<T>) =>
    [...records].filter((record) => record.vpcId === vpcId);
  const main = mine(routeTableAssociations(call).values()).find((association) => association.main);
  const tables = mine(routeTables(call).values());
  const acls = mine(networkAcls(call).values());
  const groups = mine(securityGroups(call).values());
  const busy =
    mine(subnets(call).values()).length > 0 ||
    mine(internetGateways(call).values()).length > 0 ||
    mine(egressOnlyGateways(call).values()).length > 0 ||
    mine(endpoints(call).values()).length > 0 ||
    mine(interfaces(call).values()).length > 0 ||
    mine(natGateways(call).values()).some((nat) => nat.state !== 'deleted' && nat.state !== 'failed') ||
    tables.some((table) => table.routeTableId !== main?.routeTableId) ||
    acls.some((acl) => !acl.isDefault) ||
    groups.some((group) => group.groupName !== 'default') ||
    groups.some((group) => referencedElsewhere(call, group.groupId, vpcId));
  if (busy) throw dependencyViolation(`The vpc '${vpcId}' has dependencies and cannot be deleted.`);
  for (const { routeTableId } of tables) {
    routeTables(call).delete(routeTableId);
    forgetTags(call, routeTableId);
  }
  if (main) routeTableAssociations(call).delete(main.associationId);
  for (const { networkAclId } of acls) {
    networkAcls(call).delete(networkAclId);
    forgetTags(call, networkAclId);
  }
  for (const { groupId } of groups) {
    securityGroups(call).delete(groupId);
    forgetTags(call, groupId);
  }
  vpcs(call).delete(vpcId);
  forgetTags(call, vpcId);
  return {};
}

function referencedElsewhere(scope: Scope, groupId: string, vpcId: string): boolean {
  for (const group of securityGroups(scope).values()) {
    if (group.vpcId !== vpcId && group.rules.some((rule) => rule.groupId === groupId)) return true;
  }
  return false;
}
