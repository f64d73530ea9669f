/** Traffic over time, as it is tried on an architecture: a shape with its numbers, or what somebody measured, as CSV. */

/** Requests per second over time. Times are in seconds from its beginning. */
export interface Profile {
  readonly seconds: number;
  /** At a moment; piecewise linear (`ramp`), curved (`sine`) or stepwise (all others). 0 before its beginning and from its end on. */
  rate(atSeconds: number): number;
  /** As it was given, for reports. */
  readonly text: string;
}

/** Names the value, the place, and what is allowed. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
}

export const profileLimits = {
  seconds: 48 * 3600,
  requestsPerSecond: 10_000_000,
  rows: 200_000,
  /** Of a CSV's text. */
  characters: 16 * 1024 * 1024,
} as const;

type Numbers<Key extends string> = Readonly<Record<Key, number>>;

interface Kind {
  readonly keys: readonly Key[];
  /** Beyond what `for` and the rates must keep. */
  check?(numbers: Numbers<Key>, refuse: (key: Key, why: string) => never): void;
  rate(numbers: Numbers<Key>): (at: number) => number;
  readonly example: string;
}

const meanings = {
  rate: 'rate',
  from: 'rate',
  to: 'rate',
  at: 'moment',
  over: 'duration',
  period: 'duration',
  for: 'duration',
} as const;
type Key = keyof typeof meanings;

/** `at` must be before the end. */
const atBeforeEnd: NonNullable<Kind['check']> = (numbers, refuse) => {
  if (numbers.at >= numbers.for) refuse('at', `is not before the end, at ${count(numbers.for)} s`);
};

const overBeforeEnd: NonNullable<Kind['check']> = (numbers, refuse) => {
  atBeforeEnd(numbers, refuse);
  if (numbers.at + numbers.over > numbers.for) refuse('over', `reaches beyond the end, at ${count(numbers.for)} s`);
};

const kinds: Readonly<Record<string, Kind>> = {
  constant: {
    keys: ['rate', 'for'],
    rate:
      ({ rate }) =>
      () =>
        rate,
    example: 'constant:rate=50,for=300',
  },
  step: {
    keys: ['from', 'to', 'at', 'for'],
    check: atBeforeEnd,
    rate:
      ({ from, to, at: begin }) =>
      (at) =>
        at < begin ? from : to,
    example: 'step:from=10,to=80,at=60,for=300',
  },
  ramp: {
    keys: ['from', 'to', 'at', 'over', 'for'],
    check: overBeforeEnd,
    rate:
      ({ from, to, at: begin, over }) =>
      (at) => {
        if (at < begin) return from;
        return at >= begin + over ? to : from + ((to - from) * (at - begin)) / over;
      },
    example: 'ramp:from=10,to=80,at=60,over=120,for=300',
  },
  spike: {
    keys: ['from', 'to', 'at', 'over', 'for'],
    check: overBeforeEnd,
    rate:
      ({ from, to, at: begin, over }) =>
      (at) =>
        at >= begin && at < begin + over ? to : from,
    example: 'spike:from=10,to=200,at=60,over=30,for=300',
  },
  sine: {
    keys: ['from', 'to', 'period', 'for'],
    // Begins at `from`, and is at `to` half a period later.
    rate:
      ({ from, to, period }) =>
      (at) =>
        from + ((to - from) * (1 - Math.cos((2 * Math.PI * at) / period))) / 2,
    example: 'sine:from=10,to=80,period=1h,for=3h',
  },
};

/**
 * `step:from=10,to=80,at=60,for=300`, `ramp:…`, `spike:…`, `sine:…`, `constant:…`, or a CSV's text of
 * `seconds,requestsPerSecond` rows (it has more than one line). `for` is the whole length. Times are seconds, or have a
 * unit: `90`, `90s`, `5m`, `2h`. Throws `ProfileError`.
 */
export function parseProfile(spec: string): Profile {
  const text = spec.trim();
  if (text.includes('\n')) return profileOfCsv(spec, 'the CSV');
  const [, name = '', rest = ''] = /^([^:]*):?(.*)$/.exec(text) ?? [];
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) {
    const examples = Object.values(kinds).map(({ example }) => example);
    throw new ProfileError(
      `The profile "${shortened(text)}" is of an unknown kind "${shortened(name)}". Allowed: ${examples.join(', ')}, or a CSV file.`,
    );
  }
  const numbers = numbersOf(name, kind, rest);
  kind.check?.(numbers, (key, why) => {
    throw new ProfileError(
      `The profile ${name}: ${key} ${why}: ${key}=${count(numbers[key])}. For example: ${kind.example}`,
    );
  });
  return profile(numbers.for, kind.rate(numbers), text);
}

function numbersOf(name: string, { keys, example }: Kind, text: string): Numbers<Key> {
  const found = new Map<string, number>();
  const refuse = (why: string): never => {
    throw new ProfileError(`The profile ${name}: ${why}. For example: ${example}`);
  };
  for (const part of text === '' ? [] : text.split(',')) {
    const [key = '', value, ...more] = part.split('=').map((word) => word.trim());
    if (value === undefined || more.length > 0) refuse(`"${shortened(part)}" must be key=value`);
    const known =
      keys.find((one) => one === key) ?? refuse(`unknown key "${shortened(key)}". Allowed: ${keys.join(', ')}`);
    if (found.has(key)) refuse(`${key} is given twice`);
    found.set(key, numberOf(known, value ?? '', refuse));
  }
  const missing = keys.filter((key) => !found.has(key));
  if (missing.length > 0) refuse(`${missing.join(', ')} missing`);
  return Object.fromEntries(found) as Numbers<Key>;
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 };
const plainNumber = /^\d+(\.\d+)?(e[+-]?\d+)?$/i;

function numberOf(key: Key, text: string, refuse: (why: string) => never): number {
  const meaning = meanings[key];
  if (meaning === 'rate') {
    const rate = plainNumber.test(text) ? Number(text) : Number.NaN;
    return isRate(rate) ? rate : refuse(`${key} must be ${allowedRate}, not "${shortened(text)}"`);
  }
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  const seconds = digits === '' ? Number.NaN : Number(digits) * (units[unit] ?? Number.NaN);
  const least = meaning === 'duration' ? 'more than 0' : '0';
  if (!(seconds <= profileLimits.seconds && (meaning === 'duration' ? seconds > 0 : seconds >= 0))) {
    refuse(
      `${key} must be from ${least} to ${count(profileLimits.seconds)} seconds (48h), not "${shortened(text)}". Written 90, 90s, 5m or 2h`,
    );
  }
  return seconds;
}

/** Rows of `seconds,requestsPerSecond`, a header if wanted; each row holds until the next, and the last one as long. */
export function profileOfCsv(text: string, name: string): Profile {
  if (text.length > profileLimits.characters) {
    throw new ProfileError(
      `${name} has ${count(text.length)} characters; at most ${count(profileLimits.characters)} are read.`,
    );
  }
  const rows: (readonly [seconds: number, rate: number])[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const row = line.trim();
    if (row === '' || (rows.length === 0 && isHeader(row))) continue;
    if (rows.length >= profileLimits.rows)
      throw new ProfileError(`${name} has more than ${count(profileLimits.rows)} rows.`);
    const refuse = (why: string): never => {
      throw new ProfileError(`${name}, line ${index + 1}: ${why}`);
    };
    rows.push(rowOf(row, rows, refuse));
  }
  const [first, second] = rows;
  if (!first || !second) {
    throw new ProfileError(`${name} has ${rows.length} rows; at least 2 of "seconds,requestsPerSecond" are needed.`);
  }
  const every = second[0];
  const seconds = every * rows.length;
  if (seconds > profileLimits.seconds) {
    throw new ProfileError(
      `${name} is ${count(seconds)} s long; at most ${count(profileLimits.seconds)} s (48h) are allowed.`,
    );
  }
  const rates = Float64Array.from(rows, ([, rate]) => rate);
  return profile(
    seconds,
    (at) => rates[Math.min(rates.length - 1, Math.floor(at / every + 1e-9))] ?? 0,
    `${name} (${count(rows.length)} rows)`,
  );
}

const isHeader = (row: string) => /^"?[a-z]/i.test(row);

/** What a row adds to those before it. Times begin with 0 and increase evenly. */
function rowOf(
  row: string,
  before: readonly (readonly [number, number])[],
  refuse: (why: string) => never,
): readonly [number, number] {
  const cells = row.split(',').map((cell) => cell.trim());
  if (cells.length !== 2) refuse(`"${shortened(row)}" must be seconds,requestsPerSecond`);
  const [seconds, rate] = cells.map((cell) => (plainNumber.test(cell) ? Number(cell) : Number.NaN)) as [number, number];
  const [secondsText = '', rateText = ''] = cells;
  if (Number.isNaN(seconds)) refuse(`the time "${shortened(secondsText)}" must be a number of seconds from 0`);
  if (!isRate(rate)) refuse(`the rate "${shortened(rateText)}" must be ${allowedRate}`);
  if (seconds > profileLimits.seconds)
    refuse(`the time ${shortened(secondsText)} is beyond ${count(profileLimits.seconds)} s (48h)`);
  const every = before[1]?.[0] ?? seconds;
  if (before.length === 0 && seconds !== 0) refuse(`the first time must be 0, not ${shortened(secondsText)}`);
  if (before.length === 1 && seconds <= 0) refuse(`the time ${shortened(secondsText)} must be after 0`);
  const expected = every * before.length;
  // Fractions such as 0.1 do not add up exactly.
  if (before.length > 1 && Math.abs(seconds - expected) > every * 1e-3) {
    const what = seconds > expected ? 'leaves a gap' : 'does not go on evenly';
    refuse(
      `the time ${shortened(secondsText)} ${what}: rows are ${count(every)} s apart, so ${count(expected)} is due`,
    );
  }
  return [seconds, rate];
}

const allowedRate = `a rate from 0 to ${count(profileLimits.requestsPerSecond)} requests per second`;

function isRate(rate: number): boolean {
  return rate >= 0 && rate <= profileLimits.requestsPerSecond;
}

function profile(seconds: number, rate: (at: number) => number, text: string): Profile {
  return { seconds, text, rate: (at) => (at >= 0 && at < seconds ? rate(at) : 0) };
}

function count(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: 3 });
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
