/** A template with its parameters in its surroundings: which resources there will be, in which order, with which values. */
import { evaluateConditions } from './conditions.ts';
import { activeResources, type Dependencies, dependencies } from './order.ts';
import { type ParameterValues, parameterReference } from './parameters.ts';
import { type PseudoParameters, type ResolveContext, Unknown } from './resolve.ts';
import { checkRules } from './rules.ts';
import type { ResourceDefinition, Template } from './template.ts';

/** What a template is resolved against, besides its own parameters. */
export interface Surroundings {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** Left out where the stack is not there yet. */
  readonly stackId?: string | undefined;
  readonly notificationArns: readonly string[];
  zonesOf(region: string): readonly string[];
  /** The value of an export of another stack; throws `TemplateFault` when there is none. */
  exported(name: string): string | Unknown;
}

export interface Plan {
  readonly template: Template;
  readonly parameters: ParameterValues;
  readonly conditions: Readonly<Record<string, boolean>>;
  /** Those whose condition holds. */
  readonly resources: Readonly<Record<string, ResourceDefinition>>;
  readonly dependencies: Dependencies;
  /** Resolves with what resources give as `Unknown`; the engine puts in what it knows. */
  readonly context: ResolveContext;
}

/** Throws `TemplateFault` when the template cannot work with these parameters. */
export function makePlan(template: Template, parameters: ParameterValues, surroundings: Surroundings): Plan {
  const references: Record<string, string | readonly string[] | Unknown> = {};
  for (const [name, definition] of Object.entries(template.parameters)) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    references[name] = value ? parameterReference(definition, value) : new Unknown(name);
  }
  const withoutConditions = {
    template,
    parameters: references,
    pseudo: pseudoParameters(surroundings),
    zonesOf: (region: string) => surroundings.zonesOf(region),
    exported: (name: string) => surroundings.exported(name),
    ref: (logicalId: string) => new Unknown(logicalId),
    attribute: (logicalId: string, attribute: string) => new Unknown(`${logicalId}.${attribute}`),
  };
  const conditions = evaluateConditions(withoutConditions);
  const context: ResolveContext = { ...withoutConditions, conditions };
  checkRules(context);
  return {
    template,
    parameters,
    conditions,
    resources: activeResources(template, conditions),
    dependencies: dependencies(template, conditions),
    context,
  };
}

function pseudoParameters({ account, region, stackName, stackId, notificationArns }: Surroundings): PseudoParameters {
  const china = region.startsWith('cn-');
  return {
    'AWS::AccountId': account,
    'AWS::NotificationARNs': notificationArns,
    'AWS::Partition': china ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws',
    'AWS::Region': region,
    'AWS::StackId': stackId ?? new Unknown('AWS::StackId'),
    'AWS::StackName': stackName,
    'AWS::URLSuffix': china ? 'amazonaws.com.cn' : 'amazonaws.com',
  };
}
