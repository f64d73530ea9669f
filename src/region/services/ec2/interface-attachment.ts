/** Interfaces of instances, attached and detached, and the further addresses of an interface. */
import type {
  AssignIpv6AddressesRequest,
  AssignIpv6AddressesResult,
  AssignPrivateIpAddressesRequest,
  AssignPrivateIpAddressesResult,
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult,
  DescribeNetworkInterfaceAttributeRequest,
  DescribeNetworkInterfaceAttributeResult,
  DetachNetworkInterfaceRequest,
  UnassignIpv6AddressesRequest,
  UnassignIpv6AddressesResult,
  UnassignPrivateIpAddressesRequest,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { ipv6Address, privateAddress } from './address-book.ts';
import { invalidValue, missing, needInterface, needSubnet, refuseMembers } from './faults.ts';
import { instances, needInstance } from './instance-state.ts';
import { instanceTypes } from './instance-types.ts';
import { renderInterface } from './interface-view.ts';
import { type InterfaceRecord, interfaces } from './state.ts';

export function attachNetworkInterface(input: AttachNetworkInterfaceRequest, call: Call): AttachNetworkInterfaceResult {
  refuseMembers(input, ['NetworkCardIndex', 'EnaSrdSpecification', 'EnaQueueCount']);
  const record = needInterface(call, input.NetworkInterfaceId);
  const instance = needInstance(call, input.InstanceId);
  const { DeviceIndex: deviceIndex } = input;
  if (deviceIndex === undefined) throw missing('deviceIndex');
  if (record.attachment) {
    throw new Fault('InvalidNetworkInterface.InUse', `Interface: [${record.networkInterfaceId}] in use.`);
  }
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw new Fault('IncorrectInstanceState', `Instance '${instance.instanceId}' is not 'running' or 'stopped'.`);
  }
  if (record.zone !== instance.zone) {
    throw new Fault(
      'InvalidParameterCombination',
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  const taken = instance.networkInterfaceIds.map((id) => interfaces(call).get(id)?.attachment?.deviceIndex);
  if (taken.includes(deviceIndex)) {
    throw new Fault(
      'InvalidParameterValue',
      `Instance '${instance.instanceId}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  const most = instanceTypes.get(instance.instanceType)?.NetworkInfo?.MaximumNetworkInterfaces ?? 1;
  if (taken.length >= most) {
    throw new Fault(
      'AttachmentLimitExceeded',
      `Interface count ${taken.length + 1} exceeds the limit for ${instance.instanceType}`,
    );
  }
  const attachmentId = `eni-attach-${call.random.hex(17)}`;
  const { instanceId } = instance;
  interfaces(call).put(record.networkInterfaceId, {
    ...record,
    attachment: {
      attachmentId,
      deviceIndex,
      instanceId,
      instanceOwnerId: call.account,
      deleteOnTermination: false,
      attachedMs: call.clock.now(),
    },
  });
  const networkInterfaceIds = [...instance.networkInterfaceIds, record.networkInterfaceId];
  instances(call).put(instanceId, { ...instance, networkInterfaceIds });
  return { AttachmentId: attachmentId, NetworkCardIndex: 0 };
}

export function detachNetworkInterface(input: DetachNetworkInterfaceRequest, call: Call): object {
  if (!input.AttachmentId) throw missing('attachmentId');
  const record = [...interfaces(call).values()].find((one) => one.attachment?.attachmentId === input.AttachmentId);
  const attachment = record?.attachment;
  if (!record || !attachment) {
    throw new Fault(
      'InvalidAttachmentID.NotFound',
      `The network interface attachment '${input.AttachmentId}' does not exist.`,
    );
  }
  if (!attachment.instanceId) {
    throw new Fault('OperationNotPermitted', `You are not allowed to manage '${input.AttachmentId}' attachments.`, {
      status: 403,
    });
  }
  if (attachment.deviceIndex === 0) {
    throw new Fault('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  }
  interfaces(call).put(record.networkInterfaceId, { ...record, attachment: undefined });
  const instance = instances(call).get(attachment.instanceId);
  if (instance) {
    const networkInterfaceIds = instance.networkInterfaceIds.filter((id) => id !== record.networkInterfaceId);
    instances(call).put(instance.instanceId, { ...instance, networkInterfaceIds });
  }
  return {};
}

/** Puts one address after the other, so that none is given twice; all or none. */
function addAddresses(
  scope: Scope,
  record: InterfaceRecord,
  asked: readonly (string | undefined)[],
  add: (record: InterfaceRecord, asked: string | undefined) => InterfaceRecord,
): InterfaceRecord {
  let now = record;
  try {
    for (const one of asked) {
      now = add(now, one);
      interfaces(scope).put(now.networkInterfaceId, now);
    }
    return now;
  } catch (error) {
    interfaces(scope).put(record.networkInterfaceId, record);
    throw error;
  }
}

export function assignPrivateIpAddresses(
  input: AssignPrivateIpAddressesRequest,
  call: Call,
): AssignPrivateIpAddressesResult {
  refuseMembers(input, ['Ipv4Prefixes', 'Ipv4PrefixCount']);
  const record = needInterface(call, input.NetworkInterfaceId);
  const subnet = needSubnet(call, record.subnetId);
  const asked = input.PrivateIpAddresses?.length
    ? input.PrivateIpAddresses
    : Array.from({ length: input.SecondaryPrivateIpAddressCount ?? 0 }, () => undefined);
  if (asked.length === 0) throw missing('secondaryPrivateIpAddressCount');
  const now = addAddresses(call, record, asked, (one, ip) => ({
    ...one,
    privateIps: [...one.privateIps, privateAddress(call, subnet, ip)],
  }));
  return {
    NetworkInterfaceId: record.networkInterfaceId,
    AssignedPrivateIpAddresses: now.privateIps
      .slice(record.privateIps.length)
      .map((PrivateIpAddress) => ({ PrivateIpAddress })),
    AssignedIpv4Prefixes: [],
  };
}

export function unassignPrivateIpAddresses(input: UnassignPrivateIpAddressesRequest, call: Call): object {
  refuseMembers(input, ['Ipv4Prefixes']);
  const record = needInterface(call, input.NetworkInterfaceId);
  const gone = input.PrivateIpAddresses ?? [];
  for (const ip of gone) {
    if (record.privateIps.indexOf(ip) > 0) continue;
    throw new Fault(
      'InvalidParameterValue',
      `Some of the specified addresses are not assigned to interface ${record.networkInterfaceId}`,
    );
  }
  interfaces(call).put(record.networkInterfaceId, {
    ...record,
    privateIps: record.privateIps.filter((ip) => !gone.includes(ip)),
  });
  return {};
}

export function assignIpv6Addresses(input: AssignIpv6AddressesRequest, call: Call): AssignIpv6AddressesResult {
  refuseMembers(input, ['Ipv6Prefixes', 'Ipv6PrefixCount']);
  const record = needInterface(call, input.NetworkInterfaceId);
  const subnet = needSubnet(call, record.subnetId);
  const asked = input.Ipv6Addresses?.length
    ? input.Ipv6Addresses
    : Array.from({ length: input.Ipv6AddressCount ?? 0 }, () => undefined);
  if (asked.length === 0) throw missing('ipv6AddressCount');
  const now = addAddresses(call, record, asked, (one, ip) => ({
    ...one,
    ipv6: [...one.ipv6, ipv6Address(call, subnet, ip)],
  }));
  return {
    NetworkInterfaceId: record.networkInterfaceId,
    AssignedIpv6Addresses: now.ipv6.slice(record.ipv6.length),
    AssignedIpv6Prefixes: [],
  };
}

export function unassignIpv6Addresses(input: UnassignIpv6AddressesRequest, call: Call): UnassignIpv6AddressesResult {
  refuseMembers(input, ['Ipv6Prefixes']);
  const record = needInterface(call, input.NetworkInterfaceId);
  const gone = input.Ipv6Addresses ?? [];
  for (const ip of gone) {
    if (record.ipv6.includes(ip)) continue;
    throw new Fault(
      'InvalidParameterValue',
      `Some of the specified addresses are not assigned to interface ${record.networkInterfaceId}`,
    );
  }
  interfaces(call).put(record.networkInterfaceId, { ...record, ipv6: record.ipv6.filter((ip) => !gone.includes(ip)) });
  return {
    NetworkInterfaceId: record.networkInterfaceId,
    UnassignedIpv6Addresses: [...gone],
    UnassignedIpv6Prefixes: [],
  };
}

export function describeNetworkInterfaceAttribute(
  input: DescribeNetworkInterfaceAttributeRequest,
  call: Call,
): DescribeNetworkInterfaceAttributeResult {
  const record = needInterface(call, input.NetworkInterfaceId);
  const { Attachment, Groups } = renderInterface(call, record);
  const answer = { NetworkInterfaceId: record.networkInterfaceId };
  switch (input.Attribute) {
    case 'description':
      return { ...answer, Description: { Value: record.description } };
    case 'groupSet':
      return { ...answer, Groups };
    case 'sourceDestCheck':
      return { ...answer, SourceDestCheck: { Value: record.sourceDestCheck } };
    case 'attachment':
      return { ...answer, ...(Attachment ? { Attachment } : {}) };
    case undefined:
      throw missing('attribute');
    default:
      throw invalidValue(input.Attribute, 'attribute', 'Orrery does not model this attribute.');
  }
}
