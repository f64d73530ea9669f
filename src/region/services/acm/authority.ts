/** The region's own certificate authority: real X.509 certificates, which whoever trusts its root can verify. */
import { webcrypto } from 'node:crypto';
import type { CertificateConfig } from '../../traffic/local-listener.ts';
import type { Scope } from '../service.ts';
import { type Authority, authorities, type KeyAlgorithm } from './state.ts';

const dayMs = 86_400_000;
const authorityDays = 3650;
/** ACM's certificates are good for thirteen months: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
const certificateDays = 395;

type Algorithm = EcKeyGenParams | RsaHashedKeyGenParams;
type EcKeyGenParams = { name: 'ECDSA'; namedCurve: 'P-256' | 'P-384'; hash: 'SHA-256' | 'SHA-384' };
type RsaHashedKeyGenParams = {
  name: 'RSASSA-PKCS1-v1_5';
  hash: 'SHA-256';
  modulusLength: number;
  publicExponent: Uint8Array<ArrayBuffer>;
};

const p256: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const keyAlgorithms: Readonly<Record<KeyAlgorithm, Algorithm>> = {
  RSA_2048: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  EC_prime256v1: p256,
  EC_secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
};

/** Loaded when first needed: most regions start without issuing anything. */
async function x509() {
  // The library's dependency injection asks for it.
  await import('reflect-metadata');
  const library = await import('@peculiar/x509');
  library.cryptoProvider.set(webcrypto as Crypto);
  return library;
}

function generateKey(algorithm: Algorithm): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

const making = new WeakMap<object, Promise<Authority>>();

async function authority(scope: Scope): Promise<Authority> {
  const table = authorities(scope);
  const known = table.get('ca');
  if (known) return known;
  // Two certificates issued at once share one authority.
  let made = making.get(table);
  if (!made) {
    made = makeAuthority(scope).finally(() => making.delete(table));
    making.set(table, made);
  }
  return made;
}

async function makeAuthority(scope: Scope): Promise<Authority> {
  const {
    BasicConstraintsExtension,
    KeyUsageFlags,
    KeyUsagesExtension,
    SubjectKeyIdentifierExtension,
    X509CertificateGenerator,
  } = await x509();
  const keys = await generateKey(p256);
  const now = scope.clock.wallMs();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(scope),
    name: `CN=Orrery local CA ${scope.region} ${scope.random.hex(6)}, O=Orrery`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + authorityDays * dayMs),
    signingAlgorithm: p256,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const made = { cert: `${certificate.toString('pem')}\n`, key: await privateKeyPem(keys.privateKey) };
  authorities(scope).put('ca', made);
  return made;
}

/** 16 bytes, the first of them small: a serial number is positive. */
function serialNumber(scope: Scope): string {
  return `0${1 + scope.random.int(7)}${scope.random.hex(30)}`;
}

export interface Issued extends CertificateConfig {
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Regions whose certificates are records alone. */
const withoutKeys = new WeakSet<object>();

/** From now on no keys are made: in a simulation nobody connects, and real work would take real time of it. */
export function issueWithoutKeys(scope: Scope): void {
  withoutKeys.add(authorities(scope));
}

export async function issueCertificate(
  scope: Scope,
  names: readonly string[],
  keyAlgorithm: KeyAlgorithm,
): Promise<Issued> {
  // Whole seconds, as in the certificate; from yesterday, for clocks that are late.
  const notBeforeMs = Math.floor(scope.clock.wallMs() / dayMs) * dayMs - dayMs;
  const notAfterMs = notBeforeMs + certificateDays * dayMs - 1000;
  if (withoutKeys.has(authorities(scope)))
    return { cert: '', key: '', names, serial: serialNumber(scope), notBeforeMs, notAfterMs };
  const library = await x509();
  const ca = await authority(scope);
  const caKey = await webcrypto.subtle.importKey('pkcs8', library.PemConverter.decodeFirst(ca.key), p256, false, [
    'sign',
  ]);
  const keys = await generateKey(keyAlgorithms[keyAlgorithm]);
  const serial = serialNumber(scope);
  const issuer = new library.X509Certificate(ca.cert);
  const certificate = await library.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: `CN=${names.find((name) => name.length <= 64) ?? 'certificate'}`,
    issuer: issuer.subject,
    notBefore: new Date(notBeforeMs),
    notAfter: new Date(notAfterMs),
    signingAlgorithm: p256,
    publicKey: keys.publicKey,
    signingKey: caKey,
    extensions: [
      new library.BasicConstraintsExtension(false, undefined, true),
      new library.KeyUsagesExtension(
        library.KeyUsageFlags.digitalSignature | library.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new library.ExtendedKeyUsageExtension([library.ExtendedKeyUsage.serverAuth, library.ExtendedKeyUsage.clientAuth]),
      await library.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await library.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new library.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  return {
    cert: `${certificate.toString('pem')}\n${ca.cert}`,
    key: await privateKeyPem(keys.privateKey),
    names,
    serial,
    notBeforeMs,
    notAfterMs,
  };
}
