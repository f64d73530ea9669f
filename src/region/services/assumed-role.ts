/** A service that acts with a role it was given, as far as the role trusts it. */
import type { Caller, Scope } from './service.ts';

/** @param sourceArn the resource on whose behalf, for the conditions of the role's trust policy */
export async function asRole(
  scope: Scope,
  given: { readonly service: string; readonly sourceArn: string; readonly roleArn: string; readonly session: string },
): Promise<Caller> {
  const service: Caller = {
    kind: 'service',
    service: given.service,
    sourceAccount: scope.account,
    sourceArn: given.sourceArn,
    trusted: false,
  };
  const { AssumedRoleUser, Credentials } = await scope.invoke<{
    AssumedRoleUser: { Arn: string; AssumedRoleId: string };
    Credentials: { AccessKeyId: string };
  }>(service, 'sts', 'AssumeRole', { RoleArn: given.roleArn, RoleSessionName: given.session, DurationSeconds: 900 });
  return {
    kind: 'role',
    account: scope.account,
    arn: AssumedRoleUser.Arn,
    principalId: AssumedRoleUser.AssumedRoleId,
    accessKeyId: Credentials.AccessKeyId,
    roleName: AssumedRoleUser.Arn.split('/')[1] ?? '',
  };
}
