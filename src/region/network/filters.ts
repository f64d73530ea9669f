/**
 * The two firewalls of a VPC. ACLs are stateless and guard a subnet's boundary: lowest number first, the first match
 * decides, nothing matched is denied (https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html). Security groups
 * are stateful and guard an interface: they only allow, all rules of all attached groups together
 * (https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html).
 */
import type { Address } from './address.ts';
import { rangeContains } from './address.ts';
import { matches } from './match.ts';
import type { Dropped } from './verdict.ts';
import { addHop, drop, refusedText, type Walk } from './walk.ts';
import type { GroupRule, NetworkInterface, Subnet } from './world.ts';

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

function passAcl(walk: Walk, subnet: Subnet, egress: boolean): Dropped | undefined {
  const { acl } = subnet;
  const peer = egress ? walk.destination : walk.source;
  const end = egress ? 'deniedByAclEgress' : 'deniedByAclIngress';
  for (const entry of egress ? subnet.aclEgress : subnet.aclIngress) {
    if (!rangeContains(entry.range, peer) || !matches(entry, walk)) continue;
    if (entry.allow) {
      addHop(walk, 'acl', subnet, acl.name, entry.rule, entry.why);
      return undefined;
    }
    return drop(walk, end, 'acl', subnet, acl.name, entry.rule, `${refusedText(walk, egress)} denied`);
  }
  const rule = `${acl.name} ${egress ? 'egress' : 'ingress'} ${lastRule(peer)}`;
  return drop(walk, end, 'acl', subnet, acl.name, rule, `${refusedText(walk, egress)} not allowed`);
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
  for (const rule of egress ? at.egress : at.ingress) {
    if (!matches(rule, walk) || !peerMatches(rule, peer)) continue;
    addHop(walk, 'group', at, rule.group.name, rule.rule, rule.why);
    return undefined;
  }
  const end = egress ? 'deniedByGroupEgress' : 'deniedByGroupIngress';
  const rule = `${at.groupNames} ${egress ? 'egress' : 'ingress'}`;
  return drop(walk, end, 'group', at, at.groupNames, rule, `no rule allows ${refusedText(walk, egress)}`);
}

/** A group reference stands for its members' private addresses, never for public ones. */
function peerMatches(rule: GroupRule, peer: Address): boolean {
  if (rule.members) return rule.members.has(peer);
  for (const range of rule.ranges) if (rangeContains(range, peer)) return true;
  return false;
}
