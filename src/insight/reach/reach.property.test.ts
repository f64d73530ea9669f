/** The proof against `send`, on 100,000 random networks-and-packets: they may never disagree. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../region/clock/random.ts';
import { hasPorts, headerOf } from '../../region/network/match.ts';
import { echoReply, roundTrip } from '../../region/network/send.ts';
import type { End as Ending, Hop, Packet, RoundTrip } from '../../region/network/verdict.ts';
import { startWalk } from '../../region/network/walk.ts';
import type { World } from '../../region/network/world.ts';
import type { End, Flow } from './flow.ts';
import { hasHeader } from './header-set.ts';
import { RandomNetwork } from './random-world.fixture.ts';
import { type Reach, reachability } from './reach.ts';

const worlds = 1_000;
const packetsEach = 100;

/** Every ending there is; the type holds it complete. */
const endings: Readonly<Record<Ending, true>> = {
  delivered: true,
  deliveredToInternet: true,
  deliveredToService: true,
  deliveredToLinkLocal: true,
  notAnInterface: true,
  interfaceDetached: true,
  sourceNotOwn: true,
  noSuchAddress: true,
  resolverOff: true,
  noRoute: true,
  blackhole: true,
  routeNotModelled: true,
  routeLoop: true,
  deniedByGroupEgress: true,
  deniedByGroupIngress: true,
  deniedByAclEgress: true,
  deniedByAclIngress: true,
  noInternetGateway: true,
  noPublicAddress: true,
  natUnavailable: true,
  natNoConnection: true,
  natProtocol: true,
  endpointUnavailable: true,
  deniedByEgressOnlyGateway: true,
  cutByFault: true,
  replyMisrouted: true,
};

const ruleKinds = [
  ...['acl ingress allow', 'acl egress allow', 'acl ingress deny', 'acl egress deny', 'acl ingress *', 'acl egress *'],
  ...['group ingress range', 'group egress range', 'group ingress group', 'group egress group'],
  ...['group ingress list', 'group egress list', 'group ingress none', 'group egress none', 'tracked connection'],
  ...['route local', 'route internetGateway', 'route egressOnlyGateway', 'route nat', 'route gatewayEndpoint'],
  ...['route blackhole', 'route notModelled', 'route none', 'SourceDestCheck', 'EnableDnsSupport', 'fault'],
];

/** What of the rules a trip met, by kind. */
function kindsOf(world: World, hops: readonly Hop[]): string[] {
  return hops.flatMap(({ kind, rule, allow, id, why }): string[] => {
    const way = / egress /.test(`${rule} `) ? 'egress' : 'ingress';
    if (rule.startsWith('fault-')) return ['fault'];
    switch (kind) {
      case 'acl':
        return [`acl ${way} ${/327(67|68)$/.test(rule) ? '*' : allow ? 'allow' : 'deny'}`];
      case 'group': {
        if (rule === 'tracked connection') return [rule];
        if (!allow) return [`group ${way} none`];
        const peer = why.split(' ').at(-1) ?? '';
        return [`group ${way} ${peer.startsWith('pl-') ? 'list' : peer.includes('/') ? 'range' : 'group'}`];
      }
      case 'route': {
        const routes = world.subnets.get(id)?.routes ?? [];
        const target = routes.find((route) => route.rule === rule)?.target.kind;
        return target ? [`route ${target}`] : why.includes('has no route') ? ['route none'] : [];
      }
      default:
        return ['SourceDestCheck', 'EnableDnsSupport'].includes(rule) ? [rule] : [];
    }
  });
}

const outcome = ({
  delivered,
  direction,
  end,
  at,
  rule,
}: Pick<RoundTrip, 'delivered' | 'direction' | 'end' | 'at' | 'rule'>) =>
  `${delivered} ${direction} ${end} at ${at}: ${rule}`;

function journey(packet: Packet, trip: RoundTrip): string {
  return JSON.stringify({ packet, forward: trip.forward.hops, reply: trip.reply?.hops }, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );
}

describe('reach, on random networks', () => {
  it('decides as send does: ending, place and rule', { timeout: 120_000 }, () => {
    const random = seededRandom(20260102);
    const ends = new Map<string, number>();
    const kinds = new Map<string, number>();
    const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
    let allowed = 0;
    for (let n = 0; n < worlds; n++) {
      const network = new RandomNetwork(random);
      const { world } = network;
      const reach = reachability(world);
      for (let k = 0; k < packetsEach; k++) {
        const packet = network.packet();
        const trip = roundTrip(world, packet);
        const decided = reach.decide(packet);
        if (outcome(decided) !== outcome(trip)) expect(outcome(decided), journey(packet, trip)).toBe(outcome(trip));
        count(ends, trip.end);
        if (trip.delivered) allowed++;
        for (const hops of [trip.forward.hops, trip.reply?.hops ?? []])
          for (const kind of kindsOf(world, hops)) count(kinds, kind);
      }
    }
    expect(allowed).toBeGreaterThan((worlds * packetsEach) / 3);
    expect(Object.keys(endings).filter((end) => !ends.has(end))).toEqual([]);
    expect(ruleKinds.filter((kind) => !kinds.has(kind))).toEqual([]);
    expect([...kinds.keys()].filter((kind) => !ruleKinds.includes(kind))).toEqual([]);
  });

  it('allows in its sets what send lets pass both ways, and nothing else', { timeout: 60_000 }, () => {
    const random = seededRandom(20260103);
    const seen = { passed: 0, refused: 0, byNatPort: 0 };
    for (let n = 0; n < 150; n++) {
      const network = new RandomNetwork(random);
      const reach = reachability(network.world);
      for (let k = 0; k < packetsEach; k++) {
        const packet = network.packet();
        const flow = flowOf(reach, packet);
        if (!flow) continue;
        const trip = roundTrip(network.world, packet);
        const said = predicted(flow, packet);
        if (said === 'byNatPort') seen.byNatPort++;
        else if ((said === 'passed') !== trip.delivered) expect(said, journey(packet, trip)).toBe(outcome(trip));
        else seen[said]++;
        if (said === 'refused') expectNamed(flow, packet, trip);
      }
    }
    expect(seen.passed).toBeGreaterThan(2_000);
    expect(seen.refused).toBeGreaterThan(2_000);
  });

  it('counts the pairs that are connected as the flows between each two interfaces say', () => {
    const random = seededRandom(20260104);
    for (let n = 0; n < 60; n++) {
      const reach = reachability(new RandomNetwork(random).world);
      let decided = 0;
      let connected = 0;
      const all: End[] = reach.classes.flatMap((its) =>
        its.members.map((one): End => ({ kind: 'interfaces', class: its, members: [one] })),
      );
      const ends = [...all, ...reach.outside];
      for (const from of ends) {
        if (from.kind === 'outside' && from.serviceName !== undefined) continue;
        for (const to of from.kind === 'outside' ? all : ends) {
          const flows = reach.between({ name: '', ends: [from], services: [] }, { name: '', ends: [to], services: [] });
          decided += flows.length;
          connected += flows.filter(({ allowed }) => allowed.id !== 0).length;
        }
      }
      expect(reach.count()).toEqual({ decided, connected });
      let listed = 0;
      for (const { from, to } of reach.connected()) {
        for (const other of to) listed += sizeOf(from) * (sizeOf(other) - (sameClass(from, other) ? 1 : 0));
      }
      expect(listed).toBe(connected);
    }
  });

  it('is deterministic', () => {
    const run = () => {
      const random = seededRandom(20260105);
      return [...Array(20).keys()].map(() => {
        const network = new RandomNetwork(random);
        const reach = reachability(network.world);
        const packets = [...Array(packetsEach).keys()].map(() => outcome(reach.decide(network.packet())));
        return [...packets, JSON.stringify(reach.count()), [...reach.connected()].map(({ allowed }) => allowed.spans)];
      });
    };
    expect(run()).toEqual(run());
  });

  it('asks send for a witness only', () => {
    const importing = readdirSync(import.meta.dirname).filter((file) => {
      if (/\.(test|fixture)\.ts$/.test(file)) return false;
      return /\b(roundTrip|carryOn|send)\b[^;]*from '[^']*network\/send\.ts'/.test(
        readFileSync(join(import.meta.dirname, file), 'utf8'),
      );
    });
    expect(importing).toEqual(['witness.ts']);
  });
});

const sizeOf = (end: End) => (end.kind === 'interfaces' ? end.members.length : 1);
const sameClass = (a: End, b: End) => a.kind === 'interfaces' && b.kind === 'interfaces' && a.class === b.class;

/** The flow between the packet's addresses, unless it is from somewhere that nobody begins a connection from. */
function flowOf(reach: Reach, { enters, source, destination }: Packet): Flow | undefined {
  const endAt = (interfaceId: string): End | undefined => {
    const its = reach.classes.find(({ members }) => members.some(({ id }) => id === interfaceId));
    return its && { kind: 'interfaces', class: its, members: its.members.filter(({ id }) => id === interfaceId) };
  };
  const outside = (address: Packet['source']) => reach.outside.find((end) => end.address === address.address);
  const from =
    enters.kind === 'interface' ? endAt(enters.id) : enters.kind === 'internet' ? outside(source) : undefined;
  const owner = [...reach.world.interfaces.values()].find(
    ({ private: own, public: other }) => own.includes(destination.address) || other === destination.address,
  );
  const to = owner ? endAt(owner.id) : outside(destination);
  if (!from || !to) return undefined;
  return reach
    .between({ name: '', ends: [from], services: [] }, { name: '', ends: [to], services: [] })
    .find((flow) => flow.source === source.address && flow.destination === destination.address);
}

function predicted(flow: Flow, packet: Packet): 'passed' | 'refused' | 'byNatPort' {
  const walk = startWalk(packet);
  if (!hasHeader(flow.allowed, headerOf(walk))) return 'refused';
  if (!hasPorts(walk.protocol)) return 'passed';
  const { port } = packet.source;
  if (!flow.clientPorts(walk.protocol).some(({ from, to }) => from <= port && port <= to)) return 'refused';
  const natPorts = flow.natPorts(walk.protocol);
  return natPorts && (natPorts[0]?.from !== 1024 || natPorts[0].to !== 65535) ? 'byNatPort' : 'passed';
}

/** What stops it is the first refusal that has its header, or its reply's. */
function expectNamed(flow: Flow, packet: Packet, trip: RoundTrip): void {
  const header = headerOf(startWalk(packet));
  const answer = { ...packet, source: packet.destination, destination: packet.source, icmp: echoReply(packet) };
  const reply = headerOf(startWalk(answer));
  const first = flow
    .refusals()
    .find(
      ({ direction, headers, natPort }) => !natPort && hasHeader(headers, direction === 'forward' ? header : reply),
    );
  // A misrouted reply names the rule by which it went, which is another one for each header.
  const told = ({ direction, end, at, rule }: Pick<RoundTrip, 'direction' | 'end' | 'at' | 'rule'>) =>
    `${direction} ${end} at ${at}: ${end === 'replyMisrouted' ? '' : rule}`;
  if (!first || told(first) !== told(trip)) expect(first && told(first), journey(packet, trip)).toBe(told(trip));
}
