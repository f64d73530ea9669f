/** What of a running region's views comes to a month: pure. `tests/cost-cli.test.ts` asks a region. */
import { expect, test } from 'vitest';
import { meanMachines } from './measured-machines.ts';
import { loggedInMonth } from './measured-storage.ts';

const hourMs = 3_600_000;
const fromMs = Date.UTC(2026, 0, 1);
const at = (hour: number) => new Date(fromMs + hour * hourMs);
const window = { fromMs, toMs: fromMs + 10 * hourMs, timeScale: 60 };

type Instances = Parameters<typeof meanMachines>[0];
type Activities = Parameters<typeof meanMachines>[1];

const is = (id: string, state: 'pending' | 'running' | 'stopped' | 'terminated', from: number, reason = '') => ({
  ...{ InstanceId: id, State: { Name: state }, LaunchTime: at(from), StateTransitionReason: reason },
});
const did = (Description: string, from: number, to?: number) => ({
  ...{ Description, StartTime: at(from), ...(to === undefined ? {} : { EndTime: at(to) }) },
});

test.each<[string, Instances, Activities, number]>([
  ['none', [], [], 0],
  ['one that is there, since before', [is('i-a', 'running', -5)], [], 1],
  ['one that is there, since the middle', [is('i-a', 'running', 5)], [], 0.5],
  ['one that boots', [is('i-a', 'pending', 9)], [], 0],
  ['one that was stopped', [is('i-a', 'stopped', 1, 'User initiated (2026-01-01 03:00:00 GMT)')], [], 0.2],
  [
    'one that ended, and EC2 still knows',
    [is('i-a', 'terminated', 1)],
    [did('Terminating EC2 instance: i-a', 4, 5)],
    0.4,
  ],
  [
    'one that EC2 has forgotten',
    [],
    [did('Launching a new EC2 instance: i-a', 2, 3), did('Terminating EC2 instance: i-a', 6, 7)],
    0.5,
  ],
  [
    'one out of a warm pool, where it was launched does not count',
    [],
    [
      did('Launching a new EC2 instance into warm pool: i-a', 0, 1),
      did('Launching a new EC2 instance from warm pool: i-a', 4, 4),
      did('Terminating EC2 instance: i-a', 8, 8),
    ],
    0.4,
  ],
  ['one whose launch is no longer known', [], [did('Terminating EC2 instance: i-a', 3, 3)], 0.3],
  ['one that is being ended', [], [did('Terminating EC2 instance: i-a', 9)], 1],
  ['one that ended before', [], [did('Terminating EC2 instance: i-a', -3, -2)], 0],
  [
    'two at a time, then one',
    [is('i-a', 'running', 0)],
    [did('Launching a new EC2 instance: i-b', 0, 0), did('Terminating EC2 instance: i-b', 5, 5)],
    1.5,
  ],
])('machines on average: %s', (_, instances, activities, mean) => {
  expect(meanMachines(instances, activities, window)).toBeCloseTo(mean, 10);
});

test.each<[string, Parameters<typeof loggedInMonth>[0], number, number | undefined]>([
  ['no group', [], 1, undefined],
  ['nothing written', [{ storedBytes: 0 }], 1, 0],
  ['ten hours of it', [{ storedBytes: 100 }], 1, 7_300],
  ['a line counts for sixty', [{ storedBytes: 100 }], 60, 438_000],
  ['two groups', [{ storedBytes: 100 }, { storedBytes: 50, retentionInDays: 30 }], 1, 10_950],
])('logs of a month: %s', (_, groups, weight, bytes) => expect(loggedInMonth(groups, window, weight)).toBe(bytes));

test('logs that a retention ended are those of its days', () => {
  const month = { ...window, toMs: fromMs + 60 * 24 * hourMs };
  expect(loggedInMonth([{ storedBytes: 240, retentionInDays: 10 }], month, 1)).toBeCloseTo(730, 6);
});
