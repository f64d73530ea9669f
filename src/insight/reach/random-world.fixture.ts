/**
 * Random networks and packets for the proof's own trial: small enough that rules and packets meet, and with everything in
 * them that `send` knows, also what nobody would build.
 */

import type { Random } from '../../region/clock/random.ts';
import type { Address } from '../../region/network/address.ts';
import { buildWorld } from '../../region/network/build-world.ts';
import { type NetworkFault, withFaults } from '../../region/network/faults.ts';
import { type Packet, packet } from '../../region/network/verdict.ts';
import type {
  AclEntryPart,
  AclPart,
  GatewayPart,
  GroupPeer,
  GroupRulePart,
  IcmpMatch,
  InterfacePart,
  NatGatewayPart,
  NetworkInterface,
  PortRange,
  RoutePart,
  RouteTarget,
  SubnetPart,
  World,
  WorldParts,
} from '../../region/network/world.ts';

const s3 = 'com.amazonaws.us-east-1.s3';
const monitoring = 'com.amazonaws.us-east-1.monitoring';
const ports = [22, 80, 443, 1024, 8080, 32768, 40000, 60999, 65535];
const v4Ranges = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/16',
  '10.0.0.0/24',
  '10.0.1.0/24',
  '10.0.1.4/30',
  '10.0.2.5/32',
  '10.1.0.0/16',
  '203.0.113.0/24',
  '128.0.0.0/1',
  '52.216.0.0/15',
  '198.51.100.0/24',
];
const v6Ranges = ['::/0', '2600:1f18:aa:100::/56', '2600:1f18:aa:101::/64', '2001:db8::/32', '2600:1f18:aa:100::6/128'];
const outsiders = [
  ...['203.0.113.7', '192.0.2.200', '52.216.1.1', '52.94.0.9', '9.9.9.9', '8.8.8.8', '10.9.9.9'],
  ...['2001:db8::7', '2001:db8::8', '2600:9000::1', '2600:9000::2', 'fd00::1'],
];
const linkLocal = ['169.254.169.254', '169.254.169.253', '169.254.169.123', '169.254.1.1', 'fd00:ec2::254', 'fe80::9'];

export class RandomNetwork {
  readonly world: World;
  private readonly random: Random;
  private readonly own: readonly string[];
  private readonly ownerOf: ReadonlyMap<Address, NetworkInterface>;
  private last: Packet | undefined;

  constructor(random: Random) {
    this.random = random;
    const parts = this.parts();
    const built = buildWorld(parts);
    this.world = this.chance(0.15) ? withFaults(built, this.faults(parts)) : built;
    this.ownerOf = new Map(
      [...this.world.interfaces.values()].flatMap((one) =>
        [...one.private, one.public ?? []].flat().map((address) => [address, one] as const),
      ),
    );
    this.own = parts.interfaces.flatMap(({ addresses, publicAddress = [] }) => addresses.concat(publicAddress));
  }

  /**
   * One that has a chance to pass: mostly between addresses that exist, on ports that rules name. Some are the one before
   * from or to a neighbour, which is in the same position or nearly so.
   */
  packet(): Packet {
    const { last } = this;
    this.last = last && this.chance(0.25) ? this.neighbouring(last) : this.newPacket();
    return this.last;
  }

  private neighbouring(last: Packet): Packet {
    const { enters } = last;
    const swap = (address: Address): Address => {
      const from = this.ownerOf.get(address);
      if (!from) return address;
      const to = this.pick(this.neighboursOf(from));
      if (address === from.public) return to.public ?? address;
      return to.private[from.private.indexOf(address)] ?? address;
    };
    if (enters.kind !== 'interface' || this.chance(0.4)) {
      return { ...last, destination: { ...last.destination, address: swap(last.destination.address) } };
    }
    const from = this.world.interfaces.get(enters.id);
    if (!from) return last;
    const to = this.pick(this.neighboursOf(from));
    const own = to.private[from.private.indexOf(last.source.address)] ?? last.source.address;
    return { ...last, enters: { kind: 'interface', id: to.id }, source: { ...last.source, address: own } };
  }

  private neighboursOf({ subnet }: NetworkInterface): NetworkInterface[] {
    return [...this.world.interfaces.values()].filter((one) => one.subnet === subnet);
  }

  private newPacket(): Packet {
    const { world } = this;
    const all = [...world.interfaces.values()];
    const from = this.pick(all);
    const kind = this.weighted({ interface: 75, internet: 20, gatewayEndpoint: 2, linkLocal: 2, unknown: 1 });
    const near = all.flatMap(({ subnet, addresses }) => (subnet.vpc === from.subnet.vpc ? addresses : []));
    const anyone = () => this.pick(this.pick([near, near, near, near, this.own, outsiders, outsiders, linkLocal]));
    const own = this.pick(from.addresses);
    let source = this.chance(0.97) ? own : anyone();
    let enters: Packet['enters'] = { kind: 'interface', id: from.id };
    let destination = anyone();
    if (kind === 'unknown') enters = { kind: 'interface', id: 'eni-gone' };
    if (kind === 'internet') {
      enters = { kind };
      source = this.chance(0.95) ? this.pick(outsiders) : anyone();
      const family = (address: string) => address.includes(':') === source.includes(':');
      const addresses = all.flatMap(({ publicAddress, addresses: [, ...six] }) => [publicAddress ?? [], ...six].flat());
      const reachable = addresses.filter(family);
      if (this.chance(0.93) && reachable.length > 0) destination = this.pick(reachable);
    } else if (kind === 'gatewayEndpoint') {
      enters = { kind, id: this.pick([...world.gatewayEndpoints.keys(), 'vpce-gone']) };
      source = '52.216.1.1';
    } else if (kind === 'linkLocal') {
      enters = { kind, interfaceId: this.chance(0.9) ? from.id : 'eni-gone' };
      source = this.chance(0.8) ? this.pick(linkLocal) : source;
      destination = this.chance(0.8) ? own : destination;
    }
    if (source.includes(':') !== destination.includes(':') && this.chance(0.97)) {
      const family = (address: string) => address.includes(':') === source.includes(':');
      destination = this.pick([...this.own, ...outsiders].filter(family));
    }
    const protocol = this.pick(['tcp', 'tcp', 'tcp', 'tcp', 'tcp', 'udp', 'icmp', 'icmp', 47, 6, 1, 58] as const);
    const icmp = this.chance(0.5) ? this.pick(icmpTypes) : undefined;
    const made = packet(protocol, source, this.port(), destination, this.port(), enters);
    return icmp ? { ...made, icmp } : made;
  }

  private port(): number {
    return this.chance(0.9) ? this.pick(ports) : this.random.int(65536);
  }

  private chance(share: number): boolean {
    return this.random.next() < share;
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random.int(list.length)] as T;
  }

  private some<T>(list: readonly T[], share: number): T[] {
    return list.filter(() => this.chance(share));
  }

  private weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.entries<number>(weights).flatMap(([name, weight]) => Array<K>(weight).fill(name as K));
    return this.pick(names);
  }

  private parts(): WorldParts {
    const vpcNumbers = this.chance(0.35) ? [0, 1] : [0];
    const vpcs = vpcNumbers.map((n) => ({
      id: `vpc-${n}`,
      name: `Vpc${n}`,
      // Some overlap, as VPCs that nobody wanted to peer do.
      cidrs: [n === 1 && this.chance(0.6) ? '10.1.0.0/16' : '10.0.0.0/16', `2600:1f18:aa:${n + 1}00::/56`],
      enableDnsSupport: this.chance(0.8),
      enableDnsHostnames: true,
    }));
    const subnets = vpcs.flatMap(({ id, cidrs: [range = ''] }, n) =>
      [...Array(2 + this.random.int(2)).keys()].map((k): SubnetPart => {
        const name = `${n}${k}`;
        return {
          id: `subnet-${name}`,
          name: `Subnet${name}`,
          vpcId: id,
          zone: k % 2 ? 'b' : 'a',
          cidrs: [range.replace('0.0/16', `${k}.0/24`), `2600:1f18:aa:${n + 1}0${k}::/64`],
          routeTableId: `rtb-${name}`,
          aclId: `acl-${n}${this.random.int(2)}`,
        };
      }),
    );
    const groups = ['0', '1', '2', '3'].map((n) => ({ id: `sg-${n}`, name: `Group${n}`, vpcId: 'vpc-0' }));
    const natGateways = this.some([...subnets, ...subnets.slice(0, 1)], 0.4).map(
      ({ id }, n): NatGatewayPart => ({
        id: `nat-${n}`,
        name: `Nat${n}`,
        subnetId: id,
        interfaceId: `eni-nat-${n}`,
        state: this.chance(0.85) ? 'available' : this.pick(['pending', 'failed'] as const),
        connectivity: this.chance(0.8) ? 'public' : 'private',
      }),
    );
    const gatewayEndpoints = vpcs.map(({ id: vpcId }, n) => ({
      id: `vpce-s3-${n}`,
      name: `S3Endpoint${n}`,
      vpcId,
      serviceName: s3,
      routeTableIds: this.some(subnets, 0.3).flatMap((subnet) => (subnet.vpcId === vpcId ? subnet.routeTableId : [])),
      prefixListId: 'pl-s3',
      available: this.chance(0.9),
    }));
    const interfaces = this.interfaces(subnets, natGateways);
    const gateway = (id: string, vpcId: string): GatewayPart =>
      this.chance(0.94) ? { id, name: id, vpcId } : { id, name: id };
    return {
      vpcs,
      subnets,
      interfaces,
      routeTables: subnets.map(({ routeTableId: id, name, vpcId }) => ({
        id,
        name: `Routes${name}`,
        vpcId,
        routes: this.routes(natGateways, vpcId.replace('vpc-', '')),
      })),
      acls: vpcs.flatMap(({ id: vpcId }, n) =>
        [0, 1].map((k): AclPart => ({ id: `acl-${n}${k}`, name: `Acl${n}${k}`, vpcId, entries: this.aclEntries() })),
      ),
      groups: groups.map((group) => ({ ...group, rules: this.groupRules(group.id) })),
      internetGateways: vpcs.map(({ id }, n) => gateway(`igw-${n}`, id)),
      egressOnlyGateways: vpcs.map(({ id }, n) => gateway(`eigw-${n}`, id)),
      natGateways,
      gatewayEndpoints,
      interfaceEndpoints: [
        {
          id: 'vpce-if',
          name: 'MonitoringEndpoint',
          vpcId: 'vpc-0',
          serviceName: monitoring,
          interfaceIds: interfaces.flatMap(({ id, kind }) => (kind === 'endpoint' ? id : [])),
          privateDns: true,
          available: true,
        },
      ],
      prefixLists: [
        { id: 'pl-s3', name: s3, cidrs: ['52.216.0.0/15', '54.231.0.0/16'] },
        { id: 'pl-own', name: 'own', cidrs: ['203.0.113.0/24', '10.0.1.0/24', '2001:db8::/32'] },
      ],
      publicServices: [
        { serviceName: s3, cidrs: ['52.216.0.0/15', '54.231.0.0/16'] },
        { serviceName: monitoring, cidrs: ['52.94.0.0/22'] },
      ],
    };
  }

  private interfaces(subnets: readonly SubnetPart[], nats: readonly NatGatewayPart[]): InterfacePart[] {
    let publicAddress = 10;
    const machines = subnets.flatMap(({ id: subnetId, name, cidrs: [v4 = '', v6 = ''] }) => {
      const groupings = [this.some(['sg-0', 'sg-1', 'sg-2', 'sg-3'], 0.4), [this.pick(['sg-0', 'sg-1'])]];
      const isPublic = this.chance(0.5);
      return [4, 5, 6, 7, 8, 9].slice(this.random.int(5)).map((last): InterfacePart => {
        const kind = this.weighted({ instance: 7, balancer: 1, endpoint: 1, other: 1 });
        const six = this.chance(isPublic ? 0.3 : 0.7) ? [v6.replace('/64', `${last}`)] : [];
        const second = this.chance(0.1) ? [v4.replace('.0/24', `.1${last}`)] : [];
        return {
          id: `eni-${name}-${last}`,
          name: `Interface${name}-${last}`,
          kind,
          subnetId,
          owner: kind === 'endpoint' ? 'vpce-if' : `i-${name}-${last}`,
          ownerName: `Machine${name}-${last}`,
          addresses: [v4.replace('.0/24', `.${last}`), ...six, ...second],
          publicAddress: this.chance(isPublic ? 0.9 : 0.3) ? `198.51.100.${publicAddress++}` : undefined,
          groupIds: this.pick(groupings),
          sourceDestCheck: this.chance(0.85),
          attached: this.chance(0.98),
        };
      });
    });
    const gateways = nats.flatMap(({ id, name, interfaceId, subnetId, state, connectivity }): InterfacePart[] => {
      const v4 = subnets.find((subnet) => subnet.id === subnetId)?.cidrs[0] ?? '';
      if (state === 'failed' && this.chance(0.5)) return [];
      const its = connectivity === 'public' ? `198.51.100.${publicAddress++}` : undefined;
      return [
        {
          id: interfaceId,
          name: `${name}Interface`,
          kind: 'nat',
          subnetId,
          owner: id,
          ownerName: name,
          addresses: [v4.replace('.0/24', `.10${id.at(-1)}`)],
          publicAddress: its,
          groupIds: [],
          sourceDestCheck: false,
          attached: true,
        },
      ];
    });
    return [...machines, ...gateways];
  }

  private routes(nats: readonly NatGatewayPart[], vpc: string): RoutePart[] {
    const routes: RoutePart[] = [];
    const nat = (): RouteTarget => ({
      kind: 'nat',
      id: nats.length > 0 && this.chance(0.93) ? this.pick(nats).id : 'nat-gone',
    });
    const internetGateway = (): RouteTarget => ({
      kind: 'internetGateway',
      id: this.chance(0.93) ? `igw-${vpc}` : 'igw-1',
    });
    const odd = (): RouteTarget =>
      this.pick<RouteTarget>([
        { kind: 'blackhole' },
        { kind: 'blackhole', id: 'nat-deleted' },
        { kind: 'notModelled', id: 'pcx-1', type: 'VPC peering connection' },
        { kind: 'egressOnlyGateway', id: 'eigw-0' },
        { kind: 'gatewayEndpoint', id: this.pick(['vpce-s3-0', 'vpce-s3-1', 'vpce-gone']) },
        { kind: 'local' },
      ]);
    const v4 = this.weighted({ gateway: 48, nat: nats.length > 0 ? 42 : 5, odd: 4, none: 6 });
    if (v4 !== 'none') {
      const target = v4 === 'gateway' ? internetGateway() : v4 === 'nat' ? nat() : odd();
      routes.push({ destination: '0.0.0.0/0', target });
    }
    const v6 = this.weighted({ gateway: 45, egressOnly: 40, odd: 5, nat: 3, none: 7 });
    if (v6 !== 'none') {
      const egressOnly: RouteTarget = { kind: 'egressOnlyGateway', id: this.chance(0.93) ? `eigw-${vpc}` : 'eigw-1' };
      const others = { gateway: internetGateway(), egressOnly, odd: odd(), nat: nat() };
      routes.push({ destination: '::/0', target: others[v6] });
    }
    for (const destination of this.some(
      ['203.0.113.0/24', '52.216.0.0/15', '10.1.0.0/16', '2001:db8::/32', '10.0.1.0/24'],
      0.12,
    ))
      routes.push({ destination, target: this.pick([odd, nat, internetGateway])() });
    if (this.chance(0.2)) routes.push({ destination: 'pl-s3', target: { kind: 'gatewayEndpoint', id: 'vpce-s3-0' } });
    return routes;
  }

  private match(): { protocol: number; ports?: PortRange | undefined; icmp?: IcmpMatch | undefined } {
    const protocol = this.pick([-1, 6, 6, 6, 6, 17, 47, 1, 58]);
    const [a, b] = [this.pick(ports), this.pick(ports)];
    const range = this.chance(0.7) ? { from: Math.min(a, b), to: Math.max(a, b) } : undefined;
    const icmp = this.chance(0.6)
      ? { type: this.pick([-1, 0, 8, 8, 128, 129]), code: this.pick([-1, -1, 0]) }
      : undefined;
    return protocol === 1 || protocol === 58 ? { protocol, icmp } : { protocol, ports: range };
  }

  private aclEntries(): AclEntryPart[] {
    const entries = [...Array(this.random.int(this.chance(0.5) ? 2 : 7)).keys()].map(
      (n): AclEntryPart => ({
        number: 10 * (n + 1),
        egress: this.chance(0.5),
        action: this.chance(0.7) ? 'allow' : 'deny',
        cidr: this.chance(0.75) ? this.pick(v4Ranges) : this.pick(v6Ranges),
        ...this.match(),
      }),
    );
    if (this.chance(0.08)) return entries;
    // Open to everything, or as people write it: known ports, and those from which replies are awaited.
    const ranges = this.chance(0.85)
      ? [undefined]
      : [
          { from: 0, to: 443 },
          { from: 1024, to: this.pick([40000, 60999, 65535]) },
        ];
    for (const egress of [true, false]) {
      for (const cidr of ['0.0.0.0/0', '::/0']) {
        for (const range of ranges) {
          const match = range ? { protocol: 6, ports: range } : { protocol: -1 };
          entries.push({ number: 30000 + entries.length, egress, action: 'allow', cidr, ...match });
        }
      }
    }
    return entries;
  }

  private groupRules(groupId: string): GroupRulePart[] {
    const peer = (): GroupPeer =>
      this.weighted({ cidr: 6, group: 4, list: 1 }) === 'cidr'
        ? { cidr: this.chance(0.7) ? this.pick(v4Ranges) : this.pick(v6Ranges) }
        : this.chance(0.8)
          ? { groupId: this.pick(['sg-0', 'sg-1', 'sg-2', 'sg-gone']) }
          : { prefixListId: this.pick(['pl-s3', 'pl-own']) };
    const rules = [...Array(this.random.int(6)).keys()].map(
      (n): GroupRulePart => ({ id: `sgr-${groupId}-${n}`, egress: this.chance(0.5), peer: peer(), ...this.match() }),
    );
    for (const egress of [true, false]) {
      if (!this.chance(egress ? 0.97 : 0.92)) continue;
      for (const cidr of ['0.0.0.0/0', '::/0'])
        rules.push({ id: `sgr-${groupId}-all`, egress, protocol: -1, peer: { cidr } });
    }
    return rules;
  }

  private faults({ natGateways }: WorldParts): NetworkFault[] {
    return this.some<NetworkFault>(
      [
        { id: 'fault-zone', kind: 'zone', zone: this.pick(['a', 'b']) },
        { id: 'fault-nat', kind: 'nat', natGatewayIds: natGateways.map(({ id }) => id) },
        { id: 'fault-endpoint', kind: 'endpoint', endpointIds: ['vpce-s3-0', 'vpce-if'] },
        { id: 'fault-slow', kind: 'latency', of: 'a', delayMs: 100 },
        { id: 'fault-sick', kind: 'health', instanceId: 'i-00-5' },
      ],
      0.4,
    );
  }
}

const icmpTypes: readonly IcmpMatch[] = [
  { type: 8, code: 0 },
  { type: 0, code: 0 },
  { type: 3, code: 4 },
  { type: 128, code: 0 },
  { type: 129, code: 0 },
];
