/**
 * What security groups add to a way, for all pairs of classes at once. Rules of groups only allow, so that what several
 * groups allow is what each of them does, together: each group is asked once about each kind of peer.
 */
import type { Address } from '../../region/network/address.ts';
import { firstRule } from '../../region/network/filters.ts';
import type { GroupGate } from '../../region/network/gate.ts';
import type { GroupRule, NetworkInterface, SecurityGroupPart } from '../../region/network/world.ts';
import type { Books } from './books.ts';
import type { Pair, Side } from './pairs.ts';

/** The rules of one group in one direction, with the number of the set that they allow by the peer's badge, plus one. */
interface Row {
  readonly rules: readonly GroupRule[];
  readonly ids: Int32Array;
}

/** Of a gate, what differs from class to class: who filters, and who is filtered. */
interface Lookup {
  readonly rows: readonly (readonly Row[])[];
  readonly rowsOf: Role;
  readonly peers: readonly Address[];
  readonly badges: readonly number[];
  readonly peersOf: Role;
}

/** The source's classes, the destination's, or one for all. */
type Role = 'from' | 'to' | 'all';

export class GroupLookup {
  private readonly books: Books;
  private readonly rows = new Map<readonly GroupRule[], readonly Row[]>();
  private readonly byGroup = { egress: new Map<SecurityGroupPart, Row>(), ingress: new Map<SecurityGroupPart, Row>() };
  private readonly spanIds = new Map<GroupRule, number>();
  private readonly badgeCount: number;

  constructor(books: Books) {
    this.books = books;
    const { positions, world } = books;
    for (const { private: own, public: other } of world.interfaces.values()) {
      for (const address of own) positions.badgeOf(address);
      if (other !== undefined) positions.badgeOf(other);
    }
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
    for (let at = 0, i = 0, j = 0; at < ids.length; at++) {
      const id = ids[at] as number;
      if (id !== 0) {
        const peer = peersOf === 'to' ? j : peersOf === 'from' ? i : 0;
        const badge = badges[peer] as number;
        let allowed = 0;
        for (const row of rows[rowsOf === 'to' ? j : rowsOf === 'from' ? i : 0] as readonly Row[]) {
          const known = row.ids[badge] as number;
          const its = known > 0 ? known - 1 : this.fill(row, badge, peers[peer] as Address);
          allowed = sets.idOfEither(allowed, its);
        }
        ids[at] = sets.idOfBoth(id, allowed);
      }
      if (++j === width) {
        j = 0;
        i++;
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
    const slot = slots[peersOf] ?? 0;
    const sides = { from, to };
    const peers = peersOf === 'all' ? [peer] : firstsOf(sides[peersOf]).map((one) => addressAt(one, slot));
    return {
      rows: (rowsOf === 'all' ? [at] : firstsOf(sides[rowsOf])).map((one) => this.rowsOf(one, egress)),
      rowsOf,
      peers,
      badges: peers.map((address) => this.books.positions.badgeOf(address)),
      peersOf,
    };
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

function firstsOf({ ends }: Side): readonly NetworkInterface[] {
  return ends.flatMap((end) => (end.kind === 'interfaces' ? end.members.slice(0, 1) : []));
}

function slotOf(one: NetworkInterface | undefined, address: Address): number | undefined {
  if (!one) return undefined;
  if (one.public === address) return -1;
  const slot = one.private.indexOf(address);
  return slot < 0 ? undefined : slot;
}

function addressAt(one: NetworkInterface, slot: number): Address {
  return (slot < 0 ? one.public : one.private[slot]) as Address;
}
