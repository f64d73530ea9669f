/**
 * `AutoScalingRollingUpdate`: instances of an old template are replaced in batches.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
 * Capacity is raised first where nothing may be taken away; the texts of its events are AWS's.
 */
import type { Activity, AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling';
import { ClockStopped } from '../../clock/clock.ts';
import { ResourceFailure } from '../../stacks/reasons.ts';
import type { ResourceUpdate } from '../../stacks/resource-type.ts';
import { durationMs } from '../../stacks/signals.ts';
import { type GroupProperties, inService, living, needed, service, sizes } from './group-properties.ts';
import { watchLaunches } from './launch-failures.ts';

export interface RollingPolicy {
  readonly MinInstancesInService: number;
  readonly MaxBatchSize: number;
  readonly PauseTime: string;
  readonly pauseMs: number;
  readonly WaitOnResourceSignals: boolean;
  readonly MinSuccessfulInstancesPercent: number;
  readonly MinActiveInstancesPercent: number;
  readonly SuspendProcesses: readonly string[];
}

const known = [
  'MaxBatchSize',
  'MinActiveInstancesPercent',
  'MinInstancesInService',
  'MinSuccessfulInstancesPercent',
  'PauseTime',
  'SuspendProcesses',
  'WaitOnResourceSignals',
];
const largestBatch = 100;

/** Reads the policy, with AWS's defaults. */
export function rollingPolicy(given: Readonly<Record<string, unknown>>, max: number): RollingPolicy {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ResourceFailure(`UpdatePolicy: AutoScalingRollingUpdate has no ${unknown.join(', ')}`);
  }
  const number = (name: string, usual: number) => {
    const value = given[name] === undefined ? usual : Number(given[name]);
    if (!Number.isInteger(value) || value < 0) {
      throw new ResourceFailure(
        `UpdatePolicy: ${name} must be a whole number of at least 0, not ${String(given[name])}`,
      );
    }
    return value;
  };
  const WaitOnResourceSignals = String(given.WaitOnResourceSignals ?? false) === 'true';
  const PauseTime = String(given.PauseTime ?? (WaitOnResourceSignals ? 'PT5M' : 'PT0S'));
  const pauseMs = durationMs(PauseTime);
  if (pauseMs === undefined || pauseMs > 3_600_000) {
    throw new ResourceFailure(
      `UpdatePolicy: PauseTime must be an ISO 8601 duration of at most one hour, not ${PauseTime}`,
    );
  }
  const MinInstancesInService = number('MinInstancesInService', 0);
  if (MinInstancesInService >= max && max > 0) {
    throw new ResourceFailure("MinInstancesInService must be less than the autoscaling group's MaxSize");
  }
  const MinSuccessfulInstancesPercent = number('MinSuccessfulInstancesPercent', 100);
  if (given.MinSuccessfulInstancesPercent !== undefined && !WaitOnResourceSignals) {
    throw new ResourceFailure('MinSuccessfulInstancesPercent requires WaitOnResourceSignals');
  }
  const MaxBatchSize = number('MaxBatchSize', 1);
  if (MaxBatchSize > largestBatch) {
    throw new ResourceFailure(`UpdatePolicy: MaxBatchSize must be at most ${largestBatch}, not ${MaxBatchSize}`);
  }
  const suspend = given.SuspendProcesses;
  return {
    MinInstancesInService,
    MaxBatchSize: Math.max(1, MaxBatchSize),
    PauseTime,
    pauseMs,
    WaitOnResourceSignals,
    MinSuccessfulInstancesPercent: Math.min(100, MinSuccessfulInstancesPercent),
    MinActiveInstancesPercent: Math.min(100, number('MinActiveInstancesPercent', 100)),
    SuspendProcesses: Array.isArray(suspend) ? suspend.map(String) : [],
  };
}

/** Replaces what is not of the group's present template and subnets. The group has its new settings already. */
export async function rollingUpdate(request: ResourceUpdate<GroupProperties>, policy: RollingPolicy): Promise<void> {
  const { physicalId: name, invoke } = request;
  const first = await needed(request, name);
  const version = await templateVersion(request, first);
  const isObsolete = obsolete(first, version);
  const count = living(first).filter(isObsolete).length;
  if (count === 0) return;
  const { MinSize, MaxSize, DesiredCapacity } = sizes(request.properties);
  const desired = Math.min(MaxSize, Math.max(MinSize, DesiredCapacity ?? first.DesiredCapacity ?? MinSize));
  const roll: Roll = {
    request,
    policy,
    desired,
    isObsolete,
    allowedFailures: count - Math.ceil((count * policy.MinSuccessfulInstancesPercent) / 100),
  };
  if (policy.SuspendProcesses.length > 0) {
    await invoke(service, 'SuspendProcesses', {
      AutoScalingGroupName: name,
      ScalingProcesses: [...policy.SuspendProcesses],
    });
  }
  const { MinInstancesInService: least, MaxBatchSize: batch } = policy;
  const waiting = policy.WaitOnResourceSignals
    ? ` Waiting on resource signals with a timeout of ${policy.PauseTime} when new instances are added to the autoscaling group.`
    : '';
  request.progress(
    `Rolling update initiated. Terminating ${count} obsolete instance(s) in batches of ${Math.min(batch, count)}, while keeping at least ${least} instance(s) in service.${waiting}`,
  );
  try {
    await makeRoom(roll, Math.min(MaxSize, least + Math.min(batch, count)));
    for (let done = 0; done < count; ) done += await replaceBatch(roll, done, count);
  } finally {
    await invoke(service, 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: name,
      MinSize,
      MaxSize,
      DesiredCapacity: desired,
    });
    if (policy.SuspendProcesses.length > 0) {
      await invoke(service, 'ResumeProcesses', {
        AutoScalingGroupName: name,
        ScalingProcesses: [...policy.SuspendProcesses],
      });
    }
  }
}

/**
 * A raised desired capacity alone: its new instances are waited for as those of a rolling update are. `bring` raises it.
 */
export async function awaitGrowth(
  request: ResourceUpdate<GroupProperties>,
  policy: RollingPolicy,
  bring: () => Promise<void>,
): Promise<void> {
  const { DesiredCapacity: before = 0 } = await needed(request, request.physicalId);
  const desired = sizes(request.properties).DesiredCapacity ?? before;
  const count = desired - before;
  if (count <= 0) return bring();
  const allowedFailures = count - Math.ceil((count * policy.MinSuccessfulInstancesPercent) / 100);
  await added({ request, policy, desired, isObsolete: () => false, allowedFailures }, count, bring);
}

interface Roll {
  readonly request: ResourceUpdate<GroupProperties>;
  readonly policy: RollingPolicy;
  readonly desired: number;
  readonly isObsolete: (instance: Instance) => boolean;
  allowedFailures: number;
}

/** When too few may be taken away, more are launched first. */
async function makeRoom(roll: Roll, capacity: number): Promise<void> {
  const { request, desired } = roll;
  const extra = capacity - desired;
  if (extra <= 0) {
    await resize(roll, desired);
    return;
  }
  request.progress(`Temporarily setting autoscaling group MinSize and DesiredCapacity to ${capacity}.`);
  await added(roll, extra, () => resize(roll, capacity));
}

/** The minimum goes along, so that no policy takes away what is needed. */
async function resize({ request }: Roll, capacity: number): Promise<void> {
  await request.invoke(service, 'UpdateAutoScalingGroup', {
    AutoScalingGroupName: request.physicalId,
    MinSize: capacity,
    DesiredCapacity: capacity,
  });
}

/** Ends one batch and waits for its replacements. Returns how many it ended. */
async function replaceBatch(roll: Roll, done: number, count: number): Promise<number> {
  const { request, policy, desired, isObsolete } = roll;
  const group = await needed(request, request.physicalId);
  const old = living(group).filter(isObsolete);
  if (old.length === 0) return count;
  const serving = inService(group).length;
  const room = Math.max(1, serving - policy.MinInstancesInService);
  const ended = old.slice(0, Math.min(policy.MaxBatchSize, room));
  const fresh = living(group).length - old.length;
  const replaced = Math.min(ended.length, Math.max(0, desired - fresh));
  const ids = ended.flatMap(({ InstanceId }) => InstanceId ?? []);
  request.progress(`Terminating instance(s) [${ids.join(',')}]; replacing with ${replaced} new instance(s).`);
  await added(roll, replaced, async () => {
    const capacity = living(group).length - (ended.length - replaced);
    // The minimum makes way for those that are not replaced.
    await request.invoke(service, 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: request.physicalId,
      MinSize: Math.min(capacity, group.MinSize ?? capacity),
    });
    for (const [n, InstanceId] of ids.entries()) {
      await request.invoke(service, 'TerminateInstanceInAutoScalingGroup', {
        InstanceId,
        ShouldDecrementDesiredCapacity: n >= replaced,
      });
    }
    await request.until(`instances ${ids.join(', ')} to be terminated`, async () => {
      const now = await needed(request, request.physicalId);
      return !(now.Instances ?? []).some(({ InstanceId }) => ids.includes(InstanceId ?? ''));
    });
    const percent = Math.round(((done + ids.length) / count) * 100);
    request.progress(`Successfully terminated instance(s) [${ids.join(',')}] (Progress ${percent}%).`);
  });
  return ids.length;
}

/** Does what brings new instances, and waits until they are in service and have signalled, or for the pause. */
async function added(roll: Roll, count: number, bring: () => Promise<void>): Promise<void> {
  const { request } = roll;
  const known = await everKnown(request);
  try {
    await bring();
    if (count > 0) await awaited(roll, known, count);
  } catch (error) {
    if (!(error instanceof ClockStopped)) {
      await withdraw(roll, known).catch((other: unknown) =>
        request.progress(other instanceof Error ? other.message : String(other)),
      );
    }
    throw error;
  }
}

/** Also those that are gone: what they signalled earlier in this operation is not to be counted again. */
async function everKnown(request: ResourceUpdate<GroupProperties>): Promise<Set<string>> {
  const { physicalId, invoke } = request;
  const { Instances = [] } = await needed(request, physicalId);
  const { Activities } = await invoke<{ Activities: Activity[] }>(service, 'DescribeScalingActivities', {
    AutoScalingGroupName: physicalId,
  });
  const told = Activities.flatMap(({ Description = '' }) => /\bi-[0-9a-f]+/.exec(Description) ?? []);
  return new Set([...Instances.flatMap(({ InstanceId }) => InstanceId ?? []), ...told]);
}

async function awaited(roll: Roll, known: ReadonlySet<string>, count: number): Promise<void> {
  const { request, policy } = roll;
  if (!policy.WaitOnResourceSignals) {
    await settled(roll, known, count);
    if (policy.pauseMs > 0) await request.clock.sleep(policy.pauseMs, request.signal);
    return;
  }
  request.progress(
    `New instance(s) added to autoscaling group - Waiting on ${count} resource signal(s) with a timeout of ${policy.PauseTime}.`,
  );
  const isNew = (id: string) => !known.has(id);
  const minSuccessful = Math.max(0, count - roll.allowedFailures);
  const signals = { count, timeoutMs: policy.pauseMs, minSuccessful, accept: isNew };
  // What one batch may miss the next ones may not.
  roll.allowedFailures -= count - (await watchLaunches(request, request.signals.wait(signals)));
  await settled(roll, known, count);
}

/**
 * Ends what the failed step brought, as far as the group has more than it shall have. Left to itself the group would
 * scale in by its own policies, which end the oldest template's instances first: those that still serve.
 */
async function withdraw({ request, desired }: Roll, known: ReadonlySet<string>): Promise<void> {
  const { MinSize } = sizes(request.properties);
  const group = await needed(request, request.physicalId);
  const all = living(group);
  const fresh = all
    .filter(({ InstanceId }) => !known.has(InstanceId ?? ''))
    .slice(0, Math.max(0, all.length - desired));
  if (fresh.length === 0) return;
  await request.invoke(service, 'UpdateAutoScalingGroup', { AutoScalingGroupName: request.physicalId, MinSize });
  for (const { InstanceId } of fresh) {
    await request.invoke(service, 'TerminateInstanceInAutoScalingGroup', {
      InstanceId,
      ShouldDecrementDesiredCapacity: true,
    });
  }
}

/** "If an instance doesn't transition to `InService` within a fixed time of 1 hour" it is taken for not updated. */
const activeWithinMs = 3_600_000;

async function settled(roll: Roll, known: ReadonlySet<string>, count: number): Promise<void> {
  const { request, policy, desired } = roll;
  const { MinActiveInstancesPercent: percent } = policy;
  const since = request.clock.now();
  const arrived = request.until(
    'new instances to be in service',
    async () => {
      const active = inService(await needed(request, request.physicalId));
      if (active.filter(({ InstanceId }) => !known.has(InstanceId ?? '')).length >= count) return true;
      if (request.clock.now() < since + activeWithinMs) return false;
      const least = Math.ceil((desired * percent) / 100);
      if (active.length >= least) return true;
      throw new ResourceFailure(
        `${active.length} of ${desired} instances are in service. Unable to satisfy ${percent}% MinActiveInstancesPercent requirement`,
      );
    },
    { timeoutMs: 2 * activeWithinMs },
  );
  // Where some may be missing, a launch that fails is none of the stack's business.
  await (percent < 100 ? arrived : watchLaunches(request, arrived));
}

async function templateVersion(request: ResourceUpdate<GroupProperties>, group: AutoScalingGroup): Promise<string> {
  const { LaunchTemplateId, Version = '$Default' } = group.LaunchTemplate ?? {};
  const { LaunchTemplateVersions } = await request.invoke<{ LaunchTemplateVersions: { VersionNumber: number }[] }>(
    'ec2',
    'DescribeLaunchTemplateVersions',
    { LaunchTemplateId, Versions: [Version] },
  );
  return String(LaunchTemplateVersions[0]?.VersionNumber ?? Version);
}

function obsolete(group: AutoScalingGroup, version: string) {
  const zones = new Set(group.AvailabilityZones);
  return ({ LaunchTemplate, AvailabilityZone }: Instance) =>
    LaunchTemplate?.LaunchTemplateId !== group.LaunchTemplate?.LaunchTemplateId ||
    LaunchTemplate?.Version !== version ||
    !zones.has(AvailabilityZone ?? '');
}
