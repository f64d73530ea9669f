/** Policies of roles, users and groups: those inside them and those attached. The three differ in names only. */
import type { Table } from '../../store/store.ts';
import type { Call, Scope } from '../service.ts';
import { checkIdentityPolicy, documentSize } from './documents.ts';
import { constraint, limitExceeded, noSuchEntity, quotaExceeded } from './faults.ts';
import { findPolicy, needPolicy } from './managed-policy.ts';
import { checkName, encoded, page } from './names.ts';
import { needOwnRole, needRole } from './role.ts';
import { groups, type PrincipalRecord, roles, users } from './state.ts';
import { needGroup, needUser } from './user.ts';

interface Input {
  readonly RoleName?: string | undefined;
  readonly UserName?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly PolicyName?: string | undefined;
  readonly PolicyDocument?: string | undefined;
  readonly PolicyArn?: string | undefined;
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

interface Kind {
  readonly noun: 'role' | 'user' | 'group';
  readonly quota: string;
  /** Bytes of all inline policies together. */
  readonly inlineBytes: number;
  find(scope: Scope, input: Input): PrincipalRecord;
  findToChange(scope: Scope, input: Input): PrincipalRecord;
  put(scope: Scope, record: PrincipalRecord): void;
}

const mostAttached = 10;
const putInto = <T extends PrincipalRecord>(table: Table<T>, record: PrincipalRecord) => {
  const before = table.get(record.name);
  if (before) table.put(record.name, { ...before, ...record });
};

const role: Kind = {
  noun: 'role',
  quota: 'PoliciesPerRole',
  inlineBytes: 10_240,
  find: (scope, { RoleName }) => needRole(scope, RoleName),
  findToChange: (scope, { RoleName }) => needOwnRole(scope, RoleName),
  put: (scope, record) => putInto(roles(scope), record),
};
const user: Kind = {
  noun: 'user',
  quota: 'PoliciesPerUser',
  inlineBytes: 2_048,
  find: (scope, { UserName }) => needUser(scope, UserName),
  findToChange: (scope, { UserName }) => needUser(scope, UserName),
  put: (scope, record) => putInto(users(scope), record),
};
const group: Kind = {
  noun: 'group',
  quota: 'PoliciesPerGroup',
  inlineBytes: 5_120,
  find: (scope, { GroupName }) => needGroup(scope, GroupName),
  findToChange: (scope, { GroupName }) => needGroup(scope, GroupName),
  put: (scope, record) => putInto(groups(scope), record),
};

const nameMember = { role: 'RoleName', user: 'UserName', group: 'GroupName' } as const;

function operationsOf(kind: Kind) {
  const { noun } = kind;

  function needInline(holder: PrincipalRecord, name: string | undefined): { name: string; document: string } {
    const known = checkName('policyName', name, 128);
    const document = Object.hasOwn(holder.inline, known) ? holder.inline[known] : undefined;
    if (document === undefined) throw noSuchEntity(`The ${noun} policy with name ${known} cannot be found.`);
    return { name: known, document };
  }

  return {
    put(input: Input, call: Call) {
      const holder = kind.findToChange(call, input);
      const name = checkName('policyName', input.PolicyName, 128);
      const inline = { ...holder.inline, [name]: checkIdentityPolicy(input.PolicyDocument) };
      const bytes = Object.values(inline).reduce((sum, text) => sum + documentSize(text), 0);
      if (bytes > kind.inlineBytes) {
        throw limitExceeded(`Maximum policy size of ${kind.inlineBytes} bytes exceeded for ${noun} ${holder.name}`);
      }
      kind.put(call, { ...holder, inline });
      return {};
    },
    get(input: Input, call: Call) {
      const holder = kind.find(call, input);
      const { name, document } = needInline(holder, input.PolicyName);
      return { [nameMember[noun]]: holder.name, PolicyName: name, PolicyDocument: encoded(document) };
    },
    list(input: Input, call: Call) {
      const { items, ...more } = page(Object.keys(kind.find(call, input).inline), (name) => name, input);
      return { PolicyNames: items, ...more };
    },
    delete(input: Input, call: Call) {
      const holder = kind.findToChange(call, input);
      const { name } = needInline(holder, input.PolicyName);
      const { [name]: _, ...inline } = holder.inline;
      kind.put(call, { ...holder, inline });
      return {};
    },
    attach(input: Input, call: Call) {
      const holder = kind.findToChange(call, input);
      const arn = input.PolicyArn;
      if (arn === undefined) throw constraint('policyArn', undefined, 'not be null');
      if (arn.startsWith('arn:') && !findPolicy(call, arn)) {
        throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
      }
      needPolicy(call, arn);
      if (holder.attached.includes(arn)) return {};
      if (holder.attached.length >= mostAttached) throw quotaExceeded(kind.quota, mostAttached);
      kind.put(call, { ...holder, attached: [...holder.attached, arn] });
      return {};
    },
    detach(input: Input, call: Call) {
      const holder = kind.findToChange(call, input);
      const arn = input.PolicyArn;
      if (arn === undefined || !holder.attached.includes(arn)) {
        throw noSuchEntity(`Policy ${arn ?? ''} was not found.`);
      }
      kind.put(call, { ...holder, attached: holder.attached.filter((one) => one !== arn) });
      return {};
    },
    listAttached(input: Input, call: Call) {
      const { PathPrefix = '/' } = input;
      const attached = kind.find(call, input).attached.flatMap((arn) => {
        const policy = findPolicy(call, arn);
        return policy?.path.startsWith(PathPrefix) ? [{ PolicyName: policy.name, PolicyArn: arn }] : [];
      });
      const { items, ...more } = page(attached, ({ PolicyName }) => PolicyName, input);
      return { AttachedPolicies: items, ...more };
    },
  };
}

const ofRole = operationsOf(role);
const ofUser = operationsOf(user);
const ofGroup = operationsOf(group);

export const holderPolicyOperations = {
  putRolePolicy: ofRole.put,
  getRolePolicy: ofRole.get,
  listRolePolicies: ofRole.list,
  deleteRolePolicy: ofRole.delete,
  attachRolePolicy: ofRole.attach,
  detachRolePolicy: ofRole.detach,
  listAttachedRolePolicies: ofRole.listAttached,

  putUserPolicy: ofUser.put,
  getUserPolicy: ofUser.get,
  listUserPolicies: ofUser.list,
  deleteUserPolicy: ofUser.delete,
  attachUserPolicy: ofUser.attach,
  detachUserPolicy: ofUser.detach,
  listAttachedUserPolicies: ofUser.listAttached,

  putGroupPolicy: ofGroup.put,
  getGroupPolicy: ofGroup.get,
  listGroupPolicies: ofGroup.list,
  deleteGroupPolicy: ofGroup.delete,
  attachGroupPolicy: ofGroup.attach,
  detachGroupPolicy: ofGroup.detach,
  listAttachedGroupPolicies: ofGroup.listAttached,
};
