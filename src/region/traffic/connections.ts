/**
 * What connections carried, for those who count it: flow logs at the interfaces that they passed, and NAT gateways.
 * Nothing is done for a packet or a byte: what is open is asked once a minute of model time, and when it ends.
 */
import type { Clock } from '../clock/clock.ts';
import { type Address, formatAddress } from '../network/address.ts';
import type { RoundTrip } from '../network/verdict.ts';
import type { World } from '../network/world.ts';
import { type Pass, passesOf } from './flow-passes.ts';
import type { Meter, MeterDimensions } from './planes.ts';

/** One way of a connection as it was seen at one interface since it was last told of. */
export interface Flow {
  readonly interfaceId: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** The packet's own addresses where they differ from the record's: at a NAT gateway. */
  readonly packetSource?: string;
  readonly packetDestination?: string;
  /** IANA: tcp 6. */
  readonly protocol: number;
  readonly packets: number;
  /** Headers included. */
  readonly bytes: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly action: 'ACCEPT' | 'REJECT';
  readonly direction?: 'ingress' | 'egress';
  /** SYN 2, SYN-ACK 18, FIN 1, added up. */
  readonly tcpFlags?: number;
}

export interface FlowSink {
  /** Whether anybody keeps records: cheap, asked for each connection. */
  wanted(): boolean;
  record(flow: Flow): void;
}

interface ConnectionsOptions {
  readonly clock: Clock;
  readonly world: () => World;
  readonly meter?: Meter | undefined;
  readonly flows?: FlowSink | undefined;
}

/** Payload bytes so far: of the side that connected, and of the side that answered. */
export interface Carried {
  readonly sent: number;
  readonly received: number;
}

/** Follows a connection, or an attempt at one, from now on. Returns how to end it. */
type FollowConnection = (trip: RoundTrip, read: () => Carried, established: boolean) => () => void;

/** How much of one way has been told of. */
interface Told {
  readonly packets: number;
  readonly bytes: number;
}

interface Open {
  readonly trip: RoundTrip;
  readonly read: () => Carried;
  readonly established: boolean;
  readonly natId: string | undefined;
  readonly startMs: number;
  passes: readonly Pass[] | undefined;
  toldMs: number;
  request: Told;
  reply: Told;
}

const sampleMs = 60_000;
/** More than these are told of only when they end. */
const mostSampled = 10_000;
const tcp = 6;
/** Ethernet's 1,500 less the headers of IPv4 and TCP. */
const segmentBytes = 1_460;
const headerBytes = 40;
/** When Linux sends a SYN, or its answer, again (`tcp_syn_retries`, `tcp_synack_retries`). */
const retriesMs = [1_000, 3_000, 7_000, 15_000, 31_000, 63_000];
const flag = { fin: 1, syn: 2, synAck: 18 };

export function connections({ clock, world, meter, flows }: ConnectionsOptions): FollowConnection {
  const open = new Set<Open>();
  const activeByNat = new Map<string, number>();
  const dimensionsOf = new Map<string, readonly MeterDimensions[]>();
  let sampling = false;

  function sampleLater(): void {
    if (sampling) return;
    sampling = true;
    clock.after(sampleMs, () => {
      sampling = false;
      for (const one of open) tell(one, false);
      for (const [natId, active] of activeByNat) count(natId, 'ActiveConnectionCount', active, 'Count');
      if (activeByNat.size > 0 || (open.size > 0 && flows?.wanted())) sampleLater();
    });
  }

  function count(NatGatewayId: string, metric: string, value: number, unit: 'Bytes' | 'Count'): void {
    // The same object each time: a meter finds its sum by it.
    const dimensions = dimensionsOf.get(NatGatewayId) ?? [{ NatGatewayId }];
    dimensionsOf.set(NatGatewayId, dimensions);
    meter?.count('AWS/NATGateway', metric, dimensions, value, unit);
  }

  function active(natId: string, change: 1 | -1): void {
    const now = (activeByNat.get(natId) ?? 0) + change;
    if (now > 0) activeByNat.set(natId, now);
    else activeByNat.delete(natId);
    count(natId, 'ActiveConnectionCount', now, 'Count');
  }

  function tell(one: Open, ended: boolean): void {
    const nowMs = clock.now();
    const carried = one.read();
    const [request, reply] = (['sent', 'received'] as const).map((way) => total(one, carried[way], nowMs, ended));
    if (!request || !reply) return;
    const since = (told: Told, now: Told): Told => ({
      packets: now.packets - told.packets,
      bytes: now.bytes - told.bytes,
    });
    const sent = since(one.request, request);
    const received = one.trip.reply ? since(one.reply, reply) : { packets: 0, bytes: 0 };
    one.request = request;
    one.reply = reply;
    if (one.natId !== undefined && sent.bytes + received.bytes > 0) countNat(one.natId, sent.bytes, received.bytes);
    if (flows?.wanted()) {
      one.passes ??= passesOf(world(), one.trip);
      const first = one.toldMs === one.startMs;
      for (const pass of one.passes) {
        const { packets, bytes } = pass.way === 'request' ? sent : received;
        if (packets === 0) continue;
        const tcpFlags =
          (first ? (pass.way === 'request' ? flag.syn : flag.synAck) : 0) | (finished(one, ended) ? flag.fin : 0);
        flows.record({ ...flowAt(pass), packets, bytes, startMs: one.toldMs, endMs: nowMs, tcpFlags });
      }
    }
    one.toldMs = nowMs;
  }

  /** What goes through a NAT gateway is counted there, as it is billed: once in, once out, each way. */
  function countNat(natId: string, sent: number, received: number): void {
    count(natId, 'BytesInFromSource', sent, 'Bytes');
    count(natId, 'BytesOutToDestination', sent, 'Bytes');
    count(natId, 'BytesInFromDestination', received, 'Bytes');
    count(natId, 'BytesOutToSource', received, 'Bytes');
  }

  return (trip, read, established) => {
    const natId = meter && trip.forward.hops.find(({ kind, allow }) => kind === 'nat' && allow)?.id;
    if (!flows && natId === undefined) return () => {};
    const startMs = clock.now();
    const none = { packets: 0, bytes: 0 };
    const passes = flows?.wanted() ? passesOf(world(), trip) : undefined;
    const one: Open = { trip, read, established, natId, startMs, passes, toldMs: startMs, request: none, reply: none };
    if (natId !== undefined) {
      count(natId, 'ConnectionAttemptCount', 1, 'Count');
      if (established) count(natId, 'ConnectionEstablishedCount', 1, 'Count');
      if (established) active(natId, 1);
    }
    if (open.size < mostSampled) open.add(one);
    if (natId !== undefined || flows?.wanted()) sampleLater();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      open.delete(one);
      tell(one, true);
      if (natId !== undefined && established) active(natId, -1);
    };
  };
}

function finished({ established }: Open, ended: boolean): boolean {
  return ended && established;
}

/**
 * The model moves bytes, not packets: they are counted as TCP would send them, in full segments, with one packet to
 * open the connection and one to close it each way, and without those that only acknowledge.
 */
function total(one: Open, payload: number, nowMs: number, ended: boolean): Told {
  let packets = 1;
  if (!one.trip.delivered) {
    const elapsedMs = nowMs - one.startMs;
    packets += retriesMs.filter((afterMs) => afterMs < elapsedMs).length;
  } else packets += Math.ceil(payload / segmentBytes) + (finished(one, ended) ? 1 : 0);
  return { packets, bytes: payload + packets * headerBytes };
}

function flowAt({ interfaceId, direction, accepted, source, destination, packetSource, packetDestination }: Pass) {
  const differs = (packet: Address, record: Address) => (packet === record ? undefined : formatAddress(packet));
  const from = differs(packetSource, source.address);
  const to = differs(packetDestination, destination.address);
  return {
    interfaceId,
    direction,
    sourceAddress: formatAddress(source.address),
    sourcePort: source.port,
    destinationAddress: formatAddress(destination.address),
    destinationPort: destination.port,
    ...(from === undefined ? {} : { packetSource: from }),
    ...(to === undefined ? {} : { packetDestination: to }),
    protocol: tcp,
    action: accepted ? ('ACCEPT' as const) : ('REJECT' as const),
  };
}
