/** Metric data queries: checked, then evaluated over a grid of periods. GetMetricData and alarms ask the same. */
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { Scope } from '../service.ts';
import { constraint, invalid, invalidValue, notModelled } from './faults.ts';
import { type Grid, listOf, mathFunctions } from './math-functions.ts';
import { sortedBy } from './math-lists.ts';
import { idsOf, type MathNode, parseMath } from './math-parse.ts';
import { combine, type MathValue, map, scalar, seriesOf, type TimeSeries } from './math-values.ts';
import { checkDimensions, checkName, checkNamespace, checkPeriod, checkUnit } from './metric-input.ts';
import { metricStore } from './metric-store.ts';
import type { MetricRecord } from './state.ts';
import { parseStatistic, type Statistic } from './statistic.ts';

interface Common {
  readonly id: string;
  readonly label: string | undefined;
  readonly returned: boolean;
}

export interface MetricQuery extends Common {
  readonly kind: 'metric';
  readonly metric: MetricRecord;
  readonly stat: string;
  readonly compute: Statistic;
  readonly periodSeconds: number;
  readonly unit: string | undefined;
}

interface ExpressionQuery extends Common {
  readonly kind: 'expression';
  readonly expression: string;
  readonly node: MathNode;
  readonly periodSeconds: number | undefined;
}

export type Query = MetricQuery | ExpressionQuery;

/** Words that functions take; ids begin with a lower case letter. */
const words = ['REPEAT', 'LINEAR', 'ASC', 'DESC', ...Object.keys(sortedBy)];

/** Throws a fault for what AWS refuses, and for functions that are not modelled. */
export function checkQueries(given: readonly MetricDataQuery[], account: string, member: string): Query[] {
  const queries = given.map((query, index) => checkQuery(query, account, `${member}.member.${index + 1}`));
  const ids = new Set<string>();
  for (const { id } of queries) {
    if (ids.has(id)) throw invalid(`The values for parameter id in ${member} are not unique.`);
    ids.add(id);
  }
  for (const query of queries) {
    if (query.kind === 'metric') continue;
    for (const name of idsOf(query.node)) {
      if (ids.has(name) || words.includes(name)) continue;
      throw invalid(`Error in expression '${query.id}': The expression refers to an undefined ID: ${name}`);
    }
    checkFunctions(query.node, query.id);
  }
  checkCycles(queries);
  return queries;
}

function checkQuery(query: MetricDataQuery, account: string, at: string): Query {
  const { Id: id = '', Label: label, ReturnData: returned = true, MetricStat, Expression, AccountId } = query;
  if (!/^[a-z]\w{0,254}$/.test(id)) {
    throw constraint(id, `${at}.id`, 'start with a lower case letter and hold only letters, digits and underscores');
  }
  if (AccountId !== undefined && AccountId !== account) throw notModelled('The AccountId of another account');
  if ((MetricStat === undefined) === (Expression === undefined)) {
    throw invalid(`The parameter ${at} must have either MetricStat or Expression, and not both.`);
  }
  const common = { id, label, returned };
  if (!MetricStat) {
    const expression = Expression ?? '';
    if (/^\s*SELECT\s/i.test(expression)) throw notModelled('Metrics Insights (SELECT)');
    const periodSeconds = query.Period === undefined ? undefined : checkPeriod(query.Period, `${at}.Period`);
    return { ...common, kind: 'expression', expression, node: parseMath(expression, id), periodSeconds };
  }
  if (query.Period !== undefined) throw invalid(`The parameter ${at}.Period must not be given with MetricStat.`);
  const { Metric = {}, Period, Stat: stat = '', Unit: unit } = MetricStat;
  const compute = parseStatistic(stat);
  if (!compute) throw invalidValue(`The value ${stat} for parameter ${at}.MetricStat.Stat is not supported.`);
  checkUnit(unit, `${at}.MetricStat.Unit`);
  const metric: MetricRecord = {
    namespace: checkNamespace(Metric.Namespace, `${at}.MetricStat.Metric.Namespace`),
    name: checkName(Metric.MetricName, `${at}.MetricStat.Metric.MetricName`),
    dimensions: checkDimensions(Metric.Dimensions, `${at}.MetricStat.Metric.Dimensions`),
  };
  const periodSeconds = checkPeriod(Period, `${at}.MetricStat.Period`);
  return { ...common, kind: 'metric', metric, stat, compute, periodSeconds, unit };
}

function checkFunctions(node: MathNode, id: string): void {
  if (node.kind === 'call') {
    if (node.name !== 'METRICS' && !Object.hasOwn(mathFunctions, node.name)) {
      throw notModelled(`The function ${node.name} of expression '${id}'`);
    }
    for (const inner of node.arguments) checkFunctions(inner, id);
  } else if (node.kind === 'binary') {
    checkFunctions(node.left, id);
    checkFunctions(node.right, id);
  } else if (node.kind === 'negate') checkFunctions(node.of, id);
  else if (node.kind === 'list') for (const inner of node.items) checkFunctions(inner, id);
}

function checkCycles(queries: readonly Query[]): void {
  const byId = new Map(queries.map((query) => [query.id, query]));
  const done = new Set<string>();
  const visit = (id: string, above: readonly string[]) => {
    if (above.includes(id)) throw invalid(`Error in expression '${id}': The expressions refer to each other`);
    const query = byId.get(id);
    if (done.has(id) || query?.kind !== 'expression') return;
    for (const name of idsOf(query.node)) visit(name, [...above, id]);
    done.add(id);
  };
  for (const { id } of queries) visit(id, []);
}

/** The period that an expression's datapoints have: its own, or the longest of the metrics. */
export function gridPeriod(queries: readonly Query[]): number {
  return Math.max(
    ...queries.flatMap(({ kind, periodSeconds }) => (kind === 'metric' ? [periodSeconds ?? 60] : [])),
    ...queries.flatMap(({ kind, periodSeconds }) => (kind === 'expression' ? [periodSeconds ?? 0] : [])),
    1,
  );
}

/** A metric's values by the start of each period. */
export function readSeries(scope: Scope, query: MetricQuery, grid: Grid, label: string): TimeSeries {
  const found = metricStore(scope).read(query.metric, { ...grid, unit: query.unit });
  return seriesOf(
    [...found].map(([at, aggregate]) => [at, query.compute(aggregate) ?? Number.NaN] as const),
    label,
  );
}

/** Evaluates queries by id, each once. `gridOf` says over which periods a metric is read. */
export function evaluator(
  scope: Scope,
  queries: readonly Query[],
  gridOf: (periodSeconds: number) => Grid,
): (id: string) => MathValue {
  const byId = new Map(queries.map((query) => [query.id, query]));
  const known = new Map<string, MathValue>();
  const grid = gridOf(gridPeriod(queries));

  function valueFor(id: string): MathValue {
    const before = known.get(id);
    if (before) return before;
    const query = byId.get(id);
    if (!query) return { kind: 'text', value: id };
    const value: MathValue =
      query.kind === 'metric'
        ? { kind: 'series', series: readSeries(scope, query, gridOf(query.periodSeconds), query.metric.name) }
        : evaluate(query.node);
    known.set(id, value);
    return value;
  }

  function evaluate(node: MathNode): MathValue {
    switch (node.kind) {
      case 'number':
        return scalar(node.value);
      case 'text':
        return node;
      case 'id':
        return valueFor(node.name);
      case 'list':
        return listOf(node.items.map(evaluate), 'A list');
      case 'negate':
        return map(evaluate(node.of), (value) => -value);
      case 'binary':
        return combine(node.operator, evaluate(node.left), evaluate(node.right));
      default:
        return call(node.name, node.arguments);
    }
  }

  function call(name: string, inner: readonly MathNode[]): MathValue {
    if (name === 'METRICS') return allMetrics(inner[0]);
    const compute = Object.hasOwn(mathFunctions, name) ? mathFunctions[name] : undefined;
    if (!compute) throw notModelled(`The function ${name}`);
    return compute(inner.map(evaluate), grid);
  }

  /** All metrics of the request, or those whose id holds the text. */
  function allMetrics(filter: MathNode | undefined): MathValue {
    const text = filter?.kind === 'text' ? filter.value : '';
    const ids = queries.filter(({ kind, id }) => kind === 'metric' && id.includes(text)).map(({ id }) => id);
    return listOf(ids.map(valueFor), 'METRICS');
  }

  return valueFor;
}
