/** One operation on one stack while it runs: what its phases share. */

import type { ReadLog } from './honours.ts';
import type { Invoke } from './parameters.ts';
import { makePlan, type Plan, type Surroundings } from './plan.ts';
import { rememberOrigin } from './reasons.ts';
import {
  exportsOf,
  keptTemplate,
  type OperationRecord,
  type ResourceRecord,
  type StackHost,
  type StackRecord,
  stackResource,
  stacks,
} from './records.ts';
import type { ResolveContext, Resolved } from './resolve.ts';
import type { ResourceTypes } from './survey.ts';
import { type Path, TemplateFault } from './template.ts';

export interface EngineOptions {
  /** All resource types there are. Asked at each use: the registry is complete only after start-up. */
  readonly types: () => ResourceTypes;
  /** Go on without the resources whose types are not modelled. A stack's tag can say so too. */
  readonly allowUnmodelled?: () => boolean;
  /** For tests: watch which properties the types read, and throw when one reads what it does not declare. */
  readonly watchReads?: ReadLog;
}

export interface Run {
  readonly host: StackHost;
  readonly options: EngineOptions;
  readonly stackId: string;
  /** Ends what is under way: cancelled, timed out, or another resource failed. */
  abort: AbortController;
}

export function stackOf({ host, stackId }: Run): StackRecord {
  const stack = stacks(host).get(stackId);
  if (!stack) throw new Error(`no stack ${stackId}`);
  return stack;
}

export function operationOf(run: Run): OperationRecord {
  const { operation } = stackOf(run);
  if (!operation) throw new Error(`no operation on ${run.stackId}`);
  return operation;
}

export function changeOperation(run: Run, changes: Partial<OperationRecord>): void {
  const stack = stackOf(run);
  stacks(run.host).put(stack.id, { ...stack, operation: { ...operationOf(run), ...changes } });
}

export function resourceOf({ host, stackId }: Run, logicalId: string): ResourceRecord | undefined {
  return stackResource(host, stackId, logicalId);
}

/** Calls operations as whoever runs the stack; faults remember where they came from. */
export function invoker(host: StackHost, caller: unknown): Invoke {
  return async <O>(service: string, operation: string, input: object) => {
    try {
      return await host.invoke<O>(caller, service, operation, input);
    } catch (error) {
      rememberOrigin(error, service);
      throw error;
    }
  };
}

export function surroundings(
  host: StackHost,
  { name, id, notificationArns }: { name: string; id?: string | undefined; notificationArns: readonly string[] },
): Surroundings {
  return {
    account: host.account,
    region: host.region,
    stackName: name,
    stackId: id,
    notificationArns,
    zonesOf: (region) => host.zones.map((zone) => `${region}${zone.slice(host.region.length)}`),
    exported(exportName) {
      const found = exportsOf(host).find((one) => one.name === exportName && one.stack.id !== id);
      if (!found) throw new TemplateFault(`No export named ${exportName} found`);
      return found.value;
    },
  };
}

/** The plan of what the stack is being brought to, with what its resources give by now. */
export function currentPlan(run: Run): Plan & { readonly live: ResolveContext } {
  const stack = stackOf(run);
  const plan = makePlan(keptTemplate(run.host, stack.templateId), stack.parameters, surroundings(run.host, stack));
  return { ...plan, live: liveContext(run, plan.context) };
}

/** References to resources answered from their records. */
function liveContext(run: Run, context: ResolveContext): ResolveContext {
  const made = (logicalId: string, path: Path) => {
    const record = resourceOf(run, logicalId);
    if (record?.physicalId === undefined) {
      throw new TemplateFault(`Template error: reference ${logicalId} not ready`, path);
    }
    return record;
  };
  return {
    ...context,
    ref(logicalId, path) {
      const { ref, physicalId = '' } = made(logicalId, path);
      return ref ?? physicalId;
    },
    attribute: (logicalId, attribute, path) => attributeOf(made(logicalId, path), attribute, path),
  };
}

/** The value of `Fn::GetAtt`; parts of an attribute that is an object are asked with dots. */
export function attributeOf(record: ResourceRecord, attribute: string, path: Path = []): Resolved {
  const { attributes, type, logicalId, unmodelled } = record;
  // Shaped so that others can be made with it.
  if (unmodelled)
    return /arn$/i.test(attribute) ? `arn:aws:unmodelled:::${logicalId}` : `unmodelled-${logicalId}.${attribute}`;
  if (Object.hasOwn(attributes, attribute)) return attributes[attribute] as Resolved;
  let value: unknown = attributes;
  for (const step of attribute.split('.')) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined;
  }
  if (value !== undefined) return value as Resolved;
  throw new TemplateFault(`The attribute ${attribute} of ${type} (${logicalId}) is not modelled by Orrery.`, path);
}
