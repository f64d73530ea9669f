/** The HTTP proxy of an instance, for its programs that are not Node: CONNECT, and plain requests with a whole URL. */
import { timingSafeEqual } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Egress } from './egress.ts';
import { codeOf, messageOf } from './errors.ts';
import type { Ports } from './ports.ts';
import type { TrafficCount } from './traffic-count.ts';

export interface ProxyParts {
  readonly token: string;
  readonly egress: Egress;
  readonly ports: Ports;
  readonly traffic: TrafficCount;
  /** The instance's metadata service, which is at 169.254.169.254 for it. */
  readonly imdsPort: () => number;
}

/** Serves CONNECT. */
export async function proxyConnection(
  parts: ProxyParts,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  if (!tokenIs(parts.token, proxyPasswordOf(request))) {
    return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
  }
  const found = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(request.url ?? '');
  const [, name = '', portText = ''] = found ?? [];
  const port = Number(portText);
  if (!found || port > 65_535) return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  try {
    const far = await dial(parts, name, port, gone.signal);
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    if (head.length > 0) far.write(head);
    joinSockets(socket as Socket, far, parts.traffic);
  } catch (error) {
    const status = codeOf(error) === 'ETIMEDOUT' ? '504 Gateway Timeout' : '502 Bad Gateway';
    if (!gone.signal.aborted) socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\n\r\n${messageOf(error)}\n`);
  }
}

/** Serves `GET http://host/path`. */
export async function proxyRequest(
  parts: ProxyParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, text: string) => {
    request.resume();
    if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(`${text}\n`);
  };
  if (!tokenIs(parts.token, proxyPasswordOf(request))) return refuse(407, 'the proxy is the instance’s own');
  const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
  if (url?.protocol !== 'http:') return refuse(400, 'a whole http URL is needed');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const far = await dial(parts, url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 80), gone.signal);
    const { 'proxy-authorization': _ours, 'proxy-connection': _theirs, ...headers } = request.headers;
    const forwarded = httpRequest({
      createConnection: () => far,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host, connection: 'close' },
    });
    forwarded.on('error', (error) => refuse(502, messageOf(error)));
    forwarded.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  } catch (error) {
    if (!gone.signal.aborted) refuse(codeOf(error) === 'ETIMEDOUT' ? 504 : 502, messageOf(error));
  }
}

async function dial(parts: ProxyParts, name: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const own = name === '169.254.169.254' && port === 80 ? parts.imdsPort() : parts.ports.own(name, port);
  if (own === 'refused') throw new Error(`connect ECONNREFUSED ${name}:${port}`);
  return own === undefined ? (await parts.egress.dial(name, port, signal)).socket : connect(own, '127.0.0.1');
}

/** Joins two ends of a connection; half-closing one half-closes the other. */
export function joinSockets(near: Socket, far: Duplex, traffic: TrafficCount): void {
  const ended = traffic.follow(() => ({ in: near.bytesWritten, out: near.bytesRead }));
  near.pipe(far);
  far.pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.resetAndDestroy());
  near.once('close', () => {
    ended();
    far.destroy();
  });
  far.once('close', () => {
    // What was piped already still goes out.
    if (!near.writableEnded) near.end();
  });
}

function proxyPasswordOf(request: IncomingMessage): string | undefined {
  const basic = /^Basic (.+)$/i.exec(request.headers['proxy-authorization'] ?? '')?.[1];
  return basic === undefined ? undefined : Buffer.from(basic, 'base64').toString().split(':')[1];
}

export function tokenIs(token: string, given: string | undefined): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(given ?? '')];
  return a.length === b.length && timingSafeEqual(a, b);
}
