/** CloudFormation among the other services: templates in S3, roles, permissions, and a region that is started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, Region } from '../../region.ts';
import { iam } from '../iam/index.ts';
import { s3 } from '../s3/index.ts';
import type { Caller, Service } from '../service.ts';
import { type TestRegion, testRegion } from '../testing.ts';
import { cloudFormation } from './index.ts';

function allServices(allowUnmodelled = false): Service[] {
  const services: Service[] = [iam, s3];
  const types = () => Object.assign({}, ...services.map(({ resources }) => resources));
  services.push(cloudFormation(types, { allowUnmodelled: () => allowUnmodelled }));
  return services;
}

const bucket = JSON.stringify({
  Resources: { B: { Type: 'AWS::S3::Bucket' } },
  Outputs: { Name: { Value: { Ref: 'B' } } },
});

let region: TestRegion;

beforeAll(async () => {
  region = await testRegion({ services: allServices() });
});

afterAll(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

/** Moves time until the stack rests. */
async function rested(name: string, on: TestRegion = region) {
  for (let tries = 0; tries < 200; tries++) {
    await on.clock.advance(100);
    const { Stacks } = await on.invoke<{
      Stacks: { StackStatus: string; StackStatusReason?: string; Outputs: { OutputValue: string }[] }[];
    }>('cloudformation', 'DescribeStacks', { StackName: name });
    if (Stacks[0] && !Stacks[0].StackStatus.endsWith('_IN_PROGRESS')) return Stacks[0];
  }
  throw new Error(`${name} did not come to rest`);
}

describe('templates in S3', () => {
  beforeAll(async () => {
    await region.invoke('s3', 'CreateBucket', { Bucket: 'templates' });
    const client = region.client(S3Client);
    await client.send(new PutObjectCommand({ Bucket: 'templates', Key: 'a/stack.json', Body: bucket }));
  });

  it.each([
    ['path', 'https://s3.us-east-1.amazonaws.com/templates/a/stack.json'],
    ['host', 'https://templates.s3.amazonaws.com/a/stack.json'],
    ['local', 'http://127.0.0.1:4566/templates/a/stack.json'],
  ])('are found by their address (%s style)', async (style, TemplateURL) => {
    await region.invoke('cloudformation', 'CreateStack', { StackName: `from-${style}`, TemplateURL });
    expect(await rested(`from-${style}`)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it.each([
    ['https://templates.s3.amazonaws.com/nothing', 'S3 error: The specified key does not exist.'],
    ['https://example.com/x', 'TemplateURL must be a supported URL.'],
    ['nonsense', 'TemplateURL must be a supported URL.'],
  ])('are refused at %s', async (TemplateURL, message) => {
    await expect(region.invoke('cloudformation', 'CreateStack', { StackName: 'x', TemplateURL })).rejects.toThrow(
      message,
    );
  });
});

describe('permissions', () => {
  const trust = (Service: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
    });
  const role = async (RoleName: string, service: string, actions?: string[]) => {
    const { Role } = await region.invoke<{ Role: { Arn: string } }>('iam', 'CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: trust(service),
    });
    if (actions) {
      const PolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
      });
      await region.invoke('iam', 'PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument });
    }
    return Role.Arn;
  };

  it('of the stack are those of its role', async () => {
    const RoleARN = await role('may-nothing', 'cloudformation.amazonaws.com');
    await region.invoke('cloudformation', 'CreateStack', { StackName: 'denied', TemplateBody: bucket, RoleARN });
    expect(await rested('denied')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    const { StackEvents } = await region.invoke<{
      StackEvents: { ResourceStatus: string; ResourceStatusReason: string }[];
    }>('cloudformation', 'DescribeStackEvents', { StackName: 'denied' });
    const failed = StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED');
    expect(failed?.ResourceStatusReason).toMatch(/not authorized to perform: s3:.*HandlerErrorCode: AccessDenied\)$/);

    const able = await role('may-buckets', 'cloudformation.amazonaws.com', ['s3:*']);
    await region.invoke('cloudformation', 'CreateStack', { StackName: 'allowed', TemplateBody: bucket, RoleARN: able });
    expect(await rested('allowed')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it('refuse a role that does not trust CloudFormation', async () => {
    const RoleARN = await role('for-others', 'ec2.amazonaws.com');
    for (const arn of [RoleARN, 'arn:aws:iam::123456789012:role/nobody']) {
      await expect(
        region.invoke('cloudformation', 'CreateStack', { StackName: 'x', TemplateBody: bucket, RoleARN: arn }),
      ).rejects.toThrow(`Role ${arn} is invalid or cannot be assumed`);
    }
  });

  it('are asked by the name of the stack', async () => {
    await role('one-stack', 'ec2.amazonaws.com');
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'cloudformation:DescribeStacks',
          Resource: 'arn:aws:cloudformation:us-east-1:123456789012:stack/allowed/*',
        },
      ],
    });
    await region.invoke('iam', 'PutRolePolicy', { RoleName: 'one-stack', PolicyName: 'p', PolicyDocument });
    const caller: Caller = {
      kind: 'role',
      account: '123456789012',
      arn: 'arn:aws:sts::123456789012:assumed-role/one-stack/x',
      principalId: 'AROA:x',
      accessKeyId: '',
      roleName: 'one-stack',
    };
    await expect(
      region.invoke('cloudformation', 'DescribeStacks', { StackName: 'allowed' }, caller),
    ).resolves.toBeDefined();
    await expect(region.invoke('cloudformation', 'DescribeStacks', { StackName: 'denied' }, caller)).rejects.toThrow(
      'not authorized',
    );
    await expect(region.invoke('cloudformation', 'DeleteStack', { StackName: 'allowed' }, caller)).rejects.toThrow(
      'not authorized',
    );
  });
});

describe('what is not modelled', () => {
  const template = JSON.stringify({
    Resources: {
      B: { Type: 'AWS::S3::Bucket', Properties: { AccelerateConfiguration: { AccelerationStatus: 'Enabled' } } },
      F: { Type: 'AWS::Lambda::Function' },
    },
  });

  it('stops the stack before anything starts, unless its tag says to go on', async () => {
    await expect(
      region.invoke('cloudformation', 'CreateStack', { StackName: 'lambda', TemplateBody: template }),
    ).rejects.toThrow(
      'Resource types that Orrery does not model: AWS::Lambda::Function (F, line 1). Nothing was started.',
    );
    await expect(region.invoke('cloudformation', 'DescribeStacks', { StackName: 'lambda' })).rejects.toThrow(
      'does not exist',
    );
    await region.invoke('cloudformation', 'CreateStack', {
      StackName: 'lambda',
      TemplateBody: template,
      Tags: [{ Key: 'orrery:allow-unmodelled', Value: 'true' }],
    });
    expect(await rested('lambda')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    const { StackEvents } = await region.invoke<{ StackEvents: { ResourceStatusReason?: string }[] }>(
      'cloudformation',
      'DescribeStackEvents',
      { StackName: 'lambda' },
    );
    expect(StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason)).toEqual(
      expect.arrayContaining([
        'Not modelled by Orrery: B (AWS::S3::Bucket): AccelerateConfiguration (line 1)',
        'Not modelled by Orrery: F (AWS::Lambda::Function): the whole resource (line 1)',
      ]),
    );
  });
});

describe('a region that is started again', () => {
  it('finishes what was under way', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'orrery-stacks-'));
    const start = () => Region.start({ dir, ports: freePorts, services: allServices() });
    const client = (at: Region) =>
      new CloudFormationClient({
        endpoint: at.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
    const many = JSON.stringify({
      Resources: Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [
          `B${i}`,
          { Type: 'AWS::S3::Bucket', ...(i > 0 ? { DependsOn: `B${i - 1}` } : {}) },
        ]),
      ),
    });
    const first = await start();
    await client(first).send(new CreateStackCommand({ StackName: 'many', TemplateBody: many }));
    await first.close();
    const second = await start();
    await expect
      .poll(
        async () =>
          (await client(second).send(new DescribeStacksCommand({ StackName: 'many' }))).Stacks?.[0]?.StackStatus,
        { timeout: 10_000 },
      )
      .toBe('CREATE_COMPLETE');
    const { Buckets } = await second.invoke<{ Buckets: unknown[] }>('s3', 'ListBuckets', {});
    expect(Buckets).toHaveLength(20);
    await second.close();
    await rm(dir, { recursive: true });
  });
});
