import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downsample, mostPoints } from './downsample.ts';
import type { Point } from './report.ts';

const series = fc
  .array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 400 })
  .map((values) => values.map((value, i): Point => [i * 0.5, value]));

test('never more than allowed, in order, of what was given, with its ends and its extremes', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 4, max: 80 }), (points, most) => {
      const kept = downsample(points, most);
      expect(kept.length).toBeLessThanOrEqual(most);
      if (points.length <= most) {
        expect(kept).toBe(points);
        return;
      }
      expect(kept[0]).toBe(points[0]);
      expect(kept.at(-1)).toBe(points.at(-1));
      expect(kept.every((point) => points.includes(point))).toBe(true);
      for (const [i, [at]] of kept.entries()) expect(at).toBeGreaterThan(kept[i - 1]?.[0] ?? -1);
      const values = (of: readonly Point[]) => of.map(([, value]) => value);
      expect(Math.max(...values(kept))).toBe(Math.max(...values(points)));
      expect(Math.min(...values(kept))).toBe(Math.min(...values(points)));
    }),
  );
});

test('two days by the second become 2,000 points', () => {
  const points = Array.from({ length: 172_800 }, (_, i): Point => [i, i === 100_000 ? 9 : 1]);
  const kept = downsample(points);
  expect(kept.length).toBeLessThanOrEqual(mostPoints);
  expect(kept).toContain(points[100_000]);
});
