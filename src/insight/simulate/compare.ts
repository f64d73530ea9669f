/** A live surge and the simulation of the same profile: how far their capacities are apart. Pure. */
import type { Point, Report } from '../report/report.ts';
import type { SurgeResult } from '../surge/surge.ts';
import type { SimulationResult } from './recording.ts';
import { simulationReport } from './report.ts';
import { SimulationError } from './simulation-error.ts';

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
export function compare(surge: SurgeResult, simulation: SimulationResult): Comparison {
  const groups = surge.observed?.groups ?? [];
  if (groups.length === 0)
    throw new SimulationError('The surge has not seen any group’s capacity: nothing to compare with.');
  const liveAt = (at: number) =>
    groups.reduce((sum, { capacity }) => {
      const seen = capacity.findLast(({ atSeconds }) => atSeconds <= at) ?? capacity[0];
      return sum + (seen?.inService ?? 0);
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

export function comparisonReport(surge: SurgeResult, simulation: SimulationResult, comparison: Comparison): Report {
  const { samples, withinOne, most, live, simulated } = comparison;
  const report = simulationReport(simulation, 'Live and simulated');
  const share = `${((100 * withinOne) / Math.max(1, samples)).toFixed(0)} %`;
  return {
    ...report,
    subtitle: `${surge.profile}: sent to ${surge.url} at ${surge.timeScale} times real time, and simulated`,
    facts: [
      { label: 'Capacity within one machine', value: share, tone: withinOne >= 0.9 * samples ? 'good' : 'bad' },
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
