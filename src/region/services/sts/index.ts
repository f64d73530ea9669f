/**
 * STS: who calls, and credentials for a while. Sessions are kept among IAM's access keys, with an end.
 *
 * Root may assume what a role's trust policy opens to the account, unlike on AWS ("Roles may not be assumed by root
 * accounts"): the local root key stands for an administrator. Not modelled: federation, MFA, session tags.
 */
import type { GetAccessKeyInfoRequest, GetAccessKeyInfoResponse, GetCallerIdentityResponse } from '@aws-sdk/client-sts';
import { Fault } from '../../wire/fault.ts';
import { constraint, validationError } from '../iam/faults.ts';
import { accessKeys } from '../iam/state.ts';
import { type Call, type Scope, service } from '../service.ts';
import { assumeRole } from './assume-role.ts';
import { getSessionToken } from './session-token.ts';

const sweepEveryMs = 5 * 60_000;
const keptMs = 24 * 3_600_000;

/** Needs no permission, and no policy can deny it. */
function getCallerIdentity(_input: object, { caller }: Call): GetCallerIdentityResponse {
  if (caller.kind === 'anonymous' || caller.kind === 'service') {
    throw new Fault('MissingAuthenticationToken', 'Request is missing Authentication Token', { status: 403 });
  }
  return { UserId: caller.principalId, Account: caller.account, Arn: caller.arn };
}

function getAccessKeyInfo({ AccessKeyId }: GetAccessKeyInfoRequest, call: Call): GetAccessKeyInfoResponse {
  if (AccessKeyId === undefined) throw constraint('accessKeyId', undefined, 'not be null');
  const own = call.caller.kind === 'root' && call.caller.accessKeyId === AccessKeyId;
  if (!own && !accessKeys(call).has(AccessKeyId)) {
    throw validationError(`The access key ${AccessKeyId} belongs to no account that is known here`);
  }
  return { Account: call.account };
}

/** Ended sessions are refused at once wherever they are used, as ended as long as they are kept; this only makes room. */
function sweep(scope: Scope): void {
  const now = scope.clock.now();
  for (const [id, { owner }] of [...accessKeys(scope).entries()]) {
    if (owner.kind !== 'user' && owner.expirationMs + keptMs <= now) accessKeys(scope).delete(id);
  }
}

export const sts = service('@aws-sdk/client-sts', 'sts', {
  operations: {
    getCallerIdentity: { handle: getCallerIdentity, access: () => [] },
    // Asks itself: the role's trust policy decides.
    assumeRole: { handle: assumeRole, access: () => [] },
    getSessionToken: { handle: getSessionToken, access: () => [] },
    getAccessKeyInfo,
  },
  start(scope) {
    sweep(scope);
    scope.clock.every(sweepEveryMs, () => sweep(scope));
  },
});
