/** Machines of a row of subnets: those of Auto Scaling groups, across zones, and those that stand alone. */
import type { Facts } from './facts.ts';
import { columnsOf, frameOf, groupNames } from './frames.ts';
import type { Band, Card, Part } from './scene.ts';

export function machineBands(columnOf: ReadonlyMap<string, number>, row: number, facts: Facts): Band[] {
  const grouped = new Set(facts.groups.flatMap(({ instanceIds }) => instanceIds));
  const bands = facts.groups.flatMap((group) => groupBand(group, columnOf, row, facts) ?? []);
  const alone = aloneBand(columnOf, row, grouped, facts);
  return alone ? [...bands, alone] : bands;
}

function groupBand(
  group: Facts['groups'][number],
  columnOf: ReadonlyMap<string, number>,
  row: number,
  facts: Facts,
): Band | undefined {
  const { world } = facts.model;
  const { logicalId, min, max, instanceType } = group;
  const columns = columnsOf(group.subnetIds, columnOf);
  if (columns.length === 0) return undefined;
  const running = [...world.interfaces.values()].filter(
    ({ kind, owner }) => kind === 'instance' && group.instanceIds.includes(owner),
  );
  const groups = groupNames(running[0]?.groupIds ?? launchGroups(group, facts), facts);
  const cards = columns.map((column): readonly [number, Card] => {
    const here = running.filter(({ subnetId }) => columnOf.get(subnetId) === column).length;
    const key = `${logicalId}/${row}/${column}`;
    const part: Part = {
      key,
      icon: 'instance',
      title: here > 1 ? `${here} EC2 machines` : 'EC2 machine',
      name: here > 0 ? (instanceType ?? 'EC2') : 'when it scales out',
      covers: [logicalId],
      ...(here > 0 ? {} : { faded: true }),
    };
    return [column, { part, frame: frameOf(groups, key) }];
  });
  const size = min === max ? `${min} machines` : `${min}–${max} machines`;
  return {
    key: `group ${logicalId} ${row}`,
    kind: 'machines',
    columns,
    group: {
      key: row === 0 ? logicalId : `${logicalId}@${row}`,
      icon: 'autoScaling',
      title: 'Auto Scaling group',
      name: `${size}: ${logicalId}`,
      covers: [logicalId],
    },
    parts: [],
    cards,
  };
}

/** Of a group without machines: what its launch template would give them. */
function launchGroups({ logicalId }: Facts['groups'][number], { model }: Facts): string[] {
  const launch = model.resources.get(logicalId)?.properties.LaunchTemplate as { LaunchTemplateId?: string } | undefined;
  const template = model.resources.get(model.logicalIdOf(launch?.LaunchTemplateId ?? '') ?? '');
  const data = template?.properties.LaunchTemplateData as
    | { SecurityGroupIds?: string[]; NetworkInterfaces?: { Groups?: string[] }[] }
    | undefined;
  return data?.SecurityGroupIds ?? data?.NetworkInterfaces?.[0]?.Groups ?? [];
}

/** Like machines of a subnet are one card. */
function aloneBand(
  columnOf: ReadonlyMap<string, number>,
  row: number,
  grouped: ReadonlySet<string>,
  facts: Facts,
): Band | undefined {
  const found = new Map<string, { column: number; groups: string[]; type: string; ids: string[] }>();
  for (const { kind, owner, subnetId, groupIds } of facts.model.world.interfaces.values()) {
    const column = columnOf.get(subnetId);
    const instance = facts.instances.get(owner);
    if (kind !== 'instance' || grouped.has(owner) || column === undefined || !instance) continue;
    const logicalId = facts.model.logicalIdOf(owner);
    if (logicalId === undefined) continue;
    const groups = groupNames(groupIds, facts);
    const key = `${column} ${groups.join()} ${instance.type}`;
    const known = found.get(key);
    if (known) known.ids.push(logicalId);
    else found.set(key, { column, groups, type: instance.type, ids: [logicalId] });
  }
  if (found.size === 0) return undefined;
  const cards = [...found.values()].map(({ column, groups, type, ids }): readonly [number, Card] => {
    const [first = ''] = ids;
    const part: Part = {
      key: first,
      icon: ids.length > 1 ? 'instances' : 'instance',
      title: ids.length > 1 ? `${ids.length} × ${type}` : type,
      name: ids.length > 1 ? `${first} and ${ids.length - 1} more` : first,
      covers: ids,
    };
    return [column, { part, frame: frameOf(groups, first) }];
  });
  const columns = [...new Set(cards.map(([column]) => column))].sort((a, b) => a - b);
  return { key: `machines ${row}`, kind: 'machines', columns, parts: [], cards };
}
