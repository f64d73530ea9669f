/**
 * Network interfaces. Users make their own; instances, NAT gateways and endpoints get theirs here, and load balancers
 * ask for theirs through CreateNetworkInterface as a service ("requester-managed").
 */
import type {
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult,
  DeleteNetworkInterfaceRequest,
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  ModifyNetworkInterfaceAttributeRequest,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { ipv6Address, privateAddress, publicAddress } from './address-book.ts';
import { select } from './describe.ts';
import { invalidValue, missing, needInterface, needSecurityGroup, needSubnet, refuseMembers } from './faults.ts';
import { once } from './idempotency.ts';
import { associationByInterface, interfaceFields, renderInterface } from './interface-view.ts';
import { limits } from './limits.ts';
import { addresses, type InterfaceRecord, interfaces, type SubnetRecord, securityGroups } from './state.ts';
import { forgetTags, putTags, type StoredTag, specifiedTags } from './tag-table.ts';

export interface InterfaceWish {
  readonly subnet: SubnetRecord;
  readonly description?: string;
  readonly interfaceType?: InterfaceRecord['interfaceType'];
  /** Undefined: the VPC's default group. */
  readonly groupIds?: readonly string[] | undefined;
  readonly privateIp?: string | undefined;
  readonly secondaryPrivateIps?: readonly string[];
  readonly secondaryCount?: number;
  readonly ipv6?: readonly string[];
  readonly ipv6Count?: number;
  readonly publicIp?: boolean;
  readonly sourceDestCheck?: boolean;
  readonly requesterId?: string | undefined;
  readonly owner?: string | undefined;
  readonly ownerLogicalId?: string | undefined;
  readonly attachment?: InterfaceRecord['attachment'];
  readonly tags?: readonly StoredTag[];
}

/** Makes an interface with the lowest free address of its subnet. */
export function makeInterface(scope: Scope, wish: InterfaceWish): InterfaceRecord {
  const { subnet } = wish;
  const groupIds = wish.groupIds ? checkedGroups(scope, subnet, wish.groupIds) : [defaultGroup(scope, subnet.vpcId)];
  const networkInterfaceId = `eni-${scope.random.hex(17)}`;
  const first: InterfaceRecord = {
    networkInterfaceId,
    vpcId: subnet.vpcId,
    subnetId: subnet.subnetId,
    zone: subnet.zone,
    description: wish.description ?? '',
    interfaceType: wish.interfaceType ?? 'interface',
    macAddress: macAddress(scope),
    privateIps: [privateAddress(scope, subnet, wish.privateIp)],
    ipv6: [],
    groupIds,
    sourceDestCheck: wish.sourceDestCheck ?? true,
    autoPublicIp: wish.publicIp ? publicAddress(scope) : undefined,
    requesterId: wish.requesterId,
    owner: wish.owner,
    ownerLogicalId: wish.ownerLogicalId,
    attachment: wish.attachment,
  };
  interfaces(scope).put(networkInterfaceId, first);
  try {
    // Each further address is put before the next is sought, so that none is given twice.
    let record = first;
    const addPrivate = (asked?: string) => {
      record = { ...record, privateIps: [...record.privateIps, privateAddress(scope, subnet, asked)] };
      interfaces(scope).put(networkInterfaceId, record);
    };
    const addIpv6 = (asked?: string) => {
      record = { ...record, ipv6: [...record.ipv6, ipv6Address(scope, subnet, asked)] };
      interfaces(scope).put(networkInterfaceId, record);
    };
    for (const asked of wish.secondaryPrivateIps ?? []) addPrivate(asked);
    for (let n = 0; n < (wish.secondaryCount ?? 0); n++) addPrivate();
    for (const asked of wish.ipv6 ?? []) addIpv6(asked);
    for (let n = 0; n < (wish.ipv6Count ?? 0); n++) addIpv6();
    putTags(scope, networkInterfaceId, 'network-interface', wish.tags ?? []);
    return record;
  } catch (error) {
    interfaces(scope).delete(networkInterfaceId);
    throw error;
  }
}

export function removeInterface(scope: Scope, networkInterfaceId: string): void {
  interfaces(scope).delete(networkInterfaceId);
  forgetTags(scope, networkInterfaceId);
  for (const address of [...addresses(scope).values()]) {
    if (address.association?.networkInterfaceId !== networkInterfaceId) continue;
    addresses(scope).put(address.allocationId, { ...address, association: undefined });
  }
}

/** Locally administered. */
function macAddress(scope: Scope): string {
  return ['02', ...Array.from({ length: 5 }, () => scope.random.hex(2))].join(':');
}

export function defaultGroup(scope: Scope, vpcId: string): string {
  for (const group of securityGroups(scope).values()) {
    if (group.vpcId === vpcId && group.groupName === 'default') return group.groupId;
  }
  throw new Error(`${vpcId} has no default security group`);
}

export function checkedGroups(scope: Scope, subnet: SubnetRecord, groupIds: readonly string[]): readonly string[] {
  const unique = [...new Set(groupIds)];
  if (unique.length > limits.groupsPerInterface) {
    throw new Fault(
      'SecurityGroupsPerInterfaceLimitExceeded',
      'The maximum number of security groups per interface has been reached.',
    );
  }
  for (const id of unique) {
    if (needSecurityGroup(scope, id).vpcId === subnet.vpcId) continue;
    throw new Fault(
      'InvalidParameter',
      `Security group ${id} and subnet ${subnet.subnetId} belong to different networks.`,
    );
  }
  return unique;
}

/** How EC2 names the services that hold interfaces in an account's VPCs. */
const requesters: Readonly<Record<string, string>> = {
  'elasticloadbalancing.amazonaws.com': 'amazon-elb',
};

/** For services. These are no members of the public API, so no client can send them. */
export interface RequesterManagedMembers {
  /** An address of Amazon's pool, as an internet-facing load balancer's nodes have. */
  readonly AssociatePublicIpAddress?: boolean;
  /** How the template names the owner: what verdicts call it. */
  readonly OwnerLogicalId?: string | undefined;
}

export function createNetworkInterface(
  input: CreateNetworkInterfaceRequest & RequesterManagedMembers,
  call: Call,
): CreateNetworkInterfaceResult {
  refuseMembers(input, [
    'Ipv4Prefixes',
    'Ipv4PrefixCount',
    'Ipv6Prefixes',
    'Ipv6PrefixCount',
    'ConnectionTrackingSpecification',
    'EnablePrimaryIpv6',
  ]);
  const subnet = needSubnet(call, input.SubnetId);
  const requesterId =
    call.caller.kind === 'service' ? (requesters[call.caller.service] ?? call.caller.service) : undefined;
  const interfaceType: string = input.InterfaceType ?? 'interface';
  const allowed = requesterId ? ['interface', 'network_load_balancer'] : ['interface'];
  if (!allowed.includes(interfaceType)) {
    throw invalidValue(interfaceType, 'interfaceType', 'Orrery models the type interface only.');
  }
  const tags = specifiedTags(call, input.TagSpecifications, 'network-interface');
  const asked = input.PrivateIpAddresses ?? [];
  const primary = input.PrivateIpAddress ?? asked.find((one) => one.Primary)?.PrivateIpAddress;
  const secondary = asked.filter((one) => !one.Primary).flatMap((one) => one.PrivateIpAddress ?? []);
  const [id] = once(
    call,
    input,
    (one) => interfaces(call).has(one),
    () => {
      const made = makeInterface(call, {
        subnet,
        description: input.Description ?? '',
        interfaceType: interfaceType as InterfaceRecord['interfaceType'],
        // A Network Load Balancer may have no group at all.
        groupIds: input.Groups?.length || interfaceType === 'network_load_balancer' ? (input.Groups ?? []) : undefined,
        privateIp: primary,
        secondaryPrivateIps: secondary,
        secondaryCount: input.SecondaryPrivateIpAddressCount ?? 0,
        ipv6: (input.Ipv6Addresses ?? []).flatMap((one) => one.Ipv6Address ?? []),
        ipv6Count:
          input.Ipv6AddressCount ?? (subnet.assignIpv6AddressOnCreation && !input.Ipv6Addresses?.length ? 1 : 0),
        publicIp: requesterId !== undefined && input.AssociatePublicIpAddress === true,
        requesterId,
        owner: requesterId ? balancerArn(call, input.Description ?? '') : undefined,
        ownerLogicalId: requesterId && input.OwnerLogicalId,
        attachment: requesterId ? requesterAttachment(call, requesterId) : undefined,
        tags,
      });
      return [made.networkInterfaceId];
    },
  );
  return { NetworkInterface: renderInterface(call, needInterface(call, id)), ClientToken: input.ClientToken };
}

export function requesterAttachment(scope: Scope, requesterId: string): NonNullable<InterfaceRecord['attachment']> {
  return {
    attachmentId: `ela-attach-${scope.random.hex(17)}`,
    deviceIndex: 1,
    instanceOwnerId: requesterId,
    deleteOnTermination: false,
    attachedMs: scope.clock.now(),
  };
}

/** ELB describes its interfaces as `ELB app/name/id`. */
function balancerArn(scope: Scope, description: string): string | undefined {
  const [, path] = /^ELB ((app|net)\/.+)$/.exec(description) ?? [];
  return path ? `arn:aws:elasticloadbalancing:${scope.region}:${scope.account}:loadbalancer/${path}` : undefined;
}

export function describeNetworkInterfaces(
  input: DescribeNetworkInterfacesRequest,
  call: Call,
): DescribeNetworkInterfacesResult {
  const associated = associationByInterface(call);
  const { records, NextToken } = select(call, input, {
    table: interfaces(call),
    id: (one) => one.networkInterfaceId,
    fields: interfaceFields(call, associated),
    ids: input.NetworkInterfaceIds,
    need: needInterface,
    pageSize: { min: 5, max: 1000 },
  });
  return { NetworkInterfaces: records.map((one) => renderInterface(call, one, associated)), NextToken };
}

export function modifyNetworkInterfaceAttribute(input: ModifyNetworkInterfaceAttributeRequest, call: Call): object {
  refuseMembers(input, [
    'EnaSrdSpecification',
    'EnablePrimaryIpv6',
    'ConnectionTrackingSpecification',
    'AssociatePublicIpAddress',
    'AssociatedSubnetIds',
  ]);
  const record = needInterface(call, input.NetworkInterfaceId);
  refuseRequesterManaged(call, record);
  const given = [input.Description, input.SourceDestCheck, input.Groups, input.Attachment].filter(
    (value) => value !== undefined,
  );
  if (given.length === 0) throw missing('attribute');
  if (given.length > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified: only one is allowed',
    );
  }
  const { attachment } = record;
  if (input.Attachment && (!attachment || attachment.attachmentId !== input.Attachment.AttachmentId)) {
    throw new Fault(
      'InvalidAttachmentID.NotFound',
      `The network interface attachment '${input.Attachment.AttachmentId ?? ''}' does not exist`,
    );
  }
  interfaces(call).put(record.networkInterfaceId, {
    ...record,
    description: input.Description?.Value ?? record.description,
    sourceDestCheck: input.SourceDestCheck?.Value ?? record.sourceDestCheck,
    groupIds: input.Groups ? checkedGroups(call, needSubnet(call, record.subnetId), input.Groups) : record.groupIds,
    attachment:
      attachment && input.Attachment
        ? { ...attachment, deleteOnTermination: input.Attachment.DeleteOnTermination ?? attachment.deleteOnTermination }
        : attachment,
  });
  return {};
}

function refuseRequesterManaged(call: Call, record: InterfaceRecord): void {
  if (!record.requesterId || call.caller.kind === 'service') return;
  throw new Fault(
    'OperationNotPermitted',
    `You are not allowed to manage '${record.attachment?.attachmentId ?? record.networkInterfaceId}' attachments.`,
    { status: 403 },
  );
}

export function deleteNetworkInterface(input: DeleteNetworkInterfaceRequest, call: Call): object {
  const record = needInterface(call, input.NetworkInterfaceId);
  const byItsService = record.requesterId !== undefined && call.caller.kind === 'service';
  if (record.attachment && !byItsService) {
    throw new Fault('InvalidParameterValue', `Network interface '${record.networkInterfaceId}' is currently in use.`);
  }
  removeInterface(call, record.networkInterfaceId);
  return {};
}
