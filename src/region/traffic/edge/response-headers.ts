/**
 * A response headers policy on the way to the viewer.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html
 */
import type { CorsHeaders, ResponseHeaders } from './config.ts';
import { get, type Headers, set } from './headers.ts';

export interface ViewerOrigin {
  readonly method: string;
  readonly headers: Headers;
}

const corsNames = [
  'access-control-allow-origin',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-max-age',
];

export function applyPolicy(policy: ResponseHeaders, headers: Headers, viewer: ViewerOrigin): void {
  for (const name of policy.remove) headers.delete(name);
  if (policy.cors) applyCors(policy.cors, headers, viewer);
  for (const { name, value, override } of policy.set) {
    if (override || !headers.has(name.toLowerCase())) set(headers, name, value);
  }
}

function applyCors(cors: CorsHeaders, headers: Headers, { method, headers: asked }: ViewerOrigin): void {
  const origin = get(asked, 'origin');
  // Not a cross-origin request: nothing to say.
  if (origin === undefined) return;
  // Without override any one CORS header of the origin makes all of its own count.
  if (!cors.originOverride && corsNames.some((name) => headers.has(name))) return;
  for (const name of corsNames) headers.delete(name);
  const allowed = allowedOrigin(cors, origin);
  if (allowed === undefined) return;
  set(headers, 'access-control-allow-origin', allowed);
  if (allowed !== '*') addVary(headers, 'Origin');
  if (cors.allowCredentials) set(headers, 'access-control-allow-credentials', 'true');
  const preflight = method === 'OPTIONS' && asked.has('access-control-request-method');
  if (preflight) {
    const methods = cors.allowMethods.includes('ALL')
      ? ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']
      : cors.allowMethods;
    if (methods.length > 0) set(headers, 'access-control-allow-methods', methods.join(', '));
    const wanted = get(asked, 'access-control-request-headers');
    const any = cors.allowHeaders.includes('*');
    const named = any && wanted !== undefined ? wanted : cors.allowHeaders.join(', ');
    if (named !== '') set(headers, 'access-control-allow-headers', named);
    if (cors.maxAgeSeconds !== undefined) set(headers, 'access-control-max-age', String(cors.maxAgeSeconds));
  } else if (cors.exposeHeaders.length > 0) {
    set(headers, 'access-control-expose-headers', cors.exposeHeaders.join(', '));
  }
}

function allowedOrigin(cors: CorsHeaders, origin: string): string | undefined {
  if (cors.allowOrigins.includes('*')) return cors.allowCredentials ? origin : '*';
  return cors.allowOrigins.some((pattern) => matchesOrigin(pattern, origin)) ? origin : undefined;
}

/** `https://example.com`, `https://*.example.com`, `http*://example.com`, `*://example.com` */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}?]/g, '\\$&')
    .replace(/^\*:/, 'https?:')
    .replace(/^http\*:/, 'https?:')
    .replace(/\*+/g, '[^/]*');
  return new RegExp(`^${pattern.includes('://') ? '' : 'https?://'}${source}$`, 'i').test(origin);
}

function addVary(headers: Headers, name: string): void {
  const vary = get(headers, 'vary');
  if (vary === undefined) set(headers, 'vary', name);
  else if (!vary.split(',').some((one) => one.trim().toLowerCase() === name.toLowerCase()))
    set(headers, 'vary', `${vary}, ${name}`);
}
