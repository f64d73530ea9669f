/**
 * Which network interfaces a connection passed, and what was decided there: a flow log's records follow from it. Pure.
 * Groups and ACLs accept or reject at the interface that they guard; what is lost behind it was accepted there.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
 */
import type { Address } from '../network/address.ts';
import type { Delivered, Dropped, Endpoint, Hop, RoundTrip, Verdict } from '../network/verdict.ts';
import type { NetworkInterface, World } from '../network/world.ts';

export interface Pass {
  readonly interfaceId: string;
  readonly way: 'request' | 'reply';
  readonly direction: 'ingress' | 'egress';
  readonly accepted: boolean;
  /** As the record has them: for what comes in at a NAT gateway, the gateway's own address is the destination. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** The packet's own addresses: `pkt-srcaddr`, `pkt-dstaddr`. */
  readonly packetSource: Address;
  readonly packetDestination: Address;
}

/** In the order in which packets passed. Empty for what flow logs leave out: DNS, metadata and time services. */
export function passesOf(world: World, { forward, reply }: RoundTrip): readonly Pass[] {
  const request = requestPasses(world, forward);
  return reply ? [...request, ...replyPasses(world, request, reply)] : request;
}

function requestPasses(world: World, forward: Verdict): Pass[] {
  const { sent } = forward;
  const passes: Pass[] = [];
  const add = (
    at: NetworkInterface | undefined,
    direction: Pass['direction'],
    source: Endpoint,
    destination: Endpoint,
    more: Partial<Pass> = {},
  ) => {
    if (!at) return;
    const packets = { packetSource: source.address, packetDestination: destination.address };
    passes.push({
      interfaceId: at.id,
      way: 'request',
      direction,
      accepted: true,
      source,
      destination,
      ...packets,
      ...more,
    });
  };
  let source = sent.source;
  if (sent.enters.kind === 'interface') {
    if (neverSent(forward, sent.enters.id)) return [];
    add(world.interfaces.get(sent.enters.id), 'egress', source, sent.destination);
  }
  for (const { nat, outside } of translationsOf(world, forward)) {
    const own = { address: outside.address, port: sent.destination.port };
    add(nat, 'ingress', source, own, { packetDestination: sent.destination.address });
    source = outside;
    add(nat, 'egress', source, sent.destination);
  }
  const { destination } = forward;
  if (forward.delivered) {
    if (forward.to.kind === 'interface') {
      add(world.interfaces.get(forward.to.interfaceId), 'ingress', forward.source, destination);
    }
    return passes;
  }
  const rejected = { accepted: false };
  if (forward.end === 'deniedByGroupEgress' || forward.end === 'deniedByAclEgress') {
    return [...passes.slice(0, -1), ...passes.slice(-1).map((last) => ({ ...last, ...rejected }))];
  }
  if (forward.end === 'deniedByGroupIngress' || forward.end === 'deniedByAclIngress') {
    const at = refusedAt(world, forward);
    const nat = at?.kind === 'nat' && at.primary !== undefined;
    const own = nat ? { address: at.primary, port: destination.port } : destination;
    add(at, 'ingress', forward.source, own, { ...rejected, packetDestination: destination.address });
  }
  return passes;
}

/** Nothing left the interface: it is not up, or the packet is for the machine itself or for what flow logs leave out. */
function neverSent(forward: Verdict, interfaceId: string): boolean {
  if (forward.delivered) {
    const { to } = forward;
    return to.kind === 'linkLocal' || (to.kind === 'interface' && to.interfaceId === interfaceId);
  }
  const { end } = forward;
  if (end === 'interfaceDetached' || end === 'cutByFault') return lastHop(forward)?.id === interfaceId;
  return end === 'notAnInterface' || end === 'sourceNotOwn' || end === 'resolverOff';
}

function translationsOf(world: World, forward: Verdict): { nat: NetworkInterface; outside: Endpoint }[] {
  if (forward.delivered) {
    return forward.translations.flatMap(({ natId, outside }) => {
      const nat = world.natGateways.get(natId)?.interface;
      return nat ? [{ nat, outside }] : [];
    });
  }
  return forward.hops.flatMap(({ kind, id, allow }) => {
    const nat = kind === 'nat' && allow ? world.natGateways.get(id)?.interface : undefined;
    return nat?.primary === undefined ? [] : [{ nat, outside: { address: nat.primary, port: forward.source.port } }];
  });
}

/** The interface that a packet would have come in at next: its receiver's, or that of the NAT gateway it was routed to. */
function refusedAt(world: World, dropped: Dropped): NetworkInterface | undefined {
  const hop = lastHop(dropped);
  if (!hop) return undefined;
  if (hop.kind === 'group') return world.interfaces.get(hop.id);
  const subnet = world.subnets.get(hop.id);
  const receiver = subnet?.vpc.byAddress.get(dropped.destination.address);
  if (receiver && receiver.subnet === subnet) return receiver;
  const routed = dropped.hops.findLast(({ kind, allow }) => kind === 'route' && allow);
  const target = world.subnets.get(routed?.id ?? '')?.routes.find(({ rule }) => rule === routed?.rule)?.target;
  return target?.kind === 'nat' ? world.natGateways.get(target.id)?.interface : undefined;
}

/** The same interfaces the other way round, as far as the reply came. */
function replyPasses(world: World, request: readonly Pass[], reply: Verdict): Pass[] {
  const passes = [...request].reverse().map(
    (pass): Pass => ({
      ...pass,
      way: 'reply',
      direction: pass.direction === 'egress' ? 'ingress' : 'egress',
      source: pass.destination,
      destination: pass.source,
      packetSource: pass.packetDestination,
      packetDestination: pass.packetSource,
    }),
  );
  if (reply.delivered) return passes;
  const hop = lastHop(reply);
  const inSubnet = (direction: Pass['direction']) =>
    passes.findIndex(
      (pass) => pass.direction === direction && world.interfaces.get(pass.interfaceId)?.subnet.id === hop?.id,
    );
  const denied =
    reply.end === 'deniedByAclEgress' ? 'egress' : reply.end === 'deniedByAclIngress' ? 'ingress' : undefined;
  const index = inSubnet(denied ?? 'egress');
  if (!denied || index < 0) return passes.slice(0, Math.max(0, index) + 1);
  return passes.slice(0, index + 1).map((pass, at) => (at === index ? { ...pass, accepted: false } : pass));
}

function lastHop({ hops }: Delivered | Dropped): Hop | undefined {
  return hops[hops.length - 1];
}
