/** A surge: traffic by a profile, and what the architecture made of it. */
import type { Clock } from '../../region/clock/clock.ts';
import { startStopwatch } from '../../region/clock/stopwatch.ts';
import type { Route } from './mix.ts';
import type { Observed } from './observed.ts';
import type { Second, Total } from './tally.ts';
import { startLoadThread, type ThreadPlan } from './thread.ts';
import { type GroupCpu, startWatch, type Watch, type WatchOptions } from './watch.ts';

export interface SurgePlan {
  /** As people know it: `http://api.myapp.localhost:8080`. */
  readonly url: string;
  readonly load: ThreadPlan;
  /** Undefined: what is behind the address is not known, and only the load is told. */
  readonly watch?: WatchOptions;
  /** Model time. */
  nowMs(): number;
}

/**
 * What `orrery surge --json` prints. All times are seconds of model time from the beginning; rates are requests per real
 * second, and latencies real milliseconds from when a request was due.
 */
export interface SurgeResult {
  readonly url: string;
  readonly profile: string;
  readonly arrivals: 'poisson' | 'even';
  readonly seed: number;
  /** Seconds of model time in a real one. */
  readonly timeScale: number;
  /** After that long a request is given up, in real seconds. */
  readonly timeoutSeconds: number;
  /** Model time, ISO 8601. */
  readonly startedAt: string;
  /** Until the last answer. */
  readonly realSeconds: number;
  /** It was ended before the profile was. */
  readonly interrupted: boolean;
  /** The latest that a request was sent after it was due. */
  readonly maxLateMs: number;
  readonly total: Total;
  readonly routes: readonly (Total & { readonly route: string; readonly weight: number })[];
  /** One for each real second. */
  readonly seconds: readonly Second[];
  /** What the region did meanwhile; undefined where it could not be looked at. */
  readonly observed?: Observed & { readonly cpu: readonly GroupCpu[] };
}

/** What is so just now. */
export interface Moment {
  readonly second: Second;
  readonly observed: Observed | undefined;
}

/** Aborting the signal ends it; what there is until then is still the result. */
export async function surge(
  plan: SurgePlan,
  clock: Clock,
  onMoment: (moment: Moment) => void,
  signal: AbortSignal,
): Promise<SurgeResult> {
  const { load } = plan;
  const seconds: Second[] = [];
  let watch: Watch | undefined;
  const thread = startLoadThread(load, (second) => {
    seconds.push(second);
    onMoment({ second, observed: watch?.observed() });
  });
  let interrupted = false;
  const stop = () => {
    interrupted = true;
    thread.stop();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([thread.started, thread.total]);
    const startMs = plan.nowMs();
    watch = plan.watch && startWatch(plan.watch, clock, startMs, startStopwatch());
    const { total, routes, maxLateMs, realSeconds } = await thread.total;
    const observed = watch && (await lastLook(watch));
    return {
      url: plan.url,
      profile: load.profile.spec,
      arrivals: load.arrivals,
      seed: load.seed,
      timeScale: load.timeScale,
      timeoutSeconds: load.timeoutMs / 1000,
      startedAt: new Date(startMs).toISOString(),
      realSeconds,
      interrupted,
      maxLateMs,
      total,
      routes: load.routes.map((route, i) => ({
        route: routeText(route),
        weight: route.weight,
        ...(routes[i] ?? total),
      })),
      seconds,
      ...(observed ? { observed } : {}),
    };
  } finally {
    signal.removeEventListener('abort', stop);
    await watch?.stop();
  }
}

async function lastLook(watch: Watch): Promise<NonNullable<SurgeResult['observed']>> {
  await watch.stop();
  const cpu = await watch.cpu();
  return { ...watch.observed(), cpu };
}

function routeText({ method, path }: Route): string {
  return `${method} ${path}`;
}
