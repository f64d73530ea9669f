/** `AWS::EC2::Instance`. */
import type {
  DescribeIamInstanceProfileAssociationsResult,
  DescribeInstancesResult,
  Instance,
  Reservation,
} from '@aws-sdk/client-ec2';
import { unmodelledBoot } from '../../../machines/boot-check.ts';
import { type ResourceRequest, type ResourceUpdate, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { noHardware, typed } from './launch-template.ts';
import { booleanOf, goneCodes, type TagProperty, tagSpecification, tagsFor, updateTags } from './properties.ts';

interface InstanceProperties {
  readonly ImageId?: string;
  readonly InstanceType?: string;
  readonly IamInstanceProfile?: string;
  readonly LaunchTemplate?: Readonly<Record<string, unknown>>;
  readonly UserData?: string;
  readonly SubnetId?: string;
  readonly SecurityGroupIds?: readonly string[];
  readonly SecurityGroups?: readonly string[];
  readonly NetworkInterfaces?: readonly Readonly<Record<string, unknown>>[];
  readonly PrivateIpAddress?: string;
  readonly Ipv6AddressCount?: unknown;
  readonly Ipv6Addresses?: readonly unknown[];
  readonly AvailabilityZone?: string;
  readonly Tenancy?: string;
  readonly BlockDeviceMappings?: readonly Readonly<Record<string, unknown>>[];
  readonly CreditSpecification?: { readonly CPUCredits?: string };
  readonly MetadataOptions?: Readonly<Record<string, unknown>>;
  readonly PrivateDnsNameOptions?: Readonly<Record<string, unknown>>;
  readonly Monitoring?: unknown;
  readonly EbsOptimized?: unknown;
  readonly SourceDestCheck?: unknown;
  readonly DisableApiTermination?: unknown;
  readonly InstanceInitiatedShutdownBehavior?: string;
  readonly PropagateTagsToVolumeOnCreation?: unknown;
  readonly Tags?: readonly TagProperty[];
}

const honours: (keyof InstanceProperties)[] = [
  'ImageId',
  'InstanceType',
  'IamInstanceProfile',
  'LaunchTemplate',
  'UserData',
  'SubnetId',
  'SecurityGroupIds',
  'SecurityGroups',
  'NetworkInterfaces',
  'PrivateIpAddress',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'AvailabilityZone',
  'BlockDeviceMappings',
  'MetadataOptions',
  'PrivateDnsNameOptions',
  'Monitoring',
  'SourceDestCheck',
  'DisableApiTermination',
  'InstanceInitiatedShutdownBehavior',
  'PropagateTagsToVolumeOnCreation',
  'Tags',
];

export const instance = resourceType<InstanceProperties>({
  honours,
  inert: { Tenancy: noHardware, CreditSpecification: noHardware, EbsOptimized: noHardware },
  unmodelled: unmodelledBoot(['UserData']),
  async create(request) {
    const made = await request.invoke<Reservation>('ec2', 'RunInstances', {
      ...launchOf(request.properties),
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [
        ...tagSpecification(request, 'instance', request.properties.Tags),
        ...(booleanOf(request.properties.PropagateTagsToVolumeOnCreation)
          ? [{ ResourceType: 'volume', Tags: tagsFor(request, request.properties.Tags) }]
          : []),
      ],
      ClientToken: request.name(64),
    });
    const id = made.Instances?.[0]?.InstanceId ?? '';
    request.made?.(id);
    if (booleanOf(request.properties.SourceDestCheck) === false) {
      await request.invoke('ec2', 'ModifyInstanceAttribute', { InstanceId: id, SourceDestCheck: { Value: false } });
    }
    const running = await request.until(`instance ${id} to run`, () => runningOf(request, id), { everyMs: 50 });
    const { creationPolicy } = request;
    const signal = creationPolicy?.ResourceSignal as { Count?: unknown; Timeout?: string } | undefined;
    if (signal) {
      const accept = (uniqueId: string) => uniqueId === id;
      await request.signals.wait({ count: Number(signal.Count ?? 1), timeoutMs: durationMs(signal.Timeout), accept });
    }
    return { physicalId: id, attributes: attributesOf(running) };
  },
  async update(request) {
    await changeInPlace(request);
    await updateTags(request, request.physicalId);
    const now = await describe(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: attributesOf(now) };
  },
  async delete(request) {
    const { physicalId: id } = request;
    await unlessGone(goneCodes, () => request.invoke('ec2', 'TerminateInstances', { InstanceIds: [id] }));
    await request.until(
      `instance ${id} to terminate`,
      async () => ((await describe(request, id))?.State?.Name ?? 'terminated') === 'terminated',
      { everyMs: 50 },
    );
  },
});

function launchOf(properties: InstanceProperties) {
  const {
    IamInstanceProfile,
    Monitoring,
    AvailabilityZone,
    Tenancy,
    CreditSpecification,
    SourceDestCheck: _,
    PropagateTagsToVolumeOnCreation: __,
    Tags: ___,
    NetworkInterfaces,
    ...rest
  } = properties;
  const Placement = { ...(AvailabilityZone ? { AvailabilityZone } : {}), ...(Tenancy ? { Tenancy } : {}) };
  return {
    ...(typed(rest) as object),
    ...(IamInstanceProfile ? { IamInstanceProfile: { Name: IamInstanceProfile } } : {}),
    ...(Monitoring === undefined ? {} : { Monitoring: { Enabled: booleanOf(Monitoring) } }),
    ...(CreditSpecification ? { CreditSpecification: { CpuCredits: CreditSpecification.CPUCredits } } : {}),
    ...(Object.keys(Placement).length > 0 ? { Placement } : {}),
    ...(NetworkInterfaces
      ? {
          // In a template the groups of an interface are called GroupSet.
          NetworkInterfaces: NetworkInterfaces.map(({ GroupSet, ...one }) => ({
            ...(typed(one) as object),
            ...(GroupSet ? { Groups: GroupSet } : {}),
          })),
        }
      : {}),
  };
}

async function describe(request: ResourceRequest<InstanceProperties>, id: string): Promise<Instance | undefined> {
  const { Reservations } = await request.invoke<DescribeInstancesResult>('ec2', 'DescribeInstances', {
    Filters: [{ Name: 'instance-id', Values: [id] }],
  });
  return Reservations?.[0]?.Instances?.[0];
}

async function runningOf(request: ResourceRequest<InstanceProperties>, id: string): Promise<Instance | false> {
  const now = await describe(request, id);
  if (now?.State?.Name === 'pending') return false;
  if (now?.State?.Name === 'running') return now;
  const reason = now?.StateReason?.Message ?? 'it is gone';
  throw new Error(
    `Instance ${id} failed to stabilize. Current state: ${now?.State?.Name ?? 'terminated'}. Reason: ${reason}`,
  );
}

function attributesOf(one: Instance | undefined) {
  return {
    InstanceId: one?.InstanceId,
    AvailabilityZone: one?.Placement?.AvailabilityZone,
    PrivateDnsName: one?.PrivateDnsName,
    PrivateIp: one?.PrivateIpAddress,
    PublicDnsName: one?.PublicDnsName ?? '',
    PublicIp: one?.PublicIpAddress ?? '',
    VpcId: one?.VpcId,
    'State.Code': String(one?.State?.Code),
    'State.Name': one?.State?.Name,
  };
}

/** `PT5M`, of hours, minutes and seconds; five minutes when none is given. */
function durationMs(text = 'PT5M'): number {
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}

/** What EC2 can change of a running instance; what needs it stopped is replaced (see `replaces` in the schema). */
async function changeInPlace(request: ResourceUpdate<InstanceProperties>): Promise<void> {
  const { physicalId: InstanceId, properties, previous } = request;
  const changed = (name: keyof InstanceProperties) =>
    JSON.stringify(properties[name]) !== JSON.stringify(previous[name]);
  const modify = (input: object) => request.invoke('ec2', 'ModifyInstanceAttribute', { InstanceId, ...input });
  if (changed('DisableApiTermination')) {
    await modify({ DisableApiTermination: { Value: booleanOf(properties.DisableApiTermination) ?? false } });
  }
  if (changed('InstanceInitiatedShutdownBehavior')) {
    const Value = properties.InstanceInitiatedShutdownBehavior ?? 'stop';
    await modify({ InstanceInitiatedShutdownBehavior: { Value } });
  }
  if (changed('SourceDestCheck')) {
    await modify({ SourceDestCheck: { Value: booleanOf(properties.SourceDestCheck) ?? true } });
  }
  if (changed('SecurityGroupIds')) await modify({ Groups: properties.SecurityGroupIds });
  if (changed('Monitoring')) {
    const operation = booleanOf(properties.Monitoring) ? 'MonitorInstances' : 'UnmonitorInstances';
    await request.invoke('ec2', operation, { InstanceIds: [InstanceId] });
  }
  if (changed('MetadataOptions')) {
    await request.invoke('ec2', 'ModifyInstanceMetadataOptions', {
      InstanceId,
      ...(typed(properties.MetadataOptions) as object),
    });
  }
  if (changed('IamInstanceProfile')) await changeProfile(request);
  const offline = (['InstanceType', 'UserData', 'EbsOptimized'] as const).filter(changed);
  if (offline.length === 0) return;
  await request.invoke('ec2', 'StopInstances', { InstanceIds: [InstanceId] });
  await reach(request, 'stopped');
  for (const name of offline) await modify({ [name]: { Value: typed(properties[name], name) } });
  await request.invoke('ec2', 'StartInstances', { InstanceIds: [InstanceId] });
  await reach(request, 'running');
}

async function reach(request: ResourceUpdate<InstanceProperties>, state: string): Promise<void> {
  const done = async () => (await describe(request, request.physicalId))?.State?.Name === state;
  await request.until(`instance ${request.physicalId} to be ${state}`, done, { everyMs: 50 });
}

async function changeProfile(request: ResourceUpdate<InstanceProperties>): Promise<void> {
  const { physicalId: InstanceId, properties } = request;
  const { IamInstanceProfileAssociations } = await request.invoke<DescribeIamInstanceProfileAssociationsResult>(
    'ec2',
    'DescribeIamInstanceProfileAssociations',
    { Filters: [{ Name: 'instance-id', Values: [InstanceId] }] },
  );
  const AssociationId = IamInstanceProfileAssociations?.[0]?.AssociationId;
  const IamInstanceProfile = { Name: properties.IamInstanceProfile };
  if (!properties.IamInstanceProfile) {
    if (AssociationId) await request.invoke('ec2', 'DisassociateIamInstanceProfile', { AssociationId });
  } else if (AssociationId) {
    await request.invoke('ec2', 'ReplaceIamInstanceProfileAssociation', { AssociationId, IamInstanceProfile });
  } else await request.invoke('ec2', 'AssociateIamInstanceProfile', { InstanceId, IamInstanceProfile });
}
