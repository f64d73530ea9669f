/** What a role did in a running region, held against what its template allows. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { synthesise } from '../../../blueprint/synthesise.ts';
import { Region } from '../../../region/region.ts';
import { type Model, modelOf } from '../../model/model.ts';
import { check } from '../check.ts';
import { observedCalls, roleUnused, unusedPermissions } from './observed.ts';

const { yaml } = synthesise({ name: 'gallery', data: { access: 'read-write', kms: true } });
let model: Model;
const account = '123456789012';
const call = (action: string, resource: string, role = 'gallery-MachineRole-Q7W8E9R0T1Y2') => ({
  role,
  action,
  resource,
});
const bucket = 'arn:aws:s3:::gallery-databucket-a1b2c3d4e5f6';

beforeAll(async () => {
  model = await modelOf({ template: yaml, name: 'build.yml' });
});
afterAll(() => model.close());

const told = (found: Awaited<ReturnType<typeof unusedPermissions>>) =>
  found.map(({ grant, unused, seen }) => [grant.name, [...unused], [...seen]]);

it('tells which actions of a statement no call used, whatever names the resources have where they run', async () => {
  const seen = [
    call('s3:GetObject', `${bucket}/*`),
    call('s3:ListBucket', bucket),
    call('s3:PutObject', `${bucket}/*`),
    call('kms:Decrypt', `arn:aws:kms:us-east-1:${account}:key/0b7ac5f0-1111-4222-8333-444455556666`),
    call('kms:GenerateDataKey', `arn:aws:kms:us-east-1:${account}:key/0b7ac5f0-1111-4222-8333-444455556666`),
    call('logs:CreateLogStream', `arn:aws:logs:us-east-1:${account}:log-group:gallery-ApiLogs-Z1X2C3V4B5N6:*`),
    call('logs:PutLogEvents', `arn:aws:logs:us-east-1:${account}:log-group:gallery-ApiLogs-Z1X2C3V4B5N6:*`),
    call('cloudwatch:PutMetricData', '*'),
    call('ec2:DescribeTags', '*'),
  ];
  expect(told(await unusedPermissions(model, { calls: seen }))).toEqual([
    ['statement UseData of policy machine', ['s3:DeleteObject'], []],
    ['statement WriteLogs of policy machine', ['logs:DescribeLogStreams'], []],
  ]);
});

it('says nothing of a role that was not seen, and does not take one bucket for another', async () => {
  expect(await unusedPermissions(model, { calls: [call('s3:GetObject', `${bucket}/*`, 'other-role')] })).toEqual([]);
  const elsewhere = await unusedPermissions(model, { calls: [call('s3:GetObject', 'arn:aws:s3:::others-pictures/*')] });
  expect(told(elsewhere)[0]).toEqual([
    'statement UseData of policy machine',
    ['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:DeleteObject'],
    [],
  ]);
});

it('says of machines that were not seen that it knows nothing', async () => {
  const { findings } = await check({ template: yaml, name: 'build.yml' }, [roleUnused({ calls: [] })]);
  expect(findings).toMatchObject([
    { rule: 'role-unused', logicalId: 'MachineRole', message: expect.stringMatching(/^No machine was seen/) },
  ]);
});

const roles = [
  'MachinesOfThePictureServiceRoleAlpha',
  'MachinesOfThePictureServiceRoleBeta',
  'OnlyOneOfTheReportingServiceRole',
];
const statement = { Effect: 'Allow', Action: ['s3:GetObject', 'sns:Publish'], Resource: '*' };
const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
const role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: { Statement: [trust] },
    Policies: [{ PolicyName: 'all', PolicyDocument: { Statement: [statement] } }],
  },
};

it('knows roles whose names CloudFormation cut: by the stack that ran, or where only one begins so', async () => {
  const made = await modelOf({
    template: JSON.stringify({ Resources: Object.fromEntries(roles.map((id) => [id, role])) }),
    name: 'long.json',
  });
  const cut = (name: string) => call('s3:GetObject', 'arn:aws:s3:::other/*', name);
  const rolesOf = async (...observed: Parameters<typeof unusedPermissions>[1][]) =>
    (await Promise.all(observed.map((one) => unusedPermissions(made, one)))).map((found) =>
      found.map(({ grant, unused }) => `${grant.role.logicalId} ${unused}`),
    );
  const alpha = 'pictures-of-my-cats-and-M-MachinesOfThePictureServi-Q7W8E9R0T1Y2';
  const report = 'pictures-of-my-cats-and-M-OnlyOneOfTheReportingServ-Q7W8E9R0T1Y3';
  try {
    expect(
      await rolesOf(
        { calls: [cut(alpha)], names: new Map([[alpha, 'MachinesOfThePictureServiceRoleAlpha']]) },
        { calls: [cut(alpha)] },
        { calls: [cut(report)] },
        { calls: [cut(alpha)], names: new Map() },
      ),
    ).toEqual([
      ['MachinesOfThePictureServiceRoleAlpha sns:Publish'],
      [],
      ['OnlyOneOfTheReportingServiceRole sns:Publish'],
      [],
    ]);
  } finally {
    await made.close();
  }
});

const wide = `
Resources:
  Pictures: { Type: AWS::S3::Bucket }
  MachinesOfThePictureServiceRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: all
          PolicyDocument:
            Statement: [{ Effect: Allow, Action: ['s3:*', 'sns:Publish'], Resource: '*' }]
`;

it('names what could stand in the place of a wildcard, from the events of a region that ran', async () => {
  const region = await Region.start({ ports: false });
  const invoke = <O>(service: string, operation: string, input: object) => region.invoke<O>(service, operation, input);
  await invoke('cloudformation', 'CreateStack', {
    StackName: 'pictures-that-people-hang-on-the-wall',
    TemplateBody: wide,
    Capabilities: ['CAPABILITY_IAM'],
  });
  const resources = () =>
    invoke<{ StackResources?: { LogicalResourceId: string; PhysicalResourceId?: string; ResourceStatus: string }[] }>(
      'cloudformation',
      'DescribeStackResources',
      { StackName: 'pictures-that-people-hang-on-the-wall' },
    ).then(({ StackResources = [] }) => StackResources);
  await expect
    .poll(async () => (await resources()).filter((one) => one.ResourceStatus === 'CREATE_COMPLETE').length)
    .toBe(2);
  const nameOf = async (id: string) =>
    (await resources()).find(({ LogicalResourceId }) => LogicalResourceId === id)?.PhysicalResourceId ?? '';
  const roleName = await nameOf('MachinesOfThePictureServiceRole');
  // Cut by CloudFormation to 64 characters.
  expect(roleName).toMatch(/-MachinesOfThePictureServi-\w{12}$/);
  const caller = {
    kind: 'role' as const,
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${roleName}/i-1`,
    ...{ principalId: 'AROA:i-1', accessKeyId: 'ASIA', roleName },
  };
  const Bucket = await nameOf('Pictures');
  for (const Key of ['a', 'b'])
    await region.scope.invoke(caller, 's3', 'PutObject', { Bucket, Key, Body: Buffer.from(Key) });
  await region.scope.invoke(caller, 's3', 'ListObjectsV2', { Bucket });
  const observed = observedCalls(region.events.recent());
  await region.close();

  const { findings } = await check({ template: wide, name: 'wide.yml' }, [roleUnused({ calls: observed })]);
  expect(findings).toMatchObject([
    {
      rule: 'role-unused',
      logicalId: 'MachinesOfThePictureServiceRole',
      message:
        'MachinesOfThePictureServiceRole was not seen to use sns:Publish, and used only s3:ListBucket and s3:PutObject of its wildcards (statement 1 of policy all).',
      fix: 'Action: [s3:ListBucket, s3:PutObject]',
    },
  ]);
});
