/** How network interfaces look to clients. */
import type { NetworkInterface, NetworkInterfaceType } from '@aws-sdk/client-ec2';
import type { Scope } from '../service.ts';
import { privateDnsName, publicDnsName } from './address-book.ts';
import type { FilterFields } from './describe.ts';
import { zoneId } from './places.ts';
import { type AddressRecord, addresses, type InterfaceRecord, securityGroups, vpcs } from './state.ts';
import { tagList } from './tag-table.ts';

export type AssociationOf = (networkInterfaceId: string) => AddressRecord | undefined;

/** Elastic IP addresses by interface, made once for each call. */
export function associationByInterface(scope: Scope): AssociationOf {
  const byInterface = new Map<string, AddressRecord>();
  for (const address of addresses(scope).values()) {
    if (address.association) byInterface.set(address.association.networkInterfaceId, address);
  }
  return (id) => byInterface.get(id);
}

/** The public address of the primary private one: elastic, else assigned. */
export function publicIpOf(record: InterfaceRecord, elastic: AddressRecord | undefined): string | undefined {
  return elastic?.publicIp ?? record.autoPublicIp;
}

export function interfaceFields(scope: Scope, associated: AssociationOf): FilterFields<InterfaceRecord> {
  const elastic = (one: InterfaceRecord) => associated(one.networkInterfaceId);
  return {
    'addresses.association.public-ip': (one) => publicIpOf(one, elastic(one)),
    'addresses.primary': (one) => one.privateIps.map((_, index) => index === 0),
    'addresses.private-ip-address': (one) => one.privateIps,
    'association.allocation-id': (one) => elastic(one)?.allocationId,
    'association.association-id': (one) => elastic(one)?.association?.associationId,
    'association.public-ip': (one) => publicIpOf(one, elastic(one)),
    'attachment.attachment-id': (one) => one.attachment?.attachmentId,
    'attachment.delete-on-termination': (one) => one.attachment?.deleteOnTermination,
    'attachment.device-index': (one) => one.attachment?.deviceIndex,
    'attachment.instance-id': (one) => one.attachment?.instanceId,
    'attachment.instance-owner-id': (one) => one.attachment?.instanceOwnerId,
    'attachment.status': (one) => (one.attachment ? 'attached' : undefined),
    'availability-zone': (one) => one.zone,
    'availability-zone-id': (one) => zoneId(one.zone),
    description: (one) => one.description,
    'group-id': (one) => one.groupIds,
    'group-name': (one) => one.groupIds.map((id) => securityGroups(scope).get(id)?.groupName),
    'interface-type': (one) => one.interfaceType,
    'ipv6-addresses.ipv6-address': (one) => one.ipv6,
    'mac-address': (one) => one.macAddress,
    'network-interface-id': (one) => one.networkInterfaceId,
    'owner-id': () => scope.account,
    'private-dns-name': (one) => one.privateIps.map((ip) => privateDnsName(scope.region, ip)),
    'private-ip-address': (one) => one.privateIps,
    'requester-id': (one) => one.requesterId,
    'requester-managed': (one) => one.requesterId !== undefined,
    'source-dest-check': (one) => one.sourceDestCheck,
    status: (one) => (one.attachment ? 'in-use' : 'available'),
    'subnet-id': (one) => one.subnetId,
    'vpc-id': (one) => one.vpcId,
  };
}

export function renderInterface(
  scope: Scope,
  record: InterfaceRecord,
  associated: AssociationOf = associationByInterface(scope),
): NetworkInterface {
  const { attachment } = record;
  const association = associationView(scope, record, associated(record.networkInterfaceId));
  const [primary = ''] = record.privateIps;
  return {
    NetworkInterfaceId: record.networkInterfaceId,
    OwnerId: scope.account,
    VpcId: record.vpcId,
    SubnetId: record.subnetId,
    AvailabilityZone: record.zone,
    AvailabilityZoneId: zoneId(record.zone),
    Description: record.description,
    // On the wire it is `nat_gateway`; the SDK's enumeration says `natGateway`.
    InterfaceType: record.interfaceType as NetworkInterfaceType,
    MacAddress: record.macAddress,
    PrivateIpAddress: primary,
    PrivateDnsName: privateDnsName(scope.region, primary),
    PrivateIpAddresses: record.privateIps.map((ip, index) => ({
      Primary: index === 0,
      PrivateIpAddress: ip,
      PrivateDnsName: privateDnsName(scope.region, ip),
      ...(index === 0 && association ? { Association: association } : {}),
    })),
    ...(association ? { Association: association } : {}),
    Ipv6Addresses: record.ipv6.map((ip) => ({ Ipv6Address: ip, IsPrimaryIpv6: false })),
    ...(record.ipv6[0] ? { Ipv6Address: record.ipv6[0] } : {}),
    Groups: groupIdentifiers(scope, record.groupIds),
    SourceDestCheck: record.sourceDestCheck,
    RequesterId: record.requesterId,
    RequesterManaged: record.requesterId !== undefined,
    Status: attachment ? 'in-use' : 'available',
    ...(attachment
      ? {
          Attachment: {
            AttachmentId: attachment.attachmentId,
            AttachTime: new Date(attachment.attachedMs),
            DeleteOnTermination: attachment.deleteOnTermination,
            DeviceIndex: attachment.deviceIndex,
            NetworkCardIndex: 0,
            InstanceId: attachment.instanceId,
            InstanceOwnerId: attachment.instanceOwnerId,
            Status: 'attached' as const,
          },
        }
      : {}),
    TagSet: tagList(scope, record.networkInterfaceId),
  };
}

function associationView(scope: Scope, record: InterfaceRecord, elastic: AddressRecord | undefined) {
  const publicIp = publicIpOf(record, elastic);
  if (publicIp === undefined) return undefined;
  const named = vpcs(scope).get(record.vpcId)?.enableDnsHostnames;
  return {
    PublicIp: publicIp,
    PublicDnsName: named ? publicDnsName(scope.region, publicIp) : '',
    IpOwnerId: elastic && !elastic.managedBy ? scope.account : (record.requesterId ?? 'amazon'),
    ...(elastic && !elastic.managedBy
      ? { AllocationId: elastic.allocationId, AssociationId: elastic.association?.associationId }
      : {}),
  };
}

export function groupIdentifiers(scope: Scope, groupIds: readonly string[]) {
  return groupIds.map((GroupId) => ({ GroupId, GroupName: securityGroups(scope).get(GroupId)?.groupName }));
}
