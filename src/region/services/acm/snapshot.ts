/** Certificates for the data plane: PEM with the chain, by ARN, once they are issued. */
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import type { Scope } from '../service.ts';

export function certificatePem(scope: Scope, arn: string): CertificateConfig | undefined {
  return scope.table<CertificateConfig>('acm/issued').get(arn);
}
