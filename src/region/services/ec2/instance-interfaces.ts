/** Which interfaces an instance gets: the request's, or one in its subnet. */
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { invalidValue, missing, needInterface, needSecurityGroup, needSubnet } from './faults.ts';
import type { LaunchData } from './launch-data.ts';
import {
  checkedGroups,
  defaultGroup,
  type InterfaceWish,
  makeInterface,
  removeInterface,
} from './network-interface.ts';
import { interfaces, type SubnetRecord, securityGroups, subnets, vpcs } from './state.ts';
import type { StoredTag } from './tag-table.ts';

type Wish = Omit<InterfaceWish, 'attachment' | 'tags'> & {
  readonly deviceIndex: number;
  readonly deleteOnTermination: boolean;
};

export interface InterfacePlan {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly zone: string;
  /** An interface that is there already, as the primary one. */
  readonly existing?: { readonly networkInterfaceId: string; readonly deleteOnTermination: boolean };
  /** The primary one first. */
  readonly wishes: readonly Wish[];
  readonly publicIp: boolean;
}

export function checkInterfaces(call: Call, data: LaunchData, count: number): InterfacePlan {
  const specified = [...(data.NetworkInterfaces ?? [])].sort((a, b) => (a.DeviceIndex ?? 0) - (b.DeviceIndex ?? 0));
  if (specified.length === 0) return plainPlan(call, data);
  // Auto Scaling chooses the subnet for a template that has interfaces; nobody else may say both.
  const chosen = call.caller.kind === 'service' ? data.SubnetId : undefined;
  if (data.SubnetId && !chosen) {
    throw new Fault(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID may not be specified on the same request',
    );
  }
  if (data.SecurityGroupIds?.length || data.SecurityGroups?.length) {
    throw new Fault(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level security groups may not be specified on the same request',
    );
  }
  const indexes = specified.map((one) => one.DeviceIndex ?? 0);
  if (indexes[0] !== 0 || new Set(indexes).size !== indexes.length) {
    throw new Fault('InvalidParameterValue', 'Network interfaces must be specified with unique device indexes from 0.');
  }
  const [first] = specified;
  if (first?.NetworkInterfaceId) return existingPlan(call, first, specified.length, count);
  const wishes = specified.map((one): Wish => {
    const subnet = needSubnet(call, one.SubnetId ?? chosen ?? defaultSubnet(call, data)?.subnetId);
    const asked = one.PrivateIpAddresses ?? [];
    return {
      ...wishOf(call, subnet, {
        groupIds: one.Groups?.length ? one.Groups : undefined,
        privateIp: one.PrivateIpAddress ?? asked.find((ip) => ip.Primary)?.PrivateIpAddress,
        ipv6: (one.Ipv6Addresses ?? []).flatMap((ip) => ip.Ipv6Address ?? []),
        ipv6Count: one.Ipv6AddressCount,
      }),
      description: one.Description ?? '',
      secondaryPrivateIps: asked.filter((ip) => !ip.Primary).flatMap((ip) => ip.PrivateIpAddress ?? []),
      secondaryCount: one.SecondaryPrivateIpAddressCount ?? 0,
      publicIp: (one.DeviceIndex ?? 0) === 0 && (one.AssociatePublicIpAddress ?? subnet.mapPublicIpOnLaunch),
      deviceIndex: one.DeviceIndex ?? 0,
      deleteOnTermination: one.DeleteOnTermination ?? true,
    };
  });
  refuseFixedAddresses(wishes, count);
  return planOf(wishes);
}

function planOf(wishes: readonly Wish[]): InterfacePlan {
  const [first] = wishes;
  if (!first) throw missing('NetworkInterface');
  const { vpcId, subnetId, zone } = first.subnet;
  for (const { subnet } of wishes) {
    if (subnet.zone === zone) continue;
    throw new Fault('InvalidParameterCombination', 'All network interfaces must be in the same availability zone');
  }
  return { vpcId, subnetId, zone, wishes, publicIp: first.publicIp === true };
}

function plainPlan(call: Call, data: LaunchData): InterfacePlan {
  const subnet = data.SubnetId ? needSubnet(call, data.SubnetId) : defaultSubnet(call, data);
  if (!subnet) throw missing('SubnetId');
  const named = (data.SecurityGroups ?? []).map((name) => groupByName(call, subnet, name));
  const groupIds = [...(data.SecurityGroupIds ?? []), ...named];
  const zone = data.Placement?.AvailabilityZone;
  if (zone && zone !== subnet.zone) {
    throw new Fault(
      'InvalidParameterValue',
      `The subnet ID '${subnet.subnetId}' is in the availability zone ${subnet.zone}, not in ${zone}`,
    );
  }
  const wish: Wish = {
    ...wishOf(call, subnet, {
      groupIds: groupIds.length > 0 ? groupIds : undefined,
      privateIp: data.PrivateIpAddress,
      ipv6: (data.Ipv6Addresses ?? []).flatMap((ip) => ip.Ipv6Address ?? []),
      ipv6Count: data.Ipv6AddressCount,
    }),
    publicIp: subnet.mapPublicIpOnLaunch,
    deviceIndex: 0,
    deleteOnTermination: true,
  };
  return planOf([wish]);
}

function wishOf(
  call: Call,
  subnet: SubnetRecord,
  asked: {
    groupIds: readonly string[] | undefined;
    privateIp: string | undefined;
    ipv6: readonly string[];
    ipv6Count: number | undefined;
  },
) {
  const groupIds = asked.groupIds ?? [defaultGroup(call, subnet.vpcId)];
  for (const id of groupIds) needSecurityGroup(call, id);
  const automatic = subnet.assignIpv6AddressOnCreation && asked.ipv6.length === 0 ? 1 : 0;
  return {
    subnet,
    groupIds: checkedGroups(call, subnet, groupIds),
    privateIp: asked.privateIp,
    ipv6: asked.ipv6,
    ipv6Count: asked.ipv6Count ?? automatic,
  };
}

function refuseFixedAddresses(wishes: readonly Wish[], count: number): void {
  if (count === 1) return;
  if (wishes.every((wish) => wish.privateIp === undefined && !wish.ipv6?.length)) return;
  throw new Fault('InvalidParameterCombination', 'A fixed address cannot be given to more than one instance');
}

function existingPlan(
  call: Call,
  one: NonNullable<LaunchData['NetworkInterfaces']>[number],
  specified: number,
  count: number,
): InterfacePlan {
  if (specified > 1 || count > 1) {
    throw new Fault(
      'InvalidParameterCombination',
      'An existing network interface can be given to a single instance, alone',
    );
  }
  const record = needInterface(call, one.NetworkInterfaceId);
  if (record.attachment) {
    throw new Fault('InvalidNetworkInterface.InUse', `Interface: [${record.networkInterfaceId}] in use.`);
  }
  const { vpcId, subnetId, zone, networkInterfaceId } = record;
  const deleteOnTermination = one.DeleteOnTermination ?? false;
  return { vpcId, subnetId, zone, existing: { networkInterfaceId, deleteOnTermination }, wishes: [], publicIp: false };
}

/** Of the default VPC, in the wanted zone or the first that there is. */
function defaultSubnet(call: Call, data: LaunchData): SubnetRecord | undefined {
  const vpc = [...vpcs(call).values()].find((one) => one.isDefault);
  if (!vpc) {
    throw new Fault(
      'VPCIdNotSpecified',
      'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
    );
  }
  const zone = data.Placement?.AvailabilityZone;
  const found = [...subnets(call).values()].find(
    (subnet) => subnet.vpcId === vpc.vpcId && subnet.defaultForAz && (!zone || subnet.zone === zone),
  );
  if (found) return found;
  throw new Fault('MissingInput', `No subnets found for the default VPC '${vpc.vpcId}'. Please specify a subnet.`);
}

function groupByName(call: Call, subnet: SubnetRecord, name: string): string {
  if (!vpcs(call).get(subnet.vpcId)?.isDefault) {
    throw invalidValue(name, 'groupName', 'The parameter groupName cannot be used with the parameter subnet');
  }
  for (const group of securityGroups(call).values()) {
    if (group.vpcId === subnet.vpcId && group.groupName === name) return group.groupId;
  }
  throw new Fault(
    'InvalidGroup.NotFound',
    `The security group '${name}' does not exist in default VPC '${subnet.vpcId}'`,
  );
}

/** Makes the interfaces, or none of them. */
export function attachInterfaces(
  scope: Scope,
  instanceId: string,
  plan: InterfacePlan,
  tags: readonly StoredTag[],
): readonly string[] {
  const attachment = (deviceIndex: number, deleteOnTermination: boolean) => ({
    attachmentId: `eni-attach-${scope.random.hex(17)}`,
    deviceIndex,
    instanceId,
    instanceOwnerId: scope.account,
    deleteOnTermination,
    attachedMs: scope.clock.now(),
  });
  if (plan.existing) {
    const { networkInterfaceId, deleteOnTermination } = plan.existing;
    const record = needInterface(scope, networkInterfaceId);
    interfaces(scope).put(networkInterfaceId, { ...record, attachment: attachment(0, deleteOnTermination) });
    return [networkInterfaceId];
  }
  const made: string[] = [];
  try {
    for (const { deviceIndex, deleteOnTermination, ...wish } of plan.wishes) {
      const record = makeInterface(scope, { ...wish, attachment: attachment(deviceIndex, deleteOnTermination), tags });
      made.push(record.networkInterfaceId);
    }
    return made;
  } catch (error) {
    for (const id of made) removeInterface(scope, id);
    throw error;
  }
}
