/** The API through the real SDK client over a socket; the resources are the engine's test things. */
import {
  CancelUpdateStackCommand,
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  DetectStackDriftCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  SetStackPolicyCommand,
  SignalResourceCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
  waitUntilChangeSetCreateComplete,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
  waitUntilStackUpdateComplete,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, Region } from '../../region.ts';
import { thing, thingsService } from '../../stacks/testing.ts';
import type { Call, Service } from '../service.ts';
import { cloudFormation } from './index.ts';

const Type = 'Orrery::Test::Thing';

const things: Service = {
  name: 'test',
  sdk: '@aws-sdk/client-sts',
  deniedCode: 'AccessDenied',
  operations: Object.fromEntries(
    ['CreateThing', 'UpdateThing', 'DeleteThing'].map((name) => [
      name,
      (input: Record<string, unknown>, call: Call) => thingsService(() => call)(name, input),
    ]),
  ),
  resources: { [Type]: thing },
};

let region: Region;
let client: CloudFormationClient;

beforeAll(async () => {
  const service: Service = cloudFormation(() => ({ ...things.resources, ...service.resources }));
  region = await Region.start({ ports: freePorts, services: [things, service] });
  client = new CloudFormationClient({
    endpoint: region.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client.destroy();
  await region.close();
});

const waiting = (name: string) =>
  [{ client, maxWaitTime: 20, minDelay: 0.02, maxDelay: 0.05 }, { StackName: name }] as const;

const body = (a: object = {}, more: object = {}) =>
  JSON.stringify({
    Description: 'two things',
    Parameters: {
      Value: { Type: 'String', Default: 'first' },
      Secret: { Type: 'String', NoEcho: true, Default: 's3cret' },
    },
    Resources: {
      A: {
        Type,
        Metadata: { 'AWS::CloudFormation::Init': { files: { Ref: 'Value' } } },
        Properties: { Value: { Ref: 'Value' }, ...a },
      },
      B: { Type, Properties: { Value: { Ref: 'Secret' }, Uses: [{ Ref: 'A' }] } },
    },
    Outputs: { Arn: { Value: { 'Fn::GetAtt': ['A', 'Arn'] }, Description: 'of A' } },
    ...more,
  });

async function made(name: string, template = body()): Promise<string> {
  const { StackId = '' } = await client.send(new CreateStackCommand({ StackName: name, TemplateBody: template }));
  await waitUntilStackCreateComplete(...waiting(name));
  return StackId;
}

async function stackOf(name: string) {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0];
}

describe('stacks', () => {
  it('are made, described, updated and deleted', async () => {
    const StackId = await made('life');
    expect(StackId).toMatch(/^arn:aws:cloudformation:us-east-1:123456789012:stack\/life\/[0-9a-f-]{36}$/);
    expect(await stackOf('life')).toMatchObject({
      StackId,
      Description: 'two things',
      StackStatus: 'CREATE_COMPLETE',
      DisableRollback: false,
      EnableTerminationProtection: false,
      Parameters: [
        { ParameterKey: 'Value', ParameterValue: 'first' },
        { ParameterKey: 'Secret', ParameterValue: '****' },
      ],
      Outputs: [{ OutputKey: 'Arn', OutputValue: expect.stringContaining('arn:thing/'), Description: 'of A' }],
      CreationTime: expect.any(Date),
    });
    await client.send(
      new UpdateStackCommand({
        StackName: 'life',
        UsePreviousTemplate: true,
        Parameters: [
          { ParameterKey: 'Value', ParameterValue: 'second' },
          { ParameterKey: 'Secret', UsePreviousValue: true },
        ],
      }),
    );
    await waitUntilStackUpdateComplete(...waiting('life'));
    expect(await stackOf('life')).toMatchObject({ LastUpdatedTime: expect.any(Date) });
    await client.send(new DeleteStackCommand({ StackName: 'life' }));
    await waitUntilStackDeleteComplete(...waiting(StackId));
    await expect(stackOf('life')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id life does not exist',
    });
    expect(await stackOf(StackId)).toMatchObject({ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) });
    // Deleting what is not there is a success.
    await client.send(new DeleteStackCommand({ StackName: 'life' }));
    const { StackSummaries } = await client.send(new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }));
    expect(StackSummaries).toContainEqual(expect.objectContaining({ StackId, TemplateDescription: 'two things' }));
  });

  it('tell their events and resources', async () => {
    const StackId = await made('told');
    const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName: 'told' }));
    expect(
      StackEvents.map(({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`).reverse(),
    ).toEqual([
      'told CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_IN_PROGRESS',
      'B CREATE_COMPLETE',
      'told CREATE_COMPLETE',
    ]);
    expect(new Set(StackEvents.map(({ EventId }) => EventId)).size).toBe(8);
    expect(JSON.stringify(StackEvents)).not.toContain('s3cret');
    const { StackResourceDetail } = await client.send(
      new DescribeStackResourceCommand({ StackName: 'told', LogicalResourceId: 'A' }),
    );
    expect(StackResourceDetail).toMatchObject({
      StackId,
      ResourceType: Type,
      ResourceStatus: 'CREATE_COMPLETE',
      Metadata: '{"AWS::CloudFormation::Init":{"files":"first"}}',
    });
    const { StackResourceSummaries } = await client.send(new ListStackResourcesCommand({ StackName: 'told' }));
    expect(StackResourceSummaries?.map(({ LogicalResourceId }) => LogicalResourceId)).toEqual(['A', 'B']);
    const PhysicalResourceId = StackResourceDetail?.PhysicalResourceId;
    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ PhysicalResourceId }));
    expect(StackResources).toHaveLength(2);
    await expect(
      client.send(new DescribeStackResourceCommand({ StackName: 'told', LogicalResourceId: 'X' })),
    ).rejects.toThrow('Resource X does not exist for stack told');
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: 'told' }));
    expect(TemplateBody).toBe(body());
  });

  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      'a taken name',
      () => made('taken').then(() => made('taken')),
      'AlreadyExistsException',
      'Stack [taken] already exists',
    ],
    [
      'a malformed name',
      () => made('a b'),
      'ValidationError',
      'failed to satisfy constraint: Member must satisfy regular expression pattern',
    ],
    [
      'no template',
      () => client.send(new CreateStackCommand({ StackName: 'x' })),
      'ValidationError',
      'Either Template URL or Template Body must be specified.',
    ],
    [
      'a template that is too long',
      () => made('x', `${body()}${' '.repeat(51_200)}`),
      'ValidationError',
      'Member must have length less than or equal to 51200',
    ],
    [
      'a template error',
      () => made('x', '{"Resources": {}}'),
      'ValidationError',
      'Template format error: At least one Resources member must be defined.',
    ],
    [
      'IAM without its capability',
      () =>
        made(
          'x',
          JSON.stringify({
            Resources: { R: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } } },
          }),
        ),
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_IAM]',
    ],
    [
      'named IAM without its capability',
      () =>
        client.send(
          new CreateStackCommand({
            StackName: 'x',
            Capabilities: ['CAPABILITY_IAM'],
            TemplateBody: JSON.stringify({
              Resources: { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r', AssumeRolePolicyDocument: {} } } },
            }),
          }),
        ),
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    ],
    [
      'types that are not modelled, all in one message',
      () => made('x', '{"Resources": {"F": {"Type": "AWS::Lambda::Function"},\n"Q": {"Type": "AWS::SQS::Queue"}}}'),
      'ValidationError',
      'Resource types that Orrery does not model: AWS::Lambda::Function (F, line 1); AWS::SQS::Queue (Q, line 2). Nothing was started.',
    ],
    [
      'an update of nothing',
      () => made('same').then(() => client.send(new UpdateStackCommand({ StackName: 'same', TemplateBody: body() }))),
      'ValidationError',
      'No updates are to be performed.',
    ],
    [
      'an update of no stack',
      () => client.send(new UpdateStackCommand({ StackName: 'nowhere', TemplateBody: body() })),
      'ValidationError',
      'Stack [nowhere] does not exist',
    ],
    [
      'drift detection',
      () => client.send(new DetectStackDriftCommand({ StackName: 'x' })),
      'ValidationError',
      'DetectStackDrift is not modelled by Orrery.',
    ],
    [
      'stack policies',
      () =>
        made('policy').then(() =>
          client.send(new SetStackPolicyCommand({ StackName: 'policy', StackPolicyBody: '{}' })),
        ),
      'ValidationError',
      'Stack policies are not modelled by Orrery.',
    ],
    [
      'cancelling what is not under way',
      () => made('calm').then(() => client.send(new CancelUpdateStackCommand({ StackName: 'calm' }))),
      'ValidationError',
      'CancelUpdateStack cannot be called from current stack status',
    ],
  ])('refuse %s', async (_, act, name, message) => {
    await expect(act()).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it('refuse a second operation while one is under way, and take a deletion', async () => {
    const slow = body({ SleepMs: 60_000 });
    const { StackId = '' } = await client.send(new CreateStackCommand({ StackName: 'busy', TemplateBody: slow }));
    await expect(client.send(new UpdateStackCommand({ StackName: 'busy', TemplateBody: body() }))).rejects.toThrow(
      `Stack:${StackId} is in CREATE_IN_PROGRESS state and can not be updated.`,
    );
    await client.send(new DeleteStackCommand({ StackName: 'busy' }));
    await waitUntilStackDeleteComplete(...waiting(StackId));
  });

  it('are protected from deletion', async () => {
    await made('kept');
    await client.send(new UpdateTerminationProtectionCommand({ StackName: 'kept', EnableTerminationProtection: true }));
    await expect(client.send(new DeleteStackCommand({ StackName: 'kept' }))).rejects.toThrow(
      'Stack [kept] cannot be deleted while TerminationProtection is enabled',
    );
  });

  it('answer a repeated request once', async () => {
    const request = { StackName: 'once', TemplateBody: body(), ClientRequestToken: 'token-1' };
    const [first, second] = [
      await client.send(new CreateStackCommand(request)),
      await client.send(new CreateStackCommand(request)),
    ];
    expect(second.StackId).toBe(first.StackId);
  });

  it('wait for signals', async () => {
    const template = JSON.stringify({
      Resources: {
        W: {
          Type: 'AWS::CloudFormation::WaitCondition',
          CreationPolicy: { ResourceSignal: { Count: 1, Timeout: 'PT10M' } },
        },
      },
    });
    await client.send(new CreateStackCommand({ StackName: 'signals', TemplateBody: template }));
    const signal = { StackName: 'signals', LogicalResourceId: 'W', UniqueId: 'one', Status: 'SUCCESS' as const };
    await expect
      .poll(() => client.send(new ListStackResourcesCommand({ StackName: 'signals' })))
      .toMatchObject({
        StackResourceSummaries: [{ ResourceStatus: 'CREATE_IN_PROGRESS' }],
      });
    await client.send(new SignalResourceCommand(signal));
    await waitUntilStackCreateComplete(...waiting('signals'));
    await expect(client.send(new SignalResourceCommand(signal))).rejects.toThrow(
      /^Stack arn:aws:cloudformation:\S+:stack\/signals\/\S+ is in CREATE_COMPLETE state and cannot be signaled$/,
    );
  });

  it('share exports', async () => {
    await made('giver', body({}, { Outputs: { O: { Value: 'x', Export: { Name: 'shared' } } } }));
    await made(
      'taker',
      JSON.stringify({ Resources: { T: { Type, Properties: { Value: { 'Fn::ImportValue': 'shared' } } } } }),
    );
    const { Exports } = await client.send(new ListExportsCommand({}));
    expect(Exports).toMatchObject([{ Name: 'shared', Value: 'x' }]);
    const { Imports } = await client.send(new ListImportsCommand({ ExportName: 'shared' }));
    expect(Imports).toEqual(['taker']);
  });
});

describe('templates', () => {
  it('are validated and summed up', async () => {
    const template = body({}, { Metadata: { a: 1 } });
    const found = await client.send(new ValidateTemplateCommand({ TemplateBody: template }));
    expect(found).toMatchObject({
      Description: 'two things',
      Parameters: [
        { ParameterKey: 'Value', DefaultValue: 'first', NoEcho: false },
        { ParameterKey: 'Secret', NoEcho: true },
      ],
    });
    const summary = await client.send(new GetTemplateSummaryCommand({ TemplateBody: template }));
    expect(summary).toMatchObject({
      ResourceTypes: [Type],
      Metadata: '{"a":1}',
      Parameters: [{ ParameterType: 'String' }, {}],
    });
    await expect(client.send(new ValidateTemplateCommand({ TemplateBody: '{' }))).rejects.toThrow(
      'Template format error: JSON not well-formed.',
    );
  });
});

describe('change sets', () => {
  const set = (
    StackName: string,
    ChangeSetName: string,
    TemplateBody: string,
    ChangeSetType: 'CREATE' | 'UPDATE' = 'UPDATE',
  ) => client.send(new CreateChangeSetCommand({ StackName, ChangeSetName, TemplateBody, ChangeSetType }));
  const described = (StackName: string, ChangeSetName: string) =>
    client.send(new DescribeChangeSetCommand({ StackName, ChangeSetName, IncludePropertyValues: true }));

  it('make a stack, and then change it', async () => {
    await set('sets', 'one', body(), 'CREATE');
    await waitUntilChangeSetCreateComplete(
      { client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 },
      { StackName: 'sets', ChangeSetName: 'one' },
    );
    expect(await stackOf('sets')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    expect(await described('sets', 'one')).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ExecutionStatus: 'AVAILABLE',
      Changes: [
        { Type: 'Resource', ResourceChange: { Action: 'Add', LogicalResourceId: 'A', ResourceType: Type } },
        { ResourceChange: { Action: 'Add', LogicalResourceId: 'B' } },
      ],
    });
    await client.send(new ExecuteChangeSetCommand({ StackName: 'sets', ChangeSetName: 'one' }));
    await waitUntilStackCreateComplete(...waiting('sets'));

    const changed = JSON.parse(body({ Name: 'named' }));
    changed.Resources.C = { Type };
    await set('sets', 'two', JSON.stringify(changed));
    expect((await described('sets', 'two')).Changes?.map(({ ResourceChange }) => ResourceChange)).toMatchObject([
      {
        Action: 'Modify',
        LogicalResourceId: 'A',
        Replacement: 'True',
        PolicyAction: 'ReplaceAndDelete',
        Scope: ['Properties'],
        Details: [
          {
            Target: { Attribute: 'Properties', Name: 'Name', AfterValue: 'named', AttributeChangeType: 'Add' },
            Evaluation: 'Static',
            ChangeSource: 'DirectModification',
          },
        ],
      },
      {
        Action: 'Modify',
        LogicalResourceId: 'B',
        Replacement: 'False',
        Details: [
          {
            Target: { Name: 'Uses', AfterValue: '["{{changeSet:KNOWN_AFTER_APPLY}}"]' },
            Evaluation: 'Dynamic',
            ChangeSource: 'ResourceReference',
            CausingEntity: 'A',
          },
        ],
      },
      { Action: 'Add', LogicalResourceId: 'C' },
    ]);
    const { Summaries } = await client.send(new ListChangeSetsCommand({ StackName: 'sets' }));
    expect(Summaries?.map(({ ChangeSetName, ExecutionStatus }) => [ChangeSetName, ExecutionStatus])).toEqual([
      ['two', 'AVAILABLE'],
      ['one', 'EXECUTE_COMPLETE'],
    ]);
    await client.send(new ExecuteChangeSetCommand({ StackName: 'sets', ChangeSetName: 'two' }));
    await waitUntilStackUpdateComplete(...waiting('sets'));

    await set('sets', 'three', body());
    expect((await described('sets', 'three')).Changes).toContainEqual(
      expect.objectContaining({
        ResourceChange: expect.objectContaining({ Action: 'Remove', LogicalResourceId: 'C', PolicyAction: 'Delete' }),
      }),
    );
    await client.send(new DeleteChangeSetCommand({ StackName: 'sets', ChangeSetName: 'three' }));
    await expect(described('sets', 'three')).rejects.toMatchObject({
      name: 'ChangeSetNotFoundException',
      message: 'ChangeSet [three] does not exist',
    });
  });

  it('name the parameter behind a change', async () => {
    await made('cause');
    await client.send(
      new CreateChangeSetCommand({
        StackName: 'cause',
        ChangeSetName: 'p',
        UsePreviousTemplate: true,
        Parameters: [{ ParameterKey: 'Value', ParameterValue: 'other' }],
      }),
    );
    const { Changes } = await described('cause', 'p');
    expect(Changes?.[0]?.ResourceChange?.Details?.[0]).toMatchObject({
      Target: { Name: 'Value', BeforeValue: 'first', AfterValue: 'other' },
      ChangeSource: 'ParameterReference',
      CausingEntity: 'Value',
    });
  });

  it('without changes fail, and cannot be executed', async () => {
    await made('nochange');
    await set('nochange', 'none', body());
    const found = await described('nochange', 'none');
    expect(found).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    await expect(
      client.send(new ExecuteChangeSetCommand({ StackName: 'nochange', ChangeSetName: 'none' })),
    ).rejects.toMatchObject({
      name: 'InvalidChangeSetStatusException',
      message: `ChangeSet [${found.ChangeSetId}] cannot be executed in its current status of [FAILED]`,
    });
  });

  it('for a stack that is there cannot create it, nor update one that is not', async () => {
    await made('there');
    await expect(set('there', 'again', body(), 'CREATE')).rejects.toThrow(
      'Stack [there] already exists and cannot be created again with the changeSet [again].',
    );
    await expect(set('not-there', 'up', body())).rejects.toThrow('Stack [not-there] does not exist');
    await expect(set('there', '1x', body())).rejects.toThrow('failed to satisfy constraint');
  });
});
