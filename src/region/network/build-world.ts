/**
 * Makes the indexed snapshot out of plain parts, so that `send` parses and searches nothing twice. References that lead
 * nowhere stop here with the part's name, except those that AWS itself tolerates: a route to something deleted is a
 * blackhole, a rule about a deleted group matches nobody.
 */
import type { Address, Range } from './address.ts';
import { familyOf, formatAddress, parseAddress, parseRange } from './address.ts';
import { describeMatch, spanOf } from './match.ts';
import type {
  AclEntry,
  AclEntryPart,
  AclPart,
  GatewayPart,
  GroupRule,
  NatGateway,
  NetworkInterface,
  Part,
  Route,
  RouteTablePart,
  SecurityGroupPart,
  Subnet,
  Vpc,
  World,
  WorldParts,
} from './world.ts';

export class WorldError extends Error {
  override readonly name = 'WorldError';
}

interface VpcDraft extends Vpc {
  readonly byAddress: Map<Address, NetworkInterface>;
}

/** Throws a `WorldError` when parts contradict each other: an unknown reference, an address used twice. */
export function buildWorld(parts: WorldParts): World {
  const prefixLists = new Map(parts.prefixLists.map((list) => [list.id, list.cidrs.map(parseRange)]));
  const vpcs = new Map(parts.vpcs.map((part) => [part.id, draftVpc(part, parts)]));
  const subnets = compileSubnets(parts, vpcs, prefixLists);
  const { interfaces, byPublicAddress } = compileInterfaces(parts, vpcs, subnets, prefixLists);
  return {
    parts,
    vpcs,
    subnets,
    interfaces,
    natGateways: compileNatGateways(parts, interfaces),
    gateways: byId([...parts.internetGateways, ...parts.egressOnlyGateways]),
    gatewayEndpoints: byId(parts.gatewayEndpoints),
    interfaceEndpoints: byId(parts.interfaceEndpoints),
    byPublicAddress,
    publicServices: parts.publicServices.map(({ serviceName, cidrs }) => ({
      serviceName,
      ranges: cidrs.map(parseRange),
    })),
  };
}

type PrefixLists = ReadonlyMap<string, readonly Range[]>;

function compileSubnets(
  parts: WorldParts,
  vpcs: ReadonlyMap<string, Vpc>,
  prefixLists: PrefixLists,
): ReadonlyMap<string, Subnet> {
  const tables = byId(parts.routeTables);
  const acls = new Map(parts.acls.map((acl) => [acl.id, { acl, ...compileAcl(acl) }]));
  const routesOf = new Map<string, readonly Route[]>();
  const subnets = new Map<string, Subnet>();
  for (const part of parts.subnets) {
    const vpc = need(vpcs, part.vpcId, part, 'VPC');
    const table = need(tables, part.routeTableId, part, 'route table');
    const { acl, ingress, egress } = need(acls, part.aclId, part, 'network ACL');
    let routes = routesOf.get(table.id);
    if (!routes) {
      routes = compileRoutes(table, vpc, parts, prefixLists);
      routesOf.set(table.id, routes);
    }
    const ranges = part.cidrs.map(parseRange);
    subnets.set(part.id, {
      ...part,
      vpc,
      ranges,
      routeTable: table,
      routes,
      acl,
      aclIngress: ingress,
      aclEgress: egress,
    });
  }
  return subnets;
}

/** Fills the VPCs' address books and the groups' member lists on the way. */
function compileInterfaces(
  parts: WorldParts,
  vpcs: ReadonlyMap<string, VpcDraft>,
  subnets: ReadonlyMap<string, Subnet>,
  prefixLists: PrefixLists,
): Pick<World, 'interfaces' | 'byPublicAddress'> {
  const members = new Map(parts.groups.map((group) => [group.id, new Set<Address>()]));
  const named = byId(parts.groups);
  const groups = new Map(parts.groups.map((group) => [group.id, compileGroup(group, named, prefixLists, members)]));
  const rulesOf = new Map<string, Pick<NetworkInterface, 'ingress' | 'egress' | 'groupNames'>>();
  const interfaces = new Map<string, NetworkInterface>();
  const byPublicAddress = new Map<Address, NetworkInterface>();
  for (const part of parts.interfaces) {
    const subnet = need(subnets, part.subnetId, part, 'subnet');
    const vpc = need(vpcs, subnet.vpcId, part, 'VPC');
    const key = part.groupIds.join(' ');
    let rules = rulesOf.get(key);
    if (!rules) {
      const attached = part.groupIds.map((id) => need(groups, id, part, 'security group'));
      rules = {
        ingress: attached.flatMap((group) => group.ingress),
        egress: attached.flatMap((group) => group.egress),
        groupNames: attached.map((group) => group.group.name).join(', ') || 'no security group',
      };
      rulesOf.set(key, rules);
    }
    const addresses = part.addresses.map(parseAddress);
    const primary = addresses.find((address) => typeof address === 'number');
    const publicAddress = part.publicAddress === undefined ? undefined : parseAddress(part.publicAddress);
    if (typeof publicAddress === 'bigint' || (publicAddress !== undefined && primary === undefined)) {
      throw new WorldError(`${part.name}: ${part.publicAddress} needs a private IPv4 address to be translated to`);
    }
    // Spelt out: spreading takes most of the time that a world of thousands of interfaces takes.
    const networkInterface: NetworkInterface = {
      id: part.id,
      name: part.name,
      kind: part.kind,
      subnetId: part.subnetId,
      owner: part.owner,
      ownerName: part.ownerName,
      addresses: part.addresses,
      publicAddress: part.publicAddress,
      groupIds: part.groupIds,
      sourceDestCheck: part.sourceDestCheck,
      attached: part.attached,
      ingress: rules.ingress,
      egress: rules.egress,
      groupNames: rules.groupNames,
      subnet,
      private: addresses,
      primary,
      public: publicAddress,
      filtered: !(part.kind === 'nat' || (part.kind === 'balancer' && part.groupIds.length === 0)),
    };
    interfaces.set(part.id, networkInterface);
    for (const address of addresses) {
      claim(vpc.byAddress, address, networkInterface);
      if (typeof address === 'bigint') claim(byPublicAddress, address, networkInterface);
      for (const id of part.groupIds) members.get(id)?.add(address);
    }
    if (publicAddress !== undefined) claim(byPublicAddress, publicAddress, networkInterface);
  }
  return { interfaces, byPublicAddress };
}

function compileNatGateways(
  parts: WorldParts,
  interfaces: ReadonlyMap<string, NetworkInterface>,
): ReadonlyMap<string, NatGateway> {
  const natGateways = new Map<string, NatGateway>();
  for (const part of parts.natGateways) {
    // A gateway that failed or was deleted has lost its interface: its routes are blackholes.
    const itsInterface = interfaces.get(part.interfaceId);
    if (itsInterface) {
      if (itsInterface.kind !== 'nat' || itsInterface.owner !== part.id) {
        throw new WorldError(`${part.name}: the interface ${part.interfaceId} is not its own`);
      }
      natGateways.set(part.id, { ...part, interface: itsInterface });
    } else if (part.state === 'available') throw new WorldError(`${part.name}: no interface ${part.interfaceId}`);
  }
  return natGateways;
}

function draftVpc(part: WorldParts['vpcs'][number], parts: WorldParts): VpcDraft {
  const ranges = part.cidrs.map(parseRange);
  const primary = ranges.find((range) => range.family === 4);
  const attached = (gateway: GatewayPart) => gateway.vpcId === part.id;
  return {
    ...part,
    ranges,
    internetGateway: parts.internetGateways.find(attached),
    egressOnlyGateway: parts.egressOnlyGateways.find(attached),
    byAddress: new Map(),
    // https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html: the primary range plus two.
    resolver: primary ? primary.base + 2 : undefined,
  };
}

/**
 * Longest prefix first; of equal ones a plain route before a prefix list's, and the order of the table after that.
 * https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
 */
function compileRoutes(table: RouteTablePart, vpc: Vpc, parts: WorldParts, prefixLists: PrefixLists): readonly Route[] {
  const listed = [...table.routes];
  const canonical = (text: string) => (text.startsWith('pl-') ? text : parseRange(text).text);
  const destinations = new Set(listed.map((route) => canonical(route.destination)));
  const has = (destination: string) => destinations.has(destination);
  for (const range of vpc.ranges) {
    if (!has(range.text)) listed.unshift({ destination: range.text, target: { kind: 'local' } });
  }
  for (const endpoint of parts.gatewayEndpoints) {
    if (endpoint.routeTableIds.includes(table.id) && !has(endpoint.prefixListId)) {
      listed.push({ destination: endpoint.prefixListId, target: { kind: 'gatewayEndpoint', id: endpoint.id } });
    }
  }
  const fromList = (route: Route) => (route.destination.startsWith('pl-') ? 1 : 0);
  return listed
    .flatMap((route) => {
      const isList = route.destination.startsWith('pl-');
      const ranges = isList
        ? need(prefixLists, route.destination, table, 'prefix list')
        : [parseRange(route.destination)];
      return ranges.map(
        (range): Route => ({ ...route, rule: `${table.name} ${isList ? route.destination : range.text}`, range }),
      );
    })
    .sort((a, b) => b.range.bits - a.range.bits || fromList(a) - fromList(b));
}

function compileAcl(acl: AclPart): { ingress: readonly AclEntry[]; egress: readonly AclEntry[] } {
  const compile = (entry: AclEntryPart): AclEntry => {
    const range = parseRange(entry.cidr);
    const way = entry.egress ? 'to' : 'from';
    return {
      ...entry,
      rule: `${acl.name} ${entry.egress ? 'egress' : 'ingress'} ${entry.number}`,
      allow: entry.action === 'allow',
      range,
      span: spanOf(entry),
      why: `${entry.action}s ${describeMatch(entry)} ${way} ${range.text}`,
    };
  };
  const sorted = acl.entries.map(compile).sort((a, b) => a.number - b.number);
  return { ingress: sorted.filter((entry) => !entry.egress), egress: sorted.filter((entry) => entry.egress) };
}

function compileGroup(
  group: SecurityGroupPart,
  named: ReadonlyMap<string, Part>,
  prefixLists: PrefixLists,
  members: ReadonlyMap<string, ReadonlySet<Address>>,
): { group: SecurityGroupPart; ingress: readonly GroupRule[]; egress: readonly GroupRule[] } {
  const compiled = group.rules.map((rule): GroupRule => {
    const { peer } = rule;
    let peerText: string;
    let ranges: readonly Range[] = [];
    if ('cidr' in peer) {
      const range = parseRange(peer.cidr);
      ranges = [range];
      peerText = range.text;
    } else if ('prefixListId' in peer) {
      ranges = need(prefixLists, peer.prefixListId, group, 'prefix list');
      peerText = peer.prefixListId;
    } else {
      peerText = named.get(peer.groupId)?.name ?? peer.groupId;
    }
    return {
      ...rule,
      rule: rule.name ?? `${group.name} ${rule.egress ? 'egress' : 'ingress'} ${rule.id}`,
      group,
      span: spanOf(rule),
      ranges,
      // A stale reference, to a group that is gone, matches nobody.
      members: 'groupId' in peer ? (members.get(peer.groupId) ?? new Set()) : undefined,
      why: `allows ${describeMatch(rule)} ${rule.egress ? 'to' : 'from'} ${peerText}`,
    };
  });
  return { group, ingress: compiled.filter((rule) => !rule.egress), egress: compiled.filter((rule) => rule.egress) };
}

function byId<T extends Part>(parts: readonly T[]): Map<string, T> {
  return new Map(parts.map((part) => [part.id, part]));
}

function need<T>(map: ReadonlyMap<string, T>, id: string, from: Part, kind: string): T {
  const found = map.get(id);
  if (found === undefined)
    throw new WorldError(`${from.name} (${from.id}) names the ${kind} ${id}, which is not there`);
  return found;
}

function claim(map: Map<Address, NetworkInterface>, address: Address, owner: NetworkInterface): void {
  const other = map.get(address);
  if (other) {
    throw new WorldError(
      `IPv${familyOf(address)} address ${formatAddress(address)} belongs to both ${other.id} and ${owner.id}`,
    );
  }
  map.set(address, owner);
}
