/**
 * Flow log records. The traffic plane reports each flow it saw at an interface (`recordFlow`); records are gathered for
 * a second of model time and put into the log group of every flow log that watches the interface, its subnet or VPC.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
import type { Scope } from '../service.ts';
import { zoneId } from './places.ts';
import { type FlowLogRecord, flowLogs, type InterfaceRecord, interfaces } from './state.ts';

export interface Flow {
  /** The interface at which it was seen. */
  readonly interfaceId: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** IANA: tcp 6. */
  readonly protocol: number;
  readonly packets: number;
  readonly bytes: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly action: 'ACCEPT' | 'REJECT';
  readonly direction?: 'ingress' | 'egress';
}

export const defaultFlowFormat =
  '${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}';

const values: Readonly<Record<string, (scope: Scope, flow: Flow, at: InterfaceRecord) => string | number | undefined>> =
  {
    version: () => 2,
    'account-id': (scope) => scope.account,
    'interface-id': (_, flow) => flow.interfaceId,
    srcaddr: (_, flow) => flow.sourceAddress,
    dstaddr: (_, flow) => flow.destinationAddress,
    srcport: (_, flow) => flow.sourcePort,
    dstport: (_, flow) => flow.destinationPort,
    protocol: (_, flow) => flow.protocol,
    packets: (_, flow) => flow.packets,
    bytes: (_, flow) => flow.bytes,
    start: (_, flow) => Math.floor(flow.startMs / 1000),
    end: (_, flow) => Math.floor(flow.endMs / 1000),
    action: (_, flow) => flow.action,
    'log-status': () => 'OK',
    'vpc-id': (_, __, at) => at.vpcId,
    'subnet-id': (_, __, at) => at.subnetId,
    'instance-id': (_, __, at) => at.attachment?.instanceId,
    type: (_, flow) => (flow.sourceAddress.includes(':') ? 'IPv6' : 'IPv4'),
    'pkt-srcaddr': (_, flow) => flow.sourceAddress,
    'pkt-dstaddr': (_, flow) => flow.destinationAddress,
    region: (scope) => scope.region,
    'az-id': (_, __, at) => zoneId(at.zone),
    'flow-direction': (_, flow) => flow.direction,
  };

/** The fields of a format such as `${srcaddr} ${dstaddr}`, in order, and those that the model does not know. */
export function flowFields(format: string): { readonly names: readonly string[]; readonly unknown: readonly string[] } {
  const parts = format.trim().split(/\s+/);
  const names = parts.flatMap((part) => /^\$\{([a-z0-9-]+)\}$/.exec(part)?.[1] ?? []);
  const unknown = parts.filter((part) => {
    const name = /^\$\{([a-z0-9-]+)\}$/.exec(part)?.[1];
    return name === undefined || !Object.hasOwn(values, name);
  });
  return { names, unknown };
}

function flowLine(scope: Scope, format: string, flow: Flow, at: InterfaceRecord): string {
  return flowFields(format)
    .names.map((name) => values[name]?.(scope, flow, at) ?? '-')
    .join(' ');
}

interface Queue {
  readonly lines: Map<string, { timestamp: number; message: string }[]>;
  scheduled: boolean;
}

/** By the region's table, not by scope: a call's scope is an object of its own. */
const queues = new WeakMap<object, Queue>();
const gatherMs = 1_000;
/** More than this a second for one stream is left out: the model is no packet recorder. */
const mostLines = 1_000;

/** Cheap when no flow log exists. Called by the traffic plane for flows that it let pass or dropped. */
export function recordFlow(scope: Scope, flow: Flow): void {
  const table = flowLogs(scope);
  if (table.size === 0) return;
  const at = interfaces(scope).get(flow.interfaceId);
  if (!at) return;
  for (const log of table.values()) {
    if (!watches(log, at) || (log.trafficType !== 'ALL' && log.trafficType !== flow.action)) continue;
    let queue = queues.get(table);
    if (!queue) {
      queue = { lines: new Map(), scheduled: false };
      queues.set(table, queue);
    }
    const key = `${log.flowLogId} ${flow.interfaceId}`;
    const lines = queue.lines.get(key) ?? [];
    queue.lines.set(key, lines);
    if (lines.length < mostLines)
      lines.push({ timestamp: flow.endMs, message: flowLine(scope, log.logFormat, flow, at) });
    if (queue.scheduled) continue;
    queue.scheduled = true;
    scope.clock.after(gatherMs, () => void flush(scope));
  }
}

function watches(log: FlowLogRecord, at: InterfaceRecord): boolean {
  return log.resourceId === at.vpcId || log.resourceId === at.subnetId || log.resourceId === at.networkInterfaceId;
}

const delivery = { kind: 'service', service: 'vpc-flow-logs.amazonaws.com', trusted: true } as const;

async function flush(scope: Scope): Promise<void> {
  const table = flowLogs(scope);
  const queue = queues.get(table);
  if (!queue) return;
  const batches = [...queue.lines];
  queue.lines.clear();
  queue.scheduled = false;
  for (const [key, lines] of batches) {
    const [flowLogId = '', interfaceId = ''] = key.split(' ');
    const log = table.get(flowLogId);
    if (log) await deliver(scope, log, `${interfaceId}-${log.trafficType.toLowerCase()}`, lines);
  }
}

/** The group and stream are made when they are missing, as AWS's delivery does. */
async function deliver(
  scope: Scope,
  log: FlowLogRecord,
  logStreamName: string,
  lines: readonly { timestamp: number; message: string }[],
): Promise<void> {
  const { logGroupName } = log;
  const logs = (operation: string, input: object) => scope.invoke(delivery, 'logs', operation, input);
  const unlessThere = (error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ResourceAlreadyExistsException')) throw error;
  };
  const ordered = [...lines].sort((a, b) => a.timestamp - b.timestamp);
  let problem: string | undefined;
  try {
    await logs('CreateLogGroup', { logGroupName }).catch(unlessThere);
    await logs('CreateLogStream', { logGroupName, logStreamName }).catch(unlessThere);
    await logs('PutLogEvents', { logGroupName, logStreamName, logEvents: ordered });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const now = flowLogs(scope).get(log.flowLogId);
  if (now && now.deliverError !== problem) flowLogs(scope).put(log.flowLogId, { ...now, deliverError: problem });
}
