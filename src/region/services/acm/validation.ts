/** Waits for the DNS records that prove a domain, and issues the certificate when they are there. */
import { createHash } from 'node:crypto';
import type { HostedZone, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { Fault } from '../../wire/fault.ts';
import type { Caller, Scope } from '../service.ts';
import { issueCertificate } from './authority.ts';
import { type CertificateRecord, certificates, issuedCertificates } from './state.ts';

const acm: Caller = { kind: 'service', service: 'acm.amazonaws.com', trusted: true };
const hourMs = 3_600_000;
/** https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html */
const giveUpMs = 72 * hourMs;
/** How often to look, by the age of the youngest that is pending: a stack is waiting for it at first, a registrar later. */
const paces = [
  { untilMs: 10_000, everyMs: 200 },
  { untilMs: 600_000, everyMs: 1000 },
] as const;
const patientEveryMs = 60_000;

/** A wildcard is proven by the record of the domain below it. */
export const provenDomain = (name: string) => name.replace(/^\*\./, '');

/** The same for an account and a domain each time, so that a record once set proves later certificates too. */
export function validationRecord(account: string, name: string): { Name: string; Value: string } {
  const domain = provenDomain(name);
  const digest = (purpose: string) => createHash('sha256').update(`${purpose} ${account} ${domain}`).digest('hex');
  const letters = digest('zone')
    .slice(0, 10)
    .replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? 'g');
  return {
    Name: `_${digest('name').slice(0, 32)}.${domain}.`,
    Value: `_${digest('value').slice(0, 32)}.${letters}.acm-validations.aws.`,
  };
}

const watched = new WeakSet<object>();

/** Looks while something is pending, and schedules nothing while nothing is. */
export function watchPending(scope: Scope): void {
  const table = certificates(scope);
  if (watched.has(table)) return;
  const pending = [...table.values()].filter(({ status }) => status === 'PENDING_VALIDATION');
  if (pending.length === 0) return;
  watched.add(table);
  const youngest = Math.max(...pending.map(({ createdMs }) => createdMs));
  const ageMs = scope.clock.now() - youngest;
  scope.clock.after(paces.find(({ untilMs }) => ageMs < untilMs)?.everyMs ?? patientEveryMs, () => {
    void lookAll(scope).finally(() => {
      watched.delete(table);
      watchPending(scope);
    });
  });
}

async function lookAll(scope: Scope): Promise<void> {
  for (const { arn, status } of [...certificates(scope).values()]) {
    if (status !== 'PENDING_VALIDATION') continue;
    try {
      await look(scope, arn);
    } catch (error) {
      scope.note({
        source: 'acm',
        kind: 'validation-failed',
        text: `${arn}: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }
}

async function look(scope: Scope, arn: string): Promise<void> {
  const before = certificates(scope).get(arn);
  if (!before) return;
  const proven: string[] = [];
  for (const name of before.names) if (await recordIsThere(scope, name)) proven.push(name);
  const issued =
    proven.length === before.names.length
      ? await issueCertificate(scope, before.names, before.keyAlgorithm)
      : undefined;
  // It may have been deleted meanwhile.
  const record = certificates(scope).get(arn);
  if (!record) return;
  if (issued) {
    const { cert, key, names, serial, notBeforeMs, notAfterMs } = issued;
    issuedCertificates(scope).put(arn, { cert, key, names });
    certificates(scope).put(arn, {
      ...record,
      status: 'ISSUED',
      validated: proven,
      issued: { atMs: scope.clock.now(), serial, notBeforeMs, notAfterMs },
    });
  } else if (scope.clock.now() - record.createdMs >= giveUpMs) {
    certificates(scope).put(arn, { ...record, status: 'VALIDATION_TIMED_OUT', validated: proven });
    scope.note({
      source: 'acm',
      kind: 'validation-timed-out',
      text: `${arn}: the records that prove ${record.names.filter((name) => !proven.includes(name)).join(', ')} did not appear within 72 hours`,
    });
  } else if (proven.length !== record.validated.length) {
    certificates(scope).put(arn, { ...record, validated: proven } satisfies CertificateRecord);
  }
}

async function recordIsThere(scope: Scope, name: string): Promise<boolean> {
  const { Name, Value } = validationRecord(scope.account, name);
  const labels = provenDomain(name).split('.');
  for (let i = 0; i < labels.length; i++) {
    const zone = `${labels.slice(i).join('.')}.`;
    for (const Id of await publicZones(scope, zone)) {
      const { ResourceRecordSets = [] } = await scope.invoke<{ ResourceRecordSets?: ResourceRecordSet[] }>(
        acm,
        'route53',
        'ListResourceRecordSets',
        { HostedZoneId: Id, StartRecordName: Name, StartRecordType: 'CNAME', MaxItems: 1 },
      );
      const [found] = ResourceRecordSets;
      if (found?.Name !== Name || found.Type !== 'CNAME') continue;
      const target = found.ResourceRecords?.[0]?.Value?.toLowerCase();
      if (target === Value || `${target}.` === Value) return true;
    }
  }
  return false;
}

async function publicZones(scope: Scope, name: string): Promise<string[]> {
  try {
    const { HostedZones = [] } = await scope.invoke<{ HostedZones?: HostedZone[] }>(
      acm,
      'route53',
      'ListHostedZonesByName',
      { DNSName: name, MaxItems: 100 },
    );
    return HostedZones.flatMap((zone) => (zone.Name === name && !zone.Config?.PrivateZone && zone.Id ? [zone.Id] : []));
  } catch (error) {
    // A region without Route 53 proves nothing.
    if (error instanceof Fault && error.code === 'InvalidAction') return [];
    throw error;
  }
}
