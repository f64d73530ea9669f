/** A VPC as a picture has it: zones as columns, rows of like subnets, and what lies across them. */
import type { NetworkInterface, Subnet, Vpc } from '../../region/network/world.ts';
import type { Facts } from './facts.ts';
import { columnsOf, frameOf, groupNames } from './frames.ts';
import { machineBands } from './machine-bands.ts';
import type { AclScene, Band, Card, NetworkScene, Part, Row, SubnetScene } from './scene.ts';
import { serviceOf } from './services.ts';

/** Its subnets in rows: the public ones first, in the order of the template. */
export interface Grid {
  readonly zones: readonly string[];
  readonly rows: readonly { readonly tier: 'public' | 'private'; readonly subnets: readonly (Subnet | undefined)[] }[];
}

export function isPublic(subnet: Subnet): boolean {
  return subnet.routes.some(
    ({ target, destination }) => target.kind === 'internetGateway' && /^(0\.0\.0\.0|::)\/0$/.test(destination),
  );
}

function gridOf(vpc: Vpc, facts: Facts): Grid {
  const { world, resources } = facts.model;
  const order = new Map([...resources.keys()].map((logicalId, index) => [logicalId, index]));
  const subnets = [...world.subnets.values()]
    .filter((one) => one.vpcId === vpc.id)
    .sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  const zones = [...new Set(subnets.map(({ zone }) => zone))].sort();
  const rows = (['public', 'private'] as const).flatMap((tier) => {
    const own = subnets.filter((one) => isPublic(one) === (tier === 'public'));
    return rowsOf(own, zones, usersOf(facts)).map((row) => ({ tier, subnets: row }));
  });
  return { zones, rows };
}

/** In the first row that has room in its zone; before that, beside those that it shares a balancer, group or endpoint with. */
function rowsOf(
  subnets: readonly Subnet[],
  zones: readonly string[],
  users: readonly ReadonlySet<string>[],
): (Subnet | undefined)[][] {
  const rows: (Subnet | undefined)[][] = [];
  for (const subnet of subnets) {
    const column = zones.indexOf(subnet.zone);
    const open = rows.filter((row) => row[column] === undefined);
    const shares = (other: Subnet | undefined) =>
      other !== undefined && users.some((ids) => ids.has(subnet.id) && ids.has(other.id));
    let row = open.find((one) => one.some(shares)) ?? open[0];
    if (!row) {
      row = zones.map(() => undefined);
      rows.push(row);
    }
    row[column] = subnet;
  }
  return rows;
}

/** Of each balancer, group and endpoint the subnets that it is in. */
function usersOf({ balancers, groups, model }: Facts): ReadonlySet<string>[] {
  const { interfaces, interfaceEndpoints } = model.world;
  const ofEndpoints = [...interfaceEndpoints.values()].map(({ interfaceIds }) =>
    interfaceIds.flatMap((id) => interfaces.get(id)?.subnetId ?? []),
  );
  return [...[...balancers, ...groups].map(({ subnetIds }) => subnetIds), ...ofEndpoints].map((ids) => new Set(ids));
}

export function networkScene(vpc: Vpc, facts: Facts): NetworkScene {
  const { world } = facts.model;
  const grid = gridOf(vpc, facts);
  const gateways: Part[] = [];
  if (vpc.internetGateway) {
    const { name } = vpc.internetGateway;
    gateways.push({ key: name, icon: 'internetGateway', title: 'Internet gateway', name, covers: [name] });
  }
  if (vpc.egressOnlyGateway) {
    const { name } = vpc.egressOnlyGateway;
    gateways.push({ key: name, icon: 'internetGateway', title: 'Egress-only gateway', name, covers: [name] });
  }
  const doors = [...world.gatewayEndpoints.values()]
    .filter((one) => one.vpcId === vpc.id)
    .map(({ name }): Part => ({ key: name, icon: 'endpoint', title: 'Gateway endpoint', name, covers: [name] }));
  const acls = aclsOf(grid);
  return {
    key: vpc.name,
    icon: 'plain',
    title: 'VPC',
    name: vpc.cidrs[0] ?? vpc.name,
    covers: [vpc.name],
    zones: grid.zones,
    gateways,
    doors,
    reached: [],
    rows: grid.rows.map(
      (row, index): Row => ({
        tier: row.tier,
        subnets: row.subnets.map((subnet) => subnet && subnetScene(subnet, row.tier, facts)),
        bands: bandsOf({ vpc: vpc.name, row: index, grid }, facts),
        aclsAbove: acls[index]?.above ?? [],
        aclsBelow: acls[index]?.below ?? [],
      }),
    ),
  };
}

function subnetScene(subnet: Subnet, tier: Row['tier'], facts: Facts): SubnetScene {
  const loose: Card[] = [];
  for (const nat of facts.model.world.natGateways.values()) {
    if (nat.subnetId !== subnet.id) continue;
    const { name } = nat;
    const title = nat.connectivity === 'private' ? 'Private NAT gateway' : 'NAT gateway';
    loose.push({ part: { key: name, icon: 'natGateway', title, name, covers: [name] } });
  }
  return {
    key: subnet.name,
    icon: 'plain',
    title: tier === 'public' ? 'Public subnet' : 'Private subnet',
    name: subnet.cidrs[0] ?? subnet.name,
    covers: [subnet.name],
    loose,
  };
}

/** Each between two rows is shown where the traffic between them meets it; the default ACL, which allows all, nowhere. */
function aclsOf({ rows }: Grid): { above: AclScene[]; below: AclScene[] }[] {
  const of = (row: Grid['rows'][number] | undefined): Map<string, number[]> => {
    const found = new Map<string, number[]>();
    for (const [column, subnet] of (row?.subnets ?? []).entries()) {
      const name = subnet?.acl.name;
      if (name === undefined || name === subnet?.acl.id) continue;
      found.set(name, [...(found.get(name) ?? []), column]);
    }
    return found;
  };
  const shown = new Set<string>();
  const strips = (row: Grid['rows'][number] | undefined): AclScene[] =>
    [...of(row)]
      .filter(([name]) => !shown.has(name))
      .map(([name, columns]) => {
        shown.add(name);
        return { key: name, icon: 'acl', title: 'Network ACL', name, covers: [name], columns };
      });
  return rows.map((row, index) => {
    const above = index === 0 && rows.length > 1 ? [] : strips(row);
    return { above, below: index < rows.length - 1 ? strips(row) : [] };
  });
}

function bandsOf({ vpc, row, grid }: { vpc: string; row: number; grid: Grid }, facts: Facts): Band[] {
  const subnets = grid.rows[row]?.subnets ?? [];
  const columnOf = new Map(subnets.flatMap((subnet, column) => (subnet ? [[subnet.id, column] as const] : [])));
  const above = new Set(grid.rows.slice(0, row).flatMap((one) => one.subnets.map((subnet) => subnet?.id)));
  // What has subnets in several rows is in each of them; arrows meet the first.
  const keyOf: KeyOf = (name, subnetIds) => (subnetIds.some((id) => above.has(id)) ? `${name}@${row}` : name);
  return [
    ...balancerBands(columnOf, row, keyOf, facts),
    ...machineBands(columnOf, row, facts),
    ...endpointBands(columnOf, `${vpc}/${row}`, keyOf, facts),
  ];
}

type KeyOf = (name: string, subnetIds: readonly string[]) => string;

function balancerBands(columnOf: ReadonlyMap<string, number>, row: number, keyOf: KeyOf, facts: Facts): Band[] {
  return facts.balancers.flatMap(({ logicalId, network, subnetIds, groupIds }) => {
    const columns = columnsOf(subnetIds, columnOf);
    if (columns.length === 0) return [];
    const part: Part = {
      key: keyOf(logicalId, subnetIds),
      icon: network ? 'networkBalancer' : 'applicationBalancer',
      title: network ? 'Network Load Balancer' : 'Application Load Balancer',
      name: logicalId,
      covers: [logicalId],
    };
    const frame = frameOf(groupNames(groupIds, facts), `${logicalId}/${row}`);
    return [{ key: `balancer ${logicalId} ${row}`, kind: 'balancer', columns, frame, parts: [part], cards: [] }];
  });
}

/** Endpoints in the same subnets and security groups share a band. */
function endpointBands(columnOf: ReadonlyMap<string, number>, place: string, keyOf: KeyOf, facts: Facts): Band[] {
  const { world } = facts.model;
  const found = new Map<string, { parts: Part[]; columns: readonly number[]; groups: readonly string[] }>();
  for (const { name, serviceName, interfaceIds } of world.interfaceEndpoints.values()) {
    const interfaces = interfaceIds.flatMap((id): NetworkInterface[] => {
      const one = world.interfaces.get(id);
      return one ? [one] : [];
    });
    const subnetIds = interfaces.map(({ subnetId }) => subnetId);
    const columns = columnsOf(subnetIds, columnOf);
    if (columns.length === 0) continue;
    const groups = groupNames(interfaces[0]?.groupIds ?? [], facts);
    const part: Part = {
      key: keyOf(name, subnetIds),
      icon: 'endpoint',
      title: serviceOf(serviceName).short,
      name,
      covers: [name],
    };
    const key = `${columns.join()} ${groups.join()}`;
    const known = found.get(key);
    if (known) known.parts.push(part);
    else found.set(key, { parts: [part], columns, groups });
  }
  return [...found.values()].map(({ parts, columns, groups }, index) => ({
    key: `endpoints ${groups.join()} ${place}${index === 0 ? '' : ` ${index}`}`,
    kind: 'endpoints' as const,
    columns,
    frame: frameOf(groups, `endpoints/${place}/${index}`),
    parts,
    cards: [],
  }));
}
