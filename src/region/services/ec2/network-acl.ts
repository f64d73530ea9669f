/** Network ACLs and which subnets they filter. Every subnet has exactly one at any time. */
import type {
  CreateNetworkAclRequest,
  CreateNetworkAclResult,
  DeleteNetworkAclRequest,
  DescribeNetworkAclsRequest,
  DescribeNetworkAclsResult,
  NetworkAcl,
  NetworkAclEntry,
  ReplaceNetworkAclAssociationRequest,
  ReplaceNetworkAclAssociationResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { dependencyViolation, missing, needNetworkAcl, needSubnet, needVpc } from './faults.ts';
import { grouped } from './grouped.ts';
import { once } from './idempotency.ts';
import { limits } from './limits.ts';
import {
  type AclAssociationRecord,
  type AclEntryRecord,
  aclAssociations,
  type NetworkAclRecord,
  networkAcls,
  vpcs,
} from './state.ts';
import { forgetTags, putTags, specifiedTags, tagList } from './tag-table.ts';

/** A new ACL denies everything, in both directions. */
export function createNetworkAcl(input: CreateNetworkAclRequest, call: Call): CreateNetworkAclResult {
  const { vpcId } = needVpc(call, input.VpcId);
  const given = specifiedTags(call, input.TagSpecifications, 'network-acl');
  const [id] = once(
    call,
    input,
    (one) => networkAcls(call).has(one),
    () => {
      if ([...networkAcls(call).values()].filter((acl) => acl.vpcId === vpcId).length >= limits.aclsPerVpc) {
        throw new Fault('NetworkAclLimitExceeded', 'The maximum number of network ACLs has been reached.');
      }
      const networkAclId = `acl-${call.random.hex(17)}`;
      networkAcls(call).put(networkAclId, { networkAclId, vpcId, isDefault: false, entries: [] });
      putTags(call, networkAclId, 'network-acl', given);
      return [networkAclId];
    },
  );
  return { NetworkAcl: render(call, needNetworkAcl(call, id)), ClientToken: input.ClientToken };
}

function associationsOf(scope: Scope): (networkAclId: string) => readonly AclAssociationRecord[] {
  const byAcl = grouped(aclAssociations(scope).values(), (one) => one.networkAclId);
  return (id) => byAcl.get(id) ?? [];
}

function fieldsOf(scope: Scope): FilterFields<NetworkAclRecord> {
  const associations = associationsOf(scope);
  const entries = (acl: NetworkAclRecord) => renderEntries(scope, acl);
  return {
    'association.association-id': (acl) => associations(acl.networkAclId).map((one) => one.associationId),
    'association.network-acl-id': (acl) => associations(acl.networkAclId).map((one) => one.networkAclId),
    'association.subnet-id': (acl) => associations(acl.networkAclId).map((one) => one.subnetId),
    default: (acl) => acl.isDefault,
    'entry.cidr': (acl) => entries(acl).map((entry) => entry.CidrBlock),
    'entry.egress': (acl) => entries(acl).map((entry) => entry.Egress),
    'entry.icmp.code': (acl) => entries(acl).map((entry) => entry.IcmpTypeCode?.Code),
    'entry.icmp.type': (acl) => entries(acl).map((entry) => entry.IcmpTypeCode?.Type),
    'entry.ipv6-cidr': (acl) => entries(acl).map((entry) => entry.Ipv6CidrBlock),
    'entry.port-range.from': (acl) => entries(acl).map((entry) => entry.PortRange?.From),
    'entry.port-range.to': (acl) => entries(acl).map((entry) => entry.PortRange?.To),
    'entry.protocol': (acl) => entries(acl).map((entry) => entry.Protocol),
    'entry.rule-action': (acl) => entries(acl).map((entry) => entry.RuleAction),
    'entry.rule-number': (acl) => entries(acl).map((entry) => entry.RuleNumber),
    'network-acl-id': (acl) => acl.networkAclId,
    'owner-id': () => scope.account,
    'vpc-id': (acl) => acl.vpcId,
  };
}

export function describeNetworkAcls(input: DescribeNetworkAclsRequest, call: Call): DescribeNetworkAclsResult {
  const { records, NextToken } = select(call, input, {
    table: networkAcls(call),
    id: (acl) => acl.networkAclId,
    fields: fieldsOf(call),
    ids: input.NetworkAclIds,
    need: needNetworkAcl,
    pageSize: { min: 5, max: 1000 },
  });
  return { NetworkAcls: records.map((acl) => render(call, acl)), NextToken };
}

function render(scope: Scope, acl: NetworkAclRecord): NetworkAcl {
  return {
    NetworkAclId: acl.networkAclId,
    VpcId: acl.vpcId,
    OwnerId: scope.account,
    IsDefault: acl.isDefault,
    Associations: associationsOf(scope)(acl.networkAclId).map((one) => ({
      NetworkAclAssociationId: one.associationId,
      NetworkAclId: one.networkAclId,
      SubnetId: one.subnetId,
    })),
    Entries: renderEntries(scope, acl),
    Tags: tagList(scope, acl.networkAclId),
  };
}

/** Egress first, each by number, the final denies among them, as EC2 lists them. */
function renderEntries(scope: Scope, acl: NetworkAclRecord): NetworkAclEntry[] {
  const v6 = (vpcs(scope).get(acl.vpcId)?.ipv6Cidrs.length ?? 0) > 0 || acl.entries.some((entry) => entry.ipv6Cidr);
  return [true, false].flatMap((egress) => {
    const listed = acl.entries.filter((entry) => entry.egress === egress).sort((a, b) => a.number - b.number);
    const deny: AclEntryRecord = { number: 32_767, egress, action: 'deny', protocol: -1, cidr: '0.0.0.0/0' };
    const deny6: AclEntryRecord = { number: 32_768, egress, action: 'deny', protocol: -1, ipv6Cidr: '::/0' };
    return [...listed, deny, ...(v6 ? [deny6] : [])].map(renderEntry);
  });
}

function renderEntry(entry: AclEntryRecord): NetworkAclEntry {
  return {
    RuleNumber: entry.number,
    Egress: entry.egress,
    RuleAction: entry.action,
    Protocol: String(entry.protocol),
    ...(entry.cidr ? { CidrBlock: entry.cidr } : {}),
    ...(entry.ipv6Cidr ? { Ipv6CidrBlock: entry.ipv6Cidr } : {}),
    ...(entry.ports ? { PortRange: { From: entry.ports.from, To: entry.ports.to } } : {}),
    ...(entry.icmp ? { IcmpTypeCode: { Type: entry.icmp.type, Code: entry.icmp.code } } : {}),
  };
}

export function replaceNetworkAclAssociation(
  input: ReplaceNetworkAclAssociationRequest,
  call: Call,
): ReplaceNetworkAclAssociationResult {
  if (!input.AssociationId) throw missing('associationId');
  const acl = needNetworkAcl(call, input.NetworkAclId);
  const association = [...aclAssociations(call).values()].find((one) => one.associationId === input.AssociationId);
  if (!association) {
    throw new Fault('InvalidAssociationID.NotFound', `The association ID '${input.AssociationId}' does not exist`);
  }
  const subnet = needSubnet(call, association.subnetId);
  if (subnet.vpcId !== acl.vpcId) {
    throw new Fault(
      'InvalidParameterValue',
      `network acl ${acl.networkAclId} and subnet ${subnet.subnetId} belong to different networks`,
    );
  }
  const associationId = `aclassoc-${call.random.hex(17)}`;
  aclAssociations(call).put(subnet.subnetId, {
    associationId,
    networkAclId: acl.networkAclId,
    subnetId: subnet.subnetId,
  });
  return { NewAssociationId: associationId };
}

export function deleteNetworkAcl(input: DeleteNetworkAclRequest, call: Call): object {
  const acl = needNetworkAcl(call, input.NetworkAclId);
  if (acl.isDefault) {
    throw new Fault('InvalidParameterValue', `The default network ACL '${acl.networkAclId}' cannot be deleted.`);
  }
  if (associationsOf(call)(acl.networkAclId).length > 0) {
    throw dependencyViolation(`The networkAcl '${acl.networkAclId}' has dependencies and cannot be deleted.`);
  }
  networkAcls(call).delete(acl.networkAclId);
  forgetTags(call, acl.networkAclId);
  return {};
}
