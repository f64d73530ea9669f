/** Which instance profile, and so which role, an instance has. */
import type {
  AssociateIamInstanceProfileRequest,
  AssociateIamInstanceProfileResult,
  DescribeIamInstanceProfileAssociationsRequest,
  DescribeIamInstanceProfileAssociationsResult,
  DisassociateIamInstanceProfileRequest,
  DisassociateIamInstanceProfileResult,
  IamInstanceProfileAssociation,
  ReplaceIamInstanceProfileAssociationRequest,
  ReplaceIamInstanceProfileAssociationResult,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { missing } from './faults.ts';
import { type InstanceProfileRecord, type InstanceRecord, instances, needInstance } from './instance-state.ts';

interface ProfileName {
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
}

interface IamProfile {
  readonly InstanceProfile?: {
    readonly Arn?: string;
    readonly InstanceProfileId?: string;
    readonly Roles?: readonly { readonly RoleName?: string; readonly Arn?: string }[];
  };
}

const itself = { kind: 'service', service: 'ec2.amazonaws.com', trusted: true } as const;

/** Asks IAM; who launches must be allowed to pass the role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html */
export async function resolveProfile(
  call: Call,
  wanted: ProfileName | undefined,
): Promise<Omit<InstanceProfileRecord, 'associationId' | 'sinceMs'> | undefined> {
  if (!wanted?.Arn && !wanted?.Name) return undefined;
  const name = wanted.Name ?? wanted.Arn?.slice(wanted.Arn.lastIndexOf('/') + 1) ?? '';
  const wrong = wanted.Name
    ? `Value (${wanted.Name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`
    : `Value (${wanted.Arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`;
  const input = { InstanceProfileName: name };
  const answer = await call.invoke<IamProfile>(itself, 'iam', 'GetInstanceProfile', input).catch((error: unknown) => {
    if (error instanceof Fault && /NoSuchEntity/.test(error.code)) throw new Fault('InvalidParameterValue', wrong);
    throw error;
  });
  const { Arn, InstanceProfileId, Roles } = answer.InstanceProfile ?? {};
  if (!Arn || !InstanceProfileId || (wanted.Arn && wanted.Arn !== Arn)) throw new Fault('InvalidParameterValue', wrong);
  const [role] = Roles ?? [];
  if (role?.Arn) {
    call.authorise({
      action: 'iam:PassRole',
      resource: role.Arn,
      context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    });
  }
  return { arn: Arn, id: InstanceProfileId, roleName: role?.RoleName };
}

export function newAssociation(
  scope: Scope,
  profile: Omit<InstanceProfileRecord, 'associationId' | 'sinceMs'>,
): InstanceProfileRecord {
  return { ...profile, associationId: `iip-assoc-${scope.random.hex(17)}`, sinceMs: scope.clock.now() };
}

/** The role that the instance has now: credentials are handed out for it, whatever it was launched with. */
export function currentProfile(scope: Scope, instanceId: string): InstanceProfileRecord | undefined {
  return instances(scope).get(instanceId)?.profile;
}

export async function associateIamInstanceProfile(
  input: AssociateIamInstanceProfileRequest,
  call: Call,
): Promise<AssociateIamInstanceProfileResult> {
  const before = needInstance(call, input.InstanceId);
  if (!input.IamInstanceProfile) throw missing('IamInstanceProfile');
  if (before.profile) {
    throw new Fault('IncorrectState', `There is an existing association for instance ${before.instanceId}`);
  }
  const profile = await resolveProfile(call, input.IamInstanceProfile);
  if (!profile) throw missing('IamInstanceProfile');
  const record = { ...needInstance(call, input.InstanceId), profile: newAssociation(call, profile) };
  instances(call).put(record.instanceId, record);
  return { IamInstanceProfileAssociation: render(record, record.profile, 'associating') };
}

function needAssociation(scope: Scope, associationId: string | undefined) {
  if (!associationId) throw missing('AssociationId');
  for (const record of instances(scope).values()) {
    const { profile } = record;
    if (profile?.associationId === associationId) return { record, profile };
  }
  throw new Fault('InvalidAssociationID.NotFound', `An invalid association-id of '${associationId}' was given`);
}

export async function replaceIamInstanceProfileAssociation(
  input: ReplaceIamInstanceProfileAssociationRequest,
  call: Call,
): Promise<ReplaceIamInstanceProfileAssociationResult> {
  needAssociation(call, input.AssociationId);
  const resolved = await resolveProfile(call, input.IamInstanceProfile);
  if (!resolved) throw missing('IamInstanceProfile');
  const { record } = needAssociation(call, input.AssociationId);
  const profile = newAssociation(call, resolved);
  instances(call).put(record.instanceId, { ...record, profile });
  return { IamInstanceProfileAssociation: render(record, profile, 'associating') };
}

export function disassociateIamInstanceProfile(
  input: DisassociateIamInstanceProfileRequest,
  call: Call,
): DisassociateIamInstanceProfileResult {
  const { record, profile } = needAssociation(call, input.AssociationId);
  instances(call).put(record.instanceId, { ...record, profile: undefined });
  return { IamInstanceProfileAssociation: render(record, profile, 'disassociating') };
}

const fields: FilterFields<InstanceRecord> = {
  'instance-id': (one) => one.instanceId,
  state: () => 'associated',
};

export function describeIamInstanceProfileAssociations(
  input: DescribeIamInstanceProfileAssociationsRequest,
  call: Call,
): DescribeIamInstanceProfileAssociationsResult {
  const asked = input.AssociationIds?.map((id) => needAssociation(call, id).record);
  const { records, NextToken } = select(call, input, {
    table: asked?.length
      ? asked
      : [...instances(call).values()].filter((one) => one.profile && one.state !== 'terminated'),
    id: (one) => one.instanceId,
    fields,
    pageSize: { min: 5, max: 1000 },
  });
  return {
    IamInstanceProfileAssociations: records.flatMap((one) =>
      one.profile ? [render(one, one.profile, 'associated')] : [],
    ),
    NextToken,
  };
}

function render(
  record: InstanceRecord,
  profile: InstanceProfileRecord,
  State: 'associating' | 'associated' | 'disassociating',
): IamInstanceProfileAssociation {
  return {
    AssociationId: profile.associationId,
    InstanceId: record.instanceId,
    IamInstanceProfile: { Arn: profile.arn, Id: profile.id },
    State,
    Timestamp: new Date(profile.sinceMs),
  };
}
