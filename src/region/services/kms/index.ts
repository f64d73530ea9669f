/**
 * KMS: symmetric keys whose policies decide who may use them.
 *
 * Not modelled: asymmetric and HMAC keys, imported material, multi-Region keys, grants, custom key stores.
 */
import { type AnyHandler, type Operation, service } from '../service.ts';
import * as alias from './alias.ts';
import * as cryptography from './cryptography.ts';
import * as key from './key.ts';
import { aliasType, keyType } from './resources.ts';

const onKey = (handle: AnyHandler): Operation => ({ handle, access: key.keyAccessOf });
const onAlias = (handle: AnyHandler): Operation => ({ handle, access: alias.aliasAccess });

export const kms = service('@aws-sdk/client-kms', 'kms', {
  deniedCode: 'AccessDeniedException',
  operations: {
    createKey: key.createKey,
    listKeys: key.listKeys,
    describeKey: onKey(key.describeKey),
    updateKeyDescription: onKey(key.updateKeyDescription),
    enableKey: onKey(key.enableKey),
    disableKey: onKey(key.disableKey),
    getKeyPolicy: onKey(key.getKeyPolicy),
    putKeyPolicy: onKey(key.putKeyPolicy),
    listKeyPolicies: onKey(key.listKeyPolicies),
    enableKeyRotation: onKey(key.enableKeyRotation),
    disableKeyRotation: onKey(key.disableKeyRotation),
    getKeyRotationStatus: onKey(key.getKeyRotationStatus),
    scheduleKeyDeletion: onKey(key.scheduleKeyDeletion),
    cancelKeyDeletion: onKey(key.cancelKeyDeletion),
    tagResource: onKey(key.tagResource),
    untagResource: onKey(key.untagResource),
    listResourceTags: onKey(key.listResourceTags),

    listAliases: alias.listAliases,
    createAlias: onAlias(alias.createAlias),
    updateAlias: onAlias(alias.updateAlias),
    deleteAlias: onAlias(alias.deleteAlias),

    encrypt: onKey(cryptography.encrypt),
    decrypt: { handle: cryptography.decrypt, access: cryptography.decryptAccess },
    generateDataKey: onKey(cryptography.generateDataKey),
    generateDataKeyWithoutPlaintext: onKey(cryptography.generateDataKeyWithoutPlaintext),
    reEncrypt: { handle: cryptography.reEncrypt, access: cryptography.reEncryptAccess },
    generateRandom: cryptography.generateRandom,
  },
  resources: { 'AWS::KMS::Key': keyType, 'AWS::KMS::Alias': aliasType },
  start: key.startKeys,
});
