/**
 * How many instances are launched and ended at once while others are replaced. Pure.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html#instance-refresh-core-concepts
 */

/** Percentages of the desired capacity. */
export interface HealthyBounds {
  readonly min: number;
  /**
   * Left out is not the same as 100: then an instance ends while its successor is launched, one at least; at 100 and 100
   * the successor comes first, and the group is one over.
   * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html
   */
  readonly max?: number;
}

export interface Standing {
  readonly desired: number;
  /** In service or on their way, those to be replaced included. */
  readonly capacity: number;
  /** In service, healthy and warmed up, those to be replaced included. */
  readonly ready: number;
  /** To be replaced now; how many of them are not ready, and how many have a successor that was launched ahead. */
  readonly old: number;
  readonly oldUnready: number;
  readonly ahead: number;
  /** Not ready, and with a successor that is. */
  readonly succeeded: number;
}

const leastOf = (desired: number, { min }: HealthyBounds) =>
  // "Rounded up to the nearest integer".
  Math.ceil((desired * min) / 100);

/**
 * How many to end. What serves nobody is missed by nobody: it ends when enough others serve, when its successor does, or
 * when the bounds let as many be missing.
 */
export function ends(bounds: HealthyBounds, now: Standing): number {
  const least = leastOf(now.desired, bounds);
  const underWay = now.capacity - now.ready - now.oldUnready;
  const settled = underWay === 0 && now.capacity >= now.desired;
  const spare = Math.max(0, now.ready - least, bounds.max === undefined && settled ? 1 : 0);
  const unready =
    now.ready >= least
      ? now.oldUnready
      : Math.min(now.oldUnready, Math.max(now.succeeded, now.capacity - now.ahead - least));
  return Math.min(now.old, unready + spare);
}

/** How many of the `waiting` ones get a successor ahead of their end, in a group of that capacity. */
export function launches(
  bounds: HealthyBounds,
  { desired, capacity, waiting }: { desired: number; capacity: number; waiting: number },
): number {
  if (bounds.max === undefined) return 0;
  const room = mostOf(desired, leastOf(desired, bounds), bounds.max) - capacity;
  return Math.max(0, Math.min(room, waiting));
}

function mostOf(desired: number, least: number, max: number): number {
  const most = Math.floor((desired * max) / 100);
  // Neither may one be missing, nor one be over: one is over.
  return most <= desired && least >= desired ? desired + 1 : most;
}

/** Refused with the reason, or undefined when these bounds are allowed. */
export function boundsProblem({ min, max = 100 }: HealthyBounds): string | undefined {
  if (!(Number.isInteger(min) && min >= 0 && min <= 100)) {
    return `MinHealthyPercentage must be a whole number between 0 and 100, not ${min}.`;
  }
  if (!(Number.isInteger(max) && max >= 100 && max <= 200)) {
    return `MaxHealthyPercentage must be a whole number between 100 and 200, not ${max}.`;
  }
  if (max - min > 100) {
    return 'The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100.';
  }
  return undefined;
}
