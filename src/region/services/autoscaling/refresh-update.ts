/**
 * `AutoScalingInstanceRefresh` of an `UpdatePolicy`: a new template is brought by an instance refresh.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-instancerefresh
 */
import type { InstanceRefresh, RefreshPreferences } from '@aws-sdk/client-auto-scaling';
import { ClockStopped } from '../../clock/clock.ts';
import { ResourceFailure } from '../../stacks/reasons.ts';
import type { ResourceUpdate } from '../../stacks/resource-type.ts';
import { type GroupProperties, service, settings } from './group-properties.ts';

/** CloudFormation's own bound of each direction of an update. */
const longestMs = 36 * 3_600_000;
const lookEveryMs = 1_000;

type Given = Readonly<Record<string, unknown>>;

const numbers = [
  'MinHealthyPercentage',
  'MaxHealthyPercentage',
  'InstanceWarmup',
  'CheckpointDelay',
  'BakeTime',
] as const;
const words = ['ScaleInProtectedInstances', 'StandbyInstances'] as const;
const others = ['SkipMatching', 'CheckpointPercentages', 'AlarmSpecification'];

/** Reads the policy; its defaults are not the API's. */
export function refreshPolicy(given: Given, properties: GroupProperties): RefreshPreferences {
  const { Strategy, Preferences = {}, ...rest } = given;
  if (Strategy !== 'Rolling') throw new ResourceFailure(`UpdatePolicy: Strategy ${Strategy} is not modelled by Orrery`);
  const preferences = Preferences as Given;
  const known = [...numbers, ...words, ...others] as readonly string[];
  const unknown = [...Object.keys(rest), ...Object.keys(preferences).filter((name) => !known.includes(name))];
  if (unknown.length > 0) {
    throw new ResourceFailure(`UpdatePolicy: AutoScalingInstanceRefresh has no ${unknown.join(', ')}`);
  }
  const { CheckpointPercentages, AlarmSpecification } = preferences;
  const read = (name: string, as: (value: unknown) => unknown) =>
    preferences[name] === undefined ? {} : { [name]: as(preferences[name]) };
  return {
    ...(properties.InstanceMaintenancePolicy ? {} : { MinHealthyPercentage: 100, MaxHealthyPercentage: 110 }),
    SkipMatching: String(preferences.SkipMatching ?? true) === 'true',
    ...Object.assign({}, ...numbers.map((name) => read(name, Number))),
    ...Object.assign({}, ...words.map((name) => read(name, String))),
    ...(Array.isArray(CheckpointPercentages) ? { CheckpointPercentages: CheckpointPercentages.map(Number) } : {}),
    ...(AlarmSpecification ? { AlarmSpecification: { Alarms: alarmsOf(AlarmSpecification as Given) } } : {}),
  };
}

const alarmsOf = ({ Alarms = [] }: Given) => (Alarms as readonly unknown[]).map(String);

/** Replaces what is not of the new template; the group takes that over when all went well. */
export async function refreshUpdate(
  request: ResourceUpdate<GroupProperties>,
  Preferences: RefreshPreferences,
): Promise<void> {
  const { physicalId: AutoScalingGroupName, invoke, properties } = request;
  const { LaunchTemplate } = settings(properties);
  const id = await adopted(request, LaunchTemplate?.Version ?? '');
  const { InstanceRefreshId } = id
    ? { InstanceRefreshId: id }
    : await invoke<{ InstanceRefreshId: string }>(service, 'StartInstanceRefresh', {
        AutoScalingGroupName,
        DesiredConfiguration: { LaunchTemplate },
        Preferences,
      });
  request.progress(`Instance refresh ${InstanceRefreshId} initiated.`);
  try {
    await followed(request, InstanceRefreshId);
  } catch (error) {
    if (!(error instanceof ClockStopped)) await cancelled(request);
    throw error;
  }
}

/**
 * A refresh to this version that is under way since before a restart. One to the version that the update goes back from
 * is cancelled; somebody else's is not touched, and then this one cannot begin.
 */
async function adopted(request: ResourceUpdate<GroupProperties>, version: string): Promise<string | undefined> {
  const active = await activeOne(request);
  if (!active) return undefined;
  const { Status, DesiredConfiguration } = active;
  const mine = DesiredConfiguration?.LaunchTemplate?.Version === version;
  if (mine && (Status === 'Pending' || Status === 'InProgress' || Status === 'Baking')) return active.InstanceRefreshId;
  const undone = settings(request.previous).LaunchTemplate?.Version;
  if (DesiredConfiguration?.LaunchTemplate?.Version === undone) await cancelled(request);
  return undefined;
}

async function followed(request: ResourceUpdate<GroupProperties>, id: string): Promise<void> {
  let told = '';
  const ended = await request.until(
    'the instance refresh to end',
    async () => {
      const found = (await described(request)).find(({ InstanceRefreshId }) => InstanceRefreshId === id);
      if (!found) throw new ResourceFailure(`Instance refresh ${id} is gone.`);
      const { PercentageComplete = 0, Status = '' } = found;
      const text = `Instance refresh ${id}: ${Status} (Progress ${PercentageComplete}%).`;
      if (text !== told) request.progress(text);
      told = text;
      return found.EndTime ? found : undefined;
    },
    { everyMs: lookEveryMs, timeoutMs: longestMs },
  );
  if (ended.Status !== 'Successful') {
    throw new ResourceFailure(`Instance refresh ${id} ended with status ${ended.Status}. ${ended.StatusReason ?? ''}`);
  }
}

/** Nothing of it is under way any more, so that going back can begin its own. */
async function cancelled(request: ResourceUpdate<GroupProperties>): Promise<void> {
  const { physicalId: AutoScalingGroupName, invoke } = request;
  const active = await activeOne(request);
  if (active && active.Status !== 'Cancelling' && active.Status !== 'RollbackInProgress') {
    const WaitForTransitioningInstances = false;
    await invoke(service, 'CancelInstanceRefresh', { AutoScalingGroupName, WaitForTransitioningInstances });
  }
  await request.until('the instance refresh to end', async () => !(await activeOne(request)), {
    everyMs: lookEveryMs,
    timeoutMs: longestMs,
  });
}

async function activeOne(request: ResourceUpdate<GroupProperties>): Promise<InstanceRefresh | undefined> {
  return (await described(request)).find(({ EndTime }) => EndTime === undefined);
}

async function described({ physicalId, invoke }: ResourceUpdate<GroupProperties>): Promise<InstanceRefresh[]> {
  const { InstanceRefreshes } = await invoke<{ InstanceRefreshes: InstanceRefresh[] }>(
    service,
    'DescribeInstanceRefreshes',
    { AutoScalingGroupName: physicalId },
  );
  return InstanceRefreshes;
}
