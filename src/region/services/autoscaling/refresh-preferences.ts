/**
 * Preferences of an instance refresh: checked, and with the defaults of the API.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html
 */
import type { RefreshPreferences } from '@aws-sdk/client-auto-scaling';
import type { FilledPreferences } from './refresh-state.ts';
import { boundsProblem } from './replacement-pace.ts';
import { type GroupRecord, invalid } from './state.ts';

const twoDays = 172_800;
const mostAlarms = 10;

export function filledPreferences(given: RefreshPreferences, group: GroupRecord): FilledPreferences {
  const { min, max } = boundsOf(given, group);
  const { CheckpointPercentages: checkpoints = [], CheckpointDelay, BakeTime, AlarmSpecification } = given;
  checkCheckpoints(checkpoints);
  if (CheckpointDelay !== undefined && checkpoints.length === 0) {
    throw invalid('CheckpointPercentages must be specified when CheckpointDelay is specified.');
  }
  if ((AlarmSpecification?.Alarms?.length ?? 0) > mostAlarms) {
    throw invalid(`AlarmSpecification can have at most ${mostAlarms} alarms.`);
  }
  return {
    MinHealthyPercentage: min,
    ...(max === undefined ? {} : { MaxHealthyPercentage: max }),
    InstanceWarmup: seconds(
      'InstanceWarmup',
      given.InstanceWarmup ?? group.warmupSeconds ?? group.gracePeriodSeconds,
      Number.MAX_SAFE_INTEGER,
    ),
    ...(checkpoints.length === 0
      ? {}
      : {
          CheckpointPercentages: [...checkpoints],
          CheckpointDelay: seconds('CheckpointDelay', CheckpointDelay ?? 3600),
        }),
    SkipMatching: given.SkipMatching ?? false,
    AutoRollback: given.AutoRollback ?? false,
    ScaleInProtectedInstances: oneOf('ScaleInProtectedInstances', given.ScaleInProtectedInstances ?? 'Wait', [
      'Refresh',
      'Ignore',
      'Wait',
    ]),
    StandbyInstances: oneOf('StandbyInstances', given.StandbyInstances ?? 'Wait', ['Terminate', 'Ignore', 'Wait']),
    ...(AlarmSpecification?.Alarms?.length ? { AlarmSpecification: { Alarms: [...AlarmSpecification.Alarms] } } : {}),
    ...(BakeTime === undefined ? {} : { BakeTime: seconds('BakeTime', BakeTime) }),
  };
}

/** The request's own, else the group's instance maintenance policy, else 90 and none. */
function boundsOf(given: RefreshPreferences, { maintenance }: GroupRecord) {
  const { MinHealthyPercentage, MaxHealthyPercentage } = given;
  if (MaxHealthyPercentage !== undefined && MinHealthyPercentage === undefined) {
    throw invalid('MinHealthyPercentage must be specified when MaxHealthyPercentage is specified.');
  }
  const max = MaxHealthyPercentage ?? maintenance?.max;
  const bounds = {
    min: MinHealthyPercentage ?? maintenance?.min ?? 90,
    ...(max === undefined ? {} : { max }),
  };
  const problem = boundsProblem(bounds);
  if (problem !== undefined) throw invalid(problem);
  return { min: bounds.min, max };
}

function checkCheckpoints(given: readonly number[]): void {
  let before = 0;
  for (const percent of given) {
    if (!Number.isInteger(percent) || percent < 1 || percent > 100) {
      throw invalid(`CheckpointPercentages must be whole numbers between 1 and 100, not ${percent}.`);
    }
    if (percent <= before) throw invalid('CheckpointPercentages must be unique and in ascending order.');
    before = percent;
  }
}

function seconds(name: string, value: number, most = twoDays): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw invalid(`${name} must be a whole number of seconds between 0 and ${most}, not ${value}.`);
}

function oneOf<const T extends string>(name: string, value: NoInfer<T>, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw invalid(`${name} must be one of ${allowed.join(', ')}, not ${value}.`);
}
