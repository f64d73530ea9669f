/** Certificates: requested, validated by DNS, issued, used, deleted. */
import type {
  AddTagsToCertificateRequest,
  CertificateDetail,
  CertificateSummary,
  DeleteCertificateRequest,
  DescribeCertificateRequest,
  GetCertificateRequest,
  ListCertificatesRequest,
  ListTagsForCertificateRequest,
  RemoveTagsFromCertificateRequest,
  RequestCertificateRequest,
  KeyAlgorithm as SdkKeyAlgorithm,
  UpdateCertificateOptionsRequest,
} from '@aws-sdk/client-acm';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { localCa } from './snapshot.ts';
import { type CertificateRecord, certificates, issuedCertificates, type KeyAlgorithm, type Tag } from './state.ts';
import { usersOf } from './usage.ts';
import { provenDomain, validationRecord, watchPending } from './validation.ts';

const mostNames = 10;
const mostTags = 50;
const idempotentMs = 3_600_000;
const invalid = (message: string) => new Fault('ValidationException', message);
const notModelled = (what: string) => new Fault('InvalidParameterException', `${what} is not modelled by Orrery`);

const domainForm = /^(\*\.)?(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)+([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])$/;

function checkDomain(name: string | undefined): string {
  const domain = (name ?? '').toLowerCase();
  if (domain.length < 1 || domain.length > 253 || !domainForm.test(domain)) {
    throw invalid(
      `1 validation error detected: Value '${name ?? ''}' at 'domainName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(\\*\\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$`,
    );
  }
  return domain;
}

function checkTags(given: RequestCertificateRequest['Tags']): Tag[] {
  const tags = (given ?? []).map(({ Key = '', Value }): Tag => ({ Key, ...(Value === undefined ? {} : { Value }) }));
  if (tags.some(({ Key, Value = '' }) => Key.length < 1 || Key.length > 128 || Value.length > 256)) {
    throw new Fault('InvalidTagException', 'A tag key has 1 to 128 characters, its value at most 256');
  }
  if (tags.some(({ Key }) => Key.startsWith('aws:'))) {
    throw new Fault('InvalidTagException', 'Tag keys that start with aws: are reserved');
  }
  if (tags.length > mostTags) throw new Fault('TooManyTagsException', `A certificate has at most ${mostTags} tags`);
  return tags;
}

const requestable: readonly string[] = ['RSA_2048', 'EC_prime256v1', 'EC_secp384r1'];
const isRequestable = (algorithm: string): algorithm is KeyAlgorithm => requestable.includes(algorithm);

export function requestCertificate(input: RequestCertificateRequest, call: Call): { CertificateArn: string } {
  const domain = checkDomain(input.DomainName);
  const names = [...new Set([domain, ...(input.SubjectAlternativeNames ?? []).map(checkDomain)])];
  if (names.length > mostNames) {
    throw new Fault('LimitExceededException', `Number of requested domain names exceeds ${mostNames}`);
  }
  if (input.ValidationMethod !== 'DNS')
    throw notModelled(`Validation by ${input.ValidationMethod ?? 'EMAIL (the default)'}`);
  for (const member of ['CertificateAuthorityArn', 'ManagedBy', 'DomainValidationOptions'] as const) {
    if (input[member] !== undefined) throw notModelled(member);
  }
  if (input.Options?.Export === 'ENABLED') throw notModelled('An exportable certificate');
  const { KeyAlgorithm: keyAlgorithm = 'RSA_2048' } = input;
  if (!isRequestable(keyAlgorithm))
    throw new Fault('InvalidParameterException', `Key algorithm ${keyAlgorithm} cannot be requested`);
  const tags = checkTags(input.Tags);
  const token = input.IdempotencyToken;
  if (token !== undefined && !/^\w{1,32}$/.test(token)) {
    throw invalid(
      `1 validation error detected: Value '${token}' at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+`,
    );
  }
  const now = call.clock.now();
  for (const other of certificates(call).values()) {
    const same = other.idempotencyToken === token && other.names.join() === names.join();
    if (token !== undefined && same && now - other.createdMs < idempotentMs) return { CertificateArn: other.arn };
  }
  const record: CertificateRecord = {
    arn: `arn:aws:acm:${call.region}:${call.account}:certificate/${call.random.uuid()}`,
    domain,
    names,
    status: 'PENDING_VALIDATION',
    keyAlgorithm,
    transparency: input.Options?.CertificateTransparencyLoggingPreference ?? 'ENABLED',
    createdMs: now,
    validated: [],
    tags,
    ...(token === undefined ? {} : { idempotencyToken: token }),
  };
  certificates(call).put(record.arn, record);
  watchPending(call);
  return { CertificateArn: record.arn };
}

export function needCertificate(scope: Scope, arn: string | undefined): CertificateRecord {
  if (!arn || !/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/.test(arn)) {
    throw new Fault('InvalidArnException', `Invalid arn ${arn ?? ''}`);
  }
  const record = certificates(scope).get(arn);
  if (!record) throw new Fault('ResourceNotFoundException', `Could not find certificate ${arn}.`);
  return record;
}

/** `RSA_2048` is written `RSA-2048` in a certificate's description. */
const shownAlgorithm = (algorithm: KeyAlgorithm) => algorithm.replace('RSA_', 'RSA-') as SdkKeyAlgorithm;

export async function describeCertificate(
  input: DescribeCertificateRequest,
  call: Call,
): Promise<{ Certificate: CertificateDetail }> {
  const record = needCertificate(call, input.CertificateArn);
  const inUseBy = await usersOf(call, record.arn);
  const status = (name: string) => {
    if (record.validated.includes(name)) return 'SUCCESS' as const;
    return record.status === 'VALIDATION_TIMED_OUT' ? ('FAILED' as const) : ('PENDING_VALIDATION' as const);
  };
  const { issued } = record;
  return {
    Certificate: {
      CertificateArn: record.arn,
      DomainName: record.domain,
      SubjectAlternativeNames: [...record.names],
      DomainValidationOptions: record.names.map((DomainName) => ({
        DomainName,
        ValidationDomain: provenDomain(DomainName),
        ValidationStatus: status(DomainName),
        ValidationMethod: 'DNS' as const,
        ResourceRecord: { ...validationRecord(call.account, DomainName), Type: 'CNAME' as const },
      })),
      Subject: `CN=${record.domain}`,
      Status: record.status,
      Type: 'AMAZON_ISSUED',
      CreatedAt: new Date(record.createdMs),
      KeyAlgorithm: shownAlgorithm(record.keyAlgorithm),
      SignatureAlgorithm: 'SHA256WITHECDSA',
      InUseBy: inUseBy,
      RenewalEligibility: 'INELIGIBLE',
      KeyUsages: issued ? [{ Name: 'DIGITAL_SIGNATURE' }, { Name: 'KEY_ENCIPHERMENT' }] : [],
      ExtendedKeyUsages: issued
        ? [
            { Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.1' },
            { Name: 'TLS_WEB_CLIENT_AUTHENTICATION', OID: '1.3.6.1.5.5.7.3.2' },
          ]
        : [],
      Options: { CertificateTransparencyLoggingPreference: record.transparency },
      ...(issued
        ? {
            Issuer: 'Orrery',
            IssuedAt: new Date(issued.atMs),
            NotBefore: new Date(issued.notBeforeMs),
            NotAfter: new Date(issued.notAfterMs),
            Serial: issued.serial.replace(/(..)(?!$)/g, '$1:'),
          }
        : {}),
    },
  };
}

export async function listCertificates(input: ListCertificatesRequest, call: Call) {
  const { CertificateStatuses, Includes, MaxItems = 1000, NextToken, SortBy, SortOrder } = input;
  if (MaxItems < 1 || MaxItems > 1000) throw invalid(`MaxItems must be between 1 and 1000, not ${MaxItems}`);
  // Only RSA_2048 and RSA_1024 are listed unless others are asked for.
  const algorithms: readonly string[] = Includes?.keyTypes ?? ['RSA_1024', 'RSA_2048'];
  const all = [...certificates(call).values()].filter(
    ({ status, keyAlgorithm }) =>
      (!CertificateStatuses || (CertificateStatuses as readonly string[]).includes(status)) &&
      algorithms.includes(keyAlgorithm),
  );
  if (Includes?.keyUsage || Includes?.extendedKeyUsage || Includes?.exportOption || Includes?.managedBy) {
    throw notModelled('A filter other than keyTypes');
  }
  if (SortBy === 'CREATED_AT') all.sort((a, b) => a.createdMs - b.createdMs);
  if (SortOrder === 'DESCENDING') all.reverse();
  const from = NextToken === undefined ? 0 : all.findIndex(({ arn }) => arn === NextToken);
  if (from < 0) throw invalid('NextToken is invalid');
  const page = all.slice(from, from + MaxItems);
  const next = all[from + page.length];
  const CertificateSummaryList: CertificateSummary[] = [];
  for (const record of page) {
    CertificateSummaryList.push({
      CertificateArn: record.arn,
      DomainName: record.domain,
      SubjectAlternativeNameSummaries: [...record.names],
      HasAdditionalSubjectAlternativeNames: false,
      Status: record.status,
      Type: 'AMAZON_ISSUED',
      KeyAlgorithm: shownAlgorithm(record.keyAlgorithm),
      InUse: (await usersOf(call, record.arn)).length > 0,
      RenewalEligibility: 'INELIGIBLE',
      CreatedAt: new Date(record.createdMs),
      ...(record.issued
        ? {
            IssuedAt: new Date(record.issued.atMs),
            NotBefore: new Date(record.issued.notBeforeMs),
            NotAfter: new Date(record.issued.notAfterMs),
          }
        : {}),
    });
  }
  return { CertificateSummaryList, ...(next ? { NextToken: next.arn } : {}) };
}

export function getCertificate(input: GetCertificateRequest, call: Call) {
  const record = needCertificate(call, input.CertificateArn);
  const pem = issuedCertificates(call).get(record.arn);
  const ca = localCa(call);
  if (!pem || ca === undefined) {
    throw new Fault(
      'RequestInProgressException',
      `Certificate ${record.arn} in account ${call.account} not yet issued`,
    );
  }
  return { Certificate: pem.cert.slice(0, pem.cert.length - ca.length), CertificateChain: ca };
}

export async function deleteCertificate(input: DeleteCertificateRequest, call: Call) {
  const { arn } = needCertificate(call, input.CertificateArn);
  if ((await usersOf(call, arn)).length > 0) {
    throw new Fault('ResourceInUseException', `Certificate ${arn} in account ${call.account} is in use.`);
  }
  certificates(call).delete(arn);
  issuedCertificates(call).delete(arn);
  return {};
}

export function updateCertificateOptions(input: UpdateCertificateOptionsRequest, call: Call) {
  const record = needCertificate(call, input.CertificateArn);
  if (input.Options?.Export !== undefined) throw notModelled('An exportable certificate');
  const transparency = input.Options?.CertificateTransparencyLoggingPreference ?? record.transparency;
  certificates(call).put(record.arn, { ...record, transparency });
  return {};
}

export function listTagsForCertificate(input: ListTagsForCertificateRequest, call: Call) {
  return { Tags: [...needCertificate(call, input.CertificateArn).tags] };
}

export function addTagsToCertificate(input: AddTagsToCertificateRequest, call: Call) {
  const record = needCertificate(call, input.CertificateArn);
  const added = checkTags(input.Tags);
  const kept = record.tags.filter(({ Key }) => !added.some((tag) => tag.Key === Key));
  certificates(call).put(record.arn, { ...record, tags: checkTags([...kept, ...added]) });
  return {};
}

/** A tag that is given with a value goes only when it has that value. */
export function removeTagsFromCertificate(input: RemoveTagsFromCertificateRequest, call: Call) {
  const record = needCertificate(call, input.CertificateArn);
  const gone = (tag: Tag) =>
    input.Tags?.some(({ Key, Value }) => Key === tag.Key && (Value === undefined || Value === tag.Value)) ?? false;
  certificates(call).put(record.arn, { ...record, tags: record.tags.filter((tag) => !gone(tag)) });
  return {};
}
