/** IAM in CloudFormation. */
import { resourceType } from '../../stacks/resource-type.ts';
import { resourceTags } from '../tags.ts';
import {
  createNamed,
  type Document,
  eachHolder,
  type HolderPolicies,
  type Holders,
  setBoundary,
  setPolicies,
  setTags,
  type Tag,
  text,
  unlessGone,
} from './resource-parts.ts';

const holderPaths = ['Policies[].PolicyName', 'Policies[].PolicyDocument', 'ManagedPolicyArns'];

interface RoleProperties extends HolderPolicies {
  readonly RoleName?: string;
  readonly Path?: string;
  readonly Description?: string;
  readonly AssumeRolePolicyDocument: Document;
  readonly MaxSessionDuration?: number | string;
  readonly PermissionsBoundary?: string;
  readonly Tags?: readonly Tag[];
}

const sessionSeconds = (given: number | string | undefined) => (given === undefined ? 3600 : Number(given));

export const roleType = resourceType<RoleProperties>({
  honours: [
    'RoleName',
    'Path',
    'Description',
    'AssumeRolePolicyDocument',
    'MaxSessionDuration',
    'PermissionsBoundary',
    'Tags',
    ...holderPaths,
  ],
  async create(request) {
    const { properties, invoke } = request;
    const { Path, Description, PermissionsBoundary } = properties;
    const RoleName = properties.RoleName ?? request.name(64);
    await createNamed(properties.RoleName, () =>
      invoke('iam', 'CreateRole', {
        RoleName,
        Path,
        Description,
        AssumeRolePolicyDocument: text(properties.AssumeRolePolicyDocument),
        MaxSessionDuration: sessionSeconds(properties.MaxSessionDuration),
        PermissionsBoundary,
        Tags: resourceTags(request, properties.Tags),
      }),
    );
    const { Role } = await invoke<{ Role: { Arn: string; RoleId: string } }>('iam', 'GetRole', { RoleName });
    const attributes = { Arn: Role.Arn, RoleId: Role.RoleId };
    request.made?.(RoleName, attributes);
    await setPolicies(invoke, 'Role', RoleName, properties);
    return { physicalId: RoleName, attributes };
  },
  async update(request) {
    const { properties, previous, physicalId, attributes, invoke } = request;
    await invoke('iam', 'UpdateAssumeRolePolicy', {
      RoleName: physicalId,
      PolicyDocument: text(properties.AssumeRolePolicyDocument),
    });
    await invoke('iam', 'UpdateRole', {
      RoleName: physicalId,
      Description: properties.Description ?? '',
      MaxSessionDuration: sessionSeconds(properties.MaxSessionDuration),
    });
    await setBoundary(invoke, 'Role', physicalId, properties.PermissionsBoundary);
    await setPolicies(invoke, 'Role', physicalId, properties, previous);
    await setTags(invoke, 'Role', physicalId, resourceTags(request, properties.Tags), previous.Tags);
    return { physicalId, attributes };
  },
  async delete({ physicalId, properties, invoke }) {
    await unlessGone(async () => {
      await setPolicies(invoke, 'Role', physicalId, {}, properties);
      await invoke('iam', 'DeleteRole', { RoleName: physicalId });
    });
  },
});

interface InstanceProfileProperties {
  readonly InstanceProfileName?: string;
  readonly Path?: string;
  readonly Roles: readonly string[];
}

export const instanceProfileType = resourceType<InstanceProfileProperties>({
  honours: ['InstanceProfileName', 'Path', 'Roles'],
  async create(request) {
    const { properties, invoke } = request;
    const InstanceProfileName = properties.InstanceProfileName ?? request.name(128);
    await createNamed(properties.InstanceProfileName, () =>
      invoke('iam', 'CreateInstanceProfile', { InstanceProfileName, Path: properties.Path }),
    );
    const { InstanceProfile } = await invoke<{ InstanceProfile: { Arn: string; Roles?: { RoleName: string }[] } }>(
      'iam',
      'GetInstanceProfile',
      { InstanceProfileName },
    );
    const attributes = { Arn: InstanceProfile.Arn };
    request.made?.(InstanceProfileName, attributes);
    for (const RoleName of properties.Roles) {
      if (InstanceProfile.Roles?.some((role) => role.RoleName === RoleName)) continue;
      await invoke('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
    }
    return { physicalId: InstanceProfileName, attributes };
  },
  async update({ properties, previous, physicalId, attributes, invoke }) {
    const InstanceProfileName = physicalId;
    for (const RoleName of previous.Roles) {
      if (properties.Roles.includes(RoleName)) continue;
      await unlessGone(() => invoke('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName }));
    }
    for (const RoleName of properties.Roles) {
      if (previous.Roles.includes(RoleName)) continue;
      await invoke('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
    }
    return { physicalId, attributes };
  },
  async delete({ physicalId, properties, invoke }) {
    for (const RoleName of properties.Roles) {
      await unlessGone(() =>
        invoke('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: physicalId, RoleName }),
      );
    }
    await unlessGone(() => invoke('iam', 'DeleteInstanceProfile', { InstanceProfileName: physicalId }));
  },
});

interface PolicyProperties extends Holders {
  readonly PolicyName: string;
  readonly PolicyDocument: Document;
}

/** An inline policy, put into each of its holders. */
export const policyType = resourceType<PolicyProperties>({
  honours: ['PolicyName', 'PolicyDocument', 'Roles', 'Users', 'Groups'],
  async create(request) {
    const { properties, invoke } = request;
    const physicalId = request.name(64);
    if (![properties.Roles, properties.Users, properties.Groups].some((names) => names && names.length > 0)) {
      throw new Error('At least one of [Groups,Roles,Users] must be non-empty.');
    }
    request.made?.(physicalId);
    await putEverywhere(invoke, properties, {});
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update({ properties, previous, physicalId, attributes, invoke }) {
    await putEverywhere(invoke, properties, previous.PolicyName === properties.PolicyName ? previous : {});
    if (previous.PolicyName !== properties.PolicyName) await removeEverywhere(invoke, previous);
    return { physicalId, attributes };
  },
  async delete({ properties, invoke }) {
    await removeEverywhere(invoke, properties);
  },
});

type Invoke = Parameters<typeof setPolicies>[0];

async function putEverywhere(invoke: Invoke, properties: PolicyProperties, before: Holders): Promise<void> {
  const { PolicyName, PolicyDocument } = properties;
  await eachHolder(
    properties,
    before,
    (kind, holder) =>
      invoke('iam', `Put${kind}Policy`, { ...holder, PolicyName, PolicyDocument: text(PolicyDocument) }),
    (kind, holder) => invoke('iam', `Delete${kind}Policy`, { ...holder, PolicyName }),
  );
}

async function removeEverywhere(invoke: Invoke, properties: PolicyProperties): Promise<void> {
  const { PolicyName } = properties;
  await eachHolder(
    {},
    properties,
    async () => {},
    (kind, holder) => invoke('iam', `Delete${kind}Policy`, { ...holder, PolicyName }),
  );
}

interface ManagedPolicyProperties extends Holders {
  readonly ManagedPolicyName?: string;
  readonly Path?: string;
  readonly Description?: string;
  readonly PolicyDocument: Document;
}

const mostVersions = 5;

export const managedPolicyType = resourceType<ManagedPolicyProperties>({
  honours: ['ManagedPolicyName', 'Path', 'Description', 'PolicyDocument', 'Roles', 'Users', 'Groups'],
  async create(request) {
    const { properties, invoke, stack } = request;
    const { Path = '/', Description } = properties;
    const PolicyName = properties.ManagedPolicyName ?? request.name(128);
    const PolicyArn = `arn:aws:iam::${stack.account}:policy${Path}${PolicyName}`;
    await createNamed(properties.ManagedPolicyName, () =>
      invoke('iam', 'CreatePolicy', { PolicyName, Path, Description, PolicyDocument: text(properties.PolicyDocument) }),
    );
    const { Policy } = await invoke<{ Policy: { PolicyId: string; DefaultVersionId: string } }>('iam', 'GetPolicy', {
      PolicyArn,
    });
    const attributes = { PolicyArn, PolicyId: Policy.PolicyId, DefaultVersionId: Policy.DefaultVersionId };
    request.made?.(PolicyArn, attributes);
    await attachEverywhere(invoke, PolicyArn, properties, {});
    return { physicalId: PolicyArn, attributes };
  },
  async update({ properties, previous, physicalId: PolicyArn, attributes, invoke }) {
    let { DefaultVersionId } = attributes;
    if (text(properties.PolicyDocument) !== text(previous.PolicyDocument)) {
      const { Versions } = await invoke<{ Versions: { VersionId: string; IsDefaultVersion: boolean }[] }>(
        'iam',
        'ListPolicyVersions',
        { PolicyArn },
      );
      // The oldest makes room: they are listed with the newest first.
      const oldest = Versions.filter(({ IsDefaultVersion }) => !IsDefaultVersion).at(-1);
      if (Versions.length >= mostVersions && oldest) {
        await invoke('iam', 'DeletePolicyVersion', { PolicyArn, VersionId: oldest.VersionId });
      }
      const { PolicyVersion } = await invoke<{ PolicyVersion: { VersionId: string } }>('iam', 'CreatePolicyVersion', {
        PolicyArn,
        PolicyDocument: text(properties.PolicyDocument),
        SetAsDefault: true,
      });
      DefaultVersionId = PolicyVersion.VersionId;
    }
    await attachEverywhere(invoke, PolicyArn, properties, previous);
    return { physicalId: PolicyArn, attributes: { ...attributes, DefaultVersionId } };
  },
  async delete({ properties, physicalId: PolicyArn, invoke }) {
    await attachEverywhere(invoke, PolicyArn, {}, properties);
    await unlessGone(async () => {
      const { Versions } = await invoke<{ Versions: { VersionId: string; IsDefaultVersion: boolean }[] }>(
        'iam',
        'ListPolicyVersions',
        { PolicyArn },
      );
      for (const { VersionId, IsDefaultVersion } of Versions) {
        if (!IsDefaultVersion) await invoke('iam', 'DeletePolicyVersion', { PolicyArn, VersionId });
      }
      await invoke('iam', 'DeletePolicy', { PolicyArn });
    });
  },
});

async function attachEverywhere(invoke: Invoke, PolicyArn: string, wanted: Holders, before: Holders): Promise<void> {
  await eachHolder(
    wanted,
    before,
    (kind, holder) => invoke('iam', `Attach${kind}Policy`, { ...holder, PolicyArn }),
    (kind, holder) => invoke('iam', `Detach${kind}Policy`, { ...holder, PolicyArn }),
  );
}

interface UserProperties extends HolderPolicies {
  readonly UserName?: string;
  readonly Path?: string;
  readonly Groups?: readonly string[];
  readonly PermissionsBoundary?: string;
  readonly Tags?: readonly Tag[];
}

export const userType = resourceType<UserProperties>({
  honours: ['UserName', 'Path', 'Groups', 'PermissionsBoundary', 'Tags', ...holderPaths],
  async create(request) {
    const { properties, invoke } = request;
    const UserName = properties.UserName ?? request.name(64);
    await createNamed(properties.UserName, () =>
      invoke('iam', 'CreateUser', {
        UserName,
        Path: properties.Path,
        PermissionsBoundary: properties.PermissionsBoundary,
        Tags: resourceTags(request, properties.Tags),
      }),
    );
    const { User } = await invoke<{ User: { Arn: string } }>('iam', 'GetUser', { UserName });
    const attributes = { Arn: User.Arn };
    request.made?.(UserName, attributes);
    await setPolicies(invoke, 'User', UserName, properties);
    for (const GroupName of properties.Groups ?? []) await invoke('iam', 'AddUserToGroup', { GroupName, UserName });
    return { physicalId: UserName, attributes };
  },
  async update(request) {
    const { properties, previous, physicalId: UserName, attributes, invoke } = request;
    await setBoundary(invoke, 'User', UserName, properties.PermissionsBoundary);
    await setPolicies(invoke, 'User', UserName, properties, previous);
    await setTags(invoke, 'User', UserName, resourceTags(request, properties.Tags), previous.Tags);
    const wanted = properties.Groups ?? [];
    for (const GroupName of wanted) await invoke('iam', 'AddUserToGroup', { GroupName, UserName });
    for (const GroupName of previous.Groups ?? []) {
      if (!wanted.includes(GroupName)) await leaveGroup(invoke, GroupName, UserName);
    }
    return { physicalId: UserName, attributes };
  },
  async delete({ properties, physicalId: UserName, invoke }) {
    for (const GroupName of properties.Groups ?? []) await leaveGroup(invoke, GroupName, UserName);
    await unlessGone(async () => {
      await setPolicies(invoke, 'User', UserName, {}, properties);
      await invoke('iam', 'DeleteUser', { UserName });
    });
  },
});

function leaveGroup(invoke: Invoke, GroupName: string, UserName: string): Promise<void> {
  return unlessGone(() => invoke('iam', 'RemoveUserFromGroup', { GroupName, UserName }));
}

interface GroupProperties extends HolderPolicies {
  readonly GroupName?: string;
  readonly Path?: string;
}

export const groupType = resourceType<GroupProperties>({
  honours: ['GroupName', 'Path', ...holderPaths],
  async create(request) {
    const { properties, invoke } = request;
    const GroupName = properties.GroupName ?? request.name(128);
    await createNamed(properties.GroupName, () => invoke('iam', 'CreateGroup', { GroupName, Path: properties.Path }));
    const { Group } = await invoke<{ Group: { Arn: string } }>('iam', 'GetGroup', { GroupName });
    const attributes = { Arn: Group.Arn };
    request.made?.(GroupName, attributes);
    await setPolicies(invoke, 'Group', GroupName, properties);
    return { physicalId: GroupName, attributes };
  },
  async update({ properties, previous, physicalId, attributes, invoke }) {
    await setPolicies(invoke, 'Group', physicalId, properties, previous);
    return { physicalId, attributes };
  },
  async delete({ properties, physicalId: GroupName, invoke }) {
    await unlessGone(async () => {
      await setPolicies(invoke, 'Group', GroupName, {}, properties);
      await invoke('iam', 'DeleteGroup', { GroupName });
    });
  },
});

interface ServiceLinkedRoleProperties {
  readonly AWSServiceName: string;
  readonly CustomSuffix?: string;
  readonly Description?: string;
}

export const serviceLinkedRoleType = resourceType<ServiceLinkedRoleProperties>({
  honours: ['AWSServiceName', 'CustomSuffix', 'Description'],
  async create({ properties, invoke }) {
    const { AWSServiceName, CustomSuffix, Description } = properties;
    const { Role } = await invoke<{ Role: { RoleName: string } }>('iam', 'CreateServiceLinkedRole', {
      AWSServiceName,
      CustomSuffix,
      Description,
    });
    return { physicalId: Role.RoleName, attributes: { RoleName: Role.RoleName } };
  },
  async delete({ physicalId, invoke }) {
    await unlessGone(() => invoke('iam', 'DeleteServiceLinkedRole', { RoleName: physicalId }));
  },
});
