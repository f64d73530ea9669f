/** DescribeInstances: instances by reservation. */
import type {
  _InstanceType,
  DescribeInstancesRequest,
  DescribeInstancesResult,
  Instance,
  InstanceNetworkInterface,
  Reservation,
} from '@aws-sdk/client-ec2';
import type { Call, Scope } from '../service.ts';
import { publicDnsName } from './address-book.ts';
import { type FilterFields, select } from './describe.ts';
import { grouped } from './grouped.ts';
import { hostNameOf, stateOf } from './instance-lifecycle.ts';
import { type InstanceRecord, instances, needInstances, volumes } from './instance-state.ts';
import { instanceTypes } from './instance-types.ts';
import {
  type AssociationOf,
  associationByInterface,
  groupIdentifiers,
  publicIpOf,
  renderInterface,
} from './interface-view.ts';
import { zoneId } from './places.ts';
import { addresses, type InterfaceRecord, interfaces, securityGroups, vpcs } from './state.ts';
import { tagList, tags } from './tag-table.ts';

export function describeInstances(input: DescribeInstancesRequest, call: Call): DescribeInstancesResult {
  const associated = associationByInterface(call);
  if (input.InstanceIds?.length) needInstances(call, input.InstanceIds);
  const { records, NextToken } = select(call, input, {
    table: instances(call),
    id: (one) => one.instanceId,
    fields: fieldsOf(call, associated),
    ids: input.InstanceIds,
    need: (scope, id) => needInstances(scope, [id])[0] as InstanceRecord,
    pageSize: { min: 5, max: 1000 },
  });
  const reservations = [...grouped(records, (one) => one.reservationId).values()];
  const around = surroundings(call);
  return { Reservations: reservations.map((one) => renderReservation(call, one, associated, around)), NextToken };
}

export function renderReservation(
  scope: Scope,
  records: readonly InstanceRecord[],
  associated: AssociationOf = associationByInterface(scope),
  around = surroundings(scope),
): Reservation {
  const [first] = records;
  return {
    ReservationId: first?.reservationId,
    OwnerId: scope.account,
    ...(first?.requesterId ? { RequesterId: first.requesterId } : {}),
    Groups: [],
    Instances: records.map((one) => viewOf(scope, one, associated, around)),
  };
}

function primaryOf(scope: Scope, record: InstanceRecord): InterfaceRecord | undefined {
  return interfaces(scope).get(record.networkInterfaceIds[0] ?? '');
}

/** Only what is still attached: a terminated instance has no interface any more. */
function attachedTo(scope: Scope, record: InstanceRecord): InterfaceRecord[] {
  return record.networkInterfaceIds.flatMap((id) => {
    const one = interfaces(scope).get(id);
    return one?.attachment?.instanceId === record.instanceId ? [one] : [];
  });
}

/** Views that still hold: of this record, while the tables around it were as now. */
const views = new WeakMap<InstanceRecord, { readonly around: string; readonly view: Instance }>();

/** Changes with what an instance's view shows of other tables. */
function surroundings(scope: Scope): string {
  const around = [interfaces(scope), vpcs(scope), securityGroups(scope), volumes(scope), tags(scope), addresses(scope)];
  return around.map(({ version }) => version).join(' ');
}

function viewOf(scope: Scope, record: InstanceRecord, associated: AssociationOf, around: string): Instance {
  const known = views.get(record);
  if (known?.around === around) return known.view;
  const view = renderInstance(scope, record, associated);
  views.set(record, { around, view });
  return view;
}

function renderInstance(scope: Scope, record: InstanceRecord, associated: AssociationOf): Instance {
  const attached = attachedTo(scope, record);
  const [primary] = attached;
  const publicIp = primary && publicIpOf(primary, associated(primary.networkInterfaceId));
  const privateIp = primary?.privateIps[0];
  const named = vpcs(scope).get(record.vpcId)?.enableDnsHostnames;
  const { VCpuInfo } = instanceTypes.get(record.instanceType) ?? {};
  const { metadata, profile, stateReason } = record;
  const ended = record.state === 'terminated';
  return {
    InstanceId: record.instanceId,
    ImageId: record.imageId,
    InstanceType: record.instanceType as _InstanceType,
    Architecture: record.architecture,
    AmiLaunchIndex: record.launchIndex,
    ClientToken: record.clientToken,
    LaunchTime: new Date(record.launchedMs),
    State: stateOf(record.state),
    StateTransitionReason: record.transitionReason,
    ...(stateReason ? { StateReason: { Code: stateReason.code, Message: stateReason.message } } : {}),
    Placement: {
      AvailabilityZone: record.zone,
      AvailabilityZoneId: zoneId(record.zone),
      GroupName: '',
      Tenancy: record.tenancy === 'dedicated' ? 'dedicated' : 'default',
    },
    Monitoring: { State: record.detailedMonitoring ? 'enabled' : 'disabled' },
    ...(ended ? {} : { VpcId: record.vpcId, SubnetId: record.subnetId }),
    ...(privateIp ? { PrivateIpAddress: privateIp } : {}),
    PrivateDnsName: privateIp ? hostNameOf(scope, record, privateIp) : '',
    ...(publicIp ? { PublicIpAddress: publicIp } : {}),
    PublicDnsName: publicIp && named ? publicDnsName(scope.region, publicIp) : '',
    ...(primary?.ipv6[0] ? { Ipv6Address: primary.ipv6[0] } : {}),
    SecurityGroups: groupIdentifiers(scope, primary?.groupIds ?? []),
    SourceDestCheck: primary?.sourceDestCheck,
    NetworkInterfaces: attached.map((one) => renderAttached(scope, one, associated)),
    ...(profile ? { IamInstanceProfile: { Arn: profile.arn, Id: profile.id } } : {}),
    BlockDeviceMappings: ended ? [] : renderDevices(scope, record),
    RootDeviceName: record.rootDeviceName,
    RootDeviceType: 'ebs',
    EbsOptimized: record.ebsOptimized,
    EnaSupport: true,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: new Date(record.launchedMs),
    ProductCodes: [],
    CpuOptions: { CoreCount: VCpuInfo?.DefaultCores, ThreadsPerCore: VCpuInfo?.DefaultThreadsPerCore },
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    HibernationOptions: { Configured: false },
    EnclaveOptions: { Enabled: false },
    MaintenanceOptions: { AutoRecovery: record.autoRecovery === 'disabled' ? 'disabled' : 'default' },
    MetadataOptions: {
      State: 'applied',
      HttpTokens: metadata.httpTokens,
      HttpPutResponseHopLimit: metadata.hopLimit,
      HttpEndpoint: metadata.httpEndpoint,
      HttpProtocolIpv6: metadata.httpProtocolIpv6,
      InstanceMetadataTags: metadata.instanceTags,
    },
    PrivateDnsNameOptions: {
      HostnameType: record.privateDnsNameOptions.hostnameType === 'resource-name' ? 'resource-name' : 'ip-name',
      EnableResourceNameDnsARecord: record.privateDnsNameOptions.aRecord,
      EnableResourceNameDnsAAAARecord: record.privateDnsNameOptions.aaaaRecord,
    },
    Tags: tagList(scope, record.instanceId),
  };
}

function renderDevices(scope: Scope, record: InstanceRecord) {
  return record.volumeIds.flatMap((id) => {
    const volume = volumes(scope).get(id);
    if (!volume) return [];
    const AttachTime = new Date(volume.createdMs);
    const { deleteOnTermination: DeleteOnTermination, volumeId: VolumeId } = volume;
    return [
      { DeviceName: volume.device, Ebs: { AttachTime, DeleteOnTermination, Status: 'attached' as const, VolumeId } },
    ];
  });
}

/** An interface as part of an instance lacks what the instance says already. */
function renderAttached(scope: Scope, one: InterfaceRecord, associated: AssociationOf): InstanceNetworkInterface {
  const {
    AvailabilityZone: _,
    AvailabilityZoneId: __,
    RequesterId: ___,
    RequesterManaged: ____,
    TagSet: _____,
    Attachment,
    Ipv6Address: ______,
    ...rest
  } = renderInterface(scope, one, associated);
  return {
    ...rest,
    Attachment: {
      AttachTime: Attachment?.AttachTime,
      AttachmentId: Attachment?.AttachmentId,
      DeleteOnTermination: Attachment?.DeleteOnTermination,
      DeviceIndex: Attachment?.DeviceIndex,
      NetworkCardIndex: 0,
      Status: 'attached',
    },
  };
}

function fieldsOf(scope: Scope, associated: AssociationOf): FilterFields<InstanceRecord> {
  const primary = (one: InstanceRecord) => primaryOf(scope, one);
  const publicIp = (one: InstanceRecord) => {
    const found = primary(one);
    return found && publicIpOf(found, associated(found.networkInterfaceId));
  };
  const all = (one: InstanceRecord) => attachedTo(scope, one);
  const groups = (one: InstanceRecord) => groupIdentifiers(scope, primary(one)?.groupIds ?? []);
  return {
    affinity: () => undefined,
    architecture: (one) => one.architecture,
    'availability-zone': (one) => one.zone,
    'availability-zone-id': (one) => zoneId(one.zone),
    'block-device-mapping.device-name': (one) => one.volumeIds.map((id) => volumes(scope).get(id)?.device),
    'block-device-mapping.volume-id': (one) => one.volumeIds,
    'client-token': (one) => one.clientToken,
    'dns-name': (one) => {
      const ip = publicIp(one);
      return ip && vpcs(scope).get(one.vpcId)?.enableDnsHostnames ? publicDnsName(scope.region, ip) : undefined;
    },
    'iam-instance-profile.arn': (one) => one.profile?.arn,
    'iam-instance-profile.id': (one) => one.profile?.id,
    'image-id': (one) => one.imageId,
    'instance-id': (one) => one.instanceId,
    'instance-state-code': (one) => stateOf(one.state).Code,
    'instance-state-name': (one) => one.state,
    'instance-type': (one) => one.instanceType,
    'instance.group-id': (one) => groups(one).map((group) => group.GroupId),
    'instance.group-name': (one) => groups(one).map((group) => group.GroupName),
    'ip-address': publicIp,
    'ipv6-address': (one) => primary(one)?.ipv6,
    'launch-index': (one) => one.launchIndex,
    'launch-time': (one) => new Date(one.launchedMs).toISOString(),
    'metadata-options.http-endpoint': (one) => one.metadata.httpEndpoint,
    'metadata-options.http-tokens': (one) => one.metadata.httpTokens,
    'metadata-options.instance-metadata-tags': (one) => one.metadata.instanceTags,
    'monitoring-state': (one) => (one.detailedMonitoring ? 'enabled' : 'disabled'),
    'network-interface.addresses.private-ip-address': (one) => all(one).flatMap((eni) => eni.privateIps),
    'network-interface.group-id': (one) => all(one).flatMap((eni) => eni.groupIds),
    'network-interface.network-interface-id': (one) => all(one).map((eni) => eni.networkInterfaceId),
    'network-interface.subnet-id': (one) => all(one).map((eni) => eni.subnetId),
    'network-interface.vpc-id': (one) => all(one).map((eni) => eni.vpcId),
    'owner-id': () => scope.account,
    'private-dns-name': (one) => {
      const ip = primary(one)?.privateIps[0];
      return ip && hostNameOf(scope, one, ip);
    },
    'private-ip-address': (one) => primary(one)?.privateIps[0],
    'requester-id': (one) => one.requesterId,
    'reservation-id': (one) => one.reservationId,
    'root-device-name': (one) => one.rootDeviceName,
    'root-device-type': () => 'ebs',
    'source-dest-check': (one) => primary(one)?.sourceDestCheck,
    'state-reason-code': (one) => one.stateReason?.code,
    'subnet-id': (one) => (one.state === 'terminated' ? undefined : one.subnetId),
    tenancy: (one) => one.tenancy,
    'virtualization-type': () => 'hvm',
    'vpc-id': (one) => (one.state === 'terminated' ? undefined : one.vpcId),
  };
}
