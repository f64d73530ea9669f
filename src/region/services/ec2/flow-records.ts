/**
 * Flow log records. The traffic plane tells of each flow that it saw at an interface (`recordFlow`); flows are summed up
 * over the aggregation interval of each flow log that watches the interface, its subnet or VPC, and then delivered.
 * https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
import type { Flow } from '../../traffic/connections.ts';
import type { Scope } from '../service.ts';
import { deliverFlows, type InterfaceLines } from './flow-delivery.ts';
import { flowLine } from './flow-format.ts';
import { type FlowLogRecord, flowLogs, type InterfaceRecord, interfaces } from './state.ts';

/** One flow log's interval. */
interface Window {
  readonly startMs: number;
  readonly flows: Map<string, Flow>;
  /** Interfaces of which flows were left out. */
  readonly skipped: Set<string>;
}

/** By the region's table, not by scope: a call's scope is an object of its own. */
const windows = new WeakMap<object, Map<string, Window>>();
/** Different flows of one flow log in one interval; AWS has such a limit too, and says SKIPDATA. */
const mostFlows = 10_000;

/** Whether there is a flow log at all. */
export function flowsWanted(scope: Scope): boolean {
  return flowLogs(scope).size > 0;
}

/** Adds up what is the same flow. Called by the traffic plane, for flows that passed or were dropped. */
export function recordFlow(scope: Scope, flow: Flow): void {
  const table = flowLogs(scope);
  if (table.size === 0) return;
  const at = interfaces(scope).get(flow.interfaceId);
  if (!at) return;
  for (const log of table.values()) {
    if (!watches(log, at) || (log.trafficType !== 'ALL' && log.trafficType !== flow.action)) continue;
    const { flows, skipped } = windowOf(scope, log);
    const key = keyOf(flow);
    const before = flows.get(key);
    if (before) flows.set(key, sum(before, flow));
    else if (flows.size < mostFlows) flows.set(key, flow);
    else skipped.add(flow.interfaceId);
  }
}

function windowOf(scope: Scope, log: FlowLogRecord): Window {
  const table = flowLogs(scope);
  const ofTable = windows.get(table) ?? new Map<string, Window>();
  windows.set(table, ofTable);
  const open = ofTable.get(log.flowLogId);
  if (open) return open;
  const made: Window = { startMs: scope.clock.now(), flows: new Map(), skipped: new Set() };
  ofTable.set(log.flowLogId, made);
  scope.clock.after(log.maxAggregationIntervalSeconds * 1000, () => {
    ofTable.delete(log.flowLogId);
    void flush(scope, log.flowLogId, made);
  });
  return made;
}

function keyOf(flow: Flow): string {
  const { interfaceId, sourceAddress, sourcePort, destinationAddress, destinationPort } = flow;
  const { packetSource, packetDestination, protocol, action, direction } = flow;
  return `${interfaceId} ${sourceAddress} ${sourcePort} ${destinationAddress} ${destinationPort} ${packetSource} ${packetDestination} ${protocol} ${action} ${direction}`;
}

function sum(a: Flow, b: Flow): Flow {
  return {
    ...a,
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    startMs: Math.min(a.startMs, b.startMs),
    endMs: Math.max(a.endMs, b.endMs),
    tcpFlags: (a.tcpFlags ?? 0) | (b.tcpFlags ?? 0),
  };
}

function watches(log: FlowLogRecord, at: InterfaceRecord): boolean {
  return log.resourceId === at.vpcId || log.resourceId === at.subnetId || log.resourceId === at.networkInterfaceId;
}

async function flush(scope: Scope, flowLogId: string, { startMs, flows, skipped }: Window): Promise<void> {
  const log = flowLogs(scope).get(flowLogId);
  if (!log) return;
  const lines = new Map<string, InterfaceLines>();
  const add = (flow: Flow, isSkipped: boolean) => {
    // One that has gone meanwhile: what it was in is not known any more.
    const at = interfaces(scope).get(flow.interfaceId);
    if (!at) return;
    const ofInterface = lines.get(flow.interfaceId) ?? [];
    ofInterface.push({ timestamp: flow.endMs, message: flowLine(scope, log.logFormat, flow, at, isSkipped) });
    lines.set(flow.interfaceId, ofInterface);
  };
  for (const flow of flows.values()) add(flow, false);
  const some = flows.values().next().value;
  for (const interfaceId of skipped) {
    if (some) add({ ...some, interfaceId, startMs, endMs: scope.clock.now() }, true);
  }
  const problem = await deliverFlows(scope, log, lines);
  const now = flowLogs(scope).get(flowLogId);
  if (now && now.deliverError !== problem) flowLogs(scope).put(flowLogId, { ...now, deliverError: problem });
}
