/** Whether a request is signed by whom it says, with each protocol's own words when it is not. */
import { Fault } from './fault.ts';
import type { Protocol } from './protocol.ts';
import { type Claim, canonicalRequest, type HttpRequest, sameText, sha256, signatureOf, timestampMs } from './sigv4.ts';

/** Where the words differ. */
export type Dialect = 's3' | 'ec2' | 'json' | 'query';

export function dialectOf(protocol: Protocol, serviceName: string | undefined): Dialect {
  if (protocol === 'ec2') return 'ec2';
  if (protocol === 'query') return 'query';
  if (protocol === 'rest-xml') return serviceName === 's3' || serviceName === undefined ? 's3' : 'query';
  return 'json';
}

const longestPresignedSeconds = 604_800;
const skewMs = 15 * 60_000;

export function unknownKey(dialect: Dialect): Fault {
  switch (dialect) {
    case 's3':
      return new Fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
        status: 403,
      });
    case 'ec2':
      return new Fault('AuthFailure', 'AWS was not able to validate the provided access credentials', { status: 401 });
    case 'json':
      return new Fault('UnrecognizedClientException', 'The security token included in the request is invalid.', {
        status: 400,
      });
    default:
      return new Fault('InvalidClientTokenId', 'The security token included in the request is invalid.', {
        status: 403,
      });
  }
}

export function missingToken(dialect: Dialect): Fault {
  const code = dialect === 'json' ? 'MissingAuthenticationTokenException' : 'MissingAuthenticationToken';
  return new Fault(code, 'Request is missing Authentication Token', { status: dialect === 'json' ? 400 : 403 });
}

export function incomplete(dialect: Dialect, message: string): Fault {
  if (dialect === 's3') return new Fault('AuthorizationQueryParametersError', message, { status: 400 });
  const code = dialect === 'json' ? 'IncompleteSignatureException' : 'IncompleteSignature';
  return new Fault(code, message, { status: dialect === 'json' ? 400 : 403 });
}

function mismatch(dialect: Dialect, members: Record<string, unknown>): Fault {
  const text = 'The request signature we calculated does not match the signature you provided. Check your';
  switch (dialect) {
    case 's3':
      return new Fault('SignatureDoesNotMatch', `${text} key and signing method.`, { status: 403, members });
    case 'ec2':
      return new Fault('AuthFailure', 'AWS was not able to validate the provided access credentials', { status: 401 });
    default: {
      const message = `${text} AWS Secret Access Key and signing method. Consult the service documentation for details.`;
      const json = dialect === 'json';
      return new Fault(json ? 'InvalidSignatureException' : 'SignatureDoesNotMatch', message, {
        status: json ? 400 : 403,
      });
    }
  }
}

/** Throws unless the claim's time is near `nowMs`; a presigned URL is good from its time until it expires. */
export function checkTime(claim: Claim, nowMs: number, dialect: Dialect): void {
  const signedMs = timestampMs(claim.timestamp);
  if (claim.presigned) {
    const expires = claim.expiresSeconds;
    if (dialect === 's3') {
      if (expires === undefined || !(expires >= 0)) throw incomplete(dialect, 'X-Amz-Expires should be a number');
      if (expires > longestPresignedSeconds) {
        throw incomplete(
          dialect,
          'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
        );
      }
    }
    const untilMs = signedMs + (expires ?? 900) * 1000;
    if (!(nowMs <= untilMs)) {
      throw new Fault('AccessDenied', 'Request has expired', {
        status: 403,
        members: {
          'X-Amz-Expires': expires,
          Expires: new Date(untilMs || 0).toISOString(),
          ServerTime: new Date(nowMs).toISOString(),
        },
      });
    }
    if (signedMs > nowMs + skewMs) throw new Fault('AccessDenied', 'Request is not yet valid', { status: 403 });
    return;
  }
  if (Math.abs(nowMs - signedMs) <= skewMs) return;
  const compact = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
  switch (dialect) {
    case 's3':
      throw new Fault(
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          status: 403,
          members: {
            RequestTime: claim.timestamp,
            ServerTime: new Date(nowMs).toISOString(),
            MaxAllowedSkewMilliseconds: skewMs,
          },
        },
      );
    case 'ec2':
      throw new Fault('RequestExpired', 'Request has expired.', { status: 400 });
    default: {
      const message = !(signedMs > nowMs)
        ? `Signature expired: ${claim.timestamp} is now earlier than ${compact(nowMs - skewMs)} (${compact(nowMs)} - 15 min.)`
        : `Signature not yet current: ${claim.timestamp} is still later than ${compact(nowMs + skewMs)} (${compact(nowMs)} + 15 min.)`;
      const json = dialect === 'json';
      throw new Fault(json ? 'InvalidSignatureException' : 'SignatureDoesNotMatch', message, {
        status: json ? 400 : 403,
      });
    }
  }
}

/** Throws unless the signature is right. `body` is hashed where the client did not say the hash. */
export function checkSignature(
  request: HttpRequest,
  claim: Claim,
  secret: string,
  body: Buffer | undefined,
  dialect: Dialect,
): void {
  const canonical = canonicalRequest(request, claim, claim.payloadHash ?? sha256(body ?? ''));
  const { signature, stringToSign } = signatureOf(claim, canonical, secret);
  if (claim.scope.date !== claim.timestamp.slice(0, 8) || !sameText(signature, claim.signature)) {
    throw mismatch(dialect, {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    });
  }
}

export function mismatchV2(): Fault {
  return mismatch('s3', {});
}
