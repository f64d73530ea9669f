import { CreateRoleCommand, GetRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iam } from '../iam/index.ts';
import { accessKeys } from '../iam/state.ts';
import type { Caller } from '../service.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { sts } from './index.ts';

const account = '123456789012';
const ec2: Caller = { kind: 'service', service: 'ec2.amazonaws.com', trusted: true };
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const trusting = (Principal: object, Condition?: object) =>
  document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition ? { Condition } : {}) });

let region: TestRegion;
let iamClient: IAMClient;
let client: STSClient;
beforeEach(async () => {
  region = await testRegion({ services: [iam, sts] });
  iamClient = region.client(IAMClient);
  client = region.client(STSClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

async function role(name: string, trust: string, allowed?: object, more: object = {}): Promise<string> {
  const { Role } = await iamClient.send(
    new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust, ...more }),
  );
  if (allowed) {
    const PolicyDocument = document({ Effect: 'Allow', Resource: '*', ...allowed });
    await iamClient.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'P', PolicyDocument }));
  }
  return Role?.Arn ?? '';
}

/** Clients with the credentials of the role. */
async function as(RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}, from: STSClient = client) {
  const { Credentials } = await from.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }));
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return {
    expiration: Credentials?.Expiration,
    sts: region.client(STSClient, credentials),
    iam: region.client(IAMClient, credentials),
  };
}

const root = { AWS: `arn:aws:iam::${account}:root` };

it('says who calls', async () => {
  expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject({
    UserId: account,
    Account: account,
    Arn: `arn:aws:iam::${account}:root`,
  });
  const arn = await role('app', trusting(root));
  const session = await as(arn);
  const who = await session.sts.send(new GetCallerIdentityCommand({}));
  expect(who.Arn).toBe(`arn:aws:sts::${account}:assumed-role/app/session`);
  expect(who.UserId).toMatch(/^AROA[A-Z2-7]{17}:session$/);
});

describe('a session', () => {
  it('may what its role may, and ends in time', async () => {
    const arn = await role('app', trusting(root), { Action: 'iam:GetRole' });
    const session = await as(arn, { DurationSeconds: 900 });
    const get = () => session.iam.send(new GetRoleCommand({ RoleName: 'app' }));
    expect((await get()).Role?.RoleLastUsed?.LastUsedDate).toBeInstanceOf(Date);
    expect(session.expiration?.getTime()).toBe(Math.floor(region.clock.now() / 1000 + 900) * 1000);
    expect(accessKeys(region.scope).size).toBe(1);
    await region.clock.advance(901_000);
    expect(await faultOf(get())).toBe('ExpiredToken: The security token included in the request is expired');
    await region.clock.advance(25 * 3_600_000);
    expect(accessKeys(region.scope).size).toBe(0);
  });

  it('is narrowed by its own policy', async () => {
    const arn = await role('app', trusting(root), { Action: 'iam:*' });
    const Policy = document({ Effect: 'Allow', Action: 'iam:GetRole', Resource: arn });
    const narrow = await as(arn, { Policy });
    await narrow.iam.send(new GetRoleCommand({ RoleName: 'app' }));
    await role('other', trusting(root));
    expect(await faultOf(narrow.iam.send(new GetRoleCommand({ RoleName: 'other' })))).toMatch(
      /because no session policy allows the iam:GetRole action$/,
    );
    const byArn = await as(arn, { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonS3FullAccess' }] });
    expect(await faultOf(byArn.iam.send(new GetRoleCommand({ RoleName: 'app' })))).toMatch(/^AccessDenied/);
  });

  it('of a machine needs a role that trusts EC2, found by its name', async () => {
    await role('machine', trusting({ Service: 'ec2.amazonaws.com' }), undefined, { Path: '/web/' });
    await role('other', trusting({ Service: 'lambda.amazonaws.com' }));
    const assume = (name: string) =>
      region.invoke<{ Credentials: { AccessKeyId: string } }>(
        'sts',
        'AssumeRole',
        {
          RoleArn: `arn:aws:iam::${account}:role/${name}`,
          RoleSessionName: 'i-0123456789abcdef0',
          DurationSeconds: 6 * 3600,
        },
        ec2,
      );
    expect((await assume('machine')).Credentials.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(await faultOf(assume('other'))).toBe(
      `AccessDenied: User: ec2.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${account}:role/other`,
    );
    expect(region.events.at(-1)?.text).toMatch(/^ec2.amazonaws.com was refused sts:AssumeRole/);
  });

  it('of a role that another role assumes needs both policies', async () => {
    const first = await role('first', trusting(root), { Action: 'sts:AssumeRole' });
    const second = await role('second', trusting({ AWS: first }));
    const third = await role('third', trusting(root));
    const session = await as(first);
    await as(second, {}, session.sts);
    await as(third, {}, session.sts);
    expect(await faultOf(as(third, { DurationSeconds: 3601 }, session.sts))).toMatch(
      /^ValidationError: The requested DurationSeconds exceeds the 1 hour session limit/,
    );
    const powerless = await as(await role('powerless', trusting(root)));
    expect(await faultOf(as(third, {}, powerless.sts))).toBe(
      `AccessDenied: User: arn:aws:sts::${account}:assumed-role/powerless/session is not authorized to perform: sts:AssumeRole on resource: ${third}`,
    );
  });

  it('with an external id', async () => {
    const arn = await role('app', trusting(root, { StringEquals: { 'sts:ExternalId': 'shared' } }));
    await as(arn, { ExternalId: 'shared' });
    expect(await faultOf(as(arn, { ExternalId: 'guess' }))).toMatch(/^AccessDenied/);
    expect(await faultOf(as(arn))).toMatch(/^AccessDenied/);
  });

  it('of root itself lasts an hour at most and makes no other', async () => {
    const { Credentials } = await client.send(new GetSessionTokenCommand({ DurationSeconds: 7200 }));
    expect(Credentials?.Expiration?.getTime()).toBe(Math.floor(region.clock.now() / 1000 + 3600) * 1000);
    const session = region.client(STSClient, {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    });
    expect((await session.send(new GetCallerIdentityCommand({}))).Arn).toBe(root.AWS);
    expect(await faultOf(session.send(new GetSessionTokenCommand({})))).toBe(
      'AccessDenied: Cannot call GetSessionToken with session credentials',
    );
    const info = await client.send(new GetAccessKeyInfoCommand({ AccessKeyId: Credentials?.AccessKeyId ?? '' }));
    expect(info.Account).toBe(account);
  });
});

describe('is refused', () => {
  const RoleArn = `arn:aws:iam::${account}:role/app`;
  const cases: [string, Partial<AssumeRoleCommandInput>, string][] = [
    [
      'a short session name',
      { RoleSessionName: 'a' },
      "ValidationError: 1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2",
    ],
    [
      'a session name with a space',
      { RoleSessionName: 'a b' },
      "ValidationError: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ],
    [
      'a short time',
      { DurationSeconds: 60 },
      "ValidationError: 1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'longer than the role allows',
      { DurationSeconds: 7200 },
      'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    ],
    [
      'what is no ARN',
      { RoleArn: 'role-of-twenty-characters' },
      'ValidationError: role-of-twenty-characters is invalid',
    ],
    [
      'an unknown role',
      { RoleArn: `${RoleArn}x` },
      `AccessDenied: User: ${root.AWS} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}x`,
    ],
    [
      'a malformed policy',
      { Policy: document() },
      'MalformedPolicyDocumentException: Missing required field Statement',
    ],
    ['session tags', { Tags: [{ Key: 'a', Value: 'b' }] }, 'ValidationError: Tags is not modelled by Orrery'],
  ];
  it.each(cases)('%s', async (_, input, expected) => {
    await role('app', trusting(root));
    expect(await faultOf(as(RoleArn, { RoleArn, ...input }))).toBe(expected);
  });
});
