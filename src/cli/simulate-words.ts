/** What `orrery simulate` prints for people. */
import type { AppModel } from '../insight/simulate/app-model.ts';
import { agreement, type Comparison } from '../insight/simulate/compare.ts';
import type { Search, Tried } from '../insight/simulate/objective.ts';
import type { SimulationResult } from '../insight/simulate/recording.ts';
import { count, milliseconds, percent } from '../insight/words.ts';
import { paint, table } from './print.ts';

export function appText(app: AppModel): string {
  return Object.entries(app)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

export function summary({ totals, series, alarms, activities, notes }: SimulationResult): string {
  const failed = Object.entries(totals.failed);
  const time = (seconds: number | null) => (seconds === null ? '–' : milliseconds(seconds * 1000));
  const most = Math.max(0, ...series.waiting);
  const rows = [
    ['Requests', count(totals.requests)],
    ['Failed', failed.map(([status, times]) => `${count(times)} with ${status}`).join(', ') || 'none'],
    ...(totals.waiting >= 0.5 ? [['Waiting at the end', count(totals.waiting)]] : []),
    ['Queueing', most >= 0.5 ? `at most ${count(most)} waiting for a machine` : 'none'],
    ['Latency', `p50 ${time(totals.p50)}  p90 ${time(totals.p90)}  p99 ${time(totals.p99)}`],
    ['Machines', `${totals.fewestServing} to ${totals.mostServing} serving`],
    ...Object.entries(totals.instanceHours).map(([type, hours]) => [`Hours of ${type}`, hours.toFixed(1)]),
    ['Scaling', `${activities.length} activities, ${alarms.filter(({ to }) => to === 'ALARM').length} alarms`],
  ];
  return `${table(rows)}\n${notes.map((note) => paint.dim(note)).join('\n')}`;
}

export function agreementText(comparison: Comparison, timeScale: number): string {
  const { samples, most } = comparison;
  const times =
    timeScale === 1
      ? ''
      : `Times are the model's: the app takes ${timeScale} times as long by a clock that is that fast.\n`;
  return `${times}Capacity was the same within one machine in ${percent(agreement(comparison))} of ${samples} samples (at most ${most} apart).`;
}

function settingsText({ targetFactor, minSize }: Tried['settings']): string {
  const targets = targetFactor === 1 ? 'targets as they are' : `targets × ${targetFactor}`;
  return minSize === undefined ? targets : `${targets}, at least ${minSize} machines`;
}

export function tryRow({ settings, instanceHours, misses }: Tried): string {
  const verdict = misses.length === 0 ? paint.green('kept') : paint.yellow(`missed: ${misses.join(', ')}`);
  return `  ${settingsText(settings).padEnd(44)} ${instanceHours.toFixed(1).padStart(10)} h  ${verdict}`;
}

export function advice({ best, tried, ended }: Search): string {
  const bound = ended ? `\nIt ended after ${tried.length} tries: there are settings that were not tried.` : '';
  if (!best)
    return `${paint.red(`None of ${tried.length} settings keeps to it. A larger maximum or instance type may.`)}${bound}`;
  return `${paint.green('Cheapest:')} ${settingsText(best.settings)} (${best.instanceHours.toFixed(1)} instance-hours)${bound}`;
}
