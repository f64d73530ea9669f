/**
 * A template as it would stand on AWS: made in memory by the region's own control plane, on a virtual clock, with
 * machines that are arithmetic. No process is started and no port opened. What check, trace, draw and cost read.
 */
import { type Decisions, decisionsOf } from '../../region/decisions.ts';
import type { World } from '../../region/network/world.ts';
import type { Verdict } from '../../region/services/dispatcher.ts';
import type { Caller, Via } from '../../region/services/service.ts';
import { type SimulatedMachines, type SimulatedRegion, simulatedRegion } from '../../region/simulated-region.ts';
import {
  type NotModelled,
  type Path,
  parseTemplate,
  resourcesOfStack,
  surveyTemplate,
  type Template,
  TemplateFault,
  templateLine,
} from '../../region/template.ts';
import { createStack, refusalText, type StackMade } from './create-stack.ts';
import { makeStandIns } from './make-stand-ins.ts';
import { ModelError, type ModelProblem, parametersHint } from './model-error.ts';
import { reasonText } from './reason-text.ts';
import { standInAccount } from './stand-in-account.ts';
import { isOfAccount, ofAccount, type Surrounded, surrounded, withoutMissing } from './surroundings.ts';

export interface ModelOptions {
  /** CloudFormation, JSON or YAML. */
  readonly template: string;
  /** What the template is called in messages: its file, its folder. */
  readonly name: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** `us-east-1` by default. */
  readonly region?: string;
  /** A template of which some resources cannot be made gives a model of the others, with `failed`; otherwise it throws. */
  readonly partial?: boolean;
}

export interface ProposedCall {
  readonly service: string;
  /** AWS's name: `GetObject`. */
  readonly operation: string;
  readonly input: object;
  readonly caller: Caller;
  readonly via?: Via;
}

export interface ModelResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  /** Resolved: without functions, with the physical ids of others. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What `Fn::GetAtt` gives. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of its definition in the template, from 1. */
  readonly line: number | undefined;
  /** Where CDK's code made it: `Stack/Network/Vpc`. */
  readonly constructPath: string | undefined;
  /** False: its type is not modelled, so that nothing of it is in `world` or known to a service. */
  readonly modelled: boolean;
}

export interface Model {
  readonly name: string;
  readonly region: string;
  /** The account that it is made in. */
  readonly account: string;
  readonly template: Template;
  /** Their values, as CloudFormation was given them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The network, as `send` reads it: with the interfaces of machines, balancers, NAT gateways and endpoints. */
  readonly world: World;
  /** By logical id, those whose condition holds, in the template's order. */
  readonly resources: ReadonlyMap<string, ModelResource>;
  /** What the model has nothing for: never called proven. */
  readonly notModelled: readonly NotModelled[];
  /** Of `notModelled`, what AWS has and the model does not know, in whose place something else is. */
  readonly standIns: readonly NotModelled[];
  /** Parameters that name parts of an account, and what stands for them: what is said of the template holds with these. */
  readonly assumed: readonly NotModelled[];
  /** Whether it stands for something of the account; it is in `world`, and not in `resources`. */
  isStandIn(logicalId: string): boolean;
  /** Resources that could not be made and why, the first cause first; only with `partial`. */
  readonly failed: readonly ModelProblem[];
  /** Logical ids of what is not there because of them: they themselves, and what was given up. */
  readonly unmade: readonly string[];
  /** An operation of a service, as the account's root: `invoke('ec2', 'DescribeNatGateways', {})`. */
  invoke<O>(service: string, operation: string, input: object): Promise<O>;
  /** What serves and guards would decide of a request. */
  readonly decisions: Decisions;
  /** Whether IAM would let a call through, without its being made. Throws the faults of its input: `NoSuchBucket`. */
  verdict(call: ProposedCall): Verdict;
  /** Line of a part of a resource's definition, or of the nearest part around it. */
  lineOf(logicalId: string, ...path: Path): number | undefined;
  /** The logical id of something that AWS names by an id, name or ARN. */
  logicalIdOf(physicalId: string): string | undefined;
  close(): Promise<void>;
}

/** What CloudFormation calls the template's stack in the model. */
export const modelStack = 'model';
const startMs = Date.UTC(2026, 0, 1);
/** Of the model, until the machines of all groups are launched and their targets healthy. */
const settlingMs = 10 * 60_000;

/** Throws `ModelError`: not a template, a mistake in it, or (unless `partial`) a resource that cannot be made. */
export async function modelOf(options: ModelOptions): Promise<Model> {
  const { name, partial = false } = options;
  const template = parsed(options);
  const standIns = standInAccount(template, options.parameters ?? {});
  const parameters = { ...options.parameters, ...standIns?.placeholders };
  const { notModelled } = surveyTemplate(options.template, parameters);
  const simulated = await simulatedRegion(readyAtOnce, {
    seed: 1,
    startMs,
    ...(options.region === undefined ? {} : { region: options.region }),
  });
  try {
    const account = standIns && (await makeStandIns(simulated, standIns, name));
    const { made, around } = await makeWithin(simulated, template, {
      ...options,
      parameters: { ...options.parameters, ...account?.parameters },
    });
    const lineOf = (logicalId: string, ...path: Path) => template.lineOf(['Resources', logicalId, ...path]);
    const refused = made.failures
      // Those that were given up because of another one say nothing of themselves.
      .filter(
        ({ logicalId, reason }) => logicalId !== modelStack && !/^Resource (creation|update) cancelled/.test(reason),
      )
      .map(({ logicalId, reason }) => {
        const message = `${logicalId}: ${reasonText(reason)}`;
        return { message, logicalId, line: lineOf(logicalId) };
      });
    const failed = [...around.lacking, ...refused];
    if (made.status !== 'CREATE_COMPLETE' && !partial) throw new ModelError(name, failed);
    await simulated.clock.advance(settlingMs);
    const resources = resourcesOf(simulated.stackResources(made.stackId), template);
    const decisions = decisionsOf(simulated.region);
    const byPhysicalId = new Map([
      ...(account?.logicalIds ?? []),
      ...[...resources.values()].map(({ physicalId, logicalId }) => [physicalId, logicalId] as const),
    ]);
    return {
      name,
      region: simulated.region.scope.region,
      account: simulated.region.scope.account,
      template,
      world: simulated.world(),
      resources,
      parameters: around.parameters,
      notModelled: [...notModelled, ...around.standIns],
      standIns: around.standIns,
      assumed: standIns?.told ?? [],
      isStandIn: (logicalId) => account?.names.has(logicalId) ?? false,
      failed,
      unmade: failed.length === 0 ? [] : resourcesOfStack(template, parameters).filter((one) => !resources.has(one)),
      invoke: (service, operation, input) => simulated.region.invoke(service, operation, input),
      decisions,
      verdict: (call) => simulated.region.verdict(call),
      lineOf,
      logicalIdOf: (physicalId) => byPhysicalId.get(physicalId),
      close() {
        decisions.close();
        return simulated.close();
      },
    };
  } catch (error) {
    await simulated.close();
    throw error;
  }
}

/** Of a template that needs what is not in the account, with `partial`, all that does not. */
async function makeWithin(
  simulated: SimulatedRegion,
  template: Template,
  { name, parameters = {}, partial = false }: ModelOptions,
): Promise<{ readonly made: StackMade; readonly around: Surrounded }> {
  let around = await surrounded(simulated, template, parameters);
  for (;;) {
    const asked = { stackName: modelStack, template: around.text, parameters: around.parameters };
    const made = await createStack(simulated, { ...asked, allowUnmodelled: true, keepHalf: true }).catch(refusalText);
    if (typeof made !== 'string') return { made, around };
    const less = partial ? withoutMissing(template, around, made) : undefined;
    if (!less)
      throw new ModelError(name, [{ message: made, line: lineOfRefusal(template, parameters, made) }], hintOf(made));
    around = less;
  }
}

/** CloudFormation says what, and not where. */
function lineOfRefusal({ text }: Template, parameters: Readonly<Record<string, string>>, refusal: string) {
  return surveyTemplate(text, parameters).errors.find(({ message }) => refusal.includes(message))?.line;
}

const readyAtOnce: SimulatedMachines = {
  bootMs: () => 0,
  usage: () => ({ cpuSeconds: 0, memoryBytes: 0, networkInBytes: 0, networkOutBytes: 0 }),
  serving() {},
  answers: () => true,
};

function parsed({ template, name }: ModelOptions): Template {
  try {
    return parseTemplate(template);
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    throw new ModelError(name, [{ message: error.message, line: error.path && templateLine(template, error.path) }]);
  }
}

function hintOf(message: string): string | undefined {
  if (isOfAccount(message)) return `What the template needs of the account is not there: ${ofAccount}.`;
  const missing = /Parameters: \[([^\]]+)\] must have values/.exec(message)?.[1];
  if (missing === undefined) return undefined;
  return parametersHint(missing.split(/,\s*/));
}

type Made = ReturnType<Awaited<ReturnType<typeof simulatedRegion>>['stackResources']>;

function resourcesOf(made: Made, template: Template): Map<string, ModelResource> {
  const records = new Map(made.map((record) => [record.logicalId, record]));
  const found = new Map<string, ModelResource>();
  for (const logicalId of Object.keys(template.resources)) {
    const record = records.get(logicalId);
    if (record?.physicalId === undefined) continue;
    const path = record.metadata['aws:cdk:path'];
    found.set(logicalId, {
      logicalId,
      type: record.type,
      physicalId: record.physicalId,
      properties: record.properties,
      metadata: record.metadata,
      attributes: record.attributes,
      line: template.lineOf(['Resources', logicalId]),
      constructPath: typeof path === 'string' ? path : undefined,
      modelled: record.unmodelled !== true,
    });
  }
  return found;
}
