/** An HTTP or HTTPS server without a port: connections of the model are put into it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { LocalListener, Peer } from './fabric.ts';

/** A certificate (PEM, with its chain) and the names it is for: `example.com`, `*.example.com`. */
export interface CertificateConfig {
  /** In Certificate Manager. */
  readonly arn?: string;
  readonly cert: string;
  readonly key: string;
  readonly names: readonly string[];
}

export interface Handlers {
  request(request: IncomingMessage, response: ServerResponse, client: Peer): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, client: Peer): void;
  /** What a connection is sent, before it is closed, on which no request could be read. Left out: nothing. */
  malformed?(error: Error, client: Peer): string;
}

/** An HTTP server without a port: connections of the model are put into it. */
export function localListener(
  protocol: 'HTTP' | 'HTTPS',
  certificates: () => readonly CertificateConfig[],
  handlers: Handlers,
): { listener: LocalListener; close(): void } {
  const peers = new WeakMap<object, Peer>();
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const peer = peers.get(request.socket);
    if (peer) handlers.request(request, response, peer);
    else response.destroy();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const peer = peers.get(request.socket);
    if (peer) handlers.upgrade(request, socket, head, peer);
    else socket.destroy();
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    const peer = peers.get(socket);
    if (socket.writable && peer) socket.end(handlers.malformed?.(error, peer) ?? '');
    else socket.destroy();
  });
  return {
    listener: {
      kind: 'local',
      accept(socket, client) {
        socket.on('error', () => socket.destroy());
        const plain = protocol === 'HTTP' ? socket : endTls(socket, certificates);
        peers.set(plain, client);
        server.emit('connection', plain);
      },
      http: handlers.request,
      upgrade: handlers.upgrade,
      certificate: (name) => (protocol === 'HTTPS' ? certificateFor(certificates(), name) : undefined),
    },
    close: () => server.close(),
  };
}

function endTls(socket: Duplex, certificates: () => readonly CertificateConfig[]): TLSSocket {
  const [first] = certificates();
  const secure = new TLSSocket(socket, {
    isServer: true,
    // For clients that name no host.
    ...(first ? { secureContext: contextOf(first) } : {}),
    SNICallback(name, done) {
      const found = certificateFor(certificates(), name);
      if (found) done(null, contextOf(found));
      else done(new Error('the listener has no certificate'));
    },
  });
  secure.on('error', () => secure.destroy());
  return secure;
}

const contexts = new WeakMap<CertificateConfig, SecureContext>();

function contextOf(certificate: CertificateConfig): SecureContext {
  let context = contexts.get(certificate);
  if (!context) {
    context = createSecureContext({ cert: certificate.cert, key: certificate.key });
    contexts.set(certificate, context);
  }
  return context;
}

/** The certificate of the name, else the default one. */
export function certificateFor(
  certificates: readonly CertificateConfig[],
  name: string | undefined,
): CertificateConfig | undefined {
  const wanted = name?.toLowerCase();
  const parent = wanted?.replace(/^[^.]+/, '*');
  return (
    certificates.find(
      ({ names }) =>
        wanted !== undefined && (names.includes(wanted) || (parent !== undefined && names.includes(parent))),
    ) ?? certificates[0]
  );
}
