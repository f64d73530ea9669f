/** The statement that is missing where a policy refuses. */
import type { Caller, PolicyKind } from '../../region/decisions.ts';
import { templateText } from './paste.ts';
import type { Fix } from './result.ts';
import type { Tracing } from './tracing.ts';

interface Wanted {
  readonly action: string;
  readonly resource: string;
  readonly caller: Caller;
}

/** What a policy lacks, as a statement to paste. */
export function statementFix(
  { names }: Tracing,
  { action, resource, caller }: Wanted,
  policy: PolicyKind,
  place: string,
): Fix {
  if (caller.kind === 'anonymous')
    return { text: `nothing, where ${place} is to be private: let CloudFront or a role ask for it, signed` };
  const statement: Record<string, unknown> = { Sid: 'Allow', Effect: 'Allow' };
  const identity =
    policy === 'identity-based policy' || policy === 'permissions boundary' || policy === 'session policy';
  if (!identity) statement.Principal = principalOf(caller, policy);
  statement.Action = action;
  statement.Resource = resource === '*' ? '*' : templateArn(names.text(resource), resource);
  if (!identity && caller.kind === 'service' && caller.sourceArn !== undefined) {
    const distribution = names.text(caller.sourceArn.split('/').at(-1) ?? '');
    statement.Condition = {
      StringEquals: {
        'AWS:SourceArn': { 'Fn::Sub': `arn:aws:cloudfront::\${AWS::AccountId}:distribution/\${${distribution}}` },
      },
    };
  }
  const whose = identity ? `a policy of ${who(caller, names)}` : `the policy of ${place}`;
  return { text: `add a statement to ${whose}`, paste: templateText({ Statement: [statement] }) };
}

function principalOf(caller: Caller, policy: PolicyKind): unknown {
  if (policy === 'VPC endpoint policy') return '*';
  if (caller.kind === 'service') return { Service: caller.service };
  return caller.kind === 'anonymous'
    ? '*'
    : { AWS: caller.arn.replace(/:assumed-role\/([^/]+)\/.*/, ':role/$1').replace(':sts:', ':iam:') };
}

/** `SpaBucket/index.html` → `!Sub ${SpaBucket.Arn}/*` */
function templateArn(named: string, resource: string): unknown {
  const [, bucket, key] = /^(?:arn:aws:s3:::)?([A-Za-z0-9]+)\/(.*)$/.exec(named) ?? [];
  if (!resource.startsWith('arn:aws:s3:::') || bucket === undefined || named === resource) return resource;
  return { 'Fn::Sub': `\${${bucket}.Arn}/${key === undefined ? '' : '*'}` };
}

export function who(caller: Caller, names: Tracing['names']): string {
  switch (caller.kind) {
    case 'anonymous':
      return 'an unsigned request';
    case 'service':
      return caller.sourceArn === undefined
        ? caller.service
        : `${caller.service} for ${names.text(caller.sourceArn.split('/').at(-1) ?? '')}`;
    default:
      return caller.roleName === undefined ? names.text(caller.arn) : names.text(caller.roleName);
  }
}
