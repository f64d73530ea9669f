/**
 * What can be said of a template before anything starts: what is wrong, and what is not modelled.
 * Evaluated with the parameters, so that a resource whose condition is false does not count.
 */

import { checkTemplate } from './check.ts';
import { unmodelledReferences } from './dynamic.ts';
import { notModelled } from './honours.ts';
import { chooseValues, type GivenParameter, type ParameterValues } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import { makePlan, type Plan, type Surroundings } from './plan.ts';
import { type ResolveContext, resolve, resolveMap, Unknown } from './resolve.ts';
import type { ResourceType, Unmodelled } from './resource-type.ts';
import { conform } from './spec.ts';
import { isMap, type ResourceDefinition, type Template, TemplateFault, type Value } from './template.ts';

export interface SurveyError {
  readonly message: string;
  readonly logicalId?: string | undefined;
  readonly line?: number | undefined;
}

export interface NotModelled {
  readonly logicalId: string;
  readonly type: string;
  /** `LifecycleConfiguration.Rules[0].Prefix`; empty when the whole type is not modelled. */
  readonly path: string;
  /** What a value asks for, where the property itself is modelled: "line 3: the command `docker`". */
  readonly what?: string | undefined;
  readonly line?: number | undefined;
}

export interface Survey {
  readonly errors: readonly SurveyError[];
  readonly notModelled: readonly NotModelled[];
}

export type ResourceTypes = Readonly<Record<string, ResourceType>>;

/** Parses and surveys; mistakes of the template become errors of the survey. SSM parameters and imports count as unknown. */
export function survey(text: string, parameters: readonly GivenParameter[], types: ResourceTypes): Survey {
  let template: Template | undefined;
  try {
    template = parseTemplate(text);
    checkTemplate(template);
    return surveyPlan(planOf(template, parameters), types);
  } catch (error) {
    if (!(error instanceof TemplateFault) && !(error instanceof Error && error.name === 'Fault')) throw error;
    const line = error instanceof TemplateFault && error.path ? template?.lineOf(error.path) : undefined;
    return { errors: [{ message: error.message, line }], notModelled: [] };
  }
}

/** Where no stack is. */
export const surveySurroundings: Surroundings = {
  account: '123456789012',
  region: 'us-east-1',
  stackName: 'survey',
  notificationArns: [],
  zonesOf: (region) => ['a', 'b', 'c', 'd'].map((letter) => `${region}${letter}`),
  exported: (name) => new Unknown(name),
};

/** Logical ids of the resources whose condition holds. Throws for a template that is none. */
export function plannedResources(template: Template, parameters: readonly GivenParameter[]): readonly string[] {
  return Object.keys(planOf(template, parameters).resources);
}

function planOf(template: Template, parameters: readonly GivenParameter[]): Plan {
  return makePlan(template, withoutSsm(template, chooseValues(template, parameters)), surveySurroundings);
}

/** What stands in SSM is looked up only when a stack is made. */
export function withoutSsm({ parameters }: Template, values: ParameterValues): ParameterValues {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => !parameters[name]?.Type.startsWith('AWS::SSM::Parameter::Value<')),
  );
}

export function surveyPlan(plan: Plan, types: ResourceTypes): Survey {
  const { template } = plan;
  const errors: SurveyError[] = [];
  const missing: NotModelled[] = [];
  for (const [logicalId, resource] of Object.entries(plan.resources)) {
    const path = ['Resources', logicalId];
    const type = Object.hasOwn(types, resource.Type) ? types[resource.Type] : undefined;
    if (!type) {
      missing.push({ logicalId, type: resource.Type, path: '', line: template.lineOf(path) });
      continue;
    }
    const inProperties = [...path, 'Properties'];
    const { properties, problems } = conform(
      resource.Type,
      resolveMap(resource.Properties, plan.context, inProperties),
    );
    if (problems.length > 0) {
      const line = template.lineOf([...inProperties, ...(problems[0]?.path ?? [])]);
      errors.push({ message: validationFailed(logicalId, problems), logicalId, line });
    }
    const kinds = unmodelledReferences(properties);
    if (kinds.length > 0) {
      const message = `Dynamic references to ${[...new Set(kinds)].join(', ')} are not modelled by Orrery (resource ${logicalId}).`;
      errors.push({ message, logicalId, line: template.lineOf(inProperties) });
    }
    for (const place of notModelled(type, properties)) {
      // What AWS does not know either is an error already.
      if (problems.some((problem) => samePlace(problem.path, place))) continue;
      missing.push({
        logicalId,
        type: resource.Type,
        path: placeText(place),
        line: template.lineOf([...inProperties, ...place]),
      });
    }
    for (const { path: place, what } of unmodelledValues(type, resource, plan.context)) {
      const [part, ...inPart] = place;
      const text = placeText(part === 'Properties' ? inPart : place);
      missing.push({ logicalId, type: resource.Type, path: text, what, line: template.lineOf([...path, ...place]) });
    }
  }
  return { errors, notModelled: missing };
}

/** Stands for what is not known yet: in a script a word like any other, and alone no base64. */
const unknownWord = 'orrery_unknown_yet';

function unmodelledValues(
  type: ResourceType,
  resource: ResourceDefinition,
  context: ResolveContext,
): readonly Unmodelled[] {
  if (!type.unmodelled) return [];
  const known = (value: string | readonly string[] | Unknown) => (value instanceof Unknown ? unknownWord : value);
  const words: ResolveContext = {
    ...context,
    parameters: Object.fromEntries(Object.entries(context.parameters).map(([name, value]) => [name, known(value)])),
    pseudo: { ...context.pseudo, 'AWS::StackId': String(known(context.pseudo['AWS::StackId'])) },
    exported: (name) => String(known(context.exported(name))),
    ref: () => unknownWord,
    attribute: () => unknownWord,
  };
  const properties = resolveLoosely(resource.Properties, words) ?? {};
  const metadata = resolveLoosely(resource.Metadata, words) ?? {};
  return type
    .unmodelled({ properties: properties as object, metadata: metadata as Record<string, unknown> })
    .filter(({ what }) => !what.includes(unknownWord));
}

/** Without the parts that can only be resolved with what is not known yet: an item of a list that a resource gives. */
function resolveLoosely(value: Value, context: ResolveContext): unknown {
  if (isMap(value) && !Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'))) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolveLoosely(child, context)]));
  }
  try {
    return resolve(value, context);
  } catch (error) {
    if (error instanceof TemplateFault) return undefined;
    throw error;
  }
}

function samePlace(a: readonly (string | number)[], b: readonly (string | number)[]): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

/** `['Rules', 0, 'Prefix']` as `Rules[0].Prefix`. */
export function placeText(place: readonly (string | number)[]): string {
  return place.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** AWS's text for properties that the schema refuses. */
export function validationFailed(logicalId: string, problems: readonly { message: string }[]): string {
  const messages = problems.map(({ message }) => message).join(', ');
  return `Properties validation failed for resource ${logicalId} with message: [${messages}]`;
}

/** The one error that lists every type and every boot that is not modelled; undefined when all are. */
export function refusal(found: Survey): string | undefined {
  const at = ({ logicalId, line }: NotModelled) => `${logicalId}${line === undefined ? '' : `, line ${line}`}`;
  const types = found.notModelled.filter(({ path }) => path === '').map((one) => `${one.type} (${at(one)})`);
  const values = found.notModelled.flatMap((one) =>
    one.what === undefined ? [] : `${one.type} (${at(one)}) ${one.path}: ${one.what}`,
  );
  if (types.length + values.length === 0) return undefined;
  return [
    ...(types.length > 0 ? [`Resource types that Orrery does not model: ${types.join('; ')}.`] : []),
    ...(values.length > 0 ? [`What Orrery's machines cannot do: ${values.join('; ')}.`] : []),
    `Nothing was started. With --allow-unmodelled, or the stack tag ${allowUnmodelledTag}=true,`,
    [...(types.length > 0 ? ['they are left out'] : []), ...(values.length > 0 ? ['such boots fail'] : [])].join(', '),
  ]
    .join(' ')
    .concat('.');
}

/** A stack with this tag, set to `true`, goes on without what is not modelled. */
export const allowUnmodelledTag = 'orrery:allow-unmodelled';
