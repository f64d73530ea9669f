/** What every bucket should be: asked by TLS only, and versioned. */
import type { Model, ModelResource } from '../../model/model.ts';
import type { Rule } from '../rule.ts';
import { lacksItsPolicy, mayOnObject, policyOf, rootOf } from './bucket-questions.ts';
import { bucketType } from './origins.ts';
import { ofType, recordOf } from './parts.ts';
import { pasteInto } from './paste.ts';

const bucketTls: Rule = {
  id: 'bucket-tls-only',
  severity: 'warning',
  title: 'Buckets refuse requests without TLS',
  page: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html',
  *find(model) {
    for (const bucket of ofType(model, bucketType)) {
      if (lacksItsPolicy(model, bucket)) continue;
      const inTheClear = { sourceIp: '203.0.113.7', secure: false };
      const owner = rootOf(model.account);
      if (!mayOnObject(model, owner, 'GetObject', bucket.physicalId, 'index.html', inTheClear).allowed) continue;
      const { logicalId } = bucket;
      const policy = policyOf(model, bucket);
      const statement = {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [{ 'Fn::GetAtt': [logicalId, 'Arn'] }, { 'Fn::Sub': `\${${logicalId}.Arn}/*` }],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      };
      yield {
        message: `${logicalId} answers over plain HTTP, too: objects and signatures can be read on the way.`,
        logicalId,
        fix: policy
          ? pasteInto(`${policy.logicalId}.PolicyDocument.Statement`, [statement])
          : pasteInto(`${logicalId}Policy`, {
              Type: 'AWS::S3::BucketPolicy',
              Properties: {
                Bucket: { Ref: logicalId },
                PolicyDocument: { Version: '2012-10-17', Statement: [statement] },
              },
            }),
      };
    }
  },
};

const bucketVersioning: Rule = {
  id: 'bucket-versioning',
  severity: 'note',
  title: 'Buckets keep what was overwritten or deleted',
  page: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html',
  *find(model) {
    for (const bucket of ofType(model, bucketType)) {
      const { logicalId, properties } = bucket;
      const versioned = recordOf(properties.VersioningConfiguration).Status === 'Enabled';
      if (versioned || takesLogs(model, bucket)) continue;
      yield {
        message: `${logicalId} keeps no versions: what a faulty release or a mistake overwrites or deletes is gone.`,
        logicalId,
        path: ['Properties', 'VersioningConfiguration'],
        fix: `${pasteInto(logicalId, { VersioningConfiguration: { Status: 'Enabled' } })}\nTogether with a lifecycle rule that lets old versions expire: NoncurrentVersionExpiration: { NoncurrentDays: 30 }.`,
      };
    }
  },
};

/** Services that write what happened somewhere. */
const deliverers = /logdelivery\.|delivery\.logs\.|logging\.s3\.|cloudtrail\./;

/** Logs are written once, and expire. Read in the template itself: a balancer may have been refused because of them. */
function takesLogs({ template }: Model, bucket: ModelResource): boolean {
  const names = (value: unknown) => JSON.stringify(value ?? '').includes(`"${bucket.logicalId}"`);
  return Object.values(template.resources).some(({ Type, Properties }) => {
    if (Type === 'AWS::ElasticLoadBalancingV2::LoadBalancer') return names(Properties.LoadBalancerAttributes);
    if (Type === bucketType) return names(Properties.LoggingConfiguration);
    if (Type !== 'AWS::S3::BucketPolicy' || !names(Properties.Bucket)) return false;
    return deliverers.test(JSON.stringify(Properties.PolicyDocument));
  });
}

export const bucketSettings: readonly Rule[] = [bucketTls, bucketVersioning];
