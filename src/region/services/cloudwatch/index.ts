/**
 * CloudWatch: metrics with their statistics and metric math, alarms that act, and dashboards.
 *
 * Not modelled: Metrics Insights and SEARCH, anomaly detection, metric streams, Contributor Insights, PromQL and log
 * alarms, mute rules, suppressed composite alarms.
 */
import { type Scope, service } from '../service.ts';
import { getMetricStatistics, listMetrics } from './get-statistics.ts';
import { metricStore } from './metric-store.ts';
import { putMetricData, putMetricDataAccess } from './put-metric-data.ts';
import { atEach } from './tick.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const cloudWatch = service('@aws-sdk/client-cloudwatch', 'cloudwatch', {
  operations: {
    putMetricData: { handle: putMetricData, access: putMetricDataAccess },
    getMetricStatistics,
    listMetrics,
  },
  start(scope: Scope) {
    const store = metricStore(scope);
    atEach(scope.clock, minuteMs, 0, (nowMs) => store.flush(nowMs));
    atEach(scope.clock, hourMs, 1_000, (nowMs) => store.age(nowMs));
  },
});
