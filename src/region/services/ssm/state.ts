/** Parameter Store's records, of one region, by name. */
import type { Scope } from '../service.ts';
import type { Tag } from '../tags.ts';

export interface ParameterVersion {
  readonly version: number;
  readonly type: 'String' | 'StringList' | 'SecureString';
  /** A SecureString's is the base64 of what KMS made of it. */
  readonly value: string;
  readonly dataType: string;
  readonly tier: 'Standard' | 'Advanced';
  readonly modifiedMs: number;
  readonly modifiedBy: string;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly keyId?: string;
}

export interface ParameterRecord {
  readonly name: string;
  readonly tags: readonly Tag[];
  /** The current one first; those before it follow. */
  readonly versions: readonly [ParameterVersion, ...ParameterVersion[]];
}

export const parameters = (scope: Scope) => scope.table<ParameterRecord>('ssm/parameters');
