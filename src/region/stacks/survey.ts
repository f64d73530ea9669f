/**
 * What can be said of a template before anything starts: what is wrong, and what is not modelled.
 * Evaluated with the parameters, so that a resource whose condition is false does not count.
 */

import { checkTemplate } from './check.ts';
import { unmodelledReferences } from './dynamic.ts';
import { notModelled } from './honours.ts';
import { chooseValues, type GivenParameter, type ParameterValues } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import { makePlan, type Plan } from './plan.ts';
import { resolveMap, Unknown } from './resolve.ts';
import type { ResourceType } from './resource-type.ts';
import { conform } from './spec.ts';
import { type Template, TemplateFault } from './template.ts';

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
    const values = withoutSsm(template, chooseValues(template, parameters));
    const plan = makePlan(template, values, {
      account: '123456789012',
      region: 'us-east-1',
      stackName: 'survey',
      notificationArns: [],
      zonesOf: (region) => ['a', 'b', 'c', 'd'].map((letter) => `${region}${letter}`),
      exported: (name) => new Unknown(name),
    });
    return surveyPlan(plan, types);
  } catch (error) {
    if (!(error instanceof TemplateFault) && !(error instanceof Error && error.name === 'Fault')) throw error;
    const line = error instanceof TemplateFault && error.path ? template?.lineOf(error.path) : undefined;
    return { errors: [{ message: error.message, line }], notModelled: [] };
  }
}

/** What stands in SSM is looked up only when a stack is made. */
function withoutSsm({ parameters }: Template, values: ParameterValues): ParameterValues {
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
  }
  return { errors, notModelled: missing };
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

/** The one error that lists every type that is not modelled; undefined when all are. */
export function unmodelledTypes(found: Survey): string | undefined {
  const types = found.notModelled.filter(({ path }) => path === '');
  if (types.length === 0) return undefined;
  const named = types.map(
    ({ logicalId, type, line }) => `${type} (${logicalId}${line === undefined ? '' : `, line ${line}`})`,
  );
  return `Resource types that Orrery does not model: ${named.join('; ')}. Nothing was started. With --allow-unmodelled, or the stack tag ${allowUnmodelledTag}=true, they are left out.`;
}

/** A stack with this tag, set to `true`, goes on without the resources whose types are not modelled. */
export const allowUnmodelledTag = 'orrery:allow-unmodelled';
