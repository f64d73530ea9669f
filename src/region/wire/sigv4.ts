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

/** A signature that lacks something. */
export interface ClaimProblem {
  readonly problem: string;
  readonly presigned: boolean;
}

const credentialForm = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/;

/** Undefined when the request is not signed with Version 4. */
export function readClaim(request: HttpRequest, query: URLSearchParams): Claim | ClaimProblem | undefined {
  const { authorization } = request.headers;
  if (authorization?.startsWith('AWS4-HMAC-SHA256')) return headerClaim(authorization, request.headers);
  if (query.has('X-Amz-Algorithm') || query.has('X-Amz-Credential')) return queryClaim(query);
  return undefined;
}

function headerClaim(authorization: string, headers: HttpRequest['headers']): Claim | ClaimProblem {
  const part = (name: string) => new RegExp(`[\\s,]${name}=([^,\\s]+)`).exec(authorization)?.[1];
  const credential = part('Credential');
  const signedHeaders = part('SignedHeaders');
  const signature = part('Signature');
  const timestamp = headers['x-amz-date'] ?? (headers.date && compactDate(headers.date));
  if (!credential || !signedHeaders || !signature || !timestamp) {
    const missing = [
      ...(credential ? [] : ["'Credential' parameter."]),
      ...(signature ? [] : ["'Signature' parameter."]),
      ...(signedHeaders ? [] : ["'SignedHeaders' parameter."]),
      ...(timestamp ? [] : ["existence of either a 'X-Amz-Date' or a 'Date' header."]),
    ].map((what) => `Authorization header requires ${what}`);
    return { problem: `${missing.join(' ')} Authorization=${authorization.slice(0, 400)}`, presigned: false };
  }
  const scope = credentialForm.exec(credential);
  if (!scope) return { problem: badCredential(credential), presigned: false };
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
  const [credential, signature, timestamp, signedHeaders, expires] = [
    get('Credential'),
    get('Signature'),
    get('Date'),
    get('SignedHeaders'),
    get('Expires'),
  ];
  if (get('Algorithm') !== 'AWS4-HMAC-SHA256') {
    return { problem: 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"', presigned: true };
  }
  if (!credential || !signature || !timestamp || !signedHeaders) {
    const problem =
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.';
    return { problem, presigned: true };
  }
  const scope = credentialForm.exec(credential);
  if (!scope) return { problem: badCredential(credential), presigned: true };
  return {
    ...scopeOf(scope),
    signedHeaders: signedHeaders.toLowerCase().split(';'),
    signature,
    timestamp,
    sessionToken: get('Security-Token'),
    presigned: true,
    expiresSeconds: expires === undefined ? undefined : /^\d{1,9}$/.test(expires) ? Number(expires) : Number.NaN,
    payloadHash: get('Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

function badCredential(credential: string): string {
  return `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential.slice(0, 200)}'`;
}

function scopeOf([, accessKeyId = '', date = '', region = '', service = '']: RegExpExecArray): Pick<
  Claim,
  'accessKeyId' | 'scope'
> {
  return { accessKeyId, scope: { date, region, service } };
}

/** `20260101T000000Z` of any date that HTTP allows. */
function compactDate(text: string): string | undefined {
  if (timestampForm.test(text)) return text;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : compactTime(date.getTime());
}

export function compactTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

const timestampForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** NaN for what is no timestamp. */
export function timestampMs(timestamp: string): number {
  const [, y, mo, d, h, mi, s] = timestampForm.exec(timestamp) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
}

export function canonicalRequest(request: HttpRequest, claim: Claim, payloadHash: string): string {
  const { headers } = request;
  const canonicalHeaders = claim.signedHeaders
    .map(
      (name) =>
        `${name}:${headerBytes(headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('');
  // S3 keys are signed as they are; everywhere else the path is normalised and encoded once more.
  const path = claim.scope.service === 's3' ? encodedPath(request.rawPath) : normalisedPath(request.rawPath);
  return [
    request.method,
    path || '/',
    canonicalQuery(request.rawQuery),
    canonicalHeaders,
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

/** Node reads headers as Latin-1; what was signed are the bytes, as UTF-8. */
function headerBytes(text: string): string {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

/** Clients differ in what they escape on the way, and agree in what they sign. */
function encodedPath(rawPath: string): string {
  if (/^[A-Za-z0-9/_.~-]*$/.test(rawPath)) return rawPath;
  try {
    return rawPath
      .split('/')
      .map((segment) => encodeRfc3986(decodeURIComponent(segment)))
      .join('/');
  } catch {
    return rawPath;
  }
}

function normalisedPath(rawPath: string): string {
  if (rawPath === '/') return rawPath;
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
    key = [date, region, service, 'aws4_request'].reduce<Buffer>(
      (previous, part) => hmac(previous, part),
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

/** In a time that does not tell how much of it is right. */
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
