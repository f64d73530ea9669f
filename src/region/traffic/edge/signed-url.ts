/**
 * Signed URLs and cookies of behaviours with trusted key groups.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
 */
import { createPublicKey, createVerify, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { matches, wildcard } from '../../pattern/wildcard.ts';
import { type EdgeError, keyError } from './error-page.ts';
import { get, type Headers } from './headers.ts';

export interface SignedRequest {
  readonly scheme: 'http' | 'https';
  /** The `Host` header as the viewer sent it. */
  readonly host: string;
  /** The distribution's own names. */
  readonly aliases: readonly string[];
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly clientAddress: string;
  readonly nowMs: number;
}

/** The query's members that sign, which neither the cache nor the origin sees. */
export const signingParameters = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const;

type Parameters = Partial<Record<(typeof signingParameters)[number], string>>;

const parsedKeys = new Map<string, KeyObject>();

/** Undefined when the viewer may; else what it is told. */
export function refusal(keys: ReadonlyMap<string, string>, request: SignedRequest): EdgeError | undefined {
  const parameters = fromQuery(request.query) ?? fromCookies(get(request.headers, 'cookie'));
  const keyId = parameters['Key-Pair-Id'];
  if (keyId === undefined) return keyError('MissingKey', 'Missing Key-Pair-Id query parameter or cookie value');
  const pem = keys.get(keyId);
  const { Signature: signature, Policy: encoded, Expires: expires } = parameters;
  if (pem === undefined || signature === undefined || (encoded === undefined && expires === undefined)) {
    return keyError('AccessDenied', 'Access denied');
  }
  const hash = parameters['Hash-Algorithm'] ?? 'SHA1';
  const proof = fromUrlBase64(signature);
  const proven = resourcesOf(request).some((resource) => {
    const text =
      encoded === undefined ? cannedPolicy(resource, expires ?? '') : fromUrlBase64(encoded).toString('utf8');
    return permits(text, resource, request) && verifies(pem, text, proof, hash);
  });
  return proven ? undefined : keyError('AccessDenied', 'Access denied');
}

/** The query without what signs it. */
export function withoutSignature(query: string): string {
  return query
    .split('&')
    .filter((pair) => !(signingParameters as readonly string[]).includes(pair.split('=', 1)[0] ?? ''))
    .join('&');
}

/**
 * The URL as it may have been signed: as the viewer sent it, and, because the model's ports stand for 443 and 80 and its
 * names may have `.localhost` behind them, as it would be on AWS.
 */
function resourcesOf({ scheme, host, path, query, aliases }: SignedRequest): string[] {
  const kept = withoutSignature(query);
  const rest = `${path}${kept === '' ? '' : `?${kept}`}`;
  const name = host.replace(/:\d+$/, '');
  const hosts = new Set([host, name]);
  const real = name.replace(/\.localhost$/, '');
  if (aliases.includes(real)) hosts.add(real);
  const schemes = host === name ? [scheme] : [scheme, 'http'];
  return [...hosts].flatMap((one) => schemes.map((each) => `${each}://${one}${rest}`));
}

function cannedPolicy(resource: string, expires: string): string {
  const seconds = /^\d{1,12}$/.test(expires) ? expires : '0';
  return `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${seconds}}}}]}`;
}

function verifies(pem: string, text: string, signature: Buffer, hash: string): boolean {
  const algorithm = hash === 'SHA256' ? 'sha256' : hash === 'SHA1' ? 'sha1' : undefined;
  if (!algorithm) return false;
  try {
    let key = parsedKeys.get(pem);
    if (!key) {
      key = createPublicKey(pem);
      if (parsedKeys.size >= 200) parsedKeys.clear();
      parsedKeys.set(pem, key);
    }
    return createVerify(algorithm).update(text).verify(key, signature);
  } catch {
    return false;
  }
}

function permits(text: string, requested: string, request: SignedRequest): boolean {
  let statement: Record<string, unknown>;
  try {
    const policy = JSON.parse(text) as { Statement?: unknown };
    const [first] = Array.isArray(policy.Statement) ? (policy.Statement as unknown[]) : [];
    if (typeof first !== 'object' || first === null) return false;
    statement = first as Record<string, unknown>;
  } catch {
    return false;
  }
  const { Resource: resource = '*', Condition: condition } = statement;
  // A question mark stands for one character, the query's own one included.
  if (typeof resource !== 'string' || !matches(wildcard(resource), requested)) return false;
  const conditions = (condition ?? {}) as Record<string, Record<string, unknown> | undefined>;
  const before = Number(conditions.DateLessThan?.['AWS:EpochTime']);
  const after = conditions.DateGreaterThan?.['AWS:EpochTime'];
  const range = conditions.IpAddress?.['AWS:SourceIp'];
  const now = request.nowMs / 1000;
  if (!(now < before)) return false;
  if (after !== undefined && !(now > Number(after))) return false;
  return range === undefined || (typeof range === 'string' && inRange(range, request.clientAddress));
}

/** IPv4 only, as CloudFront's custom policies are. */
function inRange(range: string, address: string): boolean {
  const [network = '', bits = '32'] = range.split('/');
  const length = Number(bits);
  if (!isIPv4(network) || !isIPv4(address) || !(length >= 0 && length <= 32)) return false;
  const mask = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return ((numberOf(network) ^ numberOf(address)) & mask) === 0;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) >>> 0;
}

function fromQuery(query: string): Parameters | undefined {
  const values = new URLSearchParams(query);
  const found: Parameters = {};
  for (const name of signingParameters) {
    const value = values.get(name);
    if (value !== null) found[name] = value;
  }
  return found['Key-Pair-Id'] === undefined && found.Signature === undefined ? undefined : found;
}

function fromCookies(cookie: string | undefined): Parameters {
  const found: Parameters = {};
  for (const pair of (cookie ?? '').split(/;\s*/)) {
    const mark = pair.indexOf('=');
    const name = pair.slice(0, mark).trim();
    const known = signingParameters.find((one) => name === `CloudFront-${one}`);
    if (known) found[known] = pair.slice(mark + 1);
  }
  return found;
}

/** CloudFront's own alphabet: `+ = /` are written `- _ ~`. */
function fromUrlBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}
