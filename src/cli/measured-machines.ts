/** How many machines a running region had on average: of EC2's view of those that are there, and of the groups' activities. */
import { type Activity, AutoScalingClient, paginateDescribeScalingActivities } from '@aws-sdk/client-auto-scaling';
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { RunningWindow } from './measured-window.ts';

/** @param config for a client of the region */
export async function machinesOf(
  ec2: EC2Client,
  config: ConstructorParameters<typeof AutoScalingClient>[0],
  window: RunningWindow,
): Promise<number> {
  const instances: Instance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client: ec2 }, {}))
    instances.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  const client = new AutoScalingClient(config ?? {});
  try {
    const activities: Activity[] = [];
    const all = { IncludeDeletedGroups: true };
    for await (const { Activities = [] } of paginateDescribeScalingActivities({ client }, all))
      activities.push(...Activities);
    return meanMachines(instances, activities, window);
  } finally {
    client.destroy();
  }
}

type InstanceLook = Pick<Instance, 'InstanceId' | 'State' | 'LaunchTime' | 'StateTransitionReason'>;
type ActivityLook = Pick<Activity, 'Description' | 'StartTime' | 'EndTime'>;

const launch = /^Launching a new EC2 instance(?: from warm pool)?: (i-\w+)/;
const end = /^Terminating EC2 instance: (i-\w+)/;
/** Such as `User initiated (2026-01-01 00:00:00 GMT)`. */
const when = /\((\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) GMT\)/;

/**
 * Time that machines ran, by that of the window. EC2 forgets those that ended about an hour ago: of these the activities of
 * their groups tell. What ended and was of no group, and what a machine ran before it was last stopped, is not known.
 */
export function meanMachines(
  instances: readonly InstanceLook[],
  activities: readonly ActivityLook[],
  { fromMs, toMs }: RunningWindow,
): number {
  const launched = new Map<string, number>();
  const ended = new Map<string, number>();
  for (const { Description = '', StartTime, EndTime } of activities) {
    const begins = launch.exec(Description)?.[1];
    const ends = end.exec(Description)?.[1];
    if (begins !== undefined && StartTime) launched.set(begins, StartTime.getTime());
    if (ends !== undefined) ended.set(ends, EndTime?.getTime() ?? toMs);
  }
  let ranMs = 0;
  const add = (startMs: number, endMs: number) => {
    ranMs += Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs));
  };
  const present = new Set<string>();
  for (const { InstanceId: id = '', State, LaunchTime, StateTransitionReason = '' } of instances) {
    present.add(id);
    // Billed from `running` on.
    if (!LaunchTime || State?.Name === 'pending') continue;
    if (State?.Name === 'running') add(LaunchTime.getTime(), toMs);
    else {
      const [, day, time] = when.exec(StateTransitionReason) ?? [];
      const until = day === undefined ? ended.get(id) : Date.parse(`${day}T${time}Z`);
      if (until !== undefined) add(LaunchTime.getTime(), until);
    }
  }
  // Launched before the oldest activity that is kept: it was there from the beginning.
  for (const [id, until] of ended) if (!present.has(id)) add(launched.get(id) ?? fromMs, until);
  return ranMs / (toMs - fromMs);
}
