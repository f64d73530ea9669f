/** Templates, for those who ask about one without a region: how it is parsed, and what of it is not modelled. */
export { type Lint, type LintKind, rewritten, templateLine, withoutResources } from './stacks/lint.ts';
export { parseTemplate } from './stacks/parse.ts';
export type { NotModelled } from './stacks/survey.ts';
export { type Path, type Template, TemplateFault, type Value } from './stacks/template.ts';

import { allServices } from './services/registry.ts';
import { type Lint, lint } from './stacks/lint.ts';
import { chooseValues } from './stacks/parameters.ts';
import { plannedResources, survey } from './stacks/survey.ts';
import type { Template } from './stacks/template.ts';
import { Fault } from './wire/fault.ts';

/** What is wrong with a template and what of it is not modelled, with these parameters. Never throws for the template's sake. */
export function surveyTemplate(text: string, parameters: Readonly<Record<string, string>> = {}) {
  return survey(text, given(parameters), modelledTypes());
}

/** All that is wrong with it, and what is left without that. Throws the `Fault` of what is no template, or lacks parameters. */
export function lintTemplate(text: string, parameters: Readonly<Record<string, string>> = {}): Lint {
  return lint(text, given(parameters), modelledTypes());
}

/** Logical ids of the resources that a stack of the template has, by its conditions. Only for one that can be made. */
export function resourcesOfStack(template: Template, parameters: Readonly<Record<string, string>> = {}) {
  return plannedResources(template, given(parameters));
}

function modelledTypes() {
  return Object.assign({}, ...allServices().map(({ resources }) => resources));
}

function given(parameters: Readonly<Record<string, string>>) {
  return Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }));
}

/** Whether CloudFormation takes a text for a parameter, as far as the template's own constraints go. */
export function takesValue({ parameters }: Template, name: string, value: string): boolean {
  const definition = parameters[name];
  if (!definition) return false;
  try {
    chooseValues({ parameters: { [name]: definition } }, [{ ParameterKey: name, ParameterValue: value }]);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
