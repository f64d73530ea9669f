/** Edits of the example world for tests: what a template's author may have left out, added or got wrong. */
import { buildWorld } from './build-world.ts';
import { exampleParts } from './example-world.ts';
import type { AclEntryPart, GroupRulePart, InterfacePart, RoutePart, World, WorldParts } from './world.ts';

export type Change = (parts: WorldParts) => WorldParts;

/** The example world after these changes. */
export function worldOf(change: readonly Change[] = []): World {
  return buildWorld(change.reduce((parts, each) => each(parts), exampleParts));
}

export function aclEntries(acl: string, edit: (entries: readonly AclEntryPart[]) => readonly AclEntryPart[]): Change {
  return (parts) => ({
    ...parts,
    acls: parts.acls.map((each) => (each.name === acl ? { ...each, entries: edit(each.entries) } : each)),
  });
}
export function withoutEntry(acl: string, egress: boolean, ...numbers: number[]): Change {
  return aclEntries(acl, (entries) =>
    entries.filter((entry) => entry.egress !== egress || !numbers.includes(entry.number)),
  );
}
export function withEntry(acl: string, added: AclEntryPart): Change {
  return aclEntries(acl, (entries) => [...entries, added]);
}
export function groupRules(group: string, edit: (rules: readonly GroupRulePart[]) => readonly GroupRulePart[]): Change {
  return (parts) => ({
    ...parts,
    groups: parts.groups.map((each) => (each.name === group ? { ...each, rules: edit(each.rules) } : each)),
  });
}
export function withoutRule(name: string): Change {
  return (parts) => ({
    ...parts,
    groups: parts.groups.map((group) => ({ ...group, rules: group.rules.filter((rule) => rule.name !== name) })),
  });
}
export function routes(table: string, edit: (routes: readonly RoutePart[]) => readonly RoutePart[]): Change {
  return (parts) => ({
    ...parts,
    routeTables: parts.routeTables.map((each) => (each.id === table ? { ...each, routes: edit(each.routes) } : each)),
  });
}
export function interfaceOf(name: string, edit: Partial<InterfacePart>): Change {
  return (parts) => ({
    ...parts,
    interfaces: parts.interfaces.map((each) => (each.name === name ? { ...each, ...edit } : each)),
  });
}
