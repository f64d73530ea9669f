/** Scheduled actions over the API, on a virtual clock that begins on Thursday, 1 January 2026. */
import {
  BatchDeleteScheduledActionCommand,
  BatchPutScheduledUpdateGroupActionCommand,
  DeleteAutoScalingGroupCommand,
  DeleteScheduledActionCommand,
  DescribeScheduledActionsCommand,
  PutScheduledUpdateGroupActionCommand,
  type PutScheduledUpdateGroupActionCommandInput,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling';
import { beforeEach, describe, expect, test } from 'vitest';
import { AutoScalingGroupName, groupFixture, restartable } from './group.fixture.ts';

const here = groupFixture();
const { group, desired, activities, wait } = here;
beforeEach(async () => {
  await here.create({ MinSize: 1, MaxSize: 4, VPCZoneIdentifier: here.around.subnets.join(',') });
  await wait(3);
});

const until = (time: string) => here.region.clock.advance(Date.parse(time) - here.region.clock.now());
const at = (time: string) => new Date(time);

type Action = Omit<PutScheduledUpdateGroupActionCommandInput, 'AutoScalingGroupName' | 'ScheduledActionName'>;
const put = (ScheduledActionName: string, action: Action) =>
  here.region.autoScaling.send(
    new PutScheduledUpdateGroupActionCommand({ AutoScalingGroupName, ScheduledActionName, ...action }),
  );

async function actions(more: { StartTime?: Date; EndTime?: Date; ScheduledActionNames?: string[] } = {}) {
  const { ScheduledUpdateGroupActions = [] } = await here.region.autoScaling.send(
    new DescribeScheduledActionsCommand({ AutoScalingGroupName, ...more }),
  );
  return ScheduledUpdateGroupActions;
}

test('an action is carried out at its time, says so, and is gone', async () => {
  await put('morning', { StartTime: at('2026-01-01T08:00:00Z'), MinSize: 2, MaxSize: 6, DesiredCapacity: 3 });
  expect(await actions()).toEqual([
    {
      AutoScalingGroupName,
      ScheduledActionName: 'morning',
      ScheduledActionARN: expect.stringMatching(
        /^arn:aws:autoscaling:us-east-1:123456789012:scheduledUpdateGroupAction:\S{36}:autoScalingGroupName\/api:scheduledActionName\/morning$/,
      ),
      Time: at('2026-01-01T08:00:00Z'),
      StartTime: at('2026-01-01T08:00:00Z'),
      MinSize: 2,
      MaxSize: 6,
      DesiredCapacity: 3,
    },
  ]);
  await until('2026-01-01T07:59:59Z');
  expect(await desired()).toBe(1);
  await wait(5);
  expect(await group()).toMatchObject({ MinSize: 2, MaxSize: 6, DesiredCapacity: 3 });
  expect((await activities())[0]?.Cause).toBe(
    'At 2026-01-01T08:00:00Z a scheduled action update of AutoScalingGroup constraints to min: 2, max: 6, desired: 3 changing the desired capacity from 1 to 3.  At 2026-01-01T08:00:00Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 1 to 3.',
  );
  expect(await actions()).toEqual([]);
});

test('a recurring action comes again by the clocks of its zone, until its end', async () => {
  await put('morning', {
    Recurrence: '0 9 * * MON-FRI',
    TimeZone: 'America/New_York',
    EndTime: at('2026-01-06T20:00:00Z'),
    DesiredCapacity: 3,
  });
  await put('evening', { Recurrence: '0 18 * * *', TimeZone: 'America/New_York', DesiredCapacity: 1 });
  expect(await actions()).toMatchObject([
    { ScheduledActionName: 'morning', StartTime: at('2026-01-01T14:00:00Z'), TimeZone: 'America/New_York' },
    { ScheduledActionName: 'evening', StartTime: at('2026-01-01T23:00:00Z') },
  ]);
  const seen: string[] = [];
  for (let hour = 0; hour < 24 * 7; hour++) {
    const before = await desired();
    await wait(3600);
    const now = await desired();
    if (now !== before) seen.push(`${here.region.clock.date().toISOString().slice(5, 13)} ${now}`);
  }
  expect(seen).toEqual([
    '01-01T14 3',
    '01-01T23 1',
    '01-02T14 3',
    '01-02T23 1',
    // The weekend.
    '01-05T14 3',
    '01-05T23 1',
    '01-06T14 3',
    '01-06T23 1',
  ]);
  expect((await actions()).map(({ ScheduledActionName }) => ScheduledActionName)).toEqual(['evening']);
});

test('with a start time and a recurrence it is carried out at the start, and then by the recurrence', async () => {
  await put('both', { StartTime: at('2026-01-03T05:30:00Z'), Recurrence: '0 8 * * *', DesiredCapacity: 2 });
  await until('2026-01-03T05:30:10Z');
  expect(await desired()).toBe(2);
  expect(await actions()).toMatchObject([{ StartTime: at('2026-01-03T08:00:00Z') }]);
});

test('bounds alone take the desired capacity with them', async () => {
  await put('least', { StartTime: at('2026-01-01T01:00:00Z'), MinSize: 3 });
  await put('most', { StartTime: at('2026-01-01T02:00:00Z'), MinSize: 0, MaxSize: 2 });
  await until('2026-01-01T01:00:10Z');
  expect(await group()).toMatchObject({ MinSize: 3, MaxSize: 4, DesiredCapacity: 3 });
  await until('2026-01-01T02:00:10Z');
  expect(await group()).toMatchObject({ MinSize: 0, MaxSize: 2, DesiredCapacity: 2 });
});

test('what does not fit the group by then changes nothing, and is told', async () => {
  await put('much', { StartTime: at('2026-01-01T01:00:00Z'), DesiredCapacity: 9 });
  await until('2026-01-01T01:00:10Z');
  expect(await group()).toMatchObject({ MinSize: 1, MaxSize: 4, DesiredCapacity: 1 });
  expect(here.region.events.filter(({ kind }) => kind === 'scheduled-action-failed')).toHaveLength(1);
});

test('while its process is suspended an action is left out, and not made up for', async () => {
  const processes = { AutoScalingGroupName, ScalingProcesses: ['ScheduledActions'] };
  await put('hourly', { Recurrence: '0 * * * *', DesiredCapacity: 2 });
  await here.region.autoScaling.send(new SuspendProcessesCommand(processes));
  await until('2026-01-01T01:30:00Z');
  await here.region.autoScaling.send(new ResumeProcessesCommand(processes));
  await until('2026-01-01T01:59:00Z');
  expect(await desired()).toBe(1);
  await until('2026-01-01T02:00:10Z');
  expect(await desired()).toBe(2);
});

test('an action is changed, deleted, and goes with its group', async () => {
  await put('one', { Recurrence: '0 8 * * *', DesiredCapacity: 2 });
  await put('one', { Recurrence: '0 9 * * *', MaxSize: 5 });
  expect(await actions()).toMatchObject([{ Recurrence: '0 9 * * *', StartTime: at('2026-01-01T09:00:00Z') }]);
  expect((await actions())[0]?.DesiredCapacity).toBeUndefined();
  const remove = new DeleteScheduledActionCommand({ AutoScalingGroupName, ScheduledActionName: 'one' });
  await here.region.autoScaling.send(remove);
  await expect(here.region.autoScaling.send(remove)).rejects.toThrow('Scheduled action name not found');
  await until('2026-01-01T09:00:10Z');
  expect(await group()).toMatchObject({ MaxSize: 4 });
  await put('other', { Recurrence: '0 8 * * *', DesiredCapacity: 2 });
  await here.region.autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName, ForceDelete: true }));
  await wait(30);
  const { ScheduledUpdateGroupActions } = await here.region.autoScaling.send(new DescribeScheduledActionsCommand({}));
  expect(ScheduledUpdateGroupActions).toEqual([]);
});

test('many at once: what is wrong with one does not hinder the others', async () => {
  const { FailedScheduledUpdateGroupActions: failed } = await here.region.autoScaling.send(
    new BatchPutScheduledUpdateGroupActionCommand({
      AutoScalingGroupName,
      ScheduledUpdateGroupActions: [
        { ScheduledActionName: 'a', Recurrence: '0 8 * * *', DesiredCapacity: 2 },
        { ScheduledActionName: 'b', Recurrence: '0 25 * * *', DesiredCapacity: 2 },
        { ScheduledActionName: 'c', Recurrence: '0 9 * * *', DesiredCapacity: 2 },
      ],
    }),
  );
  expect(failed).toEqual([
    {
      ScheduledActionName: 'b',
      ErrorCode: 'ValidationError',
      ErrorMessage: 'Given recurrence string: 0 25 * * * is invalid',
    },
  ]);
  const names = async (more = {}) => (await actions(more)).map(({ ScheduledActionName }) => ScheduledActionName);
  expect(await names()).toEqual(['a', 'c']);
  expect(await names({ StartTime: at('2026-01-01T08:30:00Z') })).toEqual(['c']);
  expect(await names({ EndTime: at('2026-01-01T08:30:00Z') })).toEqual(['a']);
  expect(await names({ ScheduledActionNames: ['c', 'z'], EndTime: at('2026-01-01T08:30:00Z') })).toEqual(['c']);
  const { FailedScheduledActions } = await here.region.autoScaling.send(
    new BatchDeleteScheduledActionCommand({ AutoScalingGroupName, ScheduledActionNames: ['a', 'z'] }),
  );
  expect(FailedScheduledActions).toMatchObject([{ ScheduledActionName: 'z', ErrorCode: 'ValidationError' }]);
  expect(await names()).toEqual(['c']);
});

describe('an action is refused', () => {
  test.each<[string, Action, string]>([
    ['in the past', { StartTime: at('2025-12-31T00:00:00Z'), MinSize: 1 }, 'Given start time is in the past'],
    ['without a size', { StartTime: at('2026-02-01T00:00:00Z') }, 'At least one of'],
    ['without a time', { MinSize: 1 }, 'Either StartTime or Recurrence'],
    [
      'that ends before it starts',
      { StartTime: at('2026-02-01T00:00:00Z'), EndTime: at('2026-01-15T00:00:00Z'), MinSize: 1 },
      'end time',
    ],
    ['with a wrong recurrence', { Recurrence: 'daily', MinSize: 1 }, 'Given recurrence string: daily is invalid'],
    ['that never comes', { Recurrence: '0 0 30 2 *', MinSize: 1 }, 'never comes'],
    ['in no zone', { Recurrence: '0 0 * * *', TimeZone: 'Mars/Olympus', MinSize: 1 }, 'Given time zone: Mars/Olympus'],
    ['with sizes the wrong way', { Recurrence: '0 0 * * *', MinSize: 3, MaxSize: 2 }, 'Max bound, 2,'],
    ['with too much desired', { Recurrence: '0 0 * * *', DesiredCapacity: 3, MaxSize: 2 }, 'Desired capacity:3'],
  ])('%s', async (_, action, message) => {
    await expect(put('wrong', action)).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(message),
    });
  });

  test('at the time of another', async () => {
    await put('one', { StartTime: at('2026-01-02T08:00:00Z'), MinSize: 1 });
    await expect(put('two', { StartTime: at('2026-01-02T08:00:00Z'), MinSize: 2 })).rejects.toMatchObject({
      name: 'AlreadyExistsFault',
    });
  });
});

test('what was due while the region was down is carried out when it starts, in its order', async () => {
  const { before, create, restart } = await restartable();
  await create({
    MinSize: 1,
    MaxSize: 4,
  });
  for (const [name, hour, DesiredCapacity] of [
    ['late', 9, 2],
    ['early', 8, 4],
  ] as const) {
    await before.invoke('autoscaling', 'PutScheduledUpdateGroupAction', {
      AutoScalingGroupName,
      ScheduledActionName: name,
      Recurrence: `0 ${hour} * * *`,
      DesiredCapacity,
    });
  }
  const { after, group } = restart({ startMs: Date.UTC(2026, 0, 1, 12) });
  await after.clock.advance(5_000);
  const found = await group();
  expect(found?.DesiredCapacity).toBe(2);
  expect(found?.Instances).toHaveLength(2);
});
