/** A network of any size, for measuring: zones, tiers with ACLs of their own, NAT, and security groups that refer to others. */
import { seededRandom } from '../../region/clock/random.ts';
import type {
  AclEntryPart,
  GroupRulePart,
  InterfacePart,
  RoutePart,
  SubnetPart,
  WorldParts,
} from '../../region/network/world.ts';

export interface LargeNetwork {
  readonly machines: number;
  readonly subnets: number;
  readonly groups: number;
  /** Groups are drawn by lot for each machine, a second one for some; otherwise a few groups have most machines. */
  readonly random: boolean;
  readonly seed: number;
}

const vpcId = 'vpc-1';
const s3 = 'com.amazonaws.us-east-1.s3';

export function largeNetwork({ machines, subnets, groups, random: byLot, seed }: LargeNetwork): WorldParts {
  const random = seededRandom(seed);
  const pick = (below: number) => (byLot ? random.int(below) : Math.floor(below * random.next() ** 3));
  const zones = ['a', 'b', 'c'];
  const isPublic = (n: number) => n % 5 === 0;
  const list = [...Array(subnets).keys()];
  const range = (n: number) => `10.${Math.floor(n / 64)}.${(n % 64) * 4}.0/22`;
  const subnetParts = list.map(
    (n): SubnetPart => ({
      id: `subnet-${n}`,
      name: `Subnet${n}`,
      vpcId,
      zone: `us-east-1${zones[n % 3]}`,
      cidrs: [range(n)],
      routeTableId: isPublic(n) ? 'rtb-public' : `rtb-${n % 3}`,
      aclId: isPublic(n) ? 'acl-public' : `acl-${n % 4}`,
    }),
  );
  const address = (n: number, host: number) => {
    const [first, second, third] = range(n).split('.').map(Number);
    return `${first}.${second}.${(third ?? 0) + Math.floor(host / 256)}.${host % 256}`;
  };
  const hosts = list.map(() => 9);
  const host = (n: number) => {
    hosts[n] = (hosts[n] ?? 0) + 1;
    return address(n, hosts[n]);
  };
  const natSubnets = [0, 1, 2].map((zone) => list.find((n) => isPublic(n) && n % 3 === zone) ?? 0);
  const machine = (n: number): InterfacePart => {
    const subnet = random.int(subnets);
    const own = `sg-${pick(groups)}`;
    const other = `sg-${pick(groups)}`;
    const id = `i-${n}`;
    return {
      id: `eni-${n}`,
      name: id,
      kind: n % 50 === 0 ? 'balancer' : 'instance',
      subnetId: `subnet-${subnet}`,
      owner: id,
      ownerName: id,
      addresses: [host(subnet)],
      publicAddress: isPublic(subnet) && n % 2 === 0 ? `54.100.${Math.floor(n / 256)}.${n % 256}` : undefined,
      groupIds: byLot && n % 4 === 0 && own !== other ? [own, other] : [own],
      sourceDestCheck: true,
      attached: true,
    };
  };
  return {
    vpcs: [{ id: vpcId, name: 'Vpc', cidrs: ['10.0.0.0/8'], enableDnsSupport: true, enableDnsHostnames: true }],
    subnets: subnetParts,
    interfaces: [
      ...natSubnets.map(
        (subnet, zone): InterfacePart => ({
          id: `eni-nat-${zone}`,
          name: `Nat${zone}`,
          kind: 'nat',
          subnetId: `subnet-${subnet}`,
          owner: `nat-${zone}`,
          ownerName: `Nat${zone}`,
          addresses: [host(subnet)],
          publicAddress: `54.101.0.${zone}`,
          groupIds: [],
          sourceDestCheck: false,
          attached: true,
        }),
      ),
      ...[...Array(machines).keys()].map(machine),
    ],
    routeTables: [
      table('rtb-public', { destination: '0.0.0.0/0', target: { kind: 'internetGateway', id: 'igw-1' } }),
      ...[0, 1, 2].map((zone) =>
        table(`rtb-${zone}`, { destination: '0.0.0.0/0', target: { kind: 'nat', id: `nat-${zone}` } }),
      ),
    ],
    acls: [
      { id: 'acl-public', name: 'PublicAcl', vpcId, entries: aclEntries([443, 80], '0.0.0.0/0') },
      ...[0, 1, 2, 3].map((n) => ({
        id: `acl-${n}`,
        name: `PrivateAcl${n}`,
        vpcId,
        entries: aclEntries([443, 8000 + n, 5432], '10.0.0.0/8', n === 3 ? '10.0.64.0/18' : undefined),
      })),
    ],
    groups: [...Array(groups).keys()].map((n) => ({
      id: `sg-${n}`,
      name: `Group${n}`,
      vpcId,
      rules: groupRules(n, groups, random.int, range),
    })),
    internetGateways: [{ id: 'igw-1', name: 'InternetGateway', vpcId }],
    egressOnlyGateways: [],
    natGateways: natSubnets.map((subnet, zone) => ({
      id: `nat-${zone}`,
      name: `Nat${zone}`,
      subnetId: `subnet-${subnet}`,
      interfaceId: `eni-nat-${zone}`,
      state: 'available',
      connectivity: 'public',
    })),
    gatewayEndpoints: [
      {
        id: 'vpce-s3',
        name: 'S3Endpoint',
        vpcId,
        serviceName: s3,
        routeTableIds: ['rtb-0', 'rtb-1', 'rtb-2'],
        prefixListId: 'pl-s3',
        available: true,
      },
    ],
    interfaceEndpoints: [],
    prefixLists: [{ id: 'pl-s3', name: s3, cidrs: ['52.216.0.0/15', '54.231.0.0/16'] }],
    publicServices: [{ serviceName: s3, cidrs: ['52.216.0.0/15', '54.231.0.0/16'] }],
  };
}

function table(id: string, ...routes: RoutePart[]) {
  return { id, name: id, vpcId, routes };
}

function aclEntries(ports: readonly number[], cidr: string, denied?: string): AclEntryPart[] {
  const entries: AclEntryPart[] = [];
  const add = (egress: boolean, action: 'allow' | 'deny', from: number, to: number, range: string) =>
    entries.push({ number: 10 * (entries.length + 1), egress, action, protocol: 6, cidr: range, ports: { from, to } });
  for (const egress of [false, true]) {
    if (denied) add(egress, 'deny', 5432, 5432, denied);
    for (const port of ports) add(egress, 'allow', port, port, egress ? '0.0.0.0/0' : cidr);
    add(egress, 'allow', 1024, 65535, '0.0.0.0/0');
  }
  return entries;
}

/** What its own port is called for by: two other groups and a range; out to everything, or to one group only. */
function groupRules(
  n: number,
  groups: number,
  int: (below: number) => number,
  range: (subnet: number) => string,
): GroupRulePart[] {
  const port = (number: number) => ({ protocol: 6, ports: { from: number, to: number } });
  const own = 8000 + (n % 40);
  const one = (
    k: number,
    egress: boolean,
    rest: Pick<GroupRulePart, 'protocol' | 'ports' | 'peer'>,
  ): GroupRulePart => ({
    id: `sgr-${n}-${k}`,
    egress,
    ...rest,
  });
  const rules = [
    one(0, false, { ...port(own), peer: { groupId: `sg-${int(groups)}` } }),
    one(1, false, { ...port(own), peer: { groupId: `sg-${int(groups)}` } }),
    one(2, false, { ...port(5432), peer: { cidr: range(int(60)) } }),
    one(3, true, { ...port(443), peer: { cidr: '0.0.0.0/0' } }),
  ];
  if (n % 10 === 0) rules.push(one(4, false, { ...port(443), peer: { cidr: '0.0.0.0/0' } }));
  rules.push(
    n % 3 === 0
      ? one(5, true, { protocol: -1, ports: undefined, peer: { cidr: '10.0.0.0/8' } })
      : one(5, true, { ...port(8000 + int(40)), peer: { groupId: `sg-${int(groups)}` } }),
  );
  return rules;
}
