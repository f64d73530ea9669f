/** Users with their access keys, and the groups they are in. */
import type {
  AccessKey,
  AddUserToGroupRequest,
  CreateAccessKeyRequest,
  CreateGroupRequest,
  CreateUserRequest,
  DeleteAccessKeyRequest,
  DeleteGroupRequest,
  DeleteUserPermissionsBoundaryRequest,
  DeleteUserRequest,
  GetAccessKeyLastUsedRequest,
  GetGroupRequest,
  GetUserRequest,
  Group,
  ListAccessKeysRequest,
  ListGroupsForUserRequest,
  ListGroupsRequest,
  ListUsersRequest,
  ListUserTagsRequest,
  PutUserPermissionsBoundaryRequest,
  RemoveUserFromGroupRequest,
  TagUserRequest,
  UntagUserRequest,
  UpdateAccessKeyRequest,
  User,
} from '@aws-sdk/client-iam';
import type { Call, Scope } from '../service.ts';
import { alreadyExists, constraint, deleteConflict, noSuchEntity, quotaExceeded, validationError } from './faults.ts';
import { needPolicy } from './managed-policy.ts';
import { addTags, checkName, checkPath, checkTags, iamArn, page, uniqueId, withoutTags } from './names.ts';
import { nameTaken, renderBoundary } from './role.ts';
import { type AccessKeyRecord, accessKeys, type GroupRecord, groups, type UserRecord, users } from './state.ts';

const mostKeys = 2;
const mostGroups = 10;

export function needUser(scope: Scope, name: string | undefined): UserRecord {
  const user = users(scope).get(checkName('userName', name, 64));
  if (!user) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

export function needGroup(scope: Scope, name: string | undefined): GroupRecord {
  const group = groups(scope).get(checkName('groupName', name, 128));
  if (!group) throw noSuchEntity(`The group with name ${name} cannot be found.`);
  return group;
}

/** Without a name: the user who calls. */
function named(call: Call, name: string | undefined): string {
  if (name !== undefined) return name;
  if (call.caller.kind === 'user' && call.caller.userName) return call.caller.userName;
  throw validationError('Must specify userName when calling with non-User credentials');
}

export function createUser(input: CreateUserRequest, call: Call): { User: User } {
  const name = checkName('userName', input.UserName, 64);
  const path = checkPath(input.Path);
  const boundary =
    input.PermissionsBoundary === undefined ? undefined : needPolicy(call, input.PermissionsBoundary).arn;
  const record: UserRecord = {
    name,
    path,
    arn: iamArn(call, 'user', path, name),
    id: uniqueId(call, 'AIDA'),
    createdMs: call.clock.now(),
    tags: checkTags(input.Tags),
    inline: {},
    attached: [],
    groups: [],
    ...(boundary === undefined ? {} : { boundaryArn: boundary }),
  };
  if (nameTaken(users(call).keys(), name)) throw alreadyExists(`User with name ${name} already exists.`);
  users(call).put(name, record);
  return { User: renderUser(record) };
}

function renderUser(record: UserRecord, listed = false): User {
  return {
    Path: record.path,
    UserName: record.name,
    UserId: record.id,
    Arn: record.arn,
    CreateDate: new Date(record.createdMs),
    ...(record.boundaryArn === undefined || listed ? {} : { PermissionsBoundary: renderBoundary(record.boundaryArn) }),
    ...(record.tags.length === 0 || listed ? {} : { Tags: [...record.tags] }),
  };
}

export function getUser(input: GetUserRequest, call: Call): { User: User } {
  const { caller } = call;
  if (input.UserName === undefined && caller.kind === 'root') {
    return {
      User: { Path: '/', UserName: undefined, UserId: call.account, Arn: caller.arn, CreateDate: new Date(0) } as User,
    };
  }
  return { User: renderUser(needUser(call, named(call, input.UserName))) };
}

export function listUsers(input: ListUsersRequest, call: Call) {
  const { PathPrefix = '/' } = input;
  const all = [...users(call).values()].filter(({ path }) => path.startsWith(PathPrefix));
  const { items, ...more } = page(all, ({ name }) => name, input);
  return { Users: items.map((user) => renderUser(user, true)), ...more };
}

export function deleteUser(input: DeleteUserRequest, call: Call) {
  const user = needUser(call, input.UserName);
  if (user.groups.length > 0) throw deleteConflict('Cannot delete entity, must remove users from group first.');
  if (user.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
  if (Object.keys(user.inline).length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.');
  if (keysOf(call, user.name).length > 0) throw deleteConflict('Cannot delete entity, must delete access keys first.');
  users(call).delete(user.name);
  for (const [id, { owner }] of [...accessKeys(call).entries()]) {
    if (owner.kind === 'userSession' && owner.userName === user.name) accessKeys(call).delete(id);
  }
  return {};
}

export function tagUser(input: TagUserRequest, call: Call) {
  const user = needUser(call, input.UserName);
  users(call).put(user.name, { ...user, tags: addTags(user.tags, input.Tags) });
  return {};
}

export function untagUser(input: UntagUserRequest, call: Call) {
  const user = needUser(call, input.UserName);
  users(call).put(user.name, { ...user, tags: withoutTags(user.tags, input.TagKeys) });
  return {};
}

export function listUserTags(input: ListUserTagsRequest, call: Call) {
  const { items, ...more } = page(needUser(call, input.UserName).tags, ({ Key }) => Key, input);
  return { Tags: items, ...more };
}

export function putUserPermissionsBoundary(input: PutUserPermissionsBoundaryRequest, call: Call) {
  const user = needUser(call, input.UserName);
  users(call).put(user.name, { ...user, boundaryArn: needPolicy(call, input.PermissionsBoundary).arn });
  return {};
}

export function deleteUserPermissionsBoundary(input: DeleteUserPermissionsBoundaryRequest, call: Call) {
  const { boundaryArn: _, ...user } = needUser(call, input.UserName);
  users(call).put(user.name, user);
  return {};
}

function keysOf(scope: Scope, userName: string): AccessKeyRecord[] {
  return [...accessKeys(scope).values()].filter(({ owner }) => owner.kind === 'user' && owner.userName === userName);
}

export function createAccessKey(input: CreateAccessKeyRequest, call: Call): { AccessKey: AccessKey } {
  const user = needUser(call, named(call, input.UserName));
  if (keysOf(call, user.name).length >= mostKeys) throw quotaExceeded('AccessKeysPerUser', mostKeys);
  const record: AccessKeyRecord = {
    accessKeyId: `AKIA${call.random.text(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
    secretAccessKey: call.random.secret(30).toString('base64'),
    status: 'Active',
    createdMs: call.clock.now(),
    owner: { kind: 'user', userName: user.name },
  };
  accessKeys(call).put(record.accessKeyId, record);
  return {
    AccessKey: {
      UserName: user.name,
      AccessKeyId: record.accessKeyId,
      Status: record.status,
      SecretAccessKey: record.secretAccessKey,
      CreateDate: new Date(record.createdMs),
    },
  };
}

function needKey(call: Call, userName: string, id: string | undefined): AccessKeyRecord {
  const key = keysOf(call, userName).find(({ accessKeyId }) => accessKeyId === id);
  if (!key) throw noSuchEntity(`The Access Key with id ${id ?? ''} cannot be found.`);
  return key;
}

export function listAccessKeys(input: ListAccessKeysRequest, call: Call) {
  const { name } = needUser(call, named(call, input.UserName));
  const { items, ...more } = page(keysOf(call, name), ({ accessKeyId }) => accessKeyId, input);
  const AccessKeyMetadata = items.map(({ accessKeyId, status, createdMs }) => ({
    UserName: name,
    AccessKeyId: accessKeyId,
    Status: status,
    CreateDate: new Date(createdMs),
  }));
  return { AccessKeyMetadata, ...more };
}

export function updateAccessKey(input: UpdateAccessKeyRequest, call: Call) {
  const key = needKey(call, needUser(call, named(call, input.UserName)).name, input.AccessKeyId);
  const { Status } = input;
  if (Status !== 'Active' && Status !== 'Inactive') {
    throw constraint('status', Status, 'satisfy enum value set: [Active, Inactive]');
  }
  accessKeys(call).put(key.accessKeyId, { ...key, status: Status });
  return {};
}

export function deleteAccessKey(input: DeleteAccessKeyRequest, call: Call) {
  const key = needKey(call, needUser(call, named(call, input.UserName)).name, input.AccessKeyId);
  accessKeys(call).delete(key.accessKeyId);
  return {};
}

/** The model keeps no record of a key's last use: it answers as AWS does for a key that it never saw used. */
export function getAccessKeyLastUsed(input: GetAccessKeyLastUsedRequest, call: Call) {
  const owner = accessKeys(call).get(input.AccessKeyId ?? '')?.owner;
  if (owner?.kind !== 'user') throw noSuchEntity(`The Access Key with id ${input.AccessKeyId ?? ''} cannot be found`);
  return { UserName: owner.userName, AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' } };
}

export function createGroup(input: CreateGroupRequest, call: Call): { Group: Group } {
  const name = checkName('groupName', input.GroupName, 128);
  const path = checkPath(input.Path);
  if (nameTaken(groups(call).keys(), name)) throw alreadyExists(`Group with name ${name} already exists.`);
  const record: GroupRecord = {
    isGroup: true,
    name,
    path,
    arn: iamArn(call, 'group', path, name),
    id: uniqueId(call, 'AGPA'),
    createdMs: call.clock.now(),
    tags: [],
    inline: {},
    attached: [],
  };
  groups(call).put(name, record);
  return { Group: renderGroup(record) };
}

function renderGroup(record: GroupRecord): Group {
  return {
    Path: record.path,
    GroupName: record.name,
    GroupId: record.id,
    Arn: record.arn,
    CreateDate: new Date(record.createdMs),
  };
}

const membersOf = (scope: Scope, group: string) =>
  [...users(scope).values()].filter((user) => user.groups.includes(group));

export function getGroup(input: GetGroupRequest, call: Call) {
  const group = needGroup(call, input.GroupName);
  const { items, ...more } = page(membersOf(call, group.name), ({ name }) => name, input);
  return { Group: renderGroup(group), Users: items.map((user) => renderUser(user, true)), ...more };
}

export function listGroups(input: ListGroupsRequest, call: Call) {
  const { PathPrefix = '/' } = input;
  const all = [...groups(call).values()].filter(({ path }) => path.startsWith(PathPrefix));
  const { items, ...more } = page(all, ({ name }) => name, input);
  return { Groups: items.map(renderGroup), ...more };
}

export function listGroupsForUser(input: ListGroupsForUserRequest, call: Call) {
  const all = needUser(call, input.UserName).groups.flatMap((name) => groups(call).get(name) ?? []);
  const { items, ...more } = page(all, ({ name }) => name, input);
  return { Groups: items.map(renderGroup), ...more };
}

export function deleteGroup(input: DeleteGroupRequest, call: Call) {
  const group = needGroup(call, input.GroupName);
  if (membersOf(call, group.name).length > 0)
    throw deleteConflict('Cannot delete entity, must remove users from group first.');
  if (group.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
  if (Object.keys(group.inline).length > 0) throw deleteConflict('Cannot delete entity, must delete policies first.');
  groups(call).delete(group.name);
  return {};
}

export function addUserToGroup(input: AddUserToGroupRequest, call: Call) {
  const group = needGroup(call, input.GroupName);
  const user = needUser(call, input.UserName);
  if (user.groups.includes(group.name)) return {};
  if (user.groups.length >= mostGroups) throw quotaExceeded('GroupsPerUser', mostGroups);
  users(call).put(user.name, { ...user, groups: [...user.groups, group.name] });
  return {};
}

export function removeUserFromGroup(input: RemoveUserFromGroupRequest, call: Call) {
  const group = needGroup(call, input.GroupName);
  const user = needUser(call, input.UserName);
  if (!user.groups.includes(group.name)) {
    throw noSuchEntity(`The user with name ${user.name} is not in the group with name ${group.name}.`);
  }
  users(call).put(user.name, { ...user, groups: user.groups.filter((name) => name !== group.name) });
  return {};
}
