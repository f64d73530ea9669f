/** The way back of an update: what it changed is changed back, what it replaced is put in its place again. */
import { ClockStopped } from '../clock/clock.ts';
import { resourceCall, snapshot } from './change-resource.ts';
import { finalProperties } from './desired.ts';
import { eventOf } from './events.ts';
import { inOrder } from './order.ts';
import { failureReason } from './reasons.ts';
import { type Incarnation, putResource, type ResourceRecord, stackResources } from './records.ts';
import { existingResource, shown } from './request.ts';
import { operationOf, type Run, resourceOf, stackOf } from './run.ts';
import { sameValue } from './spec.ts';

/** Restores what the operation touched. Gives the logical ids that could not be. */
export async function goBack(run: Run): Promise<string[]> {
  const touched = new Map<string, ReadonlySet<string>>();
  const records = stackResources(run.host, run.stackId).filter(({ before }) => before !== undefined);
  const names = new Set(records.map(({ logicalId }) => logicalId));
  for (const { logicalId, before } of records) {
    touched.set(logicalId, new Set(before?.dependsOn.filter((name) => names.has(name))));
  }
  const failed: string[] = [];
  await inOrder(touched, async (logicalId) => {
    const record = resourceOf(run, logicalId);
    if (!record?.before) return true;
    const restored = await restore(run, record, record.before);
    if (!restored) failed.push(logicalId);
    return true;
  });
  return failed;
}

/** The tags that the failed update gave. */
function previousTags(run: Run): unknown {
  return operationOf(run).failed?.tags;
}

async function restore(run: Run, record: ResourceRecord, before: Incarnation): Promise<boolean> {
  const { host } = run;
  const { skip, id } = operationOf(run);
  const type = run.options.types()[record.type];
  const back = (from: ResourceRecord): ResourceRecord => ({
    ...from,
    ...before,
    before: undefined,
    replacing: undefined,
    operationId: id,
    updatedAt: host.clock.now(),
  });
  const inProgress = putResource(host, { ...record, status: 'UPDATE_IN_PROGRESS', statusReason: undefined });
  eventOf(host, { ...inProgress, physicalId: before.physicalId });
  const complete = (made: Partial<ResourceRecord> = {}) => {
    const changed = putResource(host, {
      ...back(resourceOf(run, record.logicalId) ?? record),
      ...made,
      status: 'UPDATE_COMPLETE',
      statusReason: undefined,
    });
    eventOf(host, changed);
    return true;
  };
  if (record.replacing) {
    const other = record.physicalId !== undefined && record.physicalId !== before.physicalId;
    return complete(other ? { discarded: [...(record.discarded ?? []), snapshot(record)] } : {});
  }
  // What failed before anything was called needs nothing.
  const untouched = sameValue(record.properties, before.properties) && sameValue(record.metadata, before.metadata);
  const tagged = !sameValue(previousTags(run), stackOf(run).tags);
  if (skip.includes(record.logicalId) || !type?.update || before.unmodelled || (untouched && !tagged))
    return complete();
  try {
    const call = await resourceCall(run, back(record), type);
    const previous = shown(run, call, await finalProperties(run, record.properties));
    const made = await type.update({ ...existingResource(run, call), previous });
    return complete({ physicalId: made.physicalId, ref: made.ref, attributes: made.attributes ?? {} });
  } catch (error) {
    if (error instanceof ClockStopped) throw error;
    const statusReason = failureReason(error, id);
    const changed = putResource(host, {
      ...(resourceOf(run, record.logicalId) ?? record),
      status: 'UPDATE_FAILED',
      statusReason,
      updatedAt: host.clock.now(),
    });
    eventOf(host, changed, { reason: statusReason });
    return false;
  }
}
