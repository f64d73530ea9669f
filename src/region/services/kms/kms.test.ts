import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { iam } from '../iam/index.ts';
import { faultOf, type TestRegion, testRegion } from '../testing.ts';
import { kms } from './index.ts';

const account = '123456789012';
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const all = { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' };
const plain = Buffer.from('a secret');

let region: TestRegion;
let client: KMSClient;
beforeEach(async () => {
  region = await testRegion({ services: [kms, iam] });
  client = region.client(KMSClient);
});
afterEach(async () => {
  expect(region.failures).toEqual([]);
  await region.close();
});

const create = async (input: CreateKeyCommandInput = {}) =>
  (await client.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId ?? '';

async function user(UserName: string, statement: object): Promise<KMSClient> {
  const iamClient = region.client(IAMClient);
  await iamClient.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = document({ Effect: 'Allow', Resource: '*', ...statement });
  await iamClient.send(new PutUserPolicyCommand({ UserName, PolicyName: 'P', PolicyDocument }));
  const { AccessKey } = await iamClient.send(new CreateAccessKeyCommand({ UserName }));
  return region.client(KMSClient, {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  });
}

describe('a key', () => {
  it('encrypts, bound to its context', async () => {
    const KeyId = await create();
    const EncryptionContext = { b: '2', a: '1' };
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: plain, EncryptionContext }));
    const got = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: '1', b: '2' } }));
    expect(Buffer.from(got.Plaintext ?? []).toString()).toBe('a secret');
    expect(await faultOf(client.send(new DecryptCommand({ CiphertextBlob })))).toMatch(/^InvalidCiphertextException/);
    const changed = Uint8Array.from(CiphertextBlob ?? []);
    changed.set([(changed.at(-1) ?? 0) ^ 1], changed.length - 1);
    expect(await faultOf(client.send(new DecryptCommand({ CiphertextBlob: changed, EncryptionContext })))).toMatch(
      /^InvalidCiphertextException/,
    );
    const other = await create();
    expect(await faultOf(client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: other })))).toMatch(
      /^IncorrectKeyException/,
    );
    const again = await client.send(
      new ReEncryptCommand({ CiphertextBlob, SourceEncryptionContext: EncryptionContext, DestinationKeyId: other }),
    );
    const moved = await client.send(new DecryptCommand({ CiphertextBlob: again.CiphertextBlob }));
    expect(moved.KeyId).toBe(again.KeyId);
    const data = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    const opened = await client.send(new DecryptCommand({ CiphertextBlob: data.CiphertextBlob }));
    expect(opened.Plaintext).toEqual(data.Plaintext);
  });

  it('goes by its aliases, rotates, is disabled and deleted', async () => {
    const KeyId = await create({ Description: 'of data' });
    await client.send(new CreateAliasCommand({ AliasName: 'alias/data', TargetKeyId: KeyId }));
    const described = await client.send(new DescribeKeyCommand({ KeyId: 'alias/data' }));
    expect(described.KeyMetadata).toMatchObject({
      KeyId,
      Description: 'of data',
      KeyState: 'Enabled',
      KeyManager: 'CUSTOMER',
    });
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    const rotation = await client.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(rotation).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    const other = await create();
    await client.send(new UpdateAliasCommand({ AliasName: 'alias/data', TargetKeyId: other }));
    const { Aliases } = await client.send(new ListAliasesCommand({ KeyId: other }));
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(['alias/data']);

    const encrypt = () => faultOf(client.send(new EncryptCommand({ KeyId, Plaintext: plain })));
    await client.send(new DisableKeyCommand({ KeyId }));
    const arn = `arn:aws:kms:us-east-1:${account}:key/${KeyId}`;
    expect(await encrypt()).toBe(`DisabledException: ${arn} is disabled.`);
    const pending = { KeyId, PendingWindowInDays: 7 };
    await client.send(new ScheduleKeyDeletionCommand(pending));
    expect(await encrypt()).toBe(`KMSInvalidStateException: ${arn} is pending deletion.`);
    await client.send(new CancelKeyDeletionCommand({ KeyId }));
    await region.clock.advance(8 * 86_400_000);
    await client.send(new ScheduleKeyDeletionCommand(pending));
    await region.clock.advance(7 * 86_400_000);
    expect(await encrypt()).toBe(`NotFoundException: Key '${arn}' does not exist`);
    expect((await client.send(new ListKeysCommand({}))).Keys?.map((key) => key.KeyId)).toEqual([other]);
  });

  it('is used by whom its policy lets', async () => {
    const ann = await user('ann', { Action: 'kms:*' });
    const bob = await user('bob', { Action: 's3:*' });
    const open = await create();
    const CiphertextBlob = (await ann.send(new EncryptCommand({ KeyId: open, Plaintext: plain }))).CiphertextBlob;
    expect(await faultOf(bob.send(new DecryptCommand({ CiphertextBlob })))).toMatch(
      /^AccessDeniedException: User: .*user\/bob is not authorized to perform: kms:Decrypt .* no identity-based policy/,
    );
    const root = { ...all, Principal: { AWS: `arn:aws:iam::${account}:root` } };
    const admin = { ...root, Condition: { StringEquals: { 'aws:PrincipalType': 'Account' } } };
    const onlyBob = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:user/bob` },
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:for': 'bob' } },
    };
    const KeyId = await create({ Policy: document(admin, onlyBob) });
    // Even a user with all of KMS needs the key's own permission.
    expect(await faultOf(ann.send(new EncryptCommand({ KeyId, Plaintext: plain })))).toMatch(
      /^AccessDeniedException: .*no resource-based policy allows the kms:Encrypt action$/,
    );
    await bob.send(new EncryptCommand({ KeyId, Plaintext: plain, EncryptionContext: { for: 'bob' } }));
    expect(await faultOf(bob.send(new EncryptCommand({ KeyId, Plaintext: plain })))).toMatch(/^AccessDenied/);
    const { Policy } = await client.send(new GetKeyPolicyCommand({ KeyId }));
    expect(Policy).toBe(document(admin, onlyBob));
  });

  it('of a service is made when first asked for, for that service only', async () => {
    const data = await region.invoke<{ KeyId: string }>('kms', 'GenerateDataKey', {
      KeyId: 'alias/aws/s3',
      KeySpec: 'AES_256',
      EncryptionContext: { 'aws:s3:arn': 'arn:aws:s3:::data' },
    });
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: data.KeyId }));
    expect(KeyMetadata?.KeyManager).toBe('AWS');
    expect(await faultOf(client.send(new EncryptCommand({ KeyId: data.KeyId, Plaintext: plain })))).toMatch(
      /^AccessDenied/,
    );
  });
});

describe('is refused', () => {
  const arn = `arn:aws:kms:us-east-1:${account}`;
  const cases: [string, (KeyId: string) => Promise<unknown>, string | RegExp][] = [
    [
      'an unknown key',
      () => client.send(new DescribeKeyCommand({ KeyId: '00000000-0000-4000-8000-000000000000' })),
      `NotFoundException: Key '${arn}:key/00000000-0000-4000-8000-000000000000' does not exist`,
    ],
    [
      'what is no key id',
      () => client.send(new DescribeKeyCommand({ KeyId: 'x' })),
      "NotFoundException: Invalid keyId 'x'",
    ],
    [
      'an unknown alias',
      () => client.send(new DescribeKeyCommand({ KeyId: 'alias/x' })),
      `NotFoundException: Alias ${arn}:alias/x is not found.`,
    ],
    [
      'a reserved alias',
      (TargetKeyId) => client.send(new CreateAliasCommand({ AliasName: 'alias/aws/x', TargetKeyId })),
      /^(NotAuthorizedException)/,
    ],
    [
      'a policy that locks out',
      (KeyId) =>
        client.send(
          new PutKeyPolicyCommand({ KeyId, Policy: document({ ...all, Principal: { AWS: '210987654321' } }) }),
        ),
      'MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.',
    ],
    [
      'no policy',
      (KeyId) => client.send(new PutKeyPolicyCommand({ KeyId, Policy: '{' })),
      /^MalformedPolicyDocumentException/,
    ],
    [
      'an asymmetric key',
      () => client.send(new CreateKeyCommand({ KeySpec: 'RSA_2048' })),
      'UnsupportedOperationException: The key spec RSA_2048 is not modelled by Orrery',
    ],
    [
      'too much at once',
      (KeyId) => client.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(4097) })),
      /^ValidationException: .*'plaintext'/,
    ],
    [
      'no length',
      (KeyId) => client.send(new GenerateDataKeyCommand({ KeyId })),
      'ValidationException: Please specify either number of bytes or key spec.',
    ],
    [
      'a short wait',
      (KeyId) => client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 1 })),
      /^ValidationException: .*'pendingWindowInDays'/,
    ],
    [
      'a dry run',
      (KeyId) => client.send(new EncryptCommand({ KeyId, Plaintext: plain, DryRun: true })),
      /^DryRunOperationException/,
    ],
  ];
  it.each(cases)('%s', async (_, call, expected) => {
    const fault = await faultOf(call(await create()));
    if (typeof expected === 'string') expect(fault).toBe(expected);
    else expect(fault).toMatch(expected);
  });
});

it('CloudFormation makes, changes and deletes keys and aliases', async () => {
  const template = (more: object) => ({
    Resources: {
      Key: {
        Type: 'AWS::KMS::Key',
        Properties: { KeyPolicy: JSON.parse(document(all)), Description: 'd', PendingWindowInDays: 7, ...more },
      },
      Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/app', TargetKeyId: { Ref: 'Key' } } },
    },
  });
  const stacks = region.stacks();
  stacks.create('app', template({ EnableKeyRotation: true, Tags: [{ Key: 'a', Value: 'b' }] }));
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('CREATE_COMPLETE');
  const KeyId = 'alias/app';
  expect(
    (
      await client.send(
        new GetKeyRotationStatusCommand({
          KeyId: (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyId ?? '',
        }),
      )
    ).KeyRotationEnabled,
  ).toBe(true);
  stacks.update('app', template({ Enabled: false }));
  await stacks.settle();
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata?.KeyState).toBe('Disabled');
  stacks.delete('app');
  await stacks.settle();
  expect(stacks.stack('app').status).toBe('DELETE_COMPLETE');
  const gone = await client.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId ?? '' }));
  expect(gone.KeyMetadata?.KeyState).toBe('PendingDeletion');
  expect(stacks.reads.neverRead(kms.resources)).toEqual({});
});
