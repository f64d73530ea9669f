/** What a request's signature of Version 4 says, read from its header or its query. Nothing is believed yet. */
import { compactTime, type HttpRequest, type Scope, timestampForm } from './sigv4.ts';

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
