/**
 * Client tokens: the same token with the same request gives the same resource, with another request a fault.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
 */
import { createHash } from 'node:crypto';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';

interface TokenRecord {
  readonly fingerprint: string;
  readonly ids: readonly string[];
}

const tokens = (scope: Scope) => scope.table<TokenRecord>('ec2/client-tokens');
const mostTokens = 5_000;

/**
 * What the model's own services may send to operations that have no client token on AWS, so that CloudFormation can
 * repeat a creation after a crash. No client can: it is not in the public schema.
 */
export interface Repeatable {
  readonly ClientToken?: string | undefined;
}

/** The ids that this request made, now or when it first came, as long as one of them is `alive`. */
export function once(
  call: Call,
  input: Repeatable,
  alive: (id: string) => boolean,
  make: () => readonly string[],
): readonly string[] {
  const { ClientToken: token } = input;
  if (!token) return make();
  if (token.length > 64) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${token}) for parameter clientToken is invalid. Maximum length is 64.`,
    );
  }
  const key = `${call.operation} ${token}`;
  const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('base64');
  const table = tokens(call);
  const known = table.get(key);
  if (known?.ids.some(alive)) {
    if (known.fingerprint === fingerprint) return known.ids;
    throw new Fault(
      'IdempotentParameterMismatch',
      'The client token you have provided is associated with a resource that does not match the parameters of this request.',
    );
  }
  const ids = make();
  table.put(key, { fingerprint, ids });
  if (table.size > mostTokens) {
    const [oldest] = table.keys();
    if (oldest !== undefined) table.delete(oldest);
  }
  return ids;
}
