/**
 * The metrics of groups that collect them, once a minute.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { asService, type GroupRecord, groups, type MemberRecord, membersOf, poolOf } from './state.ts';
import { wantedInPool } from './warm-pool-loop.ts';

/** How many are in each state. */
type Counts = ReadonlyMap<MemberRecord['lifecycle'], number>;

type Read = (group: GroupRecord, members: Counts, pool: Counts) => number;

const inState =
  (...states: readonly MemberRecord['lifecycle'][]): Read =>
  (_, members) =>
    sumOf(members, states);

const inPool =
  (...states: readonly MemberRecord['lifecycle'][]): Read =>
  (_, __, pool) =>
    sumOf(pool, states);

function sumOf(counts: Counts, states: Iterable<MemberRecord['lifecycle']> = counts.keys()): number {
  let sum = 0;
  for (const state of states) sum += counts.get(state) ?? 0;
  return sum;
}

function countsOf(members: readonly MemberRecord[]): Counts {
  const counts = new Map<MemberRecord['lifecycle'], number>();
  for (const { lifecycle } of members) counts.set(lifecycle, (counts.get(lifecycle) ?? 0) + 1);
  return counts;
}

/** Units and instances are the same here: no group has weights. */
const readings: Readonly<Record<string, Read>> = {
  GroupMinSize: (group) => group.min,
  GroupMaxSize: (group) => group.max,
  GroupDesiredCapacity: (group) => group.desired,
  GroupInServiceInstances: inState('InService'),
  GroupPendingInstances: inState('Pending'),
  GroupStandbyInstances: inState('EnteringStandby', 'Standby'),
  GroupTerminatingInstances: inState('Terminating'),
  GroupTotalInstances: (_, members) => sumOf(members),
  GroupInServiceCapacity: inState('InService'),
  GroupPendingCapacity: inState('Pending'),
  GroupStandbyCapacity: inState('EnteringStandby', 'Standby'),
  GroupTerminatingCapacity: inState('Terminating'),
  GroupTotalCapacity: (_, members) => sumOf(members),
};

/** Of groups that have a warm pool. */
const poolReadings: Readonly<Record<string, Read>> = {
  WarmPoolMinSize: ({ pool }) => pool?.min ?? 0,
  WarmPoolDesiredCapacity: wantedInPool,
  WarmPoolPendingCapacity: inPool('Pending'),
  WarmPoolTerminatingCapacity: inPool('Terminating'),
  WarmPoolWarmedCapacity: inPool('Stopped', 'Running'),
  WarmPoolTotalCapacity: (_, __, pool) => sumOf(pool),
  GroupAndWarmPoolDesiredCapacity: (group) => group.desired + wantedInPool(group),
  GroupAndWarmPoolTotalCapacity: (_, members, pool) => sumOf(members) + sumOf(pool),
};

export const groupMetricNames: readonly string[] = [...Object.keys(readings), ...Object.keys(poolReadings)];

export function publishMetrics(scope: Scope): void {
  for (const group of groups(scope).values()) {
    if (group.metrics.length === 0) continue;
    const members = countsOf(membersOf(scope, group.name));
    const pool = countsOf(poolOf(scope, group.name));
    const known = group.pool ? { ...readings, ...poolReadings } : readings;
    const names = group.metrics.filter((name) => Object.hasOwn(known, name));
    if (names.length === 0) continue;
    const MetricData = names.map((name) => ({
      MetricName: name,
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: group.name }],
      Value: known[name]?.(group, members, pool) ?? 0,
      Unit: 'None',
      Timestamp: scope.clock.date(),
    }));
    scope
      .invoke(asService, 'cloudwatch', 'PutMetricData', { Namespace: 'AWS/AutoScaling', MetricData })
      .catch((error: unknown) => {
        // A region without CloudWatch has nobody to tell.
        if (error instanceof Fault && error.code === 'InvalidAction') return;
        scope.note({ source: 'autoscaling', kind: 'internal-failure', text: String(error) });
      });
  }
}
