import { CloudWatchClient, DeleteAlarmsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { iam } from '../iam/index.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { cloudWatch } from './index.ts';

let region: TestRegion;
beforeEach(async () => {
  region = await testRegion({ services: [cloudWatch, iam] });
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

it('a policy may bind PutMetricData to a namespace, and alarms by their ARN', async () => {
  const root = region.client(IAMClient);
  await root.send(new CreateUserCommand({ UserName: 'agent' }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'cloudwatch:PutMetricData', Resource: '*' },
        Condition: { StringEquals: { 'cloudwatch:namespace': 'CWAgent' } },
      },
      { Effect: 'Allow', Action: 'cloudwatch:DeleteAlarms', Resource: 'arn:aws:cloudwatch:*:*:alarm:mine-*' },
    ],
  });
  await root.send(new PutUserPolicyCommand({ UserName: 'agent', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: 'agent' }));
  const agent = region.client(CloudWatchClient, {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  });
  const put = (Namespace: string) =>
    agent.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: 'm', Value: 1 }] }));
  await put('CWAgent');
  expect(await faultOf(put('App'))).toMatch(/^AccessDenied.*not authorized to perform: cloudwatch:PutMetricData/);
  const remove = (...AlarmNames: string[]) => agent.send(new DeleteAlarmsCommand({ AlarmNames }));
  await remove('mine-1');
  expect(await faultOf(remove('mine-1', 'yours'))).toMatch(/on resource: "arn:aws:cloudwatch:.*:alarm:yours"/);
});
