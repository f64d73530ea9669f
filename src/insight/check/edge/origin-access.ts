/** How a distribution shows its bucket who asks, and whether that suffices. */
import type { Model } from '../../model/model.ts';
import type { Found, Rule } from '../rule.ts';
import { lacksItsPolicy, mayOnObject, policyOf } from './bucket-questions.ts';
import { awsKey, encryptionKeyOf } from './encryption-key.ts';
import { identityType, keyStatement, migrationText } from './oac-migration.ts';
import { type BucketOrigin, bucketOriginsOf, keyBehind } from './origins.ts';
import { named, ofType, recordOf } from './parts.ts';
import { pasteInto, placeName } from './paste.ts';

const page =
  'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html';

const originAccessIdentity: Rule = {
  id: 'origin-access-identity',
  severity: 'warning',
  title: 'No bucket is read by the older origin access identity',
  page: `${page}#migrate-from-oai-to-oac`,
  *find(model) {
    const origins = bucketOriginsOf(model).filter(({ origin }) => origin.accessIdentity !== undefined);
    for (const one of origins) {
      const { logicalId } = one.distribution;
      const id = one.origin.accessIdentity ?? '';
      const identity = named(model, identityType, id);
      const others = origins.filter((other) => other.origin.accessIdentity === id).map((o) => o.distribution.logicalId);
      yield {
        message: `${logicalId} reads ${bucketName(one)} as the origin access identity ${identity?.logicalId ?? id}. It cannot read what is encrypted with KMS, needs work-arounds for PUT and DELETE, and does not work in regions opened since December 2022; an origin access control does all of it.`,
        logicalId,
        path: [...one.path, 'S3OriginConfig', 'OriginAccessIdentity'],
        fix: migrationText(model, {
          origin: one,
          identity,
          alsoUsedBy: [...new Set(others)].filter((other) => other !== logicalId),
        }),
      };
    }
    const used = new Set(origins.map(({ origin }) => origin.accessIdentity));
    for (const { logicalId, physicalId } of ofType(model, identityType)) {
      if (used.has(physicalId) || bucketOriginsOf(model).length === 0) continue;
      yield {
        message: `No distribution of this template uses the origin access identity ${logicalId} any more.`,
        logicalId,
        fix: `Remove ${logicalId}, and the statements of bucket policies that name it.`,
      };
    }
  },
};

const oacNotSigning: Rule = {
  id: 'oac-not-signing',
  severity: 'error',
  title: 'Every origin access control signs',
  page,
  *find(model) {
    const type = 'AWS::CloudFront::OriginAccessControl';
    for (const { logicalId, properties } of ofType(model, type)) {
      const behaviour = recordOf(properties.OriginAccessControlConfig).SigningBehavior;
      if (behaviour === 'always') continue;
      const follows =
        behaviour === 'never'
          ? 'it signs nothing, so that a private bucket answers 403 to every request'
          : 'it leaves the request unsigned where the viewer sends an Authorization header of its own, and a private bucket answers that with its own errors';
      yield {
        message: `SigningBehavior of ${logicalId} is ${String(behaviour)}: ${follows}.`,
        logicalId,
        path: ['Properties', 'OriginAccessControlConfig', 'SigningBehavior'],
        fix: pasteInto(`${logicalId}.OriginAccessControlConfig`, { SigningBehavior: 'always' }),
      };
    }
  },
};

function bucketName({ bucket, origin }: BucketOrigin): string {
  return bucket?.logicalId ?? origin.bucket;
}

/** A control that is there and does not sign is told of by the rule above. */
function signs({ distribution, origin }: BucketOrigin, model: Model): boolean {
  const { Origins } = recordOf(distribution.resource?.properties.DistributionConfig);
  const given = [Origins].flat().map(recordOf);
  const id = given.find(({ Id }) => Id === origin.id)?.OriginAccessControlId;
  return !(origin.signing === 'never' && named(model, 'AWS::CloudFront::OriginAccessControl', String(id)));
}

const originDenied: Rule = {
  id: 'origin-denied',
  severity: 'error',
  title: 'Every distribution may read the bucket that it serves',
  page,
  *find(model) {
    for (const one of bucketOriginsOf(model)) {
      const { bucket, behaviours, caller, distribution } = one;
      if (!bucket?.modelled || lacksItsPolicy(model, bucket) || !signs(one, model)) continue;
      const keys = behaviours.map(keyBehind);
      const denied = keys.find((key) => !mayOnObject(model, caller, 'GetObject', bucket.physicalId, key).allowed);
      if (denied === undefined) continue;
      yield {
        message: `${distribution.logicalId} is refused ${denied} of ${bucket.logicalId}, and answers 403: ${whyDenied(one)}.`,
        logicalId: distribution.logicalId,
        path: one.path,
        fix: deniedFix(model, one, bucket.logicalId),
      };
    }
  },
};

function whyDenied({ origin }: BucketOrigin): string {
  if (origin.accessIdentity !== undefined) return 'its policy does not let the origin access identity in';
  return origin.signing === 'never'
    ? 'the origin has no origin access control, so that nobody is named who could be let in'
    : 'its policy does not let this distribution in';
}

function deniedFix(model: Model, { origin, path, distribution, bucket }: BucketOrigin, name: string): string {
  const policy = bucket && policyOf(model, bucket);
  const control = ofType(model, 'AWS::CloudFront::OriginAccessControl')[0]?.logicalId;
  const sign =
    origin.signing === 'never' && origin.accessIdentity === undefined
      ? [
          pasteInto(placeName(distribution.logicalId, path), {
            OriginAccessControlId: { Ref: control ?? 'an AWS::CloudFront::OriginAccessControl' },
            S3OriginConfig: { OriginAccessIdentity: '' },
          }),
        ]
      : [];
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: ['s3:GetObject', 's3:ListBucket'],
    Resource: [{ 'Fn::GetAtt': [name, 'Arn'] }, { 'Fn::Sub': `\${${name}.Arn}/*` }],
    Condition: {
      StringEquals: {
        'AWS:SourceArn': {
          'Fn::Sub': `arn:\${AWS::Partition}:cloudfront::\${AWS::AccountId}:distribution/\${${distribution.logicalId}}`,
        },
      },
    },
  };
  const place = policy
    ? `${policy.logicalId}.PolicyDocument.Statement`
    : `the PolicyDocument.Statement of an AWS::S3::BucketPolicy for ${name}`;
  return [...sign, pasteInto(place, [statement])].join('\n');
}

const originKmsDenied: Rule = {
  id: 'origin-kms-denied',
  severity: 'error',
  title: 'Every distribution may use the key of the bucket that it serves',
  page: `${page}#create-oac-overview-s3`,
  async find(model) {
    const found: Found[] = [];
    for (const { bucket, origin, caller, distribution, behaviours } of bucketOriginsOf(model)) {
      const key = bucket && encryptionKeyOf(model, bucket);
      if (!key || origin.signing === 'never') continue;
      const writes = behaviours.some(({ allowedMethods }) => allowedMethods.includes('PUT'));
      if (!key.resource) {
        if (key.id !== awsKey) continue;
        found.push({
          message: `${bucket.logicalId} is encrypted with AWS's own key (${awsKey}), whose policy lets no service of another principal in: ${distribution.logicalId} answers 403 for every object.`,
          logicalId: bucket.logicalId,
          path: ['Properties', 'BucketEncryption'],
          fix: `Name a key of your own in KMSMasterKeyID, whose KeyPolicy has this statement, or take AES256:\n${pasteInto('Statement', [keyStatement(writes)])}`,
        });
        continue;
      }
      const { physicalId, logicalId, attributes } = key.resource;
      const { Policy } = await model.invoke<{ Policy: string }>('kms', 'GetKeyPolicy', { KeyId: physicalId });
      const { allowed } = model.decisions.decide(
        caller,
        { sourceIp: 'AWS Internal', secure: true },
        {
          action: 'kms:Decrypt',
          resource: String(attributes.Arn),
          resourcePolicy: Policy,
          resourcePolicyDecides: true,
          context: {
            'kms:ViaService': `s3.${model.region}.amazonaws.com`,
            'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${bucket.physicalId}`,
          },
        },
      );
      if (allowed) continue;
      found.push({
        message: `${bucket.logicalId} is encrypted with ${logicalId}, whose policy does not let ${distribution.logicalId} decrypt: it answers 403 for every object.`,
        logicalId,
        path: ['Properties', 'KeyPolicy'],
        fix: pasteInto(`${logicalId}.KeyPolicy.Statement`, [keyStatement(writes)]),
      });
    }
    return found;
  },
};

export const originAccess: readonly Rule[] = [originAccessIdentity, oacNotSigning, originDenied, originKmsDenied];
