/** What a policy document must be to be stored: IAM's grammar and, beyond it, what fits an identity or a role's trust. */
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { constraint, quotaExceeded } from './faults.ts';
import { compilePolicy, isRecord } from './policy.ts';
import { roles, users } from './state.ts';

const malformed = (why: string) => new Fault('MalformedPolicyDocument', why, { status: 400 });

/** White space does not count against a policy's quota. */
export function documentSize(text: string): number {
  return text.replace(/\s/g, '').length;
}

function statementsOf(member: string, text: string | undefined): { text: string; statements: Statement[] } {
  if (text === undefined) throw constraint(member, undefined, 'not be null');
  if (text === '') throw constraint(member, text, 'have length greater than or equal to 1');
  compilePolicy(text);
  const document: unknown = JSON.parse(text);
  const listed = isRecord(document) ? document.Statement : undefined;
  return { text, statements: (Array.isArray(listed) ? listed : [listed]).filter(isRecord) };
}

type Statement = Readonly<Record<string, unknown>>;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const actionsOf = (statement: Statement) => [...list(statement.Action), ...list(statement.NotAction)].map(String);

function checkActions(statement: Statement): void {
  for (const action of actionsOf(statement)) {
    if (action !== '*' && !/^[a-zA-Z0-9-]+:.+$/.test(action)) {
      throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.');
    }
  }
}

/** A policy of an identity: resources named, no principal. Returns the text. */
export function checkIdentityPolicy(given: string | undefined): string {
  const { text, statements } = statementsOf('policyDocument', given);
  const sids = new Set<unknown>();
  for (const statement of statements) {
    if ('Principal' in statement || 'NotPrincipal' in statement) {
      throw malformed('Policy document should not specify a principal.');
    }
    checkActions(statement);
    const resources = [...list(statement.Resource), ...list(statement.NotResource)];
    if (resources.length === 0) throw malformed('Policy statement must contain resources.');
    for (const resource of resources) {
      if (resource !== '*' && !/^(arn|\*|\$\{[^}]*\}):/.test(String(resource))) {
        throw malformed(`Resource ${String(resource)} must be in ARN format or "*".`);
      }
    }
    if (statement.Sid !== undefined && statement.Sid !== '') {
      if (!/^[A-Za-z0-9]*$/.test(String(statement.Sid))) {
        throw malformed(
          'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
        );
      }
      if (sids.has(statement.Sid)) throw malformed('Statement IDs (SID) in a single policy must be unique.');
      sids.add(statement.Sid);
    }
  }
  return text;
}

const longestTrust = 2048;

/** Who may assume a role: principals that exist, STS's actions only. Returns the text. */
export function checkTrustPolicy(scope: Scope, given: string | undefined): string {
  const { text, statements } = statementsOf('assumeRolePolicyDocument', given);
  if (documentSize(text) > longestTrust) throw quotaExceeded('ACLSizePerRole', longestTrust);
  for (const statement of statements) {
    for (const field of ['Resource', 'NotResource']) {
      if (field in statement) throw malformed(`Has prohibited field ${field}`);
    }
    if (!('Principal' in statement) && !('NotPrincipal' in statement))
      throw malformed('Missing required field Principal');
    checkActions(statement);
    if (actionsOf(statement).some((action) => !/^(sts:.+|\*)$/i.test(action))) {
      throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    }
    checkPrincipals(scope, statement.Principal ?? statement.NotPrincipal);
  }
  return text;
}

function checkPrincipals(scope: Scope, principal: unknown): void {
  if (!isRecord(principal)) return;
  for (const value of list(principal.Service)) {
    if (!/^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|aws\.internal|amazon\.com|aws)$/.test(String(value))) {
      throw malformed(`Invalid principal in policy: "SERVICE":"${String(value)}"`);
    }
  }
  for (const value of list(principal.AWS)) {
    if (!awsPrincipalExists(scope, String(value))) {
      throw malformed(`Invalid principal in policy: "AWS":"${String(value)}"`);
    }
  }
}

/** Those of other accounts cannot be looked at here; those of ours must exist when they are named. */
function awsPrincipalExists(scope: Scope, principal: string): boolean {
  if (principal === '*' || /^\d{12}$/.test(principal)) return true;
  const match = principal.match(
    /^arn:aws[a-z-]*:(iam|sts)::(\d{12}):(root|user\/.+|role\/.+|assumed-role\/.+|federated-user\/.+)$/,
  );
  if (!match) return /^A(RO|ID)A[A-Z0-9]{17}$/.test(principal);
  const [, , account, entity = ''] = match;
  if (account !== scope.account) return true;
  const name = entity.slice(entity.lastIndexOf('/') + 1);
  if (entity.startsWith('user/')) return users(scope).get(name)?.arn === principal;
  if (entity.startsWith('role/')) return roles(scope).get(name)?.arn === principal;
  return true;
}
