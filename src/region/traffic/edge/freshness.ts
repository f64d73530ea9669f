/**
 * How long an answer may be kept.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#ExpirationDownloadDist
 */
import type { CachePolicy, ErrorResponseConfig } from './config.ts';
import { get, type Headers } from './headers.ts';

export interface Freshness {
  /** False: never kept, not even to be asked about. */
  readonly store: boolean;
  readonly ttlMs: number;
  /** After that, how long it may stand in while it is fetched anew, or when the origin fails. */
  readonly whileRevalidateMs: number;
  readonly ifErrorMs: number;
}

const notKept: Freshness = { store: false, ttlMs: 0, whileRevalidateMs: 0, ifErrorMs: 0 };
const defaultErrorTtlMs = 10_000;
const alwaysKept = new Set([404, 414, 500, 501, 502, 503, 504]);
const keptWhenTold = new Set([400, 403, 405, 412, 415]);

export function directives(cacheControl: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of (cacheControl ?? '').split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim() !== '') found.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  return found;
}

export function freshness(policy: CachePolicy, headers: Headers, nowMs: number): Freshness {
  if (policy.maxTtlMs === 0) return notKept;
  const told = directives(get(headers, 'cache-control'));
  const forbids = told.has('no-store') || told.has('private');
  if (forbids && policy.minTtlMs === 0) return notKept;
  const own = forbids || told.has('no-cache') ? 0 : lifetimeMs(told, headers, nowMs);
  const ttlMs = Math.min(Math.max(own ?? policy.defaultTtlMs, policy.minTtlMs), policy.maxTtlMs);
  return {
    store: true,
    ttlMs,
    whileRevalidateMs: secondsMs(told.get('stale-while-revalidate')) ?? 0,
    // Without being told, an expired object stands in for an origin that fails for as long as it is in the cache.
    ifErrorMs: secondsMs(told.get('stale-if-error')) ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * Undefined: an error of this kind is not kept.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
 */
export function errorFreshness(
  status: number,
  configured: ErrorResponseConfig | undefined,
  headers: Headers,
  nowMs: number,
): Freshness {
  const own = lifetimeMs(directives(get(headers, 'cache-control')), headers, nowMs);
  const keep = alwaysKept.has(status) || (keptWhenTold.has(status) && own !== undefined);
  if (!keep) return notKept;
  const ttlMs = Math.max(own ?? 0, configured?.cachingMinTtlMs ?? defaultErrorTtlMs);
  return ttlMs > 0 ? { store: true, ttlMs, whileRevalidateMs: 0, ifErrorMs: 0 } : notKept;
}

/** As long as an expired object stands in for a failing origin before it is asked again. */
export function errorPauseMs(configured: ErrorResponseConfig | undefined): number {
  return configured?.cachingMinTtlMs ?? defaultErrorTtlMs;
}

/** Of shared caches: `s-maxage`, else `max-age`, else `Expires`. */
function lifetimeMs(told: ReadonlyMap<string, string>, headers: Headers, nowMs: number): number | undefined {
  const maxAge = secondsMs(told.get('s-maxage')) ?? secondsMs(told.get('max-age'));
  if (maxAge !== undefined) return maxAge;
  const expires = headers.get('expires')?.[0];
  if (expires === undefined) return undefined;
  const atMs = Date.parse(expires);
  // A date that cannot be read is in the past: RFC 9111, 5.3.
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}

function secondsMs(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) * 1000 : undefined;
}
