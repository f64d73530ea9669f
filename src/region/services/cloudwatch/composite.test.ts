/** Composite alarms whose actions another alarm suppresses. */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  type StateValue,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../clock/clock.ts';
import { sns } from '../sns/index.ts';
import { faultOf, type TestRegion, testRegion, testServices } from '../testing.ts';
import { cloudWatch } from './index.ts';

const topic = 'arn:aws:sns:us-east-1:123456789012:alarms';
const composite = {
  ...{ AlarmName: 'both', AlarmRule: 'ALARM(busy)', AlarmActions: [topic], OKActions: [topic] },
  ...{ ActionsSuppressor: 'maintenance', ActionsSuppressorWaitPeriod: 20, ActionsSuppressorExtensionPeriod: 30 },
};
let region: TestRegion;
let client: CloudWatchClient;

beforeEach(async () => {
  region = await testRegion({ services: [cloudWatch, sns] });
  client = region.client(CloudWatchClient);
  await region.clock.advance(60_000 - (region.clock.now() % 60_000));
  await region.invoke('sns', 'CreateTopic', { Name: 'alarms' });
  await region.invoke('sns', 'Subscribe', { TopicArn: topic, Protocol: 'sms', Endpoint: '+15550100' });
  for (const AlarmName of ['busy', 'maintenance', 'other']) {
    await client.send(
      new PutMetricAlarmCommand({
        ...{ AlarmName, Namespace: 'App', MetricName: 'm', Statistic: 'Average', Period: 60, EvaluationPeriods: 1 },
        ...{ Threshold: 10, ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'ignore' },
      }),
    );
  }
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const set = (AlarmName: string, state: StateValue) =>
  client.send(new SetAlarmStateCommand({ AlarmName, StateValue: state, StateReason: 'a test' }));
const described = async () =>
  (await client.send(new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'] }))).CompositeAlarms?.[0];
/** The states that the topic was told of. */
const told = () =>
  [...region.scope.table<{ subject: string }>('sns/deliveries').values()].map(({ subject }) => subject.split(':')[0]);

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
it('documented: actions wait for the suppressor, and are those of the state when the waiting ends', async () => {
  await client.send(new PutCompositeAlarmCommand(composite));
  // It has become OK, and waits whether it is to be suppressed.
  expect(await described()).toMatchObject({ StateValue: 'OK', ActionsSuppressedBy: 'WaitPeriod' });
  await region.clock.advance(20_000);
  expect(told()).toEqual(['OK']);
  await set('busy', 'ALARM');
  await region.clock.advance(10_000);
  await set('maintenance', 'ALARM');
  await region.clock.advance(60_000);
  expect(await described()).toMatchObject({
    ...{ StateValue: 'ALARM', ActionsSuppressedBy: 'Alarm', ActionsSuppressedReason: 'Actions suppressed by Alarm' },
    ...{ ActionsSuppressor: 'maintenance', ActionsSuppressorWaitPeriod: 20, ActionsSuppressorExtensionPeriod: 30 },
    StateReason: expect.stringMatching(
      /^arn:aws:cloudwatch:\S+:alarm:busy transitioned to ALARM at \w+day \d\d \w+, \d{4} \d\d:\d\d:\d\d UTC$/,
    ),
  });
  await set('maintenance', 'OK');
  await region.clock.advance(29_999);
  expect(told()).toEqual(['OK']);
  await region.clock.advance(1);
  expect(told()).toEqual(['OK', 'ALARM']);
  expect((await described())?.ActionsSuppressedBy).toBeUndefined();
});

it('documented: with another suppressor the period that ran is discarded', async () => {
  await client.send(new PutCompositeAlarmCommand(composite));
  await client.send(new PutCompositeAlarmCommand({ ...composite, ActionsSuppressor: 'other' }));
  expect((await described())?.ActionsSuppressedBy).toBeUndefined();
  await region.clock.advance(60_000);
  expect(told()).toEqual([]);
});

it('a period that ran when the region stopped is taken up', async () => {
  await client.send(new PutCompositeAlarmCommand(composite));
  await region.clock.advance(5_000);
  const { store, clock } = region;
  const again = testServices({ services: [cloudWatch, sns], store, clock: new VirtualClock(clock.now()) });
  await again.clock.advance(14_999);
  expect(told()).toEqual([]);
  await again.clock.advance(1);
  expect(told()).toEqual(['OK']);
  again.clock.stop();
});

it.each<[string, object, RegExp]>([
  ['a suppressor that does not exist', { ActionsSuppressor: 'nobody' }, /suppressor alarm nobody does not exist/],
  ['a suppressor without a period', { ActionsSuppressorWaitPeriod: undefined }, /ActionsSuppressorWaitPeriod/],
  ['periods without a suppressor', { ActionsSuppressor: undefined }, /ActionsSuppressor is required/],
])('refuses %s', async (_, more, expected) => {
  expect(await faultOf(client.send(new PutCompositeAlarmCommand({ ...composite, ...more })))).toMatch(expected);
});
