/** Who holds an access key: the root user, a user, or a session of a role. */
import type { Caller, Scope } from '../service.ts';
import { accessKeys, users } from './state.ts';

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function rootCaller(account: string, accessKeyId: string): Caller {
  return { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, principalId: account, accessKeyId };
}

/** Undefined for a key that does not exist, is inactive, or came without its session token. */
export function credentialsOf(
  scope: Scope,
  root: RootKey,
  accessKeyId: string,
  sessionToken: string | undefined,
): { secretAccessKey: string; identity: Caller; expired?: boolean } | undefined {
  const { account } = scope;
  if (accessKeyId === root.accessKeyId) {
    return { secretAccessKey: root.secretAccessKey, identity: rootCaller(account, accessKeyId) };
  }
  const key = accessKeys(scope).get(accessKeyId);
  if (!key || key.status !== 'Active') return undefined;
  const { secretAccessKey, owner } = key;
  if (owner.kind !== 'user' && owner.sessionToken !== sessionToken) return undefined;
  const expired = owner.kind !== 'user' && owner.expirationMs <= scope.clock.wallMs();
  if (owner.kind !== 'session') {
    if (owner.userName === undefined) return { secretAccessKey, identity: rootCaller(account, accessKeyId), expired };
    const user = users(scope).get(owner.userName);
    if (!user) return undefined;
    const identity: Caller = {
      kind: 'user',
      account,
      arn: user.arn,
      principalId: user.id,
      accessKeyId,
      userName: user.name,
    };
    return { secretAccessKey, identity, expired };
  }
  const identity: Caller = {
    kind: 'role',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${owner.roleName}/${owner.sessionName}`,
    principalId: `${owner.roleId}:${owner.sessionName}`,
    accessKeyId,
    roleName: owner.roleName,
    sessionPolicies: owner.policies,
  };
  return { secretAccessKey, identity, expired };
}
