/** The Conditions section: every condition by name, true or false. */
import { type ResolveContext, resolve, Unknown } from './resolve.ts';
import { isMap, type Path, TemplateFault, type Value } from './template.ts';

/**
 * Evaluates all conditions of a template. The context's own `conditions` are not looked at.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
 */
export function evaluateConditions(context: Omit<ResolveContext, 'conditions'>): Record<string, boolean> {
  const results: Record<string, boolean> = {};
  const underWay = new Set<string>();
  const { conditions } = context.template;
  const named = (name: string, path: Path): boolean => {
    const known = Object.hasOwn(results, name) ? results[name] : undefined;
    if (known !== undefined) return known;
    const definition = Object.hasOwn(conditions, name) ? conditions[name] : undefined;
    if (definition === undefined) {
      throw new TemplateFault(`Template error: unresolved condition dependency ${name} in Condition`, path);
    }
    if (underWay.has(name)) {
      throw new TemplateFault(
        `Template format error: Circular dependency between conditions: [${[...underWay].join(', ')}]`,
        path,
      );
    }
    underWay.add(name);
    const result = evaluateBoolean(definition, { ...context, conditions: results }, ['Conditions', name], named);
    underWay.delete(name);
    results[name] = result;
    return result;
  };
  for (const name of Object.keys(conditions)) named(name, ['Conditions', name]);
  return results;
}

const notBoolean =
  'Template format error: Conditions can only be boolean operations on parameters and other conditions';

/** Further functions that give true or false, as Rules have them. */
export type BooleanFunctions = Readonly<
  Record<string, (argument: Value, context: ResolveContext, path: Path) => boolean>
>;

/** A boolean expression: `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals`, `Condition`. */
export function evaluateBoolean(
  expression: Value,
  context: ResolveContext,
  path: Path,
  named: (name: string, path: Path) => boolean,
  more: BooleanFunctions = {},
): boolean {
  const keys = isMap(expression) ? Object.keys(expression) : [];
  const [name] = keys;
  if (!isMap(expression) || keys.length !== 1 || name === undefined) throw new TemplateFault(notBoolean, path);
  const argument = expression[name] as Value;
  const inner = [...path, name];
  const all = (list: readonly Value[]) =>
    list.map((item, index) => evaluateBoolean(item, context, [...inner, index], named, more));
  switch (name) {
    case 'Condition':
      if (typeof argument !== 'string') throw new TemplateFault(notBoolean, path);
      return named(argument, path);
    case 'Fn::And':
      return all(operands(argument, name, inner)).every(Boolean);
    case 'Fn::Or':
      return all(operands(argument, name, inner)).some(Boolean);
    case 'Fn::Not': {
      if (!Array.isArray(argument) || argument.length !== 1) {
        throw new TemplateFault('Template error: every Fn::Not object requires one boolean parameter.', inner);
      }
      return !all(argument)[0];
    }
    case 'Fn::Equals': {
      if (!Array.isArray(argument) || argument.length !== 2) {
        throw new TemplateFault(
          'Template error: every Fn::Equals object requires a list of 2 string parameters.',
          inner,
        );
      }
      const [a, b] = argument.map((item: Value, index) => resolve(item, context, [...inner, index]));
      for (const side of [a, b]) {
        if (side instanceof Unknown) {
          throw new TemplateFault(
            `Template error: Fn::Equals cannot compare ${side.what}, which is not known yet`,
            inner,
          );
        }
      }
      return comparable(a) === comparable(b);
    }
    default: {
      const run = Object.hasOwn(more, name) ? more[name] : undefined;
      if (!run) throw new TemplateFault(notBoolean, path);
      return run(argument, context, inner);
    }
  }
}

function operands(argument: Value, name: string, path: Path): readonly Value[] {
  if (Array.isArray(argument) && argument.length >= 2 && argument.length <= 10) return argument;
  throw new TemplateFault(
    `Template error: every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`,
    path,
  );
}

/** Numbers and booleans compare as the text that they are written with. */
export function comparable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' || typeof part === 'boolean' ? String(part) : part,
  );
}
