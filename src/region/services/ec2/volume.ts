/** Volumes of instances: known, never read. The model's machines keep their files in folders. */
import type {
  BlockDeviceMapping,
  DescribeVolumesRequest,
  DescribeVolumesResult,
  Volume,
  VolumeType,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { select } from './describe.ts';
import { notModelled } from './faults.ts';
import type { PublicImage } from './image.ts';
import { type VolumeRecord, volumes } from './instance-state.ts';
import { forgetTags, putTags, type StoredTag, tagList } from './tag-table.ts';

type DevicePlan = Omit<VolumeRecord, 'volumeId' | 'zone' | 'instanceId' | 'createdMs' | 'snapshotId'> & {
  /** Made from the image. */
  readonly root: boolean;
};

const types: Readonly<Record<string, { min: number; max: number; iops?: number; throughput?: number }>> = {
  gp3: { min: 1, max: 65_536, iops: 3000, throughput: 125 },
  gp2: { min: 1, max: 16_384 },
  io1: { min: 4, max: 16_384 },
  io2: { min: 4, max: 65_536 },
  st1: { min: 125, max: 16_384 },
  sc1: { min: 125, max: 16_384 },
  standard: { min: 1, max: 1024 },
};

/** The image's root device with the request's changes, and what the request adds. */
export function checkDevices(
  mappings: readonly BlockDeviceMapping[] | undefined,
  image: PublicImage | undefined,
): readonly DevicePlan[] {
  const rootDevice = image?.rootDeviceName ?? '/dev/xvda';
  const root: BlockDeviceMapping = {
    DeviceName: rootDevice,
    Ebs: { VolumeSize: image?.rootVolumeGiB ?? 8, VolumeType: image?.rootVolumeType ?? 'gp3' },
  };
  const given = mappings ?? [];
  const own = given.find((one) => one.DeviceName === rootDevice);
  const merged = { ...root, Ebs: { ...root.Ebs, ...definedOf(own?.Ebs) } };
  return [merged, ...given.filter((one) => one.DeviceName !== rootDevice)].flatMap((one) => {
    if (!one.DeviceName) throw new Fault('InvalidBlockDeviceMapping', 'A block device mapping must have a device name');
    // An empty text is how a mapping of the image is taken away.
    if (one.NoDevice !== undefined) return [];
    if (one.VirtualName) throw notModelled('An instance store volume');
    return [planOf(one, one === merged, root)];
  });
}

function definedOf<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, one]) => one !== undefined)) as Partial<T>;
}

function planOf({ DeviceName = '', Ebs }: BlockDeviceMapping, isRoot: boolean, root: BlockDeviceMapping): DevicePlan {
  if (Ebs?.SnapshotId && !isRoot)
    throw new Fault('InvalidSnapshot.NotFound', `The snapshot '${Ebs.SnapshotId}' does not exist.`);
  const volumeType = Ebs?.VolumeType ?? 'gp2';
  const type = Object.hasOwn(types, volumeType) ? types[volumeType] : undefined;
  if (!type)
    throw new Fault(
      'InvalidParameterValue',
      `Value (${volumeType}) for parameter volumeType is invalid. Unknown volume type.`,
    );
  const sizeGiB = Ebs?.VolumeSize;
  if (sizeGiB === undefined) {
    throw new Fault('MissingParameter', 'The request must contain the parameter size or snapshotId');
  }
  if (sizeGiB < type.min || sizeGiB > type.max) {
    throw new Fault(
      'InvalidParameterValue',
      `Volume of ${sizeGiB}GiB is ${sizeGiB < type.min ? 'too small' : 'too large'} for volume type ${volumeType}; it must be ${type.min} to ${type.max} GiB`,
    );
  }
  const smallest = isRoot ? (root.Ebs?.VolumeSize ?? 0) : 0;
  if (sizeGiB < smallest) {
    throw new Fault(
      'InvalidBlockDeviceMapping',
      `Volume of size ${sizeGiB}GB is smaller than snapshot of the image, expect size >= ${smallest}GB`,
    );
  }
  if (Ebs?.KmsKeyId && Ebs.Encrypted === false) {
    throw new Fault('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.');
  }
  return {
    root: isRoot,
    device: DeviceName,
    sizeGiB,
    volumeType,
    encrypted: Ebs?.Encrypted ?? Ebs?.KmsKeyId !== undefined,
    kmsKeyId: Ebs?.KmsKeyId,
    iops: Ebs?.Iops ?? (volumeType === 'gp2' ? Math.min(16_000, Math.max(100, sizeGiB * 3)) : type.iops),
    throughput: Ebs?.Throughput ?? type.throughput,
    deleteOnTermination: Ebs?.DeleteOnTermination ?? true,
  };
}

export function makeVolumes(
  scope: Scope,
  instanceId: string,
  zone: string,
  plans: readonly DevicePlan[],
  tags: readonly StoredTag[],
): readonly string[] {
  return plans.map(({ root, ...plan }) => {
    const volumeId = `vol-${scope.random.hex(17)}`;
    const defaultKey = `arn:aws:kms:${scope.region}:${scope.account}:alias/aws/ebs`;
    volumes(scope).put(volumeId, {
      ...plan,
      volumeId,
      zone,
      instanceId,
      kmsKeyId: plan.encrypted ? (plan.kmsKeyId ?? defaultKey) : undefined,
      snapshotId: root ? `snap-${scope.random.hex(17)}` : '',
      createdMs: scope.clock.now(),
    });
    putTags(scope, volumeId, 'volume', tags);
    return volumeId;
  });
}

/** On termination; volumes that are to stay become available. */
export function releaseVolumes(scope: Scope, volumeIds: readonly string[]): void {
  for (const id of volumeIds) {
    const record = volumes(scope).get(id);
    if (!record) continue;
    if (record.deleteOnTermination) {
      volumes(scope).delete(id);
      forgetTags(scope, id);
    } else volumes(scope).put(id, { ...record, instanceId: '' });
  }
}

function needVolume(scope: Scope, id: string): VolumeRecord {
  const found = volumes(scope).get(id);
  if (found) return found;
  throw new Fault('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
}

export function describeVolumes(input: DescribeVolumesRequest, call: Call): DescribeVolumesResult {
  const attached = (one: VolumeRecord) => one.instanceId !== '';
  const { records, NextToken } = select(call, input, {
    table: volumes(call),
    id: (one) => one.volumeId,
    fields: {
      'attachment.attach-time': (one) => new Date(one.createdMs).toISOString(),
      'attachment.delete-on-termination': (one) => (attached(one) ? one.deleteOnTermination : undefined),
      'attachment.device': (one) => (attached(one) ? one.device : undefined),
      'attachment.instance-id': (one) => one.instanceId || undefined,
      'attachment.status': (one) => (attached(one) ? 'attached' : undefined),
      'availability-zone': (one) => one.zone,
      'create-time': (one) => new Date(one.createdMs).toISOString(),
      encrypted: (one) => one.encrypted,
      size: (one) => one.sizeGiB,
      'snapshot-id': (one) => one.snapshotId,
      status: (one) => (attached(one) ? 'in-use' : 'available'),
      'volume-id': (one) => one.volumeId,
      'volume-type': (one) => one.volumeType,
    },
    ids: input.VolumeIds,
    need: needVolume,
    pageSize: { min: 5, max: 1000 },
  });
  return { Volumes: records.map((one) => render(call, one)), NextToken };
}

function render(scope: Scope, one: VolumeRecord): Volume {
  return {
    VolumeId: one.volumeId,
    AvailabilityZone: one.zone,
    CreateTime: new Date(one.createdMs),
    Encrypted: one.encrypted,
    ...(one.kmsKeyId ? { KmsKeyId: one.kmsKeyId } : {}),
    ...(one.iops === undefined ? {} : { Iops: one.iops }),
    ...(one.throughput === undefined ? {} : { Throughput: one.throughput }),
    MultiAttachEnabled: false,
    Size: one.sizeGiB,
    SnapshotId: one.snapshotId,
    State: one.instanceId ? 'in-use' : 'available',
    VolumeType: one.volumeType as VolumeType,
    Attachments: one.instanceId
      ? [
          {
            AttachTime: new Date(one.createdMs),
            DeleteOnTermination: one.deleteOnTermination,
            Device: one.device,
            InstanceId: one.instanceId,
            State: 'attached',
            VolumeId: one.volumeId,
          },
        ]
      : [],
    Tags: tagList(scope, one.volumeId),
  };
}
