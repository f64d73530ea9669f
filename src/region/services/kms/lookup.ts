/** Which key an id, an ARN or an alias names, and what is asked of IAM for it. */
import { Fault } from '../../wire/fault.ts';
import { pageAt } from '../paging.ts';
import type { Access, Call, Scope } from '../service.ts';
import { aliases, type KeyRecord, keys, materials } from './state.ts';

export const validation = (message: string) => new Fault('ValidationException', message);
export const unsupported = (what: string) =>
  new Fault('UnsupportedOperationException', `${what} is not modelled by Orrery`);

export const keyArn = (scope: Scope, id: string) => `arn:aws:kms:${scope.region}:${scope.account}:key/${id}`;
export const aliasArn = (scope: Scope, name: string) => `arn:aws:kms:${scope.region}:${scope.account}:${name}`;

/** Services that make a key of their own in the account when first asked to encrypt: `alias/aws/s3`. */
const managedFor = ['s3', 'ssm', 'ebs', 'sns', 'sqs', 'logs', 'secretsmanager', 'acm'];

export function findKey(scope: Scope, given: string | undefined): KeyRecord {
  if (!given)
    throw validation(
      "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
    );
  const [, region, account, resource] = given.match(/^arn:aws[a-z-]*:kms:([a-z0-9-]*):(\d*):(.+)$/) ?? [];
  if (resource !== undefined && (region !== scope.region || account !== scope.account)) {
    throw new Fault('NotFoundException', `Invalid arn ${region}`);
  }
  const bare = resource ?? given;
  if (bare.startsWith('alias/')) {
    const id = aliases(scope).get(bare)?.keyId ?? managedKey(scope, bare);
    const key = id === undefined ? undefined : keys(scope).get(id);
    if (!key) throw new Fault('NotFoundException', `Alias ${aliasArn(scope, bare)} is not found.`);
    return key;
  }
  const id = bare.replace(/^key\//, '');
  const key = keys(scope).get(id);
  if (key) return key;
  if (!/^(mrk-)?[0-9a-f-]{32,36}$/.test(id)) throw new Fault('NotFoundException', `Invalid keyId '${given}'`);
  throw new Fault('NotFoundException', `Key '${keyArn(scope, id)}' does not exist`);
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk */
function managedKey(scope: Scope, alias: string): string | undefined {
  const service = alias.match(/^alias\/aws\/(\w+)$/)?.[1];
  if (service === undefined || !managedFor.includes(service)) return undefined;
  const endpoint = `${service === 'ebs' ? 'ec2' : service}.${scope.region}.amazonaws.com`;
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:CallerAccount': scope.account, 'kms:ViaService': endpoint } },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${scope.account}:root` },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
        Resource: '*',
      },
    ],
  });
  const { id } = newKey(scope, {
    description: `Default key that protects my ${service} data when no other key is defined`,
    manager: 'AWS',
    policy,
    tags: [],
    rotationDays: 365,
    rotationSinceMs: scope.clock.now(),
  });
  const now = scope.clock.now();
  aliases(scope).put(alias, { name: alias, keyId: id, createdMs: now, updatedMs: now });
  return id;
}

export function newKey(scope: Scope, made: Omit<KeyRecord, 'id' | 'arn' | 'state' | 'createdMs'>): KeyRecord {
  const id = scope.random.uuid();
  const key: KeyRecord = { ...made, id, arn: keyArn(scope, id), state: 'Enabled', createdMs: scope.clock.now() };
  keys(scope).put(id, key);
  materials(scope).put(id, scope.random.secret(32).toString('base64'));
  return key;
}

/** The service that asks on somebody's behalf, known by what it puts into the encryption context. */
function viaService(call: Call, context: Readonly<Record<string, string>>): string | undefined {
  if (call.http !== undefined) return undefined;
  const service =
    'aws:s3:arn' in context
      ? 's3'
      : 'PARAMETER_ARN' in context
        ? 'ssm'
        : 'aws:ebs:id' in context
          ? 'ec2'
          : 'aws:sns:topicArn' in context
            ? 'sns'
            : undefined;
  return service && `${service}.${call.region}.amazonaws.com`;
}

export interface KeyInput {
  readonly KeyId?: string | undefined;
  readonly TargetKeyId?: string | undefined;
  readonly EncryptionContext?: Readonly<Record<string, string>> | undefined;
}

/** The key's own policy decides, also in one account: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html */
export function keyAccess(call: Call, key: KeyRecord, input: KeyInput, action = call.operation): Access {
  const { EncryptionContext = {} } = input;
  const { caller } = call;
  const context: Record<string, string | readonly string[] | undefined> = {
    'kms:ViaService': viaService(call, EncryptionContext),
    'kms:CallerAccount': 'account' in caller ? caller.account : undefined,
    'kms:KeySpec': 'SYMMETRIC_DEFAULT',
    'kms:KeyUsage': 'ENCRYPT_DECRYPT',
    'kms:KeyOrigin': 'AWS_KMS',
    'kms:RequestAlias': input.KeyId?.match(/alias\/.+$/)?.[0],
    'kms:ResourceAliases': [...aliases(call).values()].filter(({ keyId }) => keyId === key.id).map(({ name }) => name),
    'kms:EncryptionContextKeys': Object.keys(EncryptionContext),
  };
  for (const [name, value] of Object.entries(EncryptionContext)) context[`kms:EncryptionContext:${name}`] = value;
  for (const { TagKey, TagValue } of key.tags) context[`aws:ResourceTag/${TagKey}`] = TagValue;
  return {
    action: `kms:${action}`,
    resource: key.arn,
    resourcePolicy: key.policy,
    resourcePolicyDecides: true,
    context,
  };
}

export function needUsable(key: KeyRecord): KeyRecord {
  if (key.state === 'Disabled') throw new Fault('DisabledException', `${key.arn} is disabled.`);
  return needPresent(key);
}

export function needPresent(key: KeyRecord): KeyRecord {
  if (key.state === 'PendingDeletion') throw new Fault('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  return key;
}

/** Keys that AWS manages are not the account's to change. */
export function needOwn(key: KeyRecord): KeyRecord {
  if (key.manager === 'AWS') {
    throw new Fault('AccessDeniedException', `The key ${key.arn} is managed by AWS and cannot be changed`, {
      status: 400,
    });
  }
  return needPresent(key);
}

export function page<T>(
  all: readonly T[],
  { Limit = 100, Marker }: { Limit?: number | undefined; Marker?: string | undefined },
) {
  if (!(Limit >= 1 && Limit <= 1000)) {
    throw validation(
      `1 validation error detected: Value '${Limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and 1000`,
    );
  }
  const { items, next: NextMarker } = pageAt(all, Marker, Limit, () => {
    throw new Fault('InvalidMarkerException', `Could not deserialize marker '${Marker}'`);
  });
  return { items, Truncated: NextMarker !== undefined, ...(NextMarker === undefined ? {} : { NextMarker }) };
}
