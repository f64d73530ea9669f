/** A surge on the screen: one block that is written over on a terminal, a line for each second otherwise; and its summary. */

import { alarmTitle } from '../insight/alarm-title.ts';
import type { Profile } from '../insight/profile.ts';
import type { Observed } from '../insight/surge/observed.ts';
import type { Moment, SurgeResult } from '../insight/surge/surge.ts';
import type { Second } from '../insight/surge/tally.ts';
import { clockText, count, milliseconds } from '../insight/words.ts';
import { line, live, paint, table } from './print.ts';

export interface SurgeScreen {
  show(moment: Moment): void;
  /** What is on the screen stays. */
  end(): void;
}

const remembered = 60;
/** So that the bars do not move with the numbers before them. */
const cellWidth = 48;

export function surgeScreen(profile: Profile, timeScale: number): SurgeScreen {
  const rates: number[] = [];
  const slowest: number[] = [];
  let height = 0;

  function block({ second, observed }: Moment): string[] {
    const at = `${clockText(second.atSeconds + timeScale)} of ${clockText(profile.seconds)}`;
    const rows = [
      [
        'rate',
        `${count(second.sent)}/s sent, ${count(second.answered)}/s answered, ${count(second.inFlight)} under way`,
        bars(rates),
      ],
      ['latency', percentilesText(second), bars(slowest)],
      ['errors', errorsText(second.errors) || paint.dim('none')],
      ...observedRows(observed),
    ];
    return [
      paint.bold(at),
      ...rows.map(
        ([name = '', ...cells]) =>
          `  ${name.padEnd(9)} ${cells.map((cell, i) => (i < cells.length - 1 ? cell.padEnd(cellWidth) : cell)).join('  ')}`,
      ),
    ];
  }

  return {
    show(moment) {
      remember(rates, moment.second.sent);
      remember(slowest, moment.second.p99);
      if (!live) return line(plainText(moment));
      const lines = block(moment);
      // Cut where the terminal ends: a line that wraps would move all others.
      const width = (process.stdout.columns ?? 80) - 1;
      const text = lines.map((one) => `\u001b[2K${cut(one, width)}\n`).join('');
      process.stdout.write(`${height > 0 ? `\u001b[${height}A` : ''}${text}\u001b[0J`);
      height = lines.length;
      return undefined;
    },
    end() {
      height = 0;
    },
  };
}

function remember(values: number[], value: number): void {
  values.push(value);
  if (values.length > remembered) values.shift();
}

function observedRows(observed: Observed | undefined): string[][] {
  if (!observed) return [];
  const { groups, alarms, activities } = observed;
  const last = activities.slice(-3).reverse();
  return [
    ...groups.map(({ name, capacity }) => {
      const now = capacity.at(-1);
      return ['capacity', `${now?.desired ?? 0} wanted, ${now?.inService ?? 0} in service`, paint.dim(name)];
    }),
    ['alarms', alarmsText(alarms)],
    ...last.map(({ atSeconds, description, status }, i) => [
      i === 0 ? 'activity' : '',
      `${clockText(atSeconds)} ${description}`,
      status === 'Successful' ? paint.green('✓') : paint.dim(status),
    ]),
  ];
}

function alarmsText(alarms: Observed['alarms']): string {
  const inAlarm = alarms.filter(({ changes }) => changes.at(-1)?.state === 'ALARM').map(alarmTitle);
  if (inAlarm.length === 0) return paint.dim(`none of ${alarms.length} in alarm`);
  return `${paint.red('ALARM')} ${inAlarm.join(', ')}`;
}

function plainText({ second, observed }: Moment): string {
  const parts = [
    clockText(second.atSeconds).padStart(7),
    `${count(second.sent)}/s`.padStart(8),
    percentilesText(second),
    ...(observed?.groups ?? []).map(({ capacity }) => {
      const now = capacity.at(-1);
      return `${now?.inService ?? 0}/${now?.desired ?? 0} in service`;
    }),
    errorsText(second.errors),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** After it, on a screen: what was sent, what came back, and what the region did about it. */
export function summaryText(result: SurgeResult): string {
  const { total, observed, interrupted, maxLateMs } = result;
  const share = total.due === 0 ? '' : ` (${((100 * total.answered) / total.due).toFixed(2)} %)`;
  const { interrupted: ended = 0, ...errors } = total.errors;
  const rows = [
    [
      'Sent',
      `${count(total.sent)} of ${count(total.due)} in ${count(result.realSeconds)} s${interrupted ? ', ended early' : ''}`,
    ],
    ['Answered', `${count(total.answered)}${share}`],
    ['Errors', errorsText(errors) || 'none'],
    ...(ended > 0 ? [['Under way', `${count(ended)} when it was ended`]] : []),
    ['Latency', latencyText(total)],
    ...(result.routes.length > 1
      ? result.routes.map((route) => [route.route, `${percentilesText(route)}  ${errorsText(route.errors)}`.trimEnd()])
      : []),
    ...(observed ? observedSummary(observed) : []),
    // The sender's own delay is in the latencies: whoever reads them should know.
    ...(maxLateMs > 100
      ? [['Sender', `up to ${milliseconds(maxLateMs)} late: this machine was too busy to keep the schedule`]]
      : []),
  ];
  return table(rows);
}

function observedSummary({ groups, alarms, activities }: Observed): string[][] {
  const went = alarms.filter(({ changes }) => changes.some(({ state }) => state === 'ALARM')).map(alarmTitle);
  const silent = alarms.filter(({ changes }) => changes.every(({ state }) => state === 'INSUFFICIENT_DATA'));
  return [
    ...groups.map(({ name, capacity }) => [
      'Capacity',
      `${capacity
        .map(({ atSeconds, desired, inService }) => `${clockText(atSeconds)} ${inService}/${desired}`)
        .slice(-8)
        .join(' → ')}  (${name})`,
    ]),
    // A policy whose metric never reports does nothing, and looks as if all was well.
    ...(silent.length > 0
      ? [['No data', `${silent.map(alarmTitle).join(', ')}: is it the right metric, with the right dimensions?`]]
      : []),
    ['Alarms', went.length > 0 ? went.join(', ') : `none of ${alarms.length} was in alarm`],
    ...activities
      .slice(-8)
      .map(({ atSeconds, description, status }, i) => [
        i === 0 ? 'Activities' : '',
        `${clockText(atSeconds)} ${description} ${status}`,
      ]),
  ];
}

function percentilesText({ answered, p50, p90, p99 }: Pick<Second, 'answered' | 'p50' | 'p90' | 'p99'>): string {
  if (answered === 0) return 'no answer';
  return `p50 ${milliseconds(p50)}  p90 ${milliseconds(p90)}  p99 ${milliseconds(p99)}`;
}

function latencyText(total: SurgeResult['total']): string {
  const rest = total.answered === 0 ? '' : `  p99.9 ${milliseconds(total.p999)}  max ${milliseconds(total.maxMs)}`;
  return `${percentilesText(total)}${rest}`;
}

function errorsText(errors: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(errors).sort(([, a], [, b]) => b - a);
  return kinds.length === 0 ? '' : paint.red(kinds.map(([kind, times]) => `${kind} ${count(times)}`).join(', '));
}

const heights = '▁▂▃▄▅▆▇█';

function bars(values: readonly number[]): string {
  const most = Math.max(...values, 1e-9);
  return paint.dim(
    values
      .slice(-30)
      .map((value) => heights[Math.min(7, Math.floor((value / most) * 7.99))])
      .join(''),
  );
}

/** By what is seen: colours take no room. */
function cut(text: string, width: number): string {
  let seen = 0;
  let out = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  for (const part of text.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith('\u001b')) out += part;
    else {
      out += part.slice(0, Math.max(0, width - seen));
      seen += part.length;
    }
  }
  return out;
}
