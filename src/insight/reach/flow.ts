/** All connections from one address to another: which pass both ways, by what, and what refuses the others. */
import type { Address } from '../../region/network/address.ts';
import type { Via } from '../../region/network/verdict.ts';
import type { NetworkInterface, PortRange } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import type { HeaderSet } from './header-set.ts';
import type { InterfaceClass, Outside } from './positions.ts';
import { type Refusal, refusalsOn } from './refusal.ts';
import { gateFor, type Parties, type Ways } from './ways.ts';

/** Interfaces of one class, or addresses outside of which one stands for all. */
export type End = Interfaces | Outside;

export interface Interfaces {
  readonly kind: 'interfaces';
  readonly class: InterfaceClass;
  /** All of the class's, or those that were asked for; the first stands for all. */
  readonly members: readonly NetworkInterface[];
}

export interface Flow {
  readonly from: End;
  readonly to: End;
  /** These stand for all: any other pair of two different members is answered alike. */
  readonly source: Address;
  readonly destination: Address;
  /** The requests that arrive and can be answered. */
  readonly allowed: HeaderSet;
  /** What is paid for on the way; undefined where nothing arrives. */
  readonly via: Via | undefined;
  /** The source ports from which a client gets its replies. */
  clientPorts(protocol: number): readonly PortRange[];
  /** The same of the ports that NAT gateways on the way put in (of 1024–65535, by the connection); undefined without NAT. */
  natPorts(protocol: number): readonly PortRange[] | undefined;
  /** In the order in which packets meet them. */
  refusals(): readonly Refusal[];
}

/**
 * One for each pair of addresses of one family that lead from one to the other. Between members of one class: of two
 * different ones, as what an interface sends to itself is filtered nowhere.
 */
export function flowsBetween(books: Books, from: End, to: End): Flow[] {
  const [sender, receiver] = twoOf(from, to);
  if (sender !== undefined && sender === receiver) return [];
  return addressesOf(from, sender, false).flatMap((source) =>
    addressesOf(to, receiver, true).flatMap((destination) => {
      if (typeof source !== typeof destination) return [];
      const parties: Parties = {
        source,
        destination,
        entry: sender,
        sourceOwner: books.positions.ownerOf(source),
        destinationOwner: books.positions.ownerOf(destination),
      };
      const ways = books.ways.of(sender ? { kind: 'interface', id: sender.id } : { kind: 'internet' }, parties);
      return leadsTo(ways, receiver) ? flowOf(books, ways, parties, from, to) : [];
    }),
  );
}

function flowOf(books: Books, ways: Ways, parties: Parties, from: End, to: End): Flow {
  const { sets, decisions } = books;
  const passage = books.passage(ways);
  const { verdict } = ways.forward;
  const allowed = passage.groups.reduce(
    (open, gate) => sets.and(open, decisions.of(gateFor(ways, parties, gate)).allowed),
    passage.open,
  );
  return {
    from,
    to,
    source: parties.source,
    destination: parties.destination,
    allowed,
    via: verdict.delivered ? verdict.via : undefined,
    clientPorts: passage.clientPorts,
    natPorts: passage.natPorts,
    refusals: () => refusalsOn(books, ways, parties),
  };
}

/** The first of each, and two different ones where both have the same. */
function twoOf(from: End, to: End): [NetworkInterface | undefined, NetworkInterface | undefined] {
  const sender = from.kind === 'interfaces' ? from.members[0] : undefined;
  if (to.kind !== 'interfaces') return [sender, undefined];
  const receiver = to.members.find((one) => one !== sender);
  if (receiver || !sender) return [sender, receiver];
  // The only receiver is the first sender: another sender, if there is one.
  return [from.kind === 'interfaces' ? (from.members[1] ?? sender) : undefined, sender];
}

/** A machine sends from its private addresses; others send to these, and to its public one. */
function addressesOf(end: End, one: NetworkInterface | undefined, withPublic: boolean): readonly Address[] {
  if (end.kind === 'outside') return [end.address];
  if (!one) return [];
  return withPublic && one.public !== undefined ? [...one.private, one.public] : one.private;
}

/** False where the address leads from there to somebody else, as it may between VPCs that overlap. */
export function leadsTo({ forward, walked }: Ways, receiver: NetworkInterface | undefined): boolean {
  const { verdict } = forward;
  if (!receiver || !verdict.delivered) return true;
  return verdict.to.kind === 'interface' && verdict.to.interfaceId === (walked.destinationOwner ?? receiver).id;
}
