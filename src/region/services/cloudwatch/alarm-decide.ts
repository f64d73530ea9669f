/**
 * Which state an alarm's datapoints mean: M out of N, with missing data treated in the four ways of AWS's tables.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
import type { ComparisonOperator, StateValue } from '@aws-sdk/client-cloudwatch';

export const missingDataTreatments = ['breaching', 'notBreaching', 'ignore', 'missing'];

export interface AlarmPoint {
  readonly atMs: number;
  /** Undefined: missing. */
  readonly value: number | undefined;
  readonly sampleCount?: number;
}

export interface AlarmRule {
  /** N */
  readonly evaluationPeriods: number;
  /** M */
  readonly datapointsToAlarm: number;
  readonly treatMissingData: string;
  readonly breaches: (value: number) => boolean;
}

export interface Decision {
  /** Undefined: the state stays as it is. */
  readonly state: StateValue | undefined;
  /** The datapoints that decided, newest first. */
  readonly evaluated: readonly AlarmPoint[];
  /** How many missing ones were filled in. */
  readonly filled: number;
}

/** More periods are looked at than are evaluated: three have two more in AWS's tables. */
export const extraPeriods = 2;

/** `points` are the evaluation range, oldest first. */
export function decide(points: readonly AlarmPoint[], rule: AlarmRule): Decision {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData, breaches } = rule;
  const real = points.filter(({ value }) => value !== undefined);
  const evaluated = real.slice(-evaluationPeriods).reverse();
  const breaching = evaluated.filter(({ value }) => value !== undefined && breaches(value)).length;
  const filled = evaluationPeriods - evaluated.length;
  const made = (state: StateValue | undefined): Decision => ({ state, evaluated, filled });
  const known = (bad: number) => made(bad >= datapointsToAlarm ? 'ALARM' : 'OK');

  // Enough real ones, or as many breaching as it takes: how missing ones are treated does not matter.
  if (filled === 0 || breaching >= datapointsToAlarm) return known(breaching);
  if (treatMissingData === 'breaching') return known(breaching + filled);
  if (treatMissingData === 'notBreaching') return known(breaching);
  if (breaching < evaluated.length) return made('OK');
  if (treatMissingData === 'ignore') return made(undefined);
  if (evaluated.length === 0) return made('INSUFFICIENT_DATA');
  // All there is breaches. It alarms once the oldest is as old as it takes, not while the next could still be good.
  const oldest = points.findIndex(({ value }) => value !== undefined);
  return made(points.length - oldest >= datapointsToAlarm ? 'ALARM' : 'INSUFFICIENT_DATA');
}

const comparisons: Readonly<Record<string, { breaches: (a: number, b: number) => boolean; words: string }>> = {
  GreaterThanOrEqualToThreshold: { breaches: (a, b) => a >= b, words: 'greater than or equal to' },
  GreaterThanThreshold: { breaches: (a, b) => a > b, words: 'greater than' },
  LessThanThreshold: { breaches: (a, b) => a < b, words: 'less than' },
  LessThanOrEqualToThreshold: { breaches: (a, b) => a <= b, words: 'less than or equal to' },
};

export const comparisonOperators = Object.keys(comparisons);

export function breachesOf(operator: ComparisonOperator, threshold: number): (value: number) => boolean {
  const { breaches } = comparisons[operator] ?? { breaches: () => false };
  return (value) => breaches(value, threshold);
}

interface Told {
  readonly decision: Decision;
  readonly to: StateValue;
  readonly evaluationPeriods: number;
  /** As given: M is told only then. */
  readonly datapointsToAlarm?: number | undefined;
  readonly treatMissingData: string;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
}

/** The sentence that alarms give for their state. */
export function reasonOf(told: Told): string {
  const { decision, evaluationPeriods, to } = told;
  const { evaluated, filled } = decision;
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  if (to === 'INSUFFICIENT_DATA') {
    return `Insufficient Data: ${plural(filled, 'datapoint')} ${filled === 1 ? 'was' : 'were'} unknown.`;
  }
  const as = told.treatMissingData === 'breaching' ? 'Breaching' : 'NonBreaching';
  const filledIn = ['breaching', 'notBreaching'].includes(told.treatMissingData) && filled > 0;
  const missing = filledIn
    ? ` and ${plural(filled, 'missing datapoint')} ${filled === 1 ? 'was' : 'were'} treated as [${as}]`
    : '';
  if (evaluated.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${plural(evaluationPeriods, 'period')}${missing}.`;
  }
  const breaches = breachesOf(told.comparison, told.threshold);
  const alarm = to === 'ALARM';
  const telling = evaluated.filter(({ value }) => value !== undefined && breaches(value) === alarm);
  const list = `[${telling.map(({ value, atMs }) => `${decimal(value ?? 0)} (${shortTime(atMs)})`).join(', ')}]`;
  const { words } = comparisons[told.comparison] ?? { words: '' };
  const verb = `${telling.length === 1 ? 'was' : 'were'}${alarm ? '' : ' not'} ${words}`;
  const than = `the threshold (${decimal(told.threshold)})`;
  const m = told.datapointsToAlarm;
  if (m === undefined)
    return `Threshold Crossed: ${plural(telling.length, 'datapoint')} ${list} ${verb} ${than}${missing}.`;
  const least = alarm ? m : evaluationPeriods - m + 1;
  const transition = alarm ? 'OK -> ALARM' : 'ALARM -> OK';
  return `Threshold Crossed: ${telling.length} out of the last ${plural(evaluationPeriods, 'datapoint')} ${list} ${verb} ${than}${missing} (minimum ${plural(least, 'datapoint')} for ${transition} transition).`;
}

/** As Java prints doubles: whole numbers keep a `.0`. */
export function decimal(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? `${value}.0` : String(value);
}

/** `12/01/17 16:25:00` */
function shortTime(atMs: number): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().split('T');
  return `${date.slice(8, 10)}/${date.slice(5, 7)}/${date.slice(2, 4)} ${time.slice(0, 8)}`;
}

/** `2017-01-12T16:30:42.236+0000` */
export function longTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '+0000');
}
