/** Keys: made, described, disabled, rotated, deleted after a while. */
import type {
  CancelKeyDeletionRequest,
  CreateKeyRequest,
  DescribeKeyRequest,
  EnableKeyRotationRequest,
  GetKeyPolicyRequest,
  GetKeyRotationStatusRequest,
  KeyMetadata,
  ListKeyPoliciesRequest,
  ListKeysRequest,
  ListResourceTagsRequest,
  PutKeyPolicyRequest,
  ScheduleKeyDeletionRequest,
  TagResourceRequest,
  UntagResourceRequest,
  UpdateKeyDescriptionRequest,
} from '@aws-sdk/client-kms';
import { Fault } from '../../wire/fault.ts';
import { authorise } from '../iam/authorise.ts';
import { compilePolicy } from '../iam/policy.ts';
import type { Call, Scope } from '../service.ts';
import { findKey, type KeyInput, keyAccess, needOwn, newKey, page, unsupported, validation } from './lookup.ts';
import { aliases, type KeyRecord, keys, materials, type Tag } from './state.ts';

const dayMs = 86_400_000;
const longestPolicy = 32_768;

function checkPolicy(call: Call, text: string, bypass: boolean | undefined): string {
  if (text.length > longestPolicy)
    throw new Fault('LimitExceededException', 'The key policy is longer than 32768 bytes');
  try {
    compilePolicy(text);
  } catch (error) {
    throw new Fault('MalformedPolicyDocumentException', error instanceof Error ? error.message : String(error));
  }
  if (!bypass) {
    const question = { action: 'kms:PutKeyPolicy', resource: '*', resourcePolicy: text, resourcePolicyDecides: true };
    if (!authorise(call, call.caller, call.via, question).allowed) {
      throw new Fault(
        'MalformedPolicyDocumentException',
        'The new key policy will not allow you to update the key policy in the future.',
      );
    }
  }
  return text;
}

function checkTags(given: CreateKeyRequest['Tags']): Tag[] {
  const tags = (given ?? []).map(({ TagKey = '', TagValue = '' }) => ({ TagKey, TagValue }));
  if (tags.some(({ TagKey, TagValue }) => TagKey.length < 1 || TagKey.length > 128 || TagValue.length > 256)) {
    throw new Fault('TagException', 'A tag key has 1 to 128 characters, its value at most 256');
  }
  if (new Set(tags.map(({ TagKey }) => TagKey)).size < tags.length)
    throw new Fault('TagException', 'Duplicate tag keys');
  if (tags.length > 50) throw new Fault('TagException', 'Too many tags: a key has at most 50');
  return tags;
}

export function createKey(input: CreateKeyRequest, call: Call): { KeyMetadata: KeyMetadata } {
  const { KeyUsage = 'ENCRYPT_DECRYPT', Origin = 'AWS_KMS', Description = '' } = input;
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (spec !== 'SYMMETRIC_DEFAULT') throw unsupported(`The key spec ${spec}`);
  if (KeyUsage !== 'ENCRYPT_DECRYPT') throw unsupported(`The key usage ${KeyUsage}`);
  if (Origin !== 'AWS_KMS') throw unsupported(`The origin ${Origin}`);
  if (input.MultiRegion) throw unsupported('A multi-Region key');
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) throw unsupported('A custom key store');
  if (Description.length > 8192) throw validation('The description has at most 8192 characters');
  const tags = checkTags(input.Tags);
  const policy =
    input.Policy === undefined
      ? defaultPolicy(call)
      : checkPolicy(call, input.Policy, input.BypassPolicyLockoutSafetyCheck);
  return { KeyMetadata: render(call, newKey(call, { description: Description, manager: 'CUSTOMER', policy, tags })) };
}

function defaultPolicy({ account }: Scope): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

function render(scope: Scope, key: KeyRecord): KeyMetadata {
  return {
    AWSAccountId: scope.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: new Date(key.createdMs),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    ...(key.deletionMs === undefined ? {} : { DeletionDate: new Date(key.deletionMs) }),
  };
}

export function describeKey(input: DescribeKeyRequest, call: Call): { KeyMetadata: KeyMetadata } {
  return { KeyMetadata: render(call, findKey(call, input.KeyId)) };
}

export function listKeys(input: ListKeysRequest, call: Call) {
  const { items, ...more } = page([...keys(call).values()], input);
  return { Keys: items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn })), ...more };
}

function change(call: Call, id: string | undefined, how: (key: KeyRecord) => KeyRecord): KeyRecord {
  const changed = how(needOwn(findKey(call, id)));
  keys(call).put(changed.id, changed);
  return changed;
}

export function updateKeyDescription(input: UpdateKeyDescriptionRequest, call: Call) {
  change(call, input.KeyId, (key) => ({ ...key, description: input.Description ?? '' }));
  return {};
}

export function enableKey(input: { KeyId?: string | undefined }, call: Call) {
  change(call, input.KeyId, (key) => ({ ...key, state: 'Enabled' }));
  return {};
}

export function disableKey(input: { KeyId?: string | undefined }, call: Call) {
  change(call, input.KeyId, (key) => ({ ...key, state: 'Disabled' }));
  return {};
}

export function getKeyPolicy(input: GetKeyPolicyRequest, call: Call) {
  const { policy } = findKey(call, input.KeyId);
  checkPolicyName(input.PolicyName);
  return { Policy: policy, PolicyName: 'default' };
}

function checkPolicyName(name: string | undefined): void {
  if (name !== undefined && name !== 'default') throw new Fault('NotFoundException', 'No such policy exists');
}

export function putKeyPolicy(input: PutKeyPolicyRequest, call: Call) {
  checkPolicyName(input.PolicyName);
  const policy = checkPolicy(call, input.Policy ?? '', input.BypassPolicyLockoutSafetyCheck);
  change(call, input.KeyId, (key) => ({ ...key, policy }));
  return {};
}

export function listKeyPolicies(input: ListKeyPoliciesRequest, call: Call) {
  findKey(call, input.KeyId);
  return { PolicyNames: ['default'], Truncated: false };
}

/** What is encrypted stays readable after a rotation, so that only its dates can be seen. */
export function enableKeyRotation(input: EnableKeyRotationRequest, call: Call) {
  const { RotationPeriodInDays: rotationDays = 365 } = input;
  if (!(rotationDays >= 90 && rotationDays <= 2560)) {
    throw validation(
      `1 validation error detected: Value '${rotationDays}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value between 90 and 2560`,
    );
  }
  change(call, input.KeyId, (key) => ({ ...key, rotationDays, rotationSinceMs: call.clock.now() }));
  return {};
}

export function disableKeyRotation(input: { KeyId?: string | undefined }, call: Call) {
  change(call, input.KeyId, ({ rotationDays: _, rotationSinceMs: __, ...key }) => key);
  return {};
}

export function getKeyRotationStatus(input: GetKeyRotationStatusRequest, call: Call) {
  const { arn, rotationDays, rotationSinceMs } = findKey(call, input.KeyId);
  if (rotationDays === undefined || rotationSinceMs === undefined) return { KeyRotationEnabled: false, KeyId: arn };
  const periods = Math.floor((call.clock.now() - rotationSinceMs) / (rotationDays * dayMs)) + 1;
  return {
    KeyRotationEnabled: true,
    KeyId: arn,
    RotationPeriodInDays: rotationDays,
    NextRotationDate: new Date(rotationSinceMs + periods * rotationDays * dayMs),
  };
}

export function scheduleKeyDeletion(input: ScheduleKeyDeletionRequest, call: Call) {
  const { PendingWindowInDays: days = 30 } = input;
  if (!(days >= 7 && days <= 30)) {
    throw validation(
      `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value between 7 and 30`,
    );
  }
  const deletionMs = call.clock.now() + days * dayMs;
  const key = change(call, input.KeyId, (before) => ({ ...before, state: 'PendingDeletion', deletionMs }));
  deleteWhenDue(call, key);
  return {
    KeyId: key.arn,
    DeletionDate: new Date(deletionMs),
    KeyState: key.state,
    PendingWindowInDays: days,
  };
}

/** It comes back disabled. */
export function cancelKeyDeletion(input: CancelKeyDeletionRequest, call: Call) {
  const { deletionMs, ...key } = findKey(call, input.KeyId);
  if (deletionMs === undefined) throw new Fault('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
  keys(call).put(key.id, { ...key, state: 'Disabled' });
  return { KeyId: key.arn };
}

function deleteWhenDue(scope: Scope, { id, deletionMs = 0 }: KeyRecord): void {
  scope.clock.after(deletionMs - scope.clock.now(), () => {
    // Unless it was taken back, or scheduled anew.
    if (keys(scope).get(id)?.deletionMs !== deletionMs) return;
    keys(scope).delete(id);
    materials(scope).delete(id);
    for (const alias of [...aliases(scope).values()]) if (alias.keyId === id) aliases(scope).delete(alias.name);
  });
}

/** Takes up deletions that were scheduled before a restart. */
export function startKeys(scope: Scope): void {
  for (const key of keys(scope).values()) if (key.deletionMs !== undefined) deleteWhenDue(scope, key);
}

export function tagResource(input: TagResourceRequest, call: Call) {
  const added = checkTags(input.Tags);
  change(call, input.KeyId, (key) => ({
    ...key,
    tags: checkTags([...key.tags.filter(({ TagKey }) => !added.some((tag) => tag.TagKey === TagKey)), ...added]),
  }));
  return {};
}

export function untagResource(input: UntagResourceRequest, call: Call) {
  change(call, input.KeyId, (key) => ({
    ...key,
    tags: key.tags.filter(({ TagKey }) => !input.TagKeys?.includes(TagKey)),
  }));
  return {};
}

export function listResourceTags(input: ListResourceTagsRequest, call: Call) {
  const { items, ...more } = page(findKey(call, input.KeyId).tags, input);
  return { Tags: items, ...more };
}

export function keyAccessOf(input: KeyInput, call: Call) {
  return keyAccess(call, findKey(call, input.KeyId), input);
}
