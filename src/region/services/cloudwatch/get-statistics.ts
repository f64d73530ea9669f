/** GetMetricStatistics and ListMetrics. */
import type {
  Datapoint,
  GetMetricStatisticsCommandInput,
  ListMetricsCommandInput,
  StandardUnit,
} from '@aws-sdk/client-cloudwatch';
import type { Call } from '../service.ts';
import { constraint, invalidCombination, invalidValue, missingParameter, notModelled, oneOf, page } from './faults.ts';
import {
  checkDimensions,
  checkName,
  checkNamespace,
  checkPeriod,
  checkTimes,
  checkUnit,
  roundStart,
} from './metric-input.ts';
import { metricStore, type Series } from './metric-store.ts';
import { isSimple, parseStatistic, type Statistic, simpleStatistics } from './statistic.ts';

const mostDatapoints = 1_440;
const mostExtended = 10;
const listPage = 500;
const threeHoursMs = 3 * 3_600_000;

export function getMetricStatistics(input: GetMetricStatisticsCommandInput, call: Call) {
  const namespace = checkNamespace(input.Namespace);
  const name = checkName(input.MetricName, 'MetricName');
  const dimensions = checkDimensions(input.Dimensions);
  const { startMs, endMs } = checkTimes(input);
  const periodMs = checkPeriod(input.Period) * 1_000;
  checkUnit(input.Unit);
  const wanted = checkStatistics(input);
  const requested = Math.ceil((endMs - startMs) / periodMs);
  if (requested > mostDatapoints) {
    throw invalidCombination(
      `You have requested up to ${requested.toLocaleString('en-US')} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
  const store = metricStore(call);
  const metric = { namespace, name, dimensions };
  const from = roundStart(startMs, periodMs, call.clock.now());
  // Data of different units is never added up here.
  const Datapoints = (input.Unit ? [input.Unit] : store.units(metric)).flatMap((unit) =>
    [...store.read(metric, { startMs: from, endMs, periodMs, unit })]
      .map(([at, aggregate]): Datapoint => {
        const point: Record<string, number> = {};
        const ExtendedStatistics: Record<string, number> = {};
        for (const [statistic, compute] of wanted) {
          const value = compute(aggregate);
          if (value === undefined) continue;
          if (isSimple(statistic)) point[statistic] = value;
          else ExtendedStatistics[statistic] = value;
        }
        const extended = Object.keys(ExtendedStatistics).length > 0 ? { ExtendedStatistics } : {};
        return { Timestamp: new Date(at), ...point, ...extended, Unit: unit as StandardUnit };
      })
      .filter((point) => Object.keys(point).length > 2),
  );
  return { Label: name, Datapoints };
}

function checkStatistics(input: GetMetricStatisticsCommandInput): Map<string, Statistic> {
  const { Statistics = [], ExtendedStatistics = [] } = input;
  if (Statistics.length === 0 && ExtendedStatistics.length === 0) throw missingParameter('Statistics');
  if (ExtendedStatistics.length > mostExtended) {
    throw invalidValue(`The collection ExtendedStatistics must not have a size greater than ${mostExtended}.`);
  }
  const wanted = new Map<string, Statistic>();
  for (const [index, name] of Statistics.entries()) {
    const compute = isSimple(name) ? parseStatistic(name) : undefined;
    if (!compute) throw constraint(name, `statistics.${index + 1}.member`, oneOf(simpleStatistics));
    wanted.set(name, compute);
  }
  for (const name of ExtendedStatistics) {
    const compute = isSimple(name) ? undefined : parseStatistic(name);
    if (!compute) throw invalidValue(`The value ${name} for parameter ExtendedStatistics is not supported.`);
    wanted.set(name, compute);
  }
  return wanted;
}

export function listMetrics(input: ListMetricsCommandInput, call: Call) {
  const { Namespace, MetricName, Dimensions = [], RecentlyActive, OwningAccount } = input;
  if (Namespace !== undefined) checkNamespace(Namespace);
  if (MetricName !== undefined) checkName(MetricName, 'MetricName');
  if (Dimensions.length > 10) throw invalidValue('The collection Dimensions must not have a size greater than 10.');
  if (RecentlyActive !== undefined && RecentlyActive !== 'PT3H') {
    throw constraint(RecentlyActive, 'recentlyActive', oneOf(['PT3H']));
  }
  // There are no other accounts: linked ones are none.
  if (OwningAccount !== undefined && OwningAccount !== call.account) throw notModelled('Another OwningAccount');
  const nowMs = call.clock.now();
  const matches = (series: Series) =>
    (Namespace === undefined || series.namespace === Namespace) &&
    (MetricName === undefined || series.name === MetricName) &&
    (RecentlyActive === undefined || series.lastMs > nowMs - threeHoursMs) &&
    Dimensions.every(({ Name, Value }) =>
      series.dimensions.some((one) => one.Name === Name && (Value === undefined || one.Value === Value)),
    );
  const found = [...metricStore(call).listed(nowMs)].filter(matches);
  const { items, ...more } = page(found, input.NextToken, listPage);
  return {
    Metrics: items.map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: dimensions.map((one) => ({ ...one })),
    })),
    ...(input.IncludeLinkedAccounts ? { OwningAccounts: items.map(() => call.account) } : {}),
    ...more,
  };
}
