/** A machine that can never send its signal is a failure now, with its reason, and not a time-out later. */
import type { ResourceRecord } from '../../stacks/records.ts';
import { receiveSignal } from '../../stacks/signals.ts';
import type { Caller, Scope } from '../service.ts';
import { hostOf } from './engines.ts';

const itself: Caller = { kind: 'service', service: 'cloudformation.amazonaws.com', trusted: true };

interface Described {
  readonly Reservations?: readonly { Instances?: readonly { Tags?: readonly { Key?: string; Value?: string }[] }[] }[];
}

/** Fails the wait of the stack's resource that the instance belongs to: itself, or its Auto Scaling group. */
export async function signalCannotCome(scope: Scope, instanceId: string, reason: string): Promise<void> {
  const input = { InstanceIds: [instanceId] };
  const { Reservations = [] } = await scope.invoke<Described>(itself, 'ec2', 'DescribeInstances', input);
  const tags = Reservations.flatMap(({ Instances = [] }) => Instances).flatMap(({ Tags = [] }) => Tags);
  const tag = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  const stackId = tag('aws:cloudformation:stack-id');
  const logicalId = tag('aws:cloudformation:logical-id');
  if (stackId === undefined || logicalId === undefined) return;
  const record = scope.table<ResourceRecord>('cloudformation/resources').get(`${stackId}|${logicalId}`);
  if (!record?.status.endsWith('_IN_PROGRESS')) return;
  const host = { ...hostOf(scope), invoke: scope.invoke.bind(scope) as never };
  receiveSignal(host, { stackId, logicalId, uniqueId: instanceId, success: false, reason });
}
