/** A packet and its reply as steps. */
import { formatAddress } from '../../region/network/address.ts';
import { roundTrip } from '../../region/network/send.ts';
import { type Entry, type Hop, packet, type RoundTrip, type Verdict } from '../../region/network/verdict.ts';
import { packetFix } from './fix.ts';
import type { Leg } from './leg.ts';
import type { Stop, TraceStep } from './result.ts';
import type { Tracing } from './tracing.ts';

export interface From {
  readonly address: string;
  /** Undefined: outside. */
  readonly interfaceId?: string | undefined;
  /** The first and the last of the ports that such a client takes. */
  readonly ports: readonly [first: number, last: number];
}

export interface To {
  readonly address: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
}

/** Of clients outside, and of load balancers. */
export const anyPorts = [1024, 65_535] as const;
/** Of Linux. */
export const linuxPorts = [32_768, 60_999] as const;

/**
 * Asks the network about a request. Rules for some of the client's ports lose the replies to others: whoever is inside
 * takes any of its range, so that one port that fails is a way that fails.
 */
export function ask({ model }: Tracing, from: From, to: To): RoundTrip {
  const [first, last] = from.ports;
  const trip = send(model.world, from, to, Math.floor((first + last) / 2));
  if (!trip.delivered || from.interfaceId === undefined) return trip;
  const others = [first, last].map((port) => send(model.world, from, to, port));
  return others.find(({ delivered }) => !delivered) ?? trip;
}

function send(world: Tracing['model']['world'], from: From, to: To, port: number): RoundTrip {
  const entry: Entry =
    from.interfaceId === undefined ? { kind: 'internet' } : { kind: 'interface', id: from.interfaceId };
  return roundTrip(world, packet(to.protocol ?? 'tcp', from.address, port, to.address, to.port, entry));
}

/** The trip's hops both ways, and what stops it. */
export function tripLeg(tracing: Tracing, from: From, to: To, trip: RoundTrip): Leg {
  const { forward, reply } = trip;
  const notes = trip.delivered ? portNotes(tracing, from, to) : [];
  const there = stepsOf(tracing, forward, 'there');
  const back = reply ? stepsOf(tracing, reply, 'back') : [];
  const failed = trip.direction === 'reply' ? reply : trip.direction === 'forward' ? forward : undefined;
  return { there, back, notes, ...(failed ? { stopped: stopOf(tracing, failed, trip) } : {}) };
}

/** Which ports clients outside take is not known. */
function portNotes({ model }: Tracing, from: From, to: To): string[] {
  return from.ports.flatMap((port) => {
    const trip = send(model.world, from, to, port);
    return trip.delivered ? [] : [`from port ${port} of the client it is lost: ${trip.rule || trip.at}: ${trip.why}`];
  });
}

function stopOf({ model, names }: Tracing, failed: Verdict, trip: RoundTrip): Stop {
  const fix = failed.delivered ? undefined : packetFix(model, failed);
  const last = failed.hops.at(-1);
  const { rule, why } = last ? names.rule(last) : { rule: failed.rule, why: failed.why };
  return {
    ending: failed.end === 'routeNotModelled' ? 'unknown' : 'dropped',
    way: trip.direction === 'reply' ? 'back' : 'there',
    at: failed.at,
    rule,
    why: names.text(why),
    ...(fix ? { fix } : {}),
  };
}

function stepsOf(tracing: Tracing, { hops }: Verdict, way: TraceStep['way']): TraceStep[] {
  return hops.flatMap((hop, index) => (isSaid(hop, index, hops) ? [stepOf(tracing, hop, way)] : []));
}

/** A gateway tells where a packet comes in or goes out; the outside itself is no hop, and a sender says nothing new. */
function isSaid({ kind, allow }: Hop, index: number, hops: readonly Hop[]): boolean {
  if (!allow) return true;
  if (kind === 'interface') return index === hops.length - 1;
  return kind !== 'internet' || index === hops.length - 1;
}

function stepOf({ names }: Tracing, hop: Hop, way: TraceStep['way']): TraceStep {
  const { rule, why } = names.rule(hop);
  const said = arrivals[`${way} ${hop.kind}`];
  return { way, kind: hop.kind, at: hop.at, rule, why: hop.allow && said ? said : names.text(why), ok: hop.allow };
}

/** What the end of a way means to those who wait for it. */
const arrivals: Readonly<Record<string, string>> = {
  'there internet': 'out of the VPC, to whoever has the address',
  'back internet': 'back at the client',
  'back interface': 'back where it began',
  'back gatewayEndpoint': 'the answer comes in',
};

/** As the receiver sees the sender. */
export function seenFrom({ forward }: RoundTrip): string {
  return formatAddress(forward.source.address);
}
