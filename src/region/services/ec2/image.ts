/**
 * Images: Amazon Linux 2 and 2023 in a small catalogue, and any other well-formed id, taken for an Amazon Linux of the
 * instance type's architecture (a note says so). The ids are the model's own, stable for a region.
 */
import { createHash } from 'node:crypto';
import type { DescribeImagesRequest, DescribeImagesResult, Image } from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { select } from './describe.ts';
import { missing } from './faults.ts';

export interface PublicImage {
  readonly imageId: string;
  readonly name: string;
  readonly description: string;
  readonly architecture: 'arm64' | 'x86_64';
  readonly created: string;
  readonly rootDeviceName: string;
  readonly rootVolumeGiB: number;
  readonly rootVolumeType: 'gp2' | 'gp3';
  /** An image that knows IMDSv2 only makes tokens required by default. */
  readonly imdsV2: boolean;
  /** The public SSM parameters that hold its id. */
  readonly parameters: readonly string[];
}

const release = '2023.9.20251105.0';
const created = '2025-11-05T22:11:08.000Z';
const memo = new Map<string, readonly PublicImage[]>();

/** Amazon Linux 2023 (standard and minimal) and 2, for both architectures. */
export function publicImages(region: string): readonly PublicImage[] {
  let images = memo.get(region);
  if (!images) {
    images = (['x86_64', 'arm64'] as const).flatMap((architecture) => [
      al2023(region, architecture, ''),
      al2023(region, architecture, 'minimal-'),
      al2(region, architecture),
    ]);
    memo.set(region, images);
  }
  return images;
}

function idOf(region: string, name: string): string {
  return `ami-0${createHash('sha256').update(`${region} ${name}`).digest('hex').slice(0, 16)}`;
}

function al2023(region: string, architecture: PublicImage['architecture'], variant: '' | 'minimal-'): PublicImage {
  const name = `al2023-ami-${variant}${release}-kernel-6.1-${architecture}`;
  const prefix = '/aws/service/ami-amazon-linux-latest/al2023-ami';
  const kinds = ['kernel-default', 'kernel-6.1'];
  return {
    imageId: idOf(region, name),
    name,
    description: `Amazon Linux 2023 AMI ${release} ${architecture} HVM kernel-6.1`,
    architecture,
    created,
    rootDeviceName: '/dev/xvda',
    rootVolumeGiB: variant ? 2 : 8,
    rootVolumeType: 'gp3',
    imdsV2: true,
    parameters: kinds.map((kind) => `${prefix}-${variant}${kind}-${architecture}`),
  };
}

function al2(region: string, architecture: PublicImage['architecture']): PublicImage {
  const name = `amzn2-ami-hvm-2.0.20251110.1-${architecture}-gp2`;
  const prefix = '/aws/service/ami-amazon-linux-latest/amzn2-ami';
  return {
    imageId: idOf(region, name),
    name,
    description: `Amazon Linux 2 AMI 2.0.20251110.1 ${architecture} HVM gp2`,
    architecture,
    created: '2025-11-10T19:31:44.000Z',
    rootDeviceName: '/dev/xvda',
    rootVolumeGiB: 8,
    rootVolumeType: 'gp2',
    imdsV2: false,
    parameters: [
      ...['hvm', 'kernel-5.10-hvm'].map((kind) => `${prefix}-${kind}-${architecture}-gp2`),
      ...(architecture === 'x86_64' ? [`${prefix}-hvm-x86_64-ebs`, `${prefix}-kernel-5.10-hvm-x86_64-ebs`] : []),
    ],
  };
}

const idForm = /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/;

/** The catalogue's image, or undefined for a well-formed id that the catalogue does not have. */
export function imageOf(region: string, imageId: string | undefined): PublicImage | undefined {
  if (!imageId) throw missing('ImageId');
  if (!idForm.test(imageId)) {
    throw new Fault('InvalidAMIID.Malformed', `Invalid id: "${imageId}" (expecting "ami-...")`);
  }
  return publicImages(region).find((image) => image.imageId === imageId);
}

/** What a well-formed id stands for that the catalogue does not have; a launch goes by the type's architecture. */
function assumedImage(imageId: string): PublicImage {
  return {
    imageId,
    name: `assumed-${imageId}`,
    description: "Not in Orrery's catalogue: taken for an Amazon Linux image",
    architecture: 'x86_64',
    created,
    rootDeviceName: '/dev/xvda',
    rootVolumeGiB: 8,
    rootVolumeType: 'gp3',
    imdsV2: false,
    parameters: [],
  };
}

/** Amazon's account for its Linux images. */
const amazon = '137112412989';

export function describeImages(input: DescribeImagesRequest, call: Call): DescribeImagesResult {
  const owned = (input.Owners ?? ['amazon']).some((owner) => owner === 'amazon' || owner === amazon);
  const catalogue = owned ? publicImages(call.region) : [];
  const asked = input.ImageIds?.length
    ? input.ImageIds.map((id) => imageOf(call.region, id) ?? assumedImage(id))
    : catalogue;
  const { records, NextToken } = select(call, input, {
    table: asked,
    id: (image) => image.imageId,
    fields: {
      architecture: (image) => image.architecture,
      'block-device-mapping.device-name': (image) => image.rootDeviceName,
      'block-device-mapping.volume-type': (image) => image.rootVolumeType,
      'creation-date': (image) => image.created,
      description: (image) => image.description,
      'ena-support': () => true,
      hypervisor: () => 'xen',
      'image-id': (image) => image.imageId,
      'image-type': () => 'machine',
      'is-public': () => true,
      name: (image) => image.name,
      'owner-alias': () => 'amazon',
      'owner-id': () => amazon,
      'root-device-name': (image) => image.rootDeviceName,
      'root-device-type': () => 'ebs',
      state: () => 'available',
      'virtualization-type': () => 'hvm',
    },
    pageSize: { min: 1, max: 1000 },
  });
  return { Images: records.map(render), NextToken };
}

function render(image: PublicImage): Image {
  return {
    ImageId: image.imageId,
    Name: image.name,
    Description: image.description,
    ImageLocation: `amazon/${image.name}`,
    ImageType: 'machine',
    ImageOwnerAlias: 'amazon',
    OwnerId: amazon,
    Architecture: image.architecture,
    CreationDate: image.created,
    Public: true,
    State: 'available',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    RootDeviceName: image.rootDeviceName,
    RootDeviceType: 'ebs',
    BlockDeviceMappings: [
      {
        DeviceName: image.rootDeviceName,
        Ebs: {
          DeleteOnTermination: true,
          Encrypted: false,
          VolumeSize: image.rootVolumeGiB,
          VolumeType: image.rootVolumeType,
        },
      },
    ],
    EnaSupport: true,
    Hypervisor: 'xen',
    SriovNetSupport: 'simple',
    VirtualizationType: 'hvm',
    BootMode: image.architecture === 'arm64' ? 'uefi' : image.imdsV2 ? 'uefi-preferred' : 'legacy-bios',
    ...(image.imdsV2 ? { ImdsSupport: 'v2.0' as const } : {}),
    Tags: [],
  };
}
