/** What the roles of a template are allowed, statement by statement, and where each is written. */
import type { Path } from '../../../region/template.ts';
import type { Model, ModelResource } from '../../model/model.ts';
import { listOf, ofType, recordOf, textOf, textsOf } from './parts.ts';

export interface Grant {
  readonly role: ModelResource;
  /** The resource that holds the statement; undefined for AWS's own policies. */
  readonly logicalId: string;
  readonly path: Path;
  /** `statement ReadData of policy machine` */
  readonly name: string;
  readonly actions: readonly string[];
  /** An Allow of everything but these. */
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly conditional: boolean;
  /** Written by AWS. */
  readonly managed: boolean;
}

interface Document {
  readonly logicalId: string;
  readonly path: Path;
  readonly policy: string;
  readonly document: unknown;
  readonly managed?: boolean;
}

export const roleType = 'AWS::IAM::Role';

export async function grantsOf(model: Model): Promise<readonly Grant[]> {
  const found: Grant[] = [];
  for (const role of ofType(model, roleType)) {
    const own = [...inlineOf(role), ...attachedOf(model, role), ...(await managedOf(model, role))];
    found.push(...own.flatMap((one) => allowed(role, one)));
  }
  return found;
}

function inlineOf({ logicalId, properties }: ModelResource): readonly Document[] {
  return listOf(properties.Policies)
    .map(recordOf)
    .map(({ PolicyName, PolicyDocument }, index) => ({
      logicalId,
      path: ['Properties', 'Policies', index, 'PolicyDocument', 'Statement'],
      policy: String(PolicyName),
      document: PolicyDocument,
    }));
}

function attachedOf(model: Model, role: ModelResource): readonly Document[] {
  const arns = textsOf(role.properties.ManagedPolicyArns);
  return ofType(model, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy').flatMap(
    ({ logicalId, properties, physicalId }) =>
      textsOf(properties.Roles).includes(role.physicalId) || arns.includes(physicalId)
        ? [
            {
              logicalId,
              path: ['Properties', 'PolicyDocument', 'Statement'],
              policy: textOf(properties.PolicyName ?? properties.ManagedPolicyName) ?? logicalId,
              document: properties.PolicyDocument,
            },
          ]
        : [],
  );
}

async function managedOf(model: Model, role: ModelResource): Promise<readonly Document[]> {
  const found: Document[] = [];
  for (const [index, PolicyArn] of textsOf(role.properties.ManagedPolicyArns).entries()) {
    if (!PolicyArn.includes(':iam::aws:policy/')) continue;
    const text = await model
      .invoke<{ Policy: { DefaultVersionId: string } }>('iam', 'GetPolicy', { PolicyArn })
      .then(({ Policy: { DefaultVersionId: VersionId } }) =>
        model.invoke<{ PolicyVersion: { Document: string } }>('iam', 'GetPolicyVersion', { PolicyArn, VersionId }),
      )
      // One that the model does not know was refused when the role was made.
      .catch(() => undefined);
    if (!text) continue;
    found.push({
      ...{ logicalId: role.logicalId, path: ['Properties', 'ManagedPolicyArns', index] },
      ...{ policy: PolicyArn.split('/').at(-1) ?? PolicyArn, managed: true },
      document: JSON.parse(decodeURIComponent(text.PolicyVersion.Document)) as unknown,
    });
  }
  return found;
}

function allowed(role: ModelResource, { logicalId, path, policy, document, managed = false }: Document): Grant[] {
  return listOf(recordOf(document).Statement)
    .map(recordOf)
    .flatMap((statement, index) => {
      if (statement.Effect !== 'Allow') return [];
      return [
        {
          ...{ role, logicalId, managed },
          path: managed ? path : [...path, index],
          name: `${textOf(statement.Sid) === undefined ? `statement ${index + 1}` : `statement ${statement.Sid}`} of policy ${policy}`,
          actions: textsOf(statement.Action),
          notActions: textsOf(statement.NotAction),
          resources: textsOf(statement.Resource),
          conditional: statement.Condition !== undefined,
        },
      ];
    });
}
