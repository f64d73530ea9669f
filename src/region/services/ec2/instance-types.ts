/** The catalogue of common instance types: what they have, and where they are offered (everywhere in the model). */
import type {
  _InstanceType,
  DescribeInstanceTypeOfferingsRequest,
  DescribeInstanceTypeOfferingsResult,
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult,
  InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import { architectureOf, instanceTypeSize } from '../../machines/instance-types.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { invalidValue } from './faults.ts';
import { zoneId } from './places.ts';

const burstable = ['nano', 'micro', 'small', 'medium', 'large', 'xlarge', '2xlarge'];
const fifth = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge'];
const sixth = [...fifth, '32xlarge'];
const seventh = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge', '24xlarge', '48xlarge'];
const amdSeventh = ['medium', ...sixth, '48xlarge'];
const graviton = ['medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'];

const families: Readonly<Record<string, readonly string[]>> = {
  t2: burstable,
  t3: burstable,
  t3a: burstable,
  t4g: burstable,
  c5: ['large', 'xlarge', '2xlarge', '4xlarge', '9xlarge', '12xlarge', '18xlarge', '24xlarge'],
  m5: fifth,
  r5: fifth,
  m5a: fifth,
  c6i: sixth,
  m6i: sixth,
  r6i: sixth,
  c6a: [...sixth, '48xlarge'],
  m6a: [...sixth, '48xlarge'],
  c6g: graviton,
  m6g: graviton,
  r6g: graviton,
  c7i: seventh,
  m7i: seventh,
  r7i: seventh,
  c7a: amdSeventh,
  m7a: amdSeventh,
  r7a: amdSeventh,
  c7g: graviton,
  m7g: graviton,
  r7g: graviton,
  c8g: [...graviton, '24xlarge', '48xlarge'],
  m8g: [...graviton, '24xlarge', '48xlarge'],
  r8g: [...graviton, '24xlarge', '48xlarge'],
};

/** The architecture of a known type, or the fault that RunInstances gives. */
export function needInstanceType(name: string): 'arm64' | 'x86_64' {
  if (!instanceTypes.has(name)) {
    throw new Fault('InvalidParameterValue', `Invalid value '${name}' for InstanceType.`);
  }
  return architectureOf(name);
}

function infoOf(family: string, size: string): InstanceTypeInfo {
  const name = `${family}.${size}`;
  const { vcpus, memoryMiB } = instanceTypeSize(name) ?? { vcpus: 0, memoryMiB: 0 };
  const arm = architectureOf(name) === 'arm64';
  const t = family.startsWith('t');
  // One thread a core on Graviton and on the AMD types of the seventh generation.
  const threads = arm || family.endsWith('7a') || vcpus === 1 ? 1 : 2;
  const nitro = family !== 't2';
  return {
    InstanceType: name as _InstanceType,
    CurrentGeneration: true,
    FreeTierEligible: ['t2.micro', 't3.micro', 't3.small', 't4g.micro', 't4g.small'].includes(name),
    SupportedUsageClasses: ['on-demand', 'spot'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: nitro ? 'nitro' : 'xen',
    ProcessorInfo: {
      SupportedArchitectures: [arm ? 'arm64' : 'x86_64'],
      Manufacturer: arm ? 'AWS' : family.includes('a') ? 'AMD' : 'Intel',
    },
    VCpuInfo: { DefaultVCpus: vcpus, DefaultCores: vcpus / threads, DefaultThreadsPerCore: threads },
    MemoryInfo: { SizeInMiB: memoryMiB },
    InstanceStorageSupported: false,
    EbsInfo: {
      EbsOptimizedSupport: nitro ? 'default' : 'unsupported',
      EncryptionSupport: 'supported',
      NvmeSupport: nitro ? 'required' : 'unsupported',
    },
    NetworkInfo: networkOf(family, size),
    BurstablePerformanceSupported: t,
    HibernationSupported: false,
    DedicatedHostsSupported: !t || family === 't3',
    AutoRecoverySupported: true,
    SupportedBootModes: arm ? ['uefi'] : ['legacy-bios', 'uefi'],
  };
}

/** Interfaces and addresses for each, by size: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html */
const interfacesBySize: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 2],
  micro: [2, 2],
  small: [3, 4],
  medium: [2, 4],
  large: [3, 10],
  xlarge: [4, 15],
  '2xlarge': [4, 15],
  '4xlarge': [8, 30],
  '8xlarge': [8, 30],
  '9xlarge': [8, 30],
  '12xlarge': [8, 30],
};

const gigabitsBySize: Readonly<Record<string, readonly [fifth: string, later: string]>> = {
  '8xlarge': ['10 Gigabit', '12.5 Gigabit'],
  '9xlarge': ['12 Gigabit', '12 Gigabit'],
  '12xlarge': ['12 Gigabit', '18.75 Gigabit'],
  '16xlarge': ['20 Gigabit', '25 Gigabit'],
  '18xlarge': ['25 Gigabit', '25 Gigabit'],
  '24xlarge': ['25 Gigabit', '37.5 Gigabit'],
  '32xlarge': ['50 Gigabit', '50 Gigabit'],
  '48xlarge': ['50 Gigabit', '50 Gigabit'],
};

function networkOf(family: string, size: string): NonNullable<InstanceTypeInfo['NetworkInfo']> {
  const t = family.startsWith('t');
  const [nics, addresses] = t && size === 'medium' ? [3, 6] : (interfacesBySize[size] ?? [15, 50]);
  const old = family.includes('5');
  const performance = t
    ? family === 't2'
      ? 'Low to Moderate'
      : 'Up to 5 Gigabit'
    : (gigabitsBySize[size]?.[old ? 0 : 1] ?? (old ? 'Up to 10 Gigabit' : 'Up to 12.5 Gigabit'));
  return {
    NetworkPerformance: performance,
    MaximumNetworkInterfaces: nics,
    MaximumNetworkCards: 1,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [{ NetworkCardIndex: 0, NetworkPerformance: performance, MaximumNetworkInterfaces: nics }],
    Ipv4AddressesPerInterface: addresses,
    Ipv6AddressesPerInterface: addresses,
    Ipv6Supported: true,
    EnaSupport: family === 't2' ? 'unsupported' : 'required',
    EfaSupported: false,
    EncryptionInTransitSupported: /^[cmr][67]/.test(family),
  };
}

export const instanceTypes: ReadonlyMap<string, InstanceTypeInfo> = new Map(
  Object.entries(families).flatMap(([family, sizes]) =>
    sizes.map((size) => [`${family}.${size}`, infoOf(family, size)]),
  ),
);

const fields: FilterFields<InstanceTypeInfo> = {
  'auto-recovery-supported': (one) => one.AutoRecoverySupported,
  'bare-metal': (one) => one.BareMetal,
  'burstable-performance-supported': (one) => one.BurstablePerformanceSupported,
  'current-generation': (one) => one.CurrentGeneration,
  'free-tier-eligible': (one) => one.FreeTierEligible,
  'hibernation-supported': (one) => one.HibernationSupported,
  hypervisor: (one) => one.Hypervisor,
  'instance-storage-supported': (one) => one.InstanceStorageSupported,
  'instance-type': (one) => one.InstanceType,
  'memory-info.size-in-mib': (one) => one.MemoryInfo?.SizeInMiB,
  'network-info.maximum-network-interfaces': (one) => one.NetworkInfo?.MaximumNetworkInterfaces,
  'network-info.network-performance': (one) => one.NetworkInfo?.NetworkPerformance,
  'processor-info.supported-architecture': (one) => one.ProcessorInfo?.SupportedArchitectures,
  'supported-usage-class': (one) => one.SupportedUsageClasses,
  'vcpu-info.default-cores': (one) => one.VCpuInfo?.DefaultCores,
  'vcpu-info.default-vcpus': (one) => one.VCpuInfo?.DefaultVCpus,
};

export function describeInstanceTypes(input: DescribeInstanceTypesRequest, call: Call): DescribeInstanceTypesResult {
  const unknown = (input.InstanceTypes ?? []).filter((name) => !instanceTypes.has(name));
  if (unknown.length > 0) {
    throw new Fault(
      'InvalidInstanceType',
      `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
    );
  }
  const asked = input.InstanceTypes?.length
    ? input.InstanceTypes.flatMap((name) => instanceTypes.get(name) ?? [])
    : [...instanceTypes.values()];
  const { records, NextToken } = select(call, input, {
    table: asked,
    id: (one) => one.InstanceType ?? '',
    fields,
    pageSize: { min: 5, max: 100 },
  });
  return { InstanceTypes: [...records], NextToken };
}

interface Offering {
  readonly type: string;
  readonly location: string;
}

export function describeInstanceTypeOfferings(
  input: DescribeInstanceTypeOfferingsRequest,
  call: Call,
): DescribeInstanceTypeOfferingsResult {
  const LocationType = input.LocationType ?? 'region';
  const locations =
    LocationType === 'region'
      ? [call.region]
      : LocationType === 'availability-zone'
        ? call.zones
        : LocationType === 'availability-zone-id'
          ? call.zones.map(zoneId)
          : undefined;
  if (!locations) throw invalidValue(LocationType, 'locationType', 'Orrery models regions and zones.');
  const all: Offering[] = locations.flatMap((location) =>
    [...instanceTypes.keys()].map((type) => ({ type, location })),
  );
  const { records, NextToken } = select(call, input, {
    table: all,
    id: (one) => `${one.location} ${one.type}`,
    fields: { 'instance-type': (one) => one.type, location: (one) => one.location },
    pageSize: { min: 5, max: 1000 },
  });
  return {
    InstanceTypeOfferings: records.map((one) => ({
      InstanceType: one.type as _InstanceType,
      LocationType,
      Location: one.location,
    })),
    NextToken,
  };
}
