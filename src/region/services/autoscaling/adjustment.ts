/**
 * How far a policy moves a group's capacity: arithmetic only.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
 */

export type AdjustmentType = 'ChangeInCapacity' | 'ExactCapacity' | 'PercentChangeInCapacity';

export interface Step {
  readonly MetricIntervalLowerBound?: number | undefined;
  readonly MetricIntervalUpperBound?: number | undefined;
  readonly ScalingAdjustment: number | undefined;
}

/** @param smallest `MinAdjustmentMagnitude`: a percentage moves at least so many instances */
export function adjusted(capacity: number, type: AdjustmentType, amount: number, smallest = 0): number {
  if (type === 'ExactCapacity') return amount;
  if (type === 'ChangeInCapacity') return capacity + amount;
  const moved = (capacity * amount) / 100;
  // Towards zero, but a share of an instance is a whole one.
  const whole = moved === 0 ? 0 : Math.abs(moved) < 1 ? Math.sign(moved) : Math.trunc(moved);
  if (whole === 0) return capacity;
  return capacity + Math.sign(whole) * Math.max(Math.abs(whole), smallest);
}

/** The step that a breach of so much falls into. */
export function stepFor(steps: readonly Step[], breach: number): Step | undefined {
  return steps.find(({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper }) => {
    // Bounds are inclusive towards the threshold's side: below it the upper one, above it the lower one.
    if (breach < 0) return (lower === undefined || breach > lower) && (upper === undefined || breach <= upper);
    return (lower === undefined || breach >= lower) && (upper === undefined || breach < upper);
  });
}

/**
 * Capacity at which the metric would meet its target, if it is shared evenly: rounded up, so that one and a half to add
 * are two, and one and a half to remove are one.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
 */
export function capacityForTarget(capacity: number, metric: number, target: number): number {
  // Without this, 3 × 1.1 / 1.1 would be four.
  return Math.ceil(Number(((capacity * metric) / target).toPrecision(12)));
}
