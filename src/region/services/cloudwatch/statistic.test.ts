import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Aggregate } from './aggregate.ts';
import { parseStatistic } from './statistic.ts';

const of = (...values: number[]) => {
  const aggregate = new Aggregate();
  for (const value of values) aggregate.add(value);
  return aggregate;
};
const statistic = (name: string, aggregate: Aggregate) => parseStatistic(name)?.(aggregate);
const oneToTen = of(10, 2, 3, 4, 5, 6, 7, 8, 9, 1);

test.each([
  ['SampleCount', 10],
  ['Sum', 55],
  ['Average', 5.5],
  ['Minimum', 1],
  ['Maximum', 10],
  ['p0', 1],
  ['p10', 1],
  ['p50', 5],
  ['p90', 9],
  ['p99.9', 10],
  ['p100', 10],
  ['tm90', 5],
  ['TM(10%:90%)', 5.5],
  ['TM(2:5)', 4],
  ['TM(:3)', 2],
  ['IQM', 5.5],
  ['wm80', (36 + 8 * 2) / 10],
  ['WM(20%:80%)', (3 * 2 + 3 + 4 + 5 + 6 + 7 + 8 + 8 * 2) / 10],
  ['tc90', 9],
  ['TC(5:)', 5],
  ['ts50', 15],
  ['PR(:3)', 30],
  ['PR(8:9)', 10],
])('%s of 1 to 10 is %d', (name, expected) => {
  expect(statistic(name, oneToTen)).toBeCloseTo(expected, 10);
});

test.each(['average', 'p101', 'p', 'tm', 'TM(:)', 'TM(10%:5)', 'TM(9:3)', 'PR(10%:20%)', 'TM(0%:101%)', 'constructor'])(
  '%s is no statistic',
  (name) => expect(parseStatistic(name)).toBeUndefined(),
);

describe('a statistic set', () => {
  it('has no percentiles, for its values are not known', () => {
    const set = of(1);
    set.addSet({ n: 3, sum: 9, min: 2, max: 4 });
    expect(statistic('p50', set)).toBeUndefined();
    expect([statistic('Average', set), statistic('Minimum', set), statistic('Maximum', set)]).toEqual([2.5, 1, 4]);
  });
  it('of equal samples has', () => {
    const set = new Aggregate();
    set.addSet({ n: 3, sum: 9, min: 3, max: 3 });
    expect(statistic('p50', set)).toBe(3);
  });
});

const value = fc.double({ noNaN: true, min: -1e9, max: 1e9 });

test('percentiles of many values are near the exact ones, in bounded memory', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: 0.001, max: 1_000 }), { minLength: 1, maxLength: 2_000 }),
      fc.integer({ min: 0, max: 100 }),
      (values, percent) => {
        const aggregate = of(...values);
        const point = aggregate.toPoint(0);
        expect((point.values ?? []).length).toBeLessThanOrEqual(512);
        const exact = [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil((percent / 100) * values.length) - 1)];
        const found = statistic(`p${percent}`, aggregate) ?? Number.NaN;
        expect(Math.abs(found - (exact ?? 0))).toBeLessThanOrEqual((exact ?? 0) * ((point.growth ?? 1) - 1) + 1e-9);
      },
    ),
    { numRuns: 200 },
  );
});

test('parts merged are the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 20 }), { maxLength: 6 }), (parts) => {
      const merged = Aggregate.of(parts.map((part) => of(...part).toPoint(0)));
      const whole = of(...parts.flat());
      expect(merged.count).toBe(whole.count);
      for (const name of ['Minimum', 'Maximum', 'p50', 'p90']) {
        expect(statistic(name, merged)).toBe(statistic(name, whole));
      }
      expect(merged.sum).toBeCloseTo(whole.sum, 0);
    }),
  );
});
