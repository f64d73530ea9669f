import { expect, test } from 'vitest';
import { surgeReport } from './report.ts';
import type { SurgeResult } from './surge.ts';
import type { Second, Total } from './tally.ts';

const second = (atSeconds: number, changes: Partial<Second> = {}): Second => ({
  atSeconds,
  due: 10,
  sent: 10,
  answered: 10,
  errors: {},
  inFlight: 0,
  p50: 5,
  p90: 9,
  p99: 12,
  ...changes,
});
const total: Total = {
  due: 30,
  sent: 28,
  answered: 25,
  errors: { timeout: 3, 503: 5, interrupted: 2 },
  p50: 5,
  p90: 9,
  p99: 12,
  p999: 20,
  maxMs: 31,
  meanMs: 6,
};
const result: SurgeResult = {
  url: 'http://api.myapp.localhost:8080',
  profile: 'constant:rate=10,for=60',
  arrivals: 'poisson',
  seed: 4,
  timeScale: 20,
  timeoutSeconds: 10,
  startedAt: '2026-01-01T00:00:00.000Z',
  realSeconds: 3,
  interrupted: true,
  maxLateMs: 2,
  total,
  routes: [{ ...total, route: 'GET /items', weight: 1 }],
  seconds: [second(0), second(20, { answered: 0, p50: 0, p90: 0, p99: 0 }), second(40, { errors: { 503: 5 } })],
  observed: {
    groups: [
      {
        name: 'api',
        capacity: [
          { atSeconds: 0, desired: 2, inService: 2 },
          { atSeconds: 25, desired: 4, inService: 2 },
        ],
      },
    ],
    alarms: [
      {
        name: 'TargetTracking-api-AlarmHigh-0f-1',
        metric: 'CPUUtilization',
        changes: [
          { atSeconds: 0, state: 'OK' },
          { atSeconds: 20, state: 'ALARM' },
        ],
      },
      { name: 'calm', metric: 'Errors', changes: [{ atSeconds: 0, state: 'INSUFFICIENT_DATA' }] },
    ],
    activities: [
      {
        atSeconds: 25,
        group: 'api',
        description: 'Launching a new EC2 instance: i-1',
        cause: 'an alarm',
        status: 'Failed',
      },
    ],
    events: [{ atSeconds: 22, kind: 'target-unhealthy', text: 'i-0' }],
    leftOut: 0,
    cpu: [{ group: 'api', points: [] }],
  },
};

test('a result becomes plots, bands and markers by model time', () => {
  const report = surgeReport(result);
  expect(report.seconds).toBe(60);
  expect(report.plots.map(({ title }) => title)).toEqual(['Traffic', 'Latency', 'Errors', 'Capacity']);
  const [traffic, latency, errors, capacity] = report.plots.map(({ series }) => series);
  expect(traffic?.[0]?.points).toEqual([
    [0, 10],
    [20, 10],
    [40, 10],
  ]);
  // A second without an answer has no latency, rather than one of 0.
  expect(latency?.[2]?.points).toEqual([
    [0, 12],
    [40, 12],
  ]);
  expect(errors?.map(({ name }) => name)).toEqual(['503', 'timeout', 'interrupted']);
  expect(errors?.[0]?.points).toEqual([
    [0, 0],
    [20, 0],
    [40, 5],
  ]);
  expect(capacity?.[1]?.points).toEqual([
    [0, 2],
    [25, 4],
    [40, 4],
  ]);
  expect(report.bands.rows).toEqual([
    {
      name: 'CPUUtilization above its target',
      detail: 'TargetTracking-api-AlarmHigh-0f-1',
      changes: [
        { atSeconds: 0, state: 'ok' },
        { atSeconds: 20, state: 'alarm' },
      ],
    },
  ]);
  expect(report.markers.map(({ atSeconds, tone }) => [atSeconds, tone])).toEqual([
    [22, 'bad'],
    [25, 'bad'],
  ]);
  // What was under way when it was ended has not failed.
  expect(report.facts).toContainEqual({ label: 'Failed', value: '27 %', tone: 'bad' });
  expect(report.notes.join(' ')).toMatch(
    /20 times as fast.*Alarms that were never in ALARM are not shown: 1.*ended before the profile was/,
  );
});
