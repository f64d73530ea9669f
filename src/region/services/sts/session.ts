/** Makes credentials that end, among IAM's access keys. */
import type { Credentials } from '@aws-sdk/client-sts';
import { constraint } from '../iam/faults.ts';
import { type AccessKeyRecord, accessKeys } from '../iam/state.ts';
import type { Call } from '../service.ts';

type Session = Exclude<AccessKeyRecord['owner'], { kind: 'user' }>;
type WithoutToken<T> = T extends unknown ? Omit<T, 'sessionToken' | 'expirationMs'> : never;

export function newSession(call: Call, owner: WithoutToken<Session>, seconds: number): Required<Credentials> {
  const sessionToken = `FwoGZXIvYXdzE${call.random.secret(180).toString('base64')}`;
  const expirationMs = Math.floor(call.clock.wallMs() / 1000 + seconds) * 1000;
  const record: AccessKeyRecord = {
    accessKeyId: `ASIA${call.random.text(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
    secretAccessKey: call.random.secret(30).toString('base64'),
    status: 'Active',
    createdMs: call.clock.now(),
    owner: { ...owner, sessionToken, expirationMs },
  };
  accessKeys(call).put(record.accessKeyId, record);
  return {
    AccessKeyId: record.accessKeyId,
    SecretAccessKey: record.secretAccessKey,
    SessionToken: sessionToken,
    Expiration: new Date(expirationMs),
  };
}

export function checkSeconds(given: number | undefined, otherwise: number, most: number): number {
  const seconds = given ?? otherwise;
  if (!(seconds >= 900)) throw constraint('durationSeconds', seconds, 'have value greater than or equal to 900');
  if (seconds > most) throw constraint('durationSeconds', seconds, `have value less than or equal to ${most}`);
  return seconds;
}
