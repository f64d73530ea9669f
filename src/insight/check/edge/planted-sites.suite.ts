/** Mistakes in what a distribution shows, and in CORS. */
import {
  behaviour,
  byDefault,
  cors,
  distribution,
  headersInKey,
  headersPolicy,
  keyOfPages,
  onlyDefaultBehaviour,
  part,
  type Row,
  reading,
  withoutFunction,
} from './edits.suite.ts';

export const sites: readonly Row[] = [
  {
    name: 'pages over plain HTTP',
    rule: 'viewer-http',
    logicalId: 'Distribution',
    says: /its behaviour for \/assets\/\*/,
    plant(resources) {
      behaviour(resources, '/assets/*').ViewerProtocolPolicy = 'allow-all';
    },
  },
  {
    name: 'no page at the root',
    rule: 'default-root-object',
    logicalId: 'Distribution',
    plant(resources) {
      withoutFunction(resources);
      delete distribution(resources).DefaultRootObject;
    },
  },
  {
    name: 'routes of an app that lead nowhere',
    rule: 'spa-fallback',
    logicalId: 'Distribution',
    says: /answered with 404/,
    plant: withoutFunction,
  },
  {
    name: 'a fallback for 404 where S3 says 403',
    rule: 'spa-fallback-code',
    logicalId: 'Distribution',
    says: /answered with 403/,
    mends: /ErrorCode: 403[\s\S]*allow s3:ListBucket on SpaBucket/,
    plant(resources) {
      withoutFunction(resources);
      onlyDefaultBehaviour(resources);
      reading(resources).Action = 's3:GetObject';
      distribution(resources).CustomErrorResponses = [
        { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/index.html' },
      ];
    },
  },
  {
    name: 'a fallback for 403 where S3 says 404',
    rule: 'spa-fallback-code',
    logicalId: 'Distribution',
    says: /answered with 404/,
    plant(resources) {
      withoutFunction(resources);
      onlyDefaultBehaviour(resources);
      distribution(resources).CustomErrorResponses = [
        { ErrorCode: 403, ResponseCode: 200, ResponsePagePath: '/index.html' },
      ];
    },
  },
  {
    name: "a page in the place of the API's errors",
    rule: 'error-page-hides-api',
    logicalId: 'Distribution',
    base: 'no domain',
    plant(resources) {
      distribution(resources).CustomErrorResponses = [
        { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/index.html' },
      ];
    },
  },
  {
    name: 'pages without security headers',
    rule: 'security-headers',
    logicalId: 'Distribution',
    plant: (resources) => delete byDefault(resources).ResponseHeadersPolicyId,
  },
  {
    name: 'plain HTTP to a balancer that has HTTPS',
    rule: 'origin-http',
    logicalId: 'Distribution',
    says: /HttpsListener/,
    plant(resources) {
      distribution(resources).Origins.push({
        Id: 'balancer',
        DomainName: { 'Fn::GetAtt': ['ApiBalancer', 'DNSName'] },
        CustomOriginConfig: { OriginProtocolPolicy: 'http-only' },
      });
      behaviour(resources, '/assets/*').TargetOriginId = 'balancer';
    },
  },
  {
    name: 'a bucket and a headers policy that allow different origins',
    rule: 'cors-disagree',
    logicalId: 'Distribution',
    says: /allows https:\/\/myapp\.com .* https:\/\/other\.org: the policy's headers replace/,
    plant(resources) {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://myapp.com']);
      headersPolicy(resources, {});
    },
  },
  {
    name: 'CORS rules of a bucket that never see an origin',
    rule: 'cors-origin-header',
    logicalId: 'Distribution',
    says: /does not forward Origin/,
    plant(resources) {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org']);
    },
  },
  {
    name: "one origin's answer cached for all",
    rule: 'cors-origin-header',
    logicalId: 'Distribution',
    says: /caches the answer for all origins/,
    plant(resources) {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org']);
      // AWS's own policy CORS-S3Origin, which forwards.
      byDefault(resources).OriginRequestPolicyId = '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf';
    },
  },
  {
    name: 'a method that CORS allows and the distribution refuses',
    rule: 'cors-preflight',
    logicalId: 'Distribution',
    says: /takes no PUT and OPTIONS/,
    plant(resources) {
      onlyDefaultBehaviour(resources);
      part(resources, 'SpaBucket').CorsConfiguration = cors(['https://other.org'], ['GET', 'PUT']);
      keyOfPages(resources).HeadersConfig = headersInKey('Origin');
    },
  },
  {
    name: 'preflights cached for all origins',
    rule: 'cors-cached-preflight',
    logicalId: 'Distribution',
    says: /without Access-Control-Request-Method and Access-Control-Request-Headers/,
    plant(resources) {
      byDefault(resources).AllowedMethods = ['GET', 'HEAD', 'OPTIONS'];
      byDefault(resources).CachedMethods = ['GET', 'HEAD', 'OPTIONS'];
      keyOfPages(resources).HeadersConfig = headersInKey('Origin');
    },
  },
  {
    name: 'an API that allows another origin than its app',
    rule: 'cors-api-origin',
    logicalId: 'ApiTemplate',
    says: /ALLOWED_ORIGIN=https:\/\/www\.myapp\.com, but the app is served from https:\/\/myapp\.com/,
    plant(resources) {
      const init = resources.ApiTemplate?.Metadata['AWS::CloudFormation::Init'];
      const text = JSON.stringify(init.run.files['/etc/api.env']).replace('${Origin}', 'https://www.${DomainName}');
      init.run.files['/etc/api.env'] = JSON.parse(text);
    },
  },
];
