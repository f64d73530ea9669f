/** What the sections of a template say of each other: references, conditions, attributes, order. */
import { pseudoParameters, references } from './references.ts';
import { isAwsType, typeSpec } from './spec.ts';
import { isMap, type Path, type ResourceDefinition, type Template, TemplateFault, type Value } from './template.ts';

/** Static checks, over both branches of every `Fn::If`. Throws the `TemplateFault` that CloudFormation answers with. */
export function checkTemplate(template: Template): void {
  const mistakes = templateMistakes(template);
  const [first] = mistakes;
  if (!first) return;
  const { fault, unresolved } = first;
  if (!unresolved) throw fault;
  // Of one block all are told at once.
  const names = mistakes.flatMap((one) => (one.unresolved?.block === unresolved.block ? [one.unresolved.name] : []));
  throw unresolvedFault(names, unresolved.block, fault.path);
}

export interface TemplateMistake {
  readonly fault: TemplateFault;
  /** A reference that leads nowhere. */
  readonly unresolved?: { readonly name: string; readonly block: string };
}

/** Every mistake by itself, in the order in which CloudFormation finds them. */
export function templateMistakes(template: Template): readonly TemplateMistake[] {
  const mistakes: TemplateMistake[] = [];
  const attempt = (check: () => void) => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      mistakes.push({ fault: error });
    }
  };
  const nowhere = (names: readonly LedNowhere[], block: string) => {
    for (const { name, path } of names) {
      mistakes.push({ fault: unresolvedFault([name], block, path), unresolved: { name, block } });
    }
  };
  checkTypes(template, mistakes);
  attempt(() => checkConditionsSection(template));
  const inResources: LedNowhere[] = [];
  for (const [name, resource] of Object.entries(template.resources)) {
    const path = ['Resources', name];
    attempt(() => checkCondition(template, resource.Condition, path, 'Resources'));
    for (const other of resource.DependsOn) {
      if (!Object.hasOwn(template.resources, other)) inResources.push({ name: other, path: [...path, 'DependsOn'] });
    }
    for (const [value, at] of resourceValues(resource, path)) {
      attempt(() => {
        for (const one of unresolved(template, value, at)) inResources.push(one);
      });
    }
    attempt(() => checkPolicies(name, resource));
  }
  nowhere(inResources, 'Resources');
  const inOutputs: LedNowhere[] = [];
  for (const [name, output] of Object.entries(template.outputs)) {
    const path = ['Outputs', name];
    attempt(() => {
      checkCondition(template, output.Condition, path, 'Outputs');
      inOutputs.push(...unresolved(template, output.Value, [...path, 'Value']));
      if (output.Export !== undefined)
        inOutputs.push(...unresolved(template, output.Export, [...path, 'Export', 'Name']));
    });
  }
  nowhere(inOutputs, 'Outputs');
  return mistakes;
}

interface LedNowhere {
  readonly name: string;
  readonly path: Path;
}

function unresolvedFault(names: readonly string[], block: string, path: Path | undefined): TemplateFault {
  return new TemplateFault(
    `Template format error: Unresolved resource dependencies [${[...new Set(names)].join(', ')}] in the ${block} block of the template`,
    path,
  );
}

function checkCondition(template: Template, condition: string | undefined, path: Path, block: string): void {
  if (condition === undefined || Object.hasOwn(template.conditions, condition)) return;
  throw new TemplateFault(
    `Template format error: Unresolved condition dependency ${condition} in the ${block} block of the template`,
    [...path, 'Condition'],
  );
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

/** Which the resource schemas do not list; the last one CDK writes into every template, for its statistics. */
const otherTypes = /^((Custom|Orrery)::[A-Za-z0-9_@:-]+|AWS::CDK::Metadata)$/;

/** CloudFormation names the types all at once. */
function checkTypes({ resources }: Template, mistakes: TemplateMistake[]): void {
  const unknown = Object.entries(resources).filter(([, { Type }]) => !isAwsType(Type) && !otherTypes.test(Type));
  const [first] = unknown;
  if (!first) return;
  const types = [...new Set(unknown.map(([, { Type }]) => Type))].join(', ');
  mistakes.push({
    fault: new TemplateFault(`Template format error: Unrecognized resource types: [${types}]`, ['Resources', first[0]]),
  });
}

function unresolved(template: Template, value: Value, path: Path): LedNowhere[] {
  checkIfConditions(template, value, path);
  const missing: LedNowhere[] = [];
  for (const { name, attribute, path: at } of references(value, path)) {
    const resource = Object.hasOwn(template.resources, name) ? template.resources[name] : undefined;
    if (attribute === undefined) {
      if (!resource && !Object.hasOwn(template.parameters, name) && !pseudoParameters.includes(name))
        missing.push({ name, path: at });
      continue;
    }
    if (!resource) {
      if (at.at(-1) === 'Fn::Sub') missing.push({ name, path: at });
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
    // "&" is in AWS's own VPC quick start, "-" in its WordPress reference, which CloudFormation takes.
    if (!/^[A-Za-z0-9&-]{1,255}$/.test(name)) {
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

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html; none of them is modelled. */
const snapshotTypes = [
  'AWS::DocDB::DBCluster',
  'AWS::EC2::Volume',
  'AWS::ElastiCache::CacheCluster',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::Neptune::DBCluster',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::Redshift::Cluster',
];

function checkPolicies(name: string, { Type, DeletionPolicy, UpdateReplacePolicy }: ResourceDefinition): void {
  for (const [attribute, policy] of Object.entries({ DeletionPolicy, UpdateReplacePolicy })) {
    // With AWS::LanguageExtensions it may be an expression, checked when it is resolved.
    if (typeof policy !== 'string') continue;
    const path = ['Resources', name, attribute];
    checkPolicy(attribute, policy, Type, path);
  }
}

/** Of a policy's text. */
export function checkPolicy(attribute: string, policy: unknown, type: string, path: Path): void {
  const allowed = deletionPolicies.filter((one) => attribute === 'DeletionPolicy' || one !== 'RetainExceptOnCreate');
  if (typeof policy !== 'string' || !allowed.includes(policy)) {
    throw new TemplateFault(
      `Template error: Unrecognized ${attribute} ${String(policy)} for resource ${path[1]}`,
      path,
    );
  }
  if (policy === 'Snapshot' && !snapshotTypes.includes(type)) {
    throw new TemplateFault(`Template error: resource type ${type} does not support deletion policy Snapshot`, path);
  }
}
