/** A WebSocket: once the target has agreed, bytes go both ways until one side ends. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface ClientSide {
  /** `websocket` */
  readonly protocol: string;
  readonly socket: Duplex;
  /** What the client sent behind the head of its request. */
  readonly head: Buffer;
}

/** `ended` is told once how many bytes the client sent and received. */
export function joinTunnel(
  { protocol, socket, head }: ClientSide,
  target: Duplex,
  headers: readonly string[],
  ended: (sent: number, received: number) => void,
): void {
  const lines = [`HTTP/1.1 101 ${STATUS_CODES[101]}`, 'Connection: upgrade', `Upgrade: ${protocol}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  let sent = head.length;
  let received = 0;
  if (head.length > 0) target.write(head);
  socket.on('data', (chunk: Buffer) => {
    sent += chunk.length;
  });
  target.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  let open = 2;
  const closed = () => {
    socket.destroy();
    target.destroy();
    if (--open === 0) ended(sent, received);
  };
  for (const side of [socket, target]) {
    side.on('error', () => side.destroy());
    side.once('close', closed);
  }
  target.pipe(socket);
  socket.pipe(target);
}
