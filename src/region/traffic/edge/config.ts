/** What edge locations serve from: an immutable snapshot of CloudFront's tables, swapped in whole on each change. */
import type { CertificateConfig } from '../local-listener.ts';

export interface EdgeConfig {
  /** `E1A2B3C4D5E6F7` */
  readonly id: string;
  readonly arn: string;
  readonly account: string;
  /** The template's logical id where known, else the id. */
  readonly name: string;
  /** `d111111abcdef8.cloudfront.net` */
  readonly domainName: string;
  /** Lower case; may begin with `*.` */
  readonly aliases: readonly string[];
  readonly enabled: boolean;
  readonly ipv6: boolean;
  /** Without a slash before it; empty for none. */
  readonly defaultRootObject: string;
  /** In the order in which their patterns are tried; the default one (`*`) last. */
  readonly behaviours: readonly BehaviourConfig[];
  readonly errorResponses: readonly ErrorResponseConfig[];
  /** The aliases' certificate. */
  readonly certificate?: CertificateConfig;
}

export interface BehaviourConfig {
  readonly pathPattern: string;
  readonly origin: OriginConfig;
  readonly viewerProtocol: 'allow-all' | 'https-only' | 'redirect-to-https';
  readonly allowedMethods: readonly string[];
  /** GET and HEAD, and OPTIONS where asked for. */
  readonly cachedMethods: readonly string[];
  readonly compress: boolean;
  readonly cache: CachePolicy;
  readonly originRequest?: RequestPolicy;
  readonly responseHeaders?: ResponseHeaders;
  readonly viewerRequest?: ViewerFunction;
  readonly viewerResponse?: ViewerFunction;
  /** Viewers must sign with one of these keys: PEM by key id. Undefined: no signature is asked for. */
  readonly trustedKeys?: ReadonlyMap<string, string>;
}

/** Which of a kind (headers, cookies, query strings) is meant. Names of headers are in lower case. */
export type Selection =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'only'; readonly names: readonly string[] }
  | { readonly kind: 'allExcept'; readonly names: readonly string[] };

export interface CachePolicy {
  readonly minTtlMs: number;
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly gzip: boolean;
  readonly brotli: boolean;
  readonly headers: Selection;
  readonly cookies: Selection;
  readonly queryStrings: Selection;
}

export interface RequestPolicy {
  readonly headers: Selection;
  /** CloudFront's own headers beside the viewer's: `cloudfront-viewer-address` … */
  readonly cloudFrontHeaders: readonly string[];
  readonly cookies: Selection;
  readonly queryStrings: Selection;
}

export interface ViewerFunction {
  /** Name and stage, for logs: `routes:LIVE`. */
  readonly name: string;
  /** Changes with the code: a version is compiled once. */
  readonly version: string;
  readonly runtime: 'cloudfront-js-1.0' | 'cloudfront-js-2.0';
  readonly code: string;
}

export interface ResponseHeaders {
  /** In the order in which they are set. Names as they are to be shown. */
  readonly set: readonly { readonly name: string; readonly value: string; readonly override: boolean }[];
  /** Lower case. */
  readonly remove: readonly string[];
  readonly cors?: CorsHeaders;
  /** Share of responses, 0–1, that get a `Server-Timing` header. */
  readonly serverTiming?: number;
}

export interface CorsHeaders {
  readonly allowOrigins: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly allowMethods: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds?: number;
  readonly originOverride: boolean;
}

interface AnyOrigin {
  readonly id: string;
  readonly domainName: string;
  /** Before every path: `/app`. Empty for none. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly connectionAttempts: number;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export interface S3OriginConfig extends AnyOrigin {
  readonly kind: 's3';
  readonly bucket: string;
  /** Undefined where the domain name has none. */
  readonly region: string | undefined;
  /** Origin access control; `never` also where there is none. */
  readonly signing: 'always' | 'never' | 'no-override';
  /** The older origin access identity: `E127EXAMPLE51Z`. */
  readonly accessIdentity?: string;
}

export interface CustomOriginConfig extends AnyOrigin {
  readonly kind: 'custom';
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly protocol: 'http-only' | 'https-only' | 'match-viewer';
  readonly keepAliveMs: number;
}

export type OriginConfig = S3OriginConfig | CustomOriginConfig;

export interface ErrorResponseConfig {
  readonly errorCode: number;
  /** What is shown in its place. */
  readonly page?: { readonly path: string; readonly status: number };
  /** Undefined: AWS's ten seconds. */
  readonly cachingMinTtlMs?: number;
}
