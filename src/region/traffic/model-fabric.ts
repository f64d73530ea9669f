import { connect } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { Clock } from '../clock/clock.ts';
import { formatAddress } from '../network/address.ts';
import { summarise } from '../network/describe.ts';
import { roundTrip } from '../network/send.ts';
import { packet, type RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import {
  type Connection,
  DialError,
  type DialRequest,
  type Fabric,
  type Listener,
  type LocalListener,
  type Peer,
} from './fabric.ts';
import type { Meter } from './planes.ts';

export interface FabricOptions {
  readonly clock: Clock;
  /** The present world; cheap, asked for each connection. */
  readonly world: () => World;
  readonly meter?: Meter;
  /** A connection that the network dropped, told once a minute for the same two ends and rule. */
  readonly dropped: (trip: RoundTrip, text: string) => void;
}

/** Linux's `ip_local_port_range`. */
const firstEphemeral = 32_768;
const lastEphemeral = 60_999;
const quietMs = 60_000;
const rememberedDrops = 1_000;

/** The model's wire within one region, over loopback sockets. */
export function modelFabric(options: FabricOptions): Fabric {
  const { clock, world, meter } = options;
  const listeners = new Map<string, Listener>();
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

  async function dial(request: DialRequest): Promise<Connection> {
    const { from, to, timeoutMs, signal } = request;
    const sourcePort = request.sourcePort ?? ephemeralPort();
    const verdict = ask({ from, to, sourcePort });
    const where = `${to.address}:${to.port}`;
    if (!verdict.delivered) {
      const text = tell(verdict, request);
      // Dropped packets say nothing: the sender only sees that time passes.
      await clock.sleep(timeoutMs, signal);
      throw new DialError('ETIMEDOUT', `connect ETIMEDOUT ${where}: ${text}`, verdict);
    }
    // A public address was translated on the way; outside of the VPCs it is itself.
    const arrived = verdict.forward.destination;
    const listener = listeners.get(addressKey(formatAddress(arrived.address), arrived.port));
    if (!listener) throw new DialError('ECONNREFUSED', `connect ECONNREFUSED ${where}: nobody listens there`, verdict);
    const socket =
      listener.kind === 'local'
        ? acceptLocally(listener, { address: from.address, port: sourcePort, verdict })
        : await connectLoopback(listener, where, verdict, signal);
    countNat(verdict, socket);
    return { socket, verdict };
  }

  /** What goes through a NAT gateway is counted there, as it is billed. */
  function countNat(verdict: RoundTrip, socket: Duplex): void {
    if (!meter || verdict.via?.kind !== 'nat') return;
    const NatGatewayId = verdict.via.id;
    const counted = socket as Duplex & { bytesWritten?: number; bytesRead?: number };
    socket.once('close', () => {
      meter.count('AWS/NATGateway', 'BytesOutToDestination', [{ NatGatewayId }], counted.bytesWritten ?? 0, 'Bytes');
      meter.count('AWS/NATGateway', 'BytesInFromDestination', [{ NatGatewayId }], counted.bytesRead ?? 0, 'Bytes');
    });
  }

  return {
    world,
    ask,
    dial,
    listen(address, port, listener) {
      const key = addressKey(address, port);
      listeners.set(key, listener);
      return () => {
        if (listeners.get(key) === listener) listeners.delete(key);
      };
    },
    listenerAt: (address, port) => listeners.get(addressKey(address, port)),
  };
}

function addressKey(address: string, port: number): string {
  return `${address}|${port}`;
}

function acceptLocally(listener: LocalListener, client: Peer): Duplex {
  const [ours, theirs] = duplexPair();
  listener.accept(theirs, client);
  return ours;
}

function connectLoopback(
  listener: Extract<Listener, { kind: 'loopback' }>,
  where: string,
  verdict: RoundTrip,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
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
      resolve(socket);
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
