/** Roles: what a machine, a service or somebody else may become. */
import type {
  CreateRoleRequest,
  DeleteRolePermissionsBoundaryRequest,
  DeleteRoleRequest,
  GetRoleRequest,
  ListRolesRequest,
  ListRoleTagsRequest,
  PutRolePermissionsBoundaryRequest,
  Role,
  TagRoleRequest,
  UntagRoleRequest,
  UpdateAssumeRolePolicyRequest,
  UpdateRoleDescriptionRequest,
  UpdateRoleRequest,
} from '@aws-sdk/client-iam';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { checkTrustPolicy } from './documents.ts';
import { alreadyExists, constraint, deleteConflict, noSuchEntity } from './faults.ts';
import { needPolicy } from './managed-policy.ts';
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
import { accessKeys, instanceProfiles, type RoleRecord, roles } from './state.ts';

const longestRoleName = 64;
export const serviceLinkedPath = '/aws-service-role/';

export function needRole(scope: Scope, name: string | undefined): RoleRecord {
  const role = roles(scope).get(checkName('roleName', name, longestRoleName));
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

/** A role that is the account's own to change. */
export function needOwnRole(scope: Scope, name: string | undefined): RoleRecord {
  const role = needRole(scope, name);
  if (role.path.startsWith(serviceLinkedPath)) {
    throw new Fault(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
      { status: 400 },
    );
  }
  return role;
}

function sessionSeconds(given: number | undefined): number {
  const seconds = given ?? 3600;
  if (!(seconds >= 3600)) throw constraint('maxSessionDuration', seconds, 'have value greater than or equal to 3600');
  if (seconds > 43_200) throw constraint('maxSessionDuration', seconds, 'have value less than or equal to 43200');
  return seconds;
}

export function nameTaken(names: Iterable<string>, name: string): boolean {
  // Names keep their case, but two may not differ in it alone.
  for (const other of names) if (other.toLowerCase() === name.toLowerCase()) return true;
  return false;
}

export function createRole(input: CreateRoleRequest, call: Call): { Role: Role } {
  const name = checkName('roleName', input.RoleName, longestRoleName);
  const path = checkPath(input.Path);
  const description = checkDescription(input.Description);
  const boundary =
    input.PermissionsBoundary === undefined ? undefined : needPolicy(call, input.PermissionsBoundary).arn;
  const record: RoleRecord = {
    name,
    path,
    arn: iamArn(call, 'role', path, name),
    id: uniqueId(call, 'AROA'),
    createdMs: call.clock.now(),
    tags: checkTags(input.Tags),
    inline: {},
    attached: [],
    trustPolicy: checkTrustPolicy(call, input.AssumeRolePolicyDocument),
    maxSessionSeconds: sessionSeconds(input.MaxSessionDuration),
    ...(description === undefined ? {} : { description }),
    ...(boundary === undefined ? {} : { boundaryArn: boundary }),
  };
  if (nameTaken(roles(call).keys(), name)) throw alreadyExists(`Role with name ${name} already exists.`);
  roles(call).put(name, record);
  return { Role: renderRole(record, 'created') };
}

/** `listed`: without tags, boundary and last use, as ListRoles gives them; `created`: without last use. */
export function renderRole(record: RoleRecord, how: 'full' | 'created' | 'listed' = 'full'): Role {
  const { boundaryArn, description, lastUsedMs } = record;
  return {
    Path: record.path,
    RoleName: record.name,
    RoleId: record.id,
    Arn: record.arn,
    CreateDate: new Date(record.createdMs),
    AssumeRolePolicyDocument: encoded(record.trustPolicy),
    MaxSessionDuration: record.maxSessionSeconds,
    ...(description === undefined ? {} : { Description: description }),
    ...(boundaryArn === undefined || how === 'listed' ? {} : { PermissionsBoundary: renderBoundary(boundaryArn) }),
    ...(record.tags.length === 0 || how === 'listed' ? {} : { Tags: [...record.tags] }),
    ...(how === 'full' ? { RoleLastUsed: lastUsedMs === undefined ? {} : { LastUsedDate: new Date(lastUsedMs) } } : {}),
  };
}

export function renderBoundary(arn: string) {
  return { PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const, PermissionsBoundaryArn: arn };
}

export function getRole(input: GetRoleRequest, call: Call): { Role: Role } {
  return { Role: renderRole(needRole(call, input.RoleName)) };
}

export function listRoles(input: ListRolesRequest, call: Call) {
  const { PathPrefix = '/' } = input;
  const all = [...roles(call).values()].filter(({ path }) => path.startsWith(PathPrefix));
  const { items, ...more } = page(all, (role) => role.name, input);
  return { Roles: items.map((role) => renderRole(role, 'listed')), ...more };
}

export function updateRole(input: UpdateRoleRequest, call: Call) {
  change(call, input.RoleName, (role) => ({
    ...role,
    ...(input.Description === undefined ? {} : { description: checkDescription(input.Description) ?? '' }),
    ...(input.MaxSessionDuration === undefined ? {} : { maxSessionSeconds: sessionSeconds(input.MaxSessionDuration) }),
  }));
  return {};
}

export function updateRoleDescription(input: UpdateRoleDescriptionRequest, call: Call): { Role: Role } {
  const description = checkDescription(input.Description) ?? '';
  return { Role: renderRole(change(call, input.RoleName, (role) => ({ ...role, description }))) };
}

export function updateAssumeRolePolicy(input: UpdateAssumeRolePolicyRequest, call: Call) {
  const role = needOwnRole(call, input.RoleName);
  roles(call).put(role.name, { ...role, trustPolicy: checkTrustPolicy(call, input.PolicyDocument) });
  return {};
}

export function deleteRole(input: DeleteRoleRequest, call: Call) {
  const role = needOwnRole(call, input.RoleName);
  for (const profile of instanceProfiles(call).values()) {
    if (profile.roleName === role.name) {
      throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
    }
  }
  if (role.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
  if (Object.keys(role.inline).length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.');
  roles(call).delete(role.name);
  endSessions(call, role.id);
  return {};
}

/** Sessions end with their role: another of the same name is another role. */
export function endSessions(call: Call, roleId: string): void {
  for (const [id, { owner }] of [...accessKeys(call).entries()]) {
    if (owner.kind === 'session' && owner.roleId === roleId) accessKeys(call).delete(id);
  }
}

export function tagRole(input: TagRoleRequest, call: Call) {
  change(call, input.RoleName, (role) => ({ ...role, tags: addTags(role.tags, input.Tags) }));
  return {};
}

export function untagRole(input: UntagRoleRequest, call: Call) {
  change(call, input.RoleName, (role) => ({ ...role, tags: withoutTags(role.tags, input.TagKeys) }));
  return {};
}

export function listRoleTags(input: ListRoleTagsRequest, call: Call) {
  const { items, ...more } = page(needRole(call, input.RoleName).tags, ({ Key }) => Key, input);
  return { Tags: items, ...more };
}

export function putRolePermissionsBoundary(input: PutRolePermissionsBoundaryRequest, call: Call) {
  const { arn } = needPolicy(call, input.PermissionsBoundary);
  change(call, input.RoleName, (role) => ({ ...role, boundaryArn: arn }));
  return {};
}

export function deleteRolePermissionsBoundary(input: DeleteRolePermissionsBoundaryRequest, call: Call) {
  change(call, input.RoleName, ({ boundaryArn: _, ...role }) => role);
  return {};
}

function change(call: Call, name: string | undefined, how: (role: RoleRecord) => RoleRecord): RoleRecord {
  const changed = how(needOwnRole(call, name));
  roles(call).put(changed.name, changed);
  return changed;
}
