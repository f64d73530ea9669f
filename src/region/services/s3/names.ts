import { Fault } from '../../wire/fault.ts';

/**
 * Whether a new general purpose bucket may be called so.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function validBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !/\.\.|\.-|-\./.test(name) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  );
}

export function checkBucketName(name: string): void {
  if (!validBucketName(name)) {
    throw new Fault('InvalidBucketName', 'The specified bucket is not valid.', {
      status: 400,
      members: { BucketName: name },
    });
  }
}

const maxKeyBytes = 1024;

/** Keys are 1 to 1,024 bytes of UTF-8. */
export function checkKey(key: string): void {
  // Most keys need no counting.
  if (key.length * 6 <= maxKeyBytes && key !== '') return;
  // The index writes control characters longer; keys made of hundreds of them are refused, which S3 would not.
  const size = Buffer.byteLength(key) + [...key].filter((c) => c < '\x07').length;
  if (size === 0) throw new Fault('InvalidArgument', 'A key cannot be empty.', { status: 400 });
  if (size > maxKeyBytes) {
    throw new Fault('KeyTooLongError', 'Your key is too long', {
      status: 400,
      members: { Size: String(size), MaxSizeAllowed: String(maxKeyBytes) },
    });
  }
}
