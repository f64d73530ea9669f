import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../region/clock/random.ts';
import { parseProfile } from '../profile.ts';
import { arrivals, extentOf, type Pace } from './arrivals.ts';

function all(spec: string, pace: Pace): number[] {
  const next = arrivals(parseProfile(spec), pace);
  const found: number[] = [];
  for (let at = next(); at !== undefined; at = next()) found.push(at);
  return found;
}

describe('arrivals', () => {
  test('even ones are as far apart as the rate says', () => {
    const found = all('constant:rate=50,for=2', { timeScale: 1 });
    expect(found).toHaveLength(100);
    for (const [i, at] of found.entries()) expect(at).toBeCloseTo((i + 0.5) * 20, 6);
  });

  test('a step: few before, many after', () => {
    const found = all('step:from=10,to=200,at=5,for=10', { timeScale: 1 });
    expect(found.filter((at) => at < 5000)).toHaveLength(50);
    expect(Math.abs(found.length - 1050)).toBeLessThanOrEqual(1);
  });

  test('a rate of 0 waits without end', () => {
    expect(all('constant:rate=0,for=3600', { timeScale: 1 })).toEqual([]);
    expect(all('step:from=0,to=1,at=10,for=12', { timeScale: 1 }).every((at) => at > 10_000)).toBe(true);
  });

  test("a profile's seconds are model time, its rates are of real seconds", () => {
    const found = all('constant:rate=100,for=600', { timeScale: 60 });
    expect(found.length).toBeGreaterThanOrEqual(999);
    expect(found.length).toBeLessThanOrEqual(1000);
    expect(found.at(-1)).toBeLessThanOrEqual(10_000);
    expect(extentOf(parseProfile('constant:rate=100,for=600'), 60)).toMatchObject({ realMs: 10_000, peak: 100 });
  });

  test('Poisson: the same by the same seed, as many as the integral within four standard deviations, mean and spread alike', () => {
    const spec = 'constant:rate=200,for=50';
    const [one, again, other] = [1, 1, 2].map((seed) => all(spec, { timeScale: 1, random: seededRandom(seed) }));
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
    expect(Math.abs((one?.length ?? 0) - 10_000)).toBeLessThan(400);
    const gaps = (one ?? []).map((at, i) => at - (one?.[i - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(deviation / mean).toBeGreaterThan(0.95);
    expect(deviation / mean).toBeLessThan(1.05);
  });

  test('always in order, before the end, and as many as the extent says', () => {
    const spec = fc
      .tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 8 }))
      .map(([from, to, seconds]) => `ramp:from=${from},to=${to},at=0,over=${seconds},for=${seconds}`);
    fc.assert(
      fc.property(spec, fc.constantFrom(0.5, 1, 7), (text, timeScale) => {
        const found = all(text, { timeScale });
        const { realMs, requests } = extentOf(parseProfile(text), timeScale);
        expect(Math.abs(found.length - requests)).toBeLessThanOrEqual(1.01);
        for (const [i, at] of found.entries()) {
          expect(at).toBeGreaterThan(found[i - 1] ?? 0);
          expect(at).toBeLessThanOrEqual(realMs + 1e-6);
        }
      }),
      { numRuns: 40 },
    );
  });
});
