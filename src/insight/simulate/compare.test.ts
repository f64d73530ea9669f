import { expect, it } from 'vitest';
import { reportPage } from '../report/page.ts';
import { parseAppText } from './app-model.ts';
import { agreement, appOfSurge, compare, comparisonReport, parseSurge, phaseOf } from './compare.ts';
import { simulationReport } from './report.ts';
import { resultOf } from './result.fixture.ts';

const surge = {
  url: 'http://api.localhost:8080',
  profile: 'constant:rate=1,for=60',
  timeScale: 60,
  startedAt: '2026-01-01T00:00:12.500Z',
  seconds: [{ atSeconds: 0, answered: 1 }],
  observed: {
    groups: [
      {
        capacity: [
          { atSeconds: 0, inService: 1 },
          { atSeconds: 25, inService: 4 },
        ],
      },
      { capacity: [{ atSeconds: 5, inService: 2 }] },
    ],
  },
};
const simulated = resultOf({
  series: { at: [10, 20, 30, 40, 50, 60], inService: [3, 3, 4, 6, 6, 6], answered: [1, 1, 1, 1, 1, 1] },
});

it('compares capacities every ten seconds, of all groups together', () => {
  const found = compare(parseSurge(surge, 'surge.json'), simulated);
  expect(found.live.map(([, value]) => value)).toEqual([3, 3, 6, 6, 6, 6]);
  expect(found.simulated.map(([, value]) => value)).toEqual([3, 3, 4, 6, 6, 6]);
  expect([found.samples, found.withinOne, found.most, agreement(found)]).toEqual([6, 5, 2, 5 / 6]);
  const report = comparisonReport(parseSurge(surge, 'surge.json'), simulated, found);
  expect(report.facts[0]).toEqual({ label: 'Capacity within one machine', value: '83 %', tone: 'bad' });
  expect(reportPage(report)).toContain('60 times real time');
});

it('meets an app that is slower by as much as the clock is fast', () => {
  const app = parseAppText('serviceMs=200,cpuMs=1,concurrency=4,timeoutSeconds=60,memoryPerRequestMiB=6');
  const live = parseSurge({ ...surge, timeScale: 20, timeoutSeconds: 10 }, 'surge.json');
  const scaled = { serviceMs: 4_000, concurrency: 80, timeoutSeconds: 200, memoryPerRequestMiB: 0.3 };
  expect(appOfSurge(app, live)).toEqual({ ...app, ...scaled });
  expect(appOfSurge(app, { ...live, timeScale: 1, timeoutSeconds: undefined })).toEqual(app);
});

it('begins in the same part of a minute', () => {
  expect(phaseOf(parseSurge(surge, 'surge.json'))).toBe(12.5);
});

it('has nothing to compare with where nobody looked', () => {
  const { observed: _, ...blind } = surge;
  expect(() => compare(parseSurge(blind, 'surge.json'), simulated)).toThrow('has not seen any group’s capacity');
});

it.each([
  [null, 'surge.json is not the result of a surge.\n'],
  [{}, ': its url is missing'],
  [{ ...surge, startedAt: 'yesterday' }, ': its startedAt is missing, or not what a surge writes'],
  [{ ...surge, seconds: [{ atSeconds: 'x' }] }, ': its seconds.0.atSeconds'],
  [{ ...surge, observed: { groups: [{}] } }, ': its observed.groups.0.capacity'],
])('refuses what is no surge’s result: %j', (given, message) => {
  expect(() => parseSurge(given, 'surge.json')).toThrow(message);
});

it('a simulation’s report names what alarms measure, says what failed, and of how many activities it has the first', () => {
  const name = 'TargetTracking-Group-AlarmHigh-0a1b';
  const activity = { at: 3_725, description: 'Launching a new EC2 instance: i-1', cause: 'because' };
  const report = simulationReport(
    resultOf({
      totals: { failed: { 503: 1_000 }, answered: 0 },
      alarms: [
        { at: 5, name, metric: 'CPUUtilization', from: 'OK', to: 'ALARM' },
        { at: 9, name, metric: 'CPUUtilization', from: 'ALARM', to: 'OK' },
        {
          at: 9,
          name: 'TargetTracking-Group-AlarmLow-0a1b',
          metric: 'CPUUtilization',
          from: 'OK',
          to: 'INSUFFICIENT_DATA',
        },
        { at: 7, name: 'Mine', metric: '', from: 'INSUFFICIENT_DATA', to: 'ALARM' },
      ],
      activities: Array.from({ length: 201 }, () => activity),
    }),
    'A simulation',
  );
  expect(report.bands.rows.map(({ name, changes }) => [name, changes.map(({ state }) => state)])).toEqual([
    ['CPUUtilization above its target', ['ok', 'alarm', 'ok']],
    ['Mine', ['unknown', 'alarm']],
  ]);
  expect(report.facts).toContainEqual({ label: 'Failed', value: '100 %', tone: 'bad' });
  expect(report.tables[0]?.rows[0]).toEqual(['1:02:05', activity.description, 'because']);
  expect(report.notes).toContain('The table has the first 200 of 201 scaling activities.');
});
