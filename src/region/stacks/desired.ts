/** What the plan wants of one resource, resolved against what the others have given. */
import { checkPolicy, resourceValues } from './check.ts';
import { replaceReferences } from './dynamic.ts';
import type { Plan } from './plan.ts';
import { ResourceFailure } from './reasons.ts';
import { type Incarnation, putResource } from './records.ts';
import { references } from './references.ts';
import { existingResource } from './request.ts';
import { type ResolveContext, resolve, resolveMap } from './resolve.ts';
import { invoker, operationOf, type Run, resourceOf } from './run.ts';
import { conform } from './spec.ts';
import { validationFailed } from './survey.ts';
import type { Path, ResourceDefinition } from './template.ts';

export type Desired = Omit<Incarnation, 'suffix' | 'physicalId' | 'ref' | 'attributes' | 'unmodelled'>;

/** Throws what fails the resource: a `TemplateFault`, or properties that the schema refuses. */
export async function desiredOf(
  run: Run,
  plan: Plan & { readonly live: ResolveContext },
  logicalId: string,
  definition: ResourceDefinition,
): Promise<Desired> {
  const path = ['Resources', logicalId];
  await refreshAttributes(run, plan, definition, path);
  const { live } = plan;
  const { properties, problems } = conform(
    definition.Type,
    resolveMap(definition.Properties, live, [...path, 'Properties']),
  );
  if (problems.length > 0) throw new ResourceFailure(validationFailed(logicalId, problems));
  const { CreationPolicy, UpdatePolicy } = definition;
  const policy = (attribute: 'DeletionPolicy' | 'UpdateReplacePolicy') => {
    const value = resolve(definition[attribute], live, [...path, attribute]) ?? 'Delete';
    checkPolicy(attribute, value, definition.Type, [...path, attribute]);
    return String(value);
  };
  return {
    type: definition.Type,
    properties,
    metadata: resolveMap(definition.Metadata, live, [...path, 'Metadata']),
    creationPolicy: CreationPolicy && resolveMap(CreationPolicy, live, [...path, 'CreationPolicy']),
    updatePolicy: UpdatePolicy && resolveMap(UpdatePolicy, live, [...path, 'UpdatePolicy']),
    deletionPolicy: policy('DeletionPolicy'),
    updateReplacePolicy: policy('UpdateReplacePolicy'),
    dependsOn: [...(plan.dependencies.get(logicalId) ?? [])],
  };
}

/** With dynamic references replaced: what a resource type is given. */
export function finalProperties(run: Run, properties: Readonly<Record<string, unknown>>) {
  return replaceReferences(properties, invoker(run.host, operationOf(run).caller));
}

/** Attributes that other resources change are asked anew before they are used. */
async function refreshAttributes(run: Run, plan: Plan, definition: ResourceDefinition, path: Path): Promise<void> {
  const asked = new Set<string>();
  const taken = (condition: string) => plan.conditions[condition];
  for (const [value, at] of resourceValues(definition, path)) {
    for (const { name, attribute } of references(value, at, taken)) if (attribute !== undefined) asked.add(name);
  }
  for (const name of asked) await refresh(run, name);
}

export async function refresh(run: Run, logicalId: string): Promise<void> {
  const record = resourceOf(run, logicalId);
  const type = record && run.options.types()[record.type];
  if (!type?.read || record?.physicalId === undefined) return;
  const attributes = await type.read(
    existingResource(run, {
      logicalId,
      type,
      typeName: record.type,
      incarnation: record,
      properties: record.properties,
    }),
  );
  putResource(run.host, {
    ...(resourceOf(run, logicalId) ?? record),
    attributes: { ...record.attributes, ...attributes },
  });
}
