/** What IAM asks of itself: each operation on the ARN of what it names. */
import type { Access, Call } from '../service.ts';
import { iamArn } from './names.ts';
import { groups, instanceProfiles, roles, users } from './state.ts';

interface Named {
  readonly InstanceProfileName?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly RoleName?: string | undefined;
  readonly UserName?: string | undefined;
  readonly PolicyName?: string | undefined;
  readonly PolicyArn?: string | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly AWSServiceName?: string | undefined;
  readonly Path?: string | undefined;
  readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
}

const ofTheCaller = new Set(['GetUser', 'CreateAccessKey', 'ListAccessKeys', 'UpdateAccessKey', 'DeleteAccessKey']);

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html */
export function iamAccess(input: Named, call: Call): Access {
  const context: Record<string, string | readonly string[] | undefined> = {
    'iam:PolicyARN': input.PolicyArn,
    'iam:PermissionsBoundary': input.PermissionsBoundary,
    'iam:AWSServiceName': input.AWSServiceName,
    ...(input.Tags ? { 'aws:TagKeys': input.Tags.map(({ Key = '' }) => Key) } : {}),
  };
  for (const { Key, Value } of input.Tags ?? []) context[`aws:RequestTag/${Key ?? ''}`] = Value;
  const record = recordOf(input, call);
  for (const { Key, Value } of record?.tags ?? []) context[`aws:ResourceTag/${Key}`] = Value;
  if (record && 'boundaryArn' in record) context['iam:PermissionsBoundary'] ??= record.boundaryArn;
  return { action: `iam:${call.operation}`, resource: record?.arn ?? arnOf(input, call), context };
}

function recordOf(input: Named, call: Call) {
  if (input.InstanceProfileName !== undefined) return instanceProfiles(call).get(input.InstanceProfileName);
  if (input.GroupName !== undefined) return groups(call).get(input.GroupName);
  if (input.RoleName !== undefined) return roles(call).get(input.RoleName);
  if (input.UserName !== undefined) return users(call).get(input.UserName);
  if (ofTheCaller.has(call.operation) && call.caller.kind === 'user')
    return users(call).get(call.caller.userName ?? '');
  return undefined;
}

/** Of what is not there yet, or not at all. */
function arnOf(input: Named, call: Call): string {
  const { Path: path = '/' } = input;
  if (input.InstanceProfileName !== undefined) return iamArn(call, 'instance-profile', path, input.InstanceProfileName);
  if (input.GroupName !== undefined) return iamArn(call, 'group', path, input.GroupName);
  if (input.RoleName !== undefined) return iamArn(call, 'role', path, input.RoleName);
  if (input.UserName !== undefined) return iamArn(call, 'user', path, input.UserName);
  if (input.PolicyArn !== undefined) return input.PolicyArn;
  if (input.PolicyName !== undefined) return iamArn(call, 'policy', path, input.PolicyName);
  if (input.AWSServiceName !== undefined)
    return iamArn(call, 'role', `/aws-service-role/${input.AWSServiceName}/`, '*');
  return '*';
}
