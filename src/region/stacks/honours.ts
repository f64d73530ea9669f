/**
 * Which properties a resource type honours, and what that means for a value: what is outside is reported and never handed on,
 * and a test can watch that a type reads all it says and nothing else.
 */
import type { ResourceType } from './resource-type.ts';

/** Paths as a tree. `whole`: everything from here on down is covered. */
interface Node {
  whole: boolean;
  inert: boolean;
  readonly children: Map<string, Node>;
}

const trees = new WeakMap<ResourceType, Node>();

function tree(type: ResourceType): Node {
  const known = trees.get(type);
  if (known) return known;
  const root: Node = { whole: false, inert: false, children: new Map() };
  for (const path of type.honours) grow(root, path, false);
  for (const path of Object.keys(type.inert ?? {})) grow(root, path, true);
  trees.set(type, root);
  return root;
}

/** `Rules[].Status` is `Rules`, `[]`, `Status`; `*` stands for any key. */
export function pathSteps(path: string): string[] {
  return path.split('.').flatMap((step) => {
    const name = step.replace(/(\[\])+$/, '');
    return [name, ...Array.from({ length: (step.length - name.length) / 2 }, () => '[]')];
  });
}

function grow(root: Node, path: string, inert: boolean): void {
  let node = root;
  for (const step of pathSteps(path)) {
    let child = node.children.get(step);
    if (!child) {
      child = { whole: false, inert: false, children: new Map() };
      node.children.set(step, child);
    }
    node = child;
  }
  node.whole = true;
  node.inert ||= inert;
}

function childOf(node: Node, key: string, inList: boolean): Node | undefined {
  return inList ? node.children.get('[]') : (node.children.get(key) ?? node.children.get('*'));
}

type Place = readonly (string | number)[];

function isContainer(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/** The topmost properties of a value that the type does not know, as places in it. */
export function notModelled(type: ResourceType, properties: object): Place[] {
  const found: Place[] = [];
  const walk = (value: unknown, node: Node, path: Place) => {
    // A text or number where the type goes on to members: as much of it as there is is honoured.
    if (node.whole || !isContainer(value)) return;
    for (const [key, child] of Object.entries(value)) {
      const inList = Array.isArray(value);
      const next = childOf(node, key, inList);
      const at = [...path, inList ? Number(key) : key];
      if (next) walk(child, next, at);
      else found.push(at);
    }
  };
  walk(properties, tree(type), []);
  return found;
}

/** The properties without those that the type does not know. */
export function modelledPart<T extends object>(
  type: ResourceType,
  properties: T,
  inert: 'with inert' | 'without inert' = 'with inert',
): T {
  const without = inert === 'without inert';
  const take = (value: unknown, node: Node): unknown => {
    if (node.whole || !isContainer(value)) return value;
    if (Array.isArray(value)) {
      const next = childOf(node, '', true);
      return next ? value.map((item) => take(item, next)) : [];
    }
    const kept: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(value)) {
      const next = childOf(node, key, false);
      if (next && !(without && next.inert)) kept[key] = take(child, next);
    }
    return kept;
  };
  return take(properties, tree(type)) as T;
}

/** Which honoured paths of which types were read, over any number of stacks. */
export class ReadLog {
  readonly #read = new Map<string, Set<string>>();

  note(typeName: string, path: string): void {
    const paths = this.#read.get(typeName) ?? new Set<string>();
    paths.add(path);
    this.#read.set(typeName, paths);
  }

  /** Honoured paths that no resource handler looked at, by type; inert ones need not be. */
  neverRead(types: Readonly<Record<string, ResourceType>>): Record<string, string[]> {
    const result: Record<string, string[]> = {};
    for (const [name, type] of Object.entries(types)) {
      const read = this.#read.get(name);
      if (!read) continue;
      const missed = type.honours.filter((path) => !read.has(pathSteps(path).join('/')));
      if (missed.length > 0) result[name] = missed;
    }
    return result;
  }

  /** Types that were used at all. */
  types(): string[] {
    return [...this.#read.keys()];
  }
}

/**
 * A view of properties that notes each honoured path that is read, and throws when a member outside of `honours` and
 * `inert` is: a resource type that uses what it does not declare is a programmer's mistake.
 */
export function watched<T extends object>(typeName: string, type: ResourceType, properties: T, log: ReadLog): T {
  const view = (value: Record<string, unknown>, node: Node, path: readonly string[]): unknown =>
    new Proxy(value, {
      get(target, key) {
        const child = Reflect.get(target, key) as unknown;
        if (typeof key === 'symbol' || (Array.isArray(target) && !/^\d+$/.test(key))) return child;
        const inList = Array.isArray(target);
        const next = childOf(node, key, inList);
        const step = node.children.has(key) ? key : inList ? '[]' : node.children.has('*') ? '*' : key;
        const at = [...path, step];
        if (!next) {
          throw new Error(`${typeName} reads ${at.join('.')}, which is not among the properties it honours`);
        }
        if (next.whole) log.note(typeName, at.join('/'));
        return next.whole || !isContainer(child) ? child : view(child, next, at);
      },
    });
  return view(properties as Record<string, unknown>, tree(type), []) as T;
}

/** Copies plain data out of a watched view, so that what is kept or sent holds no view. */
export function unwatched<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => unwatched(item)) as T;
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unwatched(child)])) as T;
}
