/** Checks of what names a metric, and of times and periods, shared by all that take them. */
import type { Dimension } from '@aws-sdk/client-cloudwatch';
import { invalidValue, missingParameter } from './faults.ts';
import { sorted } from './metric-store.ts';
import type { Dimensions } from './state.ts';

export const units = [
  'Seconds',
  'Microseconds',
  'Milliseconds',
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
  'Percent',
  'Count',
  'Bytes/Second',
  'Kilobytes/Second',
  'Megabytes/Second',
  'Gigabytes/Second',
  'Terabytes/Second',
  'Bits/Second',
  'Kilobits/Second',
  'Megabits/Second',
  'Gigabits/Second',
  'Terabits/Second',
  'Count/Second',
  'None',
];

const mostDimensions = 30;
const ascii = /^[\x20-\x7e]+$/;
const highResolutionPeriods = [1, 5, 10, 20, 30];

export function checkName(value: string | undefined, parameter: string, longest = 255): string {
  if (!value) throw missingParameter(parameter);
  if (value.length > longest) {
    throw invalidValue(`The parameter ${parameter} must be shorter than ${longest + 1} characters.`);
  }
  return value;
}

export function checkNamespace(value: string | undefined, parameter = 'Namespace'): string {
  const name = checkName(value, parameter);
  if (!/^[0-9A-Za-z._\-/#:* ]+$/.test(name) || name.startsWith(':')) {
    throw invalidValue(`The value ${name} for parameter ${parameter} is invalid.`);
  }
  return name;
}

export function checkUnit(unit: string | undefined, parameter = 'Unit'): void {
  if (unit !== undefined && !units.includes(unit)) {
    throw invalidValue(`The parameter ${parameter} must be a value in the set [ ${units.join(', ')} ].`);
  }
}

export function checkDimensions(given: readonly Dimension[] | undefined, parameter = 'Dimensions'): Dimensions {
  const dimensions = given ?? [];
  if (dimensions.length > mostDimensions) {
    throw invalidValue(`The collection ${parameter} must not have a size greater than ${mostDimensions}.`);
  }
  for (const [index, { Name, Value }] of dimensions.entries()) {
    const at = `${parameter}.member.${index + 1}`;
    const name = checkName(Name, `${at}.Name`);
    const value = checkName(Value, `${at}.Value`, 1024);
    if (!ascii.test(name) || name.startsWith(':') || name.trim() === '') {
      throw invalidValue(`The value ${name} for parameter ${at}.Name is invalid.`);
    }
    if (!ascii.test(value) || value.trim() === '') {
      throw invalidValue(`The value ${value} for parameter ${at}.Value is invalid.`);
    }
  }
  if (new Set(dimensions.map(({ Name }) => Name)).size < dimensions.length) {
    throw invalidValue(`The parameter ${parameter} must not contain duplicate dimension names.`);
  }
  return sorted(dimensions);
}

/** In seconds: 1, 5, 10, 20, 30 or a multiple of 60. */
export function checkPeriod(period: number | undefined, parameter = 'Period'): number {
  if (period === undefined) throw missingParameter(parameter);
  if (!Number.isInteger(period) || period < 1) {
    throw invalidValue(`The parameter ${parameter} must be greater than or equal to 1.`);
  }
  if (period % 60 !== 0 && !highResolutionPeriods.includes(period)) {
    throw invalidValue(`The parameter ${parameter} must be 1, 5, 10, 20, 30, or a multiple of 60.`);
  }
  return period;
}

const minute = 60_000;
const day = 86_400_000;

/**
 * Start times are rounded down: to the period below a minute, to minutes up to 15 days back, to five minutes up to
 * 63 days, to hours beyond. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
export function roundStart(startMs: number, periodMs: number, nowMs: number): number {
  const age = nowMs - startMs;
  const step = periodMs < minute ? periodMs : age < 15 * day ? minute : age < 63 * day ? 5 * minute : 60 * minute;
  return Math.floor(startMs / step) * step;
}

export function checkTimes(input: { StartTime?: Date | undefined; EndTime?: Date | undefined }): {
  startMs: number;
  endMs: number;
} {
  const time = (value: Date | undefined, name: string) => {
    if (!value) throw missingParameter(name);
    if (Number.isNaN(value.getTime())) throw invalidValue(`The parameter ${name} must be a valid timestamp.`);
    return value.getTime();
  };
  const startMs = time(input.StartTime, 'StartTime');
  const endMs = time(input.EndTime, 'EndTime');
  if (startMs >= endMs) {
    throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
  }
  return { startMs, endMs };
}
