/**
 * The two firewalls of a VPC. ACLs are stateless and guard a subnet's boundary: lowest number first, the first match
 * decides, nothing matched is denied (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html). Security groups
 * are stateful and guard an interface: they only allow, all rules of all attached groups together
 * (https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html).
 */
import type { Address } from './address.ts';
import { rangeContains } from './address.ts';
import { headerOf, spanHas } from './match.ts';
import type { Dropped, DroppedEnd } from './verdict.ts';
import { addHop, drop, refusedText, type Walk } from './walk.ts';
import type { AclEntry, GroupRule, NetworkInterface, Subnet } from './world.ts';

/** The last rule of every ACL, `*` in the console: 32767 for IPv4 and 32768 for IPv6 in the API. */
function lastRule(address: Address): number {
  return typeof address === 'number' ? 32767 : 32768;
}

export function leaveSubnet(walk: Walk, subnet: Subnet): Dropped | undefined {
  return passAcl(walk, subnet, true);
}

export function enterSubnet(walk: Walk, subnet: Subnet): Dropped | undefined {
  return passAcl(walk, subnet, false);
}

/**
 * Asks of an ACL's entries about a peer, lowest number first, whether all is decided: for one packet the first that
 * matches decides, for a set of them each takes its part of what those before it left.
 */
export function firstEntry(
  subnet: Subnet,
  egress: boolean,
  peer: Address,
  decides: (entry: AclEntry) => boolean,
): AclEntry | undefined {
  for (const entry of egress ? subnet.aclEgress : subnet.aclIngress) {
    if (rangeContains(entry.range, peer) && decides(entry)) return entry;
  }
  return undefined;
}

/** How what an entry denies ends, and what none allows. */
export function deniedByAcl({ acl }: Subnet, egress: boolean, peer: Address, entry: AclEntry | undefined): Denial {
  return {
    end: egress ? 'deniedByAclEgress' : 'deniedByAclIngress',
    rule: entry?.rule ?? `${acl.name} ${egress ? 'egress' : 'ingress'} ${lastRule(peer)}`,
  };
}

export interface Denial {
  readonly end: DroppedEnd;
  readonly rule: string;
}

function passAcl(walk: Walk, subnet: Subnet, egress: boolean): Dropped | undefined {
  const { acl } = subnet;
  const peer = egress ? walk.destination : walk.source;
  if (walk.gates) {
    walk.gates.push({ kind: 'acl', subnet, egress, peer, hop: walk.hops.length, toUndo: walk.toUndo });
    addHop(walk, 'acl', subnet, acl.name, '', '');
    return undefined;
  }
  const header = headerOf(walk);
  const entry = firstEntry(subnet, egress, peer, ({ span }) => spanHas(span, header));
  if (entry?.allow) {
    addHop(walk, 'acl', subnet, acl.name, entry.rule, entry.why);
    return undefined;
  }
  const { end, rule } = deniedByAcl(subnet, egress, peer, entry);
  return drop(
    walk,
    end,
    'acl',
    subnet,
    acl.name,
    rule,
    `${refusedText(walk, egress)} ${entry ? 'denied' : 'not allowed'}`,
  );
}

export function leaveInterface(walk: Walk, from: NetworkInterface): Dropped | undefined {
  return passGroups(walk, from, true);
}

export function enterInterface(walk: Walk, to: NetworkInterface): Dropped | undefined {
  return passGroups(walk, to, false);
}

function passGroups(walk: Walk, at: NetworkInterface, egress: boolean): Dropped | undefined {
  if (!at.filtered) return undefined;
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
  if (walk.tracked || walk.established) {
    const why = walk.tracked ? 'replies to allowed traffic need no rule' : 'it was open before the rules changed';
    addHop(walk, 'group', at, at.groupNames, 'tracked connection', why);
    return undefined;
  }
  const peer = egress ? walk.destination : walk.source;
  if (walk.gates) {
    walk.gates.push({ kind: 'group', at, egress, peer, hop: walk.hops.length, toUndo: 0 });
    addHop(walk, 'group', at, at.groupNames, '', '');
    return undefined;
  }
  const header = headerOf(walk);
  const found = firstRule(egress ? at.egress : at.ingress, peer, ({ span }) => spanHas(span, header));
  if (found) {
    addHop(walk, 'group', at, found.group.name, found.rule, found.why);
    return undefined;
  }
  const { end, rule } = deniedByGroups(at, egress);
  return drop(walk, end, 'group', at, at.groupNames, rule, `no rule allows ${refusedText(walk, egress)}`);
}

/** The same for rules of security groups, in the order in which the groups are attached and the rules written. */
export function firstRule(
  rules: readonly GroupRule[],
  peer: Address,
  decides: (rule: GroupRule) => boolean,
): GroupRule | undefined {
  for (const rule of rules) if (peerMatches(rule, peer) && decides(rule)) return rule;
  return undefined;
}

/** How what no rule allows ends. */
export function deniedByGroups(at: NetworkInterface, egress: boolean): Denial {
  return {
    end: egress ? 'deniedByGroupEgress' : 'deniedByGroupIngress',
    rule: `${at.groupNames} ${egress ? 'egress' : 'ingress'}`,
  };
}

/** A group reference stands for its members' private addresses, never for public ones. */
function peerMatches(rule: GroupRule, peer: Address): boolean {
  if (rule.members) return rule.members.has(peer);
  for (const range of rule.ranges) if (rangeContains(range, peer)) return true;
  return false;
}
