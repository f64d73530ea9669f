/** Processes of a group that can be suspended, and the metrics it publishes. */
import type {
  DisableMetricsCollectionCommandInput,
  EnableMetricsCollectionCommandInput,
  ResumeProcessesCommandInput,
  SuspendProcessesCommandInput,
} from '@aws-sdk/client-auto-scaling';
import type { Call } from '../service.ts';
import { groupMetricNames } from './group-metrics.ts';
import { kick } from './reconcile.ts';
import { changeGroup, groupOf, invalid } from './state.ts';

export const processNames = [
  'Launch',
  'Terminate',
  'AddToLoadBalancer',
  'AlarmNotification',
  'AZRebalance',
  'HealthCheck',
  'InstanceRefresh',
  'ReplaceUnhealthy',
  'ScheduledActions',
] as const;

/** All of them when none is named. */
function chosen(given: readonly string[] | undefined): readonly string[] {
  if (!given?.length) return processNames;
  const unknown = given.find((name) => !processNames.some((known) => known === name));
  if (unknown !== undefined) throw invalid(`Invalid scaling process: ${unknown}`);
  return given;
}

export function suspendProcesses(input: SuspendProcessesCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const names = chosen(input.ScalingProcesses);
  const reason = `User suspended at ${call.clock.date().toISOString().slice(0, 19)}Z`;
  const kept = group.suspended.filter(({ name }) => !names.includes(name));
  changeGroup(call, group.name, { suspended: [...kept, ...names.map((name) => ({ name, reason }))] });
  return {};
}

export function resumeProcesses(input: ResumeProcessesCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const names = chosen(input.ScalingProcesses);
  changeGroup(call, group.name, { suspended: group.suspended.filter(({ name }) => !names.includes(name)) });
  kick(call, group.name);
  return {};
}

export function describeScalingProcessTypes() {
  return { Processes: processNames.map((ProcessName) => ({ ProcessName })) };
}

function metricsOf(given: readonly string[] | undefined): readonly string[] {
  if (!given?.length) return groupMetricNames;
  const unknown = given.find((name) => !groupMetricNames.some((known) => known === name));
  if (unknown !== undefined) throw invalid(`Metric type ${unknown} is not valid, or is not modelled by Orrery.`);
  return given;
}

export function enableMetricsCollection(input: EnableMetricsCollectionCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  if (input.Granularity !== '1Minute') throw invalid('Valid value for Granularity is 1Minute');
  const metrics = [...new Set([...group.metrics, ...metricsOf(input.Metrics)])];
  changeGroup(call, group.name, { metrics });
  return {};
}

export function disableMetricsCollection(input: DisableMetricsCollectionCommandInput, call: Call) {
  const group = groupOf(call, input.AutoScalingGroupName);
  const names = metricsOf(input.Metrics);
  changeGroup(call, group.name, { metrics: group.metrics.filter((name) => !names.includes(name)) });
  return {};
}

export function describeMetricCollectionTypes() {
  return {
    Metrics: groupMetricNames.map((Metric) => ({ Metric })),
    Granularities: [{ Granularity: '1Minute' }],
  };
}
