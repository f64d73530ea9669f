/** S3's presigned URLs of Signature Version 2: what boto3 and AWS CLI 1 still make by default in us-east-1. */
import { createHmac } from 'node:crypto';
import { type HttpRequest, sameText } from './sigv4.ts';

export interface ClaimV2 {
  readonly accessKeyId: string;
  readonly signature: string;
  /** Seconds since the epoch, as text. */
  readonly expires: string;
  readonly sessionToken: string | undefined;
}

export function readClaimV2(query: URLSearchParams): ClaimV2 | undefined {
  const [accessKeyId, signature, expires] = [query.get('AWSAccessKeyId'), query.get('Signature'), query.get('Expires')];
  if (accessKeyId === null || signature === null || expires === null) return undefined;
  return { accessKeyId, signature, expires, sessionToken: query.get('x-amz-security-token') ?? undefined };
}

/** NaN where the time is none. */
export function expiryMs({ expires }: ClaimV2): number {
  return /^\d{1,11}$/.test(expires) ? Number(expires) * 1000 : Number.NaN;
}

/** Sub-resources and overrides that are part of what is signed. */
const signedParameters = new Set(
  (
    'acl cors delete lifecycle location logging notification partNumber policy requestPayment restore tagging torrent uploadId uploads ' +
    'versionId versioning versions website response-content-type response-content-language response-expires response-cache-control ' +
    'response-content-disposition response-content-encoding'
  ).split(' '),
);

export function verifyV2(
  request: HttpRequest,
  query: URLSearchParams,
  claim: ClaimV2,
  secret: string,
  bucketInHost: string | undefined,
): boolean {
  const { headers } = request;
  const amz = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-amz-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  const parameters = [...query]
    .filter(([name]) => signedParameters.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  // The token is signed like a header although it is sent as a parameter.
  const token = claim.sessionToken === undefined ? '' : `x-amz-security-token:${claim.sessionToken}\n`;
  const resource = `${bucketInHost === undefined ? '' : `/${bucketInHost}`}${request.rawPath}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
  const text = [
    request.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    claim.expires,
    `${amz}${token}${resource}`,
  ].join('\n');
  return sameText(createHmac('sha1', secret).update(text).digest('base64'), claim.signature);
}
