/** Instance profiles: how a machine is given its role. */
import type {
  AddRoleToInstanceProfileRequest,
  CreateInstanceProfileRequest,
  DeleteInstanceProfileRequest,
  GetInstanceProfileRequest,
  InstanceProfile,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesRequest,
  ListInstanceProfileTagsRequest,
  RemoveRoleFromInstanceProfileRequest,
  TagInstanceProfileRequest,
  UntagInstanceProfileRequest,
} from '@aws-sdk/client-iam';
import type { Call, Scope } from '../service.ts';
import { alreadyExists, deleteConflict, noSuchEntity, quotaExceeded } from './faults.ts';
import { addTags, checkName, checkPath, checkTags, iamArn, page, uniqueId, withoutTags } from './names.ts';
import { nameTaken, needOwnRole, needRole, renderRole } from './role.ts';
import { type InstanceProfileRecord, instanceProfiles, roles } from './state.ts';

function needProfile(scope: Scope, name: string | undefined): InstanceProfileRecord {
  const profile = instanceProfiles(scope).get(checkName('instanceProfileName', name, 128));
  if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return profile;
}

function render(scope: Scope, record: InstanceProfileRecord, withTags = true): InstanceProfile {
  const role = record.roleName === undefined ? undefined : roles(scope).get(record.roleName);
  return {
    Path: record.path,
    InstanceProfileName: record.name,
    InstanceProfileId: record.id,
    Arn: record.arn,
    CreateDate: new Date(record.createdMs),
    Roles: role ? [renderRole(role, 'listed')] : [],
    ...(withTags && record.tags.length > 0 ? { Tags: [...record.tags] } : {}),
  };
}

export function createInstanceProfile(
  input: CreateInstanceProfileRequest,
  call: Call,
): { InstanceProfile: InstanceProfile } {
  const name = checkName('instanceProfileName', input.InstanceProfileName, 128);
  const path = checkPath(input.Path);
  const tags = checkTags(input.Tags);
  if (nameTaken(instanceProfiles(call).keys(), name)) throw alreadyExists(`Instance Profile ${name} already exists.`);
  const record: InstanceProfileRecord = {
    name,
    path,
    arn: iamArn(call, 'instance-profile', path, name),
    id: uniqueId(call, 'AIPA'),
    createdMs: call.clock.now(),
    tags,
  };
  instanceProfiles(call).put(name, record);
  return { InstanceProfile: render(call, record) };
}

export function getInstanceProfile(input: GetInstanceProfileRequest, call: Call): { InstanceProfile: InstanceProfile } {
  return { InstanceProfile: render(call, needProfile(call, input.InstanceProfileName)) };
}

export function listInstanceProfiles(input: ListInstanceProfilesRequest, call: Call) {
  const { PathPrefix = '/' } = input;
  const all = [...instanceProfiles(call).values()].filter(({ path }) => path.startsWith(PathPrefix));
  const { items, ...more } = page(all, ({ name }) => name, input);
  return { InstanceProfiles: items.map((one) => render(call, one, false)), ...more };
}

export function listInstanceProfilesForRole(input: ListInstanceProfilesForRoleRequest, call: Call) {
  const role = needRole(call, input.RoleName);
  const all = [...instanceProfiles(call).values()].filter(({ roleName }) => roleName === role.name);
  const { items, ...more } = page(all, ({ name }) => name, input);
  return { InstanceProfiles: items.map((one) => render(call, one, false)), ...more };
}

export function deleteInstanceProfile(input: DeleteInstanceProfileRequest, call: Call) {
  const profile = needProfile(call, input.InstanceProfileName);
  if (profile.roleName !== undefined) {
    throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
  }
  instanceProfiles(call).delete(profile.name);
  return {};
}

export function addRoleToInstanceProfile(input: AddRoleToInstanceProfileRequest, call: Call) {
  const profile = needProfile(call, input.InstanceProfileName);
  const role = needOwnRole(call, input.RoleName);
  // https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
  call.authorise({
    action: 'iam:PassRole',
    resource: role.arn,
    context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
  });
  if (profile.roleName !== undefined) throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
  instanceProfiles(call).put(profile.name, { ...profile, roleName: role.name });
  return {};
}

export function removeRoleFromInstanceProfile(input: RemoveRoleFromInstanceProfileRequest, call: Call) {
  const { roleName, ...profile } = needProfile(call, input.InstanceProfileName);
  checkName('roleName', input.RoleName, 64);
  if (roleName !== input.RoleName) throw noSuchEntity(`The role with name ${input.RoleName} cannot be found.`);
  instanceProfiles(call).put(profile.name, profile);
  return {};
}

export function tagInstanceProfile(input: TagInstanceProfileRequest, call: Call) {
  const profile = needProfile(call, input.InstanceProfileName);
  instanceProfiles(call).put(profile.name, { ...profile, tags: addTags(profile.tags, input.Tags) });
  return {};
}

export function untagInstanceProfile(input: UntagInstanceProfileRequest, call: Call) {
  const profile = needProfile(call, input.InstanceProfileName);
  instanceProfiles(call).put(profile.name, { ...profile, tags: withoutTags(profile.tags, input.TagKeys) });
  return {};
}

export function listInstanceProfileTags(input: ListInstanceProfileTagsRequest, call: Call) {
  const { items, ...more } = page(needProfile(call, input.InstanceProfileName).tags, ({ Key }) => Key, input);
  return { Tags: items, ...more };
}
