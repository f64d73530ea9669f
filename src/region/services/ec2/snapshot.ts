/** The network room's world out of EC2's tables; made anew only when one of them changed. */

import { buildWorld } from '../../network/build-world.ts';
import type { IcmpMatch, InterfacePart, PortRange, World, WorldParts } from '../../network/world.ts';
import type { Table } from '../../store/store.ts';
import type { Scope } from '../service.ts';
import { instances } from './instance-state.ts';
import { managedPrefixLists, prefixListIdOf } from './prefix-list.ts';
import { hasPorts, isIcmp, protocolNumber } from './protocol.ts';
import { publicRanges, serviceEndpoints } from './public-services.ts';
import { isBlackhole } from './route.ts';
import {
  type AclEntryRecord,
  aclAssociations,
  addresses,
  type EndpointRecord,
  egressOnlyGateways,
  endpoints,
  type GroupRuleRecord,
  type InterfaceRecord,
  interfaces,
  internetGateways,
  natGateways,
  networkAcls,
  type RouteTableRecord,
  routeTableAssociations,
  routeTables,
  securityGroups,
  subnets,
  vpcs,
} from './state.ts';
import { logicalIdOf, tags } from './tag-table.ts';

interface Built {
  readonly tables: readonly Table<unknown>[];
  versions: readonly number[];
  world: World | undefined;
}

const built = new WeakMap<Scope, Built>();

/** What the world is made of. Instances matter only by their tables' names and states, which interfaces follow. */
function tablesOf(scope: Scope): readonly Table<unknown>[] {
  return [
    vpcs(scope),
    subnets(scope),
    interfaces(scope),
    routeTables(scope),
    routeTableAssociations(scope),
    networkAcls(scope),
    aclAssociations(scope),
    securityGroups(scope),
    internetGateways(scope),
    egressOnlyGateways(scope),
    natGateways(scope),
    addresses(scope),
    endpoints(scope),
    instances(scope),
    tags(scope),
  ] as readonly Table<unknown>[];
}

/** Cheap when nothing changed, as it is asked for each chunk of a connection: fifteen numbers are compared. */
export function networkWorld(scope: Scope): World {
  let known = built.get(scope);
  if (!known) {
    known = { tables: tablesOf(scope), versions: [], world: undefined };
    built.set(scope, known);
  }
  const { tables, versions, world } = known;
  if (world && tables.every(({ version }, index) => version === versions[index])) return world;
  known.world = buildWorld(worldParts(scope));
  known.versions = tables.map((table) => table.version);
  return known.world;
}

function worldParts(scope: Scope): WorldParts {
  const nameOf = (id: string) => logicalIdOf(scope, id) ?? id;
  const part = (id: string) => ({ id, name: nameOf(id) });
  const mainTable = new Map<string, string>();
  const tableOfSubnet = new Map<string, string>();
  for (const one of routeTableAssociations(scope).values()) {
    if (one.main) mainTable.set(one.vpcId, one.routeTableId);
    if (one.subnetId) tableOfSubnet.set(one.subnetId, one.routeTableId);
  }
  const lists = managedPrefixLists(scope);
  return {
    vpcs: [...vpcs(scope).values()].map((vpc) => ({
      ...part(vpc.vpcId),
      cidrs: [...vpc.cidrs, ...vpc.ipv6Cidrs].map((one) => one.cidr),
      enableDnsSupport: vpc.enableDnsSupport,
      enableDnsHostnames: vpc.enableDnsHostnames,
    })),
    subnets: [...subnets(scope).values()].map((subnet) => ({
      ...part(subnet.subnetId),
      vpcId: subnet.vpcId,
      zone: subnet.zone,
      cidrs: subnet.ipv6 ? [subnet.cidr, subnet.ipv6.cidr] : [subnet.cidr],
      routeTableId: tableOfSubnet.get(subnet.subnetId) ?? mainTable.get(subnet.vpcId) ?? '',
      aclId: aclAssociations(scope).get(subnet.subnetId)?.networkAclId ?? '',
    })),
    interfaces: interfaceParts(scope, nameOf),
    routeTables: [...routeTables(scope).values()].map((table) => ({
      ...part(table.routeTableId),
      vpcId: table.vpcId,
      routes: table.routes.map((route) => routePart(scope, table, route)),
    })),
    acls: [...networkAcls(scope).values()].map((acl) => ({
      ...part(acl.networkAclId),
      vpcId: acl.vpcId,
      entries: acl.entries.map(entryPart),
    })),
    groups: [...securityGroups(scope).values()].map((group) => ({
      ...part(group.groupId),
      vpcId: group.vpcId,
      rules: group.rules.map((rule) => rulePart(scope, rule)),
    })),
    internetGateways: [...internetGateways(scope).values()].map((gateway) => ({
      ...part(gateway.internetGatewayId),
      vpcId: gateway.vpcId,
    })),
    egressOnlyGateways: [...egressOnlyGateways(scope).values()].map((gateway) => ({
      ...part(gateway.egressOnlyInternetGatewayId),
      vpcId: gateway.vpcId,
    })),
    natGateways: [...natGateways(scope).values()].map((nat) => ({
      ...part(nat.natGatewayId),
      subnetId: nat.subnetId,
      interfaceId: nat.networkInterfaceId ?? '',
      state: nat.state,
      connectivity: nat.connectivity,
    })),
    gatewayEndpoints: endpointsOf(scope, 'Gateway').map((one) => ({
      ...part(one.vpcEndpointId),
      vpcId: one.vpcId,
      serviceName: one.serviceName,
      routeTableIds: one.routeTableIds,
      prefixListId: prefixListIdOf(scope, one.serviceName) ?? '',
      available: one.state === 'available',
      policy: JSON.parse(one.policy),
    })),
    interfaceEndpoints: endpointsOf(scope, 'Interface').map((one) => ({
      ...part(one.vpcEndpointId),
      vpcId: one.vpcId,
      serviceName: one.serviceName,
      interfaceIds: one.networkInterfaceIds,
      privateDns: one.privateDns,
      available: one.state === 'available',
      policy: JSON.parse(one.policy),
    })),
    prefixLists: lists.map(({ id, name, cidrs }) => ({ id, name, cidrs })),
    publicServices: serviceEndpoints.map((name) => ({
      serviceName: `com.amazonaws.${scope.region}.${name}`,
      cidrs: publicRanges(scope.region, name),
    })),
  };
}

function endpointsOf(scope: Scope, type: EndpointRecord['type']): EndpointRecord[] {
  return [...endpoints(scope).values()].filter((one) => one.type === type);
}

function interfaceParts(scope: Scope, nameOf: (id: string) => string): InterfacePart[] {
  const elastic = new Map<string, string>();
  for (const address of addresses(scope).values()) {
    if (address.association) elastic.set(address.association.networkInterfaceId, address.publicIp);
  }
  const parts: InterfacePart[] = [];
  for (const one of interfaces(scope).values()) {
    const owner = one.attachment?.instanceId ?? one.owner ?? one.networkInterfaceId;
    const ownerName = ownerNameOf(scope, one, owner, nameOf);
    parts.push({
      id: one.networkInterfaceId,
      name: interfaceName(one, ownerName, nameOf),
      kind: kindOf(one),
      subnetId: one.subnetId,
      owner,
      ownerName,
      addresses: one.ipv6.length > 0 ? [...one.privateIps, ...one.ipv6] : one.privateIps,
      publicAddress: elastic.get(one.networkInterfaceId) ?? one.autoPublicIp,
      groupIds: one.groupIds,
      sourceDestCheck: one.sourceDestCheck,
      attached: isUp(scope, one),
    });
  }
  return parts;
}

function kindOf(one: InterfaceRecord): InterfacePart['kind'] {
  if (one.interfaceType === 'nat_gateway') return 'nat';
  if (one.interfaceType === 'vpc_endpoint') return 'endpoint';
  if (one.requesterId === 'amazon-elb') return 'balancer';
  return one.attachment?.instanceId ? 'instance' : 'other';
}

/** Instances of an Auto Scaling group share its logical id: their own ids tell them apart. */
function ownerNameOf(scope: Scope, one: InterfaceRecord, owner: string, nameOf: (id: string) => string): string {
  const { attachment } = one;
  if (attachment?.instanceId) {
    const logicalId = logicalIdOf(scope, attachment.instanceId);
    if (!logicalId) return owner;
    const inGroup = tags(scope)
      .get(attachment.instanceId)
      ?.tags.some((tag) => tag.Key === 'aws:autoscaling:groupName');
    return inGroup ? `${logicalId} ${owner}` : logicalId;
  }
  const own = one.ownerLogicalId ?? logicalIdOf(scope, one.networkInterfaceId);
  const balancer = /:loadbalancer\/(?:app|net)\/([^/]+)/.exec(owner)?.[1];
  return own ?? balancer ?? (owner === one.networkInterfaceId ? owner : nameOf(owner));
}

/** `NatA`, but for owners with an interface in each of several subnets `ApiBalancer in PublicSubnetA`. */
function interfaceName(one: InterfaceRecord, ownerName: string, nameOf: (id: string) => string): string {
  const kind = kindOf(one);
  return kind === 'balancer' || kind === 'endpoint' ? `${ownerName} in ${nameOf(one.subnetId)}` : ownerName;
}

/** A stopped instance's interface is still attached on AWS, but takes no packets. */
function isUp(scope: Scope, one: InterfaceRecord): boolean {
  const { attachment } = one;
  if (!attachment) return false;
  if (!attachment.instanceId) return true;
  const state = instances(scope).get(attachment.instanceId)?.state;
  return state === 'pending' || state === 'running' || state === 'stopping' || state === 'shutting-down';
}

function routePart(
  scope: Scope,
  table: RouteTableRecord,
  { destination, target }: RouteTableRecord['routes'][number],
): WorldParts['routeTables'][number]['routes'][number] {
  const { id } = target;
  if (isBlackhole(scope, table.vpcId, target)) return { destination, target: { kind: 'blackhole', id } };
  if (target.kind === 'gateway') return { destination, target: { kind: 'internetGateway', id } };
  if (target.kind === 'nat') return { destination, target: { kind: 'nat', id } };
  if (target.kind === 'egressOnly') return { destination, target: { kind: 'egressOnlyGateway', id } };
  return { destination, target: { kind: 'notModelled', id, type: 'network interface' } };
}

function entryPart(entry: AclEntryRecord): WorldParts['acls'][number]['entries'][number] {
  return {
    number: entry.number,
    egress: entry.egress,
    action: entry.action,
    protocol: entry.protocol,
    cidr: entry.cidr ?? entry.ipv6Cidr ?? '',
    ports: entry.ports,
    icmp: entry.icmp,
  };
}

function rulePart(scope: Scope, rule: GroupRuleRecord): WorldParts['groups'][number]['rules'][number] {
  const protocol = protocolNumber(rule.protocol);
  const { from, to = from } = rule;
  const range = from === undefined || to === undefined ? undefined : { from, to };
  const ports: PortRange | undefined = range && hasPorts(protocol) ? range : undefined;
  const icmp: IcmpMatch | undefined = range && isIcmp(protocol) ? { type: range.from, code: range.to } : undefined;
  const peer = rule.groupId
    ? { groupId: rule.groupId }
    : rule.prefixListId
      ? { prefixListId: rule.prefixListId }
      : { cidr: rule.cidr ?? rule.ipv6Cidr ?? '' };
  return {
    id: rule.ruleId,
    name: logicalIdOf(scope, rule.ruleId),
    egress: rule.egress,
    protocol,
    ports,
    icmp,
    peer,
    description: rule.description,
  };
}

/** The policy of a VPC endpoint, JSON text: it narrows what passes through. */
export function endpointPolicy(scope: Scope, vpcEndpointId: string): string | undefined {
  return endpoints(scope).get(vpcEndpointId)?.policy;
}
