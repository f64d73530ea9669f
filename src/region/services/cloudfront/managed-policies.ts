/**
 * AWS's own policies, by their documented ids.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html and its siblings
 */
import type {
  CachePolicyConfig,
  OriginRequestPolicyConfig,
  ParametersInCacheKeyAndForwardedToOrigin,
  ResponseHeadersPolicyConfig,
  ResponseHeadersPolicySecurityHeadersConfig,
} from '@aws-sdk/client-cloudfront';

const yearSeconds = 31_536_000;
const daySeconds = 86_400;

const list = <T extends string>(items: T[]) => ({ Quantity: items.length, Items: items });

function cache(
  Name: string,
  ttl: [min: number, byDefault: number, max: number],
  encodings: { gzip: boolean; brotli: boolean },
  key: { headers?: string[]; cookies?: 'all'; queries?: 'all' | string[] } = {},
): CachePolicyConfig {
  const parameters: ParametersInCacheKeyAndForwardedToOrigin = {
    EnableAcceptEncodingGzip: encodings.gzip,
    EnableAcceptEncodingBrotli: encodings.brotli,
    HeadersConfig: key.headers
      ? { HeaderBehavior: 'whitelist', Headers: list(key.headers) }
      : { HeaderBehavior: 'none' },
    CookiesConfig: { CookieBehavior: key.cookies ?? 'none' },
    QueryStringsConfig: Array.isArray(key.queries)
      ? { QueryStringBehavior: 'whitelist', QueryStrings: list(key.queries) }
      : { QueryStringBehavior: key.queries ?? 'none' },
  };
  const [MinTTL, DefaultTTL, MaxTTL] = ttl;
  return { Name: `Managed-${Name}`, MinTTL, DefaultTTL, MaxTTL, ParametersInCacheKeyAndForwardedToOrigin: parameters };
}

const both = { gzip: true, brotli: true };
const neither = { gzip: false, brotli: false };
const overrides = ['host', 'origin', 'x-http-method-override', 'x-http-method', 'x-method-override'];

export const managedCachePolicies: ReadonlyMap<string, CachePolicyConfig> = new Map([
  [
    '2e54312d-136d-493c-8eb9-b001f22f67d2',
    cache('Amplify', [2, 2, 600], both, {
      headers: ['authorization', 'cloudfront-viewer-country', 'host'],
      cookies: 'all',
      queries: 'all',
    }),
  ],
  ['4135ea2d-6df8-44a3-9df3-4b5a84be39ad', cache('CachingDisabled', [0, 0, 0], neither)],
  ['658327ea-f89d-4fab-a63d-7e88639e58f6', cache('CachingOptimized', [1, daySeconds, yearSeconds], both)],
  [
    'b2884449-e4de-46a7-ac36-70bc7f1ddd6d',
    cache('CachingOptimizedForUncompressedObjects', [1, daySeconds, yearSeconds], neither),
  ],
  [
    '08627262-05a9-4f76-9ded-b50ca2e3a84f',
    cache(
      'Elemental-MediaPackage',
      [0, daySeconds, yearSeconds],
      { gzip: true, brotli: false },
      { headers: ['origin'], queries: ['aws.manifestfilter', 'start', 'end', 'm'] },
    ),
  ],
  [
    '83da9c7e-98b4-4e11-a168-04f0df8e2c65',
    cache('UseOriginCacheControlHeaders', [0, 0, yearSeconds], both, { headers: overrides, cookies: 'all' }),
  ],
  [
    '4cc15a8a-d715-48a4-82b8-cc0b614638fe',
    cache('UseOriginCacheControlHeaders-QueryStrings', [0, 0, yearSeconds], both, {
      headers: overrides,
      cookies: 'all',
      queries: 'all',
    }),
  ],
]);

function forwarded(
  Name: string,
  HeadersConfig: OriginRequestPolicyConfig['HeadersConfig'],
  cookies: 'all' | 'none' = 'none',
  queries: 'all' | 'none' = 'none',
): OriginRequestPolicyConfig {
  return {
    Name: `Managed-${Name}`,
    HeadersConfig,
    CookiesConfig: { CookieBehavior: cookies },
    QueryStringsConfig: { QueryStringBehavior: queries },
  };
}

const only = (...items: string[]) => ({ HeaderBehavior: 'whitelist' as const, Headers: list(items) });
const preflight = ['origin', 'access-control-request-headers', 'access-control-request-method'];
const until2022 = [
  'CloudFront-Forwarded-Proto',
  'CloudFront-Is-Android-Viewer',
  'CloudFront-Is-Desktop-Viewer',
  'CloudFront-Is-IOS-Viewer',
  'CloudFront-Is-Mobile-Viewer',
  'CloudFront-Is-SmartTV-Viewer',
  'CloudFront-Is-Tablet-Viewer',
  'CloudFront-Viewer-Address',
  'CloudFront-Viewer-ASN',
  'CloudFront-Viewer-City',
  'CloudFront-Viewer-Country',
  'CloudFront-Viewer-Country-Name',
  'CloudFront-Viewer-Country-Region',
  'CloudFront-Viewer-Country-Region-Name',
  'CloudFront-Viewer-Http-Version',
  'CloudFront-Viewer-Latitude',
  'CloudFront-Viewer-Longitude',
  'CloudFront-Viewer-Metro-Code',
  'CloudFront-Viewer-Postal-Code',
  'CloudFront-Viewer-Time-Zone',
  'CloudFront-Viewer-TLS',
];

export const managedRequestPolicies: ReadonlyMap<string, OriginRequestPolicyConfig> = new Map([
  ['216adef6-5c7f-47e4-b989-5492eafa07d3', forwarded('AllViewer', { HeaderBehavior: 'allViewer' }, 'all', 'all')],
  [
    '33f36d7e-f396-46d9-90e0-52428a34d9dc',
    forwarded(
      'AllViewerAndCloudFrontHeaders-2022-06',
      { HeaderBehavior: 'allViewerAndWhitelistCloudFront', Headers: list(until2022) },
      'all',
      'all',
    ),
  ],
  [
    'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    forwarded('AllViewerExceptHostHeader', { HeaderBehavior: 'allExcept', Headers: list(['host']) }, 'all', 'all'),
  ],
  ['59781a5b-3903-41f3-afcb-af62929ccde1', forwarded('CORS-CustomOrigin', only('origin'))],
  ['88a5eaf4-2fd4-4709-b370-b4c650ea3fcf', forwarded('CORS-S3Origin', only(...preflight))],
  [
    '775133bc-15f2-49f9-abea-afb2e0bf67d2',
    forwarded(
      'Elemental-MediaTailor-PersonalizedManifests',
      only(...preflight, 'user-agent', 'x-forwarded-for'),
      'none',
      'all',
    ),
  ],
  ['bf0718e1-ba1e-49d1-88b1-f726733018ae', forwarded('HostHeaderOnly', only('host'))],
  ['acba4595-bd28-49b8-b9fe-13317c0390fa', forwarded('UserAgentRefererHeaders', only('user-agent', 'referer'))],
]);

const security: ResponseHeadersPolicySecurityHeadersConfig = {
  StrictTransportSecurity: { Override: false, AccessControlMaxAgeSec: yearSeconds },
  ContentTypeOptions: { Override: true },
  FrameOptions: { Override: false, FrameOption: 'SAMEORIGIN' },
  ReferrerPolicy: { Override: false, ReferrerPolicy: 'strict-origin-when-cross-origin' },
  XSSProtection: { Override: false, Protection: true, ModeBlock: true },
};

function cors(withPreflight: boolean): ResponseHeadersPolicyConfig['CorsConfig'] {
  return {
    AccessControlAllowOrigins: list(['*']),
    AccessControlAllowHeaders: list(['*']),
    AccessControlAllowMethods: withPreflight
      ? list(['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'])
      : list(['GET']),
    ...(withPreflight ? { AccessControlExposeHeaders: list(['*']) } : {}),
    AccessControlAllowCredentials: false,
    OriginOverride: false,
  };
}

export const managedHeadersPolicies: ReadonlyMap<string, ResponseHeadersPolicyConfig> = new Map([
  ['60669652-455b-4ae9-85a4-c4c02393f86c', { Name: 'Managed-SimpleCORS', CorsConfig: cors(false) }],
  ['5cc3b908-e619-4b99-88e5-2cf7f45965bd', { Name: 'Managed-CORS-With-Preflight', CorsConfig: cors(true) }],
  ['67f7725c-6f97-4210-82d7-5512b31e9d03', { Name: 'Managed-SecurityHeadersPolicy', SecurityHeadersConfig: security }],
  [
    'e61eb60c-9c35-4d20-a928-2b84e02af89c',
    { Name: 'Managed-CORS-and-SecurityHeadersPolicy', CorsConfig: cors(false), SecurityHeadersConfig: security },
  ],
  [
    'eaab4381-ed33-4a86-88ca-d9558dc6cd63',
    {
      Name: 'Managed-CORS-with-preflight-and-SecurityHeadersPolicy',
      CorsConfig: cors(true),
      SecurityHeadersConfig: security,
    },
  ],
] as [string, ResponseHeadersPolicyConfig][]);
