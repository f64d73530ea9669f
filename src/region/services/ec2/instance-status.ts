/** Status checks and the console. */
import type {
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  GetConsoleOutputRequest,
  GetConsoleOutputResult,
  InstanceStatus,
  InstanceStatusSummary,
} from '@aws-sdk/client-ec2';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { stateOf } from './instance-lifecycle.ts';
import { type InstanceRecord, instances, needInstance, needInstances } from './instance-state.ts';
import { zoneId } from './places.ts';

/**
 * A machine that died stays `running`: its instance status check fails, as when a kernel panics. One whose machine is
 * still to be started (the region itself has just been) is not called ill for that.
 */
function checkOf(scope: Scope, { instanceId }: InstanceRecord): 'ok' | 'initializing' | 'impaired' {
  const machine = scope.machines.get(instanceId);
  if (machine?.impaired === true || machine?.state === 'terminated') return 'impaired';
  return !machine || machine.state === 'pending' ? 'initializing' : 'ok';
}

export function describeInstanceStatus(input: DescribeInstanceStatusRequest, call: Call): DescribeInstanceStatusResult {
  if (input.InstanceIds?.length) needInstances(call, input.InstanceIds);
  const status = (one: InstanceRecord) => summaryOf(call, one).Status;
  const fields: FilterFields<InstanceRecord> = {
    'availability-zone': (one) => one.zone,
    'availability-zone-id': (one) => zoneId(one.zone),
    'instance-state-code': (one) => stateOf(one.state).Code,
    'instance-state-name': (one) => one.state,
    'instance-status.reachability': (one) => summaryOf(call, one).Details?.[0]?.Status,
    'instance-status.status': status,
    'system-status.reachability': (one) => (one.state === 'running' ? 'passed' : undefined),
    'system-status.status': (one) => (one.state === 'running' ? 'ok' : 'not-applicable'),
  };
  // Only running ones, unless all are asked for.
  const all = [...instances(call).values()].filter((one) => input.IncludeAllInstances || one.state === 'running');
  const ids = new Set(input.InstanceIds);
  const asked = ids.size > 0 ? all.filter((one) => ids.has(one.instanceId)) : all;
  const { records, NextToken } = select(call, input, {
    table: asked,
    id: (one) => one.instanceId,
    fields,
    pageSize: { min: 5, max: 1000 },
  });
  return { InstanceStatuses: records.map((one) => render(call, one)), NextToken };
}

const notApplicable: InstanceStatusSummary = { Status: 'not-applicable' };
const ok: InstanceStatusSummary = { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] };

function summaryOf(scope: Scope, record: InstanceRecord): InstanceStatusSummary {
  if (record.state !== 'running') return notApplicable;
  const check = checkOf(scope, record);
  if (check === 'ok') return ok;
  if (check === 'initializing')
    return { Status: 'initializing', Details: [{ Name: 'reachability', Status: 'initializing' }] };
  const since = scope.machines.get(record.instanceId)?.impairedSinceMs;
  const ImpairedSince = since === undefined ? {} : { ImpairedSince: new Date(since) };
  return { Status: 'impaired', Details: [{ Name: 'reachability', Status: 'failed', ...ImpairedSince }] };
}

/** Of records whose checks pass, or of which none are made: they stay as they are until the record changes. */
const settled = new WeakMap<InstanceRecord, InstanceStatus>();

function render(scope: Scope, record: InstanceRecord): InstanceStatus {
  const summary = summaryOf(scope, record);
  if (summary.Status !== 'ok' && summary.Status !== 'not-applicable') return renderWith(record, summary);
  let view = settled.get(record);
  if (!view) {
    view = renderWith(record, summary);
    settled.set(record, view);
  }
  return view;
}

function renderWith(record: InstanceRecord, summary: InstanceStatusSummary): InstanceStatus {
  const running = record.state === 'running';
  return {
    InstanceId: record.instanceId,
    AvailabilityZone: record.zone,
    AvailabilityZoneId: zoneId(record.zone),
    InstanceState: stateOf(record.state),
    InstanceStatus: summary,
    SystemStatus: running
      ? { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] }
      : { Status: 'not-applicable' },
    Events: [],
  };
}

/** Base64, as EC2 gives it. Terminated instances keep theirs for a while. */
export function getConsoleOutput(input: GetConsoleOutputRequest, call: Call): GetConsoleOutputResult {
  const record = needInstance(call, input.InstanceId);
  const output = call.machines.get(record.instanceId)?.consoleOutput() ?? '';
  return {
    InstanceId: record.instanceId,
    Timestamp: call.clock.date(),
    Output: Buffer.from(output).toString('base64'),
  };
}
