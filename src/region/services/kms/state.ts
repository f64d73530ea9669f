/** KMS's records, of one region. What keys are made of is in a table of its own. */
import type { Scope } from '../service.ts';

export interface Tag {
  readonly TagKey: string;
  readonly TagValue: string;
}

export interface KeyRecord {
  readonly id: string;
  readonly arn: string;
  readonly description: string;
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  readonly deletionMs?: number;
  /** JSON text. */
  readonly policy: string;
  readonly rotationDays?: number;
  readonly rotationSinceMs?: number;
  readonly tags: readonly Tag[];
  readonly createdMs: number;
}

export interface AliasRecord {
  /** `alias/name` */
  readonly name: string;
  readonly keyId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export const keys = (scope: Scope) => scope.table<KeyRecord>('kms/keys');
export const aliases = (scope: Scope) => scope.table<AliasRecord>('kms/aliases');
/** By key id: 32 bytes in base64. */
export const materials = (scope: Scope) => scope.table<string>('kms/materials');
