/** Arrows inside a network: balancers to machines, machines to endpoints and NAT, as target groups and routes have them. */
import type { Subnet } from '../../region/network/world.ts';
import { bucketPart } from './edge-scene.ts';
import type { Facts } from './facts.ts';
import type { Placed } from './journeys.ts';
import type { Band, NetworkScene, Part } from './scene.ts';
import { serviceOf } from './services.ts';

export interface PlacedMachine {
  readonly key: string;
  readonly frame: string | undefined;
  readonly network: string;
  readonly subnet: Subnet;
  readonly routeTableId: string;
  /** Of one that runs. */
  readonly instanceId: string | undefined;
  readonly running: boolean;
  /** Logical ids of the balancers that forward to it. */
  readonly balancers: readonly string[];
}

export function machinesOf(network: NetworkScene, facts: Facts): PlacedMachine[] {
  const { world } = facts.model;
  const subnets = new Map([...world.subnets.values()].map((subnet) => [subnet.name, subnet]));
  return network.rows.flatMap((row) =>
    row.bands.flatMap((band) =>
      band.cards.flatMap(([column, { part, frame }]): PlacedMachine[] => {
        const subnet = subnets.get(row.subnets[column]?.key ?? '');
        if (!subnet) return [];
        const instanceIds = instancesOf(band, part, facts);
        const here = [...world.interfaces.values()].find(
          ({ owner, subnetId }) => instanceIds.includes(owner) && subnetId === subnet.id,
        );
        return [
          {
            key: part.key,
            frame: frame?.key,
            network: network.key,
            subnet,
            routeTableId: subnet.routeTableId,
            instanceId: here?.owner,
            running: !part.faded,
            balancers: balancersOf(band, instanceIds, facts),
          },
        ];
      }),
    ),
  );
}

function instancesOf(band: Band, part: Part, { groups, model }: Facts): readonly string[] {
  const group = groups.find(({ logicalId }) => logicalId === band.group?.covers[0]);
  if (group) return group.instanceIds;
  return part.covers.flatMap((id) => model.resources.get(id)?.physicalId ?? []);
}

function balancersOf(band: Band, instanceIds: readonly string[], { groups, balancers }: Facts): string[] {
  const group = groups.find(({ logicalId }) => logicalId === band.group?.covers[0]);
  return balancers
    .filter(({ targets }) =>
      targets.some(
        ({ arn, ids }) => group?.targetGroupArns.includes(arn) || ids.some((id) => instanceIds.includes(id)),
      ),
    )
    .map(({ logicalId }) => logicalId);
}

/** What an endpoint of a network leads to. */
export interface Reached {
  readonly part: Part;
  /** Not shown before. */
  readonly fresh: boolean;
  /** The key of the endpoint's own shape. */
  readonly endpoint: string;
  /** Where machines meet it: the endpoint, or the security group around it. */
  readonly at: string;
  readonly name: string;
  readonly gateway: boolean;
  /** Of a gateway endpoint: the route tables that lead to it. */
  readonly tables: readonly string[] | undefined;
}

export function reachedBy(network: NetworkScene, facts: Facts, shown: ReadonlySet<string>): Reached[] {
  const { world, resources } = facts.model;
  const found: Reached[] = [];
  const add = (one: Omit<Reached, 'fresh'>) => {
    const fresh = !shown.has(one.part.key) && !found.some(({ part }) => part.key === one.part.key);
    found.push({ ...one, fresh });
  };
  for (const { key } of network.doors) {
    const endpoint = [...world.gatewayEndpoints.values()].find(({ name }) => name === key);
    if (!endpoint) continue;
    const service = serviceOf(endpoint.serviceName);
    const buckets = service.short === 's3' ? bucketsFor(endpoint.policy, facts) : [];
    const parts = buckets.length > 0 ? buckets.map(bucketPart) : [servicePart(service)];
    for (const part of parts)
      add({ part, endpoint: key, at: key, name: key, gateway: true, tables: endpoint.routeTableIds });
  }
  for (const { bands } of network.rows) {
    for (const { kind, frame, parts } of bands) {
      if (kind !== 'endpoints') continue;
      for (const { key } of parts) {
        const endpoint = [...world.interfaceEndpoints.values()].find(({ name }) => name === key);
        if (!endpoint) continue;
        const service = serviceOf(endpoint.serviceName);
        const logGroups = [...resources.values()].filter(({ type }) => type === 'AWS::Logs::LogGroup');
        const covers = service.short === 'logs' ? logGroups.map(({ logicalId }) => logicalId) : [];
        add({
          part: servicePart(service, covers),
          endpoint: key,
          at: frame?.key ?? key,
          name: key,
          gateway: false,
          tables: undefined,
        });
      }
    }
  }
  return found;
}

function servicePart({ key, title, icon }: ReturnType<typeof serviceOf>, covers: readonly string[] = []): Part {
  const [first] = covers;
  const name = first === undefined ? '' : covers.length === 1 ? first : `${first} and ${covers.length - 1} more`;
  return { key, icon, title, name, covers };
}

/** Buckets of the template that the endpoint's own policy, or else a machine's role, names. */
function bucketsFor(policy: unknown, { model }: Facts): string[] {
  const roles = [...model.resources.values()].filter(({ type }) => /^AWS::IAM::(Role|Policy|RolePolicy)$/.test(type));
  const texts = [JSON.stringify(policy ?? ''), ...roles.map(({ properties }) => JSON.stringify(properties))];
  const buckets = [...model.resources.values()].filter(({ type }) => type === 'AWS::S3::Bucket');
  const named = texts.map((text) => buckets.filter(({ physicalId }) => text.includes(`:::${physicalId}`)));
  const [byPolicy = [], ...byRoles] = named;
  const found = byPolicy.length > 0 ? byPolicy : byRoles.flat();
  return [...new Set(found.map(({ logicalId }) => logicalId))];
}

/** Beside the journeys: the other machines, and the ways out. */
export function trafficLinks(network: NetworkScene, machines: readonly PlacedMachine[], placed: Placed): void {
  const { links, facts, users } = placed;
  const { world } = facts.model;
  const own = machines.filter((one) => one.network === network.key);
  const known = (from: string, to: string) => links.all().some((one) => one.from === from && one.to === to);
  for (const { key, balancers } of own) {
    for (const balancer of balancers) {
      if (!known(balancer, key)) links.add({ from: balancer, to: key, kind: 'plain', both: true, text: 'Requests' });
    }
  }
  const reached = reachedBy(network, facts, new Set());
  const journeyed = (at: string) => links.all().find(({ to, kind }) => to === at && kind === 'api');
  for (const at of new Set(reached.map((one) => one.at))) {
    const [first] = reached.filter((one) => one.at === at);
    if (!first) continue;
    const able = own.filter(({ routeTableId }) => first.tables?.includes(routeTableId) ?? true);
    // A route is drawn for one machine; interfaces in their own subnets for each.
    for (const { key } of first.gateway ? able.slice(0, journeyed(at) ? 0 : 1) : able) {
      if (!known(key, at)) links.add({ from: key, to: at, kind: 'plain', both: true, text: first.name });
    }
  }
  for (const { endpoint, at, part } of reached) {
    const kind = journeyed(at) ? 'api' : 'plain';
    links.add({ from: endpoint, to: part.key, kind, both: true, text: part.title });
  }
  outboundLinks(network, own, placed);
  const gateway = network.gateways[0]?.key;
  for (const { key, subnet, instanceId } of own) {
    const open = [...world.interfaces.values()].some(
      ({ owner, publicAddress, subnetId }) =>
        owner === instanceId && subnetId === subnet.id && publicAddress !== undefined,
    );
    if (!open || gateway === undefined) continue;
    if (!known(users, gateway)) links.add({ from: users, to: gateway, kind: 'plain', both: true, text: 'Requests' });
    links.add({ from: gateway, to: key, kind: 'plain', both: true, text: 'Public address' });
  }
}

function outboundLinks(network: NetworkScene, machines: readonly PlacedMachine[], { links, facts }: Placed): void {
  const { world } = facts.model;
  // A subnet without machines stands for those that will be in it.
  const empty = network.rows.flatMap(({ subnets }) =>
    subnets.flatMap((scene) => {
      const subnet = [...world.subnets.values()].find(({ name }) => name === scene?.key);
      return subnet && !machines.some((one) => one.subnet.id === subnet.id) ? [{ key: subnet.name, subnet }] : [];
    }),
  );
  const nameOf = (id: string) => world.natGateways.get(id)?.name ?? world.gateways.get(id)?.name;
  const egressOnly = new Set<string>();
  const nats = new Set<string>();
  for (const { key, subnet } of [...machines, ...empty]) {
    for (const { target, destination } of subnet.routes) {
      if (!/^(0\.0\.0\.0|::)\/0$/.test(destination)) continue;
      if (target.kind !== 'nat' && target.kind !== 'egressOnlyGateway') continue;
      const to = nameOf(target.id);
      // IPv6 needs no gateway of its own in each zone: one machine's way stands for all.
      if (to === undefined || (target.kind === 'egressOnlyGateway' && egressOnly.has(to))) continue;
      if (target.kind === 'egressOnlyGateway') egressOnly.add(to);
      else nats.add(target.id);
      links.add({ from: key, to, kind: 'outbound', text: 'Connections that machines open' });
    }
  }
  const gateway = network.gateways.find(({ title }) => title === 'Internet gateway');
  for (const id of nats) {
    const nat = world.natGateways.get(id);
    const subnet = world.subnets.get(nat?.subnetId ?? '');
    if (!nat || !gateway || !subnet?.routes.some(({ target }) => target.kind === 'internetGateway')) continue;
    links.add({
      from: nat.name,
      to: gateway.key,
      kind: 'outbound',
      text: 'To the internet, as from every NAT gateway',
    });
    // What is the same in each zone is drawn once.
    break;
  }
}
