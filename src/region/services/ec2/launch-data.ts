/**
 * What a launch asks for, from a launch template or the request itself: which members the model takes, and how a
 * request overrides a template. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
 */
import type { RequestLaunchTemplateData, RunInstancesRequest, TagSpecification } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import { invalidValue, notModelled, refuseMembers } from './faults.ts';

/** What templates and requests have in common; the template's shapes are those of requests under other names. */
export type LaunchData = Omit<RequestLaunchTemplateData, 'RamDiskId'> &
  Pick<RunInstancesRequest, 'SubnetId' | 'PrivateIpAddress' | 'Ipv6AddressCount' | 'Ipv6Addresses'>;

/** Refuses what the model cannot do, wherever it is said. */
export function refuseUnmodelled(data: LaunchData & { RamDiskId?: unknown; RamdiskId?: unknown }): void {
  refuseMembers(data, [
    'KernelId',
    'RamDiskId',
    'RamdiskId',
    'ElasticGpuSpecification',
    'ElasticGpuSpecifications',
    'ElasticInferenceAccelerators',
    'InstanceMarketOptions',
    'LicenseSpecifications',
    'InstanceRequirements',
    'NetworkPerformanceOptions',
    'SecondaryInterfaces',
    'EnablePrimaryIpv6',
    'AdditionalInfo',
    'Operator',
    'CpuOptions',
  ]);
  if (data.HibernationOptions?.Configured) throw notModelled('Hibernation');
  if (data.EnclaveOptions?.Enabled) throw notModelled('An enclave');
  if (data.CapacityReservationSpecification?.CapacityReservationTarget) throw notModelled('A capacity reservation');
  const { Placement } = data;
  if (Placement) {
    const { AvailabilityZone: _, Tenancy, ...rest } = Placement;
    refuseMembers(
      rest,
      Object.keys(rest).filter((name) => (rest as Record<string, unknown>)[name] !== ''),
    );
    if (Tenancy !== undefined && Tenancy !== 'default' && Tenancy !== 'dedicated')
      throw notModelled(`The tenancy ${Tenancy}`);
  }
  for (const one of data.NetworkInterfaces ?? []) {
    refuseMembers(one, [
      'AssociateCarrierIpAddress',
      'NetworkCardIndex',
      'Ipv4Prefixes',
      'Ipv4PrefixCount',
      'Ipv6Prefixes',
      'Ipv6PrefixCount',
      'PrimaryIpv6',
      'EnaSrdSpecification',
      'ConnectionTrackingSpecification',
      'EnaQueueCount',
    ]);
    if (one.InterfaceType !== undefined && one.InterfaceType !== 'interface') {
      throw notModelled(`The interface type ${one.InterfaceType}`);
    }
  }
}

/** Values that must be right already when a template is made. */
export function checkLaunchData(data: LaunchData): void {
  refuseUnmodelled(data);
  userDataOf(data.UserData);
  const { MetadataOptions: options } = data;
  const hops = options?.HttpPutResponseHopLimit;
  if (hops !== undefined && (hops < 1 || hops > 64)) {
    throw invalidValue(hops, 'HttpPutResponseHopLimit', 'It must be between 1 and 64.');
  }
  const behavior = data.InstanceInitiatedShutdownBehavior;
  if (behavior !== undefined && behavior !== 'stop' && behavior !== 'terminate') {
    throw invalidValue(behavior, 'instanceInitiatedShutdownBehavior', 'Valid values are stop, terminate.');
  }
}

const longestUserData = 16_384;

/** Decoded; EC2 wants base64 of at most 16 KiB. */
export function userDataOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const compact = text.replaceAll(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact)) {
    throw new Fault('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  }
  const bytes = Buffer.from(compact, 'base64');
  if (bytes.length > longestUserData) {
    throw new Fault('InvalidParameterValue', `User data is limited to ${longestUserData} bytes`);
  }
  return bytes.toString('utf8');
}

/** The request's members win; tags are united by key, metadata options member by member. */
export function mergeLaunch(template: LaunchData, request: LaunchData): LaunchData {
  const given = Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as LaunchData;
  return {
    ...template,
    ...given,
    MetadataOptions: { ...template.MetadataOptions, ...definedOf(request.MetadataOptions) },
    Placement: { ...template.Placement, ...definedOf(request.Placement) },
    TagSpecifications: mergeTags(template.TagSpecifications ?? [], request.TagSpecifications ?? []),
    BlockDeviceMappings: mergeDevices(template.BlockDeviceMappings ?? [], request.BlockDeviceMappings ?? []),
  };
}

function definedOf<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, one]) => one !== undefined)) as Partial<T>;
}

function mergeTags(
  template: readonly TagSpecification[],
  request: readonly TagSpecification[],
): { ResourceType: TagSpecification['ResourceType']; Tags: { Key?: string; Value?: string }[] }[] {
  const byType = new Map<TagSpecification['ResourceType'], Map<string, string>>();
  for (const { ResourceType, Tags = [] } of [...template, ...request]) {
    const tags = byType.get(ResourceType) ?? new Map<string, string>();
    byType.set(ResourceType, tags);
    for (const { Key = '', Value = '' } of Tags) tags.set(Key, Value);
  }
  return [...byType].map(([ResourceType, tags]) => ({
    ResourceType,
    Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
  }));
}

function mergeDevices<T extends { DeviceName?: string | undefined }>(
  template: readonly T[],
  request: readonly T[],
): T[] {
  const kept = template.filter((one) => !request.some((other) => other.DeviceName === one.DeviceName));
  return [...kept, ...request];
}
