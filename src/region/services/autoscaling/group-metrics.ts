/**
 * The metrics of groups that collect them, once a minute.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { asService, type GroupRecord, groups, type MemberRecord, membersOf, poolOf } from './state.ts';
import { wantedInPool } from './warm-pool-loop.ts';

type Read = (group: GroupRecord, members: readonly MemberRecord[], pool: readonly MemberRecord[]) => number;

const inState =
  (...states: readonly MemberRecord['lifecycle'][]): Read =>
  (_, members) =>
    members.filter(({ lifecycle }) => states.includes(lifecycle)).length;

const inPool =
  (...states: readonly MemberRecord['lifecycle'][]): Read =>
  (_, __, pool) =>
    pool.filter(({ lifecycle }) => states.includes(lifecycle)).length;

/** Units and instances are the same here: no group has weights. */
const readings: Readonly<Record<string, Read>> = {
  GroupMinSize: (group) => group.min,
  GroupMaxSize: (group) => group.max,
  GroupDesiredCapacity: (group) => group.desired,
  GroupInServiceInstances: inState('InService'),
  GroupPendingInstances: inState('Pending'),
  GroupStandbyInstances: inState('EnteringStandby', 'Standby'),
  GroupTerminatingInstances: inState('Terminating'),
  GroupTotalInstances: (_, members) => members.length,
  GroupInServiceCapacity: inState('InService'),
  GroupPendingCapacity: inState('Pending'),
  GroupStandbyCapacity: inState('EnteringStandby', 'Standby'),
  GroupTerminatingCapacity: inState('Terminating'),
  GroupTotalCapacity: (_, members) => members.length,
};

/** Of groups that have a warm pool. */
const poolReadings: Readonly<Record<string, Read>> = {
  WarmPoolMinSize: ({ pool }) => pool?.min ?? 0,
  WarmPoolDesiredCapacity: wantedInPool,
  WarmPoolPendingCapacity: inPool('Pending'),
  WarmPoolTerminatingCapacity: inPool('Terminating'),
  WarmPoolWarmedCapacity: inPool('Stopped', 'Running'),
  WarmPoolTotalCapacity: (_, __, pool) => pool.length,
  GroupAndWarmPoolDesiredCapacity: (group) => group.desired + wantedInPool(group),
  GroupAndWarmPoolTotalCapacity: (_, members, pool) => members.length + pool.length,
};

export const groupMetricNames: readonly string[] = [...Object.keys(readings), ...Object.keys(poolReadings)];

export function publishMetrics(scope: Scope): void {
  for (const group of groups(scope).values()) {
    if (group.metrics.length === 0) continue;
    const members = membersOf(scope, group.name);
    const pool = poolOf(scope, group.name);
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
