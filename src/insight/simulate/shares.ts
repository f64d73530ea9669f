/**
 * Times of requests as a few shares of them, finer towards the slow ones, so that the 99th percentile is that of a share of
 * its own. Each share has the mean of its part of the distribution: the mean of all is exact.
 */

/** How many of the requests, in [0, 1], and what they have. */
export interface Share {
  readonly part: number;
  readonly value: number;
}

/** The 50th, 90th and 99th percentile are in the middle of theirs. */
const parts = [0.12, 0.12, 0.12, 0.1, 0.08, 0.1, 0.1, 0.08, 0.06, 0.04, 0.03, 0.02, 0.015, 0.01, 0.003, 0.002];

/** Where they end: of the uniform distribution, and of the standard normal one. */
const ends = parts.map((_, at) => (at === parts.length - 1 ? 1 : sum(parts.slice(0, at + 1))));
const normalEnds = ends.map(normalQuantile);

/** Log-normal, with that mean and standard deviation by mean. */
export function logNormalShares(mean: number, variation: number): readonly Share[] {
  if (variation === 0) return [{ part: 1, value: mean }];
  const sigma = Math.sqrt(Math.log(1 + variation * variation));
  const below = normalEnds.map((end) => normal(end - sigma));
  return parts.map((part, at) => ({ part, value: (mean * ((below[at] ?? 0) - (below[at - 1] ?? 0))) / part }));
}

/** Of an exponential distribution of mean 1. */
const exponential = parts.map(
  (part, at) => (exponentialBelow(ends[at] ?? 1) - exponentialBelow(ends[at - 1] ?? 0)) / part,
);

const bySpread = new Map<number, readonly Share[]>();

/**
 * Positive, of mean 1 and that squared variation: Weibull's, which is the exponential one for a spread of 1, and has the
 * heavier tail of waits behind service that varies more.
 */
export function weibullShares(spread: number): readonly Share[] {
  // A hundredth makes no difference, and is met again.
  const rounded = Math.max(0.01, Math.round(spread * 100) / 100);
  let found = bySpread.get(rounded);
  if (!found) {
    const log = Math.log(rounded);
    // The exponent that has this spread, within 3 % from 0.3 to 100.
    const raw = exponential.map((one) => one ** Math.exp(log * (0.51 - 0.04 * log)));
    const mean = sum(raw.map((one, at) => one * (parts[at] ?? 0)));
    found = parts.map((part, at) => ({ part, value: (raw[at] ?? 0) / mean }));
    bySpread.set(rounded, found);
  }
  return found;
}

/** What of an exponential distribution's mean is of its share below that quantile. */
function exponentialBelow(quantile: number): number {
  return quantile < 1 ? (1 - quantile) * Math.log(1 - quantile) + quantile : 1;
}

/** The standard normal distribution, within 1e-7. Abramowitz and Stegun 7.1.26. */
function normal(x: number): number {
  if (!Number.isFinite(x)) return x > 0 ? 1 : 0;
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp((-x * x) / 2)) / 2;
  return x >= 0 ? 1 - tail : tail;
}

function normalQuantile(p: number): number {
  if (p >= 1) return Number.POSITIVE_INFINITY;
  let [low, high] = [-9, 9];
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (normal(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
