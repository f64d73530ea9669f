/** Mistakes that the services refuse themselves. */
import { distribution, headersPolicy, part, type Row, statements, unblocked } from './edits.suite.ts';

/** Known by their words. */
export const refused: readonly Row[] = [
  {
    name: 'names without a certificate',
    rule: 'distribution-certificate',
    logicalId: 'Distribution',
    plant: (resources) => delete distribution(resources).ViewerCertificate,
  },
  {
    name: 'a certificate of another region',
    rule: 'distribution-certificate',
    logicalId: 'Distribution',
    plant(resources) {
      distribution(resources).ViewerCertificate = {
        AcmCertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555',
        SslSupportMethod: 'sni-only',
      };
    },
  },
  {
    name: 'an alias of a distribution that asks for its health',
    rule: 'alias-target-health',
    logicalId: 'SiteRecord',
    plant(resources) {
      part(resources, 'SiteRecord').AliasTarget.EvaluateTargetHealth = true;
    },
  },
  {
    name: 'a public policy that is blocked',
    rule: 'bucket-public',
    logicalId: 'DataBucketPolicy',
    plant(resources) {
      const Resource = { 'Fn::Sub': '${DataBucket.Arn}/*' };
      statements(resources, 'DataBucketPolicy').push({
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource,
      });
    },
  },
  {
    name: 'a public ACL',
    rule: 'bucket-public',
    logicalId: 'SpaBucket',
    plant(resources) {
      Object.assign(part(resources, 'SpaBucket'), {
        PublicAccessBlockConfiguration: unblocked,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
        AccessControl: 'PublicRead',
      });
    },
  },
  {
    name: 'a public ACL where ACLs are off',
    rule: 'bucket-public',
    logicalId: 'SpaBucket',
    plant(resources) {
      part(resources, 'SpaBucket').AccessControl = 'PublicRead';
    },
  },
  {
    name: 'access logs that nobody may deliver',
    rule: 'access-log-bucket',
    logicalId: 'ApiBalancer',
    base: 'every option, four zones',
    plant(resources) {
      statements(resources, 'BalancerLogsPolicy').pop();
    },
  },
  {
    name: 'access logs in a bucket with a KMS key',
    rule: 'access-log-bucket',
    logicalId: 'ApiBalancer',
    base: 'every option, four zones',
    plant(resources) {
      part(resources, 'BalancerLogs').BucketEncryption = part(resources, 'SpaBucket').BucketEncryption;
    },
  },
  {
    name: 'credentials for every origin',
    rule: 'cors-any-origin-credentials',
    logicalId: 'SecurityHeaders',
    plant(resources) {
      headersPolicy(resources, {
        AccessControlAllowCredentials: true,
        AccessControlAllowOrigins: { Items: ['*'] },
      });
    },
  },
];
