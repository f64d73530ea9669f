/**
 * Text to `Template`: the sections are there, well formed and within CloudFormation's limits.
 * What the sections say of each other is checked by `check.ts`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
 */
import { parseParameterDefinition } from './parameter-definition.ts';
import { readSyntax } from './syntax.ts';
import {
  isMap,
  languageExtensions,
  type OutputDefinition,
  type Path,
  type ResourceDefinition,
  type RuleDefinition,
  scalarText,
  type Template,
  TemplateFault,
  type Value,
  type ValueMap,
} from './template.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const limits = { parameters: 200, resources: 500, outputs: 200, mappings: 200, mappingAttributes: 200 } as const;
const descriptionLimit = 1024;

const sections = [
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Rules',
  'Mappings',
  'Conditions',
  'Transform',
  'Hooks',
  'Resources',
  'Outputs',
];

const resourceAttributes = [
  'Type',
  'Properties',
  'Metadata',
  'DependsOn',
  'Condition',
  'CreationPolicy',
  'UpdatePolicy',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Description',
  // Read by nobody, but AWS's own examples of custom resources carry it:
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
  'Version',
];

/** The last few: a deployment looks at the same text a dozen times, and YAML is slow to read. */
const parsed = new Map<string, Template>();
const parsedLimit = 20;

/** Parses a template of at most 1 MB. Throws `TemplateFault` (`ValidationError`). */
export function parseTemplate(text: string): Template {
  const known = parsed.get(text);
  if (known) return known;
  const template = parseAnew(text);
  const [oldest] = parsed.keys();
  if (parsed.size >= parsedLimit && oldest !== undefined) parsed.delete(oldest);
  parsed.set(text, template);
  return template;
}

function parseAnew(text: string): Template {
  const { value: root, lineOf, repeated } = readSyntax(text);
  if (!isMap(root)) throw new TemplateFault('Template format error: unsupported structure.');
  const unknown = Object.keys(root).filter((name) => !sections.includes(name));
  if (unknown.length > 0) {
    throw new TemplateFault(`Invalid template property or properties [${unknown.join(', ')}]`, [unknown[0] ?? '']);
  }
  for (const [name, section] of Object.entries(root)) refuseNull(section, [name]);
  const version = root.AWSTemplateFormatVersion;
  if (version !== undefined && version !== '2010-09-09') {
    throw new TemplateFault('Template format error: unsupported value for AWSTemplateFormatVersion.', [
      'AWSTemplateFormatVersion',
    ]);
  }
  if ('Hooks' in root) {
    throw new TemplateFault('The Hooks section of a template is not modelled by Orrery.', ['Hooks']);
  }
  const description = scalarText(root.Description);
  if (root.Description !== undefined && description === undefined) {
    throw new TemplateFault('Template format error: every Description member must be a string.', ['Description']);
  }
  if ((description?.length ?? 0) > descriptionLimit) {
    throw new TemplateFault(`Template format error: 'Description' length is greater than ${descriptionLimit}.`, [
      'Description',
    ]);
  }
  const resources = section(root, 'Resources');
  if (Object.keys(resources).length === 0) {
    throw new TemplateFault('Template format error: At least one Resources member must be defined.', ['Resources']);
  }
  within('resources', resources);
  const parameters = section(root, 'Parameters');
  within('parameters', parameters);
  const outputs = section(root, 'Outputs');
  within('outputs', outputs);

  return {
    text,
    description,
    metadata: section(root, 'Metadata'),
    parameters: mapEntries(parameters, parseParameterDefinition),
    mappings: parseMappings(section(root, 'Mappings')),
    conditions: section(root, 'Conditions'),
    rules: mapEntries(section(root, 'Rules'), parseRule),
    transforms: parseTransforms(root.Transform),
    resources: mapEntries(resources, parseResource),
    outputs: mapEntries(outputs, parseOutput),
    lineOf,
    repeated,
  };
}

function section(root: ValueMap, name: string): ValueMap {
  const value = root[name];
  if (value === undefined) return {};
  if (!isMap(value)) throw new TemplateFault(`Template format error: [/${name}] must be an object.`, [name]);
  return value;
}

function within(kind: keyof typeof limits, members: ValueMap): void {
  const count = Object.keys(members).length;
  if (count > limits[kind]) {
    throw new TemplateFault(
      `Template format error: Number of ${kind}, ${count}, is greater than maximum allowed, ${limits[kind]}`,
    );
  }
}

function mapEntries<T>(members: ValueMap, parse: (name: string, value: Value) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, parse(name, value)]));
}

function refuseNull(value: Value, path: Path): void {
  if (value === null) {
    throw new TemplateFault(`[/${path.join('/')}] 'null' values are not allowed in templates`, path);
  }
  if (typeof value !== 'object') return;
  const children: Iterable<readonly [string | number, Value]> = isMap(value)
    ? Object.entries(value)
    : (value as readonly Value[]).entries();
  for (const [key, child] of children) refuseNull(child, [...path, key]);
}

function parseMappings(mappings: ValueMap): Template['mappings'] {
  within('mappings', mappings);
  for (const [name, mapping] of Object.entries(mappings)) {
    if (!isMap(mapping)) {
      throw new TemplateFault(`Template format error: [/Mappings/${name}] Every Mappings member must be a map`, [
        'Mappings',
        name,
      ]);
    }
    within('mappingAttributes', mapping);
    for (const [key, attributes] of Object.entries(mapping)) {
      const path = ['Mappings', name, key];
      if (!isMap(attributes)) {
        throw new TemplateFault(
          `Template format error: [/Mappings/${name}/${key}] Every Mappings attribute must be a map`,
          path,
        );
      }
      for (const [attribute, value] of Object.entries(attributes)) {
        const list = Array.isArray(value) && value.every((item) => scalarText(item) !== undefined);
        if (scalarText(value) === undefined && !list) {
          throw new TemplateFault('Template format error: Every Mappings attribute must be a String or a List.', [
            ...path,
            attribute,
          ]);
        }
      }
    }
  }
  return mappings as Template['mappings'];
}

function parseRule(name: string, rule: Value): RuleDefinition {
  const malformed = () => new TemplateFault(`Template format error: Rule ${name} is malformed.`, ['Rules', name]);
  if (!isMap(rule) || !Array.isArray(rule.Assertions)) throw malformed();
  const assertions = rule.Assertions.map((assertion: Value) => {
    if (!isMap(assertion) || assertion.Assert === undefined) throw malformed();
    const description = scalarText(assertion.AssertDescription);
    return { Assert: assertion.Assert, ...(description === undefined ? {} : { AssertDescription: description }) };
  });
  return { Assertions: assertions, ...(rule.RuleCondition === undefined ? {} : { RuleCondition: rule.RuleCondition }) };
}

function parseTransforms(value: Value | undefined): string[] {
  if (value === undefined) return [];
  const transforms = Array.isArray(value) ? value : [value];
  const names = transforms.map((transform: Value) =>
    isMap(transform) ? scalarText(transform.Name) : scalarText(transform),
  );
  const others = names.filter((name) => name !== languageExtensions);
  if (others.length > 0) {
    throw new TemplateFault(
      `The template's transforms are not modelled by Orrery: ${others.join(', ')}. Of the transforms it knows ${languageExtensions}.`,
      ['Transform'],
    );
  }
  return [languageExtensions];
}

const logicalId = /^[A-Za-z0-9]{1,255}$/;

function parseResource(name: string, resource: Value): ResourceDefinition {
  const path = ['Resources', name];
  if (name.startsWith('Fn::ForEach')) {
    throw new TemplateFault('Fn::ForEach is not modelled by Orrery.', path);
  }
  if (!logicalId.test(name)) {
    throw new TemplateFault(`Template format error: Resource name ${name} is non alphanumeric.`, path);
  }
  if (!isMap(resource)) {
    throw new TemplateFault('Template format error: Every Resources member must be an object.', path);
  }
  for (const attribute of Object.keys(resource)) {
    if (!resourceAttributes.includes(attribute)) {
      throw new TemplateFault(`Invalid template resource property '${attribute}'`, [...path, attribute]);
    }
  }
  if (typeof resource.Type !== 'string') {
    throw new TemplateFault(
      `Template format error: [/Resources/${name}] Every Resources object must contain a Type member.`,
      path,
    );
  }
  const { DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete' } = resource;
  return {
    Type: resource.Type,
    Properties: attributeMap(resource, name, 'Properties') ?? {},
    Metadata: attributeMap(resource, name, 'Metadata') ?? {},
    DependsOn: dependsOn(resource, path),
    Condition: condition(resource, path),
    CreationPolicy: attributeMap(resource, name, 'CreationPolicy'),
    UpdatePolicy: attributeMap(resource, name, 'UpdatePolicy'),
    DeletionPolicy,
    UpdateReplacePolicy,
  };
}

function attributeMap(resource: ValueMap, name: string, attribute: string): ValueMap | undefined {
  const value = resource[attribute];
  if (value === undefined) return undefined;
  if (!isMap(value)) {
    const path = ['Resources', name, attribute];
    if (attribute === 'Properties') {
      throw new TemplateFault(`Template format error: Properties property in ${name} must be an object`, path);
    }
    throw new TemplateFault(`Template format error: ${attribute} attribute in ${name} must be an object`, path);
  }
  return value;
}

function dependsOn(resource: ValueMap, path: Path): string[] {
  const { DependsOn } = resource;
  if (DependsOn === undefined) return [];
  const names: readonly Value[] = Array.isArray(DependsOn) ? DependsOn : [DependsOn];
  return names.map((name) => {
    if (typeof name === 'string') return name;
    throw new TemplateFault('Template format error: DependsOn must be a string or list of strings.', [
      ...path,
      'DependsOn',
    ]);
  });
}

function condition(member: ValueMap, path: Path): string | undefined {
  const { Condition } = member;
  if (Condition === undefined || typeof Condition === 'string') return Condition;
  throw new TemplateFault('Template format error: Every Condition member must be a string.', [...path, 'Condition']);
}

function parseOutput(name: string, output: Value): OutputDefinition {
  const path = ['Outputs', name];
  if (!logicalId.test(name)) {
    throw new TemplateFault(`Template format error: Outputs name '${name}' is non alphanumeric.`, path);
  }
  if (!isMap(output)) throw new TemplateFault(`Template format error: Output ${name} is malformed.`, path);
  if (output.Value === undefined) {
    throw new TemplateFault('Template format error: Every Outputs member must contain a Value object', path);
  }
  const description = scalarText(output.Description);
  if ((description?.length ?? 0) > descriptionLimit) {
    throw new TemplateFault(
      `Template format error: Description of output ${name} is longer than ${descriptionLimit} characters`,
      path,
    );
  }
  const { Export } = output;
  if (Export !== undefined && (!isMap(Export) || Export.Name === undefined)) {
    throw new TemplateFault(
      `Template format error: Output ${name} is malformed. The Export field must contain a Name`,
      path,
    );
  }
  return {
    Value: output.Value,
    Description: description,
    Condition: condition(output, path),
    Export: isMap(Export) ? Export.Name : undefined,
  };
}
