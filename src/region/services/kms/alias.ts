/** Names for keys. */
import type {
  CreateAliasRequest,
  DeleteAliasRequest,
  ListAliasesRequest,
  UpdateAliasRequest,
} from '@aws-sdk/client-kms';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call } from '../service.ts';
import { aliasArn, findKey, keyAccess, needOwn, page, validation } from './lookup.ts';
import { type AliasRecord, aliases, keys } from './state.ts';

function checkName(name = ''): string {
  if (!name.startsWith('alias/')) {
    throw validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith('alias/aws/'))
    throw new Fault('NotAuthorizedException', 'Alias names that begin with alias/aws/ are reserved');
  if (name.length > 256 || !/^alias\/[\w/:-]+$/.test(name)) {
    throw validation(
      `1 validation error detected: Value '${name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
    );
  }
  return name;
}

function needAlias(call: Call, name: string): AliasRecord {
  const alias = aliases(call).get(name);
  if (!alias) throw new Fault('NotFoundException', `Alias ${aliasArn(call, name)} is not found.`);
  return alias;
}

/** Both the alias and the keys it named and will name are asked for. */
export function aliasAccess(
  input: { AliasName?: string | undefined; TargetKeyId?: string | undefined },
  call: Call,
): Access[] {
  const name = checkName(input.AliasName);
  const before = aliases(call).get(name);
  const old = before && keys(call).get(before.keyId);
  return [
    { action: `kms:${call.operation}`, resource: aliasArn(call, name) },
    ...(input.TargetKeyId === undefined ? [] : [keyAccess(call, findKey(call, input.TargetKeyId), {})]),
    ...(old ? [keyAccess(call, old, {})] : []),
  ];
}

export function createAlias(input: CreateAliasRequest, call: Call) {
  const name = checkName(input.AliasName);
  const key = needOwn(findKey(call, input.TargetKeyId));
  if (aliases(call).has(name)) {
    throw new Fault('AlreadyExistsException', `An alias with the name ${aliasArn(call, name)} already exists`);
  }
  const now = call.clock.now();
  aliases(call).put(name, { name, keyId: key.id, createdMs: now, updatedMs: now });
  return {};
}

export function updateAlias(input: UpdateAliasRequest, call: Call) {
  const alias = needAlias(call, checkName(input.AliasName));
  const key = needOwn(findKey(call, input.TargetKeyId));
  aliases(call).put(alias.name, { ...alias, keyId: key.id, updatedMs: call.clock.now() });
  return {};
}

export function deleteAlias(input: DeleteAliasRequest, call: Call) {
  aliases(call).delete(needAlias(call, checkName(input.AliasName)).name);
  return {};
}

export function listAliases(input: ListAliasesRequest, call: Call) {
  const key = input.KeyId === undefined ? undefined : findKey(call, input.KeyId);
  const all = [...aliases(call).values()].filter(({ keyId }) => key === undefined || key.id === keyId);
  const { items, ...more } = page(all, input);
  const Aliases = items.map(({ name, keyId, createdMs, updatedMs }) => ({
    AliasName: name,
    AliasArn: aliasArn(call, name),
    TargetKeyId: keyId,
    CreationDate: new Date(createdMs),
    LastUpdatedDate: new Date(updatedMs),
  }));
  return { Aliases, ...more };
}
