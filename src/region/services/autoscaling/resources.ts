/** Auto Scaling in CloudFormation. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import { unmodelledBoot } from '../../machines/boot-check.ts';
import { ResourceFailure } from '../../stacks/reasons.ts';
import { type ExistingResource, type ResourceRequest, resourceType } from '../../stacks/resource-type.ts';
import { durationMs } from '../../stacks/signals.ts';
import { unlessGone } from '../../stacks/unless-gone.ts';
import { Fault } from '../../wire/fault.ts';
import {
  described,
  type GroupProperties,
  honours,
  hooksIn,
  inService,
  needed,
  service,
  settings,
  sizes,
  tagsOf,
} from './group-properties.ts';
import { watchLaunches } from './launch-failures.ts';
import { refreshPolicy, refreshUpdate } from './refresh-update.ts';
import { awaitGrowth, rollingPolicy, rollingUpdate } from './rolling-update.ts';

export const autoScalingGroup = resourceType<GroupProperties>({
  honours,
  unmodelled: unmodelledBoot(),
  async create(request) {
    const { properties, invoke, stackTags, creationPolicy } = request;
    const name = properties.AutoScalingGroupName ?? request.name(255);
    const policy = signalsOf(creationPolicy);
    const input = {
      AutoScalingGroupName: name,
      ...settings(properties),
      ...sizes(properties),
      TargetGroupARNs: [...(properties.TargetGroupARNs ?? [])],
      LifecycleHookSpecificationList: hooksIn(properties),
      Tags: tagsOf(properties, stackTags),
    };
    await invoke(service, 'CreateAutoScalingGroup', input).catch(async (error: unknown) => {
      // Made before a crash by this very resource: its name is not the template's.
      const taken = error instanceof Fault && error.code === 'AlreadyExists';
      if (!taken || properties.AutoScalingGroupName !== undefined || !(await described(request, name))) throw error;
    });
    const group = await needed(request, name);
    const attributes = { AutoScalingGroupARN: group.AutoScalingGroupARN };
    request.made?.(name, attributes);
    await collectMetrics(request, name);
    if (policy) await watchLaunches(request, request.signals.wait(policy), name);
    else {
      const stable = request.until('the group to have its desired capacity', async () => {
        const now = await needed(request, name);
        return inService(now).length >= (now.DesiredCapacity ?? 0);
      });
      await watchLaunches(request, stable, name);
    }
    return { physicalId: name, attributes };
  },
  async update(request) {
    const { properties, previous, physicalId: name, invoke, updatePolicy } = request;
    const rolling = updatePolicy?.AutoScalingRollingUpdate as Record<string, unknown> | undefined;
    const refreshing = updatePolicy?.AutoScalingInstanceRefresh as Record<string, unknown> | undefined;
    if (rolling && refreshing) {
      throw new ResourceFailure(
        'UpdatePolicy: AutoScalingRollingUpdate and AutoScalingInstanceRefresh exclude each other',
      );
    }
    const replacing = updatePolicy?.AutoScalingReplacingUpdate as Record<string, unknown> | undefined;
    const changed = renews(previous, properties);
    if (changed && String(replacing?.WillReplace ?? false) === 'true') {
      throw new ResourceFailure('UpdatePolicy AutoScalingReplacingUpdate with WillReplace is not modelled by Orrery');
    }
    const policy = rolling ? rollingPolicy(rolling, Number(properties.MaxSize)) : undefined;
    const preferences = refreshing ? refreshPolicy(refreshing, properties) : undefined;
    const { LaunchTemplate, ...others } = settings(properties);
    // A refresh brings the template; the group takes it over when that has succeeded.
    const brings = preferences !== undefined && changed;
    const set = async () => {
      await invoke(service, 'UpdateAutoScalingGroup', {
        AutoScalingGroupName: name,
        ...others,
        ...(brings || !LaunchTemplate ? {} : { LaunchTemplate }),
        ...changedSizes(previous, properties, updatePolicy),
      });
    };
    if (policy && !changed) await awaitGrowth(request, policy, set);
    else await set();
    await retag(request, previous);
    await retarget(request, previous);
    await rehook(request, previous);
    await collectMetrics(request, name);
    if (policy && changed) await rollingUpdate(request, policy);
    if (brings) await refreshUpdate(request, preferences);
    const group = await needed(request, name);
    return { physicalId: name, attributes: { AutoScalingGroupARN: group.AutoScalingGroupARN } };
  },
  async delete(request) {
    const { physicalId: name, invoke } = request;
    if (!(await described(request, name))) return;
    await invoke(service, 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: name,
      MinSize: 0,
      MaxSize: 0,
      DesiredCapacity: 0,
    });
    // Protected and suspended groups would wait for ever.
    await invoke(service, 'ResumeProcesses', { AutoScalingGroupName: name });
    await removePool(request);
    await request.until('the instances of the group to be terminated', async () => {
      const now = await described(request, name);
      if (!now || (now.Instances?.length === 0 && !now.WarmPoolConfiguration)) return true;
      await unprotect(request, now);
      await endStandby(request, now);
      return false;
    });
    if (await described(request, name)) await invoke(service, 'DeleteAutoScalingGroup', { AutoScalingGroupName: name });
  },
});

/** Also those that came into service only now: a launch may have been under way. */
async function unprotect(request: ResourceRequest<GroupProperties>, group: AutoScalingGroup): Promise<void> {
  const held = inService(group).filter(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn);
  if (held.length === 0) return;
  await request.invoke(service, 'SetInstanceProtection', {
    AutoScalingGroupName: group.AutoScalingGroupName,
    InstanceIds: held.map(({ InstanceId }) => InstanceId),
    ProtectedFromScaleIn: false,
  });
}

/** One that the template does not know. */
async function removePool({ physicalId, invoke }: ExistingResource<GroupProperties>): Promise<void> {
  await unlessGone(['ValidationError'], () =>
    invoke(service, 'DeleteWarmPool', { AutoScalingGroupName: physicalId, ForceDelete: true }),
  );
}

/** Instances in standby are not of the capacity, and so would stay. */
async function endStandby({ invoke }: ResourceRequest<GroupProperties>, group: AutoScalingGroup): Promise<void> {
  for (const { InstanceId, LifecycleState } of group.Instances ?? []) {
    if (LifecycleState !== 'Standby') continue;
    const end = { InstanceId, ShouldDecrementDesiredCapacity: false };
    await invoke(service, 'TerminateInstanceInAutoScalingGroup', end);
  }
}

/** A change of these replaces instances under a rolling update. */
function renews(before: GroupProperties, after: GroupProperties): boolean {
  const part = ({ LaunchTemplate, VPCZoneIdentifier, AvailabilityZones }: GroupProperties) =>
    JSON.stringify([LaunchTemplate, VPCZoneIdentifier, AvailabilityZones]);
  return part(before) !== part(after);
}

/** `IgnoreUnmodifiedGroupSizeProperties`: sizes that the template did not change stay what scheduled actions made them. */
function changedSizes(
  before: GroupProperties,
  after: GroupProperties,
  updatePolicy: Readonly<Record<string, unknown>> | undefined,
) {
  const scheduled = updatePolicy?.AutoScalingScheduledAction as Record<string, unknown> | undefined;
  const all = sizes(after);
  if (String(scheduled?.IgnoreUnmodifiedGroupSizeProperties ?? false) !== 'true') return all;
  const old = sizes(before);
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => old[name as keyof typeof old] !== value));
}

/** What a creation waits for: `ResourceSignal`, and the share that must succeed. */
function signalsOf(policy: Readonly<Record<string, unknown>> | undefined) {
  const signal = policy?.ResourceSignal as Record<string, unknown> | undefined;
  if (!signal) return undefined;
  const count = Number(signal.Count ?? 1);
  const timeoutMs = durationMs(String(signal.Timeout ?? 'PT5M'));
  if (timeoutMs === undefined || !Number.isInteger(count) || count < 0) {
    throw new ResourceFailure('CreationPolicy: ResourceSignal needs a whole Count and an ISO 8601 Timeout');
  }
  const creation = policy?.AutoScalingCreationPolicy as Record<string, unknown> | undefined;
  const percent = Math.min(100, Math.max(0, Number(creation?.MinSuccessfulInstancesPercent ?? 100)));
  return { count, timeoutMs, minSuccessful: Math.ceil((count * percent) / 100) };
}

async function collectMetrics(request: ResourceRequest<GroupProperties>, name: string): Promise<void> {
  const wanted = request.properties.MetricsCollection ?? [];
  const group = await needed(request, name);
  if (group.EnabledMetrics?.length)
    await request.invoke(service, 'DisableMetricsCollection', { AutoScalingGroupName: name });
  for (const { Granularity, Metrics } of wanted) {
    await request.invoke(service, 'EnableMetricsCollection', {
      AutoScalingGroupName: name,
      Granularity,
      ...(Metrics?.length ? { Metrics: [...Metrics] } : {}),
    });
  }
}

async function retag(request: ExistingResource<GroupProperties>, previous: GroupProperties): Promise<void> {
  const of = { ResourceId: request.physicalId, ResourceType: 'auto-scaling-group' };
  const tags = tagsOf(request.properties, request.stackTags);
  const gone = (previous.Tags ?? []).filter(({ Key }) => !tags.some((tag) => tag.Key === Key));
  if (gone.length > 0) await request.invoke(service, 'DeleteTags', { Tags: gone.map(({ Key }) => ({ ...of, Key })) });
  if (tags.length > 0)
    await request.invoke(service, 'CreateOrUpdateTags', { Tags: tags.map((tag) => ({ ...of, ...tag })) });
}

/** Hooks that the template's list no longer has go; changed ones are put anew. */
async function rehook(request: ExistingResource<GroupProperties>, previous: GroupProperties): Promise<void> {
  const { physicalId: AutoScalingGroupName, invoke } = request;
  const [before, after] = [hooksIn(previous), hooksIn(request.properties)];
  for (const hook of after) {
    const same = before.some((one) => JSON.stringify(one) === JSON.stringify(hook));
    if (!same) await invoke(service, 'PutLifecycleHook', { AutoScalingGroupName, ...hook });
  }
  for (const { LifecycleHookName } of before) {
    if (after.some((hook) => hook.LifecycleHookName === LifecycleHookName)) continue;
    await unlessGone(['ValidationError'], () =>
      invoke(service, 'DeleteLifecycleHook', { AutoScalingGroupName, LifecycleHookName }),
    );
  }
}

async function retarget(request: ExistingResource<GroupProperties>, previous: GroupProperties): Promise<void> {
  const { physicalId: AutoScalingGroupName, invoke } = request;
  const before = previous.TargetGroupARNs ?? [];
  const after = request.properties.TargetGroupARNs ?? [];
  const added = after.filter((arn) => !before.includes(arn));
  const gone = before.filter((arn) => !after.includes(arn));
  const change = (operation: string, TargetGroupARNs: readonly string[]) =>
    invoke(service, operation, { AutoScalingGroupName, TargetGroupARNs: [...TargetGroupARNs] });
  if (added.length > 0) await change('AttachLoadBalancerTargetGroups', added);
  if (gone.length > 0) await change('DetachLoadBalancerTargetGroups', gone);
}
