/**
 * What the origin gets to see of a viewer's request: what the cache policy and the origin request policy name, and what
 * CloudFront always sends.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html
 */
import { type EdgeRequest, normalisedEncoding, selectCookies, selectQuery, selects } from './cache-key.ts';
import type { BehaviourConfig, Selection } from './config.ts';
import { copy, endToEnd, get, type Headers, set } from './headers.ts';

export interface ViewerFacts {
  readonly address: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly httpVersion: string;
}

export interface OriginRequest {
  readonly method: string;
  /** The origin's path before it, without the query. */
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
}

/** Of the body, of conditions and ranges: sent whatever the policies say. */
const always = [
  'content-type',
  'content-length',
  'content-md5',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
];
/** Never the viewer's own. */
const withheld = new Set([
  'host',
  'user-agent',
  'via',
  'cookie',
  'accept-encoding',
  'x-forwarded-for',
  'x-amz-cf-id',
  'expect',
]);
const nothing: Selection = { kind: 'none' };

export function originRequest(
  behaviour: BehaviourConfig,
  request: EdgeRequest,
  viewer: ViewerFacts,
  ids: { readonly via: string; readonly requestId: string },
): OriginRequest {
  const { cache, originRequest: policy, origin } = behaviour;
  const caching = cache.maxTtlMs > 0;
  // With caching switched off nothing is in the key, and nothing goes on because of it.
  const keyed = (selection: Selection) => (caching ? selection : nothing);
  const selections = [keyed(cache.headers), policy?.headers ?? nothing];
  const wanted = (name: string) => selections.some((selection) => selects(selection, name));
  const offered = endToEnd(copy(request.headers));
  const headers: Headers = new Map();
  for (const [name, values] of offered) {
    if (withheld.has(name) || name.startsWith('cloudfront-')) continue;
    if (always.includes(name) || wanted(name)) headers.set(name, values);
  }
  const host = wanted('host') ? get(offered, 'host') : undefined;
  set(headers, 'host', host ?? origin.domainName);
  set(headers, 'user-agent', (wanted('user-agent') ? get(offered, 'user-agent') : undefined) ?? 'Amazon CloudFront');
  set(headers, 'via', ids.via);
  set(headers, 'x-amz-cf-id', ids.requestId);
  const before = get(offered, 'x-forwarded-for');
  set(headers, 'x-forwarded-for', before === undefined ? viewer.address : `${before}, ${viewer.address}`);
  const cookie = selectCookies(get(offered, 'cookie'), keyed(cache.cookies), policy?.cookies ?? nothing);
  if (cookie !== '') set(headers, 'cookie', cookie);
  const accepted = acceptedEncoding(behaviour, offered, wanted('accept-encoding'), caching);
  if (accepted) set(headers, 'accept-encoding', accepted);
  const own = cloudFrontHeaders(viewer, get(offered, 'user-agent'));
  for (const name of policy?.cloudFrontHeaders ?? []) {
    const value = own[name];
    if (value !== undefined) set(headers, name, value);
  }
  for (const [name, value] of origin.headers) set(headers, name, value);
  return {
    method: request.method,
    path: `${origin.path}${request.path}`,
    query: selectQuery(request.query, keyed(cache.queryStrings), policy?.queryStrings ?? nothing),
    headers,
  };
}

/** Whether cookies come to the origin at all; where not, its own are taken from its answers. */
export function forwardsCookies({ cache, originRequest: policy }: BehaviourConfig): boolean {
  const keyed = cache.maxTtlMs > 0 ? cache.cookies.kind : 'none';
  return keyed !== 'none' || (policy?.cookies.kind ?? 'none') !== 'none';
}

function acceptedEncoding(
  behaviour: BehaviourConfig,
  offered: Headers,
  wanted: boolean,
  caching: boolean,
): string | undefined {
  const given = get(offered, 'accept-encoding');
  const { gzip, brotli } = behaviour.cache;
  if (caching && (gzip || brotli)) return normalisedEncoding(behaviour, given) || undefined;
  return wanted ? given : undefined;
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html; geography has no model. */
function cloudFrontHeaders(viewer: ViewerFacts, userAgent = ''): Record<string, string> {
  const android = /android/i.test(userAgent);
  const ios = /iphone|ipad|ipod/i.test(userAgent);
  const tablet = /ipad|tablet/i.test(userAgent) || (android && !/mobile/i.test(userAgent));
  const mobile = !tablet && /mobile|iphone|ipod/i.test(userAgent);
  const smartTv = /smart-?tv|appletv|googletv|hbbtv/i.test(userAgent);
  return {
    'cloudfront-forwarded-proto': viewer.scheme,
    'cloudfront-viewer-address': `${viewer.address}:${viewer.port}`,
    'cloudfront-viewer-http-version': viewer.httpVersion,
    'cloudfront-is-android-viewer': String(android),
    'cloudfront-is-ios-viewer': String(ios),
    'cloudfront-is-tablet-viewer': String(tablet),
    'cloudfront-is-mobile-viewer': String(mobile),
    'cloudfront-is-smarttv-viewer': String(smartTv),
    'cloudfront-is-desktop-viewer': String(!tablet && !mobile && !smartTv),
  };
}
