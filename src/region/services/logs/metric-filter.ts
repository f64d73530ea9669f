/** Metric filters. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html */
import type {
  DeleteMetricFilterCommandInput,
  DescribeMetricFiltersCommandInput,
  PutMetricFilterCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import { Fault } from '../../wire/fault.ts';
import type { Access, Call } from '../service.ts';
import { checkLimit, constraint, invalid, missing, oneOf, page, refuseMembers } from './faults.ts';
import { checkGroupName, checkText, findGroup, groupAccess, groupArn } from './names.ts';
import { parsePattern } from './pattern.ts';
import { filtersOf, type MetricFilterRecord, metricFilterKey, metricFilters, nowMs } from './state.ts';

const mostFilters = 100;
const mostDimensions = 3;
const sizes = [
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
];
const rates = [...sizes, 'Count'].map((unit) => `${unit}/Second`);
const units = ['Seconds', 'Microseconds', 'Milliseconds', ...sizes, 'Percent', 'Count', ...rates, 'None'];
const longestPattern = 1024;
const selector = /^\$[.\w[\]'"@*-]+$/;

export function putMetricFilter(input: PutMetricFilterCommandInput, call: Call) {
  refuseMembers(input, ['applyOnTransformedLogs', 'fieldSelectionCriteria', 'emitSystemFieldDimensions']);
  const name = checkFilterName(input.filterName, 'filterName');
  const pattern = input.filterPattern;
  if (pattern === undefined) throw constraint(undefined, 'filterPattern', 'not be null');
  if (pattern.length > longestPattern) {
    throw constraint(pattern, 'filterPattern', `have length less than or equal to ${longestPattern}`);
  }
  parsePattern(pattern);
  const metric = checkTransformation(input.metricTransformations, pattern);
  const group = findGroup(call, input);
  if (group.logClass !== 'STANDARD') {
    throw new Fault(
      'InvalidOperationException',
      `Metric filters are not supported in the log group class ${group.logClass}.`,
    );
  }
  const key = metricFilterKey(group.name, name);
  if (!metricFilters(call).has(key) && filtersOf(call, group.name).length >= mostFilters) {
    throw new Fault('LimitExceededException', 'Resource limit exceeded.');
  }
  metricFilters(call).put(key, { groupName: group.name, name, pattern, createdMs: nowMs(call), metric });
  return {};
}

const checkFilterName = (name: string | undefined, member: string) => checkText(name, member, /^[^:*]*$/, '[^:*]*');

function checkTransformation(
  given: PutMetricFilterCommandInput['metricTransformations'],
  pattern: string,
): MetricFilterRecord['metric'] {
  const [one, ...others] = given ?? [];
  if (!one || others.length > 0) {
    throw constraint(given, 'metricTransformations', `have length ${one ? 'less' : 'greater'} than or equal to 1`);
  }
  const at = (member: string) => `metricTransformations.1.member.${member}`;
  const namespace = checkText(one.metricNamespace, at('metricNamespace'), /^[^:*$]*$/, '[^:*$]*', 255);
  if (namespace.startsWith('AWS/')) throw invalid('The metric namespace cannot begin with AWS/, which is reserved.');
  const name = checkText(one.metricName, at('metricName'), /^[^:*$]*$/, '[^:*$]*', 255);
  const value = checkText(one.metricValue, at('metricValue'), /^/, '', 100);
  if (!selector.test(value) && !(value.trim() !== '' && Number.isFinite(Number(value)))) {
    throw invalid(`Invalid metric transformation: the metric value '${value}' is neither a number nor a field`);
  }
  if (one.unit !== undefined && !units.includes(one.unit)) throw constraint(one.unit, at('unit'), oneOf(units));
  const dimensions = Object.entries(one.dimensions ?? {});
  if (dimensions.length > mostDimensions) throw invalid(`A metric filter has at most ${mostDimensions} dimensions.`);
  if (dimensions.length > 0) {
    if (one.defaultValue !== undefined)
      throw invalid('Invalid metric transformation: dimensions and default value are mutually exclusive properties.');
    if (!/^\s*[{[]/.test(pattern)) {
      throw invalid(
        'Invalid metric transformation: dimensions are only supported for JSON and space-delimited filter patterns.',
      );
    }
    const wrong = dimensions.find(([, from]) => !selector.test(from));
    if (wrong) throw invalid(`Invalid metric transformation: the dimension value '${wrong[1]}' is not a field`);
  }
  return {
    namespace,
    name,
    value,
    defaultValue: one.defaultValue,
    unit: one.unit,
    dimensions: Object.fromEntries(dimensions),
  };
}

export function deleteMetricFilter(input: DeleteMetricFilterCommandInput, call: Call) {
  const name = checkFilterName(input.filterName, 'filterName');
  const group = findGroup(call, input);
  if (!metricFilters(call).delete(metricFilterKey(group.name, name))) {
    throw missing('The specified metric filter does not exist.');
  }
  return {};
}

export function describeMetricFiltersAccess(
  { logGroupName = '' }: DescribeMetricFiltersCommandInput,
  call: Call,
): Access {
  return logGroupName === ''
    ? { action: 'logs:DescribeMetricFilters', resource: `${groupArn(call, '')}:log-stream:` }
    : groupAccess({ logGroupName }, call);
}

export function describeMetricFilters(input: DescribeMetricFiltersCommandInput, call: Call) {
  const { logGroupName, filterNamePrefix = '', metricName, metricNamespace, limit, nextToken } = input;
  const size = checkLimit(limit, 50);
  if ((metricName === undefined) !== (metricNamespace === undefined)) {
    throw invalid('Both metricName and metricNamespace must be specified, or neither.');
  }
  if (logGroupName !== undefined) findGroup(call, { logGroupName: checkGroupName(logGroupName) });
  const found = [...metricFilters(call).values()]
    .filter(({ groupName }) => logGroupName === undefined || groupName === logGroupName)
    .filter(({ name }) => name.startsWith(filterNamePrefix))
    .filter(
      ({ metric }) => metricName === undefined || (metric.name === metricName && metric.namespace === metricNamespace),
    )
    .sort((a, b) => (a.name < b.name || (a.name === b.name && a.groupName < b.groupName) ? -1 : 1));
  const { items, ...rest } = page(found, nextToken, size);
  return { metricFilters: items.map(view), ...rest };
}

function view({ groupName, name, pattern, createdMs, metric }: MetricFilterRecord) {
  const { defaultValue, unit, dimensions } = metric;
  return {
    filterName: name,
    filterPattern: pattern,
    metricTransformations: [
      {
        metricName: metric.name,
        metricNamespace: metric.namespace,
        metricValue: metric.value,
        ...(defaultValue === undefined ? {} : { defaultValue }),
        ...(Object.keys(dimensions).length > 0 ? { dimensions: { ...dimensions } } : {}),
        ...(unit === undefined ? {} : { unit }),
      },
    ],
    creationTime: createdMs,
    logGroupName: groupName,
    applyOnTransformedLogs: false,
  };
}
