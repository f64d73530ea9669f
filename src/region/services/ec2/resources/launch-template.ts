/** `AWS::EC2::LaunchTemplate`: a change makes a new version, which becomes the default one. */
import type {
  CreateLaunchTemplateResult,
  CreateLaunchTemplateVersionResult,
  DescribeLaunchTemplatesResult,
} from '@aws-sdk/client-ec2';
import { unmodelledBoot } from '../../../machines/boot-check.ts';
import { type ResourceRequest, resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { booleanOf, goneCodes, numberOf, type TagProperty, tagsFor } from './properties.ts';

interface TagSpecificationProperty {
  readonly ResourceType: string;
  readonly Tags?: readonly TagProperty[];
}

interface TemplateProperties {
  readonly LaunchTemplateName?: string;
  readonly VersionDescription?: string;
  readonly LaunchTemplateData: Readonly<Record<string, unknown>>;
  readonly TagSpecifications?: readonly TagSpecificationProperty[];
}

const data = [
  'ImageId',
  'InstanceType',
  'UserData',
  'IamInstanceProfile',
  'SecurityGroupIds',
  'SecurityGroups',
  'BlockDeviceMappings',
  'NetworkInterfaces',
  'MetadataOptions',
  'Monitoring',
  'TagSpecifications',
  'DisableApiTermination',
  'DisableApiStop',
  'InstanceInitiatedShutdownBehavior',
  'PrivateDnsNameOptions',
  'Placement.AvailabilityZone',
  'HibernationOptions',
  'EnclaveOptions',
];

export const noHardware = 'kept and shown; the model has no hardware of its own';
const withoutHardware = {
  EbsOptimized: noHardware,
  CreditSpecification: noHardware,
  MaintenanceOptions: noHardware,
  'Placement.Tenancy': noHardware,
  'CapacityReservationSpecification.CapacityReservationPreference': 'the model has no reservations to prefer',
};

export const launchTemplate = resourceType<TemplateProperties>({
  honours: [
    'LaunchTemplateName',
    'VersionDescription',
    'TagSpecifications',
    ...data.map((name) => `LaunchTemplateData.${name}`),
  ],
  inert: Object.fromEntries(Object.entries(withoutHardware).map(([name, why]) => [`LaunchTemplateData.${name}`, why])),
  unmodelled: unmodelledBoot(['LaunchTemplateData', 'UserData']),
  async create(request) {
    const { properties } = request;
    const own = properties.TagSpecifications?.find((one) => one.ResourceType === 'launch-template')?.Tags;
    const { LaunchTemplate } = await request.invoke<CreateLaunchTemplateResult>('ec2', 'CreateLaunchTemplate', {
      LaunchTemplateName: properties.LaunchTemplateName ?? request.name(128),
      VersionDescription: properties.VersionDescription,
      LaunchTemplateData: typed(properties.LaunchTemplateData),
      TagSpecifications: [{ ResourceType: 'launch-template', Tags: tagsFor(request, own) }],
      ClientToken: request.name(64),
    });
    return await created(request, LaunchTemplate?.LaunchTemplateId ?? '');
  },
  async update(request) {
    const { physicalId, properties, previous } = request;
    const same =
      JSON.stringify(properties.LaunchTemplateData) === JSON.stringify(previous.LaunchTemplateData) &&
      properties.VersionDescription === previous.VersionDescription;
    if (!same) {
      const made = await request.invoke<CreateLaunchTemplateVersionResult>('ec2', 'CreateLaunchTemplateVersion', {
        LaunchTemplateId: physicalId,
        VersionDescription: properties.VersionDescription,
        LaunchTemplateData: typed(properties.LaunchTemplateData),
      });
      await request.invoke('ec2', 'ModifyLaunchTemplate', {
        LaunchTemplateId: physicalId,
        DefaultVersion: String(made.LaunchTemplateVersion?.VersionNumber),
      });
    }
    return await created(request, physicalId);
  },
  read: async (request) => (await created(request, request.physicalId)).attributes,
  delete: (request) =>
    unlessGone(goneCodes, () =>
      request.invoke('ec2', 'DeleteLaunchTemplate', { LaunchTemplateId: request.physicalId }),
    ),
});

async function created(request: ResourceRequest<TemplateProperties>, id: string) {
  const { LaunchTemplates } = await request.invoke<DescribeLaunchTemplatesResult>('ec2', 'DescribeLaunchTemplates', {
    LaunchTemplateIds: [id],
  });
  const [found] = LaunchTemplates ?? [];
  return {
    physicalId: id,
    attributes: {
      LaunchTemplateId: id,
      // As text: so does CloudFormation, and so must versions be named.
      LatestVersionNumber: String(found?.LatestVersionNumber),
      DefaultVersionNumber: String(found?.DefaultVersionNumber),
    },
  };
}

const numbers = new Set([
  'VolumeSize',
  'Iops',
  'Throughput',
  'DeviceIndex',
  'HttpPutResponseHopLimit',
  'SecondaryPrivateIpAddressCount',
  'Ipv6AddressCount',
]);
const booleans = new Set([
  'Encrypted',
  'DeleteOnTermination',
  'Enabled',
  'EbsOptimized',
  'DisableApiTermination',
  'DisableApiStop',
  'AssociatePublicIpAddress',
  'Primary',
  'EnableResourceNameDnsARecord',
  'EnableResourceNameDnsAAAARecord',
  'Configured',
]);

/** Numbers and booleans that a template gives as text. */
export function typed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => typed(one, name));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, typed(one, key)]));
  }
  if (numbers.has(name)) return numberOf(value);
  return booleans.has(name) ? booleanOf(value) : value;
}
