/**
 * Cross-origin requests: the bucket's rules, and the headers that they make.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
import type { CORSRule, GetBucketCorsCommandOutput, PutBucketCorsCommandInput } from '@aws-sdk/client-s3';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { onBucket } from './access.ts';
import { change } from './bucket-policy.ts';
import { invalidRequest, malformedXml, noSuchBucket } from './faults.ts';
import { buckets } from './state.ts';

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

export const putBucketCors = onBucket('PutBucketCORS', (input: PutBucketCorsCommandInput, call, bucket) => {
  const rules = input.CORSConfiguration?.CORSRules ?? [];
  if (rules.length === 0 || rules.length > 100) throw malformedXml();
  for (const rule of rules) checkRule(rule);
  change(call, bucket, { cors: rules });
  return {};
});

function checkRule({
  AllowedMethods = [],
  AllowedOrigins = [],
  AllowedHeaders = [],
  ExposeHeaders = [],
  ID,
}: CORSRule): void {
  if (AllowedMethods.length === 0 || AllowedOrigins.length === 0 || (ID?.length ?? 0) > 255) throw malformedXml();
  for (const method of AllowedMethods) {
    if (!methods.includes(method))
      throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
  }
  for (const origin of AllowedOrigins) {
    if (origin.split('*').length > 2)
      throw invalidRequest(`AllowedOrigin "${origin}" can not have more than one wildcard.`);
  }
  for (const header of AllowedHeaders) {
    if (header.split('*').length > 2)
      throw invalidRequest(`AllowedHeader "${header}" can not have more than one wildcard.`);
  }
  for (const header of ExposeHeaders) {
    if (header.includes('*'))
      throw invalidRequest(
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      );
  }
}

export const getBucketCors = onBucket(
  'GetBucketCORS',
  (_input, _call, bucket): Omit<GetBucketCorsCommandOutput, '$metadata'> => {
    if (!bucket.cors) {
      throw new Fault('NoSuchCORSConfiguration', 'The CORS configuration does not exist', {
        status: 404,
        members: { BucketName: bucket.name },
      });
    }
    return { CORSRules: [...bucket.cors] };
  },
);

export const deleteBucketCors = onBucket('PutBucketCORS', (_input, call, bucket) => {
  change(call, bucket, { cors: undefined });
  return {};
});

/** What CORS needs of a request, once routing has found the bucket. Header names are lower-case. */
export interface CorsRequest {
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Answers `OPTIONS`: the headers of a 200, or a Fault (400, 403, 404) to be sent in S3's envelope. No signature is asked for. */
export function s3Preflight(scope: Scope, request: CorsRequest): Record<string, string> {
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': wanted } = request.headers;
  if (origin === undefined) throw badRequest('Insufficient information. Origin request header needed.');
  if (method === undefined || !methods.includes(method))
    throw badRequest(`Invalid Access-Control-Request-Method: ${method ?? 'null'}`);
  const bucket = buckets(scope).get(request.bucket);
  if (!bucket) throw noSuchBucket(request.bucket);
  const ResourceType = request.key ? 'OBJECT' : 'BUCKET';
  if (!bucket.cors) throw forbidden('CORSResponse: CORS is not enabled for this bucket.', method, ResourceType);
  const names = (wanted ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = bucket.cors.find(
    (candidate) => ruleAllows(candidate, origin, method) && names.every((name) => headerAllowed(candidate, name)),
  );
  if (!rule) {
    throw forbidden(
      "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      method,
      ResourceType,
    );
  }
  return {
    ...ruleHeaders(rule, origin),
    ...(names.length ? { 'Access-Control-Allow-Headers': names.join(', ') } : {}),
    ...(rule.MaxAgeSeconds === undefined ? {} : { 'Access-Control-Max-Age': String(rule.MaxAgeSeconds) }),
  };
}

/** The headers that an actual request's answer gets besides its own; none when no rule allows its origin. */
export function s3CorsHeaders(scope: Scope, request: CorsRequest): Record<string, string> {
  const { origin } = request.headers;
  const rules = buckets(scope).get(request.bucket)?.cors;
  if (!rules) return {};
  const rule =
    origin === undefined ? undefined : rules.find((candidate) => ruleAllows(candidate, origin, request.method));
  return rule && origin !== undefined ? ruleHeaders(rule, origin) : {};
}

function ruleHeaders(rule: CORSRule, origin: string): Record<string, string> {
  const everyone = rule.AllowedOrigins?.includes('*');
  return {
    'Access-Control-Allow-Origin': everyone ? '*' : origin,
    'Access-Control-Allow-Methods': (rule.AllowedMethods ?? []).join(', '),
    ...(rule.ExposeHeaders?.length ? { 'Access-Control-Expose-Headers': rule.ExposeHeaders.join(', ') } : {}),
    ...(everyone ? {} : { 'Access-Control-Allow-Credentials': 'true' }),
    Vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}

function ruleAllows(rule: CORSRule, origin: string, method: string): boolean {
  return (
    (rule.AllowedMethods ?? []).includes(method) && (rule.AllowedOrigins ?? []).some((allowed) => fits(allowed, origin))
  );
}

const headerAllowed = (rule: CORSRule, name: string) =>
  (rule.AllowedHeaders ?? []).some((allowed) => fits(allowed.toLowerCase(), name));

/** At most one `*`. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

const badRequest = (message: string) => new Fault('BadRequest', message, { status: 400 });
const forbidden = (message: string, Method: string, ResourceType: string) =>
  new Fault('AccessForbidden', message, { status: 403, members: { Method, ResourceType } });
