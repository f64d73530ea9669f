/**
 * The metrics of groups that collect them, once a minute.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { asService, type GroupRecord, groups, type MemberRecord, membersOf } from './state.ts';

type Read = (group: GroupRecord, members: readonly MemberRecord[]) => number;

const inState =
  (...states: readonly MemberRecord['lifecycle'][]): Read =>
  (_, members) =>
    members.filter(({ lifecycle }) => states.includes(lifecycle)).length;

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

export const groupMetricNames: readonly string[] = Object.keys(readings);

export function publishMetrics(scope: Scope): void {
  for (const group of groups(scope).values()) {
    if (group.metrics.length === 0) continue;
    const members = membersOf(scope, group.name);
    const MetricData = group.metrics.map((name) => ({
      MetricName: name,
      Dimensions: [{ Name: 'AutoScalingGroupName', Value: group.name }],
      Value: readings[name]?.(group, members) ?? 0,
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
