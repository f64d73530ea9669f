/** A surge from its first request to its last answer: sends by the schedule, and tells of each second. */
import type { Clock } from '../../region/clock/clock.ts';
import { seededRandom } from '../../region/clock/random.ts';
import { startStopwatch } from '../../region/clock/stopwatch.ts';
import type { Profile } from '../profile.ts';
import { arrivals } from './arrivals.ts';
import type { Lookup } from './lookup.ts';
import { chooser, type Route } from './mix.ts';
import { population } from './population.ts';
import { type Destination, Sender, type SentRequest } from './sender.ts';
import { type Second, Tally, type Total } from './tally.ts';

export interface LoadOptions {
  readonly profile: Profile;
  readonly arrivals: 'poisson' | 'even';
  readonly seed: number;
  readonly timeScale: number;
  readonly destination: Destination;
  readonly routes: readonly Route[];
  /** One for each route. */
  readonly requests: readonly SentRequest[];
  readonly timeoutMs: number;
  readonly mostInFlight: number;
  /** How many hold answers of DNS on their own. */
  readonly clients: number;
}

export interface LoadTotal {
  readonly total: Total;
  /** In the order of the routes. */
  readonly routes: readonly Total[];
  /** The latest that a request was sent after it was due: more than some milliseconds, and the machine was too slow. */
  readonly maxLateMs: number;
  readonly realSeconds: number;
}

/** Timeouts are looked at as often. */
const longestTickMs = 20;

/** Ends early, and tells of what there was, once `signal` is aborted. */
export async function runLoad(
  options: LoadOptions,
  { clock, lookup }: { readonly clock: Clock; readonly lookup: Lookup },
  onSecond: (second: Second) => void,
  signal: AbortSignal,
): Promise<LoadTotal> {
  const { profile, timeScale, seed, routes } = options;
  // A draw of its own for each: the same moments for the same seed, whatever the mix.
  const next = arrivals(profile, {
    timeScale,
    ...(options.arrivals === 'poisson' ? { random: seededRandom(seed) } : {}),
  });
  const route = chooser(routes, seededRandom(seed + 1));
  const clients = population(
    options.clients,
    options.destination.host.replace(/:\d+$/, ''),
    lookup,
    seededRandom(seed + 2),
  );
  const tally = new Tally(routes.length);
  const elapsedMs = startStopwatch();
  const sender = new Sender({ ...options, population: clients, tally, elapsedMs });
  const endMs = (profile.seconds * 1000) / timeScale;
  let second = 0;
  let dueMs = next();

  await new Promise<void>((resolve) => {
    const tick = () => {
      const nowMs = elapsedMs();
      for (; dueMs !== undefined && dueMs <= nowMs && !signal.aborted; dueMs = next()) {
        // A second that has ended before it was due has its own account.
        while (dueMs >= (second + 1) * 1000) endSecond();
        sender.send(route(), dueMs);
      }
      sender.sweep();
      while (nowMs >= (second + 1) * 1000) endSecond();
      if (signal.aborted || (nowMs >= endMs && sender.inFlight === 0)) return resolve();
      clock.after(Math.min(longestTickMs, Math.max(1, (dueMs ?? Number.POSITIVE_INFINITY) - nowMs)), tick);
    };
    tick();
  });
  const realSeconds = elapsedMs() / 1000;
  await sender.close();
  if (!tally.isIdle) endSecond();
  return { total: tally.total(), routes: tally.routes(), maxLateMs: tally.maxLateMs, realSeconds };

  function endSecond(): void {
    onSecond(tally.endSecond(second * timeScale, sender.inFlight));
    second++;
  }
}
