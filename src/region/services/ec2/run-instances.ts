/** RunInstances: everything is checked before anything is made, then records, volumes, interfaces and machines. */
import type { Reservation, RunInstancesRequest } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { freeCount } from './address-book.ts';
import { needCapacity } from './capacity.ts';
import { missing, needSubnet } from './faults.ts';
import { once } from './idempotency.ts';
import { imageOf, type PublicImage } from './image.ts';
import { attachInterfaces, checkInterfaces, type InterfacePlan } from './instance-interfaces.ts';
import { launchMachine } from './instance-lifecycle.ts';
import { newAssociation, resolveProfile } from './instance-profile.ts';
import { type InstanceRecord, instances, type MetadataOptionsRecord } from './instance-state.ts';
import { needInstanceType } from './instance-types.ts';
import { renderReservation } from './instance-view.ts';
import { checkLaunchData, type LaunchData, mergeLaunch } from './launch-data.ts';
import { needLaunchTemplate, versionOf } from './launch-template-lookup.ts';
import { limits } from './limits.ts';
import { putTags, type StoredTag, specifiedTags } from './tag-table.ts';
import { checkDevices, makeVolumes } from './volume.ts';

export async function runInstances(input: RunInstancesRequest, call: Call): Promise<Reservation> {
  const { minCount, maxCount } = countsOf(input);
  const { data, templateTags } = launchDataOf(call, input);
  checkLaunchData(data);
  if (data.KeyName) {
    throw new Fault('InvalidKeyPair.NotFound', `The key pair '${data.KeyName}' does not exist`);
  }
  const image = imageOf(call.region, data.ImageId);
  const instanceType = data.InstanceType ?? 'm1.small';
  const architecture = needInstanceType(instanceType);
  refuseOtherArchitecture(image, architecture);
  const interfaces = checkInterfaces(call, data, maxCount);
  const tags = launchTags(call, data);
  const devices = checkDevices(data.BlockDeviceMappings, image);
  const found = await resolveProfile(call, data.IamInstanceProfile);
  const ids = once(
    call,
    input,
    (one) => instances(call).has(one),
    () => {
      needCapacity(call, instanceType, interfaces.zone);
      const count = Math.min(maxCount, freeAddresses(call, interfaces));
      if (count < minCount) {
        throw new Fault(
          'InsufficientFreeAddressesInSubnet',
          `There are not enough free addresses in subnet '${interfaces.subnetId}' to satisfy the requested number of instances.`,
        );
      }
      const common = { ...settingsOf(call, data, image, interfaces.subnetId), instanceType, architecture };
      const reservationId = `r-${call.random.hex(17)}`;
      return Array.from({ length: count }, (_, launchIndex) => {
        const instanceId = `i-${call.random.hex(17)}`;
        const networkInterfaceIds = attachInterfaces(call, instanceId, interfaces, tags['network-interface'] ?? []);
        const volumeIds = makeVolumes(call, instanceId, interfaces.zone, devices, tags.volume ?? []);
        instances(call).put(instanceId, {
          ...common,
          instanceId,
          reservationId,
          launchIndex,
          clientToken: input.ClientToken ?? '',
          vpcId: interfaces.vpcId,
          subnetId: interfaces.subnetId,
          zone: interfaces.zone,
          networkInterfaceIds,
          volumeIds,
          profile: found ? newAssociation(call, found) : undefined,
          publicIpWanted: interfaces.publicIp,
        });
        putTags(call, instanceId, 'instance', [...templateTags, ...(tags.instance ?? [])]);
        return instanceId;
      });
    },
  );
  const made = ids.flatMap((id) => instances(call).get(id) ?? []);
  if (!image) {
    const text = `${data.ImageId} is not in Orrery's catalogue: taken for an Amazon Linux image for ${architecture}`;
    call.note({ source: 'ec2', kind: 'image-assumed', text, data: { imageId: data.ImageId } });
  }
  // A repeated request finds its machines launched already.
  for (const record of made)
    if (record.state === 'pending' && !call.machines.get(record.instanceId)) launchMachine(call, record);
  return renderReservation(call, made);
}

function countsOf(input: RunInstancesRequest): { minCount: number; maxCount: number } {
  const { MinCount: minCount, MaxCount: maxCount } = input;
  if (minCount === undefined) throw missing('MinCount');
  if (maxCount === undefined) throw missing('MaxCount');
  if (!(minCount >= 1))
    throw new Fault(
      'InvalidParameterValue',
      `Value (${minCount}) for parameter minCount is invalid. Must be greater than 0`,
    );
  if (maxCount < minCount) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${minCount}) for parameter minCount is invalid. minCount must be less than or equal to maxCount ${maxCount}`,
    );
  }
  if (maxCount > limits.launchAtOnce) {
    throw new Fault(
      'InstanceLimitExceeded',
      `You have requested more instances (${maxCount}) than your current instance limit of ${limits.launchAtOnce} allows for the specified instance type.`,
    );
  }
  return { minCount, maxCount };
}

/** Instances made from a template carry two tags that say so. */
function launchDataOf(call: Call, input: RunInstancesRequest): { data: LaunchData; templateTags: StoredTag[] } {
  const { LaunchTemplate: named, MinCount: _, MaxCount: __, ClientToken: ___, DryRun: ____, ...request } = input;
  if (!named) return { data: mergeLaunch({}, request as LaunchData), templateTags: [] };
  const template = needLaunchTemplate(call, named);
  const version = versionOf(call, template, named.Version);
  return {
    data: mergeLaunch(version.data, request as LaunchData),
    templateTags: [
      { Key: 'aws:ec2launchtemplate:id', Value: template.launchTemplateId },
      { Key: 'aws:ec2launchtemplate:version', Value: String(version.number) },
    ],
  };
}

function refuseOtherArchitecture(image: PublicImage | undefined, architecture: string): void {
  if (!image || image.architecture === architecture) return;
  throw new Fault(
    'InvalidParameterValue',
    `The architecture '${architecture}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
  );
}

const taggable = ['instance', 'volume', 'network-interface'];

function launchTags(call: Call, data: LaunchData): Record<string, StoredTag[]> {
  const all = data.TagSpecifications ?? [];
  // A template may tag spot requests too, which the model never makes.
  const mine = all.filter((one) => one.ResourceType !== 'spot-instances-request');
  return Object.fromEntries(taggable.map((type) => [type, specifiedTags(call, mine, type, taggable)]));
}

function freeAddresses(call: Call, plan: InterfacePlan): number {
  return plan.existing ? 1 : freeCount(call, needSubnet(call, plan.subnetId));
}

type Settings = Pick<
  InstanceRecord,
  | 'imageId'
  | 'state'
  | 'transitionReason'
  | 'launchedMs'
  | 'userData'
  | 'metadata'
  | 'rootDeviceName'
  | 'detailedMonitoring'
  | 'disableApiTermination'
  | 'disableApiStop'
  | 'shutdownBehavior'
  | 'ebsOptimized'
  | 'tenancy'
  | 'cpuCredits'
  | 'autoRecovery'
  | 'privateDnsNameOptions'
  | 'requesterId'
>;

function settingsOf(call: Call, data: LaunchData, image: PublicImage | undefined, subnetId: string): Settings {
  const names = data.PrivateDnsNameOptions;
  const usual = needSubnet(call, subnetId).privateDnsNameOptions;
  return {
    imageId: data.ImageId ?? '',
    state: 'pending',
    transitionReason: '',
    launchedMs: call.clock.now(),
    userData: data.UserData || undefined,
    metadata: metadataOf(data, image),
    rootDeviceName: image?.rootDeviceName ?? '/dev/xvda',
    detailedMonitoring: data.Monitoring?.Enabled ?? false,
    disableApiTermination: data.DisableApiTermination ?? false,
    disableApiStop: data.DisableApiStop ?? false,
    shutdownBehavior: data.InstanceInitiatedShutdownBehavior ?? 'stop',
    ebsOptimized: data.EbsOptimized ?? false,
    tenancy: data.Placement?.Tenancy ?? 'default',
    cpuCredits: data.CreditSpecification?.CpuCredits,
    autoRecovery: data.MaintenanceOptions?.AutoRecovery ?? 'default',
    privateDnsNameOptions: {
      hostnameType: names?.HostnameType ?? usual.hostnameType,
      aRecord: names?.EnableResourceNameDnsARecord ?? usual.aRecord,
      aaaaRecord: names?.EnableResourceNameDnsAAAARecord ?? usual.aaaaRecord,
    },
    requesterId: call.caller.kind === 'service' ? call.caller.service.split('.')[0] : undefined,
  };
}

/**
 * Of an image that says `imds-support: v2.0`, tokens are required and the hop limit is 2:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html#instance-metadata-options-order-of-precedence
 */
function metadataOf(data: LaunchData, image: PublicImage | undefined): MetadataOptionsRecord {
  const options = data.MetadataOptions ?? {};
  const required = image?.imdsV2 === true;
  return {
    httpTokens: (options.HttpTokens ?? (required ? 'required' : 'optional')) === 'required' ? 'required' : 'optional',
    hopLimit: options.HttpPutResponseHopLimit ?? (required ? 2 : 1),
    httpEndpoint: options.HttpEndpoint === 'disabled' ? 'disabled' : 'enabled',
    instanceTags: options.InstanceMetadataTags === 'enabled' ? 'enabled' : 'disabled',
    httpProtocolIpv6: options.HttpProtocolIpv6 === 'enabled' ? 'enabled' : 'disabled',
  };
}
