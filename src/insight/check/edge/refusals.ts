/** Mistakes around the edge that the services refuse themselves: their words, the rule with a page, and the way out. */
import type { RuleName } from '../rule.ts';

export interface EdgeRefusal {
  /** In the service's words. */
  readonly says: RegExp;
  /** Only where its definition, as JSON, has this. */
  readonly written?: RegExp;
  readonly rule: string;
  readonly fix: string;
}

const guide = 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide';

const distributionCertificate: RuleName = {
  id: 'distribution-certificate',
  severity: 'error',
  title: "A distribution's names have a certificate of us-east-1",
  page: `${guide}/cnames-and-https-requirements.html`,
};

const aliasTargetHealth: RuleName = {
  id: 'alias-target-health',
  severity: 'error',
  title: 'Aliases of distributions ask for no health',
  page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html',
};

const accessLogBucket: RuleName = {
  id: 'access-log-bucket',
  severity: 'error',
  title: 'Balancers may write their access logs',
  page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html',
};

const corsAnyOriginCredentials: RuleName = {
  id: 'cors-any-origin-credentials',
  severity: 'error',
  title: 'Credentials are allowed to named origins only',
  page: `${guide}/understanding-response-headers-policies.html#understanding-response-headers-policies-cors`,
};

/** Those that no search of a rule in this folder finds; `bucket-public` has one. */
export const edgeRefusalRules: readonly RuleName[] = [
  distributionCertificate,
  aliasTargetHealth,
  accessLogBucket,
  corsAnyOriginCredentials,
];

const logStatement = `Statement:
  - Effect: Allow
    Principal:
      Service: logdelivery.elasticloadbalancing.amazonaws.com
    Action: s3:PutObject
    Resource:
      Fn::Sub: \${<bucket>.Arn}/AWSLogs/\${AWS::AccountId}/*`;

export const edgeRefusals: readonly EdgeRefusal[] = [
  {
    says: /To add an alternate domain name \(CNAME\)/,
    rule: distributionCertificate.id,
    fix: 'Give the distribution a certificate that has its names:\nViewerCertificate:\n  AcmCertificateArn: the ARN of a certificate in us-east-1\n  SslSupportMethod: sni-only\n  MinimumProtocolVersion: TLSv1.2_2021',
  },
  {
    says: /SSL certificate doesn't exist, isn't in us-east-1/,
    rule: distributionCertificate.id,
    fix: 'CloudFront takes certificates of us-east-1 alone. Make it there by a stack of its own, and pass its ARN to this template as a parameter.',
  },
  {
    says: /EvaluateTargetHealth must be false/,
    rule: aliasTargetHealth.id,
    fix: 'AliasTarget:\n  EvaluateTargetHealth: false',
  },
  {
    says: /public policies are blocked by the BlockPublicPolicy/,
    rule: 'bucket-public',
    fix: 'Remove the statement that lets everybody in. A distribution reads the bucket by its origin access control, named in a condition on AWS:SourceArn.',
  },
  {
    // ACLs that let others in are not modelled; AWS itself refuses them where the owner is enforced.
    says: /access control list other than private|does not allow ACLs|cannot have ACLs set/,
    // Others let services of AWS write their logs.
    written: /"AccessControl":"(Public|Authenticated)/,
    rule: 'bucket-public',
    fix: "Remove AccessControl: an ACL such as PublicRead lets everybody in, past any distribution, and AWS has switched ACLs off for new buckets. Let the bucket's policy say who reads it.",
  },
  {
    says: /Access Denied for bucket: .*check S3bucket permission/,
    rule: accessLogBucket.id,
    fix: `The bucket's policy needs this statement, the balancer DependsOn that policy, and the bucket is encrypted with SSE-S3 (AES256), as delivery takes no KMS key:\n${logStatement}`,
  },
  {
    says: /S3Bucket: .* is not (valid|located in the same region)/,
    rule: accessLogBucket.id,
    fix: 'The bucket must be there before the balancer, and in its region:\nLoadBalancerAttributes:\n  - Key: access_logs.s3.bucket\n    Value:\n      Ref: the bucket',
  },
  {
    says: /AccessControlAllowOrigins cannot be \* when/,
    rule: corsAnyOriginCredentials.id,
    fix: 'Browsers refuse * together with credentials. Name the origins:\nAccessControlAllowOrigins:\n  Items:\n    - https://myapp.com',
  },
];
