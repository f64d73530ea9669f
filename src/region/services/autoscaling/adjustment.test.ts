import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adjusted, capacityForTarget, stepFor } from './adjustment.ts';

describe('how far a policy moves the capacity', () => {
  test.each([
    [4, 'ChangeInCapacity', 3, 0, 7],
    [4, 'ChangeInCapacity', -3, 0, 1],
    [4, 'ExactCapacity', 9, 0, 9],
    [10, 'PercentChangeInCapacity', 10, 0, 11],
    [10, 'PercentChangeInCapacity', -10, 0, 9],
    // AWS's examples: 12.7 is 12, 0.67 is 1, -0.58 is -1, -6.67 is -6.
    [100, 'PercentChangeInCapacity', 12.7, 0, 112],
    [100, 'PercentChangeInCapacity', 0.67, 0, 101],
    [100, 'PercentChangeInCapacity', -0.58, 0, 99],
    [100, 'PercentChangeInCapacity', -6.67, 0, 94],
    [4, 'PercentChangeInCapacity', 25, 2, 6],
    [4, 'PercentChangeInCapacity', -25, 2, 2],
    [10, 'PercentChangeInCapacity', 0, 2, 10],
  ] as const)('%i, %s by %d, at least %i: %i', (capacity, type, amount, smallest, wanted) => {
    expect(adjusted(capacity, type, amount, smallest)).toBe(wanted);
  });

  const steps = [
    { MetricIntervalUpperBound: -20, ScalingAdjustment: -30 },
    { MetricIntervalLowerBound: -20, MetricIntervalUpperBound: -10, ScalingAdjustment: -10 },
    { MetricIntervalLowerBound: -10, MetricIntervalUpperBound: 10, ScalingAdjustment: 0 },
    { MetricIntervalLowerBound: 10, MetricIntervalUpperBound: 20, ScalingAdjustment: 10 },
    { MetricIntervalLowerBound: 20, ScalingAdjustment: 30 },
  ];
  test.each([
    [-50, -30],
    [-20, -30],
    [-19.9, -10],
    [-10, -10],
    [0, 0],
    [9.9, 0],
    [10, 10],
    [19.9, 10],
    [20, 30],
    [500, 30],
  ])('a breach of %d is the step of %i %%', (breach, adjustment) => {
    expect(stepFor(steps, breach)?.ScalingAdjustment).toBe(adjustment);
  });

  test.each([
    [10, 57.5, 50, 12],
    [10, 42.5, 50, 9],
    [3, 1.1, 1.1, 3],
    [2, 100, 50, 4],
    [4, 0, 50, 0],
  ])('%i at %d with a target of %d: %i', (capacity, metric, target, wanted) => {
    expect(capacityForTarget(capacity, metric, target)).toBe(wanted);
  });

  test('the capacity for a target meets it, and one less would not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        (capacity, metric, target) => {
          const wanted = capacityForTarget(capacity, metric, target);
          const load = capacity * metric;
          expect(load / wanted).toBeLessThanOrEqual(target * (1 + 1e-9));
          if (wanted > 1) expect(load / (wanted - 1)).toBeGreaterThan(target * (1 - 1e-9));
        },
      ),
    );
  });
});
