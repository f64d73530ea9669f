/**
 * The CloudFormation engine: begins operations on stacks, carries them on in the background, and takes up after a crash
 * what was under way. Checks of requests and AWS's shapes are the service's; here is what happens to the resources.
 */
import { stackEvent, stackStatus } from './events.ts';
import { runOperation, targetOf, unfinished } from './operation.ts';
import {
  type OnFailure,
  type OperationRecord,
  type StackHost,
  type StackRecord,
  type StackTarget,
  stacks,
} from './records.ts';
import { changeOperation, type EngineOptions, type Run } from './run.ts';

export interface Begin {
  readonly caller: unknown;
  readonly clientToken?: string | undefined;
}

export interface CreateStack extends Begin, StackTarget {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly onFailure: OnFailure;
  readonly timeoutMinutes?: number | undefined;
  readonly terminationProtection?: boolean | undefined;
  readonly stackPolicy?: string | undefined;
  readonly changeSetId?: string | undefined;
  readonly retainExceptOnCreate?: boolean | undefined;
  /** What is not modelled, said in the stack's events. */
  readonly warnings: readonly string[];
}

export interface UpdateStack extends Begin, StackTarget {
  readonly description?: string | undefined;
  readonly disableRollback: boolean;
  readonly stackPolicy?: string | undefined;
  readonly changeSetId?: string | undefined;
  readonly retainExceptOnCreate?: boolean | undefined;
  readonly warnings: readonly string[];
}

export interface Engine {
  readonly host: StackHost;
  readonly options: EngineOptions;
  /** A new stack, or one in REVIEW_IN_PROGRESS. */
  create(input: CreateStack): StackRecord;
  update(stack: StackRecord, input: UpdateStack): StackRecord;
  delete(stack: StackRecord, input: Begin & { retain?: readonly string[] }): void;
  /** Gives up an update under way and goes back. */
  cancelUpdate(stack: StackRecord): void;
  /** Goes back from an update that failed and was left so, or whose way back failed. */
  rollBack(stack: StackRecord, input: Begin & { skip?: readonly string[]; retainExceptOnCreate?: boolean }): void;
  /** Takes up what was under way when the region stopped. */
  resume(): void;
  /** Resolves when no operation is under way. */
  settled(): Promise<void>;
}

export function createEngine(region: StackHost, options: EngineOptions): Engine {
  const host = untilStopped(region);
  const running = new Map<string, { run: Run; over: Promise<void> }>();

  function launch(stackId: string): void {
    const run: Run = { host, options, stackId, abort: new AbortController() };
    // Whoever asked is answered first.
    const over = Promise.resolve()
      .then(() => runOperation(run))
      .finally(() => running.delete(stackId));
    running.set(stackId, { run, over });
  }

  function operation(
    input: Begin,
    changes: Pick<OperationRecord, 'kind' | 'phase' | 'onFailure'> & Partial<OperationRecord>,
  ): OperationRecord {
    return {
      id: host.random.uuid(),
      clientToken: input.clientToken,
      caller: input.caller,
      retain: [],
      skip: [],
      retainExceptOnCreate: false,
      ...changes,
    };
  }

  function begin(
    stack: StackRecord,
    changes: Partial<StackRecord> & { status: string },
    warnings: readonly string[] = [],
  ): StackRecord {
    const begun = stackStatus(host, stack, changes);
    for (const warning of warnings) stackEvent(host, begun, warning);
    launch(stack.id);
    return begun;
  }

  return {
    host,
    options,
    create(input) {
      const { warnings, caller: _, clientToken: __, retainExceptOnCreate = false, ...rest } = input;
      const now = host.clock.now();
      const stack: StackRecord = {
        createdAt: now,
        outputs: [],
        imports: [],
        ...stacks(host).get(input.id),
        ...rest,
        terminationProtection: input.terminationProtection ?? false,
        status: 'CREATE_IN_PROGRESS',
      };
      const deadline = input.timeoutMinutes === undefined ? undefined : now + input.timeoutMinutes * 60_000;
      const { onFailure } = input;
      return begin(
        stack,
        {
          status: 'CREATE_IN_PROGRESS',
          statusReason: 'User Initiated',
          operation: operation(input, { kind: 'create', phase: 'forward', onFailure, deadline, retainExceptOnCreate }),
        },
        warnings,
      );
    },
    update(stack, input) {
      const { description, stackPolicy = stack.stackPolicy, changeSetId, disableRollback } = input;
      return begin(
        { ...stack, ...targetOf(input), description, stackPolicy, changeSetId: changeSetId ?? stack.changeSetId },
        {
          status: 'UPDATE_IN_PROGRESS',
          statusReason: 'User Initiated',
          updatedAt: host.clock.now(),
          operation: operation(input, {
            kind: 'update',
            phase: 'forward',
            previous: stack.stable ?? targetOf(stack),
            onFailure: disableRollback ? 'DO_NOTHING' : 'ROLLBACK',
            retainExceptOnCreate: input.retainExceptOnCreate ?? false,
          }),
        },
        input.warnings,
      );
    },
    delete(stack, input) {
      const under = running.get(stack.id);
      const retain = input.retain ?? [];
      if (under && stack.operation) {
        // A creation is broken off: what is under way ends first.
        stackStatus(host, stack, {
          status: 'DELETE_IN_PROGRESS',
          statusReason: 'User Initiated',
          operation: {
            ...stack.operation,
            clientToken: input.clientToken,
            stop: { by: 'delete', reason: 'deleted' },
            retain,
          },
        });
        under.run.abort.abort(new Error('deleted'));
        return;
      }
      begin(stack, {
        status: 'DELETE_IN_PROGRESS',
        statusReason: 'User Initiated',
        operation: operation(input, { kind: 'delete', phase: 'delete', onFailure: 'DO_NOTHING', retain }),
      });
    },
    cancelUpdate(stack) {
      const under = running.get(stack.id);
      if (!under) return;
      changeOperation(under.run, { stop: { by: 'user', reason: 'User Initiated' } });
      under.run.abort.abort(new Error('cancelled'));
    },
    rollBack(stack, input) {
      const { skip = [], retainExceptOnCreate = false } = input;
      if (stack.status === 'CREATE_FAILED') {
        begin(stack, {
          status: 'ROLLBACK_IN_PROGRESS',
          statusReason: 'User Initiated',
          operation: operation(input, { kind: 'create', phase: 'undo', onFailure: 'ROLLBACK', retainExceptOnCreate }),
        });
        return;
      }
      begin(stack, {
        ...stack.stable,
        stable: undefined,
        status: 'UPDATE_ROLLBACK_IN_PROGRESS',
        statusReason: 'User Initiated',
        operation: operation(input, {
          kind: 'update',
          phase: 'back',
          onFailure: 'ROLLBACK',
          skip,
          retainExceptOnCreate,
          ...(stack.stable ? { failed: targetOf(stack) } : {}),
        }),
      });
    },
    resume() {
      for (const stackId of unfinished(host)) if (!running.has(stackId)) launch(stackId);
    },
    async settled() {
      while (running.size > 0) await Promise.all([...running.values()].map(({ over }) => over));
    },
  };
}

/** Longer than any region runs, in ms. */
const forEver = 1e12;

/**
 * Once the clock stops, nothing may be written any more: a call that was under way then counts as not answered, and is
 * made again by whoever starts the region again.
 */
function untilStopped(region: StackHost): StackHost {
  let stopped: unknown;
  region.clock.sleep(forEver).catch((reason: unknown) => {
    stopped = reason;
  });
  const check = () => {
    if (stopped !== undefined) throw stopped;
  };
  return {
    ...region,
    async invoke<O>(caller: unknown, service: string, operation: string, input: object) {
      check();
      try {
        return await region.invoke<O>(caller, service, operation, input);
      } finally {
        check();
      }
    },
  };
}
