import { connect } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { Clock } from '../clock/clock.ts';
import { formatAddress } from '../network/address.ts';
import { summarise } from '../network/describe.ts';
import { delayOf } from '../network/faults.ts';
import { carryOn, roundTrip } from '../network/send.ts';
import { arrivedAt, type End, packet, type RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import { type Carried, connections, type FlowSink } from './connections.ts';
import {
  type Connection,
  DialError,
  type DialRequest,
  type Fabric,
  type Listener,
  type LocalListener,
  type Peer,
} from './fabric.ts';
import { obeyNetwork, type Present } from './open-connection.ts';
import type { Meter } from './planes.ts';
import { sickListener } from './sick-listener.ts';

export interface FabricOptions {
  readonly clock: Clock;
  /** The present world; cheap, asked for each connection. */
  readonly world: () => World;
  readonly meter?: Meter;
  /** Where flows are recorded, for flow logs. */
  readonly flows?: FlowSink;
  /** A connection that the network dropped, told once a minute for the same two ends and rule. */
  readonly dropped: (trip: RoundTrip, text: string) => void;
}

/** Linux's `ip_local_port_range`. */
const firstEphemeral = 32_768;
const lastEphemeral = 60_999;
/** Who is stopped or deleted ends its own connections before its interface goes: that end is seen, and not lost. */
const ownerEnds: ReadonlySet<End> = new Set<End>(['notAnInterface', 'interfaceDetached', 'noSuchAddress']);
const quietMs = 60_000;
const rememberedDrops = 1_000;

/** The model's wire within one region, over loopback sockets. */
export function modelFabric(options: FabricOptions): Fabric {
  const { clock, world, meter, flows } = options;
  const follow = connections({ clock, world, meter, flows });
  /** By address and port, then by interface. */
  const listeners = new Map<string, Map<string | undefined, Listener>>();
  const told = new Map<string, number>();
  let nextPort = firstEphemeral;

  function ephemeralPort(): number {
    const port = nextPort;
    nextPort = port === lastEphemeral ? firstEphemeral : port + 1;
    return port;
  }

  function ask({ from, to, sourcePort = ephemeralPort() }: Pick<DialRequest, 'from' | 'to' | 'sourcePort'>): RoundTrip {
    const enters =
      from.interfaceId === undefined
        ? ({ kind: 'internet' } as const)
        : ({ kind: 'interface', id: from.interfaceId } as const);
    return roundTrip(world(), packet('tcp', from.address, sourcePort, to.address, to.port, enters));
  }

  function tell(trip: RoundTrip, request: DialRequest): string {
    const failed = trip.direction === 'reply' && trip.reply ? trip.reply : trip.forward;
    const { from, to } = request;
    const way =
      trip.direction === 'reply'
        ? `reply of ${to.address}:${to.port} to ${from.address}`
        : `${from.address} to ${to.address}:${to.port}`;
    const text = `${way}: ${summarise(world(), failed)}`;
    const key = `${from.address}>${to.address}:${to.port} ${trip.end} ${trip.rule}`;
    const last = told.get(key);
    if (last === undefined || clock.now() - last >= quietMs) {
      if (told.size >= rememberedDrops) told.clear();
      told.set(key, clock.now());
      options.dropped(trip, text);
    }
    return text;
  }

  /** Whether packets of the connection pass now, and how fast: the network is asked once a world. */
  function present(opened: RoundTrip, openedIn: World, request: DialRequest): Present {
    let asked = openedIn;
    const network = {
      passes: true,
      // A network's time is real time.
      delayMs: delayOf(openedIn, opened) * clock.scale,
      look() {
        const now = world();
        if (now === asked) return;
        asked = now;
        network.delayMs = delayOf(now, opened) * clock.scale;
        const trip = carryOn(now, opened);
        network.passes = trip.delivered || ownerEnds.has(trip.end);
        if (!network.passes) tell(trip, request);
      },
    };
    return network;
  }

  /** Resolves when the first packet is there and its answer back; rejects as for a drop when that takes too long. */
  async function slowHandshake(delayMs: number, verdict: RoundTrip, request: DialRequest): Promise<void> {
    const { to, timeoutMs, signal } = request;
    const tripMs = 2 * delayMs;
    try {
      await clock.sleep(Math.min(tripMs, timeoutMs) * clock.scale, signal);
      if (tripMs < timeoutMs) return;
      const text = `connect ETIMEDOUT ${to.address}:${to.port}: an answer takes ${tripMs} ms`;
      throw new DialError('ETIMEDOUT', text, verdict);
    } catch (error) {
      follow(verdict, nothing, false)();
      throw error;
    }
  }

  function listenerAt(address: string, port: number, interfaceId?: string): Listener | undefined {
    const there = listeners.get(addressKey(address, port));
    if (!there) return undefined;
    if (interfaceId !== undefined) return there.get(interfaceId) ?? there.get(undefined);
    return there.get(undefined) ?? there.values().next().value;
  }

  async function dial(request: DialRequest): Promise<Connection> {
    const { from, to, timeoutMs, signal } = request;
    const sourcePort = request.sourcePort ?? ephemeralPort();
    const openedIn = world();
    const verdict = ask({ from, to, sourcePort });
    const where = `${to.address}:${to.port}`;
    if (!verdict.delivered) {
      const text = tell(verdict, request);
      const end = follow(verdict, nothing, false);
      // Dropped packets say nothing: the sender only sees that time passes.
      await clock.sleep(timeoutMs, signal).finally(end);
      throw new DialError('ETIMEDOUT', `connect ETIMEDOUT ${where}: ${text}`, verdict);
    }
    // A public address was translated on the way; outside of the VPCs it is itself.
    const arrived = verdict.forward.destination;
    const at = arrivedAt(verdict.forward);
    const delayMs = delayOf(openedIn, verdict);
    if (delayMs > 0) await slowHandshake(delayMs, verdict, request);
    const found = listenerAt(formatAddress(arrived.address), arrived.port, at);
    const listener = found && request.healthCheck && isSick(openedIn, verdict) ? sickListener : found;
    if (!listener) {
      follow(verdict, nothing, false)();
      throw new DialError('ECONNREFUSED', `connect ECONNREFUSED ${where}: nobody listens there`, verdict);
    }
    const { socket, read } =
      listener.kind === 'local'
        ? acceptLocally(listener, { address: from.address, port: sourcePort, verdict })
        : await connectLoopback(listener, where, verdict, signal).catch((error: unknown) => {
            follow(verdict, nothing, false)();
            throw error;
          });
    socket.once('close', follow(verdict, read, true));
    obeyNetwork(socket, clock, present(verdict, openedIn, request), request.moved);
    return { socket, verdict };
  }

  return {
    world,
    ask,
    dial,
    carry: (verdict, read) => follow(verdict, read, verdict.delivered),
    listen(address, port, listener, interfaceId) {
      const key = addressKey(address, port);
      const there = listeners.get(key) ?? new Map<string | undefined, Listener>();
      listeners.set(key, there.set(interfaceId, listener));
      return () => {
        if (there.get(interfaceId) === listener) there.delete(interfaceId);
        if (there.size === 0 && listeners.get(key) === there) listeners.delete(key);
      };
    },
    listenerAt,
  };
}

function isSick({ faults }: World, { forward }: RoundTrip): boolean {
  return forward.delivered && forward.to.kind === 'interface' && faults?.sick.has(forward.to.interfaceId) === true;
}

function addressKey(address: string, port: number): string {
  return `${address}|${port}`;
}

const nothing = () => ({ sent: 0, received: 0 });

/** A connection with what it carried so far. */
interface Counted {
  readonly socket: Duplex;
  readonly read: () => Carried;
}

function acceptLocally(listener: LocalListener, client: Peer): Counted {
  const [ours, theirs] = duplexPair();
  const [sent, received] = [countWrites(ours), countWrites(theirs)];
  breaksWith(ours, theirs);
  breaksWith(theirs, ours);
  listener.accept(theirs, client);
  return { socket: ours, read: () => ({ sent: sent(), received: received() }) };
}

/** The ends of a pair do not know of each other's end: who broke off, or writes to who has gone, is told as TCP would. */
function breaksWith(one: Duplex, other: Duplex): void {
  one.once('close', () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    if (!one.writableFinished || other.writableLength > 0) other.destroy(reset);
    else other._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  });
}

/** A pair in this process does not count itself. */
function countWrites(end: Duplex): () => number {
  let bytes = 0;
  const write = end._write.bind(end);
  end._write = (chunk: Buffer, encoding, done) => {
    bytes += chunk.length;
    write(chunk, encoding, done);
  };
  return () => bytes;
}

function connectLoopback(
  listener: Extract<Listener, { kind: 'loopback' }>,
  where: string,
  verdict: RoundTrip,
  signal: AbortSignal | undefined,
): Promise<Counted> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: listener.host, port: listener.port, noDelay: true });
    const abort = () => socket.destroy(signal?.reason);
    const onError = (error: NodeJS.ErrnoException) => {
      signal?.removeEventListener('abort', abort);
      const refused = error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
      reject(
        refused ? new DialError('ECONNREFUSED', `connect ECONNREFUSED ${where}: the process has gone`, verdict) : error,
      );
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      signal?.removeEventListener('abort', abort);
      resolve({ socket, read: () => ({ sent: socket.bytesWritten, received: socket.bytesRead }) });
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
