import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

const latencies = fc.array(fc.double({ min: 0.01, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 300 });
const shares = fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 0.999, 1);

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe('a histogram of latencies', () => {
  test('each percentile is within 1 % of what sorting gives', () => {
    fc.assert(
      fc.property(latencies, shares, (values, share) => {
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
        expect(Math.abs(filled(values).percentileMs(share) - exact)).toBeLessThanOrEqual(exact * 0.01);
      }),
    );
  });

  test('percentiles never fall as the share grows, and never exceed the maximum', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const histogram = filled(values);
        const found = [0, 0.1, 0.5, 0.9, 0.99, 1].map((share) => histogram.percentileMs(share));
        expect(found).toEqual([...found].sort((a, b) => a - b));
        expect(found.at(-1)).toBeLessThanOrEqual(histogram.maxMs);
        expect(histogram.maxMs).toBe(Math.max(...values));
        expect(histogram.count).toBe(values.length);
      }),
    );
  });

  test('the order of what was added does not matter', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        expect(filled([...values].reverse()).percentiles()).toEqual(filled(values).percentiles());
      }),
    );
  });

  test('empty, below its least and above its most', () => {
    const histogram = new Histogram();
    expect(histogram.percentiles()).toEqual({ p50: 0, p90: 0, p99: 0 });
    expect(histogram.meanMs).toBe(0);
    histogram.add(-5);
    histogram.add(0);
    expect(histogram.percentileMs(1)).toBe(0);
    histogram.add(1e12);
    expect(histogram.percentileMs(1)).toBeLessThanOrEqual(1e12);
    expect(histogram.maxMs).toBe(1e12);
    histogram.clear();
    expect(histogram.count).toBe(0);
    expect(histogram.percentileMs(0.5)).toBe(0);
  });
});
