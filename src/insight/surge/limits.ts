/** How much a surge may be: enough to try an architecture, and no accident that goes on overnight. */
import type { Profile } from '../profile.ts';
import { type Extent, extentOf } from './arrivals.ts';
import { SurgeError } from './surge-error.ts';

export const surgeLimits = {
  /** What one thread still sends on time. */
  requestsPerSecond: 20_000,
  usualMinutes: 60,
  /** As long as the longest profile. */
  mostMinutes: 48 * 60,
} as const;

/** Throws `SurgeError` for more than is allowed. @param mostMinutes of real time */
export function checkExtent(profile: Profile, timeScale: number, mostMinutes: number): Extent {
  // Before it is walked through: a slow model could make it very long.
  const minutes = profile.seconds / timeScale / 60;
  if (minutes > mostMinutes) {
    throw new SurgeError(
      `The profile takes ${text(minutes)} minutes of real time; at most ${text(mostMinutes)} are allowed. Make it shorter, run the region faster (orrery up --time-scale), or allow more: --max-minutes`,
    );
  }
  const extent = extentOf(profile, timeScale);
  if (extent.peak > surgeLimits.requestsPerSecond) {
    throw new SurgeError(
      `The profile has up to ${text(extent.peak)} requests per second; at most ${text(surgeLimits.requestsPerSecond)} are sent.`,
    );
  }
  return extent;
}

function text(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: 1 });
}
