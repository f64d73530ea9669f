/** Managed policies: the account's own with their versions, and those that AWS manages. */
import type {
  CreatePolicyRequest,
  CreatePolicyVersionRequest,
  DeletePolicyRequest,
  DeletePolicyVersionRequest,
  GetPolicyRequest,
  GetPolicyVersionRequest,
  ListEntitiesForPolicyRequest,
  ListPoliciesRequest,
  ListPolicyTagsRequest,
  ListPolicyVersionsRequest,
  Policy,
  PolicyVersion,
  SetDefaultPolicyVersionRequest,
  TagPolicyRequest,
  UntagPolicyRequest,
} from '@aws-sdk/client-iam';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { awsManagedPolicies, awsManagedPolicy } from './aws-managed.ts';
import { checkIdentityPolicy, documentSize } from './documents.ts';
import { alreadyExists, deleteConflict, invalidInput, limitExceeded, noSuchEntity, quotaExceeded } from './faults.ts';
import {
  addTags,
  checkDescription,
  checkName,
  checkPath,
  checkTags,
  encoded,
  iamArn,
  page,
  uniqueId,
  withoutTags,
} from './names.ts';
import { groups, type ManagedPolicyRecord, managedPolicies, type PrincipalRecord, roles, users } from './state.ts';

const longestManaged = 6144;
const mostVersions = 5;
/** AWS keeps no secret about when it made these; the model gives them all one date. */
const awsMadeMs = Date.UTC(2015, 1, 6, 18, 39, 46);

/** Any managed policy by its ARN, AWS's own as records with one version. */
export function findPolicy(scope: Scope, arn: string): ManagedPolicyRecord | undefined {
  const own = managedPolicies(scope).get(arn);
  if (own) return own;
  const aws = awsManagedPolicy(arn);
  if (!aws) return undefined;
  return {
    arn,
    name: aws.name,
    path: aws.path,
    id: `ANPA${Buffer.from(aws.name).toString('hex').toUpperCase().padEnd(17, 'A').slice(-17)}`,
    createdMs: awsMadeMs,
    updatedMs: awsMadeMs,
    tags: [],
    defaultVersionId: 'v1',
    versions: { v1: { document: aws.document, createdMs: awsMadeMs } },
  };
}

export function needPolicy(scope: Scope, arn: string | undefined): ManagedPolicyRecord {
  if (!arn || !/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/.+$/.test(arn)) {
    throw invalidInput(`ARN ${arn ?? ''} is not valid.`);
  }
  const policy = findPolicy(scope, arn);
  if (!policy) throw noSuchEntity(`Policy ${arn} was not found.`);
  return policy;
}

function needOwnPolicy(scope: Scope, arn: string | undefined): ManagedPolicyRecord {
  const policy = needPolicy(scope, arn);
  if (policy.arn.startsWith('arn:aws:iam::aws:')) {
    throw new Fault('AccessDenied', `Policy ${policy.arn} is managed by AWS and cannot be changed`, { status: 403 });
  }
  return policy;
}

function checkSize(document: string): string {
  if (documentSize(document) > longestManaged) throw quotaExceeded('PolicySize', longestManaged);
  return document;
}

export function createPolicy(input: CreatePolicyRequest, call: Call): { Policy: Policy } {
  const name = checkName('policyName', input.PolicyName, 128);
  const path = checkPath(input.Path);
  const description = checkDescription(input.Description);
  const document = checkSize(checkIdentityPolicy(input.PolicyDocument));
  const tags = checkTags(input.Tags);
  for (const other of managedPolicies(call).values()) {
    if (other.name.toLowerCase() === name.toLowerCase()) {
      throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
    }
  }
  const now = call.clock.now();
  const record: ManagedPolicyRecord = {
    arn: iamArn(call, 'policy', path, name),
    name,
    path,
    id: uniqueId(call, 'ANPA'),
    createdMs: now,
    updatedMs: now,
    tags,
    defaultVersionId: 'v1',
    versions: { v1: { document, createdMs: now } },
    ...(description === undefined ? {} : { description }),
  };
  managedPolicies(call).put(record.arn, record);
  return { Policy: renderPolicy(call, record) };
}

export function holdersOf(scope: Scope, arn: string) {
  const attached = (one: PrincipalRecord) => one.attached.includes(arn);
  const bounded = (one: PrincipalRecord) => one.boundaryArn === arn;
  const all = {
    roles: [...roles(scope).values()],
    users: [...users(scope).values()],
    groups: [...groups(scope).values()],
  };
  const pick = (which: (one: PrincipalRecord) => boolean) => ({
    roles: all.roles.filter(which),
    users: all.users.filter(which),
    groups: all.groups.filter(which),
  });
  return { attached: pick(attached), bounded: pick(bounded) };
}

const count = (held: { roles: unknown[]; users: unknown[]; groups: unknown[] }) =>
  held.roles.length + held.users.length + held.groups.length;

function renderPolicy(scope: Scope, record: ManagedPolicyRecord, listed = false): Policy {
  const { attached, bounded } = holdersOf(scope, record.arn);
  return {
    PolicyName: record.name,
    PolicyId: record.id,
    Arn: record.arn,
    Path: record.path,
    DefaultVersionId: record.defaultVersionId,
    AttachmentCount: count(attached),
    PermissionsBoundaryUsageCount: count(bounded),
    IsAttachable: true,
    CreateDate: new Date(record.createdMs),
    UpdateDate: new Date(record.updatedMs),
    ...(record.description === undefined || listed ? {} : { Description: record.description }),
    ...(record.tags.length === 0 || listed ? {} : { Tags: [...record.tags] }),
  };
}

export function getPolicy(input: GetPolicyRequest, call: Call): { Policy: Policy } {
  return { Policy: renderPolicy(call, needPolicy(call, input.PolicyArn)) };
}

export function listPolicies(input: ListPoliciesRequest, call: Call) {
  const { Scope: scope = 'All', PathPrefix = '/', OnlyAttached = false, PolicyUsageFilter } = input;
  const own = scope === 'AWS' ? [] : [...managedPolicies(call).values()];
  const aws = scope === 'Local' ? [] : [...awsManagedPolicies()].flatMap(({ arn }) => findPolicy(call, arn) ?? []);
  const all = [...own, ...aws].filter(({ path, arn }) => {
    if (!path.startsWith(PathPrefix)) return false;
    const { attached, bounded } = holdersOf(call, arn);
    if (PolicyUsageFilter === 'PermissionsBoundary') return count(bounded) > 0;
    if (PolicyUsageFilter === 'PermissionsPolicy' || OnlyAttached) return count(attached) > 0;
    return true;
  });
  const { items, ...more } = page(all, ({ arn }) => arn, input);
  return { Policies: items.map((policy) => renderPolicy(call, policy, true)), ...more };
}

export function deletePolicy(input: DeletePolicyRequest, call: Call) {
  const policy = needOwnPolicy(call, input.PolicyArn);
  const { attached, bounded } = holdersOf(call, policy.arn);
  if (count(attached) + count(bounded) > 0) throw deleteConflict('Cannot delete a policy attached to entities.');
  if (Object.keys(policy.versions).length > 1) {
    throw deleteConflict(
      "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    );
  }
  managedPolicies(call).delete(policy.arn);
  return {};
}

export function createPolicyVersion(input: CreatePolicyVersionRequest, call: Call): { PolicyVersion: PolicyVersion } {
  const policy = needOwnPolicy(call, input.PolicyArn);
  const document = checkSize(checkIdentityPolicy(input.PolicyDocument));
  if (Object.keys(policy.versions).length >= mostVersions) {
    throw limitExceeded(
      `A managed policy can have up to ${mostVersions} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  const now = call.clock.now();
  // Numbers are never given twice.
  const next = (policy.lastVersion ?? Math.max(...Object.keys(policy.versions).map((id) => Number(id.slice(1))))) + 1;
  const id = `v${next}`;
  const changed: ManagedPolicyRecord = {
    ...policy,
    lastVersion: next,
    updatedMs: now,
    versions: { ...policy.versions, [id]: { document, createdMs: now } },
    ...(input.SetAsDefault ? { defaultVersionId: id } : {}),
  };
  managedPolicies(call).put(policy.arn, changed);
  return { PolicyVersion: renderVersion(changed, id, false) };
}

function needVersion(policy: ManagedPolicyRecord, id: string | undefined) {
  const version = id !== undefined && Object.hasOwn(policy.versions, id) ? policy.versions[id] : undefined;
  if (!version || id === undefined) {
    throw noSuchEntity(`Policy ${policy.arn} version ${id ?? ''} does not exist or is not attachable.`);
  }
  return { id, version };
}

function renderVersion(policy: ManagedPolicyRecord, id: string, withDocument: boolean): PolicyVersion {
  const version = policy.versions[id];
  return {
    VersionId: id,
    IsDefaultVersion: id === policy.defaultVersionId,
    CreateDate: new Date(version?.createdMs ?? policy.createdMs),
    ...(withDocument && version ? { Document: encoded(version.document) } : {}),
  };
}

export function getPolicyVersion(input: GetPolicyVersionRequest, call: Call): { PolicyVersion: PolicyVersion } {
  const policy = needPolicy(call, input.PolicyArn);
  return { PolicyVersion: renderVersion(policy, needVersion(policy, input.VersionId).id, true) };
}

export function listPolicyVersions(input: ListPolicyVersionsRequest, call: Call) {
  const policy = needPolicy(call, input.PolicyArn);
  const { items, ...more } = page(Object.keys(policy.versions), (id) => id, input);
  return { Versions: items.reverse().map((id) => renderVersion(policy, id, false)), ...more };
}

export function setDefaultPolicyVersion(input: SetDefaultPolicyVersionRequest, call: Call) {
  const policy = needOwnPolicy(call, input.PolicyArn);
  const { id } = needVersion(policy, input.VersionId);
  managedPolicies(call).put(policy.arn, { ...policy, defaultVersionId: id, updatedMs: call.clock.now() });
  return {};
}

export function deletePolicyVersion(input: DeletePolicyVersionRequest, call: Call) {
  const policy = needOwnPolicy(call, input.PolicyArn);
  const { id } = needVersion(policy, input.VersionId);
  if (id === policy.defaultVersionId) throw deleteConflict('Cannot delete the default version of a policy.');
  const { [id]: _, ...versions } = policy.versions;
  managedPolicies(call).put(policy.arn, { ...policy, versions });
  return {};
}

export function listEntitiesForPolicy(input: ListEntitiesForPolicyRequest, call: Call) {
  const policy = needPolicy(call, input.PolicyArn);
  const { EntityFilter, PathPrefix = '/', PolicyUsageFilter } = input;
  const held = holdersOf(call, policy.arn);
  const usage = PolicyUsageFilter === 'PermissionsBoundary' ? held.bounded : held.attached;
  const kinds = { Role: usage.roles, User: usage.users, Group: usage.groups };
  const wanted = (kind: string) => EntityFilter === undefined || EntityFilter === kind;
  if (EntityFilter !== undefined && !Object.hasOwn(kinds, EntityFilter)) {
    throw invalidInput(`EntityFilter ${EntityFilter} is not modelled by Orrery`);
  }
  const all = Object.entries(kinds).flatMap(([kind, list]) =>
    wanted(kind) ? list.filter(({ path }) => path.startsWith(PathPrefix)).map((one) => ({ kind, one })) : [],
  );
  const { items, ...more } = page(all, ({ kind, one }) => `${kind}/${one.name}`, input);
  const of = (kind: string) => items.flatMap((item) => (item.kind === kind ? [item.one] : []));
  return {
    PolicyRoles: of('Role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    PolicyUsers: of('User').map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyGroups: of('Group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
    ...more,
  };
}

export function tagPolicy(input: TagPolicyRequest, call: Call) {
  const policy = needOwnPolicy(call, input.PolicyArn);
  managedPolicies(call).put(policy.arn, { ...policy, tags: addTags(policy.tags, input.Tags) });
  return {};
}

export function untagPolicy(input: UntagPolicyRequest, call: Call) {
  const policy = needOwnPolicy(call, input.PolicyArn);
  managedPolicies(call).put(policy.arn, { ...policy, tags: withoutTags(policy.tags, input.TagKeys) });
  return {};
}

export function listPolicyTags(input: ListPolicyTagsRequest, call: Call) {
  const { items, ...more } = page(needPolicy(call, input.PolicyArn).tags, ({ Key }) => Key, input);
  return { Tags: items, ...more };
}
