/** Roles that others than those who are meant can take on. */
import type { Rule } from '../rule.ts';
import { stranger } from './bucket-questions.ts';
import { roleType } from './grants.ts';
import { ofType } from './parts.ts';
import { pasteInto } from './paste.ts';

interface RoleView {
  readonly Role: { readonly Arn: string; readonly AssumeRolePolicyDocument: string };
}

export const roleOpenTrust: Rule = {
  id: 'role-open-trust',
  severity: 'error',
  title: 'No role can be assumed by accounts that it does not name',
  page: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html',
  async find(model) {
    const found = [];
    for (const { logicalId, physicalId } of ofType(model, roleType)) {
      const { Role } = await model.invoke<RoleView>('iam', 'GetRole', { RoleName: physicalId });
      const decision = model.decisions.decide(
        stranger,
        { sourceIp: '203.0.113.7', secure: true },
        {
          action: 'sts:AssumeRole',
          resource: Role.Arn,
          resourceAccount: model.account,
          resourcePolicy: decodeURIComponent(Role.AssumeRolePolicyDocument),
        },
      );
      if (!decision.allowed) continue;
      found.push({
        message: `Somebody of any AWS account may assume ${logicalId}, and has its permissions then: ${decision.by.replace(/of resource policy$/, 'of its trust policy')} lets everybody in.`,
        logicalId,
        path: ['Properties', 'AssumeRolePolicyDocument'],
        fix: pasteInto(`${logicalId}.AssumeRolePolicyDocument.Statement (whom is meant)`, [
          { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ]),
      });
    }
    return found;
  },
};
