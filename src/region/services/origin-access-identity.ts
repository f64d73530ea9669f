/**
 * CloudFront's older way to show who asks: an identity that is a user of CloudFront's own account, with no policy but
 * the bucket's. A bucket policy may name it by its ARN or by its canonical user id.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
import type { Caller } from './service.ts';

const account = 'cloudfront';

/** 64 hexadecimal digits, of the id alone. */
export function canonicalUserId(id: string): string {
  return Buffer.from(id.padEnd(32, '0')).toString('hex').slice(0, 64);
}

/** The id of the identity that calls; undefined for other callers. */
export function accessIdentityOf(caller: Caller): string | undefined {
  return caller.kind === 'user' && caller.account === account ? caller.principalId : undefined;
}
