/**
 * The one network function: takes a packet through groups, ACLs, routes and gateways as AWS does, and says how it ended
 * and which rule decided at every hop. Pure: the same world and packet give the same verdict.
 */
import { follow } from './forwarding.ts';
import type { Gate, Way } from './gate.ts';
import { echoTypes, icmp as icmpv4, icmpv6 } from './match.ts';
import type { Delivered, Entry, Packet, RoundTrip, Verdict } from './verdict.ts';
import { sameEndpoint, startWalk } from './walk.ts';
import type { World } from './world.ts';

/** Sends one packet one way. Never throws: an unknown interface or endpoint is an ending too. */
export function send(world: World, packet: Packet): Verdict {
  return follow(world, startWalk(packet));
}

/** A request and its reply, which is routed and meets the ACLs again, with the ephemeral port as its destination. */
export function roundTrip(world: World, packet: Packet): RoundTrip {
  const forward = send(world, packet);
  if (!forward.delivered) return outcome(forward, undefined, 'forward');
  const reply = backAtSender(packet, send(world, replyTo(forward)));
  return outcome(forward, reply, reply.delivered ? undefined : 'reply');
}

/**
 * The ways of all requests between the packet's two addresses and of their replies, whatever their protocol and ports:
 * the filters on them are listed and not asked. No reply where no request can arrive.
 */
export function waysBetween(world: World, packet: Packet): { forward: Way; reply: Way | undefined } {
  const forward = wayOf(world, packet);
  if (!forward.verdict.delivered) return { forward, reply: undefined };
  const { gates, verdict } = wayOf(world, replyTo(forward.verdict));
  return { forward, reply: { gates, verdict: backAtSender(packet, verdict) } };
}

function wayOf(world: World, packet: Packet): Way {
  const gates: Gate[] = [];
  return { gates, verdict: follow(world, startWalk(packet, gates)) };
}

/**
 * What becomes of an open connection in a world that changed since: groups still track it, and ACLs, routes and gateways
 * decide anew (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html).
 */
export function carryOn(world: World, opened: RoundTrip): RoundTrip {
  if (!opened.forward.delivered) return opened;
  const { sent } = opened.forward;
  const forward = send(world, { ...sent, continues: opened.forward });
  if (!forward.delivered) return outcome(forward, undefined, 'forward');
  const reply = backAtSender(sent, send(world, replyTo(forward)));
  return outcome(forward, reply, reply.delivered ? undefined : 'reply');
}

/** The packet that answers a delivery. */
export function replyTo(delivery: Delivered): Packet {
  const { sent } = delivery;
  return {
    protocol: sent.protocol,
    source: delivery.destination,
    destination: delivery.source,
    icmp: echoReply(sent),
    enters: entryOfReply(delivery),
    replyTo: delivery,
  };
}

/** What a reply says in ICMP: an echo reply to an echo request, and the same as was asked otherwise. */
export function echoReply({ protocol, icmp, destination }: Packet): Packet['icmp'] {
  if (protocol !== 'icmp' && protocol !== icmpv4 && protocol !== icmpv6) return undefined;
  const echo = echoTypes(typeof destination.address === 'bigint');
  return icmp && icmp.type !== echo.request ? icmp : { type: echo.reply, code: 0 };
}

function entryOfReply({ to, sent }: Delivered): Entry {
  switch (to.kind) {
    case 'interface':
      return { kind: 'interface', id: to.interfaceId };
    case 'internet':
      return { kind: 'internet' };
    case 'service':
      return to.endpointId === undefined ? { kind: 'internet' } : { kind: 'gatewayEndpoint', id: to.endpointId };
    case 'linkLocal':
      return { kind: 'linkLocal', interfaceId: sent.enters.kind === 'interface' ? sent.enters.id : '' };
  }
}

/** A reply that ends elsewhere, or with other addresses than were asked, is no reply to the one who waits for it. */
function backAtSender(sent: Packet, reply: Verdict): Verdict {
  if (!reply.delivered) return reply;
  const addressed = sameEndpoint(reply.source, sent.destination) && sameEndpoint(reply.destination, sent.source);
  if (addressed && samePlace(sent.enters, reply)) return reply;
  return {
    delivered: false,
    end: 'replyMisrouted',
    at: reply.at,
    rule: reply.rule,
    why: 'the reply takes another way than the request and does not match it when it arrives',
    hops: reply.hops,
    sent: reply.sent,
    source: reply.source,
    destination: reply.destination,
  };
}

function samePlace(entry: Entry, { to }: Delivered): boolean {
  switch (entry.kind) {
    case 'interface':
      return to.kind === 'interface' && to.interfaceId === entry.id;
    case 'internet':
      return to.kind === 'internet' || (to.kind === 'service' && to.endpointId === undefined);
    case 'gatewayEndpoint':
      return to.kind === 'service' && to.endpointId === entry.id;
    case 'linkLocal':
      return to.kind === 'linkLocal';
  }
}

function outcome(forward: Verdict, reply: Verdict | undefined, direction: RoundTrip['direction']): RoundTrip {
  const deciding = direction === 'reply' && reply ? reply : forward;
  return {
    delivered: direction === undefined,
    forward,
    reply,
    direction,
    end: deciding.end,
    at: deciding.at,
    rule: deciding.rule,
    why: deciding.why,
    via: forward.delivered ? forward.via : undefined,
  };
}
