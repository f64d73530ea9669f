/** Roles that may more than they need: by wildcards, by permissions over permissions, and over what is not theirs. */
import type { Model } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import { type Grant, grantsOf } from './grants.ts';
import { narrowable } from './narrowable.ts';
import { and, ofType, recordOf, textOf } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

const page = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege';

/** `*`, `s3:*` */
const wholeService = (action: string) => action === '*' || /^[^:]+:\*$/.test(action);
const everything = (resource: string) => resource === '*' || /^arn:[^:]*:[^:]*:[^:]*:[^:]*:\*$/.test(resource);

const roleWildcards: Rule = {
  id: 'role-wildcards',
  severity: 'warning',
  title: 'Roles are allowed actions by name, on resources by name',
  page,
  async find(model) {
    return (await grantsOf(model)).flatMap((grant) => wildcardFindings(model, grant));
  },
};

function wildcardFindings(model: Model, grant: Grant): readonly Found[] {
  const { role, logicalId, path, name, actions, notActions, resources, conditional, managed } = grant;
  if (isEscalation(grant)) return [];
  const whole = actions.filter(wholeService);
  const anywhere = resources.some(everything);
  if (whole.length > 0 || notActions.length > 0) {
    // AWS's own policies for a single service's agent are narrow where it can be.
    if (managed && !anywhere) return [];
    const what = notActions.length > 0 ? `everything but ${and(notActions)}` : and(whole);
    return [
      {
        message: `${role.logicalId} may do ${what}${anywhere ? ' on every resource' : ''} (${name}): whoever gets hold of a machine may, too.`,
        logicalId,
        path,
        fix: managed
          ? `Replace ${name.replace(/^.* of policy /, '')} by a policy of your own that names the actions which the program calls.`
          : `Name the actions that the program calls. "orrery check --observed" tells which were seen in a running region.`,
      },
    ];
  }
  const loose = managed || conditional || !anywhere ? [] : actions.filter(narrowable);
  if (loose.length === 0) return [];
  const arns = loose.flatMap((action) => {
    const { type, arns: written } = narrowable(action) ?? {};
    return type && written ? ofType(model, type).flatMap((one) => written(one.logicalId)) : [];
  });
  const unlike = [...new Map(arns.map((arn) => [JSON.stringify(arn), arn])).values()];
  return [
    {
      message: `${role.logicalId} may do ${and(loose)} on every resource of every account that lets it (${name}).`,
      logicalId,
      path,
      fix: pasteInto(`${placeName(logicalId, path)} (keep what is meant)`, {
        Resource: unlike.length > 0 ? unlike : ['the ARN that is meant'],
      }),
    },
  ];
}

/** With any of these a role gives itself, or a machine that it starts, every permission. */
const overPermissions =
  /^iam:((Put|Attach)(Role|User|Group)Policy|CreatePolicyVersion|SetDefaultPolicyVersion|UpdateAssumeRolePolicy|CreateAccessKey|CreateLoginProfile|UpdateLoginProfile|AddUserToGroup)$/i;
const asOthers = /^(iam:PassRole|sts:AssumeRole)$/i;

function escalating({ actions, resources, conditional, managed }: Grant): readonly string[] {
  if (managed) return [];
  const anyone = resources.some(everything) && !conditional;
  return actions.filter((action) => overPermissions.test(action) || (anyone && asOthers.test(action)));
}

const isEscalation = (grant: Grant) => escalating(grant).length > 0;

const roleEscalates: Rule = {
  id: 'role-escalates',
  severity: 'error',
  title: 'No role can give itself more permissions',
  page: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html',
  async find(model) {
    return (await grantsOf(model)).filter(isEscalation).map((grant): Found => {
      const { role, logicalId, path, name } = grant;
      const actions = escalating(grant);
      return {
        message: `${role.logicalId} may do ${and(actions)} (${name}), and so come by any permission of the account.`,
        logicalId,
        path,
        fix: actions.every((action) => asOthers.test(action))
          ? pasteInto(placeName(logicalId, path), { Resource: 'the ARN of the one role that is meant' })
          : `Remove ${and(actions)}: permissions are changed by deploying the template, not by what it runs.`,
      };
    });
  },
};

/** Of these a role's reach ends at a name; ARNs of roles and machines are what other rules are about. */
const ofServices = /^arn:[^:]+:(s3|dynamodb|sqs|sns|kms|secretsmanager|ssm|lambda|logs|kinesis):/;
/** Buckets of AWS that agents and packages come from, and log groups that its services make. */
const ofAws =
  /al2023-repos|amazoncloudwatch-agent|aws-ssm-|amazon-ssm-|patch-baseline|:parameter\/aws\/|:log-group:\/aws\//;

const roleForeignResource: Rule = {
  id: 'role-foreign-resource',
  severity: 'note',
  title: 'Roles reach what is of their own template',
  page,
  async find(model) {
    const known = knownNames(model);
    return (await grantsOf(model)).flatMap((grant): Found[] => {
      const { role, logicalId, path, name, resources, managed } = grant;
      if (managed || !writtenOut(model, grant)) return [];
      const foreign = resources.filter(
        (one) =>
          ofServices.test(one) && !everything(one) && !ofAws.test(one) && !known.some((text) => one.includes(text)),
      );
      if (foreign.length === 0) return [];
      return [
        {
          message: `${role.logicalId} may reach ${and(foreign)} (${name}), which nothing in this template is.`,
          logicalId,
          path,
          fix: `Remove the statement if it is left over. If another stack owns the resource, take its name as a parameter, so that it is said once.`,
        },
      ];
    });
  },
};

/** ARNs and names that AWS gave to resources of the template. */
function knownNames(model: Model): readonly string[] {
  const texts = [...model.resources.values()].flatMap(({ physicalId, attributes }) => [
    physicalId,
    textOf(recordOf(attributes).Arn),
  ]);
  return texts.filter((text) => text !== undefined && text.length > 3).map(String);
}

/** False where a parameter or an import has a part in it: what that names is chosen elsewhere. */
function writtenOut({ template }: Model, { logicalId, path }: Grant): boolean {
  let value: unknown = template.resources[logicalId];
  for (const step of path) value = (value as Record<string | number, unknown> | undefined)?.[step];
  const { Resource } = recordOf(value);
  const text = JSON.stringify(Resource ?? value ?? '');
  const names = Object.keys(template.parameters);
  return !/Fn::(ImportValue|If)/.test(text) && !names.some((name) => new RegExp(`\\b${name}\\b`).test(text));
}

export const rolePermissions: readonly Rule[] = [roleWildcards, roleEscalates, roleForeignResource];
