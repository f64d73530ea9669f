/** Changes: PENDING until the name servers have them, then INSYNC. */
import type { ChangeInfo, GetChangeCommandInput } from '@aws-sdk/client-route-53';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { type ChangeRecord, changes } from './state.ts';

/** The model's servers answer from the tables at once, so a change is in sync when it was submitted. */
function view({ id, submittedMs, comment }: ChangeRecord): ChangeInfo {
  return {
    Id: `/change/${id}`,
    Status: 'INSYNC',
    SubmittedAt: new Date(submittedMs),
    ...(comment === undefined ? {} : { Comment: comment }),
  };
}

const rememberedChanges = 1_000;

export function changeInfo(call: Call, comment?: string): ChangeInfo {
  const record: ChangeRecord = {
    id: `C${call.random.text(20)}`,
    submittedMs: call.clock.now(),
    ...(comment === undefined ? {} : { comment }),
  };
  const table = changes(call);
  const [oldest] = table.keys();
  if (table.size >= rememberedChanges && oldest !== undefined) table.delete(oldest);
  table.put(record.id, record);
  return view(record);
}

export function getChange({ Id }: GetChangeCommandInput, call: Call) {
  const record = changes(call).get((Id ?? '').replace(/^\/?change\//, ''));
  if (!record) throw new Fault('NoSuchChange', `Could not find resource with ID: ${Id}`, { status: 404 });
  return { ChangeInfo: view(record) };
}
