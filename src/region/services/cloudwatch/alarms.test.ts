import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandInput,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  ListTagsForResourceCommand,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { service } from '../service.ts';
import { sns } from '../sns/index.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { cloudWatch } from './index.ts';

const minute = 60_000;
const account = '123456789012';
const topic = `arn:aws:sns:us-east-1:${account}:alarms`;
const policy = `arn:aws:autoscaling:us-east-1:${account}:scalingPolicy:8f7c-1:autoScalingGroupName/g:policyName/p`;

let region: TestRegion;
let client: CloudWatchClient;
/** What other services were asked. */
let asked: { operation: string; input: object }[];

/** The operations of others that alarms call; here only the calls are looked at. */
function listener(name: string, sdk: `@aws-sdk/client-${string}`, operations: readonly string[]) {
  const handle = (operation: string) => (input: object) => {
    asked.push({ operation, input });
    return {};
  };
  return service(sdk, name, { operations: Object.fromEntries(operations.map((one) => [one, handle(one)])) });
}

beforeEach(async () => {
  asked = [];
  region = await testRegion({
    services: [
      cloudWatch,
      sns,
      listener('autoscaling', '@aws-sdk/client-auto-scaling', ['ExecutePolicy']),
      listener('ec2', '@aws-sdk/client-ec2', ['RebootInstances', 'DescribeInstances']),
    ],
  });
  client = region.client(CloudWatchClient);
  await region.clock.advance(minute - (region.clock.now() % minute));
  asked.length = 0;
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const put = (input: Partial<PutMetricAlarmCommandInput> = {}) =>
  client.send(
    new PutMetricAlarmCommand({
      ...{ AlarmName: 'busy', Namespace: 'App', MetricName: 'm', Statistic: 'Average', Period: 60 },
      ...{ EvaluationPeriods: 2, Threshold: 10, ComparisonOperator: 'GreaterThanThreshold' },
      ...input,
    }),
  );
/** A value in each of the next minutes, and the evaluation after them. */
async function measure(...values: (number | undefined)[]) {
  for (const Value of values) {
    if (Value !== undefined) {
      await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData: [{ MetricName: 'm', Value }] }));
    }
    await region.clock.advance(minute);
  }
  await region.clock.advance(5_000);
}
const alarm = async (name = 'busy', input: DescribeAlarmsCommandInput = {}) => {
  const all: DescribeAlarmsCommandInput = {
    AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
    AlarmNames: [name],
    ...input,
  };
  const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(new DescribeAlarmsCommand(all));
  return [...MetricAlarms, ...CompositeAlarms][0];
};

it('goes with what is measured, and tells its topic as AWS does', async () => {
  await region.invoke('sns', 'CreateTopic', { Name: 'alarms' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{
          Effect: 'Allow',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Resource: topic,
        },
        Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:us-east-1:${account}:alarm:*` } },
      },
    ],
  });
  await region.invoke('sns', 'SetTopicAttributes', {
    TopicArn: topic,
    AttributeName: 'Policy',
    AttributeValue: Policy,
  });
  await region.invoke('sns', 'Subscribe', { TopicArn: topic, Protocol: 'sms', Endpoint: '+15550100' });
  await put({ AlarmActions: [topic], OKActions: [topic], AlarmDescription: 'too busy' });
  expect(await alarm()).toMatchObject({
    StateValue: 'INSUFFICIENT_DATA',
    StateReason: 'Unchecked: Initial alarm creation',
  });
  await measure(1, 1);
  expect((await alarm())?.StateValue).toBe('OK');
  await measure(20, 30);
  const now = await alarm();
  expect(now).toMatchObject({ StateValue: 'ALARM' });
  expect(now?.StateReason).toMatch(
    /^Threshold Crossed: 2 datapoints \[30\.0 .*, 20\.0 .*\] were greater than the threshold \(10\.0\)\.$/,
  );
  expect(JSON.parse(now?.StateReasonData ?? '')).toMatchObject({
    recentDatapoints: [20, 30],
    threshold: 10,
    period: 60,
  });
  const delivered = [...region.scope.table<{ subject: string; message: string }>('sns/deliveries').values()];
  expect(delivered.map(({ subject }) => subject)).toEqual([
    'OK: "busy" in US East (N. Virginia)',
    'ALARM: "busy" in US East (N. Virginia)',
  ]);
  expect(JSON.parse(delivered[1]?.message ?? '')).toMatchObject({
    AlarmName: 'busy',
    AlarmDescription: 'too busy',
    AWSAccountId: account,
    NewStateValue: 'ALARM',
    OldStateValue: 'OK',
    NewStateReason: now?.StateReason,
    Region: 'US East (N. Virginia)',
    AlarmArn: `arn:aws:cloudwatch:us-east-1:${account}:alarm:busy`,
    Trigger: {
      MetricName: 'm',
      Namespace: 'App',
      StatisticType: 'Statistic',
      Statistic: 'AVERAGE',
      Unit: null,
      Period: 60,
    },
  });
  const { AlarmHistoryItems = [] } = await client.send(new DescribeAlarmHistoryCommand({ AlarmName: 'busy' }));
  expect(AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)).toEqual([
    `Successfully executed action ${topic}`,
    'Alarm updated from OK to ALARM',
    `Successfully executed action ${topic}`,
    'Alarm updated from INSUFFICIENT_DATA to OK',
    'Alarm "busy" created',
  ]);
});

it('a topic whose policy does not let CloudWatch publish is told of as a failed action', async () => {
  await region.invoke('sns', 'CreateTopic', { Name: 'alarms' });
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'sns:*', Resource: topic }],
  });
  await region.invoke('sns', 'SetTopicAttributes', {
    TopicArn: topic,
    AttributeName: 'Policy',
    AttributeValue: Policy,
  });
  await put({ OKActions: [topic] });
  await measure(1, 1);
  expect(region.events.find(({ kind }) => kind === 'alarm-action-failed')?.text).toMatch(/AuthorizationError/);
});

it('invokes scaling policies each minute while it stays in the state, other actions once', async () => {
  const reboot = 'arn:aws:automate:us-east-1:ec2:reboot';
  const Dimensions = [{ Name: 'InstanceId', Value: 'i-1' }];
  await put({ AlarmActions: [policy, reboot], EvaluationPeriods: 1, Dimensions });
  const MetricData = [{ MetricName: 'm', Value: 12.5, Dimensions }];
  for (let times = 0; times < 3; times++) {
    await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
    await region.clock.advance(minute);
  }
  await region.clock.advance(5_000);
  const scaled = { AutoScalingGroupName: 'g', PolicyName: 'p', MetricValue: 12.5, BreachThreshold: 10 };
  const policies = asked.filter(({ operation }) => operation === 'ExecutePolicy');
  expect(policies.map(({ input }) => input)).toEqual([scaled, scaled, scaled]);
  expect(asked.filter(({ operation }) => operation === 'RebootInstances')).toEqual([
    { operation: 'RebootInstances', input: { InstanceIds: ['i-1'] } },
  ]);
  await client.send(new DisableAlarmActionsCommand({ AlarmNames: ['busy'] }));
  asked.length = 0;
  await region.clock.advance(minute);
  expect(asked.filter(({ operation }) => operation === 'ExecutePolicy')).toEqual([]);
});

it('alarms on metric math, percentiles, and high-resolution periods', async () => {
  const stat = (MetricName: string) => ({ Metric: { Namespace: 'App', MetricName }, Period: 60, Stat: 'Sum' });
  await client.send(
    new PutMetricAlarmCommand({
      ...{ AlarmName: 'rate', EvaluationPeriods: 1, Threshold: 50, ComparisonOperator: 'GreaterThanThreshold' },
      Metrics: [
        { Id: 'e', Expression: '100 * bad / FILL(all, 1)', ReturnData: true },
        { Id: 'bad', MetricStat: stat('bad'), ReturnData: false },
        { Id: 'all', MetricStat: stat('all'), ReturnData: false },
      ],
    }),
  );
  await put({
    AlarmName: 'slow',
    MetricName: 'bad',
    Statistic: undefined,
    ExtendedStatistic: 'p90',
    Threshold: 2,
    EvaluationPeriods: 1,
  });
  await put({ AlarmName: 'fast', MetricName: 'quick', Period: 10, EvaluationPeriods: 1 });
  const MetricData = [
    { MetricName: 'bad', Values: [1, 5], Counts: [8, 2] },
    { MetricName: 'all', Value: 20 },
    { MetricName: 'quick', Value: 11, StorageResolution: 1 },
  ];
  await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
  await region.clock.advance(13_000);
  expect((await alarm('fast'))?.StateValue).toBe('ALARM');
  await region.clock.advance(minute);
  expect((await alarm('rate'))?.StateValue).toBe('ALARM');
  expect((await alarm('slow'))?.StateValue).toBe('ALARM');
});

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
it.each([
  ['p90', 99, 'INSUFFICIENT_DATA'],
  ['p90', 100, 'ALARM'],
  ['p99', 999, 'INSUFFICIENT_DATA'],
  ['p99', 1_000, 'ALARM'],
  ['p20', 49, 'INSUFFICIENT_DATA'],
  ['p20', 50, 'ALARM'],
])('documented: %s of %i samples, when few are to be ignored: %s', async (ExtendedStatistic, count, expected) => {
  await put({
    ...{ Statistic: undefined, ExtendedStatistic, EvaluateLowSampleCountPercentile: 'ignore', EvaluationPeriods: 1 },
  });
  const MetricData = [{ MetricName: 'm', Values: [20], Counts: [count] }];
  await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
  await region.clock.advance(minute + 5_000);
  expect((await alarm())?.StateValue).toBe(expected);
});

it('composite alarms follow at once', async () => {
  await put({ EvaluationPeriods: 1 });
  await put({ AlarmName: 'other, "quoted"' });
  const AlarmRule = 'ALARM(busy) AND NOT (ALARM("other, \\"quoted\\"") OR FALSE)';
  await client.send(new PutCompositeAlarmCommand({ AlarmName: 'both', AlarmRule }));
  expect((await alarm('both'))?.StateValue).toBe('OK');
  await measure(20);
  expect(await alarm('both')).toMatchObject({ StateValue: 'ALARM', AlarmRule });
  const StateReason = 'a test';
  const AlarmName = 'other, "quoted"';
  await client.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason }));
  expect((await alarm('both'))?.StateValue).toBe('OK');
  expect(await faultOf(client.send(new DeleteAlarmsCommand({ AlarmNames: ['busy'] })))).toMatch(/depending on it/);
  const missing = client.send(new PutCompositeAlarmCommand({ AlarmName: 'x', AlarmRule: 'OK(nobody)' }));
  expect(await faultOf(missing)).toMatch(/\[nobody\] in the alarm rule do not exist/);
});

it('is described by names, prefix, state, action, metric and pages', async () => {
  for (const AlarmName of ['a1', 'a2', 'b1']) await put({ AlarmName, AlarmActions: AlarmName === 'b1' ? [topic] : [] });
  const names = async (input: DescribeAlarmsCommandInput) => {
    const { MetricAlarms = [], NextToken } = await client.send(new DescribeAlarmsCommand(input));
    return [...MetricAlarms.map(({ AlarmName }) => AlarmName), ...(NextToken === undefined ? [] : ['…'])];
  };
  expect(await names({})).toEqual(['a1', 'a2', 'b1']);
  expect(await names({ AlarmNamePrefix: 'a' })).toEqual(['a1', 'a2']);
  expect(await names({ ActionPrefix: 'arn:aws:sns' })).toEqual(['b1']);
  expect(await names({ StateValue: 'OK' })).toEqual([]);
  expect(await names({ MaxRecords: 2 })).toEqual(['a1', 'a2', '…']);
  expect(await names({ AlarmTypes: ['CompositeAlarm'] })).toEqual([]);
  const forMetric = await client.send(new DescribeAlarmsForMetricCommand({ Namespace: 'App', MetricName: 'm' }));
  expect(forMetric.MetricAlarms).toHaveLength(3);
  await client.send(new DeleteAlarmsCommand({ AlarmNames: ['a1', 'nobody'] }));
  expect(await names({})).toEqual(['a2', 'b1']);
});

it('has tags', async () => {
  await put({ Tags: [{ Key: 'team', Value: 'a' }] });
  const ResourceARN = (await alarm())?.AlarmArn;
  await client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'cost', Value: 'b' }] }));
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN }));
  expect(Tags).toEqual([
    { Key: 'team', Value: 'a' },
    { Key: 'cost', Value: 'b' },
  ]);
  const unknown = client.send(new ListTagsForResourceCommand({ ResourceARN: `${ResourceARN}x` }));
  expect(await faultOf(unknown)).toMatch(/^ResourceNotFound/);
});

describe('refuses', () => {
  it.each<[string, Partial<PutMetricAlarmCommandInput>, RegExp]>([
    ['no comparison', { ComparisonOperator: undefined }, /comparisonOperator/],
    ['anomaly detection', { ComparisonOperator: 'GreaterThanUpperThreshold' }, /not modelled by Orrery/],
    ['two statistics', { ExtendedStatistic: 'p90' }, /Exactly one/],
    ['M over N', { DatapointsToAlarm: 3 }, /DatapointsToAlarm must be less than or equal to EvaluationPeriods/],
    ['more than a day', { Period: 300, EvaluationPeriods: 300 }, /more than a day/],
    ['a period', { Period: 45 }, /Period must be/],
    ['a treatment', { TreatMissingData: 'no' }, /TreatMissingData/],
    [
      'a Lambda function',
      { AlarmActions: [`arn:aws:lambda:us-east-1:${account}:function:f`] },
      /not modelled by Orrery/,
    ],
    ['an instance action on no instance', { AlarmActions: ['arn:aws:automate:us-east-1:ec2:stop'] }, /InstanceId/],
    ['six actions', { OKActions: Array.from({ length: 6 }, (_, i) => `${topic}${i}`) }, /oKActions/],
    ['what is no ARN', { OKActions: ['topic'] }, /Invalid arn syntax/],
  ])('%s', async (_, input, expected) => {
    expect(await faultOf(put(input))).toMatch(expected);
    expect(await alarm()).toBeUndefined();
  });

  it.each([
    ['AND ALARM(a)', /alarm state is missing/],
    ['ALARM(a', /a \) is missing/],
    ['ALARM(a) ALARM(b)', /left at its end/],
    ['AT_LEAST(1, ALARM, (a))', /not modelled/],
    ['NOT '.repeat(100), /too deeply/],
  ])('the rule %s', async (AlarmRule, expected) => {
    expect(await faultOf(client.send(new PutCompositeAlarmCommand({ AlarmName: 'x', AlarmRule })))).toMatch(expected);
  });
});
