/** The plots of a surge and of a simulation. */
import type { Plot, Series } from './report.ts';

/** What was sent and answered, how fast, and what failed: no plot of errors where there were none. */
export function requestPlots(of: {
  readonly traffic: readonly Series[];
  /** In milliseconds. */
  readonly latency: readonly Series[];
  readonly errors: readonly Series[];
}): Plot[] {
  const { traffic, latency, errors } = of;
  const perSecond = { axis: 'linear', shape: 'area' } as const;
  return [
    { title: 'Traffic', unit: 'requests per second', ...perSecond, series: traffic },
    { title: 'Latency', unit: 'ms', axis: 'log', shape: 'line', series: latency },
    ...(errors.length > 0 ? [{ title: 'Errors', unit: 'per second', ...perSecond, bad: true, series: errors }] : []),
  ];
}

/** Of a group's machines, with what moved it. */
export function capacityPlot(title: string, series: readonly Series[]): Plot {
  return { title, unit: 'machines', axis: 'linear', shape: 'step', atLeast: 4, marked: true, series };
}

/** In percent. */
export function cpuPlot(series: readonly Series[]): Plot {
  return { title: 'CPU', unit: '%', axis: 'linear', shape: 'line', atLeast: 100, series };
}

/** Requests that wait for a machine. */
export function queuePlot(series: readonly Series[]): Plot {
  return { title: 'Queueing', unit: 'requests waiting', axis: 'linear', shape: 'area', atLeast: 1, series };
}
