/** DNS over UDP and TCP on loopback, from the present snapshot. What cannot be read is dropped or answered FORMERR; nothing ends the server. */
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import dns, { type Packet } from 'dns-packet';
import { packetOf } from './message.ts';
import type { DnsSnapshot } from './zones.ts';

export interface DnsServerOptions {
  readonly host: string;
  /** 0 takes a free one. The same for UDP and TCP. */
  readonly port: number;
  snapshot(): DnsSnapshot;
  /** In [0, 1), for weighted records. */
  chance(): number;
}

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

const plainUdpLimit = 512;
const largestUdpAnswer = 1232;
const idleTcpMs = 10_000;
const longestQuery = 4096;
const mostTcpClients = 256;

export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const udp = createSocket('udp4');
  udp.on('message', (message, peer) => {
    const query = read(message);
    if (query) udp.send(answerUdp(query, message, options), peer.port, peer.address);
  });
  const clients = new Set<Socket>();
  const tcp = createServer((socket) => {
    if (clients.size >= mostTcpClients) return socket.destroy();
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    serveTcp(socket, options);
    return socket;
  });
  await listenTcp(tcp, options);
  const address = tcp.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject);
      udp.bind(port, options.host, () => {
        udp.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    tcp.close();
    throw error;
  }
  // A reply to a client that has gone comes back as an error of the socket; it concerns nobody.
  udp.on('error', () => {});
  return {
    port,
    async close() {
      for (const client of clients) client.destroy();
      await Promise.all([new Promise<void>((done) => udp.close(done)), new Promise((done) => tcp.close(done))]);
    },
  };
}

function listenTcp(tcp: Server, { host, port }: DnsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    tcp.once('error', reject);
    tcp.listen(port, host, () => {
      tcp.off('error', reject);
      resolve();
    });
  });
}

/** Undefined for what is no query at all: answering such packets would make two servers talk for ever. */
function read(message: Buffer): Packet | 'malformed' | undefined {
  if (message.length < 12 || (message[2] ?? 0) & 0x80) return undefined;
  try {
    return dns.decode(message);
  } catch {
    return 'malformed';
  }
}

const formatError = 1;
const truncatedFlag = 0x0200;

function answer(query: Packet | 'malformed', message: Buffer, options: DnsServerOptions): Packet {
  if (query === 'malformed' || query.questions?.length !== 1) {
    return { type: 'response', id: message.readUInt16BE(0), flags: formatError };
  }
  return packetOf(query, options.snapshot(), options.chance());
}

function answerUdp(query: Packet | 'malformed', message: Buffer, options: DnsServerOptions): Buffer {
  const response = answer(query, message, options);
  const encoded = dns.encode(response);
  const extension = query === 'malformed' ? undefined : query.additionals?.find((record) => record.type === 'OPT');
  const offered = extension?.type === 'OPT' ? (extension.udpPayloadSize ?? plainUdpLimit) : plainUdpLimit;
  if (encoded.length <= Math.min(Math.max(offered, plainUdpLimit), largestUdpAnswer)) return encoded;
  // Too long: the client is told to ask again over TCP.
  return dns.encode({ ...response, flags: (response.flags ?? 0) | truncatedFlag, answers: [], authorities: [] });
}

function serveTcp(socket: Socket, options: DnsServerOptions): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(idleTcpMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const length = pending.readUInt16BE(0);
      if (length > longestQuery) return socket.destroy();
      if (pending.length < length + 2) return undefined;
      const message = pending.subarray(2, length + 2);
      pending = pending.subarray(length + 2);
      const query = read(message);
      if (!query) return socket.destroy();
      const encoded = dns.encode(answer(query, message, options));
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(encoded.length);
      socket.write(Buffer.concat([prefix, encoded]));
    }
    return undefined;
  });
}
