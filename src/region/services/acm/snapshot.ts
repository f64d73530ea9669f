/** Certificates for the data plane: PEM with the chain, by ARN, once they are issued. */
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import type { Scope } from '../service.ts';
import { authorities, issuedCertificates } from './state.ts';

export function certificatePem(scope: Scope, arn: string): CertificateConfig | undefined {
  return issuedCertificates(scope).get(arn);
}

/** The certificate (PEM) of the authority that signs here; undefined before the first certificate is issued. */
export function localCa(scope: Scope): string | undefined {
  return authorities(scope).get('ca')?.cert;
}
