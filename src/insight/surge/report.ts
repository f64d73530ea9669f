/** A surge's result as a report: which plots, and what there is to say. Pure. */
import { alarmTitle } from '../alarm-title.ts';
import { capacityPlot, cpuPlot, requestPlots } from '../report/plots.ts';
import type { Band, Fact, Marker, Plot, Point, Report, Series, Table } from '../report/report.ts';
import { clockText, count, milliseconds, percent } from '../words.ts';
import type { ObservedAlarm } from './observed.ts';
import type { SurgeResult } from './surge.ts';
import type { Second, Total } from './tally.ts';

/** Of kinds of errors, each with a line of its own. */
const mostKinds = 6;

export function surgeReport(result: SurgeResult): Report {
  const { url, profile, observed, timeScale, startedAt, seed } = result;
  const shownAlarms = (observed?.alarms ?? []).filter(({ changes }) => changes.some(({ state }) => state === 'ALARM'));
  return {
    title: `Surge on ${new URL(url).host}`,
    subtitle: `${profile} · ${result.arrivals} arrivals, seed ${seed} · ${startedAt.slice(0, 19).replace('T', ' ')} UTC${timeScale === 1 ? '' : ` · time ${timeScale} times as fast`}`,
    facts: facts(result),
    seconds: Math.max(1, (result.seconds.at(-1)?.atSeconds ?? 0) + timeScale),
    plots: plots(result),
    bands: { title: 'Alarms', rows: shownAlarms.map(band) },
    markers: markers(result),
    tables: [routesTable(result), activitiesTable(result), eventsTable(result)],
    notes: notes(result, shownAlarms.length),
  };
}

function facts({ total, observed, realSeconds, timeScale }: SurgeResult): Fact[] {
  const failed = failures(total);
  const capacity = observed?.groups[0]?.capacity ?? [];
  const latency = (ms: number) => (total.answered === 0 ? '–' : milliseconds(ms));
  const inService = capacity.map((one) => one.inService);
  return [
    { label: 'Sent', value: count(total.sent) },
    { label: 'Answered', value: count(total.answered) },
    { label: 'Failed', value: failed === 0 ? 'none' : share(failed, total.due), tone: failed === 0 ? 'good' : 'bad' },
    { label: 'Median latency', value: latency(total.p50) },
    { label: '99th percentile', value: latency(total.p99) },
    { label: 'Slowest', value: latency(total.maxMs) },
    ...(inService.length > 0 ? [{ label: 'Machines', value: `${inService[0]} → ${Math.max(...inService)}` }] : []),
    { label: timeScale === 1 ? 'Time' : 'Real time', value: clockText(realSeconds) },
  ];
}

function failures({ errors }: Total): number {
  return Object.entries(errors).reduce((sum, [kind, times]) => (kind === 'interrupted' ? sum : sum + times), 0);
}

function share(part: number, whole: number): string {
  return percent(part / Math.max(1, whole));
}

function plots({ seconds, observed, total }: SurgeResult): Plot[] {
  const by = (name: string, of: (second: Second) => number): Series => ({
    name,
    points: seconds.map((second): Point => [second.atSeconds, of(second)]),
  });
  const latency = (name: string, of: (second: Second) => number): Series => ({
    name,
    points: seconds.flatMap((second): Point[] => (second.answered > 0 ? [[second.atSeconds, of(second)]] : [])),
  });
  const kinds = Object.entries(total.errors)
    .sort(([, a], [, b]) => b - a)
    .map(([kind]) => kind);
  const groups = observed?.groups ?? [];
  const cpu = (observed?.cpu ?? []).filter(({ points }) => points.length > 0);
  const end = seconds.at(-1)?.atSeconds ?? 0;
  return [
    ...requestPlots({
      traffic: [by('sent', ({ sent }) => sent), by('answered', ({ answered }) => answered)],
      latency: [latency('p50', ({ p50 }) => p50), latency('p90', ({ p90 }) => p90), latency('p99', ({ p99 }) => p99)],
      errors: kinds.slice(0, mostKinds).map((kind) => by(kind, ({ errors }) => errors[kind] ?? 0)),
    }),
    ...groups.map(({ name, capacity }): Plot => {
      const held = (points: readonly Point[]): Point[] => {
        const last = points.at(-1);
        return last ? [...points, [Math.max(last[0], end), last[1]]] : [];
      };
      return capacityPlot(groups.length === 1 ? 'Capacity' : `Capacity of ${name}`, [
        { name: 'in service', points: held(capacity.map(({ atSeconds, inService }) => [atSeconds, inService])) },
        { name: 'desired', points: held(capacity.map(({ atSeconds, desired }) => [atSeconds, desired])) },
      ]);
    }),
    ...(cpu.length > 0
      ? [cpuPlot(cpu.map(({ group, points }) => ({ name: cpu.length === 1 ? 'average of the group' : group, points })))]
      : []),
  ];
}

const states: Readonly<Record<string, 'ok' | 'alarm'>> = { OK: 'ok', ALARM: 'alarm' };

function band(alarm: ObservedAlarm): Band {
  return {
    name: alarmTitle(alarm),
    detail: alarm.name,
    changes: alarm.changes.map(({ atSeconds, state }) => ({ atSeconds, state: states[state] ?? 'unknown' })),
  };
}

function markers({ observed }: SurgeResult): Marker[] {
  const activities = (observed?.activities ?? []).map(
    ({ atSeconds, description, cause, status }): Marker => ({
      atSeconds,
      text: `${description} (${status})`,
      detail: cause,
      tone:
        status === 'Failed' || status === 'Cancelled' ? 'bad' : description.startsWith('Launching') ? 'good' : 'plain',
    }),
  );
  const events = (observed?.events ?? []).map(
    ({ atSeconds, kind, text }): Marker => ({
      atSeconds,
      text: `${kind}: ${text}`,
      tone: kind === 'target-healthy' ? 'good' : 'bad',
    }),
  );
  return [...activities, ...events].sort((a, b) => a.atSeconds - b.atSeconds);
}

function routesTable({ routes }: SurgeResult): Table {
  return {
    title: 'Requests',
    columns: [
      { name: 'Request' },
      ...['Sent', 'Answered', 'p50', 'p90', 'p99', 'p99.9', 'Slowest'].map((name) => ({ name, numbers: true })),
      { name: 'Errors' },
    ],
    rows: routes.map((route) => [
      route.route,
      count(route.sent),
      count(route.answered),
      ...[route.p50, route.p90, route.p99, route.p999, route.maxMs].map((ms) =>
        route.answered === 0 ? '–' : milliseconds(ms),
      ),
      Object.entries(route.errors)
        .map(([kind, times]) => `${kind} ${count(times)}`)
        .join(', '),
    ]),
  };
}

function activitiesTable({ observed }: SurgeResult): Table {
  return {
    title: 'Scaling activities',
    columns: [{ name: 'At', numbers: true }, { name: 'What' }, { name: 'Why' }, { name: 'Status' }],
    rows: (observed?.activities ?? []).map(({ atSeconds, description, cause, status }) => [
      clockText(atSeconds),
      description,
      cause,
      status,
    ]),
  };
}

function eventsTable({ observed }: SurgeResult): Table {
  return {
    title: 'Events of the region',
    columns: [{ name: 'At', numbers: true }, { name: 'Kind' }, { name: 'What' }],
    rows: (observed?.events ?? []).map(({ atSeconds, kind, text }) => [clockText(atSeconds), kind, text]),
  };
}

function notes({ observed, interrupted, maxLateMs, timeScale }: SurgeResult, shownAlarms: number): string[] {
  const others = (observed?.alarms.length ?? 0) - shownAlarms;
  const leftOut = observed?.leftOut ?? 0;
  return [
    'A latency counts from the moment a request was due, whatever happened before it: a stall shows in full. Percentiles are of what was answered, and within 1 %.',
    timeScale === 1
      ? 'Rates are requests per second.'
      : `The time axis is model time, ${timeScale} times as fast as real time; rates are requests per real second, each of which counts ${timeScale} times in the region's metrics, and latencies real time.`,
    `The sender was at most ${milliseconds(maxLateMs)} behind its schedule${maxLateMs > 100 ? ': this machine was too busy to keep it, and that is in the latencies' : ''}.`,
    ...(others > 0 ? [`Alarms that were never in ALARM are not shown: ${others}.`] : []),
    ...(leftOut > 0 ? [`${count(leftOut)} further changes and events were beyond what this report keeps.`] : []),
    ...(interrupted ? ['It was ended before the profile was.'] : []),
  ];
}
