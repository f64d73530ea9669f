/** Where something lies in a row of subnets, and the security groups around it. */
import type { Facts } from './facts.ts';
import type { Part } from './scene.ts';

export function columnsOf(subnetIds: readonly string[], columnOf: ReadonlyMap<string, number>): number[] {
  const columns = subnetIds.flatMap((id) => columnOf.get(id) ?? []);
  return [...new Set(columns)].sort((a, b) => a - b);
}

export function groupNames(ids: readonly string[], { model }: Facts): string[] {
  const parts = new Map(model.world.parts.groups.map(({ id, name }) => [id, name]));
  // A VPC's own group has no name in a template.
  return ids
    .map((id) => parts.get(id) ?? id)
    .map((name) => (name.startsWith('sg-') ? 'default' : name))
    .sort();
}

/** The frame of security groups around something; `where` makes its key the only one. */
export function frameOf(names: readonly string[], where: string): Part | undefined {
  if (names.length === 0) return undefined;
  const name = names.join(', ');
  return {
    key: `${name}@${where}`,
    icon: 'plain',
    title: 'Security group',
    name,
    covers: names.filter((one) => one !== 'default'),
  };
}
