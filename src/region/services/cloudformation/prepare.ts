/** A request's template, parameters and tags, checked and put together: what an operation or a change set starts from. */
import type { Capability, Parameter, Tag } from '@aws-sdk/client-cloudformation';
import { checkTemplate } from '../../stacks/check.ts';
import type { Engine } from '../../stacks/engine.ts';
import { chooseValues, lookUpValues } from '../../stacks/parameters.ts';
import { parseTemplate } from '../../stacks/parse.ts';
import { makePlan, type Plan } from '../../stacks/plan.ts';
import { keepTemplate, type StackRecord, type StackTarget, templateText } from '../../stacks/records.ts';
import { invoker, surroundings } from '../../stacks/run.ts';
import { allowUnmodelledTag, refusal, type Survey, surveyPlan } from '../../stacks/survey.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call, Caller } from '../service.ts';
import { neededCapabilities } from './capabilities.ts';
import { invalid } from './engines.ts';
import { sourceText, type TemplateSource } from './template-source.ts';

export interface StackRequest extends TemplateSource {
  readonly StackName: string | undefined;
  readonly UsePreviousTemplate?: boolean | undefined;
  readonly Parameters?: readonly Parameter[] | undefined;
  readonly Capabilities?: readonly Capability[] | undefined;
  readonly ResourceTypes?: readonly string[] | undefined;
  readonly RoleARN?: string | undefined;
  readonly RollbackConfiguration?:
    | { RollbackTriggers?: unknown[] | undefined; MonitoringTimeInMinutes?: number | undefined }
    | undefined;
  readonly NotificationARNs?: readonly string[] | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly DeploymentConfig?: unknown;
}

export interface Prepared {
  readonly plan: Plan;
  readonly target: StackTarget;
  readonly survey: Survey;
  /** What is not modelled, for the stack's events. */
  readonly warnings: readonly string[];
}

export async function prepare(
  engine: Engine,
  call: Call,
  input: StackRequest,
  stack: {
    name: string;
    id?: string | undefined;
    existing?: StackRecord | undefined;
    caller: Caller;
    changeSet?: boolean;
  },
): Promise<Prepared> {
  refuseUnmodelledInput(input);
  const { existing, caller } = stack;
  const text = await templateOf(engine, call, input, existing);
  const template = parseTemplate(text);
  checkTemplate(template);
  checkResourceTypes(template.resources, input.ResourceTypes);
  const { capabilities } = neededCapabilities(template);
  const given = input.Capabilities ?? [];
  // A change set shows what its transforms make, so that nothing need be acknowledged for them.
  const needed = stack.changeSet ? capabilities.filter((one) => one !== 'CAPABILITY_AUTO_EXPAND') : capabilities;
  const missing = needed.filter(
    (capability) =>
      !given.includes(capability) && !(capability === 'CAPABILITY_IAM' && given.includes('CAPABILITY_NAMED_IAM')),
  );
  if (missing.length > 0) {
    throw new Fault('InsufficientCapabilitiesException', `Requires capabilities : [${missing.join(', ')}]`);
  }
  if (existing) refuseOtherTypes(engine, existing, template.resources);
  const { host, options } = engine;
  const chosen = chooseValues(template, input.Parameters ?? [], existing?.parameters);
  const tags = input.Tags ? tagMap(input.Tags) : (existing?.tags ?? {});
  const allowUnmodelled = options.allowUnmodelled?.() || tags[allowUnmodelledTag] === 'true';
  const parameters = await lookUpValues(template, chosen, invoker(host, caller), { allowUnmodelled });
  const notificationArns = input.NotificationARNs ?? existing?.notificationArns ?? [];
  const plan = makePlan(template, parameters, surroundings(host, { name: stack.name, id: stack.id, notificationArns }));
  const survey = surveyPlan(plan, options.types());
  const unmodelled = refusal(survey);
  if (unmodelled !== undefined && !allowUnmodelled) throw invalid(unmodelled);
  return {
    plan,
    survey,
    warnings: warningsOf(survey),
    target: {
      templateId: keepTemplate(host, text),
      parameters,
      tags,
      notificationArns,
      capabilities: given,
      roleArn: input.RoleARN ?? existing?.roleArn,
    },
  };
}

async function templateOf(
  engine: Engine,
  call: Call,
  input: StackRequest,
  existing: StackRecord | undefined,
): Promise<string> {
  if (input.UsePreviousTemplate) {
    if (!existing) throw invalid('Template cannot be used: the stack has no previous template.');
    if (input.TemplateBody !== undefined || input.TemplateURL !== undefined) {
      throw invalid('You cannot specify both usePreviousTemplate and Template Body/URL.');
    }
    return templateText(engine.host, existing.templateId);
  }
  const text = await sourceText(input, call);
  if (text === undefined) throw invalid('Either Template URL or Template Body must be specified.');
  return text;
}

function refuseUnmodelledInput({
  RollbackConfiguration,
  DeploymentConfig,
  NotificationARNs = [],
  Tags = [],
}: StackRequest): void {
  if (
    (RollbackConfiguration?.RollbackTriggers?.length ?? 0) > 0 ||
    (RollbackConfiguration?.MonitoringTimeInMinutes ?? 0) > 0
  ) {
    throw invalid('RollbackConfiguration is not modelled by Orrery.');
  }
  if (DeploymentConfig !== undefined) throw invalid('DeploymentConfig is not modelled by Orrery.');
  if (NotificationARNs.length > 5) throw invalid('NotificationARNs may contain at most 5 topics.');
  if (Tags.length > 50) throw invalid('Tags may contain at most 50 tags.');
}

export function tagMap(tags: readonly Tag[]): Record<string, string> {
  const map: Record<string, string> = {};
  for (const { Key = '', Value = '' } of tags) {
    if (Key === '' || Key.length > 128 || Value.length > 256 || Key === '__proto__')
      throw invalid(`Invalid tag: ${Key}`);
    if (Key.toLowerCase().startsWith('aws:')) {
      throw invalid('System tags are not allowed: keys that start with aws: are reserved.');
    }
    if (Object.hasOwn(map, Key)) throw invalid(`Duplicate tag key: ${Key}`);
    map[Key] = Value;
  }
  return map;
}

function checkResourceTypes(resources: Plan['template']['resources'], allowed: readonly string[] | undefined): void {
  if (!allowed || allowed.length === 0) return;
  const fits = (type: string) =>
    allowed.some((one) => one === type || (one.endsWith('*') && type.startsWith(one.slice(0, -1))));
  const refused = [...new Set(Object.values(resources).map(({ Type }) => Type))].filter((type) => !fits(type));
  if (refused.length > 0) {
    throw invalid(
      `Resource type ${refused.join(', ')} is not allowed by parameter ResourceTypes [${allowed.join(', ')}]`,
    );
  }
}

function refuseOtherTypes(engine: Engine, { templateId }: StackRecord, resources: Plan['template']['resources']): void {
  if (templateId === '') return;
  const before = parseTemplate(templateText(engine.host, templateId)).resources;
  const changed = Object.entries(resources)
    .filter(([name, { Type }]) => Object.hasOwn(before, name) && before[name]?.Type !== Type)
    .map(([name]) => name);
  if (changed.length > 0) {
    throw invalid(
      `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${changed.join(', ')}]`,
    );
  }
}

/** One line a resource: `Not modelled by Orrery: Bucket (AWS::S3::Bucket): ReplicationConfiguration (line 12)`. */
function warningsOf({ notModelled }: Survey): string[] {
  const byResource = new Map<string, string[]>();
  for (const { logicalId, type, path, what, line } of notModelled) {
    const key = `${logicalId} (${type})`;
    const at = line === undefined ? '' : ` (line ${line})`;
    const named = what === undefined ? path : `${path}: ${what}`;
    byResource.set(key, [...(byResource.get(key) ?? []), `${path === '' ? 'the whole resource' : named}${at}`]);
  }
  return [...byResource].map(([resource, paths]) => `Not modelled by Orrery: ${resource}: ${paths.join(', ')}`);
}
