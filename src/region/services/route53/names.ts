/** Domain names as Route 53 holds them: lower case, absolute, odd characters as octal escapes. */
import { Fault } from '../../wire/fault.ts';

/** `App.Example.com` → `app.example.com.`; throws `InvalidDomainName` where it is none. */
export function normalName(name: string | undefined): string {
  const given = name ?? '';
  const lower = given.toLowerCase().replace(/\.$/, '');
  const labels = lower.split('.');
  const valid =
    lower.length > 0 && lower.length <= 255 && labels.every((label) => label.length > 0 && label.length <= 63);
  if (!valid) throw new Fault('InvalidDomainName', `${given.slice(0, 255)} is not a valid domain name`);
  // `*` and other characters outside of a–z, 0–9, - and _ are written as \ooo.
  const escaped = lower.replace(/[^a-z0-9._\-\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return `${escaped}.`;
}

/** `\052.example.com.` → `*.example.com`, for the DNS server. */
export function plainName(name: string): string {
  return name
    .replace(/\.$/, '')
    .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Labels from the right, as `ListResourceRecordSets` sorts. */
export function sortKey(name: string): string {
  return name.replace(/\.$/, '').split('.').reverse().join('.');
}
