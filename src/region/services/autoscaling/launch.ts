/** Launching: a member of the group from its place to `InService`. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { beginActivity, changeActivity, endActivity } from './activity.ts';
import type { Place } from './choose.ts';
import { waitFor } from './lifecycle-action.ts';
import type { Journey } from './lifecycle-state.ts';
import { instanceTags } from './membership-tag.ts';
import type { DescribedVersions, RunInstancesShape } from './shapes.ts';
import { activities, asService, type GroupRecord, isSuspended, type MemberRecord, members } from './state.ts';

export interface ResolvedTemplate {
  readonly version: string;
  readonly instanceType: string;
  readonly interfaces: RunInstancesShape['NetworkInterfaces'];
}

function journeyOf({ warm }: MemberRecord): Journey {
  const destination = warm ? 'WarmPool' : 'AutoScalingGroup';
  return { transition: 'autoscaling:EC2_INSTANCE_LAUNCHING', origin: 'EC2', destination };
}

function launchText(warm = false): string {
  return warm ? 'Launching a new EC2 instance into warm pool' : 'Launching a new EC2 instance';
}

/** The version that the group launches now. */
export async function templateNow(scope: Scope, group: GroupRecord): Promise<ResolvedTemplate> {
  const { LaunchTemplateVersions } = await scope.invoke<DescribedVersions>(
    asService,
    'ec2',
    'DescribeLaunchTemplateVersions',
    { LaunchTemplateId: group.template.id, Versions: [group.template.version] },
  );
  const [found] = LaunchTemplateVersions;
  if (!found) {
    throw new Fault(
      'ValidationError',
      `Launch template ${group.template.id} has no version ${group.template.version}.`,
    );
  }
  const data = found.LaunchTemplateData as DescribedVersions['LaunchTemplateVersions'][0]['LaunchTemplateData'] & {
    NetworkInterfaces?: RunInstancesShape['NetworkInterfaces'];
  };
  return {
    version: String(found.VersionNumber),
    instanceType: data.InstanceType ?? 'm1.small',
    interfaces: data.NetworkInterfaces ?? [],
  };
}

/** Makes a place in the group; `launchMember` fills it. */
export function addMember(
  scope: Scope,
  group: GroupRecord,
  template: ResolvedTemplate,
  place: Place,
  cause: string,
  { warm = false, replaces }: { readonly warm?: boolean; readonly replaces?: string } = {},
): MemberRecord {
  const { id: key } = beginActivity(scope, group.name, {
    description: launchText(warm),
    cause,
    place,
  });
  const [first, ...others] = template.interfaces ?? [];
  const request: RunInstancesShape = {
    MinCount: 1,
    MaxCount: 1,
    ClientToken: key,
    LaunchTemplate: { LaunchTemplateId: group.template.id, Version: template.version },
    // A template that lays out its interfaces is given the subnet there.
    ...(first ? { NetworkInterfaces: [{ ...first, SubnetId: place.id }, ...others] } : { SubnetId: place.id }),
    TagSpecifications: [
      {
        ResourceType: 'instance',
        Tags: instanceTags(group),
      },
    ],
  };
  const member: MemberRecord = {
    key,
    group: group.name,
    request,
    instanceType: template.instanceType,
    zone: place.zone,
    subnetId: place.id,
    templateId: group.template.id,
    templateName: group.template.name,
    templateVersion: template.version,
    lifecycle: 'Pending',
    ...(warm ? { warm } : {}),
    healthy: true,
    protectedFromScaleIn: group.protectNew,
    launchedMs: scope.clock.now(),
    ...(warm ? {} : policyWarmup(group)),
    ...(replaces === undefined ? {} : { replaces }),
  };
  members(scope).put(key, member);
  return member;
}

/** What the policy says for whose sake there is one more in service. */
export function policyWarmup({ launchWarmupSeconds: warmupSeconds }: GroupRecord): Pick<MemberRecord, 'warmupSeconds'> {
  return warmupSeconds === undefined ? {} : { warmupSeconds };
}

/** Asks EC2 for the instance. True when there is one now; when EC2 refuses, the activity has failed and the place is gone. */
export async function launchMember(scope: Scope, member: MemberRecord): Promise<boolean> {
  if (!member.request) return true;
  try {
    const { Instances } = await scope.invoke<{ Instances: { InstanceId: string }[] }>(
      asService,
      'ec2',
      'RunInstances',
      member.request,
    );
    const [made] = Instances;
    if (!made) throw new Fault('InternalError', 'EC2 launched no instance.');
    const { request: _, ...rest } = members(scope).get(member.key) ?? member;
    // Hooks wait from now on: the machine's own boot may be the one that completes them.
    const wait = rest.lifecycle === 'Pending' ? waitFor(scope, member.group, journeyOf(member)) : {};
    members(scope).put(member.key, { ...rest, ...wait, instanceId: made.InstanceId });
    changeActivity(scope, member.key, {
      description: `${launchText(member.warm)}: ${made.InstanceId}`,
      progress: 30,
    });
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    failLaunch(scope, member, `${error.message} Launching EC2 instance failed.`);
    return false;
  }
}

export function failLaunch(scope: Scope, member: MemberRecord, message: string): void {
  const description = activities(scope).get(member.key)?.description ?? launchText(member.warm);
  endActivity(scope, member.key, 'Failed', { description: `${description}.  Status Reason: ${message}`, message });
  members(scope).delete(member.key);
  scope.note({ source: 'autoscaling', kind: 'launch-failed', text: `${member.group}: ${message}` });
}

/** A running instance is registered with the group's target groups, and then in service. */
export async function bringIntoService(
  scope: Scope,
  group: GroupRecord,
  member: MemberRecord,
  running = true,
): Promise<void> {
  const { instanceId } = member;
  if (instanceId === undefined) return;
  // One that does not run may come back from standby: its health is checked once it is in service.
  if (running && !isSuspended(group, 'AddToLoadBalancer')) {
    for (const arn of group.targetGroups) await register(scope, arn, instanceId);
  }
  const now = members(scope).get(member.key);
  if (now?.lifecycle !== 'Pending') return;
  const { wait: _, starting: __, moveKey = member.key, ...rest } = now;
  members(scope).put(member.key, { ...rest, lifecycle: 'InService', inServiceMs: scope.clock.now() });
  endActivity(scope, moveKey, 'Successful');
  scope.note({
    source: 'autoscaling',
    kind: 'in-service',
    text: `${instanceId} is in service in ${group.name}`,
    data: { group: group.name, instanceId },
  });
}

export async function register(scope: Scope, arn: string, instanceId: string): Promise<void> {
  await scope.invoke(asService, 'elasticloadbalancing', 'RegisterTargets', {
    TargetGroupArn: arn,
    Targets: [{ Id: instanceId }],
  });
}
