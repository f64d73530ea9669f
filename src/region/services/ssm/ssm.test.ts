import {
  DeleteParameterCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageOf } from '../ec2/image.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { ssm } from './index.ts';

let region: TestRegion;
let client: SSMClient;
beforeEach(async () => {
  region = await testRegion({ services: [ssm] });
  client = region.client(SSMClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const put = (Name: string, more: Partial<PutParameterCommandInput> = {}) =>
  client.send(new PutParameterCommand({ Name, Value: 'v', Type: 'String', ...more }));
const get = (Name: string) => client.send(new GetParameterCommand({ Name }));

describe('parameters', () => {
  it('have versions', async () => {
    expect(
      await put('/app/url', { Value: 'one', Description: 'where', Tags: [{ Key: 'a', Value: 'b' }] }),
    ).toMatchObject({ Version: 1, Tier: 'Standard' });
    expect((await put('/app/url', { Value: 'two', Overwrite: true })).Version).toBe(2);
    const { Parameter } = await get('/app/url');
    expect(Parameter).toMatchObject({
      Value: 'two',
      Version: 2,
      ARN: 'arn:aws:ssm:us-east-1:123456789012:parameter/app/url',
      DataType: 'text',
    });
    expect((await get('/app/url:1')).Parameter).toMatchObject({ Value: 'one', Selector: ':1' });
    expect((await get(Parameter?.ARN ?? '')).Parameter?.Value).toBe('two');
    const history = await client.send(new GetParameterHistoryCommand({ Name: '/app/url' }));
    expect(history.Parameters?.map(({ Version, Value }) => [Version, Value])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    const tags = await client.send(
      new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: '/app/url' }),
    );
    expect(tags.TagList).toEqual([{ Key: 'a', Value: 'b' }]);
    await client.send(new DeleteParameterCommand({ Name: '/app/url' }));
    expect(await faultOf(get('/app/url'))).toMatch(/^ParameterNotFound/);
  });

  it('are read by name and by path, and listed', async () => {
    for (const name of ['/app/a', '/app/b/c', '/other', 'plain']) await put(name);
    const got = await client.send(new GetParametersCommand({ Names: ['/app/a', 'plain', 'missing'] }));
    expect(got.Parameters?.map(({ Name }) => Name)).toEqual(['/app/a', 'plain']);
    expect(got.InvalidParameters).toEqual(['missing']);
    const byPath = async (Recursive: boolean) =>
      (await client.send(new GetParametersByPathCommand({ Path: '/app', Recursive }))).Parameters?.map(
        ({ Name }) => Name,
      );
    expect(await byPath(false)).toEqual(['/app/a']);
    expect(await byPath(true)).toEqual(['/app/a', '/app/b/c']);
    const first = await client.send(new DescribeParametersCommand({ MaxResults: 3 }));
    const rest = await client.send(new DescribeParametersCommand({ MaxResults: 3, NextToken: first.NextToken }));
    expect([...(first.Parameters ?? []), ...(rest.Parameters ?? [])].map(({ Name }) => Name)).toEqual([
      '/app/a',
      '/app/b/c',
      '/other',
      'plain',
    ]);
    const ParameterFilters = [{ Key: 'Name', Option: 'BeginsWith', Values: ['/app'] }];
    const filtered = await client.send(new DescribeParametersCommand({ ParameterFilters }));
    expect(filtered.Parameters).toHaveLength(2);
  });

  it.each([
    '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
    '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
    '/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64',
    '/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2',
  ])('are published by AWS: %s', async (name) => {
    const { Parameter } = await get(name);
    const image = imageOf('us-east-1', Parameter?.Value);
    expect(image?.parameters).toContain(name);
    expect(Parameter?.ARN).toBe(`arn:aws:ssm:us-east-1::parameter${name}`);
  });
});

describe('is refused', () => {
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['a second time', () => put('taken'), /^ParameterAlreadyExists: The parameter already exists\. To overwrite/],
    ['no type', () => put('new', { Type: undefined }), /^ValidationException: A parameter type is required/],
    [
      'a reserved name',
      () => put('/aws/x'),
      /^AccessDeniedException: No access to reserved parameter name: \/aws\/x\.$/,
    ],
    ['a name with a space', () => put('a b'), /^ValidationException: Parameter name: can't be prefixed/],
    [
      'a long value',
      () => put('new', { Value: 'x'.repeat(4097) }),
      /^ValidationException: Standard tier parameters support a maximum/,
    ],
    [
      'against its pattern',
      () => put('new', { AllowedPattern: '\\d+' }),
      /^ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: \\d\+$/,
    ],
    [
      'tags with overwrite',
      () => put('taken', { Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] }),
      /^ValidationException: Invalid request: tags and overwrite/,
    ],
    ['a policy', () => put('new', { Policies: '[]' }), /not modelled by Orrery$/],
    ['an unknown version', () => get('taken:9'), /^ParameterVersionNotFound/],
    [
      'a relative path',
      () => client.send(new GetParametersByPathCommand({ Path: 'app' })),
      /must begin with a forward slash/,
    ],
  ];
  it.each(cases)('%s', async (_, call, expected) => {
    await put('taken');
    expect(await faultOf(call())).toMatch(expected);
  });
});

describe('CloudFormation', () => {
  it('makes, changes and deletes a parameter', async () => {
    const template = (Value: string, Tags: object) => ({
      Resources: {
        Url: {
          Type: 'AWS::SSM::Parameter',
          Properties: {
            Name: '/app/url',
            Type: 'String',
            Value,
            Description: 'd',
            AllowedPattern: '\\w+',
            DataType: 'text',
            Tier: 'Standard',
            Tags,
          },
        },
        Made: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'StringList', Value: 'a,b' } },
      },
      Outputs: { Value: { Value: { 'Fn::GetAtt': ['Url', 'Value'] } } },
    });
    const stacks = region.stacks();
    stacks.create('app', template('one', { a: '1', b: '2' }));
    await stacks.settle();
    expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
    stacks.update('app', template('two', { a: '3' }));
    await stacks.settle();
    expect(stacks.stack('app').outputs).toEqual([{ key: 'Value', value: 'two' }]);
    const tags = await client.send(
      new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: '/app/url' }),
    );
    expect(tags.TagList).toEqual([{ Key: 'a', Value: '3' }]);
    stacks.delete('app');
    await stacks.settle();
    expect((await client.send(new DescribeParametersCommand({}))).Parameters).toEqual([]);
    expect(stacks.reads.neverRead(ssm.resources)).toEqual({});
  });
});
