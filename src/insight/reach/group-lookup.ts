/**
 * What security groups add to a way, for all pairs of classes at once. Rules of groups only allow, so that what several
 * groups allow is what each of them does, together: each group is asked once about each kind of peer.
 */
import type { Address } from '../../region/network/address.ts';
import { firstRule } from '../../region/network/filters.ts';
import type { GroupGate } from '../../region/network/gate.ts';
import type { GroupRule, NetworkInterface, SecurityGroupPart } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import type { Pair, Side } from './sides.ts';

/** The rules of one group in one direction, with the number of the set that they allow by the peer's badge, plus one. */
interface Row {
  readonly rules: readonly GroupRule[];
  readonly ids: Int32Array;
}

/** Who is filtered. */
interface Peers {
  readonly peers: readonly Address[];
  readonly badges: readonly number[];
}

/** Of a gate, what differs from class to class. */
interface Lookup extends Peers {
  readonly rows: readonly (readonly Row[])[];
  readonly rowsOf: Role;
  readonly peersOf: Role;
}

/** The source's classes, the destination's, or one for all. */
type Role = 'from' | 'to' | 'all';

export class GroupLookup {
  private readonly books: Books;
  private readonly rows = new Map<readonly GroupRule[], readonly Row[]>();
  private readonly byGroup = { egress: new Map<SecurityGroupPart, Row>(), ingress: new Map<SecurityGroupPart, Row>() };
  private readonly peers = new Map<Side, Map<number, Peers>>();
  private readonly sideEgress = new Map<Side, readonly (readonly Row[])[]>();
  private readonly sideIngress = new Map<Side, readonly (readonly Row[])[]>();
  private readonly spanIds = new Map<GroupRule, number>();
  private readonly badgeCount: number;

  constructor(books: Books) {
    this.books = books;
    const { positions, world } = books;
    // Class by class, so that the badges of a site are neighbours and their numbers lie together.
    for (const { members } of positions.classes) {
      for (const { private: own } of members) for (const address of own) positions.badgeOf(address);
    }
    for (const { public: other } of world.interfaces.values()) if (other !== undefined) positions.badgeOf(other);
    for (const { address } of positions.outside) positions.badgeOf(address);
    this.badgeCount = positions.badgeCount;
  }

  /** The numbers of the sets that pass, for each class of one side and, within, of the other; undefined for none at all. */
  allowedOn({ from, to, ways }: Pair): Int32Array | undefined {
    const passage = this.books.passage(ways);
    if (passage.open.id === 0) return undefined;
    const ids = new Int32Array(from.ends.length * to.ends.length).fill(passage.open.id);
    const { walked } = ways;
    for (const gate of passage.groups) this.pass(ids, to.ends.length, this.lookupOf(gate, from, to, walked));
    return ids;
  }

  private pass(ids: Int32Array, width: number, { rows, rowsOf, peers, badges, peersOf }: Lookup): void {
    const { sets } = this.books;
    const height = ids.length / width;
    // Rows outside, peers within: a row is read from end to end before the next.
    const byTo = rowsOf === 'to';
    const [lines, length] = byTo ? [width, height] : [height, width];
    const [nextLine, next] = byTo ? [1, width] : [width, 1];
    const peersWithin = peersOf !== 'all' && (peersOf === 'from') === byTo;
    for (let line = 0; line < lines; line++) {
      const attached = rows[rowsOf === 'all' ? 0 : line] as readonly Row[];
      for (let n = 0, at = line * nextLine; n < length; n++, at += next) {
        const id = ids[at] as number;
        if (id === 0) continue;
        const peer = peersWithin ? n : peersOf === 'all' ? 0 : line;
        const badge = badges[peer] as number;
        let allowed = 0;
        for (let k = 0; k < attached.length; k++) {
          const row = attached[k] as Row;
          const known = row.ids[badge] as number;
          const its = known > 0 ? known - 1 : this.fill(row, badge, peers[peer] as Address);
          allowed = allowed === 0 ? its : sets.idOfEither(allowed, its);
        }
        ids[at] = allowed === 0 ? 0 : sets.idOfBoth(id, allowed);
      }
    }
  }

  private fill({ rules, ids }: Row, badge: number, peer: Address): number {
    const { sets } = this.books;
    let allowed = 0;
    firstRule(rules, peer, (rule) => {
      allowed = sets.idOfEither(allowed, this.spanIdOf(rule));
      return allowed === sets.all.id;
    });
    ids[badge] = allowed + 1;
    return allowed;
  }

  private spanIdOf(rule: GroupRule): number {
    let id = this.spanIds.get(rule);
    if (id === undefined) {
      id = this.books.sets.of([rule.span]).id;
      this.spanIds.set(rule, id);
    }
    return id;
  }

  private lookupOf({ egress, at, peer }: GroupGate, from: Side, to: Side, walked: Walked): Lookup {
    const sender = walked.entry;
    const receiver = walked.destinationOwner;
    const rowsOf: Role = at === sender && from.site ? 'from' : at === receiver && to.site ? 'to' : 'all';
    const slots = { from: slotOf(sender, peer), to: slotOf(receiver, peer), all: undefined };
    const peersOf: Role =
      from.site && slots.from !== undefined ? 'from' : to.site && slots.to !== undefined ? 'to' : 'all';
    const sides = { from, to };
    const { peers, badges } =
      peersOf === 'all'
        ? { peers: [peer], badges: [this.books.positions.badgeOf(peer)] }
        : this.peersAt(sides[peersOf], slots[peersOf] ?? 0);
    const rows = rowsOf === 'all' ? [this.rowsOf(at, egress)] : this.rowsAt(sides[rowsOf], egress);
    return { rows, rowsOf, peers, badges, peersOf };
  }

  private peersAt(side: Side, slot: number): Peers {
    const known = this.peers.get(side) ?? new Map<number, Peers>();
    this.peers.set(side, known);
    let its = known.get(slot);
    if (!its) {
      const peers = side.firsts.map((one) => addressAt(one, slot));
      its = { peers, badges: peers.map((address) => this.books.positions.badgeOf(address)) };
      known.set(slot, its);
    }
    return its;
  }

  private rowsAt(side: Side, egress: boolean): readonly (readonly Row[])[] {
    const known = egress ? this.sideEgress : this.sideIngress;
    let rows = known.get(side);
    if (!rows) {
      rows = side.firsts.map((one) => this.rowsOf(one, egress));
      known.set(side, rows);
    }
    return rows;
  }

  private rowsOf(at: NetworkInterface, egress: boolean): readonly Row[] {
    const rules = egress ? at.egress : at.ingress;
    let rows = this.rows.get(rules);
    if (!rows) {
      const byGroup = this.byGroup[egress ? 'egress' : 'ingress'];
      rows = [...new Set(rules.map(({ group }) => group))].map((group) => {
        const row = byGroup.get(group) ?? {
          rules: rules.filter((rule) => rule.group === group),
          ids: new Int32Array(this.badgeCount),
        };
        byGroup.set(group, row);
        return row;
      });
      this.rows.set(rules, rows);
    }
    return rows;
  }
}

type Walked = Pair['ways']['walked'];

function slotOf(one: NetworkInterface | undefined, address: Address): number | undefined {
  if (!one) return undefined;
  if (one.public === address) return -1;
  const slot = one.private.indexOf(address);
  return slot < 0 ? undefined : slot;
}

function addressAt(one: NetworkInterface, slot: number): Address {
  return (slot < 0 ? one.public : one.private[slot]) as Address;
}
