/**
 * ACM: certificates that a local authority signs, once Route 53 proves their domains.
 *
 * Not modelled: validation by e-mail, imported, exported and private certificates, renewal.
 */
import { type AnyHandler, type Call, type Operation, service } from '../service.ts';
import * as certificate from './certificate.ts';
import { certificateType } from './resources.ts';
import { watchPending } from './validation.ts';

const ofOne = (handle: AnyHandler): Operation => ({
  handle,
  access: (input: { CertificateArn?: string }, call: Call) => ({
    action: `acm:${call.operation}`,
    resource: input.CertificateArn ?? '*',
  }),
});

export const acm = service('@aws-sdk/client-acm', 'acm', {
  deniedCode: 'AccessDeniedException',
  operations: {
    requestCertificate: certificate.requestCertificate,
    listCertificates: certificate.listCertificates,
    describeCertificate: ofOne(certificate.describeCertificate),
    getCertificate: ofOne(certificate.getCertificate),
    deleteCertificate: ofOne(certificate.deleteCertificate),
    updateCertificateOptions: ofOne(certificate.updateCertificateOptions),
    listTagsForCertificate: ofOne(certificate.listTagsForCertificate),
    addTagsToCertificate: ofOne(certificate.addTagsToCertificate),
    removeTagsFromCertificate: ofOne(certificate.removeTagsFromCertificate),
  },
  resources: { 'AWS::CertificateManager::Certificate': certificateType },
  start: watchPending,
});
