/** Times of the day in the zones of the IANA database, by what the JavaScript engine knows of them. Pure. */

export interface LocalTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let found = formats.get(zone);
  if (!found) {
    found = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(zone, found);
  }
  return found;
}

/** Names only: engines take offsets like `+01:00`, too, and AWS does not. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The clock on the wall of `zone`. */
export function localTime(ms: number, zone: string): LocalTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
  return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
}

const asUtc = ({ year, month, day, hour, minute }: LocalTime) => Date.UTC(year, month - 1, day, hour, minute);

/** How far the zone's clocks are ahead of UTC at a moment, in ms. */
function aheadMs(ms: number, zone: string): number {
  return asUtc(localTime(ms, zone)) - Math.floor(ms / 60_000) * 60_000;
}

const dayMs = 86_400_000;

/** The first moment at which the clocks of `zone` show this; undefined when they skip it. */
export function momentOf(local: LocalTime, zone: string): number | undefined {
  const wall = asUtc(local);
  // What holds a day before and a day after is all that can hold on the day of a change.
  const moments = [...new Set([aheadMs(wall - dayMs, zone), aheadMs(wall + dayMs, zone)])]
    .map((ahead) => wall - ahead)
    .filter((moment) => asUtc(localTime(moment, zone)) === wall);
  return moments.length === 0 ? undefined : Math.min(...moments);
}
