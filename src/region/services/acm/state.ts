/** ACM's records, of one region. Private keys and certificates that are issued are in a table of their own. */
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import type { Scope } from '../service.ts';

export interface Tag {
  readonly Key: string;
  readonly Value?: string;
}

export type KeyAlgorithm = 'RSA_2048' | 'EC_prime256v1' | 'EC_secp384r1';

export interface CertificateRecord {
  readonly arn: string;
  readonly domain: string;
  /** The domain and its alternatives, in lower case. */
  readonly names: readonly string[];
  readonly status: 'PENDING_VALIDATION' | 'ISSUED' | 'VALIDATION_TIMED_OUT';
  readonly keyAlgorithm: KeyAlgorithm;
  readonly transparency: 'ENABLED' | 'DISABLED';
  readonly createdMs: number;
  /** Names whose record was seen. */
  readonly validated: readonly string[];
  readonly issued?: {
    readonly atMs: number;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
    readonly serial: string;
  };
  readonly idempotencyToken?: string;
  readonly tags: readonly Tag[];
}

export interface Authority {
  /** PEM. */
  readonly cert: string;
  /** PKCS #8, PEM. */
  readonly key: string;
}

export const certificates = (scope: Scope) => scope.table<CertificateRecord>('acm/certificates');
/** By ARN: the certificate with its chain and key, for the data plane. */
export const issuedCertificates = (scope: Scope) => scope.table<CertificateConfig>('acm/issued');
/** One record, `ca`. */
export const authorities = (scope: Scope) => scope.table<Authority>('acm/authorities');
