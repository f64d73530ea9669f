/** The words with which each family of services refuses a signature. */
import { Fault } from './fault.ts';
import type { Protocol } from './protocol.ts';
import { compactTime } from './sigv4.ts';

/** Where the words differ. */
export type Dialect = 's3' | 'ec2' | 'json' | 'query';

/** `service` is the name in the credential scope; without one a REST request is S3's. */
export function dialectOf(protocol: Protocol, service: string | undefined): Dialect {
  if (protocol === 'ec2' || protocol === 'query') return protocol;
  if (protocol === 'rest-xml') return service === 's3' || service === undefined ? 's3' : 'query';
  return 'json';
}

/** JSON services answer with 400 where the others have 403, and their codes are exceptions. */
function refusal(dialect: Dialect, code: string, jsonCode: string, message: string): Fault {
  return dialect === 'json' ? new Fault(jsonCode, message, { status: 400 }) : new Fault(code, message, { status: 403 });
}

export function unknownKey(dialect: Dialect, accessKeyId: string): Fault {
  if (dialect === 's3') {
    return new Fault('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      status: 403,
      members: { AWSAccessKeyId: accessKeyId },
    });
  }
  if (dialect === 'ec2') return authFailure();
  const message = 'The security token included in the request is invalid.';
  return refusal(dialect, 'InvalidClientTokenId', 'UnrecognizedClientException', message);
}

/** A session has ended. The token was right, so it may be shown. */
export function expiredToken(dialect: Dialect, sessionToken: string | undefined): Fault {
  if (dialect === 's3') {
    const members = { 'Token-0': sessionToken };
    return new Fault('ExpiredToken', 'The provided token has expired.', { status: 400, members });
  }
  if (dialect === 'ec2') return new Fault('RequestExpired', 'Request has expired.', { status: 400 });
  const message = 'The security token included in the request is expired';
  return refusal(dialect, 'ExpiredToken', 'ExpiredTokenException', message);
}

function authFailure(): Fault {
  return new Fault('AuthFailure', 'AWS was not able to validate the provided access credentials', { status: 401 });
}

export function missingToken(dialect: Dialect): Fault {
  const message = 'Request is missing Authentication Token';
  return refusal(dialect, 'MissingAuthenticationToken', 'MissingAuthenticationTokenException', message);
}

export function incomplete(dialect: Dialect, presigned: boolean, problem: string): Fault {
  if (dialect === 's3') {
    return presigned
      ? new Fault('AuthorizationQueryParametersError', problem, { status: 400 })
      : new Fault('AuthorizationHeaderMalformed', `The authorization header is malformed; ${problem}`, { status: 400 });
  }
  return refusal(dialect, 'IncompleteSignature', 'IncompleteSignatureException', problem);
}

/** A header of another scheme than Signature Version 4. */
export function unsupportedScheme(): Fault {
  return new Fault(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    { status: 400 },
  );
}

export function mismatch(dialect: Dialect, members: Record<string, unknown> = {}): Fault {
  const text = 'The request signature we calculated does not match the signature you provided. Check your';
  if (dialect === 's3') {
    return new Fault('SignatureDoesNotMatch', `${text} key and signing method.`, { status: 403, members });
  }
  if (dialect === 'ec2') return authFailure();
  const message = `${text} AWS Secret Access Key and signing method. Consult the service documentation for details.`;
  return refusal(dialect, 'SignatureDoesNotMatch', 'InvalidSignatureException', message);
}

/** The date of the scope is not that of the request. */
export function wrongScopeDate(dialect: Dialect, scopeDate: string, timestamp: string): Fault {
  const message = `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`;
  if (dialect === 'ec2') return authFailure();
  return refusal(dialect, 'SignatureDoesNotMatch', 'InvalidSignatureException', message);
}

export function badTimestamp(dialect: Dialect, timestamp: string): Fault {
  if (dialect === 's3') {
    return new Fault('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', { status: 403 });
  }
  const message = `Date must be in ISO-8601 'basic format'. Got '${timestamp.slice(0, 64)}'. See http://en.wikipedia.org/wiki/ISO_8601`;
  return refusal(dialect, 'IncompleteSignature', 'IncompleteSignatureException', message);
}

export function unsignedHost(dialect: Dialect): Fault {
  if (dialect === 'ec2') return authFailure();
  const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
  return refusal(dialect, 'SignatureDoesNotMatch', 'InvalidSignatureException', message);
}

export function unsignedHeaders(names: readonly string[]): Fault {
  return new Fault('AccessDenied', 'There were headers present in the request which were not signed', {
    status: 403,
    members: { HeadersNotSigned: names.join(', ') },
  });
}

export function expired(untilMs: number, nowMs: number, seconds: number | undefined): Fault {
  return new Fault('AccessDenied', 'Request has expired', {
    status: 403,
    members: {
      'X-Amz-Expires': seconds,
      Expires: Number.isNaN(untilMs) ? undefined : new Date(untilMs).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    },
  });
}

/** The request's clock and ours are too far apart. */
export function skewed(dialect: Dialect, timestamp: string, signedMs: number, nowMs: number, mostMs: number): Fault {
  if (dialect === 's3') {
    const message = 'The difference between the request time and the current time is too large.';
    const members = {
      RequestTime: timestamp,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: mostMs,
    };
    return new Fault('RequestTimeTooSkewed', message, { status: 403, members });
  }
  if (dialect === 'ec2') return new Fault('RequestExpired', 'Request has expired.', { status: 400 });
  const now = compactTime(nowMs);
  const message =
    signedMs < nowMs
      ? `Signature expired: ${timestamp} is now earlier than ${compactTime(nowMs - mostMs)} (${now} - 15 min.)`
      : `Signature not yet current: ${timestamp} is still later than ${compactTime(nowMs + mostMs)} (${now} + 15 min.)`;
  return refusal(dialect, 'SignatureDoesNotMatch', 'InvalidSignatureException', message);
}
