/** VPCs. Each is made with its main route table, default network ACL and default security group, and ends with them. */
import type {
  AssociateVpcCidrBlockRequest,
  AssociateVpcCidrBlockResult,
  CreateVpcRequest,
  CreateVpcResult,
  DeleteVpcRequest,
  DescribeVpcAttributeRequest,
  DescribeVpcAttributeResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  DisassociateVpcCidrBlockRequest,
  DisassociateVpcCidrBlockResult,
  ModifyVpcAttributeRequest,
  Vpc,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { contains, overlaps, rangeOf, v4RangeOf } from './cidr.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, invalidValue, missing, needVpc, notModelled, refuseMembers } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import {
  type CidrAssociation,
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

function vpcCidr(text: string): string {
  const range = v4RangeOf(text, 'cidrBlock');
  if (range.bits < 16 || range.bits > 28) throw new Fault('InvalidVpc.Range', `The CIDR '${text}' is invalid.`);
  return range.text;
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

/** A /56 of Amazon's own, unused by the region's other VPCs. */
function amazonIpv6(call: Call): CidrAssociation {
  const used = new Set([...vpcs(call).values()].flatMap((vpc) => vpc.ipv6Cidrs.map((one) => one.cidr)));
  for (;;) {
    const digits = call.random.hex(6);
    const cidr = rangeOf(`2600:1f18:${digits.slice(0, 4)}:${digits.slice(4)}00::/56`, 'ipv6CidrBlock').text;
    if (!used.has(cidr)) return { associationId: `vpc-cidr-assoc-${call.random.hex(17)}`, cidr };
  }
}

/**
 * With its first IPv6 range a VPC's default ACL gets rule 101 for `::/0`, and groups that allow all IPv4 egress the same
 * for IPv6: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
 */
function openForIpv6(call: Call, vpcId: string): void {
  for (const acl of networkAcls(call).values()) {
    if (acl.vpcId !== vpcId || !acl.isDefault) continue;
    const added = [true, false]
      .filter((egress) => !acl.entries.some((entry) => entry.number === 101 && entry.egress === egress))
      .map((egress) => ({ number: 101, egress, action: 'allow', protocol: -1, ipv6Cidr: '::/0' }) as const);
    networkAcls(call).put(acl.networkAclId, { ...acl, entries: [...acl.entries, ...added] });
  }
  for (const group of [...securityGroups(call).values()]) {
    const untouched = group.rules
      .filter((rule) => rule.egress)
      .every((rule) => rule.protocol === '-1' && rule.cidr === '0.0.0.0/0');
    if (group.vpcId !== vpcId || !untouched || !group.rules.some((rule) => rule.egress)) continue;
    const rule = { ruleId: `sgr-${call.random.hex(17)}`, egress: true, protocol: '-1', ipv6Cidr: '::/0' };
    securityGroups(call).put(group.groupId, { ...group, rules: [...group.rules, rule] });
  }
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

type State = 'associated' | 'associating' | 'disassociating';

function renderV4(one: CidrAssociation, state: State) {
  return {
    AssociationId: one.associationId,
    CidrBlock: one.cidr,
    CidrBlockState: { State: state },
  };
}

function renderV6(scope: Scope, one: CidrAssociation, state: State) {
  return {
    AssociationId: one.associationId,
    Ipv6CidrBlock: one.cidr,
    Ipv6CidrBlockState: { State: state },
    NetworkBorderGroup: scope.region,
    Ipv6Pool: 'Amazon',
    Ipv6AddressAttribute: 'public' as const,
    IpSource: 'amazon' as const,
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

const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((text) => rangeOf(text, 'cidrBlock'));

export function associateVpcCidrBlock(
  input: AssociateVpcCidrBlockRequest & Repeatable,
  call: Call,
): AssociateVpcCidrBlockResult {
  refuseMembers(input, [
    'Ipv4IpamPoolId',
    'Ipv4NetmaskLength',
    'Ipv6IpamPoolId',
    'Ipv6NetmaskLength',
    'Ipv6Pool',
    'Ipv6CidrBlock',
  ]);
  const { vpcId } = needVpc(call, input.VpcId);
  const byId = (id: string | undefined) => {
    const { cidrs, ipv6Cidrs } = needVpc(call, vpcId);
    return [...cidrs, ...ipv6Cidrs].find((one) => one.associationId === id);
  };
  const [id] = once(
    call,
    input,
    (one) => byId(one) !== undefined,
    () => [
      input.AmazonProvidedIpv6CidrBlock ? addAmazonIpv6(call, vpcId, input) : addV4Cidr(call, vpcId, input.CidrBlock),
    ],
  );
  const association = byId(id);
  if (!association) throw new Error(`${vpcId} lost its association ${id}`);
  return input.AmazonProvidedIpv6CidrBlock
    ? { VpcId: vpcId, Ipv6CidrBlockAssociation: renderV6(call, association, 'associating') }
    : { VpcId: vpcId, CidrBlockAssociation: renderV4(association, 'associating') };
}

function addAmazonIpv6(call: Call, vpcId: string, input: AssociateVpcCidrBlockRequest): string {
  const vpc = needVpc(call, vpcId);
  if (input.Ipv6CidrBlockNetworkBorderGroup && input.Ipv6CidrBlockNetworkBorderGroup !== call.region) {
    throw notModelled(`The network border group ${input.Ipv6CidrBlockNetworkBorderGroup}`);
  }
  if (vpc.ipv6Cidrs.length >= limits.ipv6CidrsPerVpc) {
    throw new Fault('CidrLimitExceeded', `The limit on the number of IPv6 CIDR blocks for VPC '${vpcId}' was reached`);
  }
  const association = amazonIpv6(call);
  vpcs(call).put(vpcId, { ...vpc, ipv6Cidrs: [...vpc.ipv6Cidrs, association] });
  if (vpc.ipv6Cidrs.length === 0) openForIpv6(call, vpcId);
  return association.associationId;
}

function addV4Cidr(call: Call, vpcId: string, text: string | undefined): string {
  if (!text) throw missing('cidrBlock');
  const vpc = needVpc(call, vpcId);
  const cidr = vpcCidr(text);
  const range = rangeOf(cidr, 'cidrBlock');
  if (vpc.cidrs.length >= limits.cidrsPerVpc) {
    throw new Fault(
      'CidrLimitExceeded',
      `This network '${vpcId}' has met its maximum number of allowed CIDRs: ${limits.cidrsPerVpc}`,
    );
  }
  const ranges = vpc.cidrs.map((one) => rangeOf(one.cidr, 'cidrBlock'));
  if (ranges.some((other) => overlaps(other, range))) {
    throw new Fault('CidrConflict', `The CIDR '${cidr}' conflicts with another range associated with the VPC`);
  }
  // https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
  const blockOf = (one: typeof range) => privateBlocks.findIndex((block) => contains(block, one));
  const primary = ranges[0];
  if (primary && blockOf(range) >= 0 && blockOf(primary) >= 0 && blockOf(range) !== blockOf(primary)) {
    throw new Fault(
      'InvalidVpc.Range',
      `The CIDR '${cidr}' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html`,
    );
  }
  const association = { associationId: `vpc-cidr-assoc-${call.random.hex(17)}`, cidr };
  vpcs(call).put(vpcId, { ...vpc, cidrs: [...vpc.cidrs, association] });
  return association.associationId;
}

export function disassociateVpcCidrBlock(
  input: DisassociateVpcCidrBlockRequest,
  call: Call,
): DisassociateVpcCidrBlockResult {
  if (!input.AssociationId) throw missing('associationId');
  for (const vpc of vpcs(call).values()) {
    const [primary, ...further] = vpc.cidrs;
    if (primary?.associationId === input.AssociationId) {
      throw new Fault(
        'OperationNotPermitted',
        `The vpc CIDR block with association ID ${input.AssociationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
      );
    }
    const inUse = (cidr: string) =>
      [...subnets(call).values()].some(
        (subnet) =>
          subnet.vpcId === vpc.vpcId &&
          [subnet.cidr, subnet.ipv6?.cidr].some(
            (one) => one !== undefined && contains(rangeOf(cidr, 'cidrBlock'), rangeOf(one, 'cidrBlock')),
          ),
      );
    const found = [...further, ...vpc.ipv6Cidrs].find((one) => one.associationId === input.AssociationId);
    if (!found) continue;
    if (inUse(found.cidr)) {
      throw new Fault(
        'InvalidCidrBlock.InUse',
        `The vpc ${vpc.vpcId} currently has a subnet within CIDR block ${found.cidr}`,
      );
    }
    const keep = (one: CidrAssociation) => one.associationId !== found.associationId;
    vpcs(call).put(vpc.vpcId, { ...vpc, cidrs: vpc.cidrs.filter(keep), ipv6Cidrs: vpc.ipv6Cidrs.filter(keep) });
    return found.cidr.includes(':')
      ? { VpcId: vpc.vpcId, Ipv6CidrBlockAssociation: renderV6(call, found, 'disassociating') }
      : { VpcId: vpc.vpcId, CidrBlockAssociation: renderV4(found, 'disassociating') };
  }
  throw new Fault(
    'InvalidVpcCidrBlockAssociationIdError.NotFound',
    `The vpc CIDR block association ID '${input.AssociationId}' does not exist`,
  );
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
