/** Groups and instances as they are described. */
import type { AutoScalingGroup, Instance, WarmPoolConfiguration } from '@aws-sdk/client-auto-scaling';
import type { Call } from '../service.ts';
import { type GroupRecord, type MemberRecord, membersOf, poolOf } from './state.ts';
import { tagView } from './tags.ts';

export function groupView(call: Call, group: GroupRecord, withInstances: boolean): AutoScalingGroup {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    LaunchTemplate: {
      LaunchTemplateId: group.template.id,
      LaunchTemplateName: group.template.name,
      Version: group.template.version,
    },
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: group.cooldownSeconds,
    AvailabilityZones: [...new Set(group.subnets.map(({ zone }) => zone))],
    LoadBalancerNames: [],
    TargetGroupARNs: [...group.targetGroups],
    HealthCheckType: group.healthCheckType,
    HealthCheckGracePeriod: group.gracePeriodSeconds,
    Instances: withInstances ? [...instanceViews(membersOf(call, group.name))] : [],
    CreatedTime: new Date(group.createdMs),
    SuspendedProcesses: group.suspended.map(({ name, reason }) => ({ ProcessName: name, SuspensionReason: reason })),
    VPCZoneIdentifier: group.subnets.map(({ id }) => id).join(','),
    EnabledMetrics: group.metrics.map((Metric) => ({ Metric, Granularity: '1Minute' })),
    ...(group.deleting ? { Status: 'Delete in progress' } : {}),
    Tags: group.tags.map((tag) => tagView(group.name, tag)),
    TerminationPolicies: [...group.terminationPolicies],
    NewInstancesProtectedFromScaleIn: group.protectNew,
    ServiceLinkedRoleARN: group.serviceLinkedRole,
    CapacityRebalance: false,
    ...(group.warmupSeconds === undefined ? {} : { DefaultInstanceWarmup: group.warmupSeconds }),
    ...(group.maintenance
      ? {
          InstanceMaintenancePolicy: {
            MinHealthyPercentage: group.maintenance.min,
            MaxHealthyPercentage: group.maintenance.max,
          },
        }
      : {}),
    ...(group.lifetimeSeconds === undefined ? {} : { MaxInstanceLifetime: group.lifetimeSeconds }),
    ...(group.context === undefined ? {} : { Context: group.context }),
    ...poolView(group),
    ...(group.pool ? { WarmPoolSize: poolOf(call, group.name).length } : {}),
    TrafficSources: group.targetGroups.map((Identifier) => ({ Identifier, Type: 'elbv2' })),
  };
}

/** `Warmed:Pending:Wait` */
function lifecycleState({ warm, lifecycle, wait }: MemberRecord): NonNullable<Instance['LifecycleState']> {
  const parts = [...(warm ? ['Warmed'] : []), lifecycle, ...(wait === undefined ? [] : [wait])];
  return parts.join(':') as NonNullable<Instance['LifecycleState']>;
}

function templateView({ templateId, templateName, templateVersion }: MemberRecord) {
  return {
    LaunchTemplateId: templateId,
    ...(templateName === '' ? {} : { LaunchTemplateName: templateName }),
    Version: templateVersion,
  };
}

/** By the members that they are of: which are the same object until one of them changes. */
const views = new WeakMap<readonly MemberRecord[], readonly Instance[]>();

function instanceViews(members: readonly MemberRecord[]): readonly Instance[] {
  let found = views.get(members);
  if (!found) {
    found = members.flatMap((member) =>
      member.instanceId === undefined ? [] : [instanceView(member, member.instanceId)],
    );
    views.set(members, found);
  }
  return found;
}

export function instanceView(member: MemberRecord, InstanceId: string): Instance {
  return {
    InstanceId,
    InstanceType: member.instanceType,
    AvailabilityZone: member.zone,
    LifecycleState: lifecycleState(member),
    HealthStatus: member.healthy ? 'Healthy' : 'Unhealthy',
    // An instance that was attached may have none, or another's.
    ...(member.templateId === '' ? {} : { LaunchTemplate: templateView(member) }),
    ProtectedFromScaleIn: member.protectedFromScaleIn,
  };
}

export function poolView({ pool }: GroupRecord): { WarmPoolConfiguration?: WarmPoolConfiguration } {
  if (!pool) return {};
  return {
    WarmPoolConfiguration: {
      ...(pool.prepared === undefined ? {} : { MaxGroupPreparedCapacity: pool.prepared }),
      MinSize: pool.min,
      PoolState: pool.state,
      ...(pool.deleting ? { Status: 'PendingDelete' } : {}),
      ...(pool.reuse ? { InstanceReusePolicy: { ReuseOnScaleIn: true } } : {}),
    },
  };
}
