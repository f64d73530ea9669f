/** Becoming a role: its trust policy must let the caller, whoever it is. */
import type { AssumeRoleRequest, AssumeRoleResponse } from '@aws-sdk/client-sts';
import { Fault } from '../../wire/fault.ts';
import { callerName } from '../dispatcher.ts';
import { authorise } from '../iam/authorise.ts';
import { checkIdentityPolicy } from '../iam/documents.ts';
import { constraint, validationError } from '../iam/faults.ts';
import { needPolicy } from '../iam/managed-policy.ts';
import { type RoleRecord, roles } from '../iam/state.ts';
import type { Access, Call } from '../service.ts';
import { checkSeconds, newSession } from './session.ts';

const longestPolicy = 2048;
const mostSeconds = 43_200;
const chainedSeconds = 3600;

export function assumeRole(input: AssumeRoleRequest, call: Call): AssumeRoleResponse {
  const { RoleArn, RoleSessionName: sessionName, ExternalId, DurationSeconds } = input;
  checkSessionName(sessionName);
  if (RoleArn === undefined) throw constraint('roleArn', undefined, 'not be null');
  if (RoleArn.length < 20) throw constraint('roleArn', RoleArn, 'have length greater than or equal to 20');
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(RoleArn)) throw validationError(`${RoleArn} is invalid`);
  refuseUnmodelled(input);
  if (ExternalId !== undefined && !/^[\w+=,.@:/\\-]{2,1224}$/.test(ExternalId)) {
    throw constraint('externalId', ExternalId, 'satisfy regular expression pattern: [\\w+=,.@:\\/\\\\-]*');
  }
  const seconds = checkSeconds(DurationSeconds, 3600, mostSeconds);
  const policies = sessionPolicies(input, call);

  const role = findRole(call, RoleArn);
  if (!role) throw notAuthorised(call, RoleArn);
  mayAssume(call, role, { 'sts:RoleSessionName': sessionName, 'sts:ExternalId': ExternalId });
  if (call.caller.kind === 'role' && seconds > chainedSeconds) {
    throw validationError(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  // A machine's credentials last six hours whatever the role says.
  if (call.caller.kind !== 'service' && seconds > role.maxSessionSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const owner = { kind: 'session' as const, roleName: role.name, roleId: role.id, sessionName, policies };
  const credentials = newSession(call, owner, seconds);
  roles(call).put(role.name, { ...role, lastUsedMs: call.clock.now() });
  const size = policies.reduce((sum, text) => sum + text.length, 0);
  return {
    Credentials: credentials,
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: `arn:aws:sts::${call.account}:assumed-role/${role.name}/${sessionName}`,
    },
    ...(size > 0 ? { PackedPolicySize: Math.ceil((100 * size) / longestPolicy) } : {}),
  };
}

function checkSessionName(name: string | undefined): asserts name is string {
  if (name === undefined) throw constraint('roleSessionName', undefined, 'not be null');
  if (name.length < 2) throw constraint('roleSessionName', name, 'have length greater than or equal to 2');
  if (name.length > 64) throw constraint('roleSessionName', name, 'have length less than or equal to 64');
  if (!/^[\w+=,.@-]*$/.test(name)) {
    throw constraint('roleSessionName', name, 'satisfy regular expression pattern: [\\w+=,.@-]*');
  }
}

function refuseUnmodelled(input: AssumeRoleRequest): void {
  for (const member of ['SerialNumber', 'TokenCode', 'SourceIdentity'] as const) {
    if (input[member] !== undefined) throw validationError(`${member} is not modelled by Orrery`);
  }
  for (const member of ['Tags', 'TransitiveTagKeys', 'ProvidedContexts'] as const) {
    if (input[member]?.length) throw validationError(`${member} is not modelled by Orrery`);
  }
}

/** The texts that narrow the session: its own and those of managed policies. */
function sessionPolicies(input: AssumeRoleRequest, call: Call): string[] {
  const texts: string[] = [];
  if (input.Policy !== undefined) {
    if (input.Policy.length > longestPolicy) {
      throw constraint('policy', input.Policy, `have length less than or equal to ${longestPolicy}`);
    }
    texts.push(checkIdentityPolicy(input.Policy));
  }
  for (const { arn } of input.PolicyArns ?? []) {
    const policy = needPolicy(call, arn);
    const document = policy.versions[policy.defaultVersionId]?.document;
    if (document !== undefined) texts.push(document);
  }
  if ((input.PolicyArns?.length ?? 0) > 10) {
    throw constraint('policyArns', input.PolicyArns?.length, 'have length less than or equal to 10');
  }
  return texts;
}

/** A service knows the role by its name, whatever its path; everybody else must name it exactly. */
function findRole(call: Call, arn: string): RoleRecord | undefined {
  const role = roles(call).get(arn.slice(arn.lastIndexOf('/') + 1));
  if (!role) return undefined;
  const sameAccount = arn.split(':')[4] === call.account;
  return role.arn === arn || (call.caller.kind === 'service' && sameAccount) ? role : undefined;
}

function mayAssume(call: Call, role: RoleRecord, context: NonNullable<Access['context']>): void {
  const access: Access = {
    action: 'sts:AssumeRole',
    resource: role.arn,
    resourcePolicy: role.trustPolicy,
    resourcePolicyDecides: true,
    context,
  };
  const { caller } = call;
  // A service that is trusted as itself must still be named by the role.
  const asked = caller.kind === 'service' ? { ...caller, trusted: false } : caller;
  const verdict = authorise(call, asked, call.via, access);
  if (verdict.allowed) return;
  call.note({
    source: 'iam',
    kind: 'access-denied',
    text: verdict.reason,
    data: { action: access.action, resource: access.resource, caller: callerName(caller) },
  });
  throw notAuthorised(call, role.arn, verdict.message.match(/ with an explicit deny in .*$/)?.[0]);
}

/** The same whether there is no such role or it does not trust the caller. */
function notAuthorised({ caller }: Call, arn: string, suffix = ''): Fault {
  return new Fault(
    'AccessDenied',
    `User: ${callerName(caller)} is not authorized to perform: sts:AssumeRole on resource: ${arn}${suffix}`,
    { status: 403 },
  );
}
