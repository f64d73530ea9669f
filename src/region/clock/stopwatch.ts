/** How long something really took: never set back, finer than a millisecond, and not model time. */

/** Real milliseconds since it was started. */
export type Stopwatch = () => number;

export function startStopwatch(): Stopwatch {
  const startMs = performance.now();
  return () => performance.now() - startMs;
}
