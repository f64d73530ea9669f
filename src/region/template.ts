/** Templates, for those who ask about one without a region: how it is parsed, and what of it is not modelled. */
export { parseTemplate } from './stacks/parse.ts';
export type { NotModelled } from './stacks/survey.ts';
export { type Path, type Template, TemplateFault } from './stacks/template.ts';

import { allServices } from './services/registry.ts';
import { survey } from './stacks/survey.ts';

/** What is wrong with a template and what of it is not modelled, with these parameters. Never throws for the template's sake. */
export function surveyTemplate(text: string, parameters: Readonly<Record<string, string>> = {}) {
  const types = Object.assign({}, ...allServices().map(({ resources }) => resources));
  const given = Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
  return survey(text, given, types);
}
