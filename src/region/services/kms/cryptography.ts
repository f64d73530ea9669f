/** Encryption with the keys: AES-256-GCM, bound to the key and to the encryption context. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type {
  DecryptRequest,
  EncryptRequest,
  GenerateDataKeyRequest,
  GenerateDataKeyWithoutPlaintextRequest,
  GenerateRandomRequest,
  ReEncryptRequest,
} from '@aws-sdk/client-kms';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call, Scope } from '../service.ts';
import { findKey, keyAccess, needUsable, unsupported, validation } from './lookup.ts';
import { type KeyRecord, keys, materials } from './state.ts';

type EncryptionContext = Readonly<Record<string, string>>;

/** One byte of version, 36 of the key's id, 12 of nonce, 16 of tag, then what is encrypted. */
const version = 1;
const idEnd = 37;
const nonceEnd = idEnd + 12;
const tagEnd = nonceEnd + 16;
const largestPlaintext = 4096;

function bound(key: KeyRecord, context: EncryptionContext): Buffer {
  const sorted = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Buffer.from(JSON.stringify([key.arn, sorted]));
}

function material(scope: Scope, key: KeyRecord): Buffer {
  const text = materials(scope).get(key.id);
  if (text === undefined) throw new Error(`the key ${key.id} has no material`);
  return Buffer.from(text, 'base64');
}

function seal(call: Call, key: KeyRecord, plaintext: Uint8Array, context: EncryptionContext = {}): Buffer {
  const nonce = call.random.secret(12);
  const cipher = createCipheriv('aes-256-gcm', material(call, key), nonce).setAAD(bound(key, context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), Buffer.from(key.id), nonce, cipher.getAuthTag(), sealed]);
}

const invalidCiphertext = () => new Fault('InvalidCiphertextException', '');

/** The key that a ciphertext names. */
function keyOf(scope: Scope, blob: Uint8Array | undefined): KeyRecord {
  if (!blob || blob.length < tagEnd || blob.length > 6144 || blob[0] !== version) throw invalidCiphertext();
  const key = keys(scope).get(Buffer.from(blob.subarray(1, idEnd)).toString());
  if (!key) throw invalidCiphertext();
  return key;
}

function open(scope: Scope, key: KeyRecord, blob: Uint8Array, context: EncryptionContext = {}): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', material(scope, key), blob.subarray(idEnd, nonceEnd), {
    authTagLength: 16,
  });
  decipher.setAAD(bound(key, context)).setAuthTag(blob.subarray(nonceEnd, tagEnd));
  try {
    return Buffer.concat([decipher.update(blob.subarray(tagEnd)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

interface Asked {
  readonly EncryptionAlgorithm?: string | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
  readonly Recipient?: object | undefined;
  readonly DryRun?: boolean | undefined;
}

function refuseUnmodelled({ EncryptionAlgorithm = 'SYMMETRIC_DEFAULT', GrantTokens, Recipient }: Asked): void {
  if (EncryptionAlgorithm !== 'SYMMETRIC_DEFAULT') throw unsupported(`The algorithm ${EncryptionAlgorithm}`);
  if (GrantTokens?.length) throw unsupported('A grant');
  if (Recipient !== undefined) throw unsupported('A recipient');
}

function stopDryRun({ DryRun }: Asked): void {
  if (DryRun) {
    throw new Fault('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
  }
}

export function decryptAccess(input: DecryptRequest, call: Call): Access {
  const { KeyId, EncryptionContext } = input;
  return keyAccess(call, keyOf(call, input.CiphertextBlob), { KeyId, EncryptionContext });
}

export function encrypt(input: EncryptRequest, call: Call) {
  refuseUnmodelled(input);
  const key = needUsable(findKey(call, input.KeyId));
  const length = input.Plaintext?.length ?? 0;
  if (!input.Plaintext || length < 1 || length > largestPlaintext) {
    throw validation(
      `1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length ${length < 1 ? 'greater than or equal to 1' : `less than or equal to ${largestPlaintext}`}`,
    );
  }
  stopDryRun(input);
  const CiphertextBlob = seal(call, key, input.Plaintext, input.EncryptionContext);
  return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const };
}

export function decrypt(input: DecryptRequest, call: Call) {
  refuseUnmodelled(input);
  const blob = input.CiphertextBlob;
  const key = needUsable(keyOf(call, blob));
  if (input.KeyId !== undefined && findKey(call, input.KeyId).id !== key.id) {
    throw new Fault(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  }
  const Plaintext = open(call, key, blob ?? new Uint8Array(), input.EncryptionContext);
  stopDryRun(input);
  return { Plaintext, KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const };
}

function dataKeyLength({ KeySpec, NumberOfBytes }: GenerateDataKeyRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw validation('Please specify either number of bytes or key spec.');
  }
  if (NumberOfBytes !== undefined) {
    if (NumberOfBytes >= 1 && NumberOfBytes <= 1024) return NumberOfBytes;
    throw validation(
      `1 validation error detected: Value '${NumberOfBytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value between 1 and 1024`,
    );
  }
  if (KeySpec === 'AES_256') return 32;
  if (KeySpec === 'AES_128') return 16;
  throw validation(
    `1 validation error detected: Value '${KeySpec}' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]`,
  );
}

export function generateDataKey(input: GenerateDataKeyRequest, call: Call) {
  refuseUnmodelled(input);
  const key = needUsable(findKey(call, input.KeyId));
  const Plaintext = call.random.secret(dataKeyLength(input));
  stopDryRun(input);
  return { CiphertextBlob: seal(call, key, Plaintext, input.EncryptionContext), Plaintext, KeyId: key.arn };
}

export function generateDataKeyWithoutPlaintext(input: GenerateDataKeyWithoutPlaintextRequest, call: Call) {
  const { Plaintext: _, ...rest } = generateDataKey(input, call);
  return rest;
}

export function reEncryptAccess(input: ReEncryptRequest, call: Call): Access[] {
  return [
    keyAccess(
      call,
      keyOf(call, input.CiphertextBlob),
      { EncryptionContext: input.SourceEncryptionContext },
      'ReEncryptFrom',
    ),
    keyAccess(
      call,
      findKey(call, input.DestinationKeyId),
      { KeyId: input.DestinationKeyId, EncryptionContext: input.DestinationEncryptionContext },
      'ReEncryptTo',
    ),
  ];
}

export function reEncrypt(input: ReEncryptRequest, call: Call) {
  const { SourceEncryptionAlgorithm, DestinationEncryptionAlgorithm, GrantTokens } = input;
  refuseUnmodelled({ EncryptionAlgorithm: SourceEncryptionAlgorithm, GrantTokens });
  refuseUnmodelled({ EncryptionAlgorithm: DestinationEncryptionAlgorithm });
  const { CiphertextBlob, SourceKeyId: KeyId, SourceEncryptionContext } = input;
  const source = decrypt({ CiphertextBlob, KeyId, EncryptionContext: SourceEncryptionContext }, call);
  const key = needUsable(findKey(call, input.DestinationKeyId));
  stopDryRun(input);
  return {
    CiphertextBlob: seal(call, key, source.Plaintext, input.DestinationEncryptionContext),
    SourceKeyId: source.KeyId,
    KeyId: key.arn,
    SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
    DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
  };
}

export function generateRandom({ NumberOfBytes = 0, CustomKeyStoreId, Recipient }: GenerateRandomRequest, call: Call) {
  if (CustomKeyStoreId !== undefined || Recipient !== undefined) throw unsupported('A custom key store or recipient');
  if (!(NumberOfBytes >= 1 && NumberOfBytes <= 1024)) throw validation('Please specify 1 to 1024 bytes.');
  return { Plaintext: call.random.secret(NumberOfBytes) };
}
