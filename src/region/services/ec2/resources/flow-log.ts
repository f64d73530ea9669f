/** `AWS::EC2::FlowLog`. */
import type { CreateFlowLogsResult } from '@aws-sdk/client-ec2';
import { resourceType } from '../../../stacks/resource-type.ts';
import { unlessGone } from '../../../stacks/unless-gone.ts';
import { Fault } from '../../../wire/fault.ts';
import { booleanOf, goneCodes, numberOf, type TagProperty, tagSpecification, updateTags } from './properties.ts';

interface FlowLogProperties {
  readonly ResourceId: string;
  readonly ResourceType: string;
  readonly TrafficType?: string;
  readonly LogDestinationType?: string;
  readonly LogDestination?: string;
  readonly LogGroupName?: string;
  readonly DeliverLogsPermissionArn?: string;
  readonly LogFormat?: string;
  readonly MaxAggregationInterval?: unknown;
  readonly DestinationOptions?: {
    readonly FileFormat?: string;
    readonly HiveCompatiblePartitions?: unknown;
    readonly PerHourPartition?: unknown;
  };
  readonly Tags?: readonly TagProperty[];
}

export const flowLog = resourceType<FlowLogProperties>({
  honours: [
    'ResourceId',
    'ResourceType',
    'TrafficType',
    'LogDestinationType',
    'LogDestination',
    'LogGroupName',
    'DeliverLogsPermissionArn',
    'LogFormat',
    'MaxAggregationInterval',
    'DestinationOptions',
    'Tags',
  ],
  async create(request) {
    const { properties } = request;
    const options = properties.DestinationOptions;
    const { FlowLogIds, Unsuccessful } = await request.invoke<CreateFlowLogsResult>('ec2', 'CreateFlowLogs', {
      ResourceIds: [properties.ResourceId],
      ResourceType: properties.ResourceType,
      TrafficType: properties.TrafficType,
      LogDestinationType: properties.LogDestinationType,
      LogDestination: properties.LogDestination,
      LogGroupName: properties.LogGroupName,
      DeliverLogsPermissionArn: properties.DeliverLogsPermissionArn,
      LogFormat: properties.LogFormat,
      MaxAggregationInterval: numberOf(properties.MaxAggregationInterval),
      DestinationOptions: options && {
        FileFormat: options.FileFormat,
        HiveCompatiblePartitions: booleanOf(options.HiveCompatiblePartitions),
        PerHourPartition: booleanOf(options.PerHourPartition),
      },
      TagSpecifications: tagSpecification(request, 'vpc-flow-log', properties.Tags),
      ClientToken: request.name(64),
    });
    const [refused] = Unsuccessful ?? [];
    if (refused) throw new Fault('InvalidRequest', refused.Error?.Message ?? '');
    const id = FlowLogIds?.[0] ?? '';
    return { physicalId: id, attributes: { Id: id } };
  },
  async update(request) {
    await updateTags(request, request.physicalId);
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  delete: (request) =>
    unlessGone(goneCodes, () => request.invoke('ec2', 'DeleteFlowLogs', { FlowLogIds: [request.physicalId] })),
});
