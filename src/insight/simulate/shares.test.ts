import { describe, expect, it } from 'vitest';
import { logNormalShares, type Share, weibullShares } from './shares.ts';

const meanOf = (shares: readonly Share[]) => shares.reduce((sum, { part, value }) => sum + part * value, 0);
const spreadOf = (shares: readonly Share[]) =>
  shares.reduce((sum, { part, value }) => sum + part * value * value, 0) / meanOf(shares) ** 2 - 1;

function quantile(shares: readonly Share[], p: number): number {
  let left = p;
  for (const { part, value } of shares) {
    left -= part;
    if (left <= 1e-9) return value;
  }
  return Number.NaN;
}

describe('shares of a distribution', () => {
  it.each([0.1, 0.5, 1, 2, 5])('are all of it, ascending and with its mean: log-normal, varying by %s', (variation) => {
    const shares = logNormalShares(0.02, variation);
    expect(shares.reduce((sum, { part }) => sum + part, 0)).toBeCloseTo(1, 9);
    expect(meanOf(shares) / 0.02).toBeCloseTo(1, 4);
    for (const [at, { value }] of shares.entries()) expect(value).toBeGreaterThan(shares[at - 1]?.value ?? 0);
  });

  // z of 0.5, 0.9 and 0.99.
  it.each([
    [0.5, 0],
    [0.9, 1.2816],
    [0.99, 2.3263],
  ])('have its quantile %s', (p, z) => {
    for (const variation of [0.5, 1, 2]) {
      const sigma = Math.sqrt(Math.log(1 + variation ** 2));
      const exact = Math.exp(sigma * z - sigma ** 2 / 2);
      expect(Math.abs(quantile(logNormalShares(1, variation), p) / exact - 1)).toBeLessThan(0.04);
    }
    expect(Math.abs(quantile(weibullShares(1), p) / -Math.log(1 - p) - 1)).toBeLessThan(0.04);
  });

  it.each([0.35, 0.6, 1, 1.5, 3])('vary as they shall: waits, by %s', (spread) => {
    const shares = weibullShares(spread);
    expect(meanOf(shares)).toBeCloseTo(1, 9);
    // What is within the slowest share is not told apart.
    expect(spreadOf(shares) / spread).toBeGreaterThan(0.85);
    expect(spreadOf(shares) / spread).toBeLessThan(1.1);
  });

  it('are one where nothing varies', () => {
    expect(logNormalShares(3, 0)).toEqual([{ part: 1, value: 3 }]);
  });
});
