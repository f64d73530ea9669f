/** The head of a request as a target gets it, and what is wrong with a head before any rule is asked. Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import type { BalancerConfig, ListenerConfig } from './config.ts';

export interface Head {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/** Where a request came in. */
export interface Entrance {
  readonly config: Pick<BalancerConfig, 'dropInvalidHeaders' | 'xForwardedFor'>;
  readonly listener: Pick<ListenerConfig, 'protocol' | 'port'>;
  /** The node's own, which stands for the host that an HTTP/1.0 client did not name. */
  readonly nodeAddress: string;
  readonly clientAddress: string;
}

const longestLine = 16 * 1024;
const mostForwarders = 30;

/** The status that refuses the request, or undefined. Sizes: the quotas page; the rest: the troubleshooting page. */
export function refusalOf({ method, url, httpVersion, headers, rawHeaders }: Head): number | undefined {
  if (url.length > longestLine) return 414;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if ((rawHeaders[i]?.length ?? 0) + (rawHeaders[i + 1]?.length ?? 0) > longestLine) return 400;
  if (headers.host === undefined && httpVersion === '1.1') return 400;
  // `OPTIONS *`, `CONNECT host:port` and the like have no path that a rule or a target could be asked for.
  if (!requestTarget(url).path.startsWith('/')) return 400;
  if (method === 'TRACE') return 405;
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return 501;
  const forwarded = headers['x-forwarded-for'];
  if (forwarded !== undefined && String(forwarded).split(',').length > mostForwarders) return 463;
  return undefined;
}

/** Of the request line and the headers, as they came. */
export function headBytes({ method, url, rawHeaders }: Pick<Head, 'method' | 'url' | 'rawHeaders'>): number {
  let bytes = method.length + url.length + 14;
  for (let i = 0; i < rawHeaders.length; i += 2)
    bytes += (rawHeaders[i]?.length ?? 0) + (rawHeaders[i + 1]?.length ?? 0) + 4;
  return bytes;
}

/** The target of the request line as path and query; the authority of an absolute one stands for the host header. */
export function requestTarget(url: string): { readonly path: string; readonly authority: string | undefined } {
  if (url.startsWith('/') || url === '*') return { path: url, authority: undefined };
  const [, authority, path = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  return authority === undefined
    ? { path: url, authority }
    : { path: path.startsWith('/') ? path : `/${path}`, authority };
}

/** `example.com:443` → `example.com`; `[::1]:80` → `[::1]` */
export function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '');
}

/** Headers that concern one connection only. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#invalid-headers */
const validHeaderName = /^[-A-Za-z0-9]+$/;

/** Methods whose requests a target expects to say how long they are, even when they are empty. */
const withBody = new Set(['POST', 'PUT', 'PATCH']);

/** Raw name and value pairs. How long the body is, where its length is not given, is whose sends it to say. */
export function forwardedHeaders(head: Head, entrance: Entrance, freshTrace: string): string[] {
  const { config, listener, clientAddress } = entrance;
  const { headers, rawHeaders: raw } = head;
  const named = namedByConnection(headers.connection);
  const kept: string[] = ['Host', forwardedHost(head, entrance)];
  let forwarded: string | undefined;
  let trace: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const lower = name.toLowerCase();
    switch (lower) {
      case 'host':
      // Answered by the balancer itself, and not passed on.
      case 'expect':
      case 'x-forwarded-proto':
      case 'x-forwarded-port':
        break;
      case 'x-forwarded-for':
        forwarded = forwarded === undefined ? value : `${forwarded}, ${value}`;
        break;
      case 'x-amzn-trace-id':
        trace = value;
        break;
      default:
        if (hopByHop.has(lower) || named?.has(lower)) break;
        if (!config.dropInvalidHeaders || validHeaderName.test(name)) kept.push(name, value);
    }
  }
  if (
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    withBody.has(head.method)
  )
    kept.push('Content-Length', '0');
  if (config.xForwardedFor === 'append')
    kept.push('X-Forwarded-For', forwarded === undefined ? clientAddress : `${forwarded}, ${clientAddress}`);
  else if (config.xForwardedFor === 'preserve' && forwarded !== undefined) kept.push('X-Forwarded-For', forwarded);
  kept.push('X-Forwarded-Proto', listener.protocol === 'HTTPS' ? 'https' : 'http');
  kept.push('X-Forwarded-Port', String(listener.port));
  kept.push('X-Amzn-Trace-Id', traceId(trace, freshTrace));
  return kept;
}

/**
 * On ports 80 and 443 without a port, on any other with it, as long as `preserve_host_header` is off.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#host-header-preservation
 */
function forwardedHost({ url, headers }: Head, { listener: { port }, nodeAddress }: Entrance): string {
  const host = requestTarget(url).authority ?? headers.host ?? nodeAddress;
  if (port === 80 || port === 443) return withoutPort(host);
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

/** RFC 9110, 7.6.1: what the client names there is for this connection only. */
function namedByConnection(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
  // Without its length a body would be read as another request.
  named.delete('content-length');
  return named;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html */
function traceId(given: string | undefined, fresh: string): string {
  if (given === undefined) return `Root=${fresh}`;
  const fields = given.split(';').map((field) => field.trim());
  const others = fields.filter((field) => field !== '' && !/^self=/i.test(field));
  const traced = fields.some((field) => /^(root|self)=/i.test(field));
  return [`${traced ? 'Self' : 'Root'}=${fresh}`, ...others].join(';');
}
