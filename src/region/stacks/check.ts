/** What the sections of a template say of each other: references, conditions, attributes, order. */
import { pseudoParameters, references } from './references.ts';
import { isAwsType, typeSpec } from './spec.ts';
import { isMap, type Path, type ResourceDefinition, type Template, TemplateFault, type Value } from './template.ts';

/** Static checks, over both branches of every `Fn::If`. Throws `TemplateFault`. */
export function checkTemplate(template: Template): void {
  checkTypes(template);
  checkConditionsSection(template);
  const inResources: string[] = [];
  for (const [name, resource] of Object.entries(template.resources)) {
    const path = ['Resources', name];
    if (resource.Condition !== undefined && !Object.hasOwn(template.conditions, resource.Condition)) {
      throw new TemplateFault(
        `Template format error: Unresolved condition dependency ${resource.Condition} in the Resources block of the template`,
        [...path, 'Condition'],
      );
    }
    inResources.push(...resource.DependsOn.filter((other) => !Object.hasOwn(template.resources, other)));
    for (const [value, at] of resourceValues(resource, path)) inResources.push(...unresolved(template, value, at));
    checkPolicies(name, resource);
  }
  refuseUnresolved(inResources, 'Resources');
  const inOutputs: string[] = [];
  for (const [name, output] of Object.entries(template.outputs)) {
    const path = ['Outputs', name];
    if (output.Condition !== undefined && !Object.hasOwn(template.conditions, output.Condition)) {
      throw new TemplateFault(
        `Template format error: Unresolved condition dependency ${output.Condition} in the Outputs block of the template`,
        [...path, 'Condition'],
      );
    }
    inOutputs.push(...unresolved(template, output.Value, [...path, 'Value']));
    if (output.Export !== undefined)
      inOutputs.push(...unresolved(template, output.Export, [...path, 'Export', 'Name']));
  }
  refuseUnresolved(inOutputs, 'Outputs');
}

/** Everything in a resource that may contain functions. */
export function resourceValues(resource: ResourceDefinition, path: Path): [Value, Path][] {
  const { Properties, Metadata, CreationPolicy, UpdatePolicy } = resource;
  return [
    [Properties, [...path, 'Properties']],
    [Metadata, [...path, 'Metadata']],
    [CreationPolicy ?? {}, [...path, 'CreationPolicy']],
    [UpdatePolicy ?? {}, [...path, 'UpdatePolicy']],
  ];
}

function checkTypes({ resources }: Template): void {
  const unknown = Object.values(resources)
    .map(({ Type }) => Type)
    .filter((type) => !isAwsType(type) && !/^(Custom|Orrery)::[A-Za-z0-9_@:-]+$/.test(type));
  if (unknown.length > 0) {
    throw new TemplateFault(
      `Template format error: Unrecognized resource types: [${[...new Set(unknown)].join(', ')}]`,
      ['Resources', Object.entries(resources).find(([, { Type }]) => Type === unknown[0])?.[0] ?? ''],
    );
  }
}

function refuseUnresolved(names: readonly string[], block: string): void {
  if (names.length === 0) return;
  throw new TemplateFault(
    `Template format error: Unresolved resource dependencies [${[...new Set(names)].join(', ')}] in the ${block} block of the template`,
    [block],
  );
}

function unresolved(template: Template, value: Value, path: Path): string[] {
  checkIfConditions(template, value, path);
  const missing: string[] = [];
  for (const { name, attribute, path: at } of references(value, path)) {
    const resource = Object.hasOwn(template.resources, name) ? template.resources[name] : undefined;
    if (attribute === undefined) {
      if (!resource && !Object.hasOwn(template.parameters, name) && !pseudoParameters.includes(name))
        missing.push(name);
      continue;
    }
    if (!resource) {
      if (at.at(-1) === 'Fn::Sub') missing.push(name);
      else {
        throw new TemplateFault(`Template error: instance of Fn::GetAtt references undefined resource ${name}`, at);
      }
      continue;
    }
    const spec = typeSpec(resource.Type);
    // An attribute that is itself an expression is known only later; outputs of nested objects are asked with dots.
    const known =
      attribute === '' || !spec || spec.a.some((own) => own === attribute || attribute.startsWith(`${own}.`));
    if (!known) {
      throw new TemplateFault(
        `Template error: resource ${name} does not support attribute type ${attribute} in Fn::GetAtt`,
        at,
      );
    }
  }
  return missing;
}

function checkIfConditions(template: Template, value: Value, path: Path): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkIfConditions(template, item as Value, [...path, index]);
    return;
  }
  if (!isMap(value)) return;
  const argument = value['Fn::If'];
  if (Array.isArray(argument) && Object.keys(value).length === 1) {
    const [condition] = argument as readonly Value[];
    if (typeof condition === 'string' && !Object.hasOwn(template.conditions, condition)) {
      throw new TemplateFault(`Template error: unresolved condition dependency ${condition} in Fn::If`, path);
    }
  }
  for (const [key, child] of Object.entries(value)) checkIfConditions(template, child, [...path, key]);
}

function checkConditionsSection(template: Template): void {
  const missing: string[] = [];
  for (const [name, condition] of Object.entries(template.conditions)) {
    if (!/^[A-Za-z0-9]{1,255}$/.test(name)) {
      throw new TemplateFault(`Template format error: Conditions name ${name} is non alphanumeric.`, [
        'Conditions',
        name,
      ]);
    }
    for (const reference of references(condition, ['Conditions', name])) {
      const parameter = Object.hasOwn(template.parameters, reference.name) || pseudoParameters.includes(reference.name);
      if (!parameter || reference.attribute !== undefined) missing.push(reference.name);
    }
  }
  if (missing.length > 0) {
    throw new TemplateFault(
      `Template format error: Unresolved dependencies [${[...new Set(missing)].join(', ')}]. Cannot reference resources in the Conditions block of the template`,
      ['Conditions'],
    );
  }
}

const deletionPolicies = ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'];

function checkPolicies(name: string, { Type, DeletionPolicy, UpdateReplacePolicy }: ResourceDefinition): void {
  for (const [attribute, policy] of Object.entries({ DeletionPolicy, UpdateReplacePolicy })) {
    // With AWS::LanguageExtensions it may be an expression, checked when it is resolved.
    if (typeof policy !== 'string') continue;
    const path = ['Resources', name, attribute];
    checkPolicy(attribute, policy, Type, path);
  }
}

/** Of a policy's text. No type of the product can be snapshot. */
export function checkPolicy(attribute: string, policy: unknown, type: string, path: Path): void {
  const allowed = deletionPolicies.filter((one) => attribute === 'DeletionPolicy' || one !== 'RetainExceptOnCreate');
  if (typeof policy !== 'string' || !allowed.includes(policy)) {
    throw new TemplateFault(
      `Template error: Unrecognized ${attribute} ${String(policy)} for resource ${path[1]}`,
      path,
    );
  }
  if (policy === 'Snapshot') {
    throw new TemplateFault(`Template error: resource type ${type} does not support deletion policy Snapshot`, path);
  }
}
