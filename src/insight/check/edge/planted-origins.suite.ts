/** Mistakes in how a bucket is read, and in the bucket. */
import {
  addIdentity,
  allMethods,
  byDefault,
  distribution,
  part,
  type Row,
  reading,
  statements,
  unblocked,
} from './edits.suite.ts';

export const originsAndBuckets: readonly Row[] = [
  {
    name: 'an origin access identity of the template',
    rule: 'origin-access-identity',
    logicalId: 'Distribution',
    says: /SpaIdentity/,
    mends:
      /SpaBucketAccessControl:\n[\s\S]*SpaBucketPolicy\.PolicyDocument\.Statement[\s\S]*- Sid: AllowDistribution[\s\S]*Distribution\.DistributionConfig\.Origins\[0\][\s\S]*3\. .*remove the statement of the identity from .* and the resource SpaIdentity/,
    plant: addIdentity,
  },
  {
    name: 'an origin access identity made by hand',
    rule: 'origin-access-identity',
    logicalId: 'Distribution',
    says: /E127EXAMPLE51Z/,
    plant(resources) {
      addIdentity(resources);
      delete resources.SpaIdentity;
      distribution(resources).Origins[0].S3OriginConfig.OriginAccessIdentity =
        'origin-access-identity/cloudfront/E127EXAMPLE51Z';
      reading(resources).Principal = {
        AWS: 'arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E127EXAMPLE51Z',
      };
    },
  },
  {
    name: 'a public bucket',
    rule: 'bucket-public',
    logicalId: 'SpaBucketPolicy',
    says: /Everybody on the internet may read objects of SpaBucket, past Distribution: Open/,
    mends: /SpaBucketPolicy\.PolicyDocument\.Statement\[2\][\s\S]*RestrictPublicBuckets: true/,
    plant(resources) {
      part(resources, 'SpaBucket').PublicAccessBlockConfiguration = unblocked;
      const Resource = { 'Fn::Sub': '${SpaBucket.Arn}/*' };
      statements(resources).push({ Sid: 'Open', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource });
    },
  },
  {
    name: 'a folder of another bucket that everybody may write to',
    rule: 'bucket-public',
    logicalId: 'DataBucketPolicy',
    says: /write objects/,
    plant(resources) {
      part(resources, 'DataBucket').PublicAccessBlockConfiguration = unblocked;
      const Resource = { 'Fn::Sub': '${DataBucket.Arn}/inbox/*' };
      const Principal = { AWS: '*' };
      statements(resources, 'DataBucketPolicy').push({ Effect: 'Allow', Principal, Action: 's3:PutObject', Resource });
    },
  },
  {
    name: 'a bucket for all distributions of the world',
    rule: 'bucket-open-to-distributions',
    logicalId: 'SpaBucketPolicy',
    mends: /Statement\[1\]\.Condition:\n[\s\S]*distribution\/\$\{Distribution\}/,
    plant: (resources) => delete reading(resources).Condition,
  },
  {
    name: 'a bucket for all distributions of the account',
    rule: 'bucket-open-to-own-distributions',
    logicalId: 'SpaBucketPolicy',
    plant(resources) {
      reading(resources).Condition = { StringEquals: { 'AWS:SourceAccount': { Ref: 'AWS::AccountId' } } };
    },
  },
  {
    name: 'a control that never signs',
    rule: 'oac-not-signing',
    logicalId: 'SpaAccess',
    plant: (resources) => {
      part(resources, 'SpaAccess').OriginAccessControlConfig.SigningBehavior = 'never';
    },
  },
  {
    name: 'a bucket policy for another distribution',
    rule: 'origin-denied',
    logicalId: 'Distribution',
    says: /does not let this distribution in/,
    plant(resources) {
      reading(resources).Condition.StringEquals['AWS:SourceArn'] =
        'arn:aws:cloudfront::123456789012:distribution/E1OLD';
    },
  },
  {
    name: 'an origin without any access control',
    rule: 'origin-denied',
    logicalId: 'Distribution',
    mends: /OriginAccessControlId:\n\s+Ref: SpaAccess/,
    plant: (resources) => delete distribution(resources).Origins[0].OriginAccessControlId,
  },
  {
    name: 'a key that CloudFront may not use',
    rule: 'origin-kms-denied',
    logicalId: 'BucketKey',
    mends: /KeyPolicy\.Statement:[\s\S]*kms:Decrypt[\s\S]*distribution\/\*/,
    base: 'every option, four zones',
    plant(resources) {
      part(resources, 'BucketKey').KeyPolicy.Statement.splice(1, 1);
    },
  },
  {
    name: "AWS's own key for a bucket behind CloudFront",
    rule: 'origin-kms-denied',
    logicalId: 'SpaBucket',
    plant(resources) {
      part(resources, 'SpaBucket').BucketEncryption.ServerSideEncryptionConfiguration = [
        { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
      ];
    },
  },
  {
    name: 'uploads by anybody',
    rule: 'public-write',
    logicalId: 'Distribution',
    says: /takes PUT from everybody in its default behaviour/,
    plant(resources) {
      reading(resources).Action.push('s3:PutObject');
      byDefault(resources).AllowedMethods = allMethods;
    },
  },
  {
    name: 'a bucket that answers plain HTTP',
    rule: 'bucket-tls-only',
    logicalId: 'DataBucket',
    mends: /DataBucketPolicy\.PolicyDocument\.Statement:[\s\S]*aws:SecureTransport/,
    plant(resources) {
      statements(resources, 'DataBucketPolicy')[0].Action = 's3:PutObject';
    },
  },
  {
    name: 'a bucket without versions',
    rule: 'bucket-versioning',
    logicalId: 'SpaBucket',
    plant: (resources) => delete part(resources, 'SpaBucket').VersioningConfiguration,
  },
];
