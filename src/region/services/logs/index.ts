/**
 * CloudWatch Logs: groups and streams, events with their retention, filter patterns, metric filters.
 *
 * Not modelled: Logs Insights and Live Tail, subscription filters and destinations, data protection, transformers,
 * export tasks, the log class DELIVERY.
 */
import { type AnyHandler, type Operation, type Scope, service } from '../service.ts';
import { filterAccess, filterLogEvents } from './filter.ts';
import { getAccess, getLogEvents } from './get.ts';
import * as group from './group.ts';
import { feedDefaults } from './metric-feed.ts';
import * as metricFilter from './metric-filter.ts';
import { groupAccess, wholeGroupAccess } from './names.ts';
import { putLogEvents } from './put.ts';
import { logGroupType, logStreamType, metricFilterType } from './resources.ts';
import { startRetention } from './retention.ts';
import * as stream from './stream.ts';
import * as tags from './tags.ts';

const onGroup = (handle: AnyHandler): Operation => ({ handle, access: wholeGroupAccess });
const onStream = (handle: AnyHandler): Operation => ({ handle, access: groupAccess });
const onTags = (handle: AnyHandler): Operation => ({ handle, access: tags.tagAccess });

export const logs = service('@aws-sdk/client-cloudwatch-logs', 'logs', {
  deniedCode: 'AccessDeniedException',
  operations: {
    createLogGroup: { handle: group.createLogGroup, access: group.createLogGroupAccess },
    deleteLogGroup: onGroup(group.deleteLogGroup),
    describeLogGroups: { handle: group.describeLogGroups, access: group.describeLogGroupsAccess },
    putRetentionPolicy: onGroup(group.putRetentionPolicy),
    deleteRetentionPolicy: onGroup(group.deleteRetentionPolicy),
    putLogGroupDeletionProtection: onGroup(group.putLogGroupDeletionProtection),
    associateKmsKey: { handle: group.associateKmsKey, access: group.keyAccess },
    disassociateKmsKey: { handle: group.disassociateKmsKey, access: group.keyAccess },

    createLogStream: onStream(stream.createLogStream),
    deleteLogStream: onStream(stream.deleteLogStream),
    describeLogStreams: onGroup(stream.describeLogStreams),

    putLogEvents: onStream(putLogEvents),
    getLogEvents: { handle: getLogEvents, access: getAccess },
    filterLogEvents: { handle: filterLogEvents, access: filterAccess },

    putMetricFilter: onGroup(metricFilter.putMetricFilter),
    deleteMetricFilter: onGroup(metricFilter.deleteMetricFilter),
    describeMetricFilters: {
      handle: metricFilter.describeMetricFilters,
      access: metricFilter.describeMetricFiltersAccess,
    },

    tagResource: onTags(tags.tagResource),
    untagResource: onTags(tags.untagResource),
    listTagsForResource: onTags(tags.listTagsForResource),
    tagLogGroup: onTags(tags.tagLogGroup),
    untagLogGroup: onTags(tags.untagLogGroup),
    listTagsLogGroup: onTags(tags.listTagsLogGroup),
  },
  resources: {
    'AWS::Logs::LogGroup': logGroupType,
    'AWS::Logs::LogStream': logStreamType,
    'AWS::Logs::MetricFilter': metricFilterType,
  },
  start(scope: Scope) {
    startRetention(scope);
    scope.clock.every(60_000, () => feedDefaults(scope));
  },
});
