/**
 * Cron expressions of five fields, as scheduled actions take them: minute, hour, day of month, month, day of week.
 * Pure. https://docs.aws.amazon.com/autoscaling/ec2/userguide/scheduled-scaling-create-scheduled-action.html
 */
import { type LocalTime, localTime, momentOf } from './zone-time.ts';

export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly daysOfWeek: ReadonlySet<number>;
  /** Both days are restricted: then either of them will do, as in every cron. */
  readonly eitherDay: boolean;
}

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  {
    least: 1,
    most: 12,
    names: ['', 'JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  // Sunday is 0 and 7.
  { least: 0, most: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
];

/** Undefined for what is no such expression. */
export function parseCron(text: string): Cron | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) return undefined;
  const sets = parts.map((part, index) => parseField(part, fields[index] as Field));
  if (sets.some((set) => set === undefined)) return undefined;
  const [minutes, hours, daysOfMonth, months, given] = sets as Set<number>[];
  if (!minutes || !hours || !daysOfMonth || !months || !given) return undefined;
  return {
    minutes,
    hours,
    daysOfMonth,
    months,
    daysOfWeek: new Set([...given].map((day) => day % 7)),
    eitherDay: !parts[2]?.startsWith('*') && !parts[4]?.startsWith('*'),
  };
}

function parseField(text: string, field: Field): Set<number> | undefined {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step = '1', ...rest] = part.split('/');
    const by = /^\d{1,2}$/.test(step) ? Number(step) : 0;
    if (rest.length > 0 || by < 1) return undefined;
    const bounds = boundsOf(range, field, part.includes('/'));
    if (!bounds) return undefined;
    for (let value = bounds.from; value <= bounds.to; value += by) found.add(value);
  }
  return found;
}

function boundsOf(range: string, field: Field, stepped: boolean): { from: number; to: number } | undefined {
  if (range === '*') return { from: field.least, to: field.most };
  const [first = '', last, ...rest] = range.split('-');
  if (rest.length > 0) return undefined;
  const from = numberOf(first, field);
  // `5/15` is `5-59/15`.
  const to = last === undefined ? (stepped ? field.most : from) : numberOf(last, field);
  if (from === undefined || to === undefined || to < from) return undefined;
  return { from, to };
}

function numberOf(text: string, { least, most, names = [] }: Field): number | undefined {
  const named = text === '' ? -1 : names.indexOf(text.toUpperCase());
  const value = /^\d{1,2}$/.test(text) ? Number(text) : named;
  return value >= least && value <= most ? value : undefined;
}

/** Every date with its day of the week comes within 28 years, save over a century that is no leap year. */
const furthestDays = 366 * 40;

/**
 * The next moment after `afterMs`, in ms since the epoch. A local time that a change to daylight saving skips is not
 * made up for, and one that comes twice counts once, the first time. Undefined: it never comes (30 February).
 */
export function nextTime(cron: Cron, zone: string, afterMs: number): number | undefined {
  const start = localTime(afterMs, zone);
  for (let n = 0; n < furthestDays; n++) {
    const day = new Date(Date.UTC(start.year, start.month - 1, start.day + n));
    if (!matchesDay(cron, day)) continue;
    const found = firstOf(cron, zone, day, afterMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

function matchesDay(cron: Cron, day: Date): boolean {
  if (!cron.months.has(day.getUTCMonth() + 1)) return false;
  const ofMonth = cron.daysOfMonth.has(day.getUTCDate());
  const ofWeek = cron.daysOfWeek.has(day.getUTCDay());
  return cron.eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
}

/** The first time of this day that comes later than `afterMs`. */
function firstOf(cron: Cron, zone: string, day: Date, afterMs: number): number | undefined {
  let first: number | undefined;
  for (const hour of cron.hours) {
    for (const minute of cron.minutes) {
      const local: LocalTime = {
        year: day.getUTCFullYear(),
        month: day.getUTCMonth() + 1,
        day: day.getUTCDate(),
        hour,
        minute,
      };
      const at = momentOf(local, zone);
      if (at !== undefined && at > afterMs && (first === undefined || at < first)) first = at;
    }
  }
  return first;
}
