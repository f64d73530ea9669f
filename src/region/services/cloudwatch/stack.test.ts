import {
  CloudWatchClient,
  DeleteDashboardsCommand,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
  PutDashboardCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { cloudWatch } from './index.ts';

let region: TestRegion;
let client: CloudWatchClient;
beforeEach(async () => {
  region = await testRegion({ services: [cloudWatch] });
  client = region.client(CloudWatchClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const alarm = (properties: object) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    ...{ ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 3, MetricName: 'm', Namespace: 'App' },
    ...{ Period: 60, Statistic: 'Sum', Threshold: '5', TreatMissingData: 'notBreaching' },
    ...properties,
  },
});

it('CloudFormation makes, changes and deletes alarms and a dashboard', async () => {
  const template = (Threshold: number, title: string) => ({
    Resources: {
      Errors: alarm({ Threshold, Dimensions: [{ Name: 'a', Value: 'b' }], Tags: [{ Key: 'k', Value: title }] }),
      Either: {
        Type: 'AWS::CloudWatch::CompositeAlarm',
        Properties: { AlarmRule: { 'Fn::Sub': 'ALARM("${Errors}")' } },
      },
      Board: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardBody: JSON.stringify({ widgets: [{ type: 'text', properties: { markdown: title } }] }) },
      },
    },
    Outputs: {
      Errors: { Value: { Ref: 'Errors' } },
      Arn: { Value: { 'Fn::GetAtt': ['Errors', 'Arn'] } },
      Either: { Value: { 'Fn::GetAtt': ['Either', 'Arn'] } },
      Board: { Value: { Ref: 'Board' } },
    },
  });
  const stacks = region.stacks();
  stacks.create('app', template(5, 'one'));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
  const outputs = () => Object.fromEntries(stacks.stack('app').outputs.map(({ key, value }) => [key, value]));
  const { Errors = '', Arn, Either, Board } = outputs();
  expect(Errors).toMatch(/^app-Errors-\w+$/);
  expect(Arn).toBe(`arn:aws:cloudwatch:us-east-1:123456789012:alarm:${Errors}`);
  expect(Either).toMatch(/:alarm:app-Either-\w+$/);
  stacks.update('app', template(7, 'two'));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('UPDATE_COMPLETE');
  const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [Errors] }));
  expect(MetricAlarms).toMatchObject([
    { AlarmName: Errors, Threshold: 7, TreatMissingData: 'notBreaching', Dimensions: [{ Name: 'a', Value: 'b' }] },
  ]);
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN: Arn }));
  expect(Tags).toContainEqual({ Key: 'k', Value: 'two' });
  const shown = await client.send(new GetDashboardCommand({ DashboardName: Board }));
  expect(shown.DashboardBody).toContain('two');
  stacks.delete('app');
  await stacks.settle();
  expect((await client.send(new DescribeAlarmsCommand({}))).MetricAlarms).toEqual([]);
  expect((await client.send(new ListDashboardsCommand({}))).DashboardEntries).toEqual([]);
});

it('dashboards are listed by prefix, and deleted together or not at all', async () => {
  const DashboardBody = '{"widgets":[{"type":"metric","properties":{}}]}';
  for (const DashboardName of ['a-1', 'a-2', 'b']) {
    const { DashboardValidationMessages } = await client.send(
      new PutDashboardCommand({ DashboardName, DashboardBody }),
    );
    expect(DashboardValidationMessages).toMatchObject([{ DataPath: '/widgets/0/properties' }]);
  }
  const { DashboardEntries = [] } = await client.send(new ListDashboardsCommand({ DashboardNamePrefix: 'a' }));
  expect(DashboardEntries).toMatchObject([
    {
      DashboardName: 'a-1',
      DashboardArn: 'arn:aws:cloudwatch::123456789012:dashboard/a-1',
      Size: DashboardBody.length,
    },
    { DashboardName: 'a-2' },
  ]);
  const some = client.send(new DeleteDashboardsCommand({ DashboardNames: ['b', 'c'] }));
  expect(await faultOf(some)).toMatch(/: Dashboard c does not exist$/);
  await client.send(new DeleteDashboardsCommand({ DashboardNames: ['a-1', 'b'] }));
  const left = await client.send(new ListDashboardsCommand({}));
  expect(left.DashboardEntries?.map(({ DashboardName }) => DashboardName)).toEqual(['a-2']);
});

it.each([
  ['{', '/', /valid JSON object/],
  ['[]', '/', /valid JSON object/],
  ['{}', '/', /"widgets"/],
  ['{"widgets":{}}', '/widgets', /array/],
  ['{"widgets":[{"properties":{}}]}', '/widgets/0', /"type"/],
  ['{"widgets":[{"type":"graph","properties":{}}]}', '/widgets/0/type', /allowed values/],
])('a dashboard of %s is refused with what is wrong where', async (DashboardBody, DataPath, expected) => {
  const put = client.send(new PutDashboardCommand({ DashboardName: 'd', DashboardBody }));
  await expect(put).rejects.toMatchObject({
    name: 'DashboardInvalidInputError',
    dashboardValidationMessages: [{ DataPath, Message: expect.stringMatching(expected) }],
  });
  expect((await client.send(new ListDashboardsCommand({}))).DashboardEntries).toEqual([]);
});
