/** Instance refreshes: begun, described, cancelled, rolled back. What they do is in `refresh-loop.ts`. */
import type {
  CancelInstanceRefreshCommandInput,
  DescribeInstanceRefreshesCommandInput,
  InstanceRefresh,
  RollbackInstanceRefreshCommandInput,
  StartInstanceRefreshCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { refuseDeleting } from './group.ts';
import { templateOf } from './group-settings.ts';
import { templateNow } from './launch.ts';
import { kick } from './reconcile.ts';
import { rollBack } from './refresh-end.ts';
import { filledPreferences } from './refresh-preferences.ts';
import { toReplace } from './refresh-progress.ts';
import { activeRefresh, isActive, type RefreshRecord, refreshes } from './refresh-state.ts';
import type { DescribedVersions } from './shapes.ts';
import {
  asService,
  everyMemberOf,
  type GroupRecord,
  groupOf,
  invalid,
  notModelled,
  page,
  pageSize,
  refuse,
  type TemplateReference,
} from './state.ts';

export async function startInstanceRefresh(input: StartInstanceRefreshCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  if ((input.Strategy ?? 'Rolling') !== 'Rolling') throw notModelled(`Strategy ${input.Strategy}`);
  refuse(input.DesiredConfiguration ?? {}, ['MixedInstancesPolicy']);
  const { LaunchTemplate } = input.DesiredConfiguration ?? {};
  if (input.DesiredConfiguration && !LaunchTemplate) {
    throw invalid('DesiredConfiguration must contain either LaunchTemplate or MixedInstancesPolicy.');
  }
  const desired = LaunchTemplate ? await templateOf(call, LaunchTemplate) : undefined;
  const preferences = filledPreferences(input.Preferences ?? {}, groupOf(call, name));
  await checkAlarms(call, preferences.AlarmSpecification?.Alarms ?? []);
  if (preferences.AutoRollback) {
    const problem = await whyIrreversible(call, groupOf(call, name), desired);
    if (problem !== undefined) throw invalid(`AutoRollback cannot be set to true: ${problem}`);
  }
  const wanted = { ...groupOf(call, name), ...(desired ? { template: desired } : {}) };
  const { version } = await templateNow(call, wanted);
  // As it is now, after the questions.
  const group = groupOf(call, name);
  refuseDeleting(group);
  if (activeRefresh(call, name)) {
    throw new Fault(
      'InstanceRefreshInProgress',
      'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
    );
  }
  const all = everyMemberOf(call, name).filter(({ lifecycle }) => lifecycle !== 'Terminating');
  const matches = (member: (typeof all)[number]) =>
    member.templateId === wanted.template.id && member.templateVersion === version;
  const old = all.filter((member) => !(preferences.SkipMatching && matches(member))).map(({ key }) => key);
  const { free, held } = toReplace(preferences, old, all);
  const record: RefreshRecord = {
    id: call.random.uuid(),
    group: name,
    preferences,
    ...(desired ? { desired } : {}),
    status: 'Pending',
    requestedMs: call.clock.now(),
    known: all.map(({ key }) => key),
    old,
    percent: 0,
    remaining: free.length + held.length,
    checkpoints: 0,
  };
  refreshes(call).put(record.id, record);
  kick(call, name);
  return { InstanceRefreshId: record.id };
}

async function checkAlarms(call: Call, AlarmNames: readonly string[]): Promise<void> {
  if (AlarmNames.length === 0) return;
  type Alarms = readonly { readonly AlarmName: string }[];
  const { MetricAlarms = [], CompositeAlarms = [] } = await call.invoke<{
    MetricAlarms?: Alarms;
    CompositeAlarms?: Alarms;
  }>(asService, 'cloudwatch', 'DescribeAlarms', { AlarmNames, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] });
  const known = [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName }) => AlarmName);
  const unknown = AlarmNames.find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`The CloudWatch alarm ${unknown} of AlarmSpecification does not exist.`);
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html#instance-refresh-rollback-considerations */
async function whyIrreversible(
  call: Call,
  { template: { id, version } }: GroupRecord,
  desired: TemplateReference | undefined,
): Promise<string | undefined> {
  if (!desired) return 'the instance refresh has no desired configuration.';
  if (version === '$Latest' || version === '$Default') {
    return `the Auto Scaling group uses the launch template version ${version}.`;
  }
  const { LaunchTemplateVersions } = await call.invoke<DescribedVersions>(
    asService,
    'ec2',
    'DescribeLaunchTemplateVersions',
    { LaunchTemplateId: id, Versions: [version] },
  );
  if (!LaunchTemplateVersions[0]?.LaunchTemplateData.ImageId?.startsWith('resolve:ssm:')) return undefined;
  return 'the launch template of the Auto Scaling group uses a Systems Manager parameter instead of an AMI ID.';
}

export function cancelInstanceRefresh(input: CancelInstanceRefreshCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const refresh = activeRefresh(call, name);
  if (!refresh || refresh.status === 'RollbackInProgress') throw noneActive('in progress or pending', name);
  refreshes(call).put(refresh.id, {
    ...refresh,
    status: 'Cancelling',
    waitsForTransitions: input.WaitForTransitioningInstances ?? true,
  });
  kick(call, name);
  return { InstanceRefreshId: refresh.id };
}

export async function rollbackInstanceRefresh(input: RollbackInstanceRefreshCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const problem = await whyIrreversible(call, groupOf(call, name), inProgress(call, name).desired);
  if (problem !== undefined) {
    throw new Fault('IrreversibleInstanceRefresh', `The instance refresh cannot be rolled back: ${problem}`);
  }
  const refresh = inProgress(call, name);
  rollBack(call, groupOf(call, name), refresh, 'Rollback initiated by user request.');
  kick(call, name);
  return { InstanceRefreshId: refresh.id };
}

function inProgress(call: Call, name: string): RefreshRecord {
  const refresh = activeRefresh(call, name);
  if (refresh?.status === 'InProgress' || refresh?.status === 'Baking') return refresh;
  throw noneActive('in progress', name);
}

function noneActive(states: string, group: string): Fault {
  return new Fault(
    'ActiveInstanceRefreshNotFound',
    `No ${states} Instance Refresh found for Auto Scaling group ${group}`,
  );
}

/** "Instance refreshes still in progress are described first", then the newest. */
export function describeInstanceRefreshes(input: DescribeInstanceRefreshesCommandInput, call: Call) {
  const { name } = groupOf(call, input.AutoScalingGroupName);
  const ids = input.InstanceRefreshIds ?? [];
  const found = [...refreshes(call).values()]
    .filter(({ group, id }) => group === name && (ids.length === 0 || ids.includes(id)))
    .sort((a, b) => Number(isActive(b)) - Number(isActive(a)) || b.requestedMs - a.requestedMs);
  const { items, ...next } = page(found, input.NextToken, pageSize(input.MaxRecords, 100, 50));
  return { InstanceRefreshes: items.map(refreshView), ...next };
}

function refreshView(refresh: RefreshRecord): InstanceRefresh {
  const { desired, rollback, preferences, details } = refresh;
  return {
    InstanceRefreshId: refresh.id,
    AutoScalingGroupName: refresh.group,
    Status: refresh.status,
    ...(refresh.reason === undefined ? {} : { StatusReason: refresh.reason }),
    ...(refresh.startedMs === undefined ? {} : { StartTime: new Date(refresh.startedMs) }),
    ...(refresh.endedMs === undefined ? {} : { EndTime: new Date(refresh.endedMs) }),
    PercentageComplete: refresh.percent,
    InstancesToUpdate: refresh.remaining,
    ...(details ? { ProgressDetails: detailsView(details) } : {}),
    Preferences: { ...preferences, AlarmSpecification: preferences.AlarmSpecification ?? {} },
    ...(desired
      ? {
          DesiredConfiguration: {
            LaunchTemplate: {
              LaunchTemplateId: desired.id,
              LaunchTemplateName: desired.name,
              Version: desired.version,
            },
          },
        }
      : {}),
    ...(rollback
      ? {
          RollbackDetails: {
            RollbackReason: rollback.reason,
            RollbackStartTime: new Date(rollback.startedMs),
            PercentageCompleteOnRollback: rollback.percent,
            InstancesToUpdateOnRollback: rollback.remaining,
            ...(rollback.details ? { ProgressDetailsOnRollback: detailsView(rollback.details) } : {}),
          },
        }
      : {}),
    Strategy: 'Rolling',
  };
}

function detailsView({ live, warm }: NonNullable<RefreshRecord['details']>) {
  return {
    LivePoolProgress: { PercentageComplete: live.percent, InstancesToUpdate: live.remaining },
    WarmPoolProgress: { PercentageComplete: warm.percent, InstancesToUpdate: warm.remaining },
  };
}
