/** IAM's records, of the whole account. STS shares them: sessions are keys with an end. */
import type { Scope } from '../service.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** What users and roles have in common. */
export interface PrincipalRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** `AROA…`, `AIDA…` */
  readonly id: string;
  readonly createdMs: number;
  readonly tags: readonly Tag[];
  /** JSON text by policy name. */
  readonly inline: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
  readonly boundaryArn?: string;
}

export interface RoleRecord extends PrincipalRecord {
  readonly trustPolicy: string;
  readonly description?: string;
  readonly maxSessionSeconds: number;
  readonly lastUsedMs?: number;
}

export interface UserRecord extends PrincipalRecord {
  readonly groups: readonly string[];
}

export interface GroupRecord extends PrincipalRecord {
  readonly isGroup: true;
}

export interface ManagedPolicyRecord {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly tags: readonly Tag[];
  readonly defaultVersionId: string;
  /** The highest version number ever given; absent while there is `v1` only. */
  readonly lastVersion?: number;
  readonly versions: Readonly<Record<string, { readonly document: string; readonly createdMs: number }>>;
}

export interface InstanceProfileRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdMs: number;
  readonly roleName?: string;
  readonly tags: readonly Tag[];
}

export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdMs: number;
  readonly owner:
    | { readonly kind: 'user'; readonly userName: string }
    | {
        readonly kind: 'session';
        readonly roleName: string;
        /** `AROA…` */
        readonly roleId: string;
        readonly sessionName: string;
        readonly sessionToken: string;
        readonly expirationMs: number;
        /** JSON texts that narrow the session. */
        readonly policies: readonly string[];
      }
    /** A token of a user's own, or of root's where there is no name. */
    | {
        readonly kind: 'userSession';
        readonly userName?: string;
        readonly sessionToken: string;
        readonly expirationMs: number;
      };
}

export const roles = (scope: Scope) => scope.globalTable<RoleRecord>('iam/roles');
export const users = (scope: Scope) => scope.globalTable<UserRecord>('iam/users');
export const groups = (scope: Scope) => scope.globalTable<GroupRecord>('iam/groups');
/** By ARN; the policies that AWS manages are in `aws-managed.ts`. */
export const managedPolicies = (scope: Scope) => scope.globalTable<ManagedPolicyRecord>('iam/policies');
export const instanceProfiles = (scope: Scope) => scope.globalTable<InstanceProfileRecord>('iam/instanceProfiles');
/** By access key id. */
export const accessKeys = (scope: Scope) => scope.globalTable<AccessKeyRecord>('iam/accessKeys');
