/**
 * Server-side encryption. The model asks KMS exactly as S3 does, as the same caller, so that key policies decide; the
 * bytes on this machine's disk stay as they are.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { invalidArgument, notModelled } from './faults.ts';
import { type BucketRecord, bucketArn, type Encryption, objectArn } from './state.ts';

export interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
}

/** How a new object will be encrypted; with KMS this makes its data key, which the caller must be allowed. */
export async function encryptionFor(
  call: Call,
  bucket: BucketRecord,
  key: string,
  input: EncryptionInput,
): Promise<Encryption> {
  refuseCustomerKeys(input);
  const asked = input.ServerSideEncryption;
  const standard = bucket.encryption.ApplyServerSideEncryptionByDefault;
  if (asked !== undefined && !isAlgorithm(asked)) {
    throw new Fault(
      'InvalidEncryptionAlgorithmError',
      'The encryption request that you specified is not valid. Supported value: AES256, aws:kms, aws:kms:dsse.',
      { status: 400 },
    );
  }
  if (input.SSEKMSKeyId !== undefined && !asked?.startsWith('aws:kms')) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
      asked,
    );
  }
  const algorithm = asked ?? (standard?.SSEAlgorithm as Encryption['algorithm'] | undefined) ?? 'AES256';
  if (algorithm === 'AES256') return { algorithm };
  const keyId = (asked ? input.SSEKMSKeyId : standard?.KMSMasterKeyID) ?? 'alias/aws/s3';
  const bucketKey = algorithm === 'aws:kms' && (input.BucketKeyEnabled ?? bucket.encryption.BucketKeyEnabled ?? false);
  const context = {
    ...extraContext(input.SSEKMSEncryptionContext),
    // One key for the whole bucket is bound to the bucket, not to the object.
    'aws:s3:arn': bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, key),
  };
  const made = await askKms<{ KeyId: string; CiphertextBlob: Uint8Array }>(call, 'GenerateDataKey', {
    KeyId: keyId,
    KeySpec: 'AES_256',
    EncryptionContext: context,
  });
  return { algorithm, keyArn: made.KeyId, dataKey: made.CiphertextBlob, context, ...(bucketKey ? { bucketKey } : {}) };
}

/** Asks KMS to open the object's data key, as reading it needs. */
export async function openDataKey(call: Call, encryption: Encryption | undefined): Promise<void> {
  if (!encryption?.dataKey) return;
  if (call.caller.kind === 'anonymous') {
    throw new Fault(
      'InvalidArgument',
      'Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.',
      { status: 400, members: { ArgumentName: 'Authorization', ArgumentValue: 'null' } },
    );
  }
  await askKms(call, 'Decrypt', {
    KeyId: encryption.keyArn,
    CiphertextBlob: encryption.dataKey,
    EncryptionContext: encryption.context,
  });
}

export function encryptionOutput(encryption: Encryption | undefined) {
  const { algorithm, keyArn, bucketKey } = encryption ?? { algorithm: 'AES256' as const };
  return {
    ServerSideEncryption: algorithm,
    ...(keyArn ? { SSEKMSKeyId: keyArn } : {}),
    ...(bucketKey ? { BucketKeyEnabled: true } : {}),
  };
}

/** What policies can ask about the encryption that a request names (the bucket's default does not count). */
export const encryptionContext = (input: EncryptionInput) => ({
  's3:x-amz-server-side-encryption': input.ServerSideEncryption,
  's3:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
  's3:x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
});

export function refuseCustomerKeys(input: Pick<EncryptionInput, 'SSECustomerAlgorithm' | 'SSECustomerKey'>): void {
  if (input.SSECustomerAlgorithm !== undefined || input.SSECustomerKey !== undefined) {
    throw notModelled('Encryption with customer-provided keys (SSE-C)');
  }
}

export const isAlgorithm = (text: string): text is Encryption['algorithm'] =>
  text === 'AES256' || text === 'aws:kms' || text === 'aws:kms:dsse';

function extraContext(header: string | undefined): Record<string, string> {
  if (header === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64').toString());
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      Object.values(parsed).every((value) => typeof value === 'string')
    ) {
      return parsed as Record<string, string>;
    }
  } catch {
    // Said below.
  }
  throw invalidArgument(
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
    'x-amz-server-side-encryption-context',
    header,
  );
}

async function askKms<O>(call: Call, operation: string, input: object): Promise<O> {
  try {
    return await call.invoke<O>(call.caller, 'kms', operation, input);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    switch (error.code) {
      case 'AccessDeniedException':
        throw new Fault('AccessDenied', error.message, { status: 403, cause: error });
      case 'NotFoundException':
      case 'DisabledException':
      case 'KMSInvalidStateException':
      case 'InvalidKeyUsageException':
        throw new Fault(`KMS.${error.code}`, error.message, { status: 400, cause: error });
      default:
        throw error;
    }
  }
}
