/** What a value of a template refers to: `Ref`, `Fn::GetAtt`, and the names in `Fn::Sub`. */
import { functionCall, isMap, type Path, TemplateFault, type Value } from './template.ts';

export interface Reference {
  /** A resource, a parameter or a pseudo parameter. */
  readonly name: string;
  /** Of `Fn::GetAtt`; a resource is meant then. */
  readonly attribute?: string;
  readonly path: Path;
}

export const pseudoParameters = [
  'AWS::AccountId',
  'AWS::NotificationARNs',
  'AWS::NoValue',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
];

/**
 * The references in a value. `taken` says which branch of an `Fn::If` counts: with it, only what will be evaluated is
 * looked at; without, both branches are.
 */
export function* references(
  value: Value,
  path: Path,
  taken?: (condition: string) => boolean | undefined,
): Generator<Reference> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* references(item as Value, [...path, index], taken);
    return;
  }
  if (!isMap(value)) return;
  const call = functionCall(value);
  if (!call) {
    for (const [key, child] of Object.entries(value)) yield* references(child, [...path, key], taken);
    return;
  }
  const [name, argument] = call;
  const inner = [...path, name];
  if (name === 'Ref') {
    if (typeof argument !== 'string') throw refMistake(path);
    yield { name: argument, path };
  } else if (name === 'Fn::GetAtt') {
    const [resource, attribute] = getAttParts(argument, path);
    // The name of the attribute may itself be a Ref.
    if (typeof attribute !== 'string') yield* references(attribute, [...inner, 1], taken);
    yield { name: resource, attribute: typeof attribute === 'string' ? attribute : '', path };
  } else if (name === 'Fn::Sub') {
    yield* subReferences(argument, inner, taken);
  } else if (name === 'Fn::If' && taken && Array.isArray(argument)) {
    const [condition, whenTrue, whenFalse] = argument as readonly Value[];
    const branch = typeof condition === 'string' ? taken(condition) : undefined;
    if (branch !== false && whenTrue !== undefined) yield* references(whenTrue, [...inner, 1], taken);
    if (branch !== true && whenFalse !== undefined) yield* references(whenFalse, [...inner, 2], taken);
  } else {
    yield* references(argument, inner, taken);
  }
}

export function refMistake(path: Path): TemplateFault {
  return new TemplateFault('Template error: every Ref object must have a single String value.', path);
}

/** Resource and attribute of an `Fn::GetAtt`, of which the latter may be an expression. */
export function getAttParts(argument: Value, path: Path): readonly [string, Value] {
  if (typeof argument === 'string') {
    const dot = argument.indexOf('.');
    if (dot > 0 && dot < argument.length - 1) return [argument.slice(0, dot), argument.slice(dot + 1)];
  }
  if (Array.isArray(argument) && argument.length >= 2) {
    const [resource, ...rest] = argument as readonly Value[];
    const attribute = rest.every((part) => typeof part === 'string') ? rest.join('.') : rest[0];
    if (typeof resource === 'string' && resource !== '' && attribute !== undefined && attribute !== '') {
      if (rest.length === 1 || typeof attribute === 'string') return [resource, attribute];
    }
  }
  throw new TemplateFault(
    'Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    path,
  );
}

/** `${Name}` in the text of an `Fn::Sub`; `${!Name}` stands for itself. */
export const subVariable = /\$\{([^}]*)\}/g;

export function subMistake(path: Path): TemplateFault {
  return new TemplateFault(
    "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    path,
  );
}

export function subParts(argument: Value, path: Path): readonly [string, Readonly<Record<string, Value>>] {
  if (typeof argument === 'string') return [argument, {}];
  if (Array.isArray(argument) && (argument.length === 1 || argument.length === 2)) {
    const [text, variables = {}] = argument as readonly Value[];
    if (typeof text === 'string' && isMap(variables)) return [text, variables];
  }
  throw subMistake(path);
}

function* subReferences(argument: Value, path: Path, taken?: (condition: string) => boolean | undefined) {
  const [text, variables] = subParts(argument, path);
  for (const [, expression = ''] of text.matchAll(subVariable)) {
    const name = expression.trim();
    if (name.startsWith('!') || name in variables) continue;
    if (!/^[A-Za-z0-9_.:]+$/.test(name)) {
      throw new TemplateFault(
        'Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
        path,
      );
    }
    const dot = name.indexOf('.');
    if (dot < 0) yield { name, path };
    else yield { name: name.slice(0, dot), attribute: name.slice(dot + 1), path };
  }
  for (const [name, value] of Object.entries(variables)) yield* references(value, [...path, 1, name], taken);
}
