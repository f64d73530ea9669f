/**
 * Evaluates alarms by the clock: each minute, high-resolution ones each ten seconds. A period is a window that slides
 * with the minutes. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
import type { Scope } from '../service.ts';
import { isScaling, runActions } from './alarm-actions.ts';
import {
  type AlarmPoint,
  breachesOf,
  type Decision,
  decide,
  extraPeriods,
  longTime,
  reasonOf,
} from './alarm-decide.ts';
import { changeState } from './alarm-state.ts';
import { evaluateComposites } from './composite.ts';
import { metricStore, sorted } from './metric-store.ts';
import { checkQueries, evaluator } from './queries.ts';
import { alarms, type MetricAlarmRecord, unchecked } from './state.ts';
import { parseStatistic } from './statistic.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Alarms over more than a day are evaluated each hour. */
const hourMs = 60 * minuteMs;

/** How often alarms are evaluated, by their period and length. */
export const evaluationIntervals = [10_000, minuteMs, hourMs];

/** Evaluates those that are due each `intervalMs`, over what is measured until `endMs`. */
export function evaluateAlarms(scope: Scope, intervalMs: number, endMs: number): void {
  let changed = false;
  for (const alarm of [...alarms(scope).values()]) {
    if (alarm.kind !== 'metric' || intervalOf(alarm) !== intervalMs) continue;
    try {
      changed = evaluateAlarm(scope, alarm, endMs) || changed;
    } catch (error) {
      // One alarm's mistake must not keep the others from being evaluated.
      const text = `${alarm.name}: ${error instanceof Error ? error.message : String(error)}`;
      scope.note({ source: 'cloudwatch', kind: 'alarm-evaluation-failed', text, data: { alarm: alarm.name } });
    }
  }
  if (changed || intervalMs === minuteMs) evaluateComposites(scope);
}

function intervalOf({ period = 60, evaluationPeriods }: MetricAlarmRecord): number {
  const periodMs = period * 1_000;
  if (periodMs * evaluationPeriods > dayMs) return hourMs;
  return periodMs < minuteMs ? 10_000 : minuteMs;
}

/** True when its state changed. */
function evaluateAlarm(scope: Scope, alarm: MetricAlarmRecord, endMs: number): boolean {
  const periodMs = (alarm.period ?? 60) * 1_000;
  const grid = { endMs, periodMs, startMs: endMs - (alarm.evaluationPeriods + extraPeriods) * periodMs };
  const points = pointsOf(scope, alarm, grid);
  const decision = decide(points, {
    evaluationPeriods: alarm.evaluationPeriods,
    datapointsToAlarm: alarm.datapointsToAlarm ?? alarm.evaluationPeriods,
    // Alarms on DynamoDB always ignore missing data.
    treatMissingData: alarm.namespace === 'AWS/DynamoDB' ? 'ignore' : alarm.treatMissingData,
    breaches: breachesOf(alarm.comparison, alarm.threshold),
  });
  const value = decision.evaluated[0]?.value;
  const to = isTooFew(alarm, decision.evaluated) ? undefined : decision.state;
  if (to === undefined || to === alarm.state) {
    if (to === 'INSUFFICIENT_DATA' && alarm.reason === unchecked) tellWithoutData(scope, alarm, decision, endMs);
    repeatScaling(scope, alarm, value, endMs);
    return false;
  }
  const reason = reasonOf({ ...alarm, decision, to });
  const reasonData = JSON.stringify({
    version: '1.0',
    queryDate: longTime(scope.clock.now()),
    startDate: longTime(decision.evaluated.at(-1)?.atMs ?? grid.startMs),
    ...(alarm.unit === undefined ? {} : { unit: alarm.unit }),
    ...(alarm.metrics ? {} : { statistic: alarm.extendedStatistic ?? alarm.statistic }),
    period: alarm.period,
    recentDatapoints: decision.evaluated.map((one) => one.value).reverse(),
    threshold: alarm.threshold,
    evaluatedDatapoints: decision.evaluated.map((one) => ({
      timestamp: longTime(one.atMs),
      ...(one.sampleCount === undefined ? {} : { sampleCount: one.sampleCount }),
      value: one.value,
    })),
  });
  changeState(scope, alarm, { state: to, reason, reasonData }, value);
  return true;
}

/** An alarm on what never reports would look as if it had just been put: its name or its dimensions may be wrong. */
function tellWithoutData(scope: Scope, alarm: MetricAlarmRecord, decision: Decision, endMs: number): void {
  const periodMs = (alarm.period ?? 60) * 1_000;
  if (endMs < alarm.configuredMs + alarm.evaluationPeriods * periodMs) return;
  const to = 'INSUFFICIENT_DATA';
  const reason = reasonOf({ ...alarm, decision, to });
  changeState(scope, alarm, { state: to, reason });
  const text = `${alarm.name} has had no data since it was put: ${reason}`;
  scope.note({ source: 'cloudwatch', kind: 'alarm-without-data', text, data: { alarm: alarm.name } });
}

interface Grid {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
}

function pointsOf(scope: Scope, alarm: MetricAlarmRecord, grid: Grid): AlarmPoint[] {
  const values = alarm.metrics ? mathValues(scope, alarm, grid) : metricValues(scope, alarm, grid);
  const points: AlarmPoint[] = [];
  for (let atMs = grid.startMs; atMs < grid.endMs; atMs += grid.periodMs) {
    points.push({ atMs, value: undefined, ...values.get(atMs) });
  }
  return points;
}

type Values = ReadonlyMap<number, { value: number | undefined; sampleCount?: number }>;

function metricValues(scope: Scope, alarm: MetricAlarmRecord, grid: Grid): Values {
  const { namespace = '', metricName: name = '', unit } = alarm;
  const compute = parseStatistic(alarm.extendedStatistic ?? alarm.statistic ?? '');
  const found = metricStore(scope).read({ namespace, name, dimensions: sorted(alarm.dimensions) }, { ...grid, unit });
  return new Map([...found].map(([at, one]) => [at, { value: compute?.(one), sampleCount: one.count }]));
}

function mathValues(scope: Scope, alarm: MetricAlarmRecord, grid: Grid): Values {
  const queries = checkQueries(alarm.metrics ?? [], scope.account, 'Metrics');
  const returned = queries.find((query) => query.returned);
  const value = evaluator(scope, queries, () => grid)(returned?.id ?? '');
  const points = value.kind === 'series' ? value.series.points : new Map<number, number>();
  return new Map([...points].map(([at, one]) => [at, { value: one }]));
}

/**
 * Percentiles of few samples say little: the alarm may be told to wait.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
 */
function isTooFew(alarm: MetricAlarmRecord, evaluated: readonly AlarmPoint[]): boolean {
  const percentile = Number(/^p(\d+(\.\d+)?)$/.exec(alarm.extendedStatistic ?? '')?.[1]) / 100;
  if (alarm.lowSampleCount !== 'ignore' || !Number.isFinite(percentile) || evaluated.length === 0) return false;
  // Without this, p90 would need more than a hundred.
  const needed = Number((percentile >= 0.5 ? 10 / (1 - percentile) : 10 / percentile).toPrecision(9));
  return evaluated.reduce((sum, { sampleCount = 0 }) => sum + sampleCount, 0) < needed;
}

/** Auto Scaling's actions are invoked once a minute for as long as the state stays. */
function repeatScaling(scope: Scope, alarm: MetricAlarmRecord, value: number | undefined, endMs: number): void {
  if (alarm.invokedMs === 0 || endMs - alarm.invokedMs < minuteMs - 5_000) return;
  const arns = { OK: alarm.okActions, ALARM: alarm.alarmActions, INSUFFICIENT_DATA: alarm.insufficientDataActions };
  if (!alarm.actionsEnabled || !arns[alarm.state].some(isScaling)) return;
  const again = { ...alarm, invokedMs: endMs };
  alarms(scope).put(alarm.name, again);
  void runActions(scope, { alarm: again, before: alarm, value }, isScaling);
}
