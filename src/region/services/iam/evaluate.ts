/**
 * The decision: may this caller do this to that resource? Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import type { Context } from './pattern.ts';
import { compilePolicy, type Principals, type Statement } from './policy.ts';

/** A policy with the name it is logged under. */
export interface NamedPolicy {
  /** `inline policy ReadData of role app`, `bucket policy`. */
  readonly name: string;
  readonly text: string;
}

export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
  /** Every name the caller goes by, for `Principal`: user or role ARN, session ARN, account id and root ARN. Empty: anonymous. */
  readonly principals: readonly string[];
  /** The account's own names: a resource policy that names them leaves it to identity policies. */
  readonly accountPrincipals: readonly string[];
  /** What `CanonicalUser` names. */
  readonly canonicalUser?: string | undefined;
  readonly service?: string | undefined;
  /** Undefined for callers without identity policies (root, services, CloudFront's identities, anonymous). */
  readonly identity: readonly NamedPolicy[] | undefined;
  /** The account's root user, and services acting as themselves, need no identity policy. */
  readonly unrestricted: boolean;
  readonly boundary?: NamedPolicy | undefined;
  readonly session?: readonly NamedPolicy[] | undefined;
  readonly endpoint?: NamedPolicy | undefined;
  readonly resourcePolicy?: NamedPolicy | undefined;
  readonly sameAccount: boolean;
  readonly resourcePolicyDecides: boolean;
}

export type Denial =
  | { readonly kind: 'explicit'; readonly policy: PolicyKind; readonly name: string; readonly statement: string }
  | { readonly kind: 'implicit'; readonly policy: PolicyKind };

export type PolicyKind =
  | 'identity-based policy'
  | 'resource-based policy'
  | 'VPC endpoint policy'
  | 'permissions boundary'
  | 'session policy';

export type Decision =
  | { readonly allowed: true; readonly by: string }
  | { readonly allowed: false; readonly denial: Denial };

/** Explicit deny anywhere wins; narrowing policies must allow; then identity and resource policies are united (one account) or both needed (two). */
export function evaluate(question: Question): Decision {
  const kinds: [PolicyKind, readonly NamedPolicy[]][] = [
    ['resource-based policy', question.resourcePolicy ? [question.resourcePolicy] : []],
    ['VPC endpoint policy', question.endpoint ? [question.endpoint] : []],
    ['identity-based policy', question.identity ?? []],
    ['permissions boundary', question.boundary ? [question.boundary] : []],
    ['session policy', question.session ?? []],
  ];
  for (const [policy, list] of kinds) {
    const found = find(list, 'Deny', question, policy);
    if (found) return { allowed: false, denial: { kind: 'explicit', policy, ...found } };
  }
  const implicit = (policy: PolicyKind): Decision => ({ allowed: false, denial: { kind: 'implicit', policy } });

  if (question.endpoint && !find([question.endpoint], 'Allow', question, 'VPC endpoint policy'))
    return implicit('VPC endpoint policy');

  const byResource = question.resourcePolicy && findGrant(question.resourcePolicy, question);
  const narrowed = narrowing(question);
  // A resource policy that names the caller itself is not narrowed by boundary or session within one account.
  if (question.sameAccount && byResource?.direct) return { allowed: true, by: byResource.by };
  if (question.resourcePolicyDecides && !byResource) return implicit('resource-based policy');
  if (narrowed) return implicit(narrowed);

  // Services and the anonymous have no identity policies: the resource's decides alone.
  if (!question.identity && !question.unrestricted) {
    return byResource ? { allowed: true, by: byResource.by } : implicit('resource-based policy');
  }
  if (question.unrestricted && (question.sameAccount || byResource)) {
    return { allowed: true, by: byResource && !question.sameAccount ? byResource.by : 'the account itself' };
  }
  const byIdentity = question.identity && find(question.identity, 'Allow', question, 'identity-based policy');
  if (byIdentity && (question.sameAccount || byResource)) {
    return { allowed: true, by: `${byIdentity.statement} of ${byIdentity.name}` };
  }
  return implicit(
    question.identity && (question.sameAccount || byResource) ? 'identity-based policy' : 'resource-based policy',
  );
}

function narrowing(question: Question): PolicyKind | undefined {
  if (question.boundary && !find([question.boundary], 'Allow', question, 'permissions boundary'))
    return 'permissions boundary';
  const { session } = question;
  if (session && session.length > 0 && !find(session, 'Allow', question, 'session policy')) return 'session policy';
  return undefined;
}

/** `direct`: the caller itself is named (or everybody), not only its account. */
function findGrant(policy: NamedPolicy, question: Question): { by: string; direct: boolean } | undefined {
  let granted: { by: string; direct: boolean } | undefined;
  for (const statement of compilePolicy(policy.text).statements) {
    if (statement.effect !== 'Allow' || !applies(statement, question)) continue;
    const named = principalMatch(statement, question);
    if (named === undefined) continue;
    const by = `${statement.name} of ${policy.name}`;
    if (named === 'direct') return { by, direct: true };
    granted ??= { by, direct: false };
  }
  return granted;
}

function find(
  policies: readonly NamedPolicy[],
  effect: 'Allow' | 'Deny',
  question: Question,
  kind: PolicyKind,
): { name: string; statement: string } | undefined {
  for (const policy of policies) {
    for (const statement of compilePolicy(policy.text).statements) {
      if (statement.effect !== effect || !applies(statement, question)) continue;
      if (kind === 'resource-based policy' && principalMatch(statement, question) === undefined) continue;
      // Endpoint policies have principals, of which only `*` is common; identity policies have none.
      if (kind === 'VPC endpoint policy' && statement.principals && principalMatch(statement, question) === undefined)
        continue;
      return { name: policy.name, statement: statement.name };
    }
  }
  return undefined;
}

function applies(statement: Statement, { action, resource, context }: Question): boolean {
  return (
    statement.action(action, context) &&
    statement.resource(resource, context) &&
    statement.conditions.every((condition) => condition.holds(context))
  );
}

function principalMatch(
  { principals, notPrincipals }: Statement,
  question: Question,
): 'direct' | 'account' | undefined {
  if (principals) return matchPrincipals(principals, question);
  if (notPrincipals) return matchPrincipals(notPrincipals, question) === undefined ? 'direct' : undefined;
  return undefined;
}

function matchPrincipals(principals: Principals, question: Question): 'direct' | 'account' | undefined {
  if (question.service !== undefined) {
    return principals.Service?.includes(question.service) || principals.AWS?.includes('*') ? 'direct' : undefined;
  }
  if (question.canonicalUser !== undefined && principals.CanonicalUser?.includes(question.canonicalUser))
    return 'direct';
  let account = false;
  for (const name of principals.AWS ?? []) {
    if (name === '*' || question.principals.includes(name)) return 'direct';
    if (question.accountPrincipals.includes(name)) account = true;
  }
  return account ? 'account' : undefined;
}
