/** Exact decimals, for money and for what is billed: whole numbers of 10^-10, so that no sum drifts. */

/** Of 10^-10. */
export type Decimal = bigint;

const places = 10;
const unit = 10n ** BigInt(places);
const cent = unit / 100n;

/** `'0.045'`, `730`; of a number what is beyond ten places is rounded off. Throws `RangeError` for what is none. */
export function decimal(value: string | number): Decimal {
  const text = typeof value === 'number' && Number.isFinite(value) ? value.toFixed(places) : String(value);
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,10}))?$/.exec(text) ?? [];
  if (whole === '') throw new RangeError(`"${value}" is no decimal of at most ${places} places`);
  const size = BigInt(whole) * unit + BigInt(fraction.padEnd(places, '0'));
  return sign === '' ? size : -size;
}

/** Rounded half away from zero, as all division here. */
export function times(one: Decimal, other: Decimal): Decimal {
  return divide(one * other, unit);
}

export function over(one: Decimal, other: Decimal): Decimal {
  return divide(one * unit, other);
}

/** `one * other / by`, rounded once. */
export function share(one: Decimal, other: Decimal, by: Decimal): Decimal {
  return divide(one * other, by);
}

/** To the cent, half away from zero. */
export function cents(amount: Decimal): Decimal {
  return divide(amount, cent) * cent;
}

export function sum(amounts: Iterable<Decimal>): Decimal {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

export function least(one: Decimal, other: Decimal): Decimal {
  return one < other ? one : other;
}

/** `730`, `0.045`; with at least so many places. */
export function decimalText(value: Decimal, fewest = 0): string {
  const size = value < 0n ? -value : value;
  const digits = String(size % unit)
    .padStart(places, '0')
    .replace(/0+$/, '')
    .padEnd(fewest, '0');
  return `${value < 0n ? '-' : ''}${size / unit}${digits === '' ? '' : `.${digits}`}`;
}

/** Of a text that `decimalText` wrote: `12,345.60`. */
export function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === undefined ? '' : `.${fraction}`}`;
}

function divide(value: bigint, by: bigint): bigint {
  const negative = value < 0n !== by < 0n;
  const [size, divisor] = [value < 0n ? -value : value, by < 0n ? -by : by];
  const rounded = (2n * size + divisor) / (2n * divisor);
  return negative ? -rounded : rounded;
}
