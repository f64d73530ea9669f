import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetAccountSummaryCommand,
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListInstanceProfilesForRoleCommand,
  ListPoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { iam } from './index.ts';

const account = '123456789012';
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const trust = document({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
const read = document({ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/*' });
const boundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

let region: TestRegion;
let client: IAMClient;
beforeEach(async () => {
  region = await testRegion({ services: [iam] });
  client = region.client(IAMClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const createRole = (RoleName = 'app', more: object = {}) =>
  client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, ...more }));

describe('a role', () => {
  it('is created, read and changed', async () => {
    const { Role } = await createRole('app', {
      Path: '/web/',
      Description: 'of the API',
      Tags: [{ Key: 'a', Value: '1' }],
    });
    expect(Role).toMatchObject({ RoleName: 'app', Path: '/web/', Arn: `arn:aws:iam::${account}:role/web/app` });
    expect(Role?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    await client.send(new UpdateRoleCommand({ RoleName: 'app', MaxSessionDuration: 7200 }));
    await client.send(new TagRoleCommand({ RoleName: 'app', Tags: [{ Key: 'A', Value: '2' }] }));
    const got = await client.send(new GetRoleCommand({ RoleName: 'app' }));
    expect(got.Role).toMatchObject({
      MaxSessionDuration: 7200,
      Description: 'of the API',
      Tags: [{ Key: 'A', Value: '2' }],
    });
    expect(got.Role?.AssumeRolePolicyDocument).toContain('%22Version%22%3A%222012-10-17%22');
    expect(decodeURIComponent(got.Role?.AssumeRolePolicyDocument ?? '')).toBe(trust);
  });

  it('has inline policies, managed ones and a profile, which keep it from being deleted', async () => {
    await createRole();
    await client.send(new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'Read', PolicyDocument: read }));
    await client.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: boundary }));
    await client.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'machines' }));
    const pair = { InstanceProfileName: 'machines', RoleName: 'app' };
    await client.send(new AddRoleToInstanceProfileCommand(pair));
    const inline = await client.send(new GetRolePolicyCommand({ RoleName: 'app', PolicyName: 'Read' }));
    expect(decodeURIComponent(inline.PolicyDocument ?? '')).toBe(read);
    expect((await client.send(new ListRolePoliciesCommand({ RoleName: 'app' }))).PolicyNames).toEqual(['Read']);
    expect((await client.send(new ListAttachedRolePoliciesCommand({ RoleName: 'app' }))).AttachedPolicies).toEqual([
      { PolicyName: 'ReadOnlyAccess', PolicyArn: boundary },
    ]);
    const profile = await client.send(new GetInstanceProfileCommand({ InstanceProfileName: 'machines' }));
    expect(profile.InstanceProfile?.Roles?.map(({ RoleName }) => RoleName)).toEqual(['app']);
    const of = await client.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'app' }));
    expect(of.InstanceProfiles?.map(({ Arn }) => Arn)).toEqual([`arn:aws:iam::${account}:instance-profile/machines`]);

    const gone = () => faultOf(client.send(new DeleteRoleCommand({ RoleName: 'app' })));
    expect(await gone()).toBe(
      'DeleteConflictException: Cannot delete entity, must remove roles from instance profile first.',
    );
    expect(await faultOf(client.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'machines' })))).toBe(
      'DeleteConflictException: Cannot delete entity, must remove roles from instance profile first.',
    );
    await region.invoke('iam', 'RemoveRoleFromInstanceProfile', pair);
    expect(await gone()).toBe('DeleteConflictException: Cannot delete entity, must detach all policies first.');
    await client.send(new DetachRolePolicyCommand({ RoleName: 'app', PolicyArn: boundary }));
    expect(await gone()).toBe('DeleteConflictException: Cannot delete entity, must delete policies first.');
    await client.send(new DeleteRolePolicyCommand({ RoleName: 'app', PolicyName: 'Read' }));
    await client.send(new DeleteRoleCommand({ RoleName: 'app' }));
    expect(await faultOf(client.send(new GetRoleCommand({ RoleName: 'app' })))).toBe(
      'NoSuchEntityException: The role with name app cannot be found.',
    );
  });

  it('is listed by path, a page at a time', async () => {
    for (const name of ['c', 'a', 'b']) await createRole(name, { Path: '/x/' });
    await createRole('d');
    const first = await client.send(new ListRolesCommand({ PathPrefix: '/x/', MaxItems: 2 }));
    expect(first.Roles?.map(({ RoleName }) => RoleName)).toEqual(['a', 'b']);
    expect(first.IsTruncated).toBe(true);
    const second = await client.send(new ListRolesCommand({ PathPrefix: '/x/', MaxItems: 2, Marker: first.Marker }));
    expect(second.Roles?.map(({ RoleName }) => RoleName)).toEqual(['c']);
    expect(second.IsTruncated).toBe(false);
  });

  it('of a service is the service’s to change', async () => {
    const { Role } = await client.send(
      new CreateServiceLinkedRoleCommand({ AWSServiceName: 'autoscaling.amazonaws.com' }),
    );
    expect(Role?.Arn).toBe(
      `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    );
    expect(await faultOf(client.send(new DeleteRoleCommand({ RoleName: 'AWSServiceRoleForAutoScaling' })))).toMatch(
      /^UnmodifiableEntityException: Cannot perform the operation on the protected role/,
    );
  });
});

describe('a managed policy', () => {
  it('has versions, of which one holds', async () => {
    const { Policy } = await client.send(new CreatePolicyCommand({ PolicyName: 'read', PolicyDocument: read }));
    const PolicyArn = Policy?.Arn ?? '';
    const PolicyDocument = document({ Effect: 'Deny', Action: '*', Resource: '*' });
    for (let i = 2; i <= 5; i++) {
      await client.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: i === 3 }));
    }
    const got = await client.send(new GetPolicyCommand({ PolicyArn }));
    expect(got.Policy).toMatchObject({ DefaultVersionId: 'v3', AttachmentCount: 0 });
    const v1 = await client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    expect(decodeURIComponent(v1.PolicyVersion?.Document ?? '')).toBe(read);
    expect(await faultOf(client.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument })))).toMatch(
      /^LimitExceededException: A managed policy can have up to 5 versions/,
    );
    expect(await faultOf(client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v3' })))).toBe(
      'DeleteConflictException: Cannot delete the default version of a policy.',
    );
    // A number is not given twice.
    await client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    const again = await client.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }));
    expect(again.PolicyVersion?.VersionId).toBe('v6');
    expect(await faultOf(client.send(new DeletePolicyCommand({ PolicyArn })))).toMatch(
      /^DeleteConflictException: This policy has more than one version/,
    );
  });

  it('knows who holds it', async () => {
    await createRole();
    const { Policy } = await client.send(new CreatePolicyCommand({ PolicyName: 'read', PolicyDocument: read }));
    const PolicyArn = Policy?.Arn ?? '';
    await client.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn }));
    const held = await client.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
    expect(held.PolicyRoles?.map(({ RoleName }) => RoleName)).toEqual(['app']);
    const local = await client.send(new ListPoliciesCommand({ Scope: 'Local' }));
    expect(local.Policies?.map(({ AttachmentCount }) => AttachmentCount)).toEqual([1]);
    expect(await faultOf(client.send(new DeletePolicyCommand({ PolicyArn })))).toBe(
      'DeleteConflictException: Cannot delete a policy attached to entities.',
    );
  });
});

describe('a user', () => {
  it('acts with its key as far as its policies go', async () => {
    await client.send(new CreateUserCommand({ UserName: 'ann' }));
    await client.send(
      new PutUserPolicyCommand({
        UserName: 'ann',
        PolicyName: 'Self',
        PolicyDocument: document({
          Effect: 'Allow',
          Action: ['iam:GetUser', 'iam:GetRole'],
          Resource: [`arn:aws:iam::${account}:user/\${aws:username}`, `arn:aws:iam::${account}:role/web/*`],
        }),
      }),
    );
    const { AccessKey } = await client.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    const ann = region.client(IAMClient, {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    });
    expect((await ann.send(new GetUserCommand({}))).User?.UserName).toBe('ann');
    await createRole('app', { Path: '/web/' });
    await createRole('other');
    expect((await ann.send(new GetRoleCommand({ RoleName: 'app' }))).Role?.RoleName).toBe('app');
    expect(await faultOf(ann.send(new GetRoleCommand({ RoleName: 'other' })))).toBe(
      `AccessDenied: User: arn:aws:iam::${account}:user/ann is not authorized to perform: iam:GetRole on resource: "arn:aws:iam::${account}:role/other" because no identity-based policy allows the iam:GetRole action`,
    );
    expect(await faultOf(client.send(new DeleteUserCommand({ UserName: 'ann' })))).toMatch(/^DeleteConflict/);
    const { SummaryMap } = await client.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ Users: 1, Roles: 2 });
  });
});

describe('is refused', () => {
  const put = (PolicyDocument: string) =>
    new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'P', PolicyDocument });
  const withTrust = (policy: string) => new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: policy });
  const ok = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const assume = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const cases: [string, object, string | RegExp][] = [
    [
      'a name that is taken',
      new CreateRoleCommand({ RoleName: 'APP', AssumeRolePolicyDocument: trust }),
      'EntityAlreadyExistsException: Role with name APP already exists.',
    ],
    [
      'a name with a space',
      new CreateRoleCommand({ RoleName: 'a b', AssumeRolePolicyDocument: trust }),
      'ValidationError: The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
    ],
    [
      'a long name',
      new CreateRoleCommand({ RoleName: 'a'.repeat(65), AssumeRolePolicyDocument: trust }),
      /^ValidationError: 1 validation error detected: Value 'a+' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64$/,
    ],
    [
      'a short session',
      new UpdateRoleCommand({ RoleName: 'app', MaxSessionDuration: 60 }),
      "ValidationError: 1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600",
    ],
    [
      'an unknown role',
      new GetRoleCommand({ RoleName: 'x' }),
      'NoSuchEntityException: The role with name x cannot be found.',
    ],
    [
      'an unknown inline policy',
      new GetRolePolicyCommand({ RoleName: 'app', PolicyName: 'x' }),
      'NoSuchEntityException: The role policy with name x cannot be found.',
    ],
    [
      'an unknown managed policy',
      new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: `arn:aws:iam::${account}:policy/x` }),
      `NoSuchEntityException: Policy arn:aws:iam::${account}:policy/x does not exist or is not attachable.`,
    ],
    [
      'what is no ARN',
      new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: 'x-of-at-least-twenty-characters' }),
      'InvalidInputException: ARN x-of-at-least-twenty-characters is not valid.',
    ],
    [
      'an unknown profile',
      new GetInstanceProfileCommand({ InstanceProfileName: 'x' }),
      'NoSuchEntityException: Instance Profile x cannot be found.',
    ],
    ['no JSON', put('{'), /^MalformedPolicyDocumentException: /],
    ['no statement', put(document()), 'MalformedPolicyDocumentException: Missing required field Statement'],
    ['no action', put(document({ ...ok, Action: [] })), /^MalformedPolicyDocumentException: /],
    [
      'an action of no service',
      put(document({ ...ok, Action: 'GetObject' })),
      'MalformedPolicyDocumentException: Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      'no resource',
      put(document({ Effect: 'Allow', Action: 's3:GetObject' })),
      'MalformedPolicyDocumentException: Policy statement must contain resources.',
    ],
    [
      'a resource that is no ARN',
      put(document({ ...ok, Resource: 'data' })),
      'MalformedPolicyDocumentException: Resource data must be in ARN format or "*".',
    ],
    [
      'a principal in an identity policy',
      put(document({ ...ok, Principal: '*' })),
      'MalformedPolicyDocumentException: Policy document should not specify a principal.',
    ],
    [
      'a Sid twice',
      put(document({ ...ok, Sid: 'A' }, { ...ok, Sid: 'A' })),
      'MalformedPolicyDocumentException: Statement IDs (SID) in a single policy must be unique.',
    ],
    [
      'a policy too long',
      put(document({ ...ok, Resource: Array.from({ length: 400 }, (_, i) => `arn:aws:s3:::bucket-of-many-${i}`) })),
      'LimitExceededException: Maximum policy size of 10240 bytes exceeded for role app',
    ],
    [
      'a resource in a trust policy',
      withTrust(document({ ...assume, Resource: '*' })),
      'MalformedPolicyDocumentException: Has prohibited field Resource',
    ],
    [
      'another action in a trust policy',
      withTrust(document({ ...assume, Action: 's3:GetObject' })),
      'MalformedPolicyDocumentException: AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    [
      'a principal that is not there',
      withTrust(document({ ...assume, Principal: { AWS: `arn:aws:iam::${account}:role/x` } })),
      `MalformedPolicyDocumentException: Invalid principal in policy: "AWS":"arn:aws:iam::${account}:role/x"`,
    ],
    ['a marker of our own making', new ListRolesCommand({ Marker: '!' }), 'ValidationError: Invalid Marker: !'],
  ];
  it.each(cases)('%s', async (_, command, expected) => {
    await createRole();
    const fault = await faultOf(client.send(command as GetRoleCommand));
    if (typeof expected === 'string') expect(fault).toBe(expected);
    else expect(fault).toMatch(expected);
  });
});

describe('CloudFormation', () => {
  const template = (more: object = {}) => ({
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: JSON.parse(trust),
          Path: '/web/',
          Description: 'of the API',
          MaxSessionDuration: '7200',
          PermissionsBoundary: boundary,
          ManagedPolicyArns: [{ Ref: 'Managed' }],
          Policies: [{ PolicyName: 'Read', PolicyDocument: JSON.parse(read) }],
          Tags: [{ Key: 'team', Value: 'web' }],
          ...more,
        },
      },
      Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: JSON.parse(read), Description: 'd' } },
      Inline: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'More', PolicyDocument: JSON.parse(read), Roles: [{ Ref: 'Role' }] },
      },
      Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [{ Ref: 'Role' }] } },
      User: {
        Type: 'AWS::IAM::User',
        Properties: {
          ManagedPolicyArns: [{ Ref: 'Managed' }],
          Policies: [{ PolicyName: 'Read', PolicyDocument: JSON.parse(read) }],
        },
      },
    },
    Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } }, Name: { Value: { Ref: 'Role' } } },
  });

  it('creates, updates and deletes the types', async () => {
    const stacks = region.stacks();
    stacks.create('app', template());
    await stacks.settle();
    expect(stacks.events('app', true).filter((line) => line.includes('FAILED'))).toEqual([]);
    expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
    const RoleName = stacks.stack('app').outputs.find(({ key }) => key === 'Name')?.value ?? '';
    expect(RoleName).toMatch(/^app-Role-[A-Z0-9]{12}$/);
    const { Role } = await client.send(new GetRoleCommand({ RoleName }));
    expect(Role).toMatchObject({
      MaxSessionDuration: 7200,
      PermissionsBoundary: { PermissionsBoundaryArn: boundary },
      Tags: [{ Key: 'team', Value: 'web' }],
      Arn: stacks.stack('app').outputs.find(({ key }) => key === 'Arn')?.value,
    });
    expect((await client.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(['More', 'Read']);

    stacks.update(
      'app',
      template({ Policies: [], PermissionsBoundary: undefined, Tags: [], MaxSessionDuration: 3600 }),
    );
    await stacks.settle();
    expect(stacks.stack('app').status).toBe('UPDATE_COMPLETE');
    const updated = await client.send(new GetRoleCommand({ RoleName }));
    expect(updated.Role?.MaxSessionDuration).toBe(3600);
    expect(updated.Role).not.toHaveProperty('PermissionsBoundary');
    expect(updated.Role).not.toHaveProperty('Tags');
    expect((await client.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(['More']);

    stacks.delete('app');
    await stacks.settle();
    expect(stacks.stack('app').status).toBe('DELETE_COMPLETE');
    const { SummaryMap } = await client.send(new GetAccountSummaryCommand({}));
    expect(SummaryMap).toMatchObject({ Users: 0, Roles: 0, Policies: 0, InstanceProfiles: 0 });
    expect(stacks.reads.neverRead(iam.resources)).toEqual({});
  });
});
