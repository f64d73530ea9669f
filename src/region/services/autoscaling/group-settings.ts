/** What a group is given when it is made or changed: checked, defaults filled in, subnets and templates looked up. */
import type {
  CreateAutoScalingGroupCommandInput,
  UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { terminationPolicyTypes } from './choose.ts';
import { maintenanceSettings } from './maintenance-settings.ts';
import type { DescribedTemplates, DescribedVersions } from './shapes.ts';
import { asService, type GroupRecord, invalid, refuse, type TemplateReference } from './state.ts';

type Input = Partial<CreateAutoScalingGroupCommandInput & UpdateAutoScalingGroupCommandInput>;

/** Without effect in the model when they say what is so anyway. */
const notModelledMembers = [
  'LaunchConfigurationName',
  'MixedInstancesPolicy',
  'InstanceId',
  'AvailabilityZoneIds',
  'LoadBalancerNames',
  'PlacementGroup',
  'DeletionProtection',
  'TrafficSources',
  'AvailabilityZoneDistribution',
  'AvailabilityZoneImpairmentPolicy',
  'SkipZonalShiftValidation',
  'CapacityReservationSpecification',
  'InstanceLifecyclePolicy',
  'Operator',
];

export function refuseUnmodelled(input: Input): void {
  refuse(input, notModelledMembers);
  if (input.CapacityRebalance) refuse(input, ['CapacityRebalance']);
  if (input.DesiredCapacityType !== undefined && input.DesiredCapacityType !== 'units') {
    throw invalid(`DesiredCapacityType '${input.DesiredCapacityType}' is not modelled by Orrery.`);
  }
}

export type Settings = Pick<
  GroupRecord,
  | 'min'
  | 'max'
  | 'desired'
  | 'cooldownSeconds'
  | 'healthCheckType'
  | 'gracePeriodSeconds'
  | 'terminationPolicies'
  | 'protectNew'
  | 'serviceLinkedRole'
  | 'warmupSeconds'
  | 'maintenance'
  | 'lifetimeSeconds'
  | 'context'
>;

/** `before` is the group as it is, or the defaults of a new one. */
export function settingsOf(input: Input, before: Settings): Settings {
  const { MinSize: min = before.min, MaxSize: max = before.max } = input;
  for (const [name, value] of Object.entries({ MinSize: min, MaxSize: max, DesiredCapacity: input.DesiredCapacity })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 10_000)) {
      throw invalid(`${name} must be a whole number between 0 and 10000, not ${value}`);
    }
  }
  if (max < min) throw invalid(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
  // A change of the bounds alone takes the desired capacity with it; a desired capacity outside of them is refused.
  const desired = input.DesiredCapacity ?? Math.min(max, Math.max(min, before.desired));
  if (desired < min || desired > max) {
    throw invalid(`Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
  }
  const warmup = input.DefaultInstanceWarmup ?? before.warmupSeconds;
  const context = input.Context ?? before.context;
  return {
    min,
    max,
    desired,
    cooldownSeconds: seconds('DefaultCooldown', input.DefaultCooldown ?? before.cooldownSeconds),
    healthCheckType: healthCheckType(input.HealthCheckType ?? before.healthCheckType),
    gracePeriodSeconds: seconds('HealthCheckGracePeriod', input.HealthCheckGracePeriod ?? before.gracePeriodSeconds),
    terminationPolicies: terminationPolicies(input.TerminationPolicies ?? before.terminationPolicies),
    protectNew: input.NewInstancesProtectedFromScaleIn ?? before.protectNew,
    serviceLinkedRole: input.ServiceLinkedRoleARN ?? before.serviceLinkedRole,
    // -1 takes the default warm-up away.
    ...(warmup === undefined || warmup === -1 ? {} : { warmupSeconds: seconds('DefaultInstanceWarmup', warmup) }),
    ...maintenanceSettings(input, before),
    ...(context === undefined ? {} : { context }),
  };
}

function seconds(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw invalid(`${name} must be a whole number of seconds of at least 0, not ${value}`);
}

/** EC2's checks are always made. */
function healthCheckType(text: string): string {
  const kinds = text === '' ? ['EC2'] : text.split(',').map((kind) => kind.trim());
  for (const kind of kinds) {
    if (kind === 'EC2' || kind === 'ELB') continue;
    if (kind === 'VPC_LATTICE' || kind === 'EBS') throw invalid(`HealthCheckType ${kind} is not modelled by Orrery.`);
    throw invalid(`Invalid HealthCheckType: ${kind}`);
  }
  return kinds.join(',');
}

function terminationPolicies(given: readonly string[]): string[] {
  for (const name of given) {
    if (terminationPolicyTypes.includes(name)) continue;
    if (name === 'AllocationStrategy' || name.startsWith('arn:')) {
      throw invalid(`The termination policy ${name} is not modelled by Orrery.`);
    }
    throw invalid(`Invalid TerminationPolicies: [${name}]`);
  }
  return given.length === 0 ? ['Default'] : [...given];
}

/** A template that EC2 does not know is refused in Auto Scaling's words. */
export async function templateOf(
  call: Call,
  given: {
    LaunchTemplateId?: string | undefined;
    LaunchTemplateName?: string | undefined;
    Version?: string | undefined;
  },
): Promise<TemplateReference> {
  const { LaunchTemplateId, LaunchTemplateName, Version = '$Default' } = given;
  if ((LaunchTemplateId === undefined) === (LaunchTemplateName === undefined)) {
    throw invalid('Valid requests must contain either launchTemplateId or LaunchTemplateName');
  }
  try {
    const { LaunchTemplates } = await call.invoke<DescribedTemplates>(asService, 'ec2', 'DescribeLaunchTemplates', {
      ...(LaunchTemplateId ? { LaunchTemplateIds: [LaunchTemplateId] } : { LaunchTemplateNames: [LaunchTemplateName] }),
    });
    const [found] = LaunchTemplates;
    if (!found) throw invalid('You must use a valid fully-formed launch template.');
    const named = { LaunchTemplateId: found.LaunchTemplateId, Versions: [Version] };
    const { LaunchTemplateVersions } = await call.invoke<DescribedVersions>(
      asService,
      'ec2',
      'DescribeLaunchTemplateVersions',
      named,
    );
    if (!LaunchTemplateVersions[0]?.LaunchTemplateData.ImageId) {
      throw invalid(
        'You must use a valid fully-formed launch template. The request must contain the parameter ImageId',
      );
    }
    return { id: found.LaunchTemplateId, name: found.LaunchTemplateName, version: Version };
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'ValidationError') throw error;
    throw invalid(`You must use a valid fully-formed launch template. ${error.message}`);
  }
}

interface DescribedSubnets {
  readonly Subnets: readonly { readonly SubnetId: string; readonly AvailabilityZone: string; readonly VpcId: string }[];
}

/** From `VPCZoneIdentifier`, or the default subnets of the zones. */
export async function subnetsOf(
  call: Call,
  identifier: string | undefined,
  zones: readonly string[] | undefined,
): Promise<{ id: string; zone: string }[]> {
  const ids = identifier?.split(',').flatMap((id) => id.trim() || []) ?? [];
  if (ids.length === 0 && !zones?.length) throw invalid('At least one Availability Zone or VPC Subnet is required.');
  for (const zone of zones ?? []) {
    if (!call.zones.includes(zone)) throw invalid(`Invalid Availability Zones: [${zone}]`);
  }
  const described = (input: object) => call.invoke<DescribedSubnets>(asService, 'ec2', 'DescribeSubnets', input);
  if (ids.length === 0) {
    const { Subnets } = await described({
      Filters: [
        { Name: 'default-for-az', Values: ['true'] },
        { Name: 'availability-zone', Values: [...(zones ?? [])] },
      ],
    });
    const missing = zones?.find((zone) => !Subnets.some(({ AvailabilityZone }) => AvailabilityZone === zone));
    if (missing !== undefined) throw invalid(`No default subnet for availability zone: '${missing}'`);
    return Subnets.map(({ SubnetId: id, AvailabilityZone: zone }) => ({ id, zone }));
  }
  const { Subnets } = await described({ SubnetIds: ids }).catch((error: unknown) => {
    if (error instanceof Fault) throw invalid(error.message);
    throw error;
  });
  if (new Set(Subnets.map(({ VpcId }) => VpcId)).size > 1) throw invalid('The subnets must all be in one VPC.');
  const places = ids.flatMap((id) => {
    const found = Subnets.find(({ SubnetId }) => SubnetId === id);
    return found ? [{ id, zone: found.AvailabilityZone }] : [];
  });
  if (zones?.length && places.some(({ zone }) => !zones.includes(zone))) {
    throw invalid('The availability zones of the specified subnets and the Auto Scaling group do not match');
  }
  return places;
}

/** Target groups must be there, and of instances. */
export async function checkTargetGroups(call: Call, arns: readonly string[]): Promise<void> {
  if (arns.length === 0) return;
  try {
    const { TargetGroups } = await call.invoke<{ TargetGroups: { TargetGroupArn: string; TargetType: string }[] }>(
      asService,
      'elasticloadbalancing',
      'DescribeTargetGroups',
      { TargetGroupArns: [...arns] },
    );
    const other = TargetGroups.find(({ TargetType }) => TargetType !== 'instance');
    if (other) {
      throw invalid(
        `Provided Target Groups may not be valid. Please ensure they exist and try again. Target type of ${other.TargetGroupArn} is not instance`,
      );
    }
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'ValidationError') throw error;
    throw invalid('Provided Target Groups may not be valid. Please ensure they exist and try again.');
  }
}
