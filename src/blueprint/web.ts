/** The web side: the bucket of the single-page app, and the distribution that alone may read it. */
import { CfnOutput, Fn, Token } from 'aws-cdk-lib';
import {
  CfnCachePolicy,
  CfnDistribution,
  CfnFunction,
  CfnKeyGroup,
  CfnOriginAccessControl,
  CfnPublicKey,
  CfnResponseHeadersPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import type { CfnKey } from 'aws-cdk-lib/aws-kms';
import type { CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Balancer } from './balancer.ts';
import { bucketPolicy, privateBucket, within } from './bucket.ts';
import type { Config } from './config.ts';
import { onlyIf, type Parameters } from './parameters.ts';

/**
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
 */
const managed = {
  cachingOptimized: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  allViewerExceptHostHeader: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
};
const yearSeconds = 31_536_000;

/**
 * A path whose last part has no dot is one of the app's own routes: they are all the same page. CloudFront's runtime
 * knows JavaScript 5.1 and a little more.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
const routerCode = `function handler(event) {
  var request = event.request;
  if (!request.uri.split('/').pop().includes('.')) request.uri = '/index.html';
  return request;
}
`;
/** Without a domain the API is below /api of the app's own origin, and knows nothing of that. */
const apiPathCode = `function handler(event) {
  var request = event.request;
  request.uri = request.uri.slice(4) || '/';
  return request;
}
`;

export interface Web {
  readonly bucket: CfnBucket;
  readonly distribution: CfnDistribution;
}

export function makeWeb(
  scope: Construct,
  config: Config,
  parameters: Parameters,
  balancer: Balancer,
  siteCertificateArn: string,
  bucketKey: CfnKey | undefined,
): Web {
  const { web, name } = config;
  const { conditions } = parameters;
  const key = web.kms ? bucketKey : undefined;
  const bucket = privateBucket(scope, 'SpaBucket', { key, versioningConfiguration: { status: 'Enabled' } });
  const access = new CfnOriginAccessControl(scope, 'SpaAccess', {
    originAccessControlConfig: {
      name: uniqueName('spa'),
      originAccessControlOriginType: 's3',
      signingBehavior: 'always',
      signingProtocol: 'sigv4',
    },
  });
  const headers = makeHeaders(scope, config, parameters);
  const router = viewerFunction(scope, 'SpaRouter', 'routes', routerCode);
  const apiPath = viewerFunction(scope, 'ApiPath', 'api-path', apiPathCode);
  apiPath.cfnOptions.condition = conditions.noDomain;
  const shared = {
    targetOriginId: 'spa',
    viewerProtocolPolicy: 'redirect-to-https',
    responseHeadersPolicyId: headers.ref,
  };
  const assets: CfnDistribution.CacheBehaviorProperty = {
    ...shared,
    compress: true,
    pathPattern: `${web.assets.replace(/\/$/, '')}/*`,
    cachePolicyId: managed.cachingOptimized,
  };
  const api: CfnDistribution.CacheBehaviorProperty = {
    ...shared,
    pathPattern: '/api/*',
    targetOriginId: 'api',
    allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
    cachePolicyId: managed.cachingDisabled,
    originRequestPolicyId: managed.allViewerExceptHostHeader,
    functionAssociations: [{ eventType: 'viewer-request', functionArn: apiPath.attrFunctionArn }],
  };
  const uploads = makeUploads(scope, config, parameters, shared);

  const distribution = new CfnDistribution(scope, 'Distribution', {
    distributionConfig: {
      enabled: true,
      comment: name,
      aliases: Token.asList(onlyIf(conditions.hasDomain, [parameters.domainName.valueAsString])),
      viewerCertificate: onlyIf(conditions.hasDomain, {
        AcmCertificateArn: siteCertificateArn,
        SslSupportMethod: 'sni-only',
        MinimumProtocolVersion: 'TLSv1.2_2021',
      }),
      httpVersion: 'http2and3',
      ipv6Enabled: true,
      ...(web.priceClass === 'PriceClass_All' ? {} : { priceClass: web.priceClass }),
      defaultRootObject: 'index.html',
      origins: [
        {
          id: 'spa',
          domainName: bucket.attrRegionalDomainName,
          originAccessControlId: access.ref,
          s3OriginConfig: { originAccessIdentity: '' },
        },
        onlyIf(conditions.noDomain, {
          Id: 'api',
          DomainName: balancer.loadBalancer.attrDnsName,
          CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
          OriginCustomHeaders: [{ HeaderName: balancer.originHeader.name, HeaderValue: balancer.originHeader.value }],
        }),
      ],
      defaultCacheBehavior: {
        ...shared,
        compress: true,
        cachePolicyId: pageCaching(scope).ref,
        functionAssociations: [{ eventType: 'viewer-request', functionArn: router.attrFunctionArn }],
      },
      cacheBehaviors: [assets, ...uploads, onlyIf(conditions.noDomain, cloudFormationNames(api))],
      // By default an error is repeated for ten seconds from the cache, even one that is over.
      customErrorResponses: [404, 502, 503, 504].map((errorCode) => ({ errorCode, errorCachingMinTtl: 0 })),
    },
  });
  bucketPolicy(scope, bucket, originStatements(config, parameters, bucket, distribution));
  return { bucket, distribution };
}

/** Only this distribution. `s3:ListBucket`: without it, what is not there answers 403 rather than 404. */
function originStatements(
  { web }: Config,
  { conditions }: Parameters,
  bucket: CfnBucket,
  distribution: CfnDistribution,
) {
  const allow = (sid: string, action: string[], resource: string | string[]) => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: 'cloudfront.amazonaws.com' },
    Action: action,
    Resource: resource,
    Condition: {
      StringEquals: {
        'AWS:SourceArn': Fn.sub(
          `arn:\${AWS::Partition}:cloudfront::\${AWS::AccountId}:distribution/\${${distribution.node.id}}`,
        ),
      },
    },
  });
  const uploads = allow('Upload', ['s3:PutObject', 's3:DeleteObject'], within(bucket, 'uploads/*'));
  return [
    allow('Read', ['s3:GetObject', 's3:ListBucket'], [bucket.attrArn, within(bucket)]),
    ...(web.uploads && conditions.takesUploads ? [onlyIf(conditions.takesUploads, uploads)] : []),
  ];
}

/**
 * Origin access control proves to S3 which distribution asks, not who asked that: a path that takes `PUT` is public
 * write unless URLs are signed by a key of the group.
 */
function makeUploads(
  scope: Construct,
  { web }: Config,
  { uploadPublicKey, conditions }: Parameters,
  shared: Omit<CfnDistribution.CacheBehaviorProperty, 'pathPattern'>,
) {
  const { takesUploads } = conditions;
  if (!web.uploads || !uploadPublicKey || !takesUploads) return [];
  const publicKey = new CfnPublicKey(scope, 'UploadKey', {
    publicKeyConfig: {
      name: uniqueName('uploads'),
      // CloudFront takes a key once: another name goes with another key.
      callerReference: uniqueName('uploads'),
      encodedKey: uploadPublicKey.valueAsString,
    },
  });
  const group = new CfnKeyGroup(scope, 'UploadKeys', {
    keyGroupConfig: { name: uniqueName('uploads'), items: [publicKey.ref] },
  });
  for (const one of [publicKey, group]) one.cfnOptions.condition = takesUploads;
  new CfnOutput(scope, 'UploadKeyId', { value: publicKey.ref }).condition = takesUploads;
  const behaviour: CfnDistribution.CacheBehaviorProperty = {
    ...shared,
    pathPattern: '/uploads/*',
    allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
    cachePolicyId: managed.cachingDisabled,
    trustedKeyGroups: [group.ref],
  };
  return [onlyIf(takesUploads, cloudFormationNames(behaviour))];
}

/**
 * Pages: kept as long as they say themselves (`Cache-Control`), and asked for again each time where they say nothing.
 * CloudFront's own policy for assets keeps those for a day, and what says so (hashed names) for a year.
 */
function pageCaching(scope: Construct): CfnCachePolicy {
  return new CfnCachePolicy(scope, 'PageCaching', {
    cachePolicyConfig: {
      name: uniqueName('pages'),
      minTtl: 0,
      defaultTtl: 0,
      maxTtl: yearSeconds,
      parametersInCacheKeyAndForwardedToOrigin: {
        enableAcceptEncodingBrotli: true,
        enableAcceptEncodingGzip: true,
        cookiesConfig: { cookieBehavior: 'none' },
        headersConfig: { headerBehavior: 'none' },
        queryStringsConfig: { queryStringBehavior: 'none' },
      },
    },
  });
}

function viewerFunction(scope: Construct, id: string, name: string, functionCode: string): CfnFunction {
  return new CfnFunction(scope, id, {
    name: uniqueName(name),
    autoPublish: true,
    functionCode,
    functionConfig: { comment: '', runtime: 'cloudfront-js-2.0' },
  });
}

function makeHeaders(scope: Construct, { web }: Config, { apiOrigin }: Parameters): CfnResponseHeadersPolicy {
  const policy = web.contentSecurityPolicy;
  const csp =
    policy === false
      ? undefined
      : Fn.sub(policy.replaceAll('${', '${!').replaceAll('{api}', '${Api}'), { Api: apiOrigin });
  return new CfnResponseHeadersPolicy(scope, 'SecurityHeaders', {
    responseHeadersPolicyConfig: {
      name: uniqueName('security'),
      securityHeadersConfig: {
        strictTransportSecurity: { accessControlMaxAgeSec: yearSeconds, includeSubdomains: true, override: false },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: 'DENY', override: false },
        referrerPolicy: { referrerPolicy: 'strict-origin-when-cross-origin', override: false },
        ...(csp === undefined ? {} : { contentSecurityPolicy: { contentSecurityPolicy: csp, override: false } }),
      },
    },
  });
}

/** CloudFront's names are the account's, for all regions. */
function uniqueName(name: string): string {
  return Fn.sub(`\${AWS::StackName}-\${AWS::Region}-${name}`);
}

/** Inside `Fn::If` a property is written as the template has it. */
function cloudFormationNames(behaviour: CfnDistribution.CacheBehaviorProperty): Record<string, unknown> {
  return upperCased(behaviour) as Record<string, unknown>;
}

function upperCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(upperCased);
  if (typeof value !== 'object' || value === null || Token.isUnresolved(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key === 'functionArn' ? 'FunctionARN' : `${key[0]?.toUpperCase()}${key.slice(1)}`,
      upperCased(inner),
    ]),
  );
}
