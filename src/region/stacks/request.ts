/** What a resource type is given when it is asked to make, change or end a resource. */
import { eventOf } from './events.ts';
import { modelledPart, unwatched, watched } from './honours.ts';
import { ResourceFailure } from './reasons.ts';
import { type Incarnation, putResource } from './records.ts';
import type { ExistingResource, ResourceRequest, ResourceType } from './resource-type.ts';
import { invoker, operationOf, type Run, resourceOf, stackOf } from './run.ts';
import { signalDesk } from './signals.ts';

const defaults = { everyMs: 100, timeoutMs: 36 * 60_000 } as const;

export interface ResourceCall {
  readonly logicalId: string;
  readonly type: ResourceType;
  readonly typeName: string;
  /** Names, properties and policies are taken from it. */
  readonly incarnation: Incarnation;
  /** With dynamic references replaced. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** The request, with whether the type waited for signals. */
export function resourceRequest(
  run: Run,
  call: ResourceCall,
): Required<ResourceRequest<Record<string, unknown>>> & { readonly waited: () => boolean } {
  const { host, abort } = run;
  const { logicalId, incarnation, typeName } = call;
  const stack = stackOf(run);
  const operation = operationOf(run);
  const { signal } = abort;
  const invoke = invoker(host, operation.caller);
  const { used, ...desk } = signalDesk(host, { stackId: stack.id, logicalId, type: typeName }, operation.id, signal);
  const { creationPolicy, updatePolicy, metadata } = incarnation;
  return {
    logicalId,
    properties: shown(run, call, call.properties),
    stack: { id: stack.id, name: stack.name, region: host.region, account: host.account },
    metadata,
    creationPolicy,
    updatePolicy,
    stackTags: [
      ...Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
      { Key: 'aws:cloudformation:stack-name', Value: stack.name },
      { Key: 'aws:cloudformation:stack-id', Value: stack.id },
      { Key: 'aws:cloudformation:logical-id', Value: logicalId },
    ],
    clock: host.clock,
    random: host.random,
    name: (maxLength, options) =>
      physicalName(stack.name, logicalId, incarnation.suffix, maxLength, options?.lowerCase),
    // Not ended by the signal: what was begun can be finished, or undone.
    invoke: (service, op, input) => invoke(service, op, unwatched(input)),
    async until(what, done, { everyMs = defaults.everyMs, timeoutMs = defaults.timeoutMs } = {}) {
      const end = host.clock.now() + timeoutMs;
      for (;;) {
        const found = await done();
        if (found !== undefined && found !== false) return found;
        if (host.clock.now() >= end) {
          throw new ResourceFailure(
            `Resource handler returned message: "Exceeded attempts to wait: ${what}" (RequestToken: ${operation.id}, HandlerErrorCode: NotStabilized)`,
          );
        }
        await host.clock.sleep(Math.min(everyMs, Math.max(1, end - host.clock.now())), signal);
      }
    },
    signals: desk,
    waited: used,
    progress(text) {
      const record = resourceOf(run, logicalId);
      if (record) eventOf(host, record, { reason: text });
    },
    made(physicalId, attributes) {
      const record = resourceOf(run, logicalId);
      if (!record || (record.physicalId === physicalId && attributes === undefined)) return;
      const first = record.physicalId !== physicalId;
      const changed = putResource(host, { ...record, physicalId, attributes: attributes ?? record.attributes });
      if (first) eventOf(host, changed, { reason: 'Resource creation Initiated' });
    },
    signal,
  };
}

export function existingResource(run: Run, call: ResourceCall): ExistingResource<Record<string, unknown>> {
  const { physicalId = '', attributes } = call.incarnation;
  return { ...resourceRequest(run, call), physicalId, attributes };
}

/** Only what the type knows is handed on; in tests, each reading is watched. */
export function shown<T extends object>(
  run: Run,
  { type, typeName }: Pick<ResourceCall, 'type' | 'typeName'>,
  properties: T,
): T {
  const part = modelledPart(type, properties);
  const log = run.options.watchReads;
  return log ? watched(typeName, type, part, log) : part;
}

/** `<stack>-<logicalId>-<suffix>`; cut in its first two parts, as CloudFormation does, so that the end stays unique. */
function physicalName(stack: string, logicalId: string, suffix: string, maxLength = 255, lowerCase = false): string {
  let first = stack;
  let second = logicalId;
  const room = Math.max(2, maxLength - suffix.length - 2);
  if (first.length + second.length > room) {
    second = second.slice(0, Math.max(Math.ceil(room / 2), room - first.length));
    first = first.slice(0, room - second.length);
  }
  const name = `${first}-${second}-${suffix}`.slice(0, maxLength);
  return lowerCase ? name.toLowerCase() : name.replace(/-[a-z0-9]+$/, (end) => end.toUpperCase());
}
