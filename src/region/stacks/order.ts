/** Which resource waits for which, and work done in that order with as much at once as the order allows. */
import { resourceValues } from './check.ts';
import { type Reference, references } from './references.ts';
import { type ResourceDefinition, type Template, TemplateFault } from './template.ts';

/** By logical id, the logical ids that must come first. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/** The resources that exist under these conditions. */
export function activeResources(
  { resources }: Template,
  conditions: Readonly<Record<string, boolean>>,
): Record<string, ResourceDefinition> {
  return Object.fromEntries(
    Object.entries(resources).filter(([, { Condition }]) => Condition === undefined || conditions[Condition]),
  );
}

export class CircularDependency extends TemplateFault {
  readonly circle: readonly string[];

  constructor(circle: readonly string[]) {
    super(`Circular dependency between resources: [${circle.join(', ')}]`, ['Resources', circle[0] ?? '']);
    this.circle = circle;
  }
}

/** Dependencies among the active resources. Throws when one needs what is not there, or when they go round in a circle. */
export function dependencies(template: Template, conditions: Readonly<Record<string, boolean>>): Dependencies {
  const active = activeResources(template, conditions);
  const taken = (condition: string) => conditions[condition];
  const graph = new Map<string, Set<string>>();
  const missing: Reference[] = [];
  const add = (needs: Set<string>, reference: Reference) => {
    if (Object.hasOwn(active, reference.name)) needs.add(reference.name);
    else if (Object.hasOwn(template.resources, reference.name)) missing.push(reference);
  };
  for (const [name, resource] of Object.entries(active)) {
    const needs = new Set<string>();
    // DependsOn a resource whose condition is false is dropped, as on AWS.
    for (const other of resource.DependsOn) if (Object.hasOwn(active, other)) needs.add(other);
    for (const [value, path] of resourceValues(resource, ['Resources', name])) {
      for (const reference of references(value, path, taken)) add(needs, reference);
    }
    graph.set(name, needs);
  }
  refuseMissing(missing, 'Resources');
  for (const [name, output] of Object.entries(template.outputs)) {
    if (output.Condition !== undefined && !conditions[output.Condition]) continue;
    const needs = new Set<string>();
    for (const value of [output.Value, output.Export ?? '']) {
      for (const reference of references(value, ['Outputs', name], taken)) add(needs, reference);
    }
  }
  refuseMissing(missing, 'Outputs');
  const circle = findCircle(graph);
  if (circle.length > 0) {
    throw new CircularDependency(circle);
  }
  return graph;
}

function refuseMissing(missing: readonly Reference[], block: string): void {
  const [first] = missing;
  if (!first) return;
  const names = [...new Set(missing.map(({ name }) => name))].join(', ');
  throw new TemplateFault(
    `Template format error: Unresolved resource dependencies [${names}] in the ${block} block of the template`,
    first.path,
  );
}

/** The resources that are part of a circle, or lie between two: what is left when all that can be ordered is taken away. */
function findCircle(graph: Dependencies): string[] {
  const firstLeft = unordered(graph);
  // From the other side, so that those which only depend on the circle are left out as well.
  const inner = new Map([...graph].filter(([name]) => firstLeft.has(name)));
  return [...unordered(reversed(inner))];
}

function unordered(graph: Dependencies): Set<string> {
  const neededBy = reversed(graph);
  const open = new Map([...graph].map(([name, needs]) => [name, [...needs].filter((need) => graph.has(need)).length]));
  const ready = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    open.delete(name);
    for (const other of neededBy.get(name) ?? []) {
      const count = (open.get(other) ?? 0) - 1;
      open.set(other, count);
      if (count === 0) ready.push(other);
    }
  }
  return new Set(open.keys());
}

/** Turns "needs" into "is needed by", for deletion. */
export function reversed(graph: Dependencies): Map<string, Set<string>> {
  const result = new Map<string, Set<string>>([...graph.keys()].map((name) => [name, new Set()]));
  for (const [name, needs] of graph) for (const need of needs) result.get(need)?.add(name);
  return result;
}

/**
 * Runs `work` for every name as soon as all that it needs is done. What `halted` holds back is not begun.
 * A name whose needs were not all done (`work` gave false, or was not begun) is not begun. Resolves when nothing runs any more.
 */
export async function inOrder(
  graph: Dependencies,
  work: (name: string) => Promise<boolean>,
  halted: (name: string) => boolean = () => false,
): Promise<void> {
  const done = new Set<string>();
  const waiting = new Set(graph.keys());
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (;;) {
    if (failures.length === 0) {
      for (const name of [...waiting]) {
        if (![...(graph.get(name) ?? [])].every((need) => done.has(need) || !graph.has(need))) continue;
        if (halted(name)) continue;
        waiting.delete(name);
        const run = work(name).then(
          (finished) => {
            if (finished) done.add(name);
          },
          (error: unknown) => {
            failures.push(error);
          },
        );
        const tracked = run.finally(() => running.delete(tracked));
        running.add(tracked);
      }
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  // What `work` throws is no failure of a resource: it stops everything.
  if (failures.length > 0) throw failures[0];
}
