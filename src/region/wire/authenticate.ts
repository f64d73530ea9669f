/** Whether a request is signed by whom it says: the time, the headers, the signature and the body's hash. */
import {
  badTimestamp,
  type Dialect,
  expired,
  expiredToken,
  incomplete,
  mismatch,
  skewed,
  unknownKey,
  unsignedHeaders,
  unsignedHost,
  unsupportedScheme,
  wrongScopeDate,
} from './auth-faults.ts';
import { type Claim, type ClaimProblem, readClaim } from './claim.ts';
import { Fault } from './fault.ts';
import type { Http, WireHost } from './host.ts';
import { hashMismatch, hexHash } from './payload.ts';
import { takeBucket } from './routes.ts';
import { type ClaimV2, expiryMs, readClaimV2, verifyV2 } from './sigv2.ts';
import { canonicalRequest, type HttpRequest, sameText, sha256, signatureOf, timestampMs } from './sigv4.ts';

/** What a request says of its sender. */
export interface Signed {
  readonly v4: Claim | ClaimProblem | undefined;
  readonly v2: ClaimV2 | undefined;
  readonly request: HttpRequest;
}

export interface Sender<Identity> {
  readonly identity: Identity;
  /** Undefined for the anonymous, and where signatures are not verified. */
  readonly secret: string | undefined;
}

const longestPresignedSeconds = 604_800;
const skewMs = 15 * 60_000;
const literalHash = /^(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/;

export function readSigned({ method, path, headers, query }: Http, rawQuery: string): Signed {
  const request: HttpRequest = { method, rawPath: path, rawQuery, headers };
  const v4 = readClaim(request, query);
  return { v4, v2: v4 ? undefined : readClaimV2(query), request };
}

/** The claim of Version 4, if there is one and it is complete. */
export function claimOf({ v4 }: Signed): Claim | undefined {
  return v4 && !('problem' in v4) ? v4 : undefined;
}

/**
 * Who sent it; anonymous when it is not signed. Throws a `Fault` in the service's own words.
 * @param body undefined where it streams: then its hash is checked on the way
 */
export function authenticate<Identity>(
  host: Pick<WireHost<Identity>, 'credentials' | 'nowMs' | 'anonymous'>,
  signed: Signed,
  http: Http,
  body: Buffer | undefined,
  dialect: Dialect,
): Sender<Identity> {
  const { v4, v2, request } = signed;
  if (v4 && 'problem' in v4) throw incomplete(dialect, v4.presigned, v4.problem);
  if (v4) {
    const { identity, secretAccessKey: secret } = keyOf(host, v4, dialect);
    checkTime(v4, host.nowMs(), dialect);
    if (secret !== undefined) checkSignature(request, v4, secret, body, dialect);
    return { identity, secret };
  }
  if (v2 && dialect === 's3') {
    const { identity, secretAccessKey: secret } = keyOf(host, v2, dialect);
    const untilMs = expiryMs(v2);
    if (!(host.nowMs() <= untilMs)) throw expired(untilMs, host.nowMs(), undefined);
    const bucketInHost = takeBucket(http.host, '/').bucket;
    if (secret !== undefined && !verifyV2(request, http.query, v2, secret, bucketInHost)) throw mismatch(dialect);
    return { identity, secret };
  }
  if (http.headers.authorization !== undefined && dialect === 's3') throw unsupportedScheme();
  return { identity: host.anonymous, secret: undefined };
}

function keyOf<Identity>(
  host: Pick<WireHost<Identity>, 'credentials'>,
  { accessKeyId, sessionToken }: Pick<Claim, 'accessKeyId' | 'sessionToken'>,
  dialect: Dialect,
) {
  const known = host.credentials(accessKeyId, sessionToken);
  if (!known) throw unknownKey(dialect, accessKeyId);
  if (known.expired) throw expiredToken(dialect, sessionToken);
  return known;
}

/** A signed time must be near ours; a presigned URL is good from its time until it expires. */
function checkTime(claim: Claim, nowMs: number, dialect: Dialect): void {
  const { timestamp, expiresSeconds, scope } = claim;
  const signedMs = timestampMs(timestamp);
  if (Number.isNaN(signedMs)) throw badTimestamp(dialect, timestamp);
  if (scope.date !== timestamp.slice(0, 8)) throw wrongScopeDate(dialect, scope.date, timestamp);
  if (!claim.presigned) {
    if (Math.abs(nowMs - signedMs) > skewMs) throw skewed(dialect, timestamp, signedMs, nowMs, skewMs);
    return;
  }
  if (expiresSeconds === undefined && dialect === 's3') {
    throw incomplete(dialect, true, 'X-Amz-Expires should be a number');
  }
  const seconds = expiresSeconds ?? skewMs / 1000;
  if (Number.isNaN(seconds)) throw incomplete(dialect, true, 'X-Amz-Expires should be a number');
  if (seconds > longestPresignedSeconds) {
    const problem =
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds';
    throw incomplete(dialect, true, problem);
  }
  if (signedMs > nowMs + skewMs) {
    if (dialect === 's3') throw new Fault('AccessDenied', 'Request is not yet valid', { status: 403 });
    throw skewed(dialect, timestamp, signedMs, nowMs, skewMs);
  }
  const untilMs = signedMs + seconds * 1000;
  if (nowMs <= untilMs) return;
  throw dialect === 's3' ? expired(untilMs, nowMs, seconds) : skewed(dialect, timestamp, signedMs, nowMs, skewMs);
}

function checkSignature(
  request: HttpRequest,
  claim: Claim,
  secret: string,
  body: Buffer | undefined,
  dialect: Dialect,
): void {
  if (!claim.signedHeaders.includes('host')) throw unsignedHost(dialect);
  const hash = dialect === 's3' ? statedHash(request, claim) : sha256(body ?? '');
  const canonical = canonicalRequest(request, claim, hash);
  const { signature, stringToSign } = signatureOf(claim, canonical, secret);
  if (!sameText(signature, claim.signature)) {
    throw mismatch(dialect, {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: claim.signature,
      StringToSignBytes: hexBytes(stringToSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: hexBytes(canonical),
    });
  }
  if (body === undefined || dialect !== 's3' || !hexHash.test(hash)) return;
  const actual = sha256(body);
  if (actual !== hash) throw hashMismatch(hash, actual);
}

/** S3 takes the client's word for the hash, into the signature, and then holds the body against it. */
function statedHash({ headers }: HttpRequest, { payloadHash, signedHeaders, presigned }: Claim): string {
  if (payloadHash === undefined) {
    throw new Fault('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256', {
      status: 400,
    });
  }
  if (!hexHash.test(payloadHash) && !literalHash.test(payloadHash)) {
    const message =
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.';
    throw new Fault('InvalidArgument', message, {
      status: 400,
      members: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: payloadHash.slice(0, 128) },
    });
  }
  const unsigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !signedHeaders.includes(name));
  // A presigned URL may be sent with the hash of a body that it does not sign.
  const refused = presigned ? unsigned.filter((name) => name !== 'x-amz-content-sha256') : unsigned;
  if (refused.length > 0) throw unsignedHeaders(refused);
  return payloadHash;
}

/** As S3 shows it to who debugs a signature. */
function hexBytes(text: string): string {
  return Buffer.from(text)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
}
