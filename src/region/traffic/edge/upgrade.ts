/** WebSockets through the edge: after the head, bytes go both ways until one side ends. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Peer } from '../fabric.ts';
import type { EdgeConfig } from './config.ts';
import { fromRaw, get, set, toRaw } from './headers.ts';
import { connectOrigin, type OriginHost } from './origin.ts';
import { behaviourFor } from './path-pattern.ts';

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly client: Peer;
  readonly secure: boolean;
  readonly edgeAddress: string;
}

/** Resolves when the tunnel is open, or the viewer was told why not. */
export async function tunnelToOrigin(
  host: OriginHost,
  config: EdgeConfig | undefined,
  { request, socket, head, client, secure, edgeAddress }: UpgradeRequest,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const url = request.url ?? '/';
  const behaviour = config?.enabled ? behaviourFor(config, url.split('?', 1)[0] ?? '/') : undefined;
  const origin = behaviour?.origin;
  // Functions and signatures are for plain requests here: what asks for them is refused rather than let through.
  const plain = behaviour && !behaviour.trustedKeys && !behaviour.viewerRequest;
  if (!plain || origin?.kind !== 'custom' || (!secure && behaviour.viewerProtocol !== 'allow-all')) {
    refuse(socket, '403 Forbidden');
    return;
  }
  const tls = origin.protocol === 'https-only' || (origin.protocol === 'match-viewer' && secure);
  const upstream = await connectOrigin(host, origin, tls ? origin.httpsPort : origin.httpPort, tls, edgeAddress).catch(
    () => undefined,
  );
  if (!upstream) {
    refuse(socket, '502 Bad Gateway');
    return;
  }
  const headers = fromRaw(request.rawHeaders);
  const before = get(headers, 'x-forwarded-for');
  set(headers, 'host', origin.domainName);
  set(headers, 'x-forwarded-for', before === undefined ? client.address : `${before}, ${client.address}`);
  for (const [name, value] of origin.headers) set(headers, name, value);
  const raw = toRaw(headers);
  const lines = raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));
  upstream.write(`${request.method} ${origin.path}${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) upstream.write(head);
  const close = () => {
    socket.destroy();
    upstream.destroy();
  };
  upstream.on('error', close);
  upstream.on('close', close);
  socket.on('close', close);
  upstream.pipe(socket);
  socket.pipe(upstream);
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nServer: CloudFront\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
