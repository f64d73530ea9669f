/**
 * The model's way in for browsers and curl: a loopback port that stands for 443 or 80 of every public address.
 * A request's host is looked up in the model's DNS, the packet is asked of the network from a client address outside,
 * and whoever listens at that address (a balancer node, an edge location) serves it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../clock/clock.ts';
import { formatAddress } from '../network/address.ts';
import { summarise } from '../network/describe.ts';
import { delayOf } from '../network/faults.ts';
import { arrivedAt, type RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import type { ClientAddresses } from './client-addresses.ts';
import { type DoorPorts, localLocation, translatingResponse } from './door-redirects.ts';
import type { Fabric, LocalListener, Peer } from './fabric.ts';

export interface FrontDoorOptions {
  readonly host: string;
  /** The loopback port; 0 takes a free one. */
  readonly port: number;
  /** The port it stands for. */
  readonly standsFor: 443 | 80;
  /** Speak TLS, with the certificate of whoever listens there. */
  readonly tls: boolean;
  readonly fabric: Fabric;
  readonly clock: Clock;
  /** Addresses of a name, in the order to try; empty when the model's DNS does not know it. */
  resolve(name: string): readonly string[];
  /** Names that could have been meant, for the error. */
  knownNames(): readonly string[];
  readonly clients: ClientAddresses;
  /** All doors, once they are open: redirects lead from one to another. */
  readonly doors: () => DoorPorts;
}

export interface FrontDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** Who serves a name for a client, or why nobody does. */
type Found =
  | { readonly listener: LocalListener; readonly peer: Peer; readonly delayMs: number }
  | { readonly listener?: undefined; readonly status: number; readonly why: string };

/** What was found for the last request of a connection. */
interface Remembered {
  readonly world: World;
  readonly host: string | undefined;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly found: Found;
}

const same = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((address, index) => address === other[index]);

const keepAliveMs = 75_000;
const headersMs = 60_000;
const heldAddressHeader = 'x-orrery-address';

export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { clock } = options;
  const find = finder(options);
  const settings = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: 0,
    maxHeaderSize: 64 * 1024,
    ServerResponse: translatingResponse((location) =>
      localLocation(location, options.doors(), options.tls, (name) => options.resolve(name).length > 0),
    ),
  };
  /** A whole trip at once: how the bytes of a browser's connection come and go is not the model's to slow down. */
  const later = (delayMs: number, client: { readonly destroyed: boolean }, serve: () => void) => {
    if (delayMs === 0) return serve();
    clock.after(2 * delayMs * clock.scale, () => {
      if (!client.destroyed) serve();
    });
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const found = find(request);
    if (!found.listener) return refuse(response, found.status, found.why);
    const { listener, peer, delayMs } = found;
    return later(delayMs, response, () => listener.http(request, response, peer));
  };
  const server: Server = options.tls
    ? (createTlsServer({ ...settings, SNICallback: certificates(options) }, onRequest) as unknown as Server)
    : createServer(settings, onRequest);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const found = find(request);
    const { listener } = found;
    if (listener) later(found.delayMs, socket, () => listener.upgrade(request, socket, head, found.peer));
    else socket.end(`HTTP/1.1 ${found.status} Orrery\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  server.on('clientError', (_error, socket: Duplex) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function finder({
  fabric,
  resolve,
  knownNames,
  clients,
  standsFor,
}: FrontDoorOptions): (request: IncomingMessage) => Found {
  // A verdict holds for a connection until the world changes: browsers keep connections open for many requests.
  const remembered = new WeakMap<Duplex, Remembered>();
  // A browser's connection to the front door stands for one to each address that its requests go to.
  const carried = new WeakMap<Duplex, () => void>();
  const carry = (verdict: RoundTrip, socket: Socket): void => {
    carried.get(socket)?.();
    const [sent, received] = [socket.bytesRead, socket.bytesWritten];
    const end = fabric.carry(verdict, () => ({
      sent: socket.bytesRead - sent,
      received: socket.bytesWritten - received,
    }));
    if (!carried.has(socket)) socket.once('close', () => carried.get(socket)?.());
    carried.set(socket, end);
  };
  return (request) => {
    const { host } = request.headers;
    const world = fabric.world();
    const last = remembered.get(request.socket);
    const name = last && last.host === host ? last.name : hostName(host);
    const addresses = heldAddress(request) ?? resolve(name);
    if (last && last.world === world && last.name === name && same(last.addresses, addresses)) return last.found;
    const found = look(name, addresses, request);
    remembered.set(request.socket, { world, host, name, addresses, found });
    return found;
  };

  function look(name: string, addresses: readonly string[], request: IncomingMessage): Found {
    if (name === '') return { status: 400, why: 'The request has no Host header.' };
    if (addresses.length === 0) {
      const known = knownNames().slice(0, 20).join(', ') || 'none yet: is a stack up?';
      return { status: 421, why: `Route 53 in this model has no address for "${name}". Names it knows: ${known}` };
    }
    const client = { address: clients.of(request.socket.remoteAddress ?? ''), port: request.socket.remotePort ?? 0 };
    let dropped: RoundTrip | undefined;
    for (const address of addresses) {
      const outside = fabric.listenerAt(address, standsFor);
      const verdict = fabric.ask({
        from: { address: client.address },
        to: { address, port: standsFor },
        sourcePort: client.port,
      });
      if (outside?.kind === 'local' && outside.outside) {
        return { listener: outside, peer: { ...client, verdict }, delayMs: 0 };
      }
      if (!verdict.delivered) {
        dropped = verdict;
        fabric.carry(verdict, () => ({ sent: 0, received: 0 }))();
        continue;
      }
      const { destination } = verdict.forward;
      const at = arrivedAt(verdict.forward);
      const listener = fabric.listenerAt(formatAddress(destination.address), destination.port, at);
      if (listener?.kind !== 'local') continue;
      carry(verdict, request.socket);
      return { listener, peer: { ...client, verdict }, delayMs: delayOf(fabric.world(), verdict) };
    }
    if (dropped) {
      const failed = dropped.direction === 'reply' && dropped.reply ? dropped.reply : dropped.forward;
      return {
        status: 504,
        why: `No connection to ${name} (${addresses.join(', ')}) port ${standsFor}: ${summarise(fabric.world(), failed)}`,
      };
    }
    return { status: 502, why: `Nobody listens on port ${standsFor} at ${name} (${addresses.join(', ')}).` };
  }
}

/**
 * The address that a client got from the model's DNS before, and holds: it need not be a true one any more. The header
 * is for this door alone, and nobody behind it sees it.
 */
function heldAddress({ headers, rawHeaders }: IncomingMessage): readonly string[] | undefined {
  const held = headers[heldAddressHeader];
  if (held === undefined) return undefined;
  delete headers[heldAddressHeader];
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2)
    if (rawHeaders[i]?.toLowerCase() === heldAddressHeader) rawHeaders.splice(i, 2);
  return typeof held === 'string' && isIP(held) !== 0 ? [held] : undefined;
}

/** In the place of a connection that a client outside could not have made: says why. */
function refuse(response: ServerResponse, status: number, why: string): void {
  const body = `${why}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-orrery-front-door': 'no-connection',
  });
  response.end(body);
}

/** `api.myapp.localhost:8080` → `api.myapp.localhost` */
function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
}

type SniCallback = (serverName: string, done: (error: Error | null, context?: SecureContext) => void) => void;

function certificates({ fabric, resolve, standsFor }: FrontDoorOptions): SniCallback {
  const contexts = new Map<string, SecureContext>();
  return (serverName, done) => {
    for (const address of resolve(hostName(serverName))) {
      const listener = listenerBehind(fabric, address, standsFor);
      const pair = listener?.certificate?.(serverName);
      if (!pair) continue;
      let context = contexts.get(pair.cert);
      if (!context) {
        context = createSecureContext(pair);
        if (contexts.size >= 100) contexts.clear();
        contexts.set(pair.cert, context);
      }
      return done(null, context);
    }
    return done(new Error(`no certificate for ${serverName}`));
  };
}

function listenerBehind(fabric: Fabric, address: string, port: number): LocalListener | undefined {
  const direct = fabric.listenerAt(address, port);
  if (direct?.kind === 'local') return direct;
  const inside = fabric.world().parts.interfaces.find((part) => part.publicAddress === address);
  const listener = inside?.addresses
    .map((own) => fabric.listenerAt(own, port, inside.id))
    .find((found) => found !== undefined);
  return listener?.kind === 'local' ? listener : undefined;
}
