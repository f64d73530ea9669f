/** The way to the target: each resource of the plan made, changed or replaced, as much at once as the order allows. */
import { ClockStopped } from '../clock/clock.ts';
import { isActive, makeResource, remakeResource, snapshot, updateResource } from './change-resource.ts';
import { type Desired, desiredOf } from './desired.ts';
import { eventOf } from './events.ts';
import { modelledPart } from './honours.ts';
import { inOrder } from './order.ts';
import { failureReason } from './reasons.ts';
import { putResource, type ResourceRecord, stackResources } from './records.ts';
import type { Resolved } from './resolve.ts';
import type { ResourceType } from './resource-type.ts';
import { currentPlan, operationOf, type Run, resourceOf, stackOf } from './run.ts';
import { propertyChanges, sameValue, typeSpec } from './spec.ts';

export interface Failures {
  readonly create: readonly string[];
  readonly update: readonly string[];
}

/** Brings all resources to what the plan wants. Resolves when nothing is under way any more. */
export async function goForward(run: Run): Promise<Failures> {
  const plan = currentPlan(run);
  const halted = (name: string) => {
    const record = resourceOf(run, name);
    // What was under way when the region stopped is finished, so that it can be undone.
    if (record && isActive(record, operationOf(run).id)) return false;
    return operationOf(run).stop !== undefined || failed(run).length > 0;
  };
  await inOrder(
    plan.dependencies,
    async (logicalId) => {
      const definition = plan.resources[logicalId];
      if (!definition) return false;
      const finished = await bring(run, logicalId, () => desiredOf(run, plan, logicalId, definition));
      if (!finished) run.abort.abort(new Error('cancelled'));
      return finished;
    },
    halted,
  );
  const names = failed(run);
  return {
    create: names.filter(({ status }) => status === 'CREATE_FAILED').map(({ logicalId }) => logicalId),
    update: names.filter(({ status }) => status === 'UPDATE_FAILED').map(({ logicalId }) => logicalId),
  };
}

function failed(run: Run): ResourceRecord[] {
  const { id } = operationOf(run);
  return stackResources(run.host, run.stackId).filter(
    ({ operationId, status }) => operationId === id && (status === 'CREATE_FAILED' || status === 'UPDATE_FAILED'),
  );
}

/** True when the resource is as wanted. */
async function bring(run: Run, logicalId: string, wanted: () => Promise<Desired>): Promise<boolean> {
  const { id } = operationOf(run);
  const record = resourceOf(run, logicalId);
  const mine = record?.operationId === id;
  if (mine && record.status.endsWith('_COMPLETE') && record.status !== 'DELETE_COMPLETE') return true;
  if (mine && record.status.endsWith('_FAILED')) return false;
  const there = record && record.status !== 'DELETE_COMPLETE' ? record : undefined;
  let desired: Desired;
  try {
    desired = await wanted();
  } catch (error) {
    if (error instanceof ClockStopped) throw error;
    failUnresolved(run, logicalId, there, failureReason(error, id), currentPlan(run).resources[logicalId]?.Type ?? '');
    return false;
  }
  if (!there) return makeResource(run, logicalId, desired);
  if (mine && there.status === 'CREATE_IN_PROGRESS') return makeResource(run, logicalId, desired, { begun: there });
  if (mine && there.status === 'UPDATE_IN_PROGRESS') {
    return there.replacing && there.physicalId === there.before?.physicalId
      ? remakeResource(run, there, desired, 'resumed')
      : updateResource(run, there, desired, 'resumed');
  }
  // Left broken by an earlier operation that was not rolled back: made anew.
  if (there.status === 'CREATE_FAILED') return makeResource(run, logicalId, desired, { broken: there });
  return change(run, there, desired);
}

function change(run: Run, record: ResourceRecord, desired: Desired): Promise<boolean> | boolean {
  const type = run.options.types()[record.type];
  const before = record.properties as Record<string, Resolved>;
  const after = desired.properties as Record<string, Resolved>;
  const changes = propertyChanges(record.type, before, after);
  const broken = record.status === 'UPDATE_FAILED';
  const metadata = !sameValue(record.metadata, desired.metadata);
  if (changes.length === 0 && !metadata && !broken && !tagsChanged(run, record.type)) {
    // Policies and order are the stack's own: nothing happens to the resource.
    const { creationPolicy, updatePolicy, deletionPolicy, updateReplacePolicy, dependsOn } = desired;
    putResource(run.host, { ...record, creationPolicy, updatePolicy, deletionPolicy, updateReplacePolicy, dependsOn });
    return true;
  }
  const replace =
    changes.some(({ recreation }) => recreation === 'Always') ||
    (changes.length > 0 && type?.replaces?.(before, after)) ||
    (type !== undefined && !type.update && hasEffect(type, before, after)) ||
    // Its replacement failed half-way, in an update that was not rolled back.
    (broken && record.replacing);
  if (replace) return remakeResource(run, record, desired);
  const onlyMetadata = metadata && changes.length === 0 && !broken && !tagsChanged(run, record.type);
  return updateResource(run, record, desired, onlyMetadata ? 'metadata' : 'changed');
}

/** A type without updates must be made anew, unless only what has no effect in the model changed. */
function hasEffect(type: ResourceType, before: object, after: object): boolean {
  return !sameValue(modelledPart(type, before, 'without inert'), modelledPart(type, after, 'without inert'));
}

/** The stack's tags are put on all that can be tagged. */
function tagsChanged(run: Run, type: string): boolean {
  const { previous } = operationOf(run);
  const taggable = typeSpec(type)?.p.Tags !== undefined && run.options.types()[type]?.update !== undefined;
  return previous !== undefined && taggable && !sameValue(previous.tags, stackOf(run).tags);
}

/** A resource whose properties cannot even be resolved fails before anything is called. */
function failUnresolved(
  run: Run,
  logicalId: string,
  record: ResourceRecord | undefined,
  reason: string,
  type: string,
): void {
  const { host, stackId } = run;
  const { id } = operationOf(run);
  const updatedAt = host.clock.now();
  if (record) {
    eventOf(host, { ...record, status: 'UPDATE_IN_PROGRESS' });
    const status = record.status === 'CREATE_IN_PROGRESS' ? 'CREATE_FAILED' : 'UPDATE_FAILED';
    const before = record.before ?? (status === 'UPDATE_FAILED' ? snapshot(record) : undefined);
    const changed = putResource(host, { ...record, before, status, statusReason: reason, operationId: id, updatedAt });
    eventOf(host, changed, { reason });
    return;
  }
  const made: ResourceRecord = {
    stackId,
    logicalId,
    type,
    status: 'CREATE_IN_PROGRESS',
    updatedAt,
    operationId: id,
    madeBy: id,
    suffix: '',
    attributes: {},
    properties: {},
    metadata: {},
    deletionPolicy: 'Delete',
    updateReplacePolicy: 'Delete',
    dependsOn: [],
  };
  eventOf(host, made);
  eventOf(host, putResource(host, { ...made, status: 'CREATE_FAILED', statusReason: reason }), { reason });
}
