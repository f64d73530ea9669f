/** A live surge and the simulation of the same profile: how far their capacities are apart. Pure. */
import { z } from 'zod';
import type { Point, Report } from '../report/report.ts';
import { percent } from '../words.ts';
import type { AppModel } from './app-model.ts';
import type { SimulationResult } from './recording.ts';
import { simulationReport } from './report.ts';
import { SimulationError } from './simulation-error.ts';

const seconds = z.number().min(0);

/** What is read of a surge's result; the rest is left as it is. */
const surgeResult = z.object({
  url: z.string(),
  profile: z.string(),
  timeScale: z.number().positive(),
  timeoutSeconds: z.number().positive().optional(),
  startedAt: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  seconds: z.array(z.object({ atSeconds: seconds, answered: z.number() })),
  observed: z
    .object({
      groups: z.array(z.object({ capacity: z.array(z.object({ atSeconds: seconds, inService: z.number() })) })),
    })
    .optional(),
});

export type LiveSurge = z.infer<typeof surgeResult>;

/** Throws `SimulationError`, which names what is not as in a surge's result. @param name of the file */
export function parseSurge(given: unknown, name: string): LiveSurge {
  const parsed = surgeResult.safeParse(given);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.');
  throw new SimulationError(
    `${name} is not the result of a surge${where ? `: its ${where} is missing, or not what a surge writes` : ''}.\nMake one: orrery surge --profile … --json > surge.json`,
  );
}

/** How long after a full minute of model time it began, in seconds: alarms look at minutes. */
export function phaseOf({ startedAt }: LiveSurge): number {
  return (Date.parse(startedAt) / 1000) % 60;
}

/**
 * The app as the loops of a fast clock meet it. It takes as long as ever, which is longer by their time; and each request
 * counts as often as the clock is fast, also those that are worked on at once.
 */
export function appOfSurge(app: AppModel, { timeScale, timeoutSeconds }: LiveSurge): AppModel {
  return {
    ...app,
    serviceMs: app.serviceMs * timeScale,
    concurrency: app.concurrency * timeScale,
    memoryPerRequestMiB: app.memoryPerRequestMiB / timeScale,
    timeoutSeconds: Math.min(app.timeoutSeconds, timeoutSeconds ?? app.timeoutSeconds) * timeScale,
  };
}

/** Of the samples, those within one machine; in [0, 1]. */
export function agreement({ samples, withinOne }: Comparison): number {
  return withinOne / Math.max(1, samples);
}

export interface Comparison {
  /** How often the two were looked at. */
  readonly samples: number;
  /** Of them, those in which capacity was the same within one machine. */
  readonly withinOne: number;
  /** The largest difference, in machines. */
  readonly most: number;
  readonly live: readonly Point[];
  readonly simulated: readonly Point[];
}

const everySeconds = 10;

/** Capacity is the machines in service, summed over groups. */
export function compare(surge: LiveSurge, simulation: SimulationResult): Comparison {
  const groups = surge.observed?.groups ?? [];
  if (groups.length === 0)
    throw new SimulationError('The surge has not seen any group’s capacity: nothing to compare with.');
  const cursors = groups.map(({ capacity }) => ({ capacity, index: 0 }));
  const liveAt = (at: number) =>
    cursors.reduce((sum, cursor) => {
      const { capacity } = cursor;
      while ((capacity[cursor.index + 1]?.atSeconds ?? Number.POSITIVE_INFINITY) <= at) cursor.index++;
      return sum + (capacity[cursor.index]?.inService ?? 0);
    }, 0);
  const { at: times, inService } = simulation.series;
  let index = 0;
  const live: Point[] = [];
  const simulated: Point[] = [];
  const end = times.at(-1) ?? 0;
  for (let at = everySeconds; at <= end; at += everySeconds) {
    while (index + 1 < times.length && (times[index + 1] ?? 0) <= at) index++;
    live.push([at, liveAt(at)]);
    simulated.push([at, inService[index] ?? 0]);
  }
  const apart = live.map(([, value], n) => Math.abs(value - (simulated[n]?.[1] ?? 0)));
  return {
    samples: apart.length,
    withinOne: apart.filter((difference) => difference <= 1).length,
    most: Math.max(0, ...apart),
    live,
    simulated,
  };
}

export function comparisonReport(surge: LiveSurge, simulation: SimulationResult, comparison: Comparison): Report {
  const { samples, most, live, simulated } = comparison;
  const report = simulationReport(simulation, 'Live and simulated');
  const share = agreement(comparison);
  return {
    ...report,
    subtitle: `${surge.profile}: sent to ${surge.url} at ${surge.timeScale} times real time, and simulated`,
    facts: [
      { label: 'Capacity within one machine', value: percent(share), tone: share >= 0.9 ? 'good' : 'bad' },
      { label: 'Samples', value: String(samples) },
      { label: 'Largest difference', value: String(most) },
    ],
    plots: [
      {
        title: 'Capacity',
        unit: 'machines in service',
        axis: 'linear',
        shape: 'step',
        atLeast: 4,
        series: [
          { name: 'live', points: live },
          { name: 'simulated', points: simulated },
        ],
      },
      {
        title: 'Answered',
        unit: 'requests per second',
        axis: 'linear',
        shape: 'line',
        series: [
          { name: 'live', points: surge.seconds.map(({ atSeconds, answered }): Point => [atSeconds, answered]) },
          {
            name: 'simulated',
            points: simulation.series.at.map((at, n): Point => [at, simulation.series.answered[n] ?? 0]),
          },
        ],
      },
    ],
    bands: { title: 'Alarms', rows: [] },
    markers: [],
    tables: [],
  };
}
