/** One resource made, changed in place or replaced: what is kept before and after each call, and what the events say. */
import { ClockStopped } from '../clock/clock.ts';
import { type Desired, finalProperties } from './desired.ts';
import { eventOf } from './events.ts';
import { unwatched } from './honours.ts';
import { failureReason } from './reasons.ts';
import { type Incarnation, putResource, type ResourceRecord } from './records.ts';
import { existingResource, type ResourceCall, resourceRequest, shown } from './request.ts';
import type { Created, ResourceType } from './resource-type.ts';
import { operationOf, type Run, resourceOf } from './run.ts';
import { durationMs } from './signals.ts';

/** Under way in this operation: begun, and not known to have ended. */
export function isActive(record: ResourceRecord, operationId: string): boolean {
  return record.operationId === operationId && record.status.endsWith('_IN_PROGRESS');
}

/**
 * Makes a resource that is not there. `begun` is the record of an attempt that a restart cut short, `broken` that of one
 * which failed in an earlier operation and is left to the clean-up.
 */
export function makeResource(
  run: Run,
  logicalId: string,
  desired: Desired,
  { begun, broken }: { begun?: ResourceRecord; broken?: ResourceRecord } = {},
): Promise<boolean> {
  const { host, stackId } = run;
  const { id } = operationOf(run);
  const record: ResourceRecord = {
    suffix: host.random.text(12),
    attributes: {},
    ...begun,
    ...desired,
    stackId,
    logicalId,
    status: 'CREATE_IN_PROGRESS',
    updatedAt: host.clock.now(),
    operationId: id,
    madeBy: id,
    ...(broken ? { discarded: discards(broken) } : {}),
  };
  putResource(host, record);
  if (!begun) eventOf(host, record);
  return finish(run, record, 'CREATE', (type) => create(run, record, type));
}

/** Makes the replacement of a resource; the old one stays until the clean-up. */
export function remakeResource(run: Run, old: ResourceRecord, desired: Desired, how?: 'resumed'): Promise<boolean> {
  const { host } = run;
  const { id } = operationOf(run);
  const resumed = how === 'resumed';
  const record: ResourceRecord = {
    ...old,
    ...desired,
    ...(resumed
      ? {}
      : {
          suffix: host.random.text(12),
          // What an earlier update made and did not go back from is given up: the way back leads before it.
          before: old.before ?? snapshot(old),
          discarded: old.before && old.replacing ? discards(old) : old.discarded,
          attributes: {},
          ref: undefined,
        }),
    replacing: true,
    status: 'UPDATE_IN_PROGRESS',
    statusReason: undefined,
    updatedAt: host.clock.now(),
    operationId: id,
  };
  putResource(host, record);
  if (!resumed) {
    eventOf(host, record, {
      reason: 'Requested update requires the creation of a new physical resource; hence creating one.',
    });
  }
  return finish(run, record, 'UPDATE', (type) => create(run, record, type));
}

/** Changes a resource in place; a change of its metadata alone reaches nobody but who reads it. */
export function updateResource(
  run: Run,
  old: ResourceRecord,
  desired: Desired,
  how: 'changed' | 'metadata' | 'resumed',
): Promise<boolean> {
  const { host } = run;
  const { id } = operationOf(run);
  const before = old.before ?? snapshot(old);
  const previous = how === 'resumed' || !old.before ? before : snapshot(old);
  const record: ResourceRecord = {
    ...old,
    ...desired,
    before,
    replacing: old.replacing ?? false,
    status: 'UPDATE_IN_PROGRESS',
    statusReason: undefined,
    updatedAt: host.clock.now(),
    operationId: id,
  };
  putResource(host, record);
  if (how !== 'resumed') eventOf(host, record);
  return finish(run, record, 'UPDATE', (type) =>
    how === 'metadata' ? undefined : update(run, record, type, previous.properties),
  );
}

function discards(record: ResourceRecord): readonly Incarnation[] {
  const { discarded = [], physicalId, before } = record;
  return physicalId === undefined || physicalId === before?.physicalId ? discarded : [...discarded, snapshot(record)];
}

export function snapshot(record: Incarnation): Incarnation {
  const { type, suffix, physicalId, ref, attributes, properties, metadata, creationPolicy, updatePolicy } = record;
  const { deletionPolicy, updateReplacePolicy, dependsOn, unmodelled } = record;
  return {
    type,
    suffix,
    physicalId,
    ref,
    attributes,
    properties,
    metadata,
    creationPolicy,
    updatePolicy,
    deletionPolicy,
    updateReplacePolicy,
    dependsOn,
    unmodelled,
  };
}

/** Carries out a call and keeps what came of it. True when it succeeded. */
async function finish(
  run: Run,
  { logicalId, type: typeName }: ResourceRecord,
  what: 'CREATE' | 'UPDATE',
  call: (type: ResourceType) => Promise<Created> | undefined,
): Promise<boolean> {
  const { host } = run;
  const current = () => {
    const record = resourceOf(run, logicalId);
    if (!record) throw new Error(`the record of ${logicalId} is gone`);
    return record;
  };
  const type = run.options.types()[typeName];
  try {
    const made: Created | undefined = type ? await call(type) : { physicalId: `unmodelled-${logicalId}` };
    const record = current();
    const initiated = made && record.physicalId !== made.physicalId && (what === 'CREATE' || record.replacing);
    const changed: ResourceRecord = {
      ...record,
      ...(made
        ? { physicalId: made.physicalId, ref: made.ref, attributes: { ...unwatched(made.attributes ?? {}) } }
        : {}),
      status: `${what}_COMPLETE`,
      updatedAt: host.clock.now(),
      ...(type ? {} : { unmodelled: true }),
    };
    if (initiated) eventOf(host, record, { physicalId: made.physicalId, reason: 'Resource creation Initiated' });
    putResource(host, changed);
    eventOf(host, changed, type ? {} : { reason: `${typeName} is not modelled by Orrery: the resource is left out` });
    return true;
  } catch (error) {
    // The region stops: whoever starts it again takes this up.
    if (error instanceof ClockStopped) throw error;
    const cancelled = run.abort.signal.aborted;
    const verb = what === 'CREATE' ? 'creation' : 'update';
    const statusReason = cancelled ? `Resource ${verb} cancelled` : failureReason(error, operationOf(run).id);
    const changed = { ...current(), status: `${what}_FAILED`, statusReason, updatedAt: host.clock.now() };
    putResource(host, changed);
    eventOf(host, changed, { reason: statusReason });
    return false;
  }
}

async function create(run: Run, record: ResourceRecord, type: ResourceType): Promise<Created> {
  const call = await resourceCall(run, record, type);
  const { waited, ...request } = resourceRequest(run, call);
  const made = await type.create(request);
  const expected = expectedSignals(record);
  if (expected && !waited()) {
    request.made(made.physicalId, made.attributes);
    await request.signals.wait(expected);
  }
  return made;
}

async function update(
  run: Run,
  record: ResourceRecord,
  type: ResourceType,
  before: Readonly<Record<string, unknown>>,
): Promise<Created> {
  const call = await resourceCall(run, record, type);
  const { physicalId = '', ref, attributes } = record;
  // A type without updates is replaced, except where only what it does not know changed.
  if (!type.update) return { physicalId, attributes, ...(ref === undefined ? {} : { ref }) };
  const previous = shown(run, call, await finalProperties(run, before));
  return type.update({ ...existingResource(run, call), previous });
}

export async function resourceCall(run: Run, record: ResourceRecord, type: ResourceType): Promise<ResourceCall> {
  const { logicalId, type: typeName } = record;
  return {
    logicalId,
    type,
    typeName,
    incarnation: record,
    properties: await finalProperties(run, record.properties),
  };
}

/** Signals that a creation policy asks for. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html */
function expectedSignals({ creationPolicy }: ResourceRecord) {
  const signal = creationPolicy?.ResourceSignal as { Count?: unknown; Timeout?: unknown } | undefined;
  if (!signal) return undefined;
  const count = Number(signal.Count ?? 1);
  const group = creationPolicy?.AutoScalingCreationPolicy as { MinSuccessfulInstancesPercent?: unknown } | undefined;
  const percent = Number(group?.MinSuccessfulInstancesPercent ?? 100);
  const timeoutMs = durationMs(String(signal.Timeout ?? 'PT5M')) ?? 5 * 60_000;
  return { count, timeoutMs, minSuccessful: Math.ceil((count * percent) / 100) };
}
