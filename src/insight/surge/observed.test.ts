import { describe, expect, test } from 'vitest';
import { Observer } from './observed.ts';

const startMs = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(startMs + seconds * 1000);
const group = (desired: number, inService: number, pending = 0) => ({
  AutoScalingGroupName: 'api',
  MinSize: 1,
  MaxSize: 9,
  DesiredCapacity: desired,
  DefaultCooldown: 300,
  AvailabilityZones: [],
  HealthCheckType: 'ELB',
  CreatedTime: at(-100),
  Instances: [...Array(inService).fill('InService'), ...Array(pending).fill('Pending')].map((LifecycleState) => ({
    LifecycleState,
    InstanceId: 'i-1',
    AvailabilityZone: 'a',
    HealthStatus: 'Healthy',
    ProtectedFromScaleIn: false,
  })),
});

describe('what was observed', () => {
  test('capacity: changes only', () => {
    const observer = new Observer(startMs);
    observer.groups(0, [group(2, 2)]);
    observer.groups(1, [group(2, 2)]);
    observer.groups(2, [group(4, 2, 2)]);
    observer.groups(9, [group(4, 4)]);
    expect(observer.observed().groups).toEqual([
      {
        name: 'api',
        capacity: [
          { atSeconds: 0, desired: 2, inService: 2 },
          { atSeconds: 2, desired: 4, inService: 2 },
          { atSeconds: 9, desired: 4, inService: 4 },
        ],
      },
    ]);
  });

  test('alarms: from when CloudWatch says, and what was so before from the beginning', () => {
    const observer = new Observer(startMs);
    const alarm = (StateValue: 'OK' | 'ALARM', seconds: number) => [
      { AlarmName: 'cpu', MetricName: 'CPUUtilization', StateValue, StateTransitionedTimestamp: at(seconds) },
    ];
    observer.alarms(alarm('OK', -50));
    observer.alarms(alarm('OK', -50));
    observer.alarms(alarm('ALARM', 180));
    expect(observer.observed().alarms).toEqual([
      {
        name: 'cpu',
        metric: 'CPUUtilization',
        changes: [
          { atSeconds: 0, state: 'OK' },
          { atSeconds: 180, state: 'ALARM' },
        ],
      },
    ]);
  });

  test('activities: those that began in it, with their last status, oldest first', () => {
    const observer = new Observer(startMs);
    const activity = (ActivityId: string, seconds: number, StatusCode: 'InProgress' | 'Successful') => ({
      ActivityId,
      AutoScalingGroupName: 'api',
      Description: `Launching ${ActivityId}`,
      Cause: 'an alarm',
      StartTime: at(seconds),
      StatusCode,
    });
    observer.activities([
      activity('b', 20, 'InProgress'),
      activity('a', 10, 'Successful'),
      activity('old', -5, 'Successful'),
    ]);
    observer.activities([activity('b', 20, 'Successful')]);
    expect(
      observer.observed().activities.map(({ atSeconds, description, status }) => [atSeconds, description, status]),
    ).toEqual([
      [10, 'Launching a', 'Successful'],
      [20, 'Launching b', 'Successful'],
    ]);
  });

  test('is bounded, and tells how much is not in it', () => {
    const observer = new Observer(startMs);
    for (let i = 0; i < 600; i++) observer.event({ atMs: startMs + i, kind: 'packet-dropped', text: 'one more' });
    observer.event({ atMs: startMs - 1, kind: 'packet-dropped', text: 'before' });
    const { events, leftOut } = observer.observed();
    expect(events).toHaveLength(500);
    expect(leftOut).toBe(100);
  });
});
