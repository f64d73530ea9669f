/** When each request is due: a profile's rates as moments, in real milliseconds from the beginning. */
import type { Random } from '../../region/clock/random.ts';
import type { Profile } from '../profile.ts';

export interface Pace {
  /** Model seconds in a real one: a profile's seconds are model time, its requests per second are real. */
  readonly timeScale: number;
  /** Arrivals of a Poisson process; without it they are even. */
  readonly random?: Random;
}

/** The rate is taken as constant for this long. */
const stepMs = 10;

/** The moment of the next request, in order; undefined at the end. */
export function arrivals(profile: Profile, { timeScale, random }: Pace): () => number | undefined {
  const endMs = (profile.seconds * 1000) / timeScale;
  /** What the integral of the rate must grow by until the next one. */
  const distance = () => (random ? -Math.log(1 - random.next()) : 1);
  let atMs = 0;
  let step = 0;
  // Even ones are in the middle of their intervals: a second has as many as its rate.
  let left = random ? distance() : 0.5;
  return () => {
    while (atMs < endMs) {
      const untilMs = Math.min(endMs, (step + 1) * stepMs);
      const perMs = rateAt(profile, (step * stepMs + untilMs) / 2, timeScale) / 1000;
      const grows = perMs * (untilMs - atMs);
      if (grows < left) {
        left -= grows;
        atMs = untilMs;
        step++;
        continue;
      }
      atMs += left / perMs;
      left = distance();
      return atMs;
    }
    return undefined;
  };
}

export interface Extent {
  readonly realMs: number;
  readonly requests: number;
  /** Requests per second. */
  readonly peak: number;
}

/** How much a profile is, before it is begun. */
export function extentOf(profile: Profile, timeScale: number): Extent {
  const realMs = (profile.seconds * 1000) / timeScale;
  let requests = 0;
  let peak = 0;
  for (let atMs = 0; atMs < realMs; atMs += stepMs) {
    const untilMs = Math.min(realMs, atMs + stepMs);
    const rate = rateAt(profile, (atMs + untilMs) / 2, timeScale);
    requests += (rate * (untilMs - atMs)) / 1000;
    peak = Math.max(peak, rate);
  }
  return { realMs, requests, peak };
}

function rateAt(profile: Profile, realMs: number, timeScale: number): number {
  return profile.rate((realMs * timeScale) / 1000);
}
