/** The properties of `AWS::AutoScaling::AutoScalingGroup`, and Auto Scaling's calls that they become. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { ResourceRequest } from '../../stacks/resource-type.ts';
import { type HookSettings, hookSettings, hookSettingsHonoured } from './lifecycle-hook-resource.ts';

export const service = 'autoscaling';

export interface HookSpecification extends HookSettings {
  readonly LifecycleHookName: string;
}

export interface GroupProperties {
  readonly AutoScalingGroupName?: string;
  readonly MinSize: string;
  readonly MaxSize: string;
  readonly DesiredCapacity?: string;
  readonly Cooldown?: string;
  readonly DefaultInstanceWarmup?: number;
  readonly HealthCheckType?: string;
  readonly HealthCheckGracePeriod?: number;
  readonly LaunchTemplate?: {
    readonly LaunchTemplateId?: string;
    readonly LaunchTemplateName?: string;
    readonly Version: string;
  };
  readonly VPCZoneIdentifier?: readonly string[];
  readonly AvailabilityZones?: readonly string[];
  readonly TargetGroupARNs?: readonly string[];
  readonly TerminationPolicies?: readonly string[];
  readonly NewInstancesProtectedFromScaleIn?: boolean;
  readonly InstanceMaintenancePolicy?: {
    readonly MinHealthyPercentage?: number;
    readonly MaxHealthyPercentage?: number;
  };
  readonly MaxInstanceLifetime?: number;
  readonly ServiceLinkedRoleARN?: string;
  readonly Context?: string;
  readonly MetricsCollection?: readonly { readonly Granularity: string; readonly Metrics?: readonly string[] }[];
  readonly LifecycleHookSpecificationList?: readonly HookSpecification[];
  readonly Tags?: readonly { readonly Key: string; readonly Value: string; readonly PropagateAtLaunch: boolean }[];
}

export const honours = [
  'AutoScalingGroupName',
  'MinSize',
  'MaxSize',
  'DesiredCapacity',
  'Cooldown',
  'DefaultInstanceWarmup',
  'HealthCheckType',
  'HealthCheckGracePeriod',
  'LaunchTemplate.LaunchTemplateId',
  'LaunchTemplate.LaunchTemplateName',
  'LaunchTemplate.Version',
  'VPCZoneIdentifier',
  'AvailabilityZones',
  'TargetGroupARNs',
  'TerminationPolicies',
  'NewInstancesProtectedFromScaleIn',
  'InstanceMaintenancePolicy.MinHealthyPercentage',
  'InstanceMaintenancePolicy.MaxHealthyPercentage',
  'MaxInstanceLifetime',
  'ServiceLinkedRoleARN',
  'Context',
  'MetricsCollection[].Granularity',
  'MetricsCollection[].Metrics',
  'LifecycleHookSpecificationList[].LifecycleHookName',
  ...hookSettingsHonoured.map((name) => `LifecycleHookSpecificationList[].${name}`),
  'Tags[].Key',
  'Tags[].Value',
  'Tags[].PropagateAtLaunch',
];

/** What Create and Update have in common, sizes apart. */
export function settings(properties: GroupProperties) {
  const { VPCZoneIdentifier, AvailabilityZones, LaunchTemplate } = properties;
  return {
    DefaultCooldown: properties.Cooldown === undefined ? 300 : Number(properties.Cooldown),
    // -1 takes it away, where it was left out of the template.
    DefaultInstanceWarmup: properties.DefaultInstanceWarmup ?? -1,
    HealthCheckType: properties.HealthCheckType ?? 'EC2',
    HealthCheckGracePeriod: properties.HealthCheckGracePeriod ?? 0,
    ...(LaunchTemplate ? { LaunchTemplate: templateOf(LaunchTemplate) } : {}),
    ...(VPCZoneIdentifier?.length ? { VPCZoneIdentifier: VPCZoneIdentifier.join(',') } : {}),
    ...(AvailabilityZones?.length ? { AvailabilityZones: [...AvailabilityZones] } : {}),
    TerminationPolicies: properties.TerminationPolicies?.length ? [...properties.TerminationPolicies] : ['Default'],
    NewInstancesProtectedFromScaleIn: properties.NewInstancesProtectedFromScaleIn ?? false,
    // -1 and 0 take away what was left out of the template.
    InstanceMaintenancePolicy: maintenanceOf(properties),
    MaxInstanceLifetime: Number(properties.MaxInstanceLifetime ?? 0),
    ...(properties.ServiceLinkedRoleARN ? { ServiceLinkedRoleARN: properties.ServiceLinkedRoleARN } : {}),
    ...(properties.Context === undefined ? {} : { Context: properties.Context }),
  };
}

function maintenanceOf({ InstanceMaintenancePolicy: given }: GroupProperties) {
  return {
    MinHealthyPercentage: Number(given?.MinHealthyPercentage ?? -1),
    MaxHealthyPercentage: Number(given?.MaxHealthyPercentage ?? -1),
  };
}

function templateOf(given: NonNullable<GroupProperties['LaunchTemplate']>) {
  const { LaunchTemplateId, LaunchTemplateName, Version } = given;
  return {
    ...(LaunchTemplateId === undefined ? {} : { LaunchTemplateId }),
    ...(LaunchTemplateName === undefined ? {} : { LaunchTemplateName }),
    Version: String(Version),
  };
}

export function sizes(properties: GroupProperties) {
  const { MinSize, MaxSize, DesiredCapacity } = properties;
  return {
    MinSize: Number(MinSize),
    MaxSize: Number(MaxSize),
    ...(DesiredCapacity === undefined || DesiredCapacity === '' ? {} : { DesiredCapacity: Number(DesiredCapacity) }),
  };
}

export function hooksIn({ LifecycleHookSpecificationList: list = [] }: GroupProperties) {
  return list.map((hook) => ({ LifecycleHookName: hook.LifecycleHookName, ...hookSettings(hook) }));
}

/** The template's own tags before the stack's, which machines get, too. */
export function tagsOf(
  properties: GroupProperties,
  stackTags: readonly { readonly Key: string; readonly Value: string }[],
) {
  const own = (properties.Tags ?? []).map(({ Key, Value, PropagateAtLaunch }) => ({ Key, Value, PropagateAtLaunch }));
  const keys = new Set(own.map(({ Key }) => Key));
  return [...own, ...stackTags.flatMap((tag) => (keys.has(tag.Key) ? [] : [{ ...tag, PropagateAtLaunch: true }]))];
}

export async function described(
  { invoke }: Pick<ResourceRequest<unknown>, 'invoke'>,
  name: string,
): Promise<AutoScalingGroup | undefined> {
  const { AutoScalingGroups } = await invoke<{ AutoScalingGroups: AutoScalingGroup[] }>(
    service,
    'DescribeAutoScalingGroups',
    { AutoScalingGroupNames: [name] },
  );
  return AutoScalingGroups[0];
}

/** The group as it is; it must be there. */
export async function needed(
  request: Pick<ResourceRequest<unknown>, 'invoke'>,
  name: string,
): Promise<AutoScalingGroup> {
  const found = await described(request, name);
  if (!found) throw new Error(`Auto Scaling group ${name} is gone`);
  return found;
}

export const inService = (group: AutoScalingGroup) =>
  (group.Instances ?? []).filter(({ LifecycleState }) => LifecycleState === 'InService');

export const living = (group: AutoScalingGroup) =>
  (group.Instances ?? []).filter(({ LifecycleState }) => !LifecycleState?.startsWith('Terminating'));
