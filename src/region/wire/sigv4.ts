/**
 * Signature Version 4, verified: in the Authorization header, in a presigned query, and over signed chunks.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Claim } from './claim.ts';

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

export const timestampForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

export function compactTime(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

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

/** The `Authorization` header of a request, for who signs inside the region. All of `signedHeaders` must be in it, in order. */
export function authorizationOf(
  request: HttpRequest,
  claim: Pick<Claim, 'accessKeyId' | 'scope' | 'signedHeaders' | 'timestamp'>,
  secret: string,
  payloadHash: string,
): string {
  const full = {
    ...claim,
    payloadHash,
    signature: '',
    sessionToken: undefined,
    presigned: false,
    expiresSeconds: undefined,
  };
  const { signature } = signatureOf(full, canonicalRequest(request, full, payloadHash), secret);
  const credential = `${claim.accessKeyId}/${scopeText(claim.scope)}`;
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${claim.signedHeaders.join(';')}, Signature=${signature}`;
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
