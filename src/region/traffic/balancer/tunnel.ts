/** A WebSocket, or another upgrade: after the head, bytes go both ways until one side ends. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Fabric } from '../fabric.ts';
import type { NodeConfig, TargetConfig } from './config.ts';

export interface Tunnel {
  readonly fabric: Fabric;
  readonly node: NodeConfig;
  readonly target: TargetConfig;
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly headers: readonly string[];
}

const connectTimeoutMs = 10_000;

/** Resolves when both sides are closed. */
export async function tunnel({ fabric, node, target, request, socket, head, headers }: Tunnel): Promise<void> {
  socket.on('error', () => socket.destroy());
  let upstream: Duplex;
  try {
    const connection = await fabric.dial({
      from: { address: node.privateIp, interfaceId: node.interfaceId },
      to: { address: target.address, port: target.port },
      timeoutMs: connectTimeoutMs,
    });
    upstream = connection.socket;
  } catch {
    socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const pairs: string[] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push(`${headers[i]}: ${headers[i + 1]}`);
  pairs.push('Connection: Upgrade', `Upgrade: ${request.headers.upgrade ?? 'websocket'}`);
  upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${pairs.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) upstream.write(head);
  await new Promise<void>((resolve) => {
    let open = 2;
    const closed = () => {
      socket.destroy();
      upstream.destroy();
      if (--open === 0) resolve();
    };
    upstream.on('error', () => upstream.destroy());
    upstream.on('close', closed);
    socket.on('close', closed);
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
}
