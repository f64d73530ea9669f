/** The ranges of a VPC: IPv4 ones it chooses, IPv6 ones that Amazon gives. */
import type {
  AssociateVpcCidrBlockRequest,
  AssociateVpcCidrBlockResult,
  DisassociateVpcCidrBlockRequest,
  DisassociateVpcCidrBlockResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { contains, overlaps, rangeOf, v4RangeOf } from './cidr.ts';
import { missing, needVpc, notModelled, refuseMembers } from './faults.ts';
import { once, type Repeatable } from './idempotency.ts';
import { limits } from './limits.ts';
import { type CidrAssociation, networkAcls, securityGroups, subnets, vpcs } from './state.ts';

export function vpcCidr(text: string): string {
  const range = v4RangeOf(text, 'cidrBlock');
  if (range.bits < 16 || range.bits > 28) throw new Fault('InvalidVpc.Range', `The CIDR '${text}' is invalid.`);
  return range.text;
}

/** A /56 of Amazon's own, unused by the region's other VPCs. */
export function amazonIpv6(call: Call): CidrAssociation {
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
export function openForIpv6(call: Call, vpcId: string): void {
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

type State = 'associated' | 'associating' | 'disassociating';

export function renderV4(one: CidrAssociation, state: State) {
  return {
    AssociationId: one.associationId,
    CidrBlock: one.cidr,
    CidrBlockState: { State: state },
  };
}

export function renderV6(scope: Scope, one: CidrAssociation, state: State) {
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
