import {
  AssociateKmsKeyCommand,
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DisassociateKmsKeyCommand,
  FilterLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutLogGroupDeletionProtectionCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iam } from '../iam/index.ts';
import { kms } from '../kms/index.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { logs } from './index.ts';

let region: TestRegion;
let client: CloudWatchLogsClient;
beforeEach(async () => {
  region = await testRegion({ services: [logs, kms, iam] });
  client = region.client(CloudWatchLogsClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const create = (logGroupName: string, more: object = {}) =>
  client.send(new CreateLogGroupCommand({ logGroupName, ...more }));
const describeGroups = (input: object = {}) => client.send(new DescribeLogGroupsCommand(input));
const arnOf = (name: string) => `arn:aws:logs:us-east-1:123456789012:log-group:${name}`;

describe('groups', () => {
  it('are made, listed page by page, changed and deleted', async () => {
    for (const name of ['/b', '/a/2', '/a/1']) await create(name);
    expect(await faultOf(create('/b'))).toBe('ResourceAlreadyExistsException: The specified log group already exists');
    const first = await describeGroups({ limit: 2 });
    expect(first.logGroups).toEqual([
      {
        logGroupName: '/a/1',
        creationTime: region.clock.now(),
        metricFilterCount: 0,
        arn: `${arnOf('/a/1')}:*`,
        storedBytes: 0,
        logGroupClass: 'STANDARD',
        logGroupArn: arnOf('/a/1'),
        deletionProtectionEnabled: false,
      },
      expect.objectContaining({ logGroupName: '/a/2' }),
    ]);
    const names = async (input: object) => (await describeGroups(input)).logGroups?.map((group) => group.logGroupName);
    expect(await names({ limit: 2, nextToken: first.nextToken })).toEqual(['/b']);
    expect(await names({ logGroupNamePrefix: '/a' })).toEqual(['/a/1', '/a/2']);
    const { logGroups } = await describeGroups({ logGroupNamePattern: '1' });
    expect(logGroups).toEqual([{ logGroupName: '/a/1', creationTime: region.clock.now(), arn: `${arnOf('/a/1')}:*` }]);
    expect(await names({ logGroupIdentifiers: ['/b', arnOf('/a/2')] })).toEqual(['/a/2', '/b']);

    const retention = async (retentionInDays: number) =>
      client.send(new PutRetentionPolicyCommand({ logGroupName: '/b', retentionInDays }));
    await retention(400);
    expect((await describeGroups({ logGroupNamePrefix: '/b' })).logGroups?.[0]?.retentionInDays).toBe(400);
    expect(await faultOf(retention(10))).toMatch(
      /^InvalidParameterException: 1 validation error detected: Value '10' at 'retentionInDays' failed/,
    );
    await client.send(new DeleteRetentionPolicyCommand({ logGroupName: '/b' }));
    expect((await describeGroups({ logGroupNamePrefix: '/b' })).logGroups?.[0]).not.toHaveProperty('retentionInDays');

    const protect = (deletionProtectionEnabled: boolean) =>
      client.send(
        new PutLogGroupDeletionProtectionCommand({ logGroupIdentifier: arnOf('/b'), deletionProtectionEnabled }),
      );
    const remove = () => client.send(new DeleteLogGroupCommand({ logGroupName: '/b' }));
    await protect(true);
    expect(await faultOf(remove())).toMatch(/^ValidationException: .*deletion protection/);
    await protect(false);
    await remove();
    expect(await faultOf(remove())).toBe('ResourceNotFoundException: The specified log group does not exist.');
  });

  it.each([
    [
      { logGroupName: 'a b' },
      "Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular",
    ],
    [{ logGroupName: 'aws/x' }, 'reserved for AWS'],
    [{ logGroupName: 'x'.repeat(513) }, 'Member must have length less than or equal to 512'],
    [{ logGroupName: 'x', logGroupClass: 'DELIVERY' }, 'not modelled by Orrery'],
    [{ logGroupName: 'x', tags: { 'aws:x': 'y' } }, 'aws:'],
  ])('%o is refused', async (input, message) => {
    expect(await faultOf(client.send(new CreateLogGroupCommand(input as { logGroupName: string })))).toContain(message);
  });

  it('have tags', async () => {
    await create('/a', { tags: { one: '1' } });
    const resourceArn = arnOf('/a');
    await client.send(new TagResourceCommand({ resourceArn, tags: { two: '2', one: 'uno' } }));
    const tags = async () => (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
    expect(await tags()).toEqual({ one: 'uno', two: '2' });
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['one'] }));
    expect(await tags()).toEqual({ two: '2' });
    expect(await faultOf(client.send(new ListTagsForResourceCommand({ resourceArn: arnOf('/none') })))).toMatch(
      /^ResourceNotFoundException/,
    );
  });

  it('take a key whose policy lets CloudWatch Logs use it for that group', async () => {
    const key = async (statement: object) => {
      const own = {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::123456789012:root' },
        Action: 'kms:DisableKey',
        Resource: '*',
      };
      const root = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...root, ...statement }, own] });
      const made = await region.invoke<{ KeyMetadata: { Arn: string } }>('kms', 'CreateKey', {
        Policy,
        BypassPolicyLockoutSafetyCheck: true,
      });
      return made.KeyMetadata.Arn;
    };
    const Principal = { Service: 'logs.us-east-1.amazonaws.com' };
    const Condition = { ArnEquals: { 'kms:EncryptionContext:aws:logs:arn': arnOf('/a') } };
    const kmsKeyId = await key({ Principal, Condition });
    const refused = (name: string) =>
      `AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn '${arnOf(name)}'`;
    expect(await faultOf(create('/b', { kmsKeyId }))).toBe(refused('/b'));
    const others = await key({ Principal: { AWS: 'arn:aws:iam::123456789012:root' } });
    expect(await faultOf(create('/a', { kmsKeyId: others }))).toBe(refused('/a'));
    await create('/a', { kmsKeyId });
    const keyOf = async () => (await describeGroups()).logGroups?.[0]?.kmsKeyId;
    expect(await keyOf()).toBe(kmsKeyId);
    await client.send(new DisassociateKmsKeyCommand({ logGroupName: '/a' }));
    expect(await keyOf()).toBeUndefined();
    await client.send(new AssociateKmsKeyCommand({ logGroupName: '/a', kmsKeyId }));
    expect(await keyOf()).toBe(kmsKeyId);
    await region.invoke('kms', 'DisableKey', { KeyId: kmsKeyId });
    expect(await faultOf(client.send(new AssociateKmsKeyCommand({ logGroupName: '/a', kmsKeyId })))).toMatch(
      /^InvalidParameterException: .*disabled/,
    );
  });
});

describe('streams', () => {
  it('are listed by name or by their last event', async () => {
    await create('/a');
    for (const logStreamName of ['x/1', 'x/2', 'y']) {
      await client.send(new CreateLogStreamCommand({ logGroupName: '/a', logStreamName }));
    }
    expect(await faultOf(client.send(new CreateLogStreamCommand({ logGroupName: '/a', logStreamName: 'y' })))).toBe(
      'ResourceAlreadyExistsException: The specified log stream already exists',
    );
    const nowMs = region.clock.now();
    for (const [logStreamName, timestamp] of [
      ['x/2', nowMs - 5],
      ['x/1', nowMs],
    ] as const) {
      const logEvents = [{ timestamp, message: 'm' }];
      await client.send(new PutLogEventsCommand({ logGroupName: '/a', logStreamName, logEvents }));
    }
    const list = async (input: object) => {
      const { logStreams = [], nextToken } = await client.send(
        new DescribeLogStreamsCommand({ logGroupName: '/a', ...input }),
      );
      return { names: logStreams.map(({ logStreamName }) => logStreamName), nextToken, logStreams };
    };
    expect((await list({})).names).toEqual(['x/1', 'x/2', 'y']);
    expect((await list({ logStreamNamePrefix: 'x', descending: true })).names).toEqual(['x/2', 'x/1']);
    const latest = await list({ orderBy: 'LastEventTime', descending: true, limit: 2 });
    expect(latest.names).toEqual(['x/1', 'x/2']);
    expect((await list({ orderBy: 'LastEventTime', descending: true, nextToken: latest.nextToken })).names).toEqual([
      'y',
    ]);
    expect(latest.logStreams[0]).toEqual({
      logStreamName: 'x/1',
      creationTime: nowMs,
      firstEventTimestamp: nowMs,
      lastEventTimestamp: nowMs,
      lastIngestionTime: nowMs,
      uploadSequenceToken: expect.stringMatching(/^49\d{54}$/),
      arn: `${arnOf('/a')}:log-stream:x/1`,
      storedBytes: 0,
    });
    expect(await faultOf(list({ orderBy: 'LastEventTime', logStreamNamePrefix: 'x' }))).toBe(
      'InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix.',
    );
    expect((await describeGroups()).logGroups?.[0]?.storedBytes).toBe(2 * 27);
    await client.send(new DeleteLogStreamCommand({ logGroupName: '/a', logStreamName: 'y' }));
    expect((await list({})).names).toEqual(['x/1', 'x/2']);
  });
});

it('asks IAM about the group and the stream that are named', async () => {
  await create('/a', { tags: { team: 'web' } });
  await create('/b');
  await region.invoke('iam', 'CreateUser', { UserName: 'app' });
  const allow = (Action: string | string[], Resource: string, Condition?: object) => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition ? { Condition } : {}),
  });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow(['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], `${arnOf('/a')}:*`),
      allow('logs:DeleteLogStream', `${arnOf('/a')}:log-stream:mine`),
      allow('logs:FilterLogEvents', '*', { StringEquals: { 'aws:ResourceTag/team': 'web' } }),
      allow('logs:ListTagsForResource', arnOf('/a')),
    ],
  });
  await region.invoke('iam', 'PutUserPolicy', { UserName: 'app', PolicyName: 'p', PolicyDocument });
  const { AccessKey } = await region.invoke<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>(
    'iam',
    'CreateAccessKey',
    { UserName: 'app' },
  );
  const app = region.client(CloudWatchLogsClient, {
    accessKeyId: AccessKey.AccessKeyId,
    secretAccessKey: AccessKey.SecretAccessKey,
  });
  for (const logStreamName of ['mine', 'other']) {
    await app.send(new CreateLogStreamCommand({ logGroupName: '/a', logStreamName }));
  }
  expect(await faultOf(app.send(new CreateLogStreamCommand({ logGroupName: '/b', logStreamName: 'mine' })))).toContain(
    `${arnOf('/b')}:log-stream:mine`,
  );
  const put = (logGroupName: string) => {
    const logEvents = [{ timestamp: region.clock.now(), message: 'm' }];
    return app.send(new PutLogEventsCommand({ logGroupName, logStreamName: 'mine', logEvents }));
  };
  await put('/a');
  expect(await faultOf(put('/b'))).toMatch(/^AccessDeniedException/);
  const list = (logGroupName: string) => app.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect((await list('/a')).logStreams).toHaveLength(2);
  expect(await faultOf(list('/b'))).toMatch(/^AccessDeniedException/);
  const remove = (logStreamName: string) => app.send(new DeleteLogStreamCommand({ logGroupName: '/a', logStreamName }));
  expect(await faultOf(remove('other'))).toMatch(/^AccessDeniedException/);
  await remove('mine');
  await app.send(new FilterLogEventsCommand({ logGroupIdentifier: arnOf('/a') }));
  expect(await faultOf(app.send(new FilterLogEventsCommand({ logGroupName: '/b' })))).toMatch(/^AccessDeniedException/);
  await app.send(new ListTagsForResourceCommand({ resourceArn: arnOf('/a') }));
  expect(await faultOf(app.send(new DescribeLogGroupsCommand({})))).toContain(`${arnOf('')}:log-stream:`);
});

it('CloudFormation makes, changes and deletes them', async () => {
  const template = (RetentionInDays: number | undefined, team: string) => ({
    Resources: {
      Group: {
        Type: 'AWS::Logs::LogGroup',
        Properties: { ...(RetentionInDays ? { RetentionInDays } : {}), Tags: [{ Key: 'team', Value: team }] },
      },
      Named: {
        Type: 'AWS::Logs::LogGroup',
        Properties: { LogGroupName: '/named', LogGroupClass: 'INFREQUENT_ACCESS' },
      },
      Stream: {
        Type: 'AWS::Logs::LogStream',
        Properties: { LogGroupName: { Ref: 'Group' }, LogStreamName: 'first' },
      },
      Errors: {
        Type: 'AWS::Logs::MetricFilter',
        Properties: {
          LogGroupName: { Ref: 'Group' },
          FilterPattern: '{ $.level = "error" }',
          MetricTransformations: [
            { MetricName: 'Errors', MetricNamespace: 'App', MetricValue: '1', DefaultValue: 0, Unit: 'Count' },
          ],
        },
      },
    },
    Outputs: { Name: { Value: { Ref: 'Group' } }, Arn: { Value: { 'Fn::GetAtt': ['Group', 'Arn'] } } },
  });
  const stacks = region.stacks();
  stacks.create('app', template(30, 'web'));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
  const { Name = '', Arn } = Object.fromEntries(stacks.stack('app').outputs.map(({ key, value }) => [key, value]));
  expect(Name).toMatch(/^app-Group-\w{12}$/);
  expect(Arn).toBe(`${arnOf(Name)}:*`);
  const group = async () => (await describeGroups({ logGroupNamePrefix: Name })).logGroups?.[0];
  expect(await group()).toMatchObject({ retentionInDays: 30, metricFilterCount: 1 });
  const { metricFilters } = await region.invoke('logs', 'DescribeMetricFilters', { logGroupName: Name });
  expect(metricFilters).toMatchObject([
    {
      filterPattern: '{ $.level = "error" }',
      metricTransformations: [{ metricValue: '1', defaultValue: 0, unit: 'Count' }],
    },
  ]);
  stacks.update('app', template(undefined, 'api'));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('UPDATE_COMPLETE');
  expect(await group()).not.toHaveProperty('retentionInDays');
  expect(await region.invoke('logs', 'ListTagsForResource', { resourceArn: arnOf(Name) })).toEqual({
    tags: { team: 'api' },
  });
  stacks.delete('app');
  await stacks.settle();
  expect((await describeGroups()).logGroups).toEqual([]);
});
