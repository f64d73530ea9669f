/**
 * Ways on which a reply is lost though groups open them. The proof of reachability tells the first for all that stand in
 * equal position, so that only where something is lost somebody is looked for who is let in.
 */
import type { Address } from '../../../region/network/address.ts';
import { tcp, udp } from '../../../region/network/match.ts';
import { roundTrip } from '../../../region/network/send.ts';
import type { Entry, RoundTrip } from '../../../region/network/verdict.ts';
import type { NetworkInterface, PortRange, Subnet, World } from '../../../region/network/world.ts';
import { type Books, openBooks } from '../../reach/books.ts';
import { type End, type Flow, flowsBetween } from '../../reach/flow.ts';
import { detailsOf, type HeaderSet } from '../../reach/header-set.ts';
import type { InterfaceClass, Outside } from '../../reach/positions.ts';
import { outside, positions, s3Address } from './parts.ts';
import { portSamples } from './samples.ts';

export interface Way {
  readonly enters: Entry;
  readonly client: NetworkInterface | undefined;
  readonly from: Address;
  readonly to: Address;
  readonly protocol: number;
  readonly port: number;
}

export interface Lost {
  readonly way: Way;
  /** Of the client. */
  readonly port: number;
}

export function* lostReplies(world: World): Generator<Lost> {
  const books = openBooks(world);
  const sides = books.positions.sites.map(({ classes }) => classes);
  for (const from of sides) {
    for (const to of sides) yield* lostBetween(books, from, to);
    for (const end of books.positions.outside) yield* lostBetween(books, from, [end]);
  }
  const internet = books.positions.outside.filter(({ serviceName }) => serviceName === undefined);
  for (const end of internet) for (const to of sides) yield* lostBetween(books, [end], to);
  yield* lostByNat(world);
}

function* lostBetween(
  books: Books,
  from: readonly (InterfaceClass | Outside)[],
  to: readonly (InterfaceClass | Outside)[],
): Generator<Lost> {
  const [one, other] = [from[0], to[0]].map((end) => end && endOf(end));
  if (!one || !other || !mayAsk(one, other)) return;
  for (const flow of flowsBetween(books, one, other)) {
    if (flow.via === undefined || !asked(one, other, flow.destination)) continue;
    for (const protocol of [tcp, udp]) {
      const port = firstLost(portsOf(memberOf(one)), flow.clientPorts(protocol));
      if (port === undefined) continue;
      const open = detailsOf(aclsLetPass(books, one, other, flow), protocol);
      const way = open.length === 0 ? undefined : openedWay(books, from, to, flow, protocol, port);
      if (way) yield { way, port };
    }
  }
}

function endOf(end: InterfaceClass | Outside): End {
  return end.kind === 'outside' ? end : { kind: 'interfaces', class: end, members: end.members };
}

function memberOf(end: End): NetworkInterface | undefined {
  return end.kind === 'outside' ? undefined : end.members[0];
}

/** NAT gateways ask for others and are looked at by themselves; endpoints answer only, and machines ask those outside. */
function mayAsk(one: End, other: End): boolean {
  const [client, server] = [memberOf(one), memberOf(other)];
  if (client?.kind === 'nat' || client?.kind === 'endpoint' || server?.kind === 'nat') return false;
  return server !== undefined || client?.kind === 'instance';
}

/** A balancer that faces the internet is known by its public addresses alone, inside of the VPC too. */
function asked(one: End, other: End, address: Address): boolean {
  const server = memberOf(other);
  if (one.kind === 'outside' || server?.kind !== 'balancer' || server.public === undefined) return true;
  return !server.private.includes(address);
}

/** Of requests, at the borders of both: few are left where replies are lost. */
function aclsLetPass({ sets, decisions }: Books, one: End, other: End, { source, destination }: Flow): HeaderSet {
  const [client, server] = [memberOf(one), memberOf(other)];
  if (client && server && client.subnet === server.subnet) return sets.all;
  const out = client ? decisions.ofAcl(client.subnet, true, destination).allowed : sets.all;
  // Behind NAT the server sees another source.
  return server && !client ? sets.and(out, decisions.ofAcl(server.subnet, false, source).allowed) : out;
}

function firstLost({ from, to }: PortRange, arriving: readonly PortRange[]): number | undefined {
  let next = from;
  for (const range of arriving) if (range.from <= next && range.to >= next) next = range.to + 1;
  return next <= to ? next : undefined;
}

/** Of all in these positions the first whose request is let in, at a port that its groups open. */
function openedWay(
  books: Books,
  from: readonly (InterfaceClass | Outside)[],
  to: readonly (InterfaceClass | Outside)[],
  flow: Flow,
  protocol: number,
  port: number,
): Way | undefined {
  for (const client of from) {
    for (const server of to) {
      const way = wayBetween(endOf(client), endOf(server), flow);
      if (!way) continue;
      for (const { from: first, to: last } of openPorts(books, way, memberOf(endOf(server)), protocol)) {
        // Of a wide opening, what is asked for most.
        const opened: Way = { ...way, protocol, port: first <= 443 && last >= 443 ? 443 : first };
        if (roundTrip(books.world, packetOf(opened, port)).forward.delivered) return opened;
      }
    }
  }
  return undefined;
}

/** What the groups of both let pass. */
function openPorts(
  { sets, decisions }: Books,
  { client, from, to }: Pick<Way, 'client' | 'from' | 'to'>,
  server: NetworkInterface | undefined,
  protocol: number,
): readonly PortRange[] {
  // An internet gateway makes a public address the private one before a group sees it.
  const out = client?.filtered ? decisions.ofGroups(client, true, to).allowed : sets.all;
  const into = server?.filtered ? decisions.ofGroups(server, false, from).allowed : sets.all;
  return detailsOf(sets.and(out, into), protocol);
}

function wayBetween(one: End, other: End, flow: Flow): Omit<Way, 'protocol' | 'port'> | undefined {
  const client = memberOf(one);
  const server = other.kind === 'outside' ? undefined : other.members.find((member) => member !== client);
  if (other.kind !== 'outside' && !server) return undefined;
  const v6 = typeof flow.destination === 'bigint';
  const alike = (address: Address) => (typeof address === 'bigint') === v6;
  const from = client ? client.private.find(alike) : outside[v6 ? 6 : 4];
  const to = server ? (isPublic(flow) ? server.public : server.private.find(alike)) : flow.destination;
  if (from === undefined || to === undefined) return undefined;
  return { enters: client ? { kind: 'interface', id: client.id } : { kind: 'internet' }, client, from, to };
}

function isPublic({ to, destination }: Flow): boolean {
  return to.kind === 'interfaces' && to.members.some((one) => one.public === destination);
}

/** The replies to a gateway's own ports, which it chooses itself, by the connection. */
function* lostByNat(world: World): Generator<Lost> {
  const addresses = [outside[4], s3Address(world)].filter((address) => address !== undefined);
  for (const client of positions(world.interfaces.values())) {
    if (client.kind !== 'nat' || client.primary === undefined) continue;
    for (const to of addresses) {
      const enters: Entry = { kind: 'interface', id: client.id };
      const way: Way = { enters, client, from: client.primary, to, protocol: tcp, port: 443 };
      for (const port of clientPorts(world, client)) yield { way, port };
    }
  }
}

/** A request by the way, and its reply. */
export function tripOf({ way, port }: Lost, world: World): RoundTrip {
  return roundTrip(world, packetOf(way, port));
}

function packetOf({ protocol, from, to, port, enters }: Way, clientPort: number) {
  return {
    protocol: protocol === udp ? ('udp' as const) : ('tcp' as const),
    source: { address: from, port: clientPort },
    destination: { address: to, port },
    enters,
  };
}

/** Linux chooses of these; balancers, NAT gateways and clients outside of the wider ones. */
const linux: PortRange = { from: 32_768, to: 60_999 };
const any: PortRange = { from: 1024, to: 65_535 };

export function portsOf(client: NetworkInterface | undefined): PortRange {
  return client?.kind === 'instance' ? linux : any;
}

/** At the edges of all entries: between two of them every port fares alike. */
function clientPorts(world: World, client: NetworkInterface | undefined): readonly number[] {
  const { from, to } = portsOf(client);
  const edges = portSamples([...aclsOf(world)].flatMap(({ aclIngress, aclEgress }) => [...aclIngress, ...aclEgress]));
  return [from, ...edges.filter((port) => port > from && port <= to)];
}

function aclsOf({ subnets }: World): Iterable<Subnet> {
  return new Map([...subnets.values()].map((subnet) => [subnet.aclId, subnet])).values();
}
