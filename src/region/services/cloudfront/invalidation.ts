/** Invalidations: in progress until every edge location has evicted what they name. */
import type {
  CreateInvalidationCommandInput,
  GetInvalidationCommandInput,
  ListInvalidationsCommandInput,
} from '@aws-sdk/client-cloudfront';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { distributionOf, maxItems } from './distribution.ts';
import { counted, type InvalidationRecord, invalid, invalidations, pageOf } from './state.ts';

const mostPaths = 3_000;

export function createInvalidation(
  { DistributionId, InvalidationBatch: batch }: CreateInvalidationCommandInput,
  call: Call,
) {
  const { id: distributionId } = distributionOf(call, DistributionId);
  const paths = counted(batch?.Paths);
  const callerReference = batch?.CallerReference ?? '';
  if (paths.length === 0 || callerReference === '') throw invalid('Paths and CallerReference are required.');
  if (paths.length > mostPaths)
    throw new Fault('BatchTooLarge', 'Invalidation batch specified is too large.', { status: 413 });
  if (paths.some((path) => !path.startsWith('/') || /\*./.test(path) || path.length > 4_000)) {
    throw invalid('Your request contains one or more invalid invalidation paths.');
  }
  for (const one of invalidations(call).values()) {
    if (one.distributionId !== distributionId || one.callerReference !== callerReference) continue;
    if (one.paths.join('\n') === paths.join('\n')) return answer(one);
    throw invalid('The caller reference was used already, for other paths.');
  }
  const id = `I${call.random.text(25)}`;
  const record = { id, distributionId, callerReference, paths, createdMs: call.clock.now(), done: false };
  invalidations(call).put(id, record);
  void carryOut(call.inRegion('us-east-1'), record);
  return answer(record);
}

/** Also after a restart: the edge's memory is empty then, but the batch must come to its end. */
export async function carryOut(scope: Scope, record: InvalidationRecord): Promise<void> {
  await scope.planes.edge?.invalidate(record.distributionId, record.paths);
  if (invalidations(scope).has(record.id)) invalidations(scope).put(record.id, { ...record, done: true });
}

export function getInvalidation({ DistributionId, Id }: GetInvalidationCommandInput, call: Call) {
  const { id } = distributionOf(call, DistributionId);
  const record = invalidations(call).get(Id ?? '');
  if (record?.distributionId !== id) {
    throw new Fault('NoSuchInvalidation', 'The specified invalidation does not exist.', { status: 404 });
  }
  return { Invalidation: view(record) };
}

export function listInvalidations({ DistributionId, Marker, MaxItems }: ListInvalidationsCommandInput, call: Call) {
  const { id } = distributionOf(call, DistributionId);
  const own = [...invalidations(call).values()].filter((one) => one.distributionId === id);
  const { items, shared } = pageOf(own, (one) => one.id, { Marker, MaxItems: maxItems(MaxItems) });
  const Items = items.map((one) => ({ Id: one.id, CreateTime: new Date(one.createdMs), Status: statusOf(one) }));
  return {
    InvalidationList: {
      ...shared,
      Marker: Marker ?? '',
      IsTruncated: shared.NextMarker !== undefined,
      ...(Items.length > 0 ? { Items } : {}),
    },
  };
}

function answer(record: InvalidationRecord) {
  return {
    Invalidation: view(record),
    Location: `https://cloudfront.amazonaws.com/2020-05-31/distribution/${record.distributionId}/invalidation/${record.id}`,
  };
}

function view(record: InvalidationRecord) {
  return {
    Id: record.id,
    Status: statusOf(record),
    CreateTime: new Date(record.createdMs),
    InvalidationBatch: {
      Paths: { Quantity: record.paths.length, Items: [...record.paths] },
      CallerReference: record.callerReference,
    },
  };
}

function statusOf({ done }: InvalidationRecord): string {
  return done ? 'Completed' : 'InProgress';
}
