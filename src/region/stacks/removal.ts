/** Physical resources ended, those first that were made after others. */
import { ClockStopped } from '../clock/clock.ts';
import { finalProperties } from './desired.ts';
import { eventOf } from './events.ts';
import { inOrder } from './order.ts';
import { failureReason } from './reasons.ts';
import { forgetResource, type Incarnation, putResource, type ResourceRecord, stackResources } from './records.ts';
import { existingResource } from './request.ts';
import { operationOf, type Run, resourceOf } from './run.ts';

/** A physical resource to be ended: the record's own, or an older or discarded one of the same logical id. */
interface Doomed {
  readonly logicalId: string;
  readonly incarnation: Incarnation;
  readonly whose: 'own' | 'discarded';
}

export interface RemovalOptions {
  /** Whether the record of a resource is kept, as deleted, or forgotten. */
  readonly keepRecords: boolean;
  /** How often a deletion is tried. */
  readonly attempts: number;
  /** Whether its policy lets a resource stay. */
  readonly retains: (doomed: {
    logicalId: string;
    incarnation: Incarnation;
    whose: 'own' | 'discarded';
    madeBy: string;
  }) => boolean;
}

/** Ends the resources that `which` chooses, and all that is discarded. Gives the logical ids that could not be deleted. */
export async function remove(
  run: Run,
  which: (record: ResourceRecord) => boolean,
  options: RemovalOptions,
): Promise<string[]> {
  const doomed = new Map<string, Doomed>();
  for (const record of stackResources(run.host, run.stackId)) {
    const { logicalId, status, discarded } = record;
    if (status !== 'DELETE_COMPLETE' && status !== 'DELETE_SKIPPED' && which(record)) {
      doomed.set(logicalId, { logicalId, incarnation: record, whose: 'own' });
    }
    for (const incarnation of discarded ?? []) {
      doomed.set(`${logicalId} ${incarnation.suffix}`, { logicalId, incarnation, whose: 'discarded' });
    }
  }
  // What was made after a resource goes before it.
  const order = new Map<string, Set<string>>();
  for (const [key, { logicalId }] of doomed) {
    const before = new Set<string>();
    for (const [other, { incarnation, logicalId: otherId }] of doomed) {
      if (other !== key && otherId !== logicalId && incarnation.dependsOn.includes(logicalId)) before.add(other);
    }
    order.set(key, before);
  }
  const failed: string[] = [];
  await inOrder(order, async (key) => {
    const one = doomed.get(key);
    if (!one) return false;
    if (!(await end(run, one, options))) failed.push(one.logicalId);
    // Who depended on it may go even when it stays: its own deletion will say what is in the way.
    return true;
  });
  return [...new Set(failed)];
}

async function end(run: Run, doomed: Doomed, options: RemovalOptions): Promise<boolean> {
  const { host } = run;
  const { logicalId, incarnation, whose } = doomed;
  const record = resourceOf(run, logicalId);
  if (!record) return true;
  const told: ResourceRecord = { ...record, ...incarnation };
  const tell = (status: string, statusReason?: string) => {
    const updatedAt = host.clock.now();
    const { operationId: _, ...now } = resourceOf(run, logicalId) ?? record;
    const kept = { ...now, operationId: operationOf(run).id };
    if (whose === 'own') putResource(host, { ...kept, status, statusReason, updatedAt });
    eventOf(host, { ...told, status }, { reason: statusReason });
  };
  const gone = (status: 'DELETE_COMPLETE' | 'DELETE_SKIPPED') => {
    tell(status);
    const now = resourceOf(run, logicalId) ?? record;
    const left = now.discarded?.filter(({ suffix }) => suffix !== incarnation.suffix) ?? [];
    if (whose === 'discarded') putResource(host, { ...now, discarded: left.length > 0 ? left : undefined });
    const over = now.status === 'DELETE_COMPLETE' || now.status === 'DELETE_SKIPPED';
    if (!options.keepRecords && over && (whose === 'discarded' ? left : (now.discarded ?? [])).length === 0) {
      forgetResource(host, now);
    }
  };
  if (options.retains({ logicalId, incarnation, whose, madeBy: record.madeBy })) {
    gone('DELETE_SKIPPED');
    return true;
  }
  if (incarnation.physicalId === undefined || incarnation.unmodelled) {
    gone('DELETE_COMPLETE');
    return true;
  }
  if (record.status !== 'DELETE_IN_PROGRESS' || whose === 'discarded') tell('DELETE_IN_PROGRESS');
  for (let attempt = 1; ; attempt++) {
    try {
      await callDelete(run, doomed);
      gone('DELETE_COMPLETE');
      return true;
    } catch (error) {
      if (error instanceof ClockStopped) throw error;
      if (attempt < options.attempts) {
        await host.clock.sleep(attempt * 1000);
        continue;
      }
      tell('DELETE_FAILED', failureReason(error, operationOf(run).id));
      return false;
    }
  }
}

async function callDelete(run: Run, { logicalId, incarnation }: Doomed): Promise<void> {
  const type = run.options.types()[incarnation.type];
  if (!type) throw new Error(`${incarnation.type} is not modelled any more`);
  const properties = await finalProperties(run, incarnation.properties);
  await type.delete(existingResource(run, { logicalId, type, typeName: incarnation.type, incarnation, properties }));
}
