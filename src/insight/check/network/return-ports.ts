/**
 * A network ACL keeps no state: the reply to what it let in needs an entry of its own, for whichever port the client has
 * chosen. Looked at are the ways that security groups open, each with its reply as a packet of its own.
 */
import { type Address, rangeContains } from '../../../region/network/address.ts';
import { protocolName } from '../../../region/network/match.ts';
import type { Dropped } from '../../../region/network/verdict.ts';
import type { PortRange, Subnet, World } from '../../../region/network/world.ts';
import type { Model } from '../../model/model.ts';
import { listed } from '../../words.ts';
import type { Found, Rule } from '../rule.ts';
import { entryText, freeNumber, joinedRanges, rangeAround } from './acl-text.ts';
import { type Lost, lostReplies, portsOf, tripOf, type Way } from './lost-replies.ts';
import { interfaceAt, ownerOf, placeOf } from './parts.ts';

export const aclReturnPorts: Rule = {
  id: 'acl-return-ports',
  severity: 'error',
  title: 'Every reply finds its way through the network ACLs',
  page: 'https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports',
  needs: 'whole network',
  find(model) {
    const missing = new Map<string, Missing>();
    for (const lost of lostReplies(model.world)) {
      const dropped = replyStopped(model.world, lost);
      if (dropped) note(model.world, missing, lost.way, dropped);
    }
    return [...missing.values()].map((one) => foundOf(model, one));
  },
};

function replyStopped(world: World, lost: Lost): Dropped | undefined {
  const { forward, reply } = tripOf(lost, world);
  if (!forward.delivered || !reply || reply.delivered) return undefined;
  return reply.end === 'deniedByAclEgress' || reply.end === 'deniedByAclIngress' ? reply : undefined;
}

interface Missing {
  readonly subnet: Subnet;
  readonly egress: boolean;
  readonly way: Way;
  readonly clients: Set<string>;
  /** By range, protocol and ports. */
  readonly entries: Map<string, Lacking>;
  /** Of the entry that denies, when it is not the last one. */
  readonly before: number | undefined;
}

function note(world: World, missing: Map<string, Missing>, way: Way, dropped: Dropped): void {
  const egress = dropped.end === 'deniedByAclEgress';
  const subnet = world.subnets.get(dropped.hops.at(-1)?.id ?? '');
  if (!subnet) return;
  const key = `${subnet.aclId} ${egress}`;
  const number = Number(/\d+$/.exec(dropped.rule)?.[0]);
  const one: Missing = missing.get(key) ?? {
    ...{ subnet, egress, way, clients: new Set(), entries: new Map() },
    before: number < 32_767 ? number : undefined,
  };
  missing.set(key, one);
  const { client } = way;
  one.clients.add(client ? ownerOf(client) : 'clients on the internet');
  const range = rangeAround(world, egress ? dropped.destination.address : dropped.source.address);
  const ports = portsOf(interfaceAt(world, dropped.destination.address));
  one.entries.set(`${range} ${way.protocol} ${ports.from}`, { range, protocol: way.protocol, ports });
}

function foundOf(model: Model, { subnet, egress, way, clients, entries, before }: Missing): Found {
  const { acl } = subnet;
  const existing = egress ? subnet.aclEgress : subnet.aclIngress;
  const wide = joined([...entries.values()].filter((one) => !coveredByAnother(one, [...entries.values()])));
  const numbers: { number: number }[] = [...existing];
  const texts = wide.map((one) => {
    const number = freeNumber(numbers, before);
    numbers.push({ number });
    return entryText({ acl: acl.name, egress, number, ...one });
  });
  const ranges = wide.map(
    ({ range, protocol, ports }) =>
      `${protocolName(protocol)} ${ports.from}-${ports.to} ${egress ? 'to' : 'from'} ${range}`,
  );
  const asked = interfaceAt(model.world, way.to);
  const answerer = asked ? ownerOf(asked) : rangeContainsService(model.world, way.to);
  return {
    ...placeOf(model, acl.id),
    message:
      `${acl.name} lets requests of ${listed(clients)} pass, but not their replies ${egress ? 'out' : 'in'}: ` +
      `an ACL keeps no state, and ${listed(ranges)} is not allowed. ` +
      `So ${way.client ? ownerOf(way.client) : 'a client'} never hears from ${answerer} at port ${way.port}.`,
    fix: texts.join('\n'),
  };
}

type Lacking = { readonly range: string; readonly protocol: number; readonly ports: PortRange };

/** The fewest entries that allow these and nothing else. */
function joined(lacking: readonly Lacking[]): readonly Lacking[] {
  const alike = new Map<string, Lacking[]>();
  for (const one of lacking) {
    const key = `${one.protocol} ${one.ports.from} ${one.range.includes(':')}`;
    alike.set(key, [...(alike.get(key) ?? []), one]);
  }
  return [...alike.values()].flatMap((some) =>
    joinedRanges(some.map(({ range }) => range)).flatMap((range) => (some[0] ? [{ ...some[0], range }] : [])),
  );
}

function coveredByAnother(
  one: { range: string; protocol: number; ports: PortRange },
  all: readonly (typeof one)[],
): boolean {
  const v6 = one.range.includes(':');
  return all.some(
    (other) =>
      other !== one &&
      other.protocol === one.protocol &&
      (other.range === (v6 ? '::/0' : '0.0.0.0/0') || other.range === one.range) &&
      other.ports.from <= one.ports.from &&
      other.ports.to >= one.ports.to &&
      !(other.range === one.range && other.ports.from === one.ports.from),
  );
}

function rangeContainsService({ publicServices }: World, address: Address): string {
  const service = publicServices.find(({ ranges }) => ranges.some((range) => rangeContains(range, address)));
  return service?.serviceName ?? 'the internet';
}
