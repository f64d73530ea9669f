/**
 * The intrinsic functions: a value of a template, with everything it refers to put in.
 * Before a stack runs, what resources will give is not known yet: such parts come out as `Unknown`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
import { cidrBlocks } from './cidr.ts';
import { getAttParts, refMistake, subParts, subVariable } from './references.ts';
import {
  functionCall,
  functionNames,
  isMap,
  languageExtensions,
  type Path,
  scalarText,
  type Template,
  TemplateFault,
  type Value,
} from './template.ts';

/** Something that only a running stack can tell, `what` being what it comes from: `Vpc` or `Vpc.CidrBlock`. */
export class Unknown {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

export type Resolved =
  | string
  | number
  | boolean
  | null
  | Unknown
  | readonly Resolved[]
  | { readonly [key: string]: Resolved };

export interface PseudoParameters {
  readonly 'AWS::AccountId': string;
  readonly 'AWS::NotificationARNs': readonly string[];
  readonly 'AWS::Partition': string;
  readonly 'AWS::Region': string;
  readonly 'AWS::StackId': string | Unknown;
  readonly 'AWS::StackName': string;
  readonly 'AWS::URLSuffix': string;
}

/** What references are looked up in. */
export interface ResolveContext {
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string | readonly string[] | Unknown>>;
  readonly pseudo: PseudoParameters;
  /** By name; see `evaluateConditions`. */
  readonly conditions: Readonly<Record<string, boolean>>;
  zonesOf(region: string): readonly string[];
  /** The value of another stack's export; throws when there is none. */
  exported(name: string): string | Unknown;
  /** What `Ref` of a resource gives. */
  ref(logicalId: string, path: Path): Resolved;
  attribute(logicalId: string, attribute: string, path: Path): Resolved;
}

const noValue = Symbol('AWS::NoValue');
type Outcome = Resolved | typeof noValue;

/** The value with its functions carried out; undefined when it is `AWS::NoValue`. Throws `TemplateFault`. */
export function resolve(value: Value, context: ResolveContext, path: Path = []): Resolved | undefined {
  const outcome = evaluate(value, context, path);
  return outcome === noValue ? undefined : outcome;
}

/** Of an object: every member resolved, those that are `AWS::NoValue` left out. */
export function resolveMap(
  value: { readonly [key: string]: Value },
  context: ResolveContext,
  path: Path,
): Record<string, Resolved> {
  const map: Record<string, Resolved> = {};
  for (const [key, child] of Object.entries(value)) {
    const outcome = evaluate(child, context, [...path, key]);
    if (outcome !== noValue) map[key] = outcome;
  }
  return map;
}

/** True when some part is only known once the stack runs. */
export function hasUnknown(value: Resolved): boolean {
  if (value instanceof Unknown) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((child) => hasUnknown(child as Resolved));
}

function evaluate(value: Value, context: ResolveContext, path: Path): Outcome {
  if (Array.isArray(value)) {
    return value
      .map((item: Value, index) => evaluate(item, context, [...path, index]))
      .filter((item): item is Resolved => item !== noValue);
  }
  if (!isMap(value)) return value as Resolved;
  const call = functionCall(value);
  if (!call) return resolveMap(value, context, path);
  const [name, argument] = call;
  const run = functions[name];
  if (run) return run(argument, context, [...path, name]);
  if (onlyInConditions.includes(name)) {
    throw new TemplateFault(`Template error: ${name} cannot be partially collapsed`, path);
  }
  if (notModelled.includes(name) || name.startsWith('Fn::ForEach')) {
    throw new TemplateFault(`${name} is not modelled by Orrery.`, path);
  }
  throw new TemplateFault(
    `Template error: Encountered unsupported function: ${name} Supported functions are: [${functionNames.join(', ')}]`,
    path,
  );
}

const notModelled = ['Fn::Transform', 'Fn::RefAll', 'Fn::ValueOf', 'Fn::ValueOfAll'];
const onlyInConditions = ['Fn::And', 'Fn::Or', 'Fn::Not', 'Fn::Equals'];

type IntrinsicFunction = (argument: Value, context: ResolveContext, path: Path) => Outcome;

/** An argument's own functions are carried out first. */
function known(value: Value | undefined, context: ResolveContext, path: Path, mistake: string): Resolved {
  const outcome = value === undefined ? noValue : evaluate(value, context, path);
  if (outcome === noValue) throw new TemplateFault(mistake, path);
  return outcome;
}

function textOf(value: Resolved, path: Path, mistake: string): string {
  const text = scalarText(value as Value);
  if (text === undefined) throw new TemplateFault(mistake, path);
  return text;
}

function listArgument(argument: Value, path: Path, lengths: readonly number[], mistake: string): readonly Value[] {
  if (Array.isArray(argument) && lengths.includes(argument.length)) return argument;
  throw new TemplateFault(mistake, path);
}

const join =
  'Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.';
const split =
  'Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.';
const select = 'Template error: Fn::Select requires a list argument with two elements: an integer index and a list';
const selectIndex = 'Template error: Fn::Select requires a list argument with a valid index value as its first element';
const findInMap =
  'Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value';
const base64 = 'Template error: every Fn::Base64 object must have a String-typed value.';
const getAzs = 'Template error: every Fn::GetAZs object must have a String-typed value.';
const cidr =
  'Template error: every Fn::Cidr object requires three parameters, an ipBlock, a count from 1 to 256 and the number of subnet bits';
const importValue = 'Template error: every Fn::ImportValue object must have a String-typed value.';

const functions: Readonly<Record<string, IntrinsicFunction>> = {
  Ref(argument, context, path) {
    if (typeof argument !== 'string') throw refMistake(path);
    return reference(argument, context, path);
  },

  'Fn::GetAtt'(argument, context, path) {
    const [logicalId, expression] = getAttParts(argument, path);
    const attribute = known(expression, context, path, 'Template error: the attribute of Fn::GetAtt is empty');
    if (attribute instanceof Unknown) return attribute;
    return context.attribute(
      logicalId,
      textOf(attribute, path, 'Template error: every Fn::GetAtt attribute must be a string'),
      path,
    );
  },

  'Fn::Sub'(argument, context, path) {
    const [text, variables] = subParts(argument, path);
    let unknown: Unknown | undefined;
    const substitute = (_: string, expression: string) => {
      const name = expression.trim();
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      const dot = name.indexOf('.');
      let value: Resolved;
      if (Object.hasOwn(variables, name)) {
        value = known(
          variables[name],
          context,
          [...path, 1, name],
          `Template error: Fn::Sub variable ${name} has no value`,
        );
      } else if (dot < 0) {
        const outcome = reference(name, context, path);
        if (outcome === noValue) throw new TemplateFault(`Template error: Fn::Sub variable ${name} has no value`, path);
        value = outcome;
      } else {
        value = context.attribute(name.slice(0, dot), name.slice(dot + 1), path);
      }
      if (value instanceof Unknown) {
        unknown ??= value;
        return '';
      }
      return textOf(value, path, `Template error: the value of \${${name}} in Fn::Sub must be a string`);
    };
    const result = text.replace(subVariable, substitute);
    return unknown ?? result;
  },

  'Fn::Join'(argument, context, path) {
    const [delimiter, list] = listArgument(argument, path, [2], join);
    const separator = textOf(known(delimiter, context, path, join), path, join);
    const items = known(list, context, [...path, 1], join);
    if (items instanceof Unknown) return items;
    if (!Array.isArray(items)) throw new TemplateFault(join, path);
    const unknown = (items as readonly Resolved[]).find((item) => item instanceof Unknown);
    return unknown ?? items.map((item: Resolved) => textOf(item, path, join)).join(separator);
  },

  'Fn::Split'(argument, context, path) {
    const [delimiter, source] = listArgument(argument, path, [2], split);
    const separator = textOf(known(delimiter, context, path, split), path, split);
    const text = known(source, context, [...path, 1], split);
    return text instanceof Unknown ? text : textOf(text, path, split).split(separator);
  },

  'Fn::Select'(argument, context, path) {
    const [position, list] = listArgument(argument, path, [2], select);
    const index = known(position, context, path, selectIndex);
    if (index instanceof Unknown) return index;
    const digits = textOf(index, path, selectIndex);
    if (!/^-?\d+$/.test(digits)) throw new TemplateFault(selectIndex, path);
    const items = known(list, context, [...path, 1], select);
    if (items instanceof Unknown) return items;
    if (!Array.isArray(items)) throw new TemplateFault(select, path);
    const item = (items as readonly Resolved[])[Number(digits)];
    if (item === undefined) {
      throw new TemplateFault(`Template error: Fn::Select cannot select nonexistent value at index ${digits}`, path);
    }
    return item;
  },

  'Fn::FindInMap'(argument, context, path) {
    const list = listArgument(argument, path, [3, 4], findInMap);
    const fallback = mappingDefault(list, context, path);
    const names: string[] = [];
    for (const [index, part] of list.slice(0, 3).entries()) {
      const name = known(part, context, [...path, index], findInMap);
      if (name instanceof Unknown) return name;
      names.push(textOf(name, path, findInMap));
    }
    const [map = '', key = '', attribute = ''] = names;
    const mapping = own(context.template.mappings, map);
    if (!mapping && fallback === undefined) {
      throw new TemplateFault(
        `Template error: Mapping named '${map}' is not present in the 'Mappings' section of template.`,
        path,
      );
    }
    const found = own(own(mapping, key), attribute);
    if (found !== undefined) return found as Resolved;
    if (fallback !== undefined) return evaluate(fallback, context, [...path, 3, 'DefaultValue']);
    throw new TemplateFault(`Template error: Unable to get mapping for ${map}::${key}::${attribute}`, path);
  },

  // Only the branch that is taken is looked at: the other may refer to what does not exist.
  'Fn::If'(argument, context, path) {
    if (!Array.isArray(argument) || typeof argument[0] !== 'string') {
      throw new TemplateFault(
        'Template error: Fn::If requires a list argument with the first element being a condition',
        path,
      );
    }
    if (argument.length !== 3) {
      throw new TemplateFault('Template error: Fn::If requires a list argument with three elements', path);
    }
    const [condition, whenTrue, whenFalse] = argument as unknown as readonly [string, Value, Value];
    const holds = own(context.conditions, condition);
    if (holds === undefined) {
      throw new TemplateFault(`Template error: unresolved condition dependency ${condition} in Fn::If`, path);
    }
    return holds ? evaluate(whenTrue, context, [...path, 1]) : evaluate(whenFalse, context, [...path, 2]);
  },

  'Fn::Base64'(argument, context, path) {
    const value = known(argument, context, path, base64);
    return value instanceof Unknown ? value : Buffer.from(textOf(value, path, base64), 'utf8').toString('base64');
  },

  'Fn::GetAZs'(argument, context, path) {
    const value = known(argument, context, path, getAzs);
    if (value instanceof Unknown) return value;
    return context.zonesOf(textOf(value, path, getAzs) || context.pseudo['AWS::Region']);
  },

  'Fn::Cidr'(argument, context, path) {
    const parts = listArgument(argument, path, [3], cidr).map((part, index) =>
      known(part, context, [...path, index], cidr),
    );
    const unknown = parts.find((part) => part instanceof Unknown);
    if (unknown !== undefined) return unknown;
    const [block = '', count = '', bits = ''] = parts.map((part) => textOf(part, path, cidr));
    const blocks = cidrBlocks(block, Number(count), Number(bits));
    if (!blocks) throw new TemplateFault(`${cidr}: ${block}, ${count}, ${bits}`, path);
    return blocks;
  },

  'Fn::ImportValue'(argument, context, path) {
    const name = known(argument, context, path, importValue);
    return name instanceof Unknown ? name : context.exported(textOf(name, path, importValue));
  },

  'Fn::Length'(argument, context, path) {
    needsExtensions('Fn::Length', context, path);
    const list = known(argument, context, path, 'Template error: Fn::Length requires a list');
    if (list instanceof Unknown) return list;
    if (!Array.isArray(list)) throw new TemplateFault('Template error: Fn::Length requires a list', path);
    return list.length;
  },

  'Fn::ToJsonString'(argument, context, path) {
    needsExtensions('Fn::ToJsonString', context, path);
    const mistake = 'Template error: Fn::ToJsonString requires an object or a list';
    const value = known(argument, context, path, mistake);
    if (typeof value !== 'object') throw new TemplateFault(mistake, path);
    return hasUnknown(value) ? new Unknown('Fn::ToJsonString') : JSON.stringify(value);
  },
};

function needsExtensions(name: string, { template }: ResolveContext, path: Path): void {
  if (template.transforms.includes(languageExtensions)) return;
  throw new TemplateFault(
    `Template error: Encountered unsupported function: ${name} Supported functions are: [${functionNames.join(', ')}]`,
    path,
  );
}

function mappingDefault(list: readonly Value[], context: ResolveContext, path: Path): Value | undefined {
  const last = list[3];
  if (last === undefined) return undefined;
  const extended = context.template.transforms.includes(languageExtensions);
  if (!extended || !isMap(last) || last.DefaultValue === undefined) throw new TemplateFault(findInMap, path);
  return last.DefaultValue;
}

/** Names come from the template: never those of Object's own prototype. */
function own<T>(map: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

function reference(name: string, context: ResolveContext, path: Path): Outcome {
  if (name === 'AWS::NoValue') return noValue;
  const pseudo = own(context.pseudo as unknown as Record<string, Resolved>, name);
  if (pseudo !== undefined) return pseudo;
  const parameter = own(context.parameters, name);
  return parameter !== undefined ? (parameter as Resolved) : context.ref(name, path);
}
