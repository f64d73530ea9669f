/**
 * An operation from phase to phase. Each phase can be begun again after a crash: it looks at the records for what is left,
 * and the step to the next is one write.
 */
import { ClockStopped } from '../clock/clock.ts';
import { goBack } from './backward.ts';
import { stackStatus } from './events.ts';
import { type Failures, goForward } from './forward.ts';
import { stackOutputs } from './outputs.ts';
import { failureReason } from './reasons.ts';
import {
  forgetResource,
  importersOf,
  type OperationRecord,
  putResource,
  type StackRecord,
  type StackTarget,
  stackResources,
  stacks,
} from './records.ts';
import { type RemovalOptions, remove } from './removal.ts';
import { changeOperation, currentPlan, operationOf, type Run, stackOf } from './run.ts';
import { forgetSignals } from './signals.ts';

const cleanupAttempts = 3;

const phases: Readonly<Record<OperationRecord['phase'], (run: Run) => Promise<void>>> = {
  forward,
  cleanup,
  back,
  'back-cleanup': backCleanup,
  undo,
  delete: deleteAll,
};

/** Carries on until the operation is over. Leaves everything as it is when the region stops. */
export async function runOperation(run: Run): Promise<void> {
  try {
    for (let { operation } = stackOf(run); operation; { operation } = stackOf(run)) {
      run.abort = new AbortController();
      const stopTimer = watchDeadline(run, operation);
      try {
        await phases[operation.phase](run);
      } finally {
        stopTimer();
      }
    }
  } catch (error) {
    if (error instanceof ClockStopped) return;
    giveUp(run, error);
  }
}

function watchDeadline(run: Run, { deadline, phase }: OperationRecord): () => void {
  if (deadline === undefined || phase !== 'forward') return () => {};
  const { clock } = run.host;
  const timer = clock.after(Math.max(0, deadline - clock.now()), () => {
    if (operationOf(run).stop) return;
    changeOperation(run, { stop: { by: 'timeout', reason: 'Stack creation time exceeded the specified timeout.' } });
    run.abort.abort(new Error('timeout'));
  });
  return () => timer.cancel();
}

/** A mistake of the engine itself: said, and the stack left for someone to delete. */
function giveUp(run: Run, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  run.host.note({ source: 'stack', kind: 'operation-broken', text, data: { stack: run.stackId } });
  const { kind } = operationOf(run);
  const status = { create: 'CREATE_FAILED', update: 'UPDATE_ROLLBACK_FAILED', delete: 'DELETE_FAILED' }[kind];
  end(run, status, `Internal Failure: ${error instanceof Error ? error.message : String(error)}`);
}

function end(run: Run, status: string, statusReason?: string, changes: Partial<StackRecord> = {}): void {
  const stack = stackOf(run);
  const { id, clientToken } = operationOf(run);
  stackStatus(run.host, stack, { ...changes, status, statusReason, operation: undefined, lastToken: clientToken });
  forgetSignals(run.host, id);
}

function proceed(
  run: Run,
  phase: OperationRecord['phase'],
  changes: Partial<StackRecord> & { status: string },
  operation: Partial<OperationRecord> = {},
): void {
  stackStatus(run.host, stackOf(run), { ...changes, operation: { ...operationOf(run), ...operation, phase } });
}

async function forward(run: Run): Promise<void> {
  const failures = await goForward(run);
  let reason = failureText(failures, operationOf(run).stop);
  let made: Awaited<ReturnType<typeof stackOutputs>> | undefined;
  if (reason === undefined) {
    try {
      made = await stackOutputs(run);
    } catch (error) {
      if (error instanceof ClockStopped) throw error;
      reason = failureReason(error, operationOf(run).id);
    }
  }
  // From here on nothing waits: whoever stopped the operation until now is heard.
  const { stop, kind } = operationOf(run);
  if (stop?.by === 'delete') changeOperation(run, { kind: 'delete', phase: 'delete' });
  else if (kind === 'create') afterCreate(run, stop?.reason ?? reason, made);
  else afterUpdate(run, stop?.reason ?? reason, made);
}

function failureText({ create, update }: Failures, stop: OperationRecord['stop']): string | undefined {
  if (stop) return stop.reason;
  const texts: string[] = [];
  if (create.length > 0) texts.push(`The following resource(s) failed to create: [${create.join(', ')}].`);
  if (update.length > 0) texts.push(`The following resource(s) failed to update: [${update.join(', ')}].`);
  return texts.length > 0 ? texts.join(' ') : undefined;
}

type Made = Pick<StackRecord, 'outputs' | 'imports'>;

function afterCreate(run: Run, reason: string | undefined, made: Made | undefined): void {
  const { onFailure } = operationOf(run);
  const text = reason?.replace(/\.? Rollback requested by user\.$/, '.');
  if (text === undefined) {
    end(run, 'CREATE_COMPLETE', undefined, made);
  } else if (onFailure === 'DO_NOTHING') {
    end(run, 'CREATE_FAILED', text);
  } else if (onFailure === 'DELETE') {
    proceed(run, 'delete', { status: 'DELETE_IN_PROGRESS', statusReason: `${text} Delete requested by user.` });
  } else {
    proceed(run, 'undo', { status: 'ROLLBACK_IN_PROGRESS', statusReason: `${text} Rollback requested by user.` });
  }
}

function afterUpdate(run: Run, reason: string | undefined, made: Made | undefined): void {
  const { previous, onFailure, stop } = operationOf(run);
  if (reason === undefined) {
    proceed(run, 'cleanup', { ...made, stable: undefined, status: 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS' });
  } else if (onFailure === 'DO_NOTHING' && stop?.by !== 'user') {
    end(run, 'UPDATE_FAILED', reason, { stable: previous });
  } else {
    goBackTo(run, previous, reason);
  }
}

/** The stack is again what it was; its resources follow. */
function goBackTo(run: Run, previous: StackTarget | undefined, reason: string): void {
  const failed = targetOf(stackOf(run));
  const changes = { ...previous, stable: undefined, status: 'UPDATE_ROLLBACK_IN_PROGRESS', statusReason: reason };
  proceed(run, 'back', changes, { failed });
}

export function targetOf(stack: StackTarget): StackTarget {
  const { templateId, parameters, tags, notificationArns, capabilities, roleArn } = stack;
  return { templateId, parameters, tags, notificationArns, capabilities, roleArn };
}

/** What was replaced is now for the clean-up, and there is no way back any more. */
function discardReplaced(run: Run): void {
  for (const record of stackResources(run.host, run.stackId)) {
    const { before, replacing, discarded = [], updateReplacePolicy } = record;
    if (!before) continue;
    const old = replacing && before.physicalId !== record.physicalId ? [{ ...before, updateReplacePolicy }] : [];
    putResource(run.host, { ...record, before: undefined, replacing: undefined, discarded: [...discarded, ...old] });
  }
}

const byPolicy: RemovalOptions['retains'] = ({ incarnation, whose }) =>
  whose === 'own' ? incarnation.deletionPolicy.startsWith('Retain') : incarnation.updateReplacePolicy === 'Retain';

async function cleanup(run: Run): Promise<void> {
  discardReplaced(run);
  const { resources } = currentPlan(run);
  const which = ({ logicalId }: { logicalId: string }) => !Object.hasOwn(resources, logicalId);
  const failed = await remove(run, which, { keepRecords: false, attempts: cleanupAttempts, retains: byPolicy });
  forgetUndeletable(run, which);
  end(
    run,
    'UPDATE_COMPLETE',
    failed.length > 0 ? 'Update successful. One or more resources could not be deleted.' : undefined,
    {
      updatedAt: run.host.clock.now(),
    },
  );
}

/** What a clean-up could not delete is no longer the stack's, as on AWS. */
function forgetUndeletable(run: Run, which: (record: { logicalId: string }) => boolean): void {
  for (const record of stackResources(run.host, run.stackId)) {
    if (which(record)) forgetResource(run.host, record);
    else if (record.discarded) putResource(run.host, { ...record, discarded: undefined });
  }
}

async function back(run: Run): Promise<void> {
  const failed = await goBack(run);
  if (failed.length > 0) {
    return end(run, 'UPDATE_ROLLBACK_FAILED', `The following resource(s) failed to update: [${failed.join(', ')}].`);
  }
  proceed(run, 'back-cleanup', { status: 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS' });
}

async function backCleanup(run: Run): Promise<void> {
  const { resources } = currentPlan(run);
  const { retainExceptOnCreate } = operationOf(run);
  const which = ({ logicalId }: { logicalId: string }) => !Object.hasOwn(resources, logicalId);
  await remove(run, which, {
    keepRecords: false,
    attempts: cleanupAttempts,
    retains: ({ incarnation, whose }) =>
      whose === 'own' && incarnation.deletionPolicy === 'Retain' && !retainExceptOnCreate,
  });
  forgetUndeletable(run, which);
  end(run, 'UPDATE_ROLLBACK_COMPLETE', undefined, { updatedAt: run.host.clock.now() });
}

async function undo(run: Run): Promise<void> {
  const { retainExceptOnCreate } = operationOf(run);
  const failed = await remove(run, () => true, {
    keepRecords: true,
    attempts: 1,
    retains: ({ incarnation }) => incarnation.deletionPolicy === 'Retain' && !retainExceptOnCreate,
  });
  if (failed.length > 0) return end(run, 'ROLLBACK_FAILED', failedToDelete(failed));
  end(run, 'ROLLBACK_COMPLETE');
}

function failedToDelete(failed: readonly string[]): string {
  return `The following resource(s) failed to delete: [${failed.join(', ')}].`;
}

async function deleteAll(run: Run): Promise<void> {
  const { retain } = operationOf(run);
  for (const { exportName } of stackOf(run).outputs) {
    const users = exportName === undefined ? [] : importersOf(run.host, exportName);
    if (users.length > 0) {
      return end(
        run,
        'DELETE_FAILED',
        `Export ${exportName} cannot be deleted as it is in use by ${users.join(' and ')}`,
      );
    }
  }
  discardReplaced(run);
  const failed = await remove(run, () => true, {
    keepRecords: true,
    attempts: 1,
    retains: (doomed) => retain.includes(doomed.logicalId) || byPolicy(doomed),
  });
  if (failed.length > 0) return end(run, 'DELETE_FAILED', failedToDelete(failed));
  end(run, 'DELETE_COMPLETE', undefined, { deletedAt: run.host.clock.now() });
}

/** Stacks with an operation under way. */
export function unfinished(host: Run['host']): string[] {
  return [...stacks(host).values()].filter(({ operation }) => operation !== undefined).map(({ id }) => id);
}
