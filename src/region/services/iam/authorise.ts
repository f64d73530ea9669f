/** Asks `evaluate` with what IAM holds of the caller, and words the answer as AWS does. */
import type { Verdict } from '../dispatcher.ts';
import { callerName } from '../dispatcher.ts';
import { accessIdentityOf, canonicalUserId } from '../origin-access-identity.ts';
import type { Access, Caller, Scope, Via } from '../service.ts';
import { awsManagedPolicy } from './aws-managed.ts';
import { type Decision, type Denial, evaluate, type NamedPolicy, type Question } from './evaluate.ts';
import type { Context } from './pattern.ts';
import { groups, managedPolicies, type PrincipalRecord, roles, users } from './state.ts';

/** The decision with the policy that made it, for those who show it. */
export function decide(scope: Scope, caller: Caller, via: Via, access: Access): Decision {
  return evaluate(ask(scope, caller, via, access));
}

export function authorise(scope: Scope, caller: Caller, via: Via, access: Access): Verdict {
  if (caller.kind === 'service' && caller.trusted) return { allowed: true, reason: '', message: '' };
  const decision = decide(scope, caller, via, access);
  if (decision.allowed) return { allowed: true, reason: decision.by, message: '' };
  return {
    allowed: false,
    reason: logText(caller, access, decision),
    message: clientText(caller, access, decision.denial),
  };
}

function ask(scope: Scope, caller: Caller, via: Via, access: Access): Question {
  const record = caller.kind === 'role' || caller.kind === 'user' ? principalRecord(scope, caller) : undefined;
  const account =
    caller.kind === 'service' ? caller.sourceAccount : caller.kind === 'anonymous' ? undefined : caller.account;
  const unrestricted = caller.kind === 'root';
  const named = caller.kind === 'root' || caller.kind === 'user' || caller.kind === 'role';
  const accessIdentity = accessIdentityOf(caller);
  return {
    action: access.action,
    resource: access.resource,
    context: contextOf(scope, caller, via, access, record),
    principals: named ? [caller.arn, ...(record ? [record.arn] : [])] : [],
    canonicalUser: accessIdentity && canonicalUserId(accessIdentity),
    accountPrincipals: named ? [caller.account, `arn:aws:iam::${caller.account}:root`] : [],
    service: caller.kind === 'service' ? caller.service : undefined,
    identity:
      named && !unrestricted && accessIdentity === undefined ? identityPolicies(scope, caller, record) : undefined,
    unrestricted,
    boundary: record?.boundaryArn ? managed(scope, record.boundaryArn) : undefined,
    session:
      caller.kind === 'role' ? caller.sessionPolicies?.map((text) => ({ name: 'session policy', text })) : undefined,
    endpoint: via.endpointPolicy
      ? { name: `policy of ${via.vpcEndpointId ?? 'the VPC endpoint'}`, text: via.endpointPolicy }
      : undefined,
    resourcePolicy: access.resourcePolicy ? { name: 'resource policy', text: access.resourcePolicy } : undefined,
    sameAccount: named && account === (access.resourceAccount ?? scope.account),
    resourcePolicyDecides: access.resourcePolicyDecides ?? false,
  };
}

function principalRecord(scope: Scope, caller: Caller): PrincipalRecord | undefined {
  if (caller.kind === 'role' && caller.account === scope.account) return roles(scope).get(caller.roleName ?? '');
  if (caller.kind === 'user' && caller.account === scope.account) return users(scope).get(caller.userName ?? '');
  return undefined;
}

/** The policies of a role, its own and those attached to it. */
export function policiesOfRole(scope: Scope, name: string): NamedPolicy[] {
  return policiesOf(scope, roles(scope).get(name));
}

function policiesOf(scope: Scope, holder: Pick<PrincipalRecord, 'arn' | 'inline' | 'attached'> | undefined) {
  if (!holder) return [];
  return [
    ...Object.entries(holder.inline).map(([name, text]) => ({ name: `inline policy ${name} of ${holder.arn}`, text })),
    ...holder.attached.flatMap((arn) => managed(scope, arn) ?? []),
  ];
}

function identityPolicies(scope: Scope, caller: Caller, record: PrincipalRecord | undefined): NamedPolicy[] {
  if (!record) return [];
  const holders: Pick<PrincipalRecord, 'arn' | 'inline' | 'attached'>[] = [record];
  if (caller.kind === 'user') {
    for (const name of users(scope).get(record.name)?.groups ?? []) {
      const group = groups(scope).get(name);
      if (group) holders.push(group);
    }
  }
  return holders.flatMap((holder) => policiesOf(scope, holder));
}

function managed(scope: Scope, arn: string): NamedPolicy | undefined {
  const own = managedPolicies(scope).get(arn);
  const text = own ? own.versions[own.defaultVersionId]?.document : awsManagedPolicy(arn)?.document;
  return text === undefined ? undefined : { name: arn, text };
}

function contextOf(
  scope: Scope,
  caller: Caller,
  via: Via,
  access: Access,
  record: PrincipalRecord | undefined,
): Context {
  const context = new Map<string, readonly string[]>();
  const set = (key: string, value: string | readonly string[] | undefined) => {
    if (value !== undefined) context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  };
  set('aws:CurrentTime', scope.clock.date().toISOString());
  set('aws:EpochTime', String(Math.floor(scope.clock.now() / 1000)));
  set('aws:RequestedRegion', scope.region);
  set('aws:SecureTransport', String(via.secure));
  set('aws:UserAgent', via.userAgent);
  if (via.vpcEndpointId === undefined) set('aws:SourceIp', via.sourceIp);
  else set('aws:VpcSourceIp', via.sourceIp);
  set('aws:SourceVpc', via.vpcId);
  set('aws:SourceVpce', via.vpcEndpointId);
  set('aws:ResourceAccount', access.resourceAccount ?? scope.account);
  set('aws:PrincipalIsAWSService', String(caller.kind === 'service'));
  set('aws:ViaAWSService', 'false');
  if (caller.kind === 'service') {
    set('aws:PrincipalServiceName', caller.service);
    set('aws:SourceArn', caller.sourceArn);
    set('aws:SourceAccount', caller.sourceAccount);
  } else if (caller.kind === 'anonymous') {
    set('aws:PrincipalType', 'Anonymous');
  } else {
    set('aws:PrincipalAccount', caller.account);
    set('aws:PrincipalArn', record?.arn ?? caller.arn);
    set('aws:userid', caller.principalId);
    set('aws:PrincipalType', { root: 'Account', user: 'User', role: 'AssumedRole' }[caller.kind]);
    if (caller.kind === 'user') set('aws:username', caller.userName);
    for (const { Key, Value } of record?.tags ?? []) set(`aws:PrincipalTag/${Key}`, Value);
  }
  for (const [key, value] of Object.entries(access.context ?? {})) set(key, value);
  return context;
}

/** AWS names the kind of policy that decided. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function clientText(caller: Caller, { action, resource }: Access, denial: Denial): string {
  if (caller.kind === 'anonymous') return 'Access Denied';
  const a = /^[aei]/.test(denial.policy) ? 'an' : 'a';
  const because =
    denial.kind === 'explicit'
      ? `with an explicit deny in ${a} ${denial.policy}`
      : `because no ${denial.policy} allows the ${action} action`;
  const on = resource === '*' ? '' : ` on resource: "${resource}"`;
  return `User: ${callerName(caller)} is not authorized to perform: ${action}${on} ${because}`;
}

function logText(
  caller: Caller,
  { action, resource }: Access,
  decision: Extract<Decision, { allowed: false }>,
): string {
  const { denial } = decision;
  const why =
    denial.kind === 'explicit'
      ? `${denial.statement} of ${denial.name} (${denial.policy}) denies it`
      : `missing: a statement in ${denial.policy === 'identity-based policy' ? 'its identity policies' : `the ${denial.policy}`} that allows "${action}" on "${resource}"`;
  return `${callerName(caller)} was refused ${action} on ${resource}: ${why}`;
}
