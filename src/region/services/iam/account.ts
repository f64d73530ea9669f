/** What there is in the account, in numbers. */
import type { Call } from '../service.ts';
import { accessKeys, groups, instanceProfiles, managedPolicies, roles, users } from './state.ts';

export function getAccountSummary(_input: object, call: Call) {
  const all = [...roles(call).values(), ...users(call).values(), ...groups(call).values()];
  return {
    SummaryMap: {
      Users: users(call).size,
      UsersQuota: 5000,
      Groups: groups(call).size,
      GroupsQuota: 300,
      Roles: roles(call).size,
      RolesQuota: 1000,
      InstanceProfiles: instanceProfiles(call).size,
      InstanceProfilesQuota: 1000,
      Policies: managedPolicies(call).size,
      PoliciesQuota: 1500,
      PolicyVersionsInUse: new Set(all.flatMap(({ attached }) => attached)).size,
      VersionsPerPolicyQuota: 5,
      PolicySizeQuota: 6144,
      AccessKeysPerUserQuota: 2,
      AccountAccessKeysPresent: [...accessKeys(call).values()].some(({ owner }) => owner.kind === 'user') ? 1 : 0,
      AccountMFAEnabled: 0,
      MFADevices: 0,
      Providers: 0,
    },
  };
}

/** An account alias is not modelled: there is none. */
export function listAccountAliases() {
  return { AccountAliases: [], IsTruncated: false };
}
