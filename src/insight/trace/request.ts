/** What is asked for, out of a URL. */
import { isIP } from 'node:net';
import { TraceError } from './result.ts';

export interface TracedRequest {
  readonly kind: 'web' | 's3' | 'connection';
  /** As it was given. */
  readonly url: string;
  readonly scheme: 'http' | 'https' | 's3' | 'tcp' | 'udp';
  /** Lower case, without brackets; of `s3://` the bucket as it was given. */
  readonly host: string;
  readonly port: number;
  /** Percent-encoded, without the query; begins with a slash. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly method: string;
}

const ports = { http: 80, https: 443, s3: 443 } as const;
const longest = 8_192;
const example = 'For example: https://myapp.com/, s3://BUCKET/KEY, tcp://10.0.1.5:5432';

/** Throws a `TraceError`. */
export function requestOf(given: string, method = 'GET'): TracedRequest {
  const [, scheme = '', rest = ''] = /^([a-z0-9+.-]+):\/\/(.*)$/is.exec(given) ?? [];
  if (given.length > longest)
    throw new TraceError(`The URL has ${given.length} characters; at most ${longest} are taken.`);
  if (scheme === '') throw new TraceError(`"${given}" is not a URL.\n${example}`);
  const kind = scheme.toLowerCase();
  if (!/^[A-Z]{1,20}$/.test(method)) throw new TraceError(`"${method}" is no HTTP method.`);
  switch (kind) {
    case 'http':
    case 'https':
      return webRequest(given, kind, method);
    case 's3':
      return objectRequest(given, rest, method);
    case 'tcp':
    case 'udp':
      return connectionRequest(given, kind, rest);
    default:
      throw new TraceError(
        `"${given}" has the scheme ${kind}; http, https, s3, tcp and udp can be followed.\n${example}`,
      );
  }
}

function webRequest(given: string, scheme: 'http' | 'https', method: string): TracedRequest {
  if (!URL.canParse(given)) throw new TraceError(`"${given}" is not a URL.\n${example}`);
  const url = new URL(given);
  if (url.username || url.password) throw new TraceError(`"${given}" must not have a user or a password in it.`);
  const host = url.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = url.port === '' ? ports[scheme] : Number(url.port);
  return { kind: 'web', url: given, scheme, host, port, path: url.pathname, query: url.search.slice(1), method };
}

function objectRequest(given: string, rest: string, method: string): TracedRequest {
  const [, bucket = '', key = ''] = /^([A-Za-z0-9.-]{1,255})(?:\/(.*))?$/s.exec(rest) ?? [];
  if (bucket === '') throw new TraceError(`"${given}" names no bucket: s3://BUCKET/KEY`);
  return { kind: 's3', url: given, scheme: 's3', host: bucket, port: ports.s3, path: `/${key}`, query: '', method };
}

function connectionRequest(given: string, scheme: 'tcp' | 'udp', rest: string): TracedRequest {
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-f:.]+)\]|([^:/[\]]+)):(\d{1,5})\/?$/i.exec(rest) ?? [];
  const host = (bracketed ?? plain ?? '').toLowerCase();
  const port = Number(digits);
  if (host === '' || port < 1 || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6))
    throw new TraceError(`"${given}" must name a host and a port: ${scheme}://10.0.1.5:5432`);
  return { kind: 'connection', url: given, scheme, host, port, path: '/', query: '', method: 'GET' };
}
