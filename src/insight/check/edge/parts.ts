/** Reading resolved properties, and finding resources: what all rules of this folder need. */
import type { Model, ModelResource } from '../../model/model.ts';

export type Properties = Readonly<Record<string, unknown>>;

/** An empty one for what is none. */
export function recordOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

/** One thing stands for a list of it, as in policies. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((one) => typeof one === 'string');
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** Templates may write booleans as text. */
export function isTrue(value: unknown): boolean {
  return String(value) === 'true';
}

export function ofType(model: Model, ...types: readonly string[]): readonly ModelResource[] {
  return [...model.resources.values()].filter(({ type }) => types.includes(type));
}

/** A resource by its type and what AWS calls it: a bucket and its policy have the same name. */
export function named(model: Model, type: string, physicalId: string): ModelResource | undefined {
  return ofType(model, type).find((one) => one.physicalId === physicalId);
}

/** `A`, `A and B`, `A, B and C` */
export function and(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** A name that no resource of the template has yet. */
export function freeName({ template }: Model, wanted: string): string {
  let name = wanted;
  for (let n = 2; name in template.resources; n++) name = `${wanted}${n}`;
  return name;
}
