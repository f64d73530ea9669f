/** A stack brought to a template by a change set, with each event told as it comes. */
import {
  type Change,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  type Stack,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { realClock } from '../region/clock/clock.ts';
import type { Target } from './target.ts';
import { UserError } from './user-error.ts';
import { removeValidationRecords } from './validation-records.ts';

const clock = realClock();
const pollMs = { aws: 3_000, local: 150 } as const;

export interface StackRequest {
  readonly name: string;
  /** The template's text, or where it was uploaded. */
  readonly template: { readonly TemplateBody: string } | { readonly TemplateURL: string };
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Unique among the stack's change sets. */
  readonly changeSetName: string;
}

/** Undefined when there is no such stack. */
export async function findStack(target: Target, name: string): Promise<Stack | undefined> {
  try {
    const { Stacks } = await target.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    const stack = Stacks?.[0];
    return stack?.StackStatus === 'DELETE_COMPLETE' ? undefined : stack;
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message))
      return undefined;
    throw error;
  }
}

/**
 * The stack once nothing is under way. What is left of a creation that failed can only be deleted: locally that is done,
 * on AWS it is the user's to do.
 */
export async function settledStack(
  target: Target,
  name: string,
  onStep: (text: string) => void,
  onEvent: (event: StackEvent) => void,
): Promise<Stack | undefined> {
  let stack = await findStack(target, name);
  if (stack?.StackStatus?.endsWith('_IN_PROGRESS') && stack.StackStatus !== 'REVIEW_IN_PROGRESS') {
    onStep(`Waiting for the stack, which is ${stack.StackStatus}`);
    await watchStack(target, name, await lastEventId(target, name), onEvent).catch(ignoreFailure);
    stack = await findStack(target, name);
  }
  if (target.kind !== 'local' || !failedCreation(stack)) return stack;
  onStep('Deleting what is left of the creation that failed');
  await removeValidationRecords(target, name);
  const last = await lastEventId(target, name);
  await target.cloudFormation.send(new DeleteStackCommand({ StackName: stack?.StackId ?? name }));
  await watchStack(target, stack?.StackId ?? name, last, onEvent).catch(ignoreFailure);
  return findStack(target, name);
}

const failedCreation = (stack: Stack | undefined) =>
  ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'DELETE_FAILED'].includes(stack?.StackStatus ?? '');

/** How it ended is asked afterwards. */
function ignoreFailure(error: unknown): void {
  if (!(error instanceof StackFailed)) throw error;
}

/** What would change; undefined when nothing would. */
export async function planStack(
  target: Target,
  request: StackRequest,
): Promise<{ id: string; changes: readonly Change[]; isNew: boolean } | undefined> {
  const stack = await findStack(target, request.name);
  const isNew = !stack || stack.StackStatus === 'REVIEW_IN_PROGRESS';
  if (failedCreation(stack)) {
    throw new UserError(
      `The stack ${request.name} failed to be created (${stack?.StackStatus}) and cannot be updated.`,
      `Delete what is left of it first: aws cloudformation delete-stack --stack-name ${request.name}`,
    );
  }
  const created = await target.cloudFormation.send(
    new CreateChangeSetCommand({
      StackName: request.name,
      ChangeSetName: request.changeSetName,
      ChangeSetType: isNew ? 'CREATE' : 'UPDATE',
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
      Parameters: Object.entries(request.parameters).map(([ParameterKey, ParameterValue]) => ({
        ParameterKey,
        ParameterValue,
      })),
      ...(request.tags ? { Tags: Object.entries(request.tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
      ...request.template,
    }),
  );
  const id = created.Id ?? '';
  for (;;) {
    const set = await target.cloudFormation.send(
      new DescribeChangeSetCommand({ ChangeSetName: id, StackName: request.name }),
    );
    if (set.Status === 'CREATE_COMPLETE') return { id, changes: set.Changes ?? [], isNew };
    if (set.Status === 'FAILED') {
      await target.cloudFormation.send(new DeleteChangeSetCommand({ ChangeSetName: id, StackName: request.name }));
      if (/didn't contain changes|No updates are to be performed/.test(set.StatusReason ?? '')) return undefined;
      throw new UserError(`CloudFormation refused the template: ${set.StatusReason}`);
    }
    await clock.sleep(pollMs[target.kind]);
  }
}

export class StackFailed extends Error {
  override readonly name = 'StackFailed';
  /** The events of the resources that failed, oldest first. */
  readonly failures: readonly StackEvent[];
  constructor(name: string, status: string, failures: readonly StackEvent[]) {
    super(`The stack ${name} ended as ${status}.`);
    this.failures = failures;
  }
}

/** Carries out a change set and resolves with the finished stack. Throws `StackFailed`. */
export async function executeStack(
  target: Target,
  name: string,
  changeSetId: string,
  onEvent: (event: StackEvent) => void,
): Promise<Stack> {
  const before = await lastEventId(target, name);
  await target.cloudFormation.send(new ExecuteChangeSetCommand({ ChangeSetName: changeSetId, StackName: name }));
  return watchStack(target, name, before, onEvent);
}

async function lastEventId(target: Target, name: string): Promise<string | undefined> {
  const { StackEvents } = await target.cloudFormation.send(new DescribeStackEventsCommand({ StackName: name }));
  return StackEvents?.[0]?.EventId;
}

async function watchStack(
  target: Target,
  name: string,
  after: string | undefined,
  onEvent: (event: StackEvent) => void,
): Promise<Stack> {
  const failures: StackEvent[] = [];
  let last = after;
  for (;;) {
    await clock.sleep(pollMs[target.kind]);
    // The status first: what happens between the two calls is then still told.
    const { Stacks } = await target.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    const stack = Stacks?.[0];
    for (const event of await eventsSince(target, name, last)) {
      last = event.EventId;
      if (event.ResourceStatus?.endsWith('_FAILED')) failures.push(event);
      onEvent(event);
    }
    const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
    if (status.endsWith('_IN_PROGRESS')) continue;
    if (stack && (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE')) return stack;
    throw new StackFailed(name, status, failures);
  }
}

/** Oldest first. */
async function eventsSince(target: Target, name: string, last: string | undefined): Promise<StackEvent[]> {
  const found: StackEvent[] = [];
  let NextToken: string | undefined;
  do {
    const page = await target.cloudFormation.send(
      new DescribeStackEventsCommand({ StackName: name, ...(NextToken ? { NextToken } : {}) }),
    );
    for (const event of page.StackEvents ?? []) {
      if (event.EventId === last) return found.reverse();
      // Pages shift while events are added before them.
      if (!found.some(({ EventId }) => EventId === event.EventId)) found.push(event);
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return found.reverse();
}

export function outputsOf(stack: Stack): Record<string, string> {
  return Object.fromEntries(
    (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
}
