/** A simulation's result as a report: which plots, and what there is to say. Pure. */
import { alarmTitle } from '../alarm-title.ts';
import { capacityPlot, cpuPlot, queuePlot, requestPlots } from '../report/plots.ts';
import type { Band, Fact, Marker, Plot, Report, Series } from '../report/report.ts';
import { clockText, count, milliseconds, percent } from '../words.ts';
import type { SimulatedAlarm, SimulationResult } from './recording.ts';

export function simulationReport(result: SimulationResult, title: string): Report {
  const { series, alarms, activities, profile, seed, stepSeconds, notes } = result;
  return {
    title,
    subtitle: `${profile}, seed ${seed}; a point is ${stepSeconds === 1 ? 'a second' : `${stepSeconds} seconds`}`,
    facts: facts(result),
    seconds: Math.max(1, series.at.at(-1) ?? 1),
    plots: plots(result),
    bands: { title: 'Alarms', rows: bandsOf(alarms) },
    markers: activities.map(
      ({ at, description, cause }): Marker => ({
        atSeconds: at,
        tone: description.startsWith('Launching') ? 'good' : 'plain',
        text: description,
        detail: cause,
      }),
    ),
    tables: [
      {
        title: 'Scaling activities',
        columns: [{ name: 'At', numbers: true }, { name: 'What' }, { name: 'Why' }],
        rows: activities.slice(0, mostRows).map((one) => [clockText(one.at), one.description, one.cause]),
      },
    ],
    notes: [
      'Simulated: the control plane is the region’s own, its machines and clients are arithmetic.',
      ...(activities.length > mostRows
        ? [`The table has the first ${count(mostRows)} of ${count(activities.length)} scaling activities.`]
        : []),
      ...notes,
    ],
  };
}

const mostRows = 200;

function facts({ totals, series }: SimulationResult): Fact[] {
  const failed = Object.values(totals.failed).reduce((sum, one) => sum + one, 0);
  const time = (seconds: number | null) => (seconds === null ? '–' : milliseconds(seconds * 1000));
  const most = Math.max(0, ...series.waiting);
  return [
    { label: 'Requests', value: count(totals.requests) },
    {
      label: 'Failed',
      value: failed === 0 ? 'none' : percent(failed / totals.requests),
      tone: failed === 0 ? 'good' : 'bad',
    },
    { label: 'Median latency', value: time(totals.p50) },
    { label: '99th percentile', value: time(totals.p99) },
    { label: 'Most waiting', value: most >= 0.5 ? count(most) : 'none' },
    { label: 'Machines', value: `${totals.fewestServing} – ${totals.mostServing}` },
    ...Object.entries(totals.instanceHours).map(([type, hours]) => ({
      label: `Hours of ${type}`,
      value: hours.toFixed(1),
    })),
  ];
}

function plots({ series, totals }: SimulationResult): Plot[] {
  const by = (name: string, values: readonly (number | null)[], times = 1): Series => ({
    name,
    points: values.flatMap((value, at) => (value === null ? [] : [[series.at[at] ?? 0, value * times] as const])),
  });
  return [
    ...requestPlots({
      traffic: [by('sent', series.requests), by('answered', series.answered)],
      latency: [by('p50', series.p50, 1000), by('p90', series.p90, 1000), by('p99', series.p99, 1000)],
      errors: Object.keys(totals.failed).length > 0 ? [by('failed', series.failed)] : [],
    }),
    queuePlot([by('waiting', series.waiting)]),
    capacityPlot('Capacity', [by('serving', series.serving), by('desired', series.desired)]),
    cpuPlot([by('all machines', series.cpu)]),
  ];
}

/** Those that rang. */
function bandsOf(alarms: readonly SimulatedAlarm[]): Band[] {
  const byName = new Map<string, SimulatedAlarm[]>();
  for (const alarm of alarms) {
    const known = byName.get(alarm.name);
    if (known) known.push(alarm);
    else byName.set(alarm.name, [alarm]);
  }
  return [...byName].flatMap(([name, changes]): Band[] => {
    const [first] = changes;
    if (!first || !changes.some(({ to }) => to === 'ALARM')) return [];
    const state = (text: string) => (text === 'OK' ? 'ok' : text === 'ALARM' ? 'alarm' : 'unknown');
    return [
      {
        name: alarmTitle(first),
        detail: name,
        changes: [
          { atSeconds: 0, state: state(first.from) },
          ...changes.map(({ at, to }) => ({ atSeconds: at, state: state(to) }) as const),
        ],
      },
    ];
  });
}
