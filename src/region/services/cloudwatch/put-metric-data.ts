/** PutMetricData. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
import type { MetricDatum, PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import type { Access, Call } from '../service.ts';
import type { Aggregate } from './aggregate.ts';
import { invalidCombination, invalidValue, missingParameter, refuseMembers } from './faults.ts';
import { checkDimensions, checkName, checkNamespace, checkUnit } from './metric-input.ts';
import { metricStore } from './metric-store.ts';

const mostData = 1_000;
const mostValues = 150;
const largest = 2 ** 360;
const hour = 3_600_000;
const oldestMs = 14 * 24 * hour;
const newestMs = 2 * hour;

export function putMetricDataAccess({ Namespace }: PutMetricDataCommandInput): Access {
  return { action: 'cloudwatch:PutMetricData', resource: '*', context: { 'cloudwatch:namespace': Namespace } };
}

export function putMetricData(input: PutMetricDataCommandInput, call: Call) {
  const namespace = checkNamespace(input.Namespace);
  // Only AWS's own services count in their namespaces.
  if (namespace.startsWith('AWS/') && call.caller.kind !== 'service') {
    throw invalidValue(`The value ${namespace} for parameter Namespace is invalid.`);
  }
  // Without entities there is nothing for `StrictEntityValidation` to be strict about.
  refuseMembers(input, ['EntityMetricData']);
  const data = input.MetricData ?? [];
  if (data.length === 0) throw missingParameter('MetricData');
  if (data.length > mostData) {
    throw invalidValue(`The collection MetricData must not have a size greater than ${mostData}.`);
  }
  const nowMs = call.clock.now();
  // All of it is checked before any of it is counted.
  const checked = data.map((datum, index) => checkDatum(datum, `MetricData.member.${index + 1}`, nowMs));
  const store = metricStore(call);
  for (const { name, dimensions, unit, timeMs, highResolution, addTo } of checked) {
    for (const high of highResolution ? [true, false] : [false]) {
      const { series, lane } = store.lane({ namespace, name, dimensions }, unit, high);
      addTo(lane.at(timeMs));
      store.touch(series, lane, timeMs);
    }
  }
  return {};
}

function checkDatum(datum: MetricDatum, at: string, nowMs: number) {
  const { StorageResolution = 60, Unit: unit = 'None', Timestamp } = datum;
  checkUnit(datum.Unit, `${at}.Unit`);
  if (StorageResolution !== 1 && StorageResolution !== 60) {
    throw invalidValue(`The parameter ${at}.StorageResolution must be 1 or 60.`);
  }
  const timeMs = Timestamp?.getTime() ?? nowMs;
  if (!(timeMs >= nowMs - oldestMs)) {
    throw invalidValue(`The parameter ${at}.Timestamp must specify a time within the past two weeks.`);
  }
  if (timeMs > nowMs + newestMs) {
    throw invalidValue(`The parameter ${at}.Timestamp must specify a time no more than two hours in the future.`);
  }
  return {
    name: checkName(datum.MetricName, `${at}.MetricName`),
    dimensions: checkDimensions(datum.Dimensions, `${at}.Dimensions`),
    unit,
    timeMs,
    highResolution: StorageResolution === 1,
    addTo: checkValues(datum, at),
  };
}

function checkValues({ Value, Values, Counts, StatisticValues }: MetricDatum, at: string): (to: Aggregate) => void {
  const kinds = Object.entries({ Value, Values, StatisticValues }).filter(([, value]) => value !== undefined);
  const [first, second] = kinds;
  if (!first) {
    throw missingParameter(`${at}.Value`);
  }
  if (second) {
    throw invalidCombination(
      `The parameters ${at}.${first[0]} and ${at}.${second[0]} are mutually exclusive and you have specified both.`,
    );
  }
  if (Counts !== undefined && Values === undefined) {
    throw invalidCombination(`The parameter ${at}.Counts can only be specified with ${at}.Values.`);
  }
  if (Value !== undefined) {
    const value = checkNumber(Value, `${at}.Value`);
    return (to) => to.add(value);
  }
  if (Values !== undefined) return checkArrays(Values, Counts, at);
  const { SampleCount, Sum, Minimum, Maximum } = StatisticValues ?? {};
  const set = {
    n: checkNumber(SampleCount, `${at}.StatisticValues.SampleCount`),
    sum: checkNumber(Sum, `${at}.StatisticValues.Sum`),
    min: checkNumber(Minimum, `${at}.StatisticValues.Minimum`),
    max: checkNumber(Maximum, `${at}.StatisticValues.Maximum`),
  };
  if (set.n <= 0) throw invalidValue(`The parameter ${at}.StatisticValues.SampleCount must be greater than 0.`);
  if (set.min > set.max) {
    throw invalidValue(`The parameter ${at}.StatisticValues.Maximum must be greater than or equal to Minimum.`);
  }
  return (to) => to.addSet(set);
}

function checkArrays(values: readonly number[], counts: readonly number[] | undefined, at: string) {
  if (values.length === 0 || values.length > mostValues) {
    throw invalidValue(`The collection ${at}.Values must have a size between 1 and ${mostValues}.`);
  }
  if (counts && counts.length !== values.length) {
    throw invalidValue(`The parameters ${at}.Values and ${at}.Counts must be of the same size.`);
  }
  const pairs = values.map((value, index) => {
    const count = checkNumber(counts?.[index] ?? 1, `${at}.Counts.member.${index + 1}`);
    if (count < 0) throw invalidValue(`The parameter ${at}.Counts.member.${index + 1} must not be negative.`);
    return [checkNumber(value, `${at}.Values.member.${index + 1}`), count] as const;
  });
  return (to: Aggregate) => {
    for (const [value, count] of pairs) if (count > 0) to.add(value, count);
  };
}

function checkNumber(value: number | undefined, parameter: string): number {
  if (value === undefined) throw missingParameter(parameter);
  if (!Number.isFinite(value) || Math.abs(value) > largest) {
    throw invalidValue(`The parameter ${parameter} must be a number in the range -2^360 to 2^360.`);
  }
  return value;
}
