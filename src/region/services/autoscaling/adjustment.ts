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

/**
 * The step that a breach of so much falls into. Bounds are inclusive on the threshold's side: above it the lower one,
 * below it the upper one. What is right at the threshold is not documented: a step that begins there is taken first, then
 * one that ends there.
 */
export function stepFor(steps: readonly Step[], breach: number): Step | undefined {
  const above = steps.find(
    ({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper }) =>
      breach >= (lower ?? Number.NEGATIVE_INFINITY) && breach < (upper ?? Number.POSITIVE_INFINITY),
  );
  if (breach > 0 || (breach === 0 && above)) return above;
  return steps.find(
    ({ MetricIntervalLowerBound: lower, MetricIntervalUpperBound: upper }) =>
      breach > (lower ?? Number.NEGATIVE_INFINITY) && breach <= (upper ?? Number.POSITIVE_INFINITY),
  );
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
