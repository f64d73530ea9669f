/**
 * CloudWatch: metrics with their statistics and metric math, alarms that act, and dashboards.
 *
 * Not modelled: Metrics Insights and SEARCH, anomaly detection, metric streams, Contributor Insights, PromQL and log
 * alarms, mute rules.
 */
import { type AnyHandler, type Operation, type Scope, service } from '../service.ts';
import * as alarm from './alarm.ts';
import { describeAlarmHistory } from './alarm-history.ts';
import { evaluateAlarms, evaluationIntervals } from './alarm-loop.ts';
import { startSuppressions } from './composite.ts';
import { putCompositeAlarm } from './composite-alarm.ts';
import * as dashboard from './dashboard.ts';
import { getMetricData } from './get-data.ts';
import { getMetricStatistics, listMetrics } from './get-statistics.ts';
import { startInstanceMetrics } from './instance-metrics.ts';
import { metricStore } from './metric-store.ts';
import { putMetricData, putMetricDataAccess } from './put-metric-data.ts';
import { alarmType, compositeAlarmType, dashboardType } from './resources.ts';
import * as tags from './tags.ts';
import { atEach } from './tick.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** After the interval's end, for what is put about it right then. */
const evaluationLateMs = 2 * secondMs;

const onAlarm = (handle: AnyHandler): Operation => ({ handle, access: alarm.alarmAccess });
const onDashboard = (handle: AnyHandler): Operation => ({ handle, access: dashboard.dashboardAccess });
const onTagged = (handle: AnyHandler): Operation => ({ handle, access: tags.tagAccess });

export const cloudWatch = service('@aws-sdk/client-cloudwatch', 'cloudwatch', {
  operations: {
    putMetricData: { handle: putMetricData, access: putMetricDataAccess },
    getMetricStatistics,
    getMetricData,
    listMetrics,

    putMetricAlarm: onAlarm(alarm.putMetricAlarm),
    putCompositeAlarm: onAlarm(putCompositeAlarm),
    describeAlarms: alarm.describeAlarms,
    describeAlarmsForMetric: alarm.describeAlarmsForMetric,
    describeAlarmHistory: onAlarm(describeAlarmHistory),
    deleteAlarms: onAlarm(alarm.deleteAlarms),
    setAlarmState: onAlarm(alarm.setAlarmState),
    enableAlarmActions: onAlarm(alarm.enableAlarmActions),
    disableAlarmActions: onAlarm(alarm.disableAlarmActions),

    putDashboard: onDashboard(dashboard.putDashboard),
    getDashboard: onDashboard(dashboard.getDashboard),
    listDashboards: dashboard.listDashboards,
    deleteDashboards: onDashboard(dashboard.deleteDashboards),

    tagResource: onTagged(tags.tagResource),
    untagResource: onTagged(tags.untagResource),
    listTagsForResource: onTagged(tags.listTagsForResource),
  },
  resources: {
    'AWS::CloudWatch::Alarm': alarmType,
    'AWS::CloudWatch::CompositeAlarm': compositeAlarmType,
    'AWS::CloudWatch::Dashboard': dashboardType,
  },
  start(scope: Scope) {
    const store = metricStore(scope);
    startInstanceMetrics(scope);
    startSuppressions(scope);
    atEach(scope.clock, minuteMs, 0, (nowMs) => store.flush(nowMs));
    atEach(scope.clock, hourMs, secondMs, (nowMs) => store.age(nowMs));
    for (const intervalMs of evaluationIntervals) {
      atEach(scope.clock, intervalMs, evaluationLateMs, (endMs) => evaluateAlarms(scope, intervalMs, endMs));
    }
  },
});
