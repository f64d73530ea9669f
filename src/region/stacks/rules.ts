/**
 * The Rules section: assertions on the parameters, checked before anything starts.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
 */
import { type BooleanFunctions, comparable, evaluateBoolean } from './conditions.ts';
import { type ResolveContext, resolve } from './resolve.ts';
import { type Path, TemplateFault, type Value } from './template.ts';

/** Throws `ValidationError` with the description of every assertion that does not hold. */
export function checkRules(context: ResolveContext): void {
  const named = (name: string, path: Path) => {
    const holds = Object.hasOwn(context.conditions, name) ? context.conditions[name] : undefined;
    if (holds !== undefined) return holds;
    throw new TemplateFault(`Template error: unresolved condition dependency ${name} in Rules`, path);
  };
  for (const [name, { RuleCondition, Assertions }] of Object.entries(context.template.rules)) {
    const path = ['Rules', name];
    const holds = (expression: Value, at: Path) => evaluateBoolean(expression, context, at, named, ruleFunctions);
    if (RuleCondition !== undefined && !holds(RuleCondition, [...path, 'RuleCondition'])) continue;
    const failed = Assertions.filter(({ Assert }, index) => !holds(Assert, [...path, 'Assertions', index, 'Assert']));
    if (failed.length > 0) {
      const texts = failed.map(({ AssertDescription }) => AssertDescription ?? 'Assertion failed');
      throw new TemplateFault(`Template error: Rule ${name} failed: ${texts.join('; ')}`, path);
    }
  }
}

function lists(argument: Value, name: string, context: ResolveContext, path: Path): readonly [string[], string[]] {
  const parts = Array.isArray(argument)
    ? argument.map((part: Value, index) => resolve(part, context, [...path, index]))
    : [];
  const [first, second] = parts.map((part) => (Array.isArray(part) ? part : [part]).map((item) => comparable(item)));
  if (parts.length !== 2 || !first || !second) {
    throw new TemplateFault(`Template error: every ${name} object requires two parameters.`, path);
  }
  return [first, second];
}

const ruleFunctions: BooleanFunctions = {
  'Fn::Contains'(argument, context, path) {
    const [members, [value = '']] = lists(argument, 'Fn::Contains', context, path);
    return members.includes(value);
  },
  'Fn::EachMemberEquals'(argument, context, path) {
    const [members, [value = '']] = lists(argument, 'Fn::EachMemberEquals', context, path);
    return members.every((member) => member === value);
  },
  'Fn::EachMemberIn'(argument, context, path) {
    const [members, values] = lists(argument, 'Fn::EachMemberIn', context, path);
    return members.every((member) => values.includes(member));
  },
};
