/** A user's, or root's, credentials for a while. */
import type { GetSessionTokenRequest, GetSessionTokenResponse } from '@aws-sdk/client-sts';
import { Fault } from '../../wire/fault.ts';
import { validationError } from '../iam/faults.ts';
import type { Call } from '../service.ts';
import { checkSeconds, newSession } from './session.ts';

export function getSessionToken(input: GetSessionTokenRequest, call: Call): GetSessionTokenResponse {
  const { caller } = call;
  if ((caller.kind !== 'user' && caller.kind !== 'root') || caller.accessKeyId.startsWith('ASIA')) {
    throw new Fault('AccessDenied', 'Cannot call GetSessionToken with session credentials', { status: 403 });
  }
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) {
    throw validationError('MFA is not modelled by Orrery');
  }
  const seconds = checkSeconds(input.DurationSeconds, 43_200, 129_600);
  // Root's last an hour at most: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
  const most = caller.kind === 'root' ? 3600 : seconds;
  const { userName } = caller;
  const owner = { kind: 'userSession' as const, ...(userName === undefined ? {} : { userName }) };
  return { Credentials: newSession(call, owner, Math.min(seconds, most)) };
}
