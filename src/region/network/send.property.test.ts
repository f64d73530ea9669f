/**
 * `send` against a slow reference that shares nothing with it: addresses are strings of bits, rules are read from the
 * plain parts each time, and every condition is tried.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildWorld } from './build-world.ts';
import { type NetworkFault, withFaults } from './faults.ts';
import { replyTo, roundTrip, send } from './send.ts';
import { packet } from './verdict.ts';
import type { AclEntryPart, GroupRulePart, RoutePart, WorldParts } from './world.ts';

const settings = { numRuns: 250, seed: 20260101 };

// A small universe, so that random rules and packets meet.
const subnetNames = ['x', 'y', 'z'] as const;
const machines = subnetNames.flatMap((name, index) => [
  { id: `eni-${name}1`, subnet: name, address: `10.0.${index}.5`, publicAddress: `198.51.100.${index}` },
  { id: `eni-${name}2`, subnet: name, address: `10.0.${index}.6`, publicAddress: undefined },
]);
const outsiders = ['203.0.113.7', '192.0.2.200', '52.216.1.1'];
const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/16',
  '10.0.0.0/24',
  '10.0.1.0/24',
  '10.0.2.4/30',
  '10.0.1.5/32',
  '203.0.113.0/24',
  '128.0.0.0/1',
  '52.216.0.0/15',
  '198.51.100.0/24',
];
const ports = [22, 80, 443, 1024, 32768, 40000, 65535];
const protocols = [6, 17, 47];

const portRange = fc
  .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const someProtocol = fc.constantFrom(-1, 6, 6, 6, 17, 47);
const optionalPorts = fc.option(portRange, { nil: undefined, freq: 2 });

const aclEntry: fc.Arbitrary<AclEntryPart> = fc.record({
  number: fc.integer({ min: 1, max: 32766 }),
  egress: fc.boolean(),
  action: fc.constantFrom('allow', 'allow', 'allow', 'deny'),
  protocol: someProtocol,
  cidr: fc.constantFrom(...cidrs, '0.0.0.0/0', '0.0.0.0/0'),
  ports: optionalPorts,
});
// Most random rules refuse: half of the ACLs and groups end with one that lets everything pass.
const open = fc.boolean();
const aclEntries = fc
  .tuple(fc.uniqueArray(aclEntry, { maxLength: 8, selector: ({ egress, number }) => `${egress} ${number}` }), open)
  .map(([entries, isOpen]): AclEntryPart[] => {
    if (!isOpen) return entries;
    const last = { number: 32766, action: 'allow', protocol: -1, cidr: '0.0.0.0/0' } as const;
    return [...entries.filter(({ number }) => number < 32766), { ...last, egress: true }, { ...last, egress: false }];
  });
const groupIds = ['sg-1', 'sg-2'];
const groupRule: fc.Arbitrary<GroupRulePart> = fc.record({
  id: fc.constantFrom('sgr-1', 'sgr-2'),
  egress: fc.boolean(),
  protocol: someProtocol,
  ports: optionalPorts,
  peer: fc.oneof(
    fc.constantFrom(...cidrs, '0.0.0.0/0').map((cidr) => ({ cidr })),
    fc.constantFrom(...groupIds).map((groupId) => ({ groupId })),
    fc.constant({ prefixListId: 'pl-s3' }),
  ),
});
const groupRules = fc.tuple(fc.array(groupRule, { maxLength: 5 }), open).map(([rules, isOpen]): GroupRulePart[] => {
  if (!isOpen) return rules;
  const every = { protocol: -1, peer: { cidr: '0.0.0.0/0' } };
  return [...rules, { ...every, id: 'sgr-out', egress: true }, { ...every, id: 'sgr-in', egress: false }];
});
const route: fc.Arbitrary<RoutePart> = fc.oneof(
  fc
    .constantFrom('0.0.0.0/0', '0.0.0.0/0', '203.0.113.0/24', '128.0.0.0/1')
    .map((destination) => ({ destination, target: { kind: 'internetGateway', id: 'igw' } as const })),
  fc
    .constantFrom('0.0.0.0/0', '203.0.113.7/32', '10.0.2.0/24', '52.216.0.0/15')
    .map((destination) => ({ destination, target: { kind: 'blackhole' } as const })),
  fc
    .constantFrom('0.0.0.0/0', '192.0.2.0/24')
    .map((destination) => ({ destination, target: { kind: 'nat', id: 'nat' } as const })),
  fc.constant({ destination: 'pl-s3', target: { kind: 'gatewayEndpoint', id: 'vpce' } as const }),
);
const routes = fc.uniqueArray(route, { maxLength: 4, selector: ({ destination }) => destination });

/** Three subnets with two machines each; a NAT gateway lives in subnet x. */
const anyParts: fc.Arbitrary<WorldParts> = fc
  .record({
    entries: fc.tuple(aclEntries, aclEntries, aclEntries),
    rules: fc.tuple(groupRules, groupRules),
    routes: fc.tuple(routes, routes, routes),
    groups: fc.tuple(...machines.map(() => fc.subarray(groupIds))),
    attached: fc.boolean(),
  })
  .map(({ entries, rules, routes, groups, attached }) => ({
    vpcs: [{ id: 'vpc', name: 'vpc', cidrs: ['10.0.0.0/16'], enableDnsSupport: true, enableDnsHostnames: true }],
    subnets: subnetNames.map((name, index) => ({
      id: name,
      name,
      vpcId: 'vpc',
      zone: name === 'x' ? 'a' : 'b',
      cidrs: [`10.0.${index}.0/24`],
      routeTableId: `rtb-${name}`,
      aclId: `acl-${name}`,
    })),
    routeTables: subnetNames.map((name, index) => ({
      id: `rtb-${name}`,
      name: `rtb-${name}`,
      vpcId: 'vpc',
      routes: routes[index] ?? [],
    })),
    acls: subnetNames.map((name, index) => ({
      id: `acl-${name}`,
      name: `acl-${name}`,
      vpcId: 'vpc',
      entries: entries[index] ?? [],
    })),
    groups: groupIds.map((id, index) => ({ id, name: id, vpcId: 'vpc', rules: rules[index] ?? [] })),
    interfaces: [
      ...machines.map(({ id, subnet, address, publicAddress }, index) => ({
        id,
        name: id,
        kind: 'instance' as const,
        subnetId: subnet,
        owner: id,
        ownerName: id,
        addresses: [address],
        publicAddress,
        groupIds: groups[index] ?? [],
        sourceDestCheck: true,
        attached: true,
      })),
      {
        id: 'eni-nat',
        name: 'eni-nat',
        kind: 'nat',
        subnetId: 'x',
        owner: 'nat',
        ownerName: 'nat',
        addresses: ['10.0.0.9'],
        publicAddress: '198.51.100.9',
        groupIds: [],
        sourceDestCheck: false,
        attached: true,
      },
    ],
    internetGateways: [attached ? { id: 'igw', name: 'igw', vpcId: 'vpc' } : { id: 'igw', name: 'igw' }],
    egressOnlyGateways: [],
    natGateways: [
      { id: 'nat', name: 'nat', subnetId: 'x', interfaceId: 'eni-nat', state: 'available', connectivity: 'public' },
    ],
    gatewayEndpoints: [
      {
        id: 'vpce',
        name: 'vpce',
        vpcId: 'vpc',
        serviceName: 's3',
        routeTableIds: [],
        prefixListId: 'pl-s3',
        available: true,
      },
    ],
    interfaceEndpoints: [],
    prefixLists: [{ id: 'pl-s3', name: 's3', cidrs: ['52.216.0.0/15'] }],
    publicServices: [{ serviceName: 's3', cidrs: ['52.216.0.0/15'] }],
  }));

const everyFault: readonly NetworkFault[] = [
  { id: 'f-a', kind: 'zone', zone: 'a' },
  { id: 'f-b', kind: 'zone', zone: 'b' },
  { id: 'f-nat', kind: 'nat', natGatewayIds: ['nat'] },
  { id: 'f-vpce', kind: 'endpoint', endpointIds: ['vpce'] },
  { id: 'f-slow', kind: 'latency', of: 'b', delayMs: 100 },
  { id: 'f-sick', kind: 'health', instanceId: 'eni-x1' },
];
/** Half of the worlds have none. */
const someFaults = fc.oneof(
  fc.constant<NetworkFault[]>([]),
  fc.subarray([...everyFault], { minLength: 1, maxLength: 2 }),
);

/** A random world with random faults. */
const anyWorld = fc
  .record({ parts: anyParts, faults: someFaults })
  .map(({ parts, faults }) => ({ parts, faults, world: withFaults(buildWorld(parts), faults) }));

interface Sent {
  from: string;
  source: string;
  sourcePort: number;
  destination: string;
  port: number;
  protocol: number;
}
const addressed = {
  sourcePort: fc.constantFrom(...ports),
  port: fc.constantFrom(...ports),
  protocol: fc.constantFrom(6, 6, 6, ...protocols),
};
const privateAddresses = machines.map(({ address }) => address);
const publicAddresses = machines.flatMap(({ publicAddress }) => publicAddress ?? []);
const fromInside: fc.Arbitrary<Sent> = fc
  .record({
    machine: fc.constantFrom(...machines),
    destination: fc.constantFrom(...privateAddresses, ...outsiders, '10.0.1.77', '10.9.9.9'),
    ...addressed,
  })
  .filter(({ machine, destination }) => machine.address !== destination)
  .map(({ machine, ...rest }) => ({ from: machine.id, source: machine.address, ...rest }));
const fromOutside: fc.Arbitrary<Sent> = fc
  .record({
    source: fc.constantFrom(...outsiders),
    destination: fc.constantFrom(...publicAddresses, ...privateAddresses, '198.51.100.77'),
    ...addressed,
  })
  .map((rest) => ({ from: 'internet', ...rest }));

function asPacket({ from, source, sourcePort, destination, port, protocol }: Sent) {
  const enters = from === 'internet' ? ({ kind: 'internet' } as const) : ({ kind: 'interface', id: from } as const);
  return packet(protocol, source, sourcePort, destination, port, enters);
}

// The reference.
const bitsOf = (address: string) =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
const within = (address: string, cidr: string) => {
  const [base = '', length = ''] = cidr.split('/');
  return bitsOf(address).slice(0, Number(length)) === bitsOf(base).slice(0, Number(length));
};
const fits = (
  rule: { protocol: number; ports?: { from: number; to: number } | undefined },
  protocol: number,
  port: number,
) =>
  rule.protocol === -1 ||
  (rule.protocol === protocol &&
    (protocol === 47 || !rule.ports || (rule.ports.from <= port && port <= rule.ports.to)));

function reference(parts: WorldParts, sent: Sent, faults: readonly NetworkFault[] = []): string {
  const listCidrs = (id: string) => parts.prefixLists.find((list) => list.id === id)?.cidrs ?? [];
  const interfaceOf = (address: string) => parts.interfaces.find(({ addresses }) => addresses.includes(address));
  const subnetOf = (id: string) => parts.subnets.find((subnet) => subnet.id === id);
  const igwAttached = parts.internetGateways.some(({ vpcId }) => vpcId === 'vpc');
  let { source, destination } = sent;

  const zoneDown = (subnetId: string) =>
    faults.some((fault) => fault.kind === 'zone' && fault.zone === (subnetId === 'x' ? 'a' : 'b'));
  const natDown = () => zoneDown('x') || faults.some(({ kind }) => kind === 'nat');
  const endpointEnd = () => (faults.some(({ kind }) => kind === 'endpoint') ? 'cutByFault' : 'deliveredToService');
  const aclAllows = (subnetId: string, egress: boolean) => {
    const entries = parts.acls.find(({ id }) => id === subnetOf(subnetId)?.aclId)?.entries ?? [];
    const hits = entries.filter(
      (entry) =>
        entry.egress === egress &&
        within(egress ? destination : source, entry.cidr) &&
        fits(entry, sent.protocol, sent.port),
    );
    const lowest = Math.min(...hits.map(({ number }) => number));
    return hits.find(({ number }) => number === lowest)?.action === 'allow';
  };
  const groupsAllow = (address: string, egress: boolean) => {
    const peer = egress ? destination : source;
    const attached = interfaceOf(address)?.groupIds ?? [];
    return parts.groups
      .filter(({ id }) => attached.includes(id))
      .flatMap(({ rules }) => rules)
      .some((rule) => {
        if (rule.egress !== egress || !fits(rule, sent.protocol, sent.port)) return false;
        const about = rule.peer;
        if ('cidr' in about) return within(peer, about.cidr);
        if ('groupId' in about) return interfaceOf(peer)?.groupIds.includes(about.groupId) ?? false;
        return listCidrs(about.prefixListId).some((cidr) => within(peer, cidr));
      });
  };
  const bestRoute = (subnetId: string): RoutePart['target'] | undefined => {
    const table = parts.routeTables.find(({ id }) => id === subnetOf(subnetId)?.routeTableId);
    const all = [{ destination: '10.0.0.0/16', target: { kind: 'local' } as const }, ...(table?.routes ?? [])]
      .flatMap(({ destination: to, target }) =>
        (to.startsWith('pl-') ? listCidrs(to) : [to]).map((cidr) => ({
          cidr,
          target,
          rank: Number(cidr.split('/')[1]) * 2 + (to.startsWith('pl-') ? 0 : 1),
        })),
      )
      .filter(({ cidr }) => within(destination, cidr));
    const best = Math.max(...all.map(({ rank }) => rank));
    return all.find(({ rank }) => rank === best)?.target;
  };
  const into = (fromSubnet: string | undefined): string => {
    const to = interfaceOf(destination);
    if (!to) return 'noSuchAddress';
    if (zoneDown(to.subnetId)) return 'cutByFault';
    if (to.subnetId !== fromSubnet && !aclAllows(to.subnetId, false)) return 'deniedByAclIngress';
    return groupsAllow(destination, false) ? 'delivered' : 'deniedByGroupIngress';
  };
  const away = () => {
    if (within(destination, '10.0.0.0/8')) return 'noSuchAddress';
    return within(destination, '52.216.0.0/15') ? 'deliveredToService' : 'deliveredToInternet';
  };

  if (sent.from === 'internet') {
    const to = parts.interfaces.find(({ publicAddress }) => publicAddress === destination);
    const address = to?.addresses[0];
    if (!address) return 'noSuchAddress';
    if (!igwAttached) return 'noInternetGateway';
    destination = address;
    return into(undefined);
  }
  const sender = parts.interfaces.find(({ id }) => id === sent.from);
  if (!sender) return 'notAnInterface';
  if (zoneDown(sender.subnetId)) return 'cutByFault';
  if (!groupsAllow(source, true)) return 'deniedByGroupEgress';
  if (interfaceOf(destination)?.subnetId === sender.subnetId) return into(sender.subnetId);
  if (subnetOf(sender.subnetId)?.cidrs.some((cidr) => within(destination, cidr))) return 'noSuchAddress';
  const target = bestRoute(sender.subnetId);
  // The NAT gateway is in x: from there to it is no boundary.
  if (!(target?.kind === 'nat' && sender.subnetId === 'x') && !aclAllows(sender.subnetId, true))
    return 'deniedByAclEgress';
  switch (target?.kind) {
    case undefined:
      return 'noRoute';
    case 'local':
      return into(sender.subnetId);
    case 'gatewayEndpoint':
      return endpointEnd();
    case 'internetGateway':
      if (!igwAttached) return 'noInternetGateway';
      return sender.publicAddress ? away() : 'noPublicAddress';
    case 'nat': {
      if (natDown()) return 'cutByFault';
      if (sender.subnetId !== 'x' && !aclAllows('x', false)) return 'deniedByAclIngress';
      if (sent.protocol === 47) return 'natProtocol';
      source = '10.0.0.9';
      const next = bestRoute('x');
      if (next?.kind === 'nat') return 'routeLoop';
      if (!aclAllows('x', true)) return 'deniedByAclEgress';
      if (!next) return 'noRoute';
      if (next.kind === 'gatewayEndpoint') return endpointEnd();
      if (next.kind === 'blackhole') return 'blackhole';
      return igwAttached ? away() : 'noInternetGateway';
    }
    case 'blackhole':
      return 'blackhole';
    default:
      throw new Error('the generator makes no other target');
  }
}

describe('send, on random worlds', () => {
  it('agrees with the reference on packets from inside', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(anyWorld, fc.array(fromInside, { minLength: 20, maxLength: 20 }), (built, packets) => {
        const { parts, faults, world } = built;
        for (const sent of packets) {
          const verdict = send(world, asPacket(sent));
          seen.set(verdict.end, (seen.get(verdict.end) ?? 0) + 1);
          expect({ sent, faults, end: verdict.end }).toEqual({ sent, faults, end: reference(parts, sent, faults) });
          if (verdict.end === 'cutByFault') expect(faults.map(({ id }) => id)).toContain(verdict.rule);
        }
      }),
      settings,
    );
    // The universe is small enough that nothing interesting is left out.
    for (const end of [
      'delivered',
      'deliveredToInternet',
      'deliveredToService',
      'noRoute',
      'blackhole',
      'noPublicAddress',
      'routeLoop',
      'natProtocol',
      'deniedByAclEgress',
      'deniedByAclIngress',
      'deniedByGroupEgress',
      'deniedByGroupIngress',
      'cutByFault',
    ]) {
      expect(`${end} ${(seen.get(end) ?? 0) > 0}`).toBe(`${end} true`);
    }
  });

  it('agrees with the reference on packets from outside', () => {
    fc.assert(
      fc.property(anyWorld, fc.array(fromOutside, { minLength: 20, maxLength: 20 }), (built, packets) => {
        const { parts, faults, world } = built;
        for (const sent of packets) {
          const { end } = send(world, asPacket(sent));
          expect({ sent, faults, end }).toEqual({ sent, faults, end: reference(parts, sent, faults) });
        }
      }),
      settings,
    );
  });

  it('is deterministic, and a rebuilt world answers the same', () => {
    fc.assert(
      fc.property(anyWorld, fc.oneof(fromInside, fromOutside), ({ parts, faults, world }, sent) => {
        const first = roundTrip(world, asPacket(sent));
        expect(roundTrip(world, asPacket(sent))).toEqual(first);
        expect(roundTrip(withFaults(buildWorld(structuredClone(parts)), faults), asPacket(sent))).toEqual(first);
      }),
      settings,
    );
  });

  it('does not care in which order ACL entries and group rules are written', () => {
    fc.assert(
      fc.property(anyParts, fc.oneof(fromInside, fromOutside), (parts, sent) => {
        const reversed = {
          ...parts,
          acls: parts.acls.map((acl) => ({ ...acl, entries: acl.entries.toReversed() })),
          groups: parts.groups.map((group) => ({ ...group, rules: group.rules.toReversed() })),
        };
        expect(send(buildWorld(reversed), asPacket(sent)).end).toBe(send(buildWorld(parts), asPacket(sent)).end);
      }),
      settings,
    );
  });

  it('never drops a reply in a group, and gives it the request’s addresses back', () => {
    let delivered = 0;
    fc.assert(
      fc.property(
        anyWorld,
        fc.array(fc.oneof(fromInside, fromOutside), { minLength: 20, maxLength: 20 }),
        ({ world }, packets) => {
          for (const sent of packets) {
            const request = asPacket(sent);
            const { forward, reply } = roundTrip(world, request);
            if (!forward.delivered || !reply) continue;
            expect(reply.end).not.toMatch(/Group/);
            expect(reply.sent).toEqual(replyTo(forward));
            if (!reply.delivered) continue;
            delivered++;
            expect([reply.source, reply.destination]).toEqual([request.destination, request.source]);
          }
        },
      ),
      settings,
    );
    expect(delivered).toBeGreaterThan(50);
  });

  it('lets nobody outside talk with a machine that has no public address, or no route back by the internet gateway', () => {
    fc.assert(
      fc.property(anyParts, fc.array(fromOutside, { minLength: 20, maxLength: 20 }), (parts, packets) => {
        const world = buildWorld(parts);
        for (const sent of packets) {
          const trip = roundTrip(world, asPacket(sent));
          if (!trip.delivered) continue;
          const machine = machines.find(({ publicAddress }) => publicAddress === sent.destination);
          expect(machine).toBeDefined();
          const table = parts.routeTables.find(({ id }) => id === `rtb-${machine?.subnet}`);
          expect(table?.routes.some(({ target }) => target.kind === 'internetGateway')).toBe(true);
        }
      }),
      settings,
    );
  });

  it('faults only take away, and what they leave is as it was', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.array(fc.oneof(fromInside, fromOutside), { minLength: 20, maxLength: 20 }),
        (built, packets) => {
          const sound = buildWorld(built.parts);
          for (const sent of packets) {
            const broken = send(built.world, asPacket(sent));
            if (broken.end !== 'cutByFault') expect(broken).toEqual(send(sound, asPacket(sent)));
          }
        },
      ),
      settings,
    );
  });

  it('ends every walk with the rule that decided it', () => {
    fc.assert(
      fc.property(anyWorld, fc.oneof(fromInside, fromOutside), ({ world }, sent) => {
        const verdict = send(world, asPacket(sent));
        const last = verdict.hops.at(-1);
        expect(last?.allow).toBe(verdict.delivered);
        expect(verdict.hops.slice(0, -1).every(({ allow }) => allow)).toBe(true);
        if (!verdict.delivered) expect(verdict).toMatchObject({ at: last?.at, rule: last?.rule, why: last?.why });
      }),
      settings,
    );
  });
});
