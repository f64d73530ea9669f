/**
 * What a stack waits for of a machine: one that can never send its signal is a failure now, with its reason, and not a
 * time-out later; a signal that nobody waits for is none.
 */
import type { ResourceRecord } from '../../stacks/records.ts';
import { receiveSignal } from '../../stacks/signals.ts';
import { Fault } from '../../wire/fault.ts';
import type { Caller, Scope } from '../service.ts';
import { hostOf } from './engines.ts';

const itself: Caller = { kind: 'service', service: 'cloudformation.amazonaws.com', trusted: true };

interface Described {
  readonly Reservations?: readonly { Instances?: readonly { Tags?: readonly { Key?: string; Value?: string }[] }[] }[];
}

/** `SignalResource` for what is not being made or changed: to AWS a validation error like others. */
export class CannotBeSignaled extends Fault {
  constructor(what: string, status: string) {
    super('ValidationError', `${what} is in ${status} state and cannot be signaled`);
  }
}

interface Place {
  readonly stackId: string;
  readonly logicalId: string;
}

/** Fails the wait of the stack's resource that the instance belongs to. */
export async function signalCannotCome(scope: Scope, instanceId: string, reason: string): Promise<void> {
  const place = await waitingFor(scope, instanceId);
  if (!place) return;
  const host = { ...hostOf(scope), invoke: scope.invoke.bind(scope) as never };
  receiveSignal(host, { ...place, uniqueId: instanceId, success: false, reason });
}

/** The resource that the instance belongs to, itself or its Auto Scaling group, while its stack makes or changes it. */
export async function waitingFor(scope: Scope, instanceId: string): Promise<Place | undefined> {
  const input = { InstanceIds: [instanceId] };
  const { Reservations = [] } = await scope.invoke<Described>(itself, 'ec2', 'DescribeInstances', input);
  const tags = Reservations.flatMap(({ Instances = [] }) => Instances).flatMap(({ Tags = [] }) => Tags);
  const tag = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  const stackId = tag('aws:cloudformation:stack-id');
  const logicalId = tag('aws:cloudformation:logical-id');
  if (stackId === undefined || logicalId === undefined) return undefined;
  const record = scope.table<ResourceRecord>('cloudformation/resources').get(`${stackId}|${logicalId}`);
  return record?.status.endsWith('_IN_PROGRESS') ? { stackId, logicalId } : undefined;
}
