/**
 * IAM: who there is in the account and what their policies let them do. Every call is decided by `authorise`, with what
 * is kept here.
 *
 * Not modelled: passwords and MFA devices, identity providers, server certificates, the policy simulator, last-used data.
 */
import { type AnyHandler, type Operation, service } from '../service.ts';
import { iamAccess } from './access.ts';
import * as account from './account.ts';
import { holderPolicyOperations } from './holder-policies.ts';
import * as instanceProfile from './instance-profile.ts';
import * as managedPolicy from './managed-policy.ts';
import {
  groupType,
  instanceProfileType,
  managedPolicyType,
  policyType,
  roleType,
  serviceLinkedRoleType,
  userType,
} from './resources.ts';
import * as role from './role.ts';
import * as serviceLinkedRole from './service-linked-role.ts';
import * as user from './user.ts';

const handlers: Record<string, AnyHandler> = {
  createRole: role.createRole,
  getRole: role.getRole,
  listRoles: role.listRoles,
  updateRole: role.updateRole,
  updateRoleDescription: role.updateRoleDescription,
  updateAssumeRolePolicy: role.updateAssumeRolePolicy,
  deleteRole: role.deleteRole,
  tagRole: role.tagRole,
  untagRole: role.untagRole,
  listRoleTags: role.listRoleTags,
  putRolePermissionsBoundary: role.putRolePermissionsBoundary,
  deleteRolePermissionsBoundary: role.deleteRolePermissionsBoundary,

  ...instanceProfile,
  ...holderPolicyOperations,
  ...serviceLinkedRole,
  ...account,

  createPolicy: managedPolicy.createPolicy,
  getPolicy: managedPolicy.getPolicy,
  listPolicies: managedPolicy.listPolicies,
  deletePolicy: managedPolicy.deletePolicy,
  createPolicyVersion: managedPolicy.createPolicyVersion,
  getPolicyVersion: managedPolicy.getPolicyVersion,
  listPolicyVersions: managedPolicy.listPolicyVersions,
  setDefaultPolicyVersion: managedPolicy.setDefaultPolicyVersion,
  deletePolicyVersion: managedPolicy.deletePolicyVersion,
  listEntitiesForPolicy: managedPolicy.listEntitiesForPolicy,
  tagPolicy: managedPolicy.tagPolicy,
  untagPolicy: managedPolicy.untagPolicy,
  listPolicyTags: managedPolicy.listPolicyTags,

  createUser: user.createUser,
  getUser: user.getUser,
  listUsers: user.listUsers,
  deleteUser: user.deleteUser,
  tagUser: user.tagUser,
  untagUser: user.untagUser,
  listUserTags: user.listUserTags,
  putUserPermissionsBoundary: user.putUserPermissionsBoundary,
  deleteUserPermissionsBoundary: user.deleteUserPermissionsBoundary,
  createAccessKey: user.createAccessKey,
  listAccessKeys: user.listAccessKeys,
  updateAccessKey: user.updateAccessKey,
  deleteAccessKey: user.deleteAccessKey,
  getAccessKeyLastUsed: user.getAccessKeyLastUsed,
  createGroup: user.createGroup,
  getGroup: user.getGroup,
  listGroups: user.listGroups,
  listGroupsForUser: user.listGroupsForUser,
  deleteGroup: user.deleteGroup,
  addUserToGroup: user.addUserToGroup,
  removeUserFromGroup: user.removeUserFromGroup,
};

export const iam = service('@aws-sdk/client-iam', 'iam', {
  operations: Object.fromEntries(
    Object.entries(handlers).map(([name, handle]): [string, Operation] => [name, { handle, access: iamAccess }]),
  ),
  resources: {
    'AWS::IAM::Role': roleType,
    'AWS::IAM::InstanceProfile': instanceProfileType,
    'AWS::IAM::Policy': policyType,
    'AWS::IAM::ManagedPolicy': managedPolicyType,
    'AWS::IAM::User': userType,
    'AWS::IAM::Group': groupType,
    'AWS::IAM::ServiceLinkedRole': serviceLinkedRoleType,
  },
});
