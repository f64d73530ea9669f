/**
 * The loopback port through which an instance's processes reach the model's network: questions of the connect hook in
 * Node processes, and an HTTP proxy for other programs. Both know the instance's token.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import type { Clock } from '../clock/clock.ts';
import { codeOf, messageOf } from './errors.ts';
import { joinSockets, type ProxyParts, proxyConnection, proxyRequest, tokenIs } from './guest-proxy.ts';
import type { MachineHost, MachineSpec } from './machine.ts';
import type { Ports } from './ports.ts';

const longestLine = 64 * 1024;
/** Connections and questions of one process at a time. */
const mostPending = 10_000;
const pickUpMs = 10_000;

const question = z.discriminatedUnion('ask', [
  z.object({ id: z.int(), ask: z.literal('bind'), host: z.string().max(255), port: z.int().min(0).max(65_535) }),
  z.object({ id: z.int(), ask: z.literal('connect'), host: z.string().max(255), port: z.int().min(0).max(65_535) }),
  z.object({ id: z.int(), ask: z.literal('lookup'), name: z.string().max(255) }),
]);
const statement = z.discriminatedUnion('tell', [
  z.object({
    tell: z.literal('listening'),
    host: z.string().max(255),
    port: z.int().min(1).max(65_535),
    loopbackPort: z.int().min(1).max(65_535),
  }),
  z.object({ tell: z.literal('closed'), port: z.int().min(0).max(65_535) }),
  z.object({ tell: z.literal('cancel'), ask: z.int() }),
  z.object({ tell: z.literal('traffic'), in: z.number().min(0), out: z.number().min(0) }),
  z.object({ tell: z.literal('blocked'), protocol: z.string().max(20), host: z.string().max(255) }),
]);
type Question = z.infer<typeof question>;

export interface GuestLinkParts extends ProxyParts {
  readonly host: MachineHost;
  readonly spec: MachineSpec;
  /** Real time: a process picks up its connection in that. */
  readonly timers: Clock;
}

export interface GuestLink {
  /** Not listening yet. */
  readonly server: Server;
  /** Ends every process that still has its connection: those that left their process group too. */
  hangUp(): void;
}

export function guestLink(parts: GuestLinkParts): GuestLink {
  const { token } = parts;
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => void proxyRequest(parts, request, response));
  server.on('upgrade', (request, socket, head) => {
    if (!tokenIs(token, bearerOf(request))) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: orrery-guest\r\n\r\n');
    serveGuest(parts, socket, head);
  });
  server.on('connect', (request, socket, head) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    void proxyConnection(parts, request, socket, head);
  });
  return {
    server,
    hangUp() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Speaks with the connect hook of one process, JSON lines both ways. */
function serveGuest(parts: GuestLinkParts, socket: Duplex, head: Buffer): void {
  const { host, spec, ports, traffic } = parts;
  const pending = new Map<number, AbortController>();
  const served = { in: 0, out: 0 };
  const endTraffic = traffic.follow(() => served);
  const claims = ports.process();
  let text = '';

  const send = (answer: object) => void socket.write(`${JSON.stringify(answer)}\n`);

  async function answer(asked: Question): Promise<void> {
    if (pending.size >= mostPending) return send({ id: asked.id, code: 'EMFILE' });
    const cancel = new AbortController();
    pending.set(asked.id, cancel);
    try {
      send({ id: asked.id, ...(await answerTo(parts, claims, asked, cancel.signal)) });
    } catch (error) {
      // Only the code: on AWS a process does not learn which rule dropped its packets. The region's log does.
      if (!cancel.signal.aborted) send({ id: asked.id, code: codeOf(error) ?? 'EIO', ...addressOf(error) });
    } finally {
      pending.delete(asked.id);
    }
  }

  function hear(line: string): void {
    const message: unknown = JSON.parse(line);
    const asked = question.safeParse(message);
    if (asked.success) return void answer(asked.data);
    const told = statement.parse(message);
    if (told.tell === 'listening') claims.listening(told.host, told.port, told.loopbackPort);
    else if (told.tell === 'closed') claims.closed(told.port);
    else if (told.tell === 'cancel') pending.get(told.ask)?.abort();
    else if (told.tell === 'traffic') Object.assign(served, { in: told.in, out: told.out });
    else host.note('not-modelled', `${spec.instanceId}: ${told.protocol} to ${told.host} is not modelled, so refused`);
  }

  function read(chunk: string): void {
    text += chunk;
    try {
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        hear(line);
      }
      if (text.length > longestLine) throw new RangeError('a line too long');
    } catch (error) {
      host.note('guest-error', `${spec.instanceId}: a process said something wrong: ${messageOf(error)}`);
      socket.destroy();
    }
  }

  // An HTTP socket keeps its bytes; a character may be cut between two chunks.
  const decoder = new StringDecoder('utf8');
  socket.on('data', (chunk: Buffer) => read(decoder.write(chunk)));
  socket.on('error', () => socket.destroy());
  // HTTP sockets stay half open; the process has nothing more to say.
  socket.on('end', () => socket.destroy());
  socket.once('close', () => {
    for (const one of pending.values()) one.abort();
    endTraffic();
    claims.end();
  });
  if (head.length > 0) read(decoder.write(head));
}

async function answerTo(
  parts: GuestLinkParts,
  claims: ReturnType<Ports['process']>,
  asked: Question,
  signal: AbortSignal,
): Promise<object> {
  const { egress, ports } = parts;
  switch (asked.ask) {
    case 'bind': {
      const code = claims.bind(asked.host, asked.port);
      return code === undefined ? {} : { code };
    }
    case 'lookup':
      return { addresses: await egress.resolve(asked.name) };
    case 'connect': {
      const own = ports.own(asked.host, asked.port);
      if (own === 'refused') return { code: 'ECONNREFUSED', address: asked.host };
      if (own !== undefined) return { port: own, address: asked.host };
      const connection = await egress.dial(asked.host, asked.port, signal);
      if (signal.aborted) connection.socket.destroy();
      return { port: await handOver(parts, connection.socket), address: connection.address };
    }
  }
}

/** A loopback port for one connection: whoever connects next gets the other end. */
function handOver({ traffic, timers }: GuestLinkParts, far: Duplex): Promise<number> {
  return new Promise((resolve, reject) => {
    const door = createTcpServer({ noDelay: true, allowHalfOpen: true });
    const late = timers.after(pickUpMs, () => {
      door.close();
      far.destroy();
    });
    door.once('connection', (near: Socket) => {
      late.cancel();
      door.close();
      joinSockets(near, far, traffic);
    });
    far.once('close', () => door.close());
    door.once('error', reject);
    door.listen(0, '127.0.0.1', () => {
      const address = door.address();
      if (typeof address === 'object' && address) resolve(address.port);
      else reject(new Error('no port'));
    });
  });
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** The address that was dialled, from the text that the fabric gives its errors. */
function addressOf(error: unknown): { address?: string } {
  const found = /^connect E[A-Z]+ (.+?):\d+(?::|$)/.exec(messageOf(error))?.[1];
  return found === undefined ? {} : { address: found };
}
