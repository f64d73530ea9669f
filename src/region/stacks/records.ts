/** What is kept of stacks, in tables of the region: written before and after each call, so that a crash finds everything. */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import type { Random } from '../clock/random.ts';
import type { Table } from '../store/store.ts';
import type { ParameterValues } from './parameters.ts';
import { parseTemplate } from './parse.ts';
import type { Template } from './template.ts';

/** What the engine needs of the region around it; a `Scope` is one. */
export interface StackHost {
  readonly account: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  table<T>(name: string): Table<T>;
  invoke<O = unknown>(caller: unknown, service: string, operation: string, input: object): Promise<O>;
  note(event: { source: string; kind: string; text: string; data?: Readonly<Record<string, unknown>> }): void;
}

/** What an operation brings a stack to. */
export interface StackTarget {
  /** In the templates table. */
  readonly templateId: string;
  readonly parameters: ParameterValues;
  readonly tags: Readonly<Record<string, string>>;
  readonly notificationArns: readonly string[];
  readonly capabilities: readonly string[];
  readonly roleArn?: string | undefined;
}

export type OnFailure = 'ROLLBACK' | 'DO_NOTHING' | 'DELETE';

/**
 * An operation under way. `forward`: to the target. `cleanup`: what an update left over. `back`, `back-cleanup`: the same
 * after a failed update. `undo`: after a failed creation. `delete`: all of the stack.
 */
export interface OperationRecord {
  readonly id: string;
  readonly kind: 'create' | 'update' | 'delete';
  readonly phase: 'forward' | 'cleanup' | 'back' | 'back-cleanup' | 'undo' | 'delete';
  readonly clientToken?: string | undefined;
  /** Who runs the stack: calls are made in this name. */
  readonly caller: unknown;
  /** In ms since the epoch. */
  readonly deadline?: number | undefined;
  /** Where an update goes back to. */
  readonly previous?: StackTarget | undefined;
  /** What the way back leads away from. */
  readonly failed?: StackTarget | undefined;
  readonly onFailure: OnFailure;
  /** Why the way forward was given up, when not because of a resource. */
  readonly stop?: { readonly by: 'user' | 'timeout' | 'delete'; readonly reason: string } | undefined;
  /** Logical ids that a deletion keeps. */
  readonly retain: readonly string[];
  /** Logical ids that a rollback does not restore. */
  readonly skip: readonly string[];
  /** Retain policies do not hold for what this operation made. */
  readonly retainExceptOnCreate: boolean;
}

export interface OutputRecord {
  readonly key: string;
  readonly value: string;
  readonly description?: string | undefined;
  readonly exportName?: string | undefined;
}

export interface StackRecord extends StackTarget {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly statusReason?: string | undefined;
  /** In ms since the epoch, as all times here. */
  readonly createdAt: number;
  readonly updatedAt?: number | undefined;
  readonly deletedAt?: number | undefined;
  readonly description?: string | undefined;
  readonly onFailure: OnFailure;
  readonly timeoutMinutes?: number | undefined;
  readonly terminationProtection: boolean;
  readonly stackPolicy?: string | undefined;
  readonly outputs: readonly OutputRecord[];
  /** Names of the exports that the stack uses. */
  readonly imports: readonly string[];
  readonly changeSetId?: string | undefined;
  readonly operation?: OperationRecord | undefined;
  /** The last state that held, of a stack whose update failed and was not rolled back. */
  readonly stable?: StackTarget | undefined;
  /** Client token of the last operation, so that a repeated request is not a second one. */
  readonly lastToken?: string | undefined;
}

/** One physical resource, and how it came to be. */
export interface Incarnation {
  readonly type: string;
  /** 12 characters that make names of this physical resource its own. */
  readonly suffix: string;
  readonly physicalId?: string | undefined;
  /** What `Ref` gives, where it differs. */
  readonly ref?: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** As the template gave them, dynamic references not replaced. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly creationPolicy?: Readonly<Record<string, unknown>> | undefined;
  readonly updatePolicy?: Readonly<Record<string, unknown>> | undefined;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  /** Logical ids that it was made after. */
  readonly dependsOn: readonly string[];
  /** Its type is not modelled: there is nothing behind it. */
  readonly unmodelled?: boolean | undefined;
}

export interface ResourceRecord extends Incarnation {
  readonly stackId: string;
  readonly logicalId: string;
  readonly status: string;
  readonly statusReason?: string | undefined;
  readonly updatedAt: number;
  /** The operation that touched it last. */
  readonly operationId: string;
  /** The operation that made it. */
  readonly madeBy: string;
  /** What stood before the operation under way, for the way back. */
  readonly before?: Incarnation | undefined;
  /** A replacement: `before` is another physical resource. */
  readonly replacing?: boolean | undefined;
  /** Physical resources that the clean-up deletes. */
  readonly discarded?: readonly Incarnation[] | undefined;
}

export interface EventRecord {
  readonly id: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly at: number;
  readonly properties?: string | undefined;
  readonly token?: string | undefined;
}

export const stacks = (host: StackHost) => host.table<StackRecord>('cloudformation/stacks');
const resources = (host: StackHost) => host.table<ResourceRecord>('cloudformation/resources');
const templates = (host: StackHost) => host.table<string>('cloudformation/templates');

/** A stack's events, oldest first: a table of its own, named by the last twelve digits of its id. */
export const events = (host: StackHost, stackId: string) =>
  host.table<EventRecord>(`cloudformation/events/${stackId.slice(-12)}`);

export function stackResources(host: StackHost, stackId: string): ResourceRecord[] {
  const prefix = `${stackId}|`;
  const found: ResourceRecord[] = [];
  for (const [key, record] of resources(host).entries()) if (key.startsWith(prefix)) found.push(record);
  return found;
}

export function stackResource(host: StackHost, stackId: string, logicalId: string): ResourceRecord | undefined {
  return resources(host).get(`${stackId}|${logicalId}`);
}

export function putResource(host: StackHost, record: ResourceRecord): ResourceRecord {
  resources(host).put(`${record.stackId}|${record.logicalId}`, record);
  return record;
}

export function forgetResource(host: StackHost, { stackId, logicalId }: ResourceRecord): void {
  resources(host).delete(`${stackId}|${logicalId}`);
}

export function keepTemplate(host: StackHost, text: string): string {
  const id = createHash('sha256').update(text).digest('hex').slice(0, 40);
  if (!templates(host).has(id)) templates(host).put(id, text);
  return id;
}

export function templateText(host: StackHost, id: string): string {
  return templates(host).get(id) ?? '';
}

export function keptTemplate(host: StackHost, id: string): Template {
  return parseTemplate(templateText(host, id));
}

/** The stack of that name that has not been deleted, or of that id. */
export function findStack(host: StackHost, nameOrId: string): StackRecord | undefined {
  const table = stacks(host);
  if (nameOrId.startsWith('arn:')) return table.get(nameOrId);
  for (const stack of table.values()) if (stack.name === nameOrId && stack.status !== 'DELETE_COMPLETE') return stack;
  return undefined;
}

/** The exports of a region, of stacks that completed. */
export function exportsOf(host: StackHost): { name: string; value: string; stack: StackRecord }[] {
  const found: { name: string; value: string; stack: StackRecord }[] = [];
  for (const stack of stacks(host).values()) {
    if (stack.status === 'DELETE_COMPLETE') continue;
    for (const { exportName, value } of stack.outputs) if (exportName) found.push({ name: exportName, value, stack });
  }
  return found;
}

/** Names of the stacks that import an export. */
export function importersOf(host: StackHost, exportName: string): string[] {
  return [...stacks(host).values()]
    .filter(({ status, imports }) => status !== 'DELETE_COMPLETE' && imports.includes(exportName))
    .map(({ name }) => name);
}
