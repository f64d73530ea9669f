/** A simulation's result for tests of what is made of it. */
import { parseAppModel } from './app-model.ts';
import type { SimulationResult } from './recording.ts';

export type ResultChanges = Partial<Omit<SimulationResult, 'totals' | 'series'>> & {
  readonly totals?: Partial<SimulationResult['totals']>;
  readonly series?: Partial<SimulationResult['series']>;
};

export function resultOf({ totals, series, ...rest }: ResultChanges = {}): SimulationResult {
  return {
    seed: 1,
    profile: 'constant:rate=1,for=30',
    app: parseAppModel({ serviceMs: 20, cpuMs: 1 }),
    stepSeconds: 1,
    groups: [{ name: 'Group', minSize: 1, maxSize: 4 }],
    alarms: [],
    activities: [],
    notes: [],
    ...rest,
    series: {
      ...{ at: [], requests: [], answered: [], failed: [], waiting: [], p50: [], p90: [], p99: [] },
      ...{ desired: [], inService: [], serving: [], cpu: [] },
      ...series,
    },
    totals: {
      ...{ requests: 1_000, answered: 1_000, failed: {}, waiting: 0, p50: 0.02, p90: 0.05, p99: 0.1 },
      ...{ instanceHours: {}, mostServing: 1, fewestServing: 1 },
      ...totals,
    },
  };
}
