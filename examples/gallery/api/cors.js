/**
 * CORS: which origins a browser may call this API from. The page's origin differs from the API's, so the API itself
 * answers preflights and names the origin it allows, and no other.
 */

/** Response headers that a page of another origin may read. */
const exposedHeaders = 'X-Served-By, ETag, Location, Content-Range';
const allowedMethods = 'GET, HEAD, POST, PUT, DELETE';
const allowedHeaders = 'Content-Type, Range, If-None-Match';
/** Seconds for which a browser may remember a preflight's answer. */
const preflightMaxAge = '600';

/**
 * The origins named by `ALLOWED_ORIGIN`, comma-separated. Throws for what is not exactly an origin (a path, a wildcard,
 * a trailing slash): such a value would never equal a browser's `Origin` and fail silently.
 * @param {string | undefined} text
 * @returns {ReadonlySet<string>}
 */
export function allowedOrigins(text) {
  const origins = (text ?? '')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  for (const origin of origins) {
    const exact = URL.canParse(origin) ? new URL(origin).origin : undefined;
    if (exact !== origin) {
      throw new Error(
        `ALLOWED_ORIGIN: "${origin}" is not an origin. Allowed: a scheme, a host and a port if it is not the default` +
          `${exact !== undefined && exact !== 'null' ? `, such as ${exact}` : ', such as https://myapp.com'}.`,
      );
    }
  }
  return new Set(origins);
}

/**
 * CORS headers of any answer. `Vary` is always there: what the answer says depends on who asks, allowed or not.
 * @param {ReadonlySet<string>} allowed
 * @param {string | undefined} origin The request's `Origin`.
 * @returns {Record<string, string>}
 */
export function corsHeaders(allowed, origin) {
  if (origin === undefined || !allowed.has(origin)) return { Vary: 'Origin' };
  return { Vary: 'Origin', 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': exposedHeaders };
}

/**
 * Headers of the answer to a preflight, or undefined where the origin is not allowed.
 * @param {ReadonlySet<string>} allowed
 * @param {string | undefined} origin
 * @returns {Record<string, string> | undefined}
 */
export function preflightHeaders(allowed, origin) {
  if (origin === undefined || !allowed.has(origin)) return undefined;
  return {
    'Access-Control-Allow-Methods': allowedMethods,
    'Access-Control-Allow-Headers': allowedHeaders,
    'Access-Control-Max-Age': preflightMaxAge,
  };
}
