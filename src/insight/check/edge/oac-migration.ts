/**
 * From origin access identity to origin access control, in three deployments of this very template: at each moment, and
 * on every edge location, whoever signs is let in by the bucket.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html#migrate-from-oai-to-oac
 */
import type { Model, ModelResource } from '../../model/model.ts';
import { policyOf } from './bucket-questions.ts';
import { encryptionKeyOf } from './encryption-key.ts';
import type { BucketOrigin } from './origins.ts';
import { freeName, listOf, recordOf } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

export const identityType = 'AWS::CloudFront::CloudFrontOriginAccessIdentity';

export interface Migration {
  readonly origin: BucketOrigin;
  /** The identity's resource; undefined where it is not of this template. */
  readonly identity: ModelResource | undefined;
  /** Distributions that use the same identity, this one left out. */
  readonly alsoUsedBy: readonly string[];
}

export function migrationText(model: Model, { origin: from, identity, alsoUsedBy }: Migration): string {
  const { origin, distribution, bucket } = from;
  const site = distribution.logicalId;
  const policy = bucket && policyOf(model, bucket);
  const old = policy ? identityStatements(model, policy, identity, origin.accessIdentity ?? '') : [];
  const control = freeName(model, `${bucket?.logicalId ?? site}AccessControl`);
  const place = policy
    ? placeName(policy.logicalId, ['Properties', 'PolicyDocument', 'Statement'])
    : `the policy of ${bucket?.logicalId ?? `the bucket ${origin.bucket}`}, Statement`;
  const circle = policy && model.template.resources[site]?.DependsOn.includes(policy.logicalId);
  const key = bucket && encryptionKeyOf(model, bucket);
  const first = [
    `1. Let both in, and deploy. New resource:`,
    pasteInto(control, {
      Type: 'AWS::CloudFront::OriginAccessControl',
      Properties: {
        OriginAccessControlConfig: {
          Name: { 'Fn::Sub': `\${AWS::StackName}-${control}` },
          OriginAccessControlOriginType: 's3',
          SigningBehavior: 'always',
          SigningProtocol: 'sigv4',
        },
      },
    }),
    `Added to ${place}, beside ${old.length > 0 ? 'the statement of the identity' : 'what is there'}:`,
    pasteInto('-', newStatement(site, from, old)).replace(/^-:\n {2}/, '- '),
    ...(bucket && keepsForeignOwners(bucket)
      ? [`Set ${bucket.logicalId}.OwnershipControls to BucketOwnerEnforced: an origin access control asks for it.`]
      : []),
    ...(circle ? [`${policy.logicalId} names ${site} now: remove it from ${site}.DependsOn.`] : []),
    ...(key === undefined ? [] : keySteps(key)),
  ];
  const second = [
    `2. Change who signs, and deploy. In ${placeName(site, from.path)}:`,
    '  OriginAccessControlId:',
    `    Ref: ${control}`,
    '  S3OriginConfig:',
    "    OriginAccessIdentity: ''",
    `CloudFormation waits until ${site} is "Deployed": until then some edge locations still ask as the identity. Both are let in, so that no request fails; to go back, deploy the template of step 1.`,
  ];
  const gone = [
    ...(old.length > 0 ? [`${old.length > 1 ? 'the statements' : 'the statement'} of the identity from ${place}`] : []),
    ...(identity ? [`the resource ${identity.logicalId}`] : []),
  ];
  const wait =
    alsoUsedBy.length > 0
      ? ` Not before ${alsoUsedBy.join(' and ')}, which the same identity serves, went over too.`
      : '';
  const third = `3. When ${site} is deployed, remove ${gone.join(' and ') || 'what lets the identity in'}, and deploy.${wait}`;
  return [...first, ...second, third].join('\n');
}

function keepsForeignOwners({ properties }: ModelResource): boolean {
  const [rule] = listOf(recordOf(properties.OwnershipControls).Rules);
  return recordOf(rule).ObjectOwnership === 'ObjectWriter';
}

/** The template's own text of the statements that let the identity in. */
function identityStatements(
  { template }: Model,
  policy: ModelResource,
  identity: ModelResource | undefined,
  id: string,
): readonly Readonly<Record<string, unknown>>[] {
  const { Statement } = recordOf(template.resources[policy.logicalId]?.Properties.PolicyDocument);
  return listOf(Statement)
    .map(recordOf)
    .filter((statement) => {
      const principal = JSON.stringify(statement.Principal ?? '');
      return (identity && new RegExp(`\\b${identity.logicalId}\\b`).test(principal)) || principal.includes(id);
    });
}

function newStatement(
  site: string,
  { bucket, origin, behaviours }: BucketOrigin,
  old: readonly Readonly<Record<string, unknown>>[],
): object {
  const writes = behaviours.some(({ allowedMethods }) => allowedMethods.includes('PUT'));
  const arn = bucket ? { 'Fn::Sub': `\${${bucket.logicalId}.Arn}/*` } : `arn:aws:s3:::${origin.bucket}/*`;
  const [only] = old;
  const same = old.length === 1 && only ? { Action: only.Action, Resource: only.Resource } : undefined;
  return {
    Sid: 'AllowDistribution',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    ...(same ?? { Action: writes ? ['s3:GetObject', 's3:PutObject'] : 's3:GetObject', Resource: arn }),
    Condition: {
      StringEquals: {
        'AWS:SourceArn': {
          'Fn::Sub': `arn:\${AWS::Partition}:cloudfront::\${AWS::AccountId}:distribution/\${${site}}`,
        },
      },
    },
  };
}

/** Naming the one distribution would be a circle: it needs the bucket, the bucket the key, and the key the distribution. */
export function keyStatement(writes: boolean): object {
  return {
    Sid: 'AllowDistributions',
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: writes ? ['kms:Decrypt', 'kms:GenerateDataKey*'] : 'kms:Decrypt',
    Resource: '*',
    Condition: {
      ArnLike: {
        'AWS:SourceArn': { 'Fn::Sub': 'arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/*' },
      },
    },
  };
}

function keySteps({ resource, id }: NonNullable<ReturnType<typeof encryptionKeyOf>>): readonly string[] {
  const place = resource ? placeName(resource.logicalId, ['Properties', 'KeyPolicy', 'Statement']) : undefined;
  if (place === undefined) {
    return [
      `The bucket is encrypted with ${id}, which is not of this template: its key policy must allow kms:Decrypt to cloudfront.amazonaws.com, and the key alias/aws/s3 never can.`,
    ];
  }
  return [
    `Added to ${place}, for all distributions of the account (naming the one would be a circle of references):`,
    pasteInto('-', keyStatement(false)).replace(/^-:\n {2}/, '- '),
  ];
}
