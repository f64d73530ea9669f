/** Flow logs: which interfaces are watched, and where their records go. The records are gathered by `flow-records.ts`. */
import type {
  CreateFlowLogsRequest,
  CreateFlowLogsResult,
  DeleteFlowLogsRequest,
  DeleteFlowLogsResult,
  DescribeFlowLogsRequest,
  DescribeFlowLogsResult,
  FlowLog,
} from '@aws-sdk/client-ec2';
import { Fault } from '../../wire/fault.ts';
import type { Call, Scope } from '../service.ts';
import { type FilterFields, select } from './describe.ts';
import { invalidValue, missing, needFlowLog, needInterface, needSubnet, needVpc, refuseMembers } from './faults.ts';
import { defaultFlowFormat, flowFields } from './flow-format.ts';
import { destinationOf, openBucket } from './flow-log-destination.ts';
import { once } from './idempotency.ts';
import { type FlowLogRecord, flowLogs } from './state.ts';
import { forgetTags, putTags, type StoredTag, specifiedTags, tagList } from './tag-table.ts';

const finders = { VPC: needVpc, Subnet: needSubnet, NetworkInterface: needInterface } as const;

export const createFlowLogs = {
  access: (input: CreateFlowLogsRequest) => [
    { action: 'ec2:CreateFlowLogs', resource: '*' },
    ...(input.DeliverLogsPermissionArn ? [{ action: 'iam:PassRole', resource: input.DeliverLogsPermissionArn }] : []),
  ],
  async handle(input: CreateFlowLogsRequest, call: Call): Promise<CreateFlowLogsResult> {
    refuseMembers(input, ['DeliverCrossAccountRole', 'TagFieldSpecifications']);
    const type = input.ResourceType;
    if (type !== 'VPC' && type !== 'Subnet' && type !== 'NetworkInterface') {
      throw invalidValue(type, 'resourceType', 'Orrery models VPC, Subnet and NetworkInterface.');
    }
    if (!input.ResourceIds?.length) throw missing('resourceIds');
    for (const id of input.ResourceIds) finders[type](call, id);
    const settings = { type, ...settingsOf(input) };
    const given = specifiedTags(call, input.TagSpecifications, 'vpc-flow-log');
    const resourceIds = input.ResourceIds;
    const refused = settings.s3 && (await openBucket(call, settings.s3));
    if (refused !== undefined) {
      const Unsuccessful = resourceIds.map((ResourceId) => ({ ResourceId, Error: { Code: '400', Message: refused } }));
      return { FlowLogIds: [], ClientToken: input.ClientToken, Unsuccessful };
    }
    const ids = once(
      call,
      input,
      (one) => flowLogs(call).has(one),
      () => resourceIds.map((resourceId) => make(call, resourceId, settings, given)),
    );
    return { FlowLogIds: [...ids], ClientToken: input.ClientToken, Unsuccessful: [] };
  },
};

function settingsOf(input: CreateFlowLogsRequest) {
  const destination = destinationOf(input);
  const trafficType = input.TrafficType ?? 'ALL';
  if (!['ACCEPT', 'REJECT', 'ALL'].includes(trafficType)) {
    throw invalidValue(trafficType, 'trafficType', 'Valid values are ACCEPT, REJECT, ALL.');
  }
  const interval = input.MaxAggregationInterval ?? 600;
  if (interval !== 60 && interval !== 600) {
    throw invalidValue(interval, 'maxAggregationInterval', 'Valid values are 60, 600.');
  }
  const logFormat = input.LogFormat || defaultFlowFormat;
  const unknown = flowFields(logFormat).unknown;
  if (unknown.length > 0) {
    throw new Fault('InvalidParameter', `Unknown or not modelled flow log field: ${unknown.join(', ')}`);
  }
  return { ...destination, trafficType, interval, logFormat };
}

function make(
  call: Call,
  resourceId: string,
  settings: ReturnType<typeof settingsOf> & { type: FlowLogRecord['resourceType'] },
  given: readonly StoredTag[],
): string {
  const { type, logGroupName, trafficType, s3 } = settings;
  for (const other of flowLogs(call).values()) {
    if (other.resourceId !== resourceId || other.trafficType !== trafficType) continue;
    if (other.logGroupName !== logGroupName || other.s3?.arn !== s3?.arn) continue;
    throw new Fault(
      'FlowLogAlreadyExists',
      'Error. There is an existing Flow Log with the same configuration and log destination.',
    );
  }
  const flowLogId = `fl-${call.random.hex(17)}`;
  flowLogs(call).put(flowLogId, {
    flowLogId,
    resourceId,
    resourceType: type,
    trafficType: trafficType as FlowLogRecord['trafficType'],
    logGroupName,
    deliverLogsPermissionArn: settings.deliverLogsPermissionArn,
    s3,
    logFormat: settings.logFormat,
    maxAggregationIntervalSeconds: settings.interval,
    createdMs: call.clock.now(),
  });
  putTags(call, flowLogId, 'vpc-flow-log', given);
  return flowLogId;
}

export function deleteFlowLogs(input: DeleteFlowLogsRequest, call: Call): DeleteFlowLogsResult {
  if (!input.FlowLogIds?.length) throw missing('FlowLogId');
  const unknown = input.FlowLogIds.filter((id) => !flowLogs(call).has(id));
  if (unknown.length > 0) {
    throw new Fault(
      'InvalidFlowLogId.NotFound',
      `These flow log ids in the input list are not found: [TotalCount: ${unknown.length}] ${unknown.join(' ')}`,
    );
  }
  for (const id of input.FlowLogIds) {
    flowLogs(call).delete(id);
    forgetTags(call, id);
  }
  return { Unsuccessful: [] };
}

const fields: FilterFields<FlowLogRecord> = {
  'deliver-log-status': (one) => (one.deliverError ? 'FAILED' : 'SUCCESS'),
  'flow-log-id': (one) => one.flowLogId,
  'log-destination-type': (one) => (one.s3 ? 's3' : 'cloud-watch-logs'),
  'log-group-name': (one) => (one.s3 ? undefined : one.logGroupName),
  'resource-id': (one) => one.resourceId,
  'traffic-type': (one) => one.trafficType,
};

export function describeFlowLogs(input: DescribeFlowLogsRequest, call: Call): DescribeFlowLogsResult {
  const { records, NextToken } = select(
    call,
    { ...input, Filters: input.Filter },
    {
      table: flowLogs(call),
      id: (one) => one.flowLogId,
      fields,
      ids: input.FlowLogIds,
      need: needFlowLog,
      pageSize: { min: 1, max: 1000 },
    },
  );
  return { FlowLogs: records.map((one) => render(call, one)), NextToken };
}

function render(scope: Scope, one: FlowLogRecord): FlowLog {
  return {
    FlowLogId: one.flowLogId,
    FlowLogStatus: 'ACTIVE',
    ResourceId: one.resourceId,
    TrafficType: one.trafficType,
    ...(one.s3
      ? {
          LogDestinationType: 's3' as const,
          LogDestination: one.s3.arn,
          DestinationOptions: {
            FileFormat: 'plain-text' as const,
            HiveCompatiblePartitions: one.s3.hive,
            PerHourPartition: one.s3.hourly,
          },
        }
      : {
          LogDestinationType: 'cloud-watch-logs' as const,
          LogGroupName: one.logGroupName,
          DeliverLogsPermissionArn: one.deliverLogsPermissionArn,
        }),
    LogFormat: one.logFormat,
    DeliverLogsStatus: one.deliverError ? 'FAILED' : 'SUCCESS',
    ...(one.deliverError ? { DeliverLogsErrorMessage: one.deliverError } : {}),
    MaxAggregationInterval: one.maxAggregationIntervalSeconds,
    CreationTime: new Date(one.createdMs),
    Tags: tagList(scope, one.flowLogId),
  };
}
