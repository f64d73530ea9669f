/** Change sets as they are kept. */
import type { StackChange } from '../../stacks/changes.ts';
import { findStack, type StackTarget } from '../../stacks/records.ts';
import { Fault } from '../../wire/fault.ts';
import type { Call } from '../service.ts';
import { type EngineOf, invalid } from './engines.ts';

export interface ChangeSetRecord {
  readonly id: string;
  readonly name: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly description?: string | undefined;
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly statusReason?: string | undefined;
  readonly executionStatus:
    | 'AVAILABLE'
    | 'UNAVAILABLE'
    | 'OBSOLETE'
    | 'EXECUTE_IN_PROGRESS'
    | 'EXECUTE_COMPLETE'
    | 'EXECUTE_FAILED';
  readonly createdAt: number;
  readonly target: StackTarget;
  readonly templateDescription?: string | undefined;
  readonly changes: readonly StackChange[];
  readonly warnings: readonly string[];
  readonly onStackFailure?: 'DO_NOTHING' | 'ROLLBACK' | 'DELETE' | undefined;
  readonly clientToken?: string | undefined;
  readonly executeToken?: string | undefined;
}

export const changeSets = (call: Call) => call.table<ChangeSetRecord>('cloudformation/changeSets');

/** Throws `ChangeSetNotFound`. */
export function findChangeSet(
  engineOf: EngineOf,
  call: Call,
  nameOrId: string | undefined,
  stackName: string | undefined,
): ChangeSetRecord {
  const missing = new Fault('ChangeSetNotFound', `ChangeSet [${nameOrId}] does not exist`, { status: 404 });
  if (nameOrId?.startsWith('arn:')) {
    const found = changeSets(call).get(nameOrId);
    if (!found) throw missing;
    return found;
  }
  if (stackName === undefined)
    throw invalid('StackName must be specified if ChangeSetName is not specified as an ARN.');
  const stack = findStack(engineOf(call).host, stackName);
  if (!stack) throw invalid(`Stack [${stackName}] does not exist`);
  for (const record of changeSets(call).values()) {
    if (record.stackId === stack.id && record.name === nameOrId) return record;
  }
  throw missing;
}
