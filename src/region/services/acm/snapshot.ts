/** Certificates for the data plane: PEM with the chain, by ARN, once they are issued. */
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import type { Scope } from '../service.ts';
import { issueCertificate } from './authority.ts';
import { authorities, issuedCertificates } from './state.ts';

export function certificatePem(scope: Scope, arn: string): CertificateConfig | undefined {
  return issuedCertificates(scope).get(arn);
}

/** The certificate (PEM) of the authority that signs here; undefined before the first certificate is issued. */
export function localCa(scope: Scope): string | undefined {
  return authorities(scope).get('ca')?.cert;
}

const issuing = new Set<string>();

/** A certificate that AWS itself holds, such as that of `*.cloudfront.net`: made when it is first asked for. */
export function awsCertificate(scope: Scope, name: string): CertificateConfig | undefined {
  const known = issuedCertificates(scope).get(name);
  if (known || issuing.has(name)) return known;
  issuing.add(name);
  void issueCertificate(scope, [name], 'EC_prime256v1')
    .then(({ cert, key, names }) => issuedCertificates(scope).put(name, { cert, key, names }))
    .catch((error: unknown) => scope.note({ source: 'acm', kind: 'internal-failure', text: String(error) }))
    .finally(() => issuing.delete(name));
  return undefined;
}
