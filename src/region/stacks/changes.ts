/**
 * What an update would do, resource by resource, as change sets tell it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
 */
import type { Plan } from './plan.ts';
import { type ResourceRecord, type StackHost, type StackRecord, stackResources } from './records.ts';
import { references } from './references.ts';
import { hasUnknown, type ResolveContext, type Resolved, resolve, resolveMap, Unknown } from './resolve.ts';
import { attributeOf } from './run.ts';
import { conform, type PropertyChange, propertyChanges, type RequiresRecreation, sameValue, typeSpec } from './spec.ts';
import type { ResourceTypes } from './survey.ts';
import { isMap, type Template, type Value } from './template.ts';

export interface ChangeDetail {
  readonly attribute: 'Properties' | 'Metadata' | 'Tags';
  /** The property, of `Properties`. */
  readonly name?: string;
  readonly recreation: RequiresRecreation;
  readonly evaluation: 'Static' | 'Dynamic';
  readonly source?: 'DirectModification' | 'ParameterReference' | 'ResourceReference' | 'ResourceAttribute';
  readonly causingEntity?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

export interface StackChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string | undefined;
  readonly replacement?: 'True' | 'False' | 'Conditional' | undefined;
  readonly policyAction?: 'Delete' | 'Retain' | 'ReplaceAndDelete' | 'ReplaceAndRetain' | undefined;
  readonly details: readonly ChangeDetail[];
}

export interface ChangeInput {
  readonly host: StackHost;
  readonly types: ResourceTypes;
  /** As it stands; left out for a stack that is still to be made. */
  readonly stack?: StackRecord | undefined;
  readonly oldTemplate?: Template | undefined;
  readonly plan: Plan;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Changes {
  readonly resources: readonly StackChange[];
  /** True when anything at all would differ: resources, outputs, tags or parameters. */
  readonly any: boolean;
}

export function stackChanges(input: ChangeInput): Changes {
  const { host, stack, plan } = input;
  const all = stack ? stackResources(host, stack.id) : [];
  const records = new Map(
    all.filter(({ status }) => status !== 'DELETE_COMPLETE').map((record) => [record.logicalId, record]),
  );
  /** Of what comes out new, references are not known yet. */
  const uncertain = new Set<string>();
  const live = expectedContext(plan, records, uncertain);
  const changes: StackChange[] = [];
  for (const logicalId of inOrderOfNeed(plan)) {
    const definition = plan.resources[logicalId];
    if (!definition) continue;
    const record = records.get(logicalId);
    if (!record) {
      uncertain.add(logicalId);
      changes.push({ action: 'Add', logicalId, type: definition.Type, details: [] });
      continue;
    }
    const change = modification(input, logicalId, record, live);
    if (!change) continue;
    if (change.replacement !== 'False') uncertain.add(logicalId);
    changes.push(change);
  }
  for (const record of records.values()) {
    if (Object.hasOwn(plan.resources, record.logicalId)) continue;
    const { logicalId, type, physicalId } = record;
    const policyAction = record.deletionPolicy.startsWith('Retain') ? 'Retain' : 'Delete';
    changes.push({ action: 'Remove', logicalId, type, physicalId, policyAction, details: [] });
  }
  return { resources: changes, any: changes.length > 0 || !stack || otherChanges(input, stack, live) };
}

function expectedContext(
  { context }: Plan,
  records: ReadonlyMap<string, ResourceRecord>,
  uncertain: ReadonlySet<string>,
): ResolveContext {
  return {
    ...context,
    ref(logicalId) {
      const record = records.get(logicalId);
      if (!record || uncertain.has(logicalId)) return new Unknown(logicalId);
      return record.ref ?? record.physicalId ?? new Unknown(logicalId);
    },
    attribute(logicalId, attribute, path) {
      const record = records.get(logicalId);
      return !record || uncertain.has(logicalId)
        ? new Unknown(`${logicalId}.${attribute}`)
        : attributeOf(record, attribute, path);
    },
  };
}

function inOrderOfNeed({ dependencies }: Plan): string[] {
  const order = new Set<string>();
  const visit = (name: string) => {
    if (order.has(name)) return;
    for (const need of dependencies.get(name) ?? []) visit(need);
    order.add(name);
  };
  for (const name of dependencies.keys()) visit(name);
  return [...order];
}

function modification(
  input: ChangeInput,
  logicalId: string,
  record: ResourceRecord,
  live: ResolveContext,
): StackChange | undefined {
  const { plan, types, stack, tags } = input;
  const definition = plan.resources[logicalId];
  if (!definition) return undefined;
  const path = ['Resources', logicalId];
  const type = Object.hasOwn(types, record.type) ? types[record.type] : undefined;
  const before = record.properties as Record<string, Resolved>;
  const after = conform(record.type, resolveMap(definition.Properties, live, [...path, 'Properties'])).properties;
  const changed = propertyChanges(record.type, before, after);
  const details = [...grouped(changed)].map(([name, some]) =>
    propertyDetail(input, logicalId, name, some, before, after),
  );
  const metadata = resolveMap(definition.Metadata, live, [...path, 'Metadata']);
  if (!sameValue(metadata, record.metadata)) {
    details.push({
      attribute: 'Metadata',
      recreation: 'Never',
      evaluation: hasUnknown(metadata) ? 'Dynamic' : 'Static',
      source: 'DirectModification',
    });
  }
  if (stack && !sameValue(stack.tags, tags) && typeSpec(record.type)?.p.Tags !== undefined) {
    details.push({ attribute: 'Tags', recreation: 'Never', evaluation: 'Static', source: 'DirectModification' });
  }
  const broken = record.status.endsWith('_FAILED');
  if (details.length === 0 && !broken) return undefined;
  const certain = changed.length > 0 && !hasUnknown(after) && type?.replaces?.(before, after);
  const replacement = certain || (changed.length > 0 && type && !type.update) ? 'True' : replacementOf(details);
  const policy = definition.UpdateReplacePolicy === 'Retain' ? 'ReplaceAndRetain' : 'ReplaceAndDelete';
  const { physicalId } = record;
  return {
    action: 'Modify',
    logicalId,
    type: record.type,
    physicalId,
    replacement,
    policyAction: replacement === 'True' ? policy : undefined,
    details,
  };
}

function grouped(changes: readonly PropertyChange[]): Map<string, PropertyChange[]> {
  const groups = new Map<string, PropertyChange[]>();
  for (const change of changes) {
    const name = String(change.path[0]);
    groups.set(name, [...(groups.get(name) ?? []), change]);
  }
  return groups;
}

function replacementOf(details: readonly ChangeDetail[]): 'True' | 'False' | 'Conditional' {
  if (details.some(({ recreation, evaluation }) => recreation === 'Always' && evaluation === 'Static')) return 'True';
  return details.some(({ recreation }) => recreation !== 'Never') ? 'Conditional' : 'False';
}

function propertyDetail(
  input: ChangeInput,
  logicalId: string,
  name: string,
  changes: readonly PropertyChange[],
  before: Readonly<Record<string, Resolved>>,
  after: Readonly<Record<string, Resolved>>,
): ChangeDetail {
  const rank = ['Never', 'Conditionally', 'Always'] as const;
  const recreation = rank[Math.max(...changes.map((change) => rank.indexOf(change.recreation)))] ?? 'Never';
  const value = after[name];
  return {
    attribute: 'Properties',
    name,
    recreation,
    evaluation: value !== undefined && hasUnknown(value) ? 'Dynamic' : 'Static',
    ...causeOf(input, logicalId, name),
    before: shownValue(before[name]),
    after: shownValue(value),
  };
}

/** What AWS shows for a value that the deployment will tell. */
const knownAfterApply = '{{changeSet:KNOWN_AFTER_APPLY}}';

function shownValue(value: Resolved | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object') {
    return value instanceof Unknown
      ? knownAfterApply
      : JSON.stringify(value, (_, part: unknown) => (part instanceof Unknown ? knownAfterApply : part));
  }
  return String(value);
}

/** Whether the template itself, a parameter or another resource is behind the change of a property. */
function causeOf(
  { plan, oldTemplate, stack }: ChangeInput,
  logicalId: string,
  name: string,
): Pick<ChangeDetail, 'source' | 'causingEntity'> {
  const now = plan.template.resources[logicalId]?.Properties[name];
  const was = oldTemplate?.resources[logicalId]?.Properties[name];
  if (now === undefined || !sameValue(now, was)) return { source: 'DirectModification' };
  for (const reference of references(now as Value, [], (condition) => plan.conditions[condition])) {
    if (reference.attribute !== undefined) {
      return { source: 'ResourceAttribute', causingEntity: `${reference.name}.${reference.attribute}` };
    }
    if (Object.hasOwn(plan.template.resources, reference.name)) {
      return { source: 'ResourceReference', causingEntity: reference.name };
    }
    if (stack && !sameValue(stack.parameters[reference.name], plan.parameters[reference.name])) {
      return { source: 'ParameterReference', causingEntity: reference.name };
    }
  }
  return { source: 'DirectModification' };
}

function otherChanges({ plan, tags }: ChangeInput, stack: StackRecord, live: ResolveContext): boolean {
  if (!sameValue(stack.tags, tags) || !sameValue(stack.parameters, plan.parameters)) return true;
  if (stack.status.endsWith('_FAILED')) return true;
  const outputs = Object.entries(plan.template.outputs).flatMap(([key, output]) => {
    if (output.Condition !== undefined && !plan.conditions[output.Condition]) return [];
    const text = (value: Value | undefined) => {
      const resolved = value === undefined ? undefined : resolve(value, live, ['Outputs', key]);
      return resolved === undefined || isMap(resolved) ? undefined : String(resolved);
    };
    const value = text(output.Value);
    return value === undefined ? [] : [[key, value, output.Description ?? null, text(output.Export) ?? null]];
  });
  const before = stack.outputs.map(({ key, value, description, exportName }) => [
    key,
    value,
    description ?? null,
    exportName ?? null,
  ]);
  return JSON.stringify(outputs.toSorted()) !== JSON.stringify(before.toSorted());
}
