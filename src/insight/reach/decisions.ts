/** What each filter does to all headers: the part that each of its rules takes, and the rest that none allows. */
import type { Address } from '../../region/network/address.ts';
import { type Denial, deniedByAcl, deniedByGroups, firstEntry, firstRule } from '../../region/network/filters.ts';
import type { Gate } from '../../region/network/gate.ts';
import type { Header, Span } from '../../region/network/match.ts';
import { natProtocols } from '../../region/network/nat.ts';
import type { DroppedEnd } from '../../region/network/verdict.ts';
import type { NetworkInterface, Subnet } from '../../region/network/world.ts';
import { type HeaderSet, type HeaderSets, hasHeader, protocolSpan } from './header-set.ts';
import type { Positions } from './positions.ts';

export interface Decision {
  readonly allowed: HeaderSet;
  /** In the order in which they are asked; together all headers. */
  readonly parts: readonly DecisionPart[];
}

export interface DecisionPart {
  readonly headers: HeaderSet;
  readonly rule: string;
  /** Absent where the rule lets them pass. */
  readonly end: DroppedEnd | undefined;
}

interface Taking {
  readonly span: Span;
  readonly rule: string;
  /** Security groups' rules only allow. */
  readonly allow?: boolean;
}

export class Decisions {
  private readonly sets: HeaderSets;
  private readonly positions: Positions;
  private readonly acls = new Map<unknown, Map<number, Decision>>();
  /** By rules, then by the peer's badge. */
  private readonly groups = new Map<unknown, Map<number, Decision>>();
  private nat: Decision | undefined;

  constructor(sets: HeaderSets, positions: Positions) {
    this.sets = sets;
    this.positions = positions;
  }

  of(gate: Gate): Decision {
    switch (gate.kind) {
      case 'acl':
        return this.ofAcl(gate.subnet, gate.egress, gate.peer);
      case 'group':
        return this.ofGroups(gate.at, gate.egress, gate.peer);
      case 'nat':
        return this.ofNat(gate.rule);
    }
  }

  ofAcl(subnet: Subnet, egress: boolean, peer: Address): Decision {
    const entries = egress ? subnet.aclEgress : subnet.aclIngress;
    let known = this.acls.get(entries);
    if (!known) {
      known = new Map();
      this.acls.set(entries, known);
    }
    const atom = this.positions.atoms.of(peer).id;
    let decision = known.get(atom);
    if (!decision) {
      const about: Taking[] = [];
      firstEntry(subnet, egress, peer, (entry) => about.push(entry) === 0);
      const end = deniedByAcl(subnet, egress, peer, undefined);
      decision = this.decide(about, end);
      known.set(atom, decision);
    }
    return decision;
  }

  ofGroups(at: NetworkInterface, egress: boolean, peer: Address): Decision {
    const badge = this.positions.badgeOf(peer);
    const rules = egress ? at.egress : at.ingress;
    let known = this.groups.get(rules);
    if (!known) {
      known = new Map();
      this.groups.set(rules, known);
    }
    let decision = known.get(badge);
    if (!decision) {
      const about: Taking[] = [];
      firstRule(rules, peer, (rule) => about.push(rule) === 0);
      decision = this.decide(about, deniedByGroups(at, egress));
      known.set(badge, decision);
    }
    return decision;
  }

  private ofNat(rule: string): Decision {
    this.nat ??= this.decide(
      natProtocols.map((protocol) => ({ span: protocolSpan(protocol), rule: '' })),
      { end: 'natProtocol', rule: '' },
    );
    const { allowed, parts } = this.nat;
    return { allowed, parts: parts.map((part) => (part.end ? { ...part, rule } : part)) };
  }

  /** Each rule takes of what those before it left. */
  private decide(rules: readonly Taking[], otherwise: Denial): Decision {
    const { sets } = this;
    const parts: DecisionPart[] = [];
    let allowed = sets.none;
    let rest = sets.all;
    for (const { span, rule, allow = true } of rules) {
      const headers = sets.and(rest, sets.of([span]));
      if (headers.id === 0) continue;
      rest = sets.minus(rest, headers);
      if (allow) allowed = sets.or(allowed, headers);
      parts.push({ headers, rule, end: allow ? undefined : otherwise.end });
    }
    if (rest.id !== 0) parts.push({ headers: rest, ...otherwise });
    return { allowed, parts };
  }
}

export function partOf({ parts }: Decision, header: Header): DecisionPart {
  const found = parts.find(({ headers }) => hasHeader(headers, header));
  if (!found) throw new Error(`no part has the header ${header}`);
  return found;
}
