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
  /** To be replaced now, and how many of them are not ready, or have a successor that was launched ahead. */
  readonly old: number;
  readonly oldUnready: number;
  readonly ahead: number;
}

/** How many to launch ahead of the instances that they replace, and how many to end. */
export function pace({ min, max }: HealthyBounds, now: Standing): { launch: number; end: number } {
  // "Rounded up to the nearest integer".
  const least = Math.ceil((now.desired * min) / 100);
  const most = mostOf(now.desired, least, max);
  const settled = now.ready === now.capacity && now.capacity >= now.desired;
  const unready = now.ready >= least ? now.oldUnready : 0;
  const spare = Math.max(0, now.ready - least, max === undefined && settled ? 1 : 0);
  const end = Math.min(now.old, unready + spare);
  if (max === undefined) return { launch: 0, end };
  // Those with a successor go first; what goes without one is launched anew, in its place.
  const endAhead = Math.min(end, now.ahead);
  const room = most - (now.capacity - endAhead);
  const waiting = now.old - end - (now.ahead - endAhead);
  return { launch: Math.max(0, Math.min(room, waiting)), end };
}

function mostOf(desired: number, least: number, max = 100): number {
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
