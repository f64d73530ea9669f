/** Rules that never decide anything: somebody meant something by them that is not so. */
import type { AclEntry, GroupRule } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Found, Rule } from '../rule.ts';
import { placeOfEntry, placeOfRule } from './parts.ts';
import { type Selector, samples, selects } from './samples.ts';

export const aclShadowedEntry: Rule = {
  id: 'acl-shadowed-entry',
  severity: 'warning',
  title: 'Every entry of a network ACL decides something',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html',
  needs: 'whole network',
  *find(model) {
    const seen = new Set<string>();
    for (const { acl, aclIngress, aclEgress } of model.world.subnets.values()) {
      if (seen.has(acl.id)) continue;
      seen.add(acl.id);
      for (const entries of [aclIngress, aclEgress]) yield* shadowedEntries(model, acl.id, entries);
    }
  },
};

function* shadowedEntries(model: Model, aclId: string, entries: readonly AclEntry[]): Generator<Found> {
  for (const [index, entry] of entries.entries()) {
    const deciding = decidedBefore(entry, entries.slice(0, index));
    if (!deciding) continue;
    const names = listed(deciding.map(({ number, why }) => `${number} (${why})`));
    const opposed = deciding.filter(({ allow }) => allow !== entry.allow);
    const effect =
      opposed.length > 0
        ? `so that what it ${entry.allow ? 'allows stays denied' : 'denies stays allowed'}`
        : 'so that it changes nothing';
    const first = deciding[0]?.number ?? 0;
    yield {
      ...placeOfEntry(model, aclId, entry),
      message: `${entry.rule} ${entry.why}, but ${names} decide${deciding.length === 1 ? 's' : ''} all of that before it, ${effect}.`,
      fix:
        opposed.length > 0
          ? `RuleNumber: ${Math.max(1, Math.min(...opposed.map(({ number }) => number), first) - 1)}   # before ${opposed[0]?.number}`
          : 'Take the entry out.',
    };
  }
}

/** The entries that decide, in its place, about everything that it is for; undefined when something is left to it. */
function decidedBefore(entry: AclEntry, earlier: readonly AclEntry[]): readonly AclEntry[] | undefined {
  const deciding = new Set<AclEntry>();
  const selectors = new Map(earlier.map((one) => [one, selectorOf(one)]));
  for (const sample of samples(selectorOf(entry), [...selectors.values()])) {
    const first = earlier.find((one) => selects(selectors.get(one) ?? selectorOf(one), sample));
    if (!first) return undefined;
    deciding.add(first);
  }
  return earlier.filter((one) => deciding.has(one));
}

function selectorOf({ span, range }: AclEntry): Selector {
  return { span, ranges: [range] };
}

export const groupCoveredRule: Rule = {
  id: 'group-covered-rule',
  severity: 'note',
  title: 'Every rule of a security group allows something that no other one does',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html',
  needs: 'whole network',
  *find(model) {
    const groups = new Map<string, readonly GroupRule[]>();
    for (const one of model.world.interfaces.values()) {
      for (const rule of [...one.ingress, ...one.egress]) {
        const key = `${rule.group.id} ${rule.egress}`;
        if (groups.has(key)) continue;
        groups.set(
          key,
          (rule.egress ? one.egress : one.ingress).filter(({ group }) => group.id === rule.group.id),
        );
      }
    }
    for (const rules of groups.values()) yield* coveredRules(model, rules);
  },
};

function* coveredRules(model: Model, rules: readonly GroupRule[]): Generator<Found> {
  let left = rules;
  for (const rule of rules) {
    const others = left.filter((one) => one !== rule);
    const by = coveredBy(rule, others);
    if (!by) continue;
    left = others;
    yield {
      ...placeOfRule(model, rule),
      message: `${rule.group.name} ${rule.why}, which is allowed already: it ${listed(by.map(({ why }) => why))}.`,
      fix: 'Take the rule out, or the wider one if that was not meant.',
    };
  }
}

/** Rules that name the same group, or ranges: of a group's members the addresses are not known beforehand. */
function coveredBy(rule: GroupRule, others: readonly GroupRule[]): readonly GroupRule[] | undefined {
  const { peer } = rule;
  const alike = others.filter((one) =>
    'groupId' in peer ? 'groupId' in one.peer && one.peer.groupId === peer.groupId : !('groupId' in one.peer),
  );
  const by = new Set<GroupRule>();
  const selectors = new Map(alike.map((one) => [one, groupSelector(one)]));
  for (const sample of samples(groupSelector(rule), [...selectors.values()])) {
    const found = alike.find((one) => selects(selectors.get(one) ?? groupSelector(one), sample));
    if (!found) return undefined;
    by.add(found);
  }
  return [...by];
}

/** A group stands for one address, its own. */
const anyMember = { family: 4, base: 0, mask: 0xffffffff, bits: 32, text: '' } as const;

function groupSelector({ span, peer, ranges }: GroupRule): Selector {
  return { span, ranges: 'groupId' in peer ? [anyMember] : ranges };
}
