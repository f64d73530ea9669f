/**
 * Signature Version 4, verified: in the Authorization header, in a presigned query, and over signed chunks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface HttpRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly rawPath: string;
  /** As sent, without `?`. */
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface Scope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** What a request claims, before it is believed. */
export interface Claim {
  readonly accessKeyId: string;
  readonly scope: Scope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  readonly presigned: boolean;
  /** Presigned: valid for so many seconds. */
  readonly expiresSeconds: number | undefined;
  /** The hash of the body or a literal such as `UNSIGNED-PAYLOAD`, as the client signed it; undefined: hash the body. */
  readonly payloadHash: string | undefined;
}

export type ClaimProblem = { readonly problem: 'incomplete'; readonly message: string };

const credentialForm = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

/** Undefined when the request is not signed with Version 4. */
export function readClaim(request: HttpRequest, query: URLSearchParams): Claim | ClaimProblem | undefined {
  const authorization = request.headers.authorization;
  if (authorization?.startsWith('AWS4-HMAC-SHA256')) return headerClaim(authorization, request.headers);
  if (query.has('X-Amz-Algorithm') || query.has('X-Amz-Credential')) return queryClaim(query);
  return undefined;
}

function headerClaim(authorization: string, headers: HttpRequest['headers']): Claim | ClaimProblem {
  const part = (name: string) => authorization.match(new RegExp(`${name}=([^,\\s]+)`))?.[1];
  const [credential, signedHeaders, signature] = [part('Credential'), part('SignedHeaders'), part('Signature')];
  const missing = [!credential && 'Credential', !signature && 'Signature', !signedHeaders && 'SignedHeaders'].filter(
    (name) => name,
  );
  const timestamp = headers['x-amz-date'] ?? (headers.date && compactDate(headers.date));
  if (!timestamp) missing.push("existence of either a 'X-Amz-Date' or a 'Date' header");
  if (!credential || !signedHeaders || !signature || !timestamp) {
    return {
      problem: 'incomplete',
      message: `Authorization header requires ${missing.map((name) => `'${name}' parameter.`).join(' ')} Authorization=${authorization.slice(0, 200)}`,
    };
  }
  const scope = credential.match(credentialForm);
  if (!scope)
    return {
      problem: 'incomplete',
      message: `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential.slice(0, 200)}'`,
    };
  return {
    ...scopeOf(scope),
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature,
    timestamp,
    sessionToken: headers['x-amz-security-token'],
    presigned: false,
    expiresSeconds: undefined,
    payloadHash: headers['x-amz-content-sha256'],
  };
}

function queryClaim(query: URLSearchParams): Claim | ClaimProblem {
  const get = (name: string) => query.get(`X-Amz-${name}`) ?? undefined;
  const scope = get('Credential')?.match(credentialForm);
  const [signature, timestamp, signedHeaders, expires] = [
    get('Signature'),
    get('Date'),
    get('SignedHeaders'),
    get('Expires'),
  ];
  if (get('Algorithm') !== 'AWS4-HMAC-SHA256' || !scope || !signature || !timestamp || !signedHeaders) {
    return {
      problem: 'incomplete',
      message:
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    };
  }
  return {
    ...scopeOf(scope),
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature,
    timestamp,
    sessionToken: get('Security-Token'),
    presigned: true,
    expiresSeconds: expires === undefined ? undefined : Number(expires),
    payloadHash: get('Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function scopeOf([, accessKeyId = '', date = '', region = '', service = '']: RegExpMatchArray): Pick<
  Claim,
  'accessKeyId' | 'scope'
> {
  return { accessKeyId, scope: { date, region, service } };
}

function compactDate(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

export function timestampMs(timestamp: string): number {
  const [, y, mo, d, h, mi, s] = timestamp.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
}

export function canonicalRequest(request: HttpRequest, claim: Claim, payloadHash: string): string {
  const { headers } = request;
  const canonicalHeaders = claim.signedHeaders
    .map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`)
    .join('');
  // S3 keys are signed as they are; everywhere else the path is normalised and encoded once more.
  const path = claim.scope.service === 's3' ? request.rawPath : normalisedPath(request.rawPath);
  return [
    request.method,
    path || '/',
    canonicalQuery(request.rawQuery),
    canonicalHeaders,
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

function normalisedPath(rawPath: string): string {
  const parts: string[] = [];
  for (const part of rawPath.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(encodeRfc3986(part));
  }
  return `/${parts.join('/')}${parts.length > 0 && rawPath.endsWith('/') ? '/' : ''}`;
}

function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  const pairs: [string, string][] = [];
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = reencode(equals < 0 ? pair : pair.slice(0, equals));
    if (name === 'X-Amz-Signature') continue;
    pairs.push([name, equals < 0 ? '' : reencode(pair.slice(equals + 1))]);
  }
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function reencode(text: string): string {
  try {
    return encodeRfc3986(decodeURIComponent(text.replaceAll('+', '%20')));
  } catch {
    return text;
  }
}

export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

const keys = new Map<string, Buffer>();
const mostKeys = 500;

/** Derived keys hold for a day; deriving one takes four HMACs. */
export function signingKey(secret: string, { date, region, service }: Scope): Buffer {
  const name = `${secret}/${date}/${region}/${service}`;
  let key = keys.get(name);
  if (!key) {
    key = ['aws4_request', service, region, date].reduceRight<Buffer>(
      (k, part) => hmac(k, part),
      Buffer.from(`AWS4${secret}`),
    );
    if (keys.size >= mostKeys) keys.clear();
    keys.set(name, key);
  }
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function scopeText({ date, region, service }: Scope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

export function signatureOf(
  claim: Claim,
  canonical: string,
  secret: string,
): { signature: string; stringToSign: string } {
  const stringToSign = `AWS4-HMAC-SHA256\n${claim.timestamp}\n${scopeText(claim.scope)}\n${sha256(canonical)}`;
  return { signature: hmac(signingKey(secret, claim.scope), stringToSign).toString('hex'), stringToSign };
}

export function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

const emptyHash = sha256('');

/** The signature of one chunk, which signs the one before it. */
export function chunkSignature(key: Buffer, claim: Claim, previous: string, data: Uint8Array): string {
  return hmac(
    key,
    `AWS4-HMAC-SHA256-PAYLOAD\n${claim.timestamp}\n${scopeText(claim.scope)}\n${previous}\n${emptyHash}\n${sha256(data)}`,
  ).toString('hex');
}

export function trailerSignature(key: Buffer, claim: Claim, previous: string, trailers: string): string {
  return hmac(
    key,
    `AWS4-HMAC-SHA256-TRAILER\n${claim.timestamp}\n${scopeText(claim.scope)}\n${previous}\n${sha256(trailers)}`,
  ).toString('hex');
}
