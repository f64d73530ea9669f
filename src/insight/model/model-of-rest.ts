/**
 * A model of all of a template that can be made. CloudFormation gives up what is under way when something fails; here what failed
 * is taken out with all that needs it, and the rest is made anew, until it stands.
 */
import { resourcesOfStack, type Template, withoutResources } from '../../region/template.ts';
import { type Model, type ModelOptions, modelOf } from './model.ts';
import type { ModelProblem } from './model-error.ts';

/** Each takes a fraction of a second; what is still refused then leaves the model as it is. */
const mostRounds = 12;

/** Throws `ModelError` where the template is none, or nothing of it can be made. */
export async function modelOfRest(options: Omit<ModelOptions, 'partial'>): Promise<Model> {
  const failed: ModelProblem[] = [];
  let model = await modelOf({ ...options, partial: true });
  const { template, parameters, notModelled, standIns } = model;
  let text = options.template;
  for (let round = 1; round < mostRounds && model.failed.length > 0; round++) {
    const left = withoutResources(
      text,
      model.failed.flatMap(({ logicalId = '' }) => logicalId),
    );
    if (left.leftOut.size === 0 || left.leftOut.size === Object.keys(model.template.resources).length) break;
    await model.close();
    failed.push(...model.failed.map((one) => ({ ...one, line: lineOf(template, one.logicalId) ?? one.line })));
    text = left.text;
    model = await modelOf({ ...options, template: text, partial: true });
  }
  if (failed.length === 0) return model;
  const whole = inTermsOf(template, model);
  const planned = resourcesOfStack(template, parameters);
  return {
    ...{ ...whole, notModelled, standIns },
    failed: [...failed, ...model.failed],
    unmade: planned.filter((one) => !model.resources.has(one)),
  };
}

/** A model of a part of a template, as one of the whole: lines are those of the text that was given. */
export function inTermsOf(template: Template, model: Model): Model {
  const lines: Model['lineOf'] = (logicalId, ...path) => template.lineOf(['Resources', logicalId, ...path]);
  const resources = [...model.resources].map(([id, one]) => [id, { ...one, line: lines(id) }] as const);
  const assumed = model.assumed.map((one) => ({ ...one, line: template.lineOf(['Parameters', one.logicalId]) }));
  return { ...model, template, lineOf: lines, resources: new Map(resources), assumed };
}

function lineOf(template: Template, logicalId: string | undefined): number | undefined {
  return logicalId === undefined ? undefined : template.lineOf(['Resources', logicalId]);
}
