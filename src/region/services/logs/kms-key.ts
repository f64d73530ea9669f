/**
 * Whether CloudWatch Logs may use a key for a group: it asks KMS as itself, with the group's ARN as encryption context,
 * and the key's policy decides. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
import { Fault } from '../../wire/fault.ts';
import type { Call, Caller } from '../service.ts';
import { constraint, invalid } from './faults.ts';
import { groupArn } from './names.ts';

/** The key's ARN. */
export async function checkKey(call: Call, groupName: string, given: string | undefined): Promise<string> {
  if (given === undefined) throw constraint(undefined, 'kmsKeyId', 'not be null');
  if (!/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(given)) {
    throw invalid(`The specified KMS Key Id could not be found. '${groupName}'`);
  }
  const arn = groupArn(call, groupName);
  const caller: Caller = {
    kind: 'service',
    service: `logs.${call.region}.amazonaws.com`,
    sourceArn: arn,
    sourceAccount: call.account,
    trusted: false,
  };
  try {
    await call.invoke(caller, 'kms', 'GenerateDataKeyWithoutPlaintext', {
      KeyId: given,
      KeySpec: 'AES_256',
      EncryptionContext: { 'aws:logs:arn': arn },
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.code === 'DisabledException' || error.code === 'KMSInvalidStateException') {
      throw invalid(`The specified KMS key is disabled or pending deletion. '${given}'`);
    }
    throw new Fault(
      'AccessDeniedException',
      `The specified KMS key does not exist or is not allowed to be used with Arn '${arn}'`,
    );
  }
  return given;
}
