/** Which stack a request means, and whether the caller may. */
import { findStack, type StackRecord } from '../../stacks/records.ts';
import { pageAt } from '../paging.ts';
import type { Access, Call } from '../service.ts';
import { type EngineOf, invalid } from './engines.ts';

interface Named {
  readonly StackName?: string | undefined;
  readonly ChangeSetName?: string | undefined;
}

/** The question to IAM about the stack that a request names, existing or not. */
export function stackAccess(engineOf: EngineOf, operation: string) {
  return (input: Named, call: Call): Access => ({
    action: `cloudformation:${operation}`,
    resource: stackResourceName(engineOf, input, call),
  });
}

export function stackResourceName(engineOf: EngineOf, { StackName, ChangeSetName }: Named, call: Call): string {
  if (StackName === undefined) return ChangeSetName?.startsWith('arn:') ? ChangeSetName : '*';
  if (StackName.startsWith('arn:')) return StackName;
  const found = findStack(engineOf(call).host, StackName);
  return found?.id ?? `arn:aws:cloudformation:${call.region}:${call.account}:stack/${StackName}/*`;
}

/** The stack, deleted ones by their id only. Throws AWS's text when there is none. */
export function stackNamed(engineOf: EngineOf, call: Call, name: string | undefined): StackRecord {
  const found = name === undefined ? undefined : findStack(engineOf(call).host, name);
  if (!found) throw invalid(`Stack with id ${name} does not exist`);
  return found;
}

/** Of those operations that word it differently. */
export function livingStack(engineOf: EngineOf, call: Call, name: string | undefined): StackRecord {
  const found = name === undefined ? undefined : findStack(engineOf(call).host, name);
  if (!found || found.status === 'DELETE_COMPLETE') throw invalid(`Stack [${name}] does not exist`);
  return found;
}

/** True when the request comes from an instance that the stack made: cfn-init and cfn-signal prove themselves by that. */
export async function fromOwnInstance(call: Call, stack: StackRecord): Promise<boolean> {
  const { instanceId } = call.via;
  if (instanceId === undefined) return false;
  const itself = { kind: 'service', service: 'cloudformation.amazonaws.com', trusted: true } as const;
  const { Reservations = [] } = await call.invoke<{
    Reservations?: { Instances?: { Tags?: { Key?: string; Value?: string }[] }[] }[];
  }>(itself, 'ec2', 'DescribeInstances', { InstanceIds: [instanceId] });
  const tags = Reservations.flatMap(({ Instances = [] }) => Instances).flatMap(({ Tags = [] }) => Tags);
  const tag = (key: string) => tags.find(({ Key }) => Key === key)?.Value;
  if (tag('aws:cloudformation:stack-id') === stack.id) return true;
  const group = tag('aws:autoscaling:groupName');
  return group !== undefined && ownsGroup(call, stack, group);
}

async function ownsGroup(call: Call, { id }: StackRecord, group: string): Promise<boolean> {
  for (const record of call.table<{ stackId: string; physicalId?: string }>('cloudformation/resources').values()) {
    if (record.stackId === id && record.physicalId === group) return true;
  }
  return false;
}

export function page<T>(items: readonly T[], token: string | undefined, size: number) {
  const refuse = () => {
    throw invalid('Invalid NextToken');
  };
  const { items: some, next: NextToken } = pageAt(items, token, size, refuse);
  return { items: some, ...(NextToken === undefined ? {} : { NextToken }) };
}
