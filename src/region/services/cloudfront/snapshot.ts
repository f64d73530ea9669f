/** What the edge serves from, out of CloudFront's tables. */
import type {
  CacheBehavior,
  CachePolicyConfig,
  DefaultCacheBehavior,
  Origin,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from '@aws-sdk/client-cloudfront';
import type { Table } from '../../store/store.ts';
import type {
  BehaviourConfig,
  CachePolicy,
  EdgeConfig,
  OriginConfig,
  RequestPolicy,
  ResponseHeaders,
  Selection,
  ViewerFunction,
} from '../../traffic/edge/config.ts';
import { certificatePem } from '../acm/snapshot.ts';
import type { Scope } from '../service.ts';
import { viewerFunction } from './function.ts';
import { managedCachePolicies, managedHeadersPolicies, managedRequestPolicies } from './managed-policies.ts';
import {
  accessControls,
  cachePolicies,
  type DistributionRecord,
  distributions,
  functions,
  headersPolicies,
  keyGroups,
  publicKeys,
  requestPolicies,
} from './state.ts';

/** A change of any of these makes the snapshot anew. */
export function edgeTables(scope: Scope): Pick<Table<unknown>, 'watch'>[] {
  return [
    distributions,
    functions,
    accessControls,
    cachePolicies,
    requestPolicies,
    headersPolicies,
    publicKeys,
    keyGroups,
  ].map((table) => table(scope) as Pick<Table<unknown>, 'watch'>);
}

export function edgeConfigs(scope: Scope): EdgeConfig[] {
  return [...distributions(scope).values()].map((record) => edgeConfig(scope, record));
}

function edgeConfig(scope: Scope, { id, arn, domainName, config, tags }: DistributionRecord): EdgeConfig {
  const origins = new Map((config.Origins?.Items ?? []).map((origin) => [origin.Id, originConfig(scope, origin)]));
  const behaviours = [
    ...(config.CacheBehaviors?.Items ?? []),
    ...(config.DefaultCacheBehavior ? [{ PathPattern: '*', ...config.DefaultCacheBehavior }] : []),
  ].flatMap((behaviour) => {
    const origin = origins.get(behaviour.TargetOriginId);
    return origin ? [behaviourConfig(scope, behaviour, origin)] : [];
  });
  const certificateArn = config.ViewerCertificate?.ACMCertificateArn;
  const certificate = certificateArn ? certificatePem(scope.inRegion('us-east-1'), certificateArn) : undefined;
  return {
    id,
    arn,
    account: scope.account,
    name: tags.find(({ Key }) => Key === 'aws:cloudformation:logical-id')?.Value ?? id,
    domainName,
    aliases: (config.Aliases?.Items ?? []).map((alias) => alias.toLowerCase()),
    enabled: config.Enabled ?? false,
    ipv6: config.IsIPV6Enabled ?? false,
    defaultRootObject: config.DefaultRootObject ?? '',
    behaviours,
    errorResponses: (config.CustomErrorResponses?.Items ?? []).map((one) => ({
      errorCode: one.ErrorCode ?? 0,
      ...(one.ResponsePagePath ? { page: { path: one.ResponsePagePath, status: Number(one.ResponseCode) } } : {}),
      ...(one.ErrorCachingMinTTL === undefined ? {} : { cachingMinTtlMs: one.ErrorCachingMinTTL * 1000 }),
    })),
    ...(certificate ? { certificate } : {}),
  };
}

function originConfig(scope: Scope, origin: Origin): OriginConfig {
  const { CustomOriginConfig: custom, S3OriginConfig: s3, DomainName: domainName = '' } = origin;
  const shared = {
    id: origin.Id ?? '',
    domainName,
    path: origin.OriginPath ?? '',
    headers: (origin.CustomHeaders?.Items ?? []).map(
      ({ HeaderName = '', HeaderValue = '' }) => [HeaderName.toLowerCase(), HeaderValue] as const,
    ),
    connectionAttempts: origin.ConnectionAttempts ?? 3,
    connectTimeoutMs: (origin.ConnectionTimeout ?? 10) * 1000,
    readTimeoutMs: (custom?.OriginReadTimeout ?? s3?.OriginReadTimeout ?? 30) * 1000,
  };
  if (custom) {
    return {
      ...shared,
      kind: 'custom',
      httpPort: custom.HTTPPort ?? 80,
      httpsPort: custom.HTTPSPort ?? 443,
      protocol: custom.OriginProtocolPolicy ?? 'match-viewer',
      keepAliveMs: (custom.OriginKeepaliveTimeout ?? 5) * 1000,
    };
  }
  // bucket.s3.amazonaws.com, bucket.s3.eu-west-1.amazonaws.com, bucket.s3-eu-west-1.amazonaws.com; a bucket has dots too.
  const [, bucket = '', region] = /^(.+)\.s3(?:[.-]([a-z0-9-]+))?\.amazonaws\.com$/.exec(domainName) ?? [];
  const access = accessControls(scope).get(origin.OriginAccessControlId ?? '');
  const identity = s3?.OriginAccessIdentity?.split('/').at(-1);
  return {
    ...shared,
    kind: 's3',
    bucket,
    region,
    signing: (access?.config.SigningBehavior ?? 'never') as 'always' | 'never' | 'no-override',
    ...(identity ? { accessIdentity: identity } : {}),
  };
}

function behaviourConfig(scope: Scope, behaviour: CacheBehavior, origin: OriginConfig): BehaviourConfig {
  const requestId = behaviour.OriginRequestPolicyId;
  const headersId = behaviour.ResponseHeadersPolicyId;
  const request = requestId && (requestPolicies(scope).get(requestId)?.config ?? managedRequestPolicies.get(requestId));
  const headers = headersId && (headersPolicies(scope).get(headersId)?.config ?? managedHeadersPolicies.get(headersId));
  const groups = behaviour.TrustedKeyGroups?.Items ?? [];
  const viewerRequest = functionFor(scope, behaviour, 'viewer-request');
  const viewerResponse = functionFor(scope, behaviour, 'viewer-response');
  return {
    pathPattern: behaviour.PathPattern ?? '*',
    origin,
    viewerProtocol: behaviour.ViewerProtocolPolicy ?? 'allow-all',
    allowedMethods: behaviour.AllowedMethods?.Items ?? ['GET', 'HEAD'],
    cachedMethods: behaviour.AllowedMethods?.CachedMethods?.Items ?? ['GET', 'HEAD'],
    compress: behaviour.Compress ?? false,
    cache: cachePolicy(scope, behaviour),
    ...(request ? { originRequest: requestPolicy(request) } : {}),
    ...(headers ? { responseHeaders: responseHeaders(headers) } : {}),
    ...(viewerRequest ? { viewerRequest } : {}),
    ...(viewerResponse ? { viewerResponse } : {}),
    ...(groups.length > 0 ? { trustedKeys: trustedKeys(scope, groups) } : {}),
  };
}

function functionFor(scope: Scope, behaviour: CacheBehavior, event: string): ViewerFunction | undefined {
  const arn = behaviour.FunctionAssociations?.Items?.find(({ EventType }) => EventType === event)?.FunctionARN;
  const record = arn === undefined ? undefined : functions(scope).get(arn.split('/').at(-1) ?? '');
  return record?.live && viewerFunction(record, record.live, 'LIVE');
}

function trustedKeys(scope: Scope, groups: readonly string[]): ReadonlyMap<string, string> {
  const ids = groups.flatMap((id) => keyGroups(scope).get(id)?.config.Items ?? []);
  return new Map(
    ids.flatMap((id) => {
      const pem = publicKeys(scope).get(id)?.config.EncodedKey;
      return pem === undefined ? [] : [[id, pem] as const];
    }),
  );
}

type Listed = { Items?: string[] | undefined } | undefined;

function selection(kind: string | undefined, list: Listed, lower = false): Selection {
  const names = (list?.Items ?? []).map((name) => (lower ? name.toLowerCase() : name));
  switch (kind) {
    case 'all':
    case 'allViewer':
    case 'allViewerAndWhitelistCloudFront':
      return { kind: 'all' };
    case 'whitelist':
      return { kind: 'only', names };
    case 'allExcept':
      return { kind: 'allExcept', names };
    default:
      return { kind: 'none' };
  }
}

function cachePolicy(scope: Scope, behaviour: CacheBehavior): CachePolicy {
  const id = behaviour.CachePolicyId;
  const config =
    id === undefined ? legacy(behaviour) : (cachePolicies(scope).get(id)?.config ?? managedCachePolicies.get(id));
  const parameters = config?.ParametersInCacheKeyAndForwardedToOrigin;
  const { HeadersConfig: headers, CookiesConfig: cookies, QueryStringsConfig: queries } = parameters ?? {};
  return {
    minTtlMs: (config?.MinTTL ?? 0) * 1000,
    defaultTtlMs: (config?.DefaultTTL ?? 86_400) * 1000,
    maxTtlMs: (config?.MaxTTL ?? 31_536_000) * 1000,
    gzip: parameters?.EnableAcceptEncodingGzip ?? false,
    brotli: parameters?.EnableAcceptEncodingBrotli ?? false,
    headers: selection(headers?.HeaderBehavior, headers?.Headers, true),
    cookies: selection(cookies?.CookieBehavior, cookies?.Cookies),
    queryStrings: selection(queries?.QueryStringBehavior, queries?.QueryStrings),
  };
}

/** The older settings, in the words of the newer. */
function legacy({
  ForwardedValues: forwarded,
  MinTTL = 0,
  DefaultTTL = 86_400,
  MaxTTL = 31_536_000,
  Compress = false,
}: DefaultCacheBehavior): CachePolicyConfig {
  const headers = forwarded?.Headers?.Items ?? [];
  const keys = forwarded?.QueryStringCacheKeys?.Items ?? [];
  const cookies = forwarded?.Cookies;
  // All headers: nothing is cached, everything is sent on.
  const all = headers.includes('*');
  return {
    Name: 'legacy',
    MinTTL,
    DefaultTTL,
    MaxTTL,
    ParametersInCacheKeyAndForwardedToOrigin: {
      EnableAcceptEncodingGzip: Compress,
      EnableAcceptEncodingBrotli: false,
      HeadersConfig: all
        ? ({ HeaderBehavior: 'allViewer' } as never)
        : headers.length > 0
          ? { HeaderBehavior: 'whitelist', Headers: { Quantity: headers.length, Items: headers } }
          : { HeaderBehavior: 'none' },
      CookiesConfig: {
        CookieBehavior: cookies?.Forward ?? 'none',
        ...(cookies?.WhitelistedNames ? { Cookies: cookies.WhitelistedNames } : {}),
      },
      QueryStringsConfig: !forwarded?.QueryString
        ? { QueryStringBehavior: 'none' }
        : keys.length > 0
          ? { QueryStringBehavior: 'whitelist', QueryStrings: { Quantity: keys.length, Items: keys } }
          : { QueryStringBehavior: 'all' },
    },
  };
}

function requestPolicy({
  HeadersConfig: headers,
  CookiesConfig: cookies,
  QueryStringsConfig: queries,
}: OriginRequestPolicyConfig): RequestPolicy {
  const named = (headers?.Headers?.Items ?? []).map((name) => name.toLowerCase());
  return {
    headers: selection(headers?.HeaderBehavior, headers?.Headers, true),
    cloudFrontHeaders:
      headers?.HeaderBehavior === 'allExcept' ? [] : named.filter((name) => name.startsWith('cloudfront-')),
    cookies: selection(cookies?.CookieBehavior, cookies?.Cookies),
    queryStrings: selection(queries?.QueryStringBehavior, queries?.QueryStrings),
  };
}

function responseHeaders(config: ResponseHeadersPolicyConfig): ResponseHeaders {
  const {
    SecurityHeadersConfig: security = {},
    CorsConfig: cors,
    CustomHeadersConfig: custom,
    ServerTimingHeadersConfig: timing,
  } = config;
  const {
    StrictTransportSecurity: hsts,
    ContentSecurityPolicy: csp,
    FrameOptions: frame,
    XSSProtection: xss,
    ReferrerPolicy: referrer,
    ContentTypeOptions: type,
  } = security;
  const row = (name: string, value: string | undefined, override: boolean | undefined) =>
    value === undefined ? [] : [{ name, value, override: override ?? false }];
  const hstsValue =
    hsts &&
    [
      `max-age=${hsts.AccessControlMaxAgeSec}`,
      ...(hsts.IncludeSubdomains ? ['includeSubDomains'] : []),
      ...(hsts.Preload ? ['preload'] : []),
    ].join('; ');
  const xssValue =
    xss &&
    [
      xss.Protection ? '1' : '0',
      ...(xss.ModeBlock ? ['mode=block'] : []),
      ...(xss.ReportUri ? [`report=${xss.ReportUri}`] : []),
    ].join('; ');
  return {
    set: [
      ...row('Strict-Transport-Security', hstsValue, hsts?.Override),
      ...row('Content-Security-Policy', csp?.ContentSecurityPolicy, csp?.Override),
      ...row('X-Frame-Options', frame?.FrameOption, frame?.Override),
      ...row('X-XSS-Protection', xssValue, xss?.Override),
      ...row('Referrer-Policy', referrer?.ReferrerPolicy, referrer?.Override),
      ...row('X-Content-Type-Options', type && 'nosniff', type?.Override),
      ...(custom?.Items ?? []).flatMap(({ Header = '', Value, Override }) => row(Header, Value, Override)),
    ],
    remove: (config.RemoveHeadersConfig?.Items ?? []).map(({ Header = '' }) => Header.toLowerCase()),
    ...(cors
      ? {
          cors: {
            allowOrigins: cors.AccessControlAllowOrigins?.Items ?? [],
            allowHeaders: cors.AccessControlAllowHeaders?.Items ?? [],
            allowMethods: cors.AccessControlAllowMethods?.Items ?? [],
            exposeHeaders: cors.AccessControlExposeHeaders?.Items ?? [],
            allowCredentials: cors.AccessControlAllowCredentials ?? false,
            originOverride: cors.OriginOverride ?? false,
            ...(cors.AccessControlMaxAgeSec === undefined ? {} : { maxAgeSeconds: cors.AccessControlMaxAgeSec }),
          },
        }
      : {}),
    ...(timing?.Enabled ? { serverTiming: (timing.SamplingRate ?? 0) / 100 } : {}),
  };
}
