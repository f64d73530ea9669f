/** The events of a stack, as `DescribeStackEvents` tells them. */
import { type EventRecord, events, type ResourceRecord, type StackHost, type StackRecord, stacks } from './records.ts';

function append(host: StackHost, { id, ...event }: Omit<EventRecord, 'at'>): void {
  const table = events(host, event.stackId);
  const at = host.clock.now();
  const number = String(table.size).padStart(8, '0');
  notify(host, { ...event, id, at });
  // The model makes several of one name in a millisecond, and clients tell events apart by their ids.
  table.put(number, { ...event, id: id.replace(/(?<=\.\d{3})Z$/, `${number.slice(-3)}Z`), at });
  host.note({
    source: 'stack',
    kind: event.status.toLowerCase().replaceAll('_', '-'),
    text: `${event.stackName} ${event.logicalId} ${event.status}${event.reason === undefined ? '' : `: ${event.reason}`}`,
    data: {
      stack: event.stackName,
      logicalId: event.logicalId,
      type: event.type,
      status: event.status,
      physicalId: event.physicalId,
    },
  });
}

/** Who CloudFormation is to SNS. */
const itself = { kind: 'service', service: 'cloudformation.amazonaws.com', trusted: true };

/** Tells the stack's topics. What cannot be delivered stops nothing. */
function notify(host: StackHost, event: EventRecord): void {
  const { notificationArns = [] } = stacks(host).get(event.stackId) ?? {};
  if (notificationArns.length === 0) return;
  const fields: [string, string][] = [
    ['StackId', event.stackId],
    ['Timestamp', new Date(event.at).toISOString()],
    ['EventId', event.id],
    ['LogicalResourceId', event.logicalId],
    ['Namespace', host.account],
    ['PhysicalResourceId', event.physicalId],
    // Left out: topics are read by more people than stacks, and properties may hold secrets.
    ['ResourceProperties', 'null'],
    ['ResourceStatus', event.status],
    ['ResourceStatusReason', event.reason ?? ''],
    ['ResourceType', event.type],
    ['StackName', event.stackName],
    ['ClientRequestToken', event.token ?? 'null'],
  ];
  const Message = fields.map(([name, value]) => `${name}='${value}'\n`).join('');
  for (const TopicArn of notificationArns) {
    host
      .invoke(itself, 'sns', 'Publish', { TopicArn, Subject: 'AWS CloudFormation Notification', Message })
      .catch((error: unknown) => {
        const text = `${event.stackName} could not notify ${TopicArn}: ${error instanceof Error ? error.message : String(error)}`;
        host.note({ source: 'stack', kind: 'notification-failed', text });
      });
  }
}

/** Tells a resource's status as it stands, or a line about it (`reason`) with the status unchanged. */
export function eventOf(
  host: StackHost,
  resource: ResourceRecord,
  {
    status = resource.status,
    reason,
    physicalId = resource.physicalId,
  }: { status?: string; reason?: string | undefined; physicalId?: string | undefined } = {},
): void {
  const { stackId, logicalId, type, properties } = resource;
  const stack = stacks(host).get(stackId);
  append(host, {
    id: `${logicalId}-${status}-${host.clock.date().toISOString()}`,
    stackId,
    stackName: stack?.name ?? '',
    logicalId,
    physicalId: physicalId ?? '',
    type,
    status,
    reason,
    properties: JSON.stringify(properties),
    token: stack?.operation?.clientToken,
  });
}

/** Gives the stack a status and tells it. */
export function stackStatus(
  host: StackHost,
  stack: StackRecord,
  changes: Partial<StackRecord> & { status: string },
): StackRecord {
  const changed: StackRecord = { ...stack, statusReason: undefined, ...changes };
  stacks(host).put(stack.id, changed);
  stackEvent(host, changed, changed.statusReason, changes.operation?.clientToken ?? stack.operation?.clientToken);
  return changed;
}

/** Tells the stack's status as it stands. */
export function stackEvent(
  host: StackHost,
  stack: StackRecord,
  reason?: string,
  token = stack.operation?.clientToken,
): void {
  append(host, {
    id: host.random.uuid(),
    stackId: stack.id,
    stackName: stack.name,
    logicalId: stack.name,
    physicalId: stack.id,
    type: 'AWS::CloudFormation::Stack',
    status: stack.status,
    reason,
    token,
  });
}
