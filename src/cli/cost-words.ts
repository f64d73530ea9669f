/** What `orrery cost` prints for people. */
import { grouped } from '../insight/cost/decimal.ts';
import type { CostDiff, CostLine, CostResult } from '../insight/cost/result.ts';
import { paint, table } from './print.ts';

const dollars = (usd: string) => grouped(usd);
/** With a sign, also where it is more. */
const signed = (usd: string) => (usd.startsWith('-') || Number(usd) === 0 ? dollars(usd) : `+${dollars(usd)}`);

export function billText(result: CostResult, all: boolean): string {
  const { region, usd, byKind, lines, surprises, alternatives, breakEvens, notes } = result;
  const shown = lines.filter((one) => all || one.usd !== '0.00');
  const order = new Map(result.byPart.map(({ part }, index) => [part, index]));
  const sorted = [...shown].sort((one, other) => (order.get(one.part) ?? 0) - (order.get(other.part) ?? 0));
  const hidden = lines.length - shown.length;
  return [
    table([
      ...sorted.map((one, index) => [
        sorted[index - 1]?.part === one.part ? '' : one.part,
        one.what,
        quantityText(one),
        `${dollars(one.usd).padStart(9)}${one.assumed.length > 0 ? ' ~' : ''}`,
      ]),
      ['', '', '', '---------'],
      [paint.bold(`${region}, dollars a month of 730 h`), '', '', paint.bold(dollars(usd).padStart(9))],
    ]),
    ...(hidden > 0
      ? [paint.dim(`${hidden} lines more come to less than a cent each, free allowances included (--all).`)]
      : []),
    paint.dim('~ depends on an assumption below. Without tax.'),
    ...notWhole(result),
    heading('By kind'),
    table([
      ['  by the hour', dollars(byKind.hour).padStart(9)],
      ['  by the gigabyte', dollars(byKind.gigabyte).padStart(9)],
      ['  by the request', dollars(byKind.request).padStart(9)],
      ['  by the month', dollars(byKind.month).padStart(9)],
    ]),
    heading('What surprises'),
    table(surprises.map((one) => [`  ${one.what}`, dollars(one.usd).padStart(9), one.basis])),
    ...(alternatives.length > 0
      ? [
          heading('Otherwise'),
          table(
            alternatives.map((one) => [
              `  ${one.title}`,
              dollars(one.usd).padStart(9),
              signed(one.difference).padStart(8),
              one.note,
            ]),
          ),
        ]
      : []),
    ...(breakEvens.length > 0
      ? [
          heading('From how much on'),
          ...breakEvens.map(({ what, gigabytesPerMonth: from }) =>
            from === null
              ? `  at no amount up to a petabyte: ${what}`
              : `  from ${grouped(String(from))} GB a month: ${what}`,
          ),
        ]
      : []),
    heading('Assumed'),
    table(
      result.assumptions.map((one) => [
        `  ${one.key}`,
        `${grouped(one.value)} ${one.unit}`,
        one.meaning,
        ...(one.origin === 'assumed' ? [] : [one.origin]),
      ]),
    ),
    ...notes.map((note) => paint.dim(`  ${note}`)),
    ...unpricedText(result),
    heading('Free'),
    ...freeText(result),
    heading('Prices'),
    ...pricesText(lines),
  ].join('\n');
}

/** Before all else: a sum that lacks something is no sum to go by. */
function notWhole({ notPriced }: CostResult): readonly string[] {
  const count = new Set(notPriced.map(({ part }) => part)).size;
  if (count === 0) return [];
  return [
    paint.yellow(
      `The bill is not whole: of ${count} ${count === 1 ? 'part' : 'parts'} something is not priced, as told below.`,
    ),
  ];
}

const heading = (text: string) => `\n${paint.bold(text)}`;

function quantityText({ quantity, unit, basis }: CostLine): string {
  const number = Number(quantity);
  const short =
    number >= 1000 || Number.isInteger(number) ? String(Math.round(number)) : String(Number(number.toPrecision(4)));
  const one = short === '1' ? unit.replace(/s$/, '') : unit;
  return `${grouped(short)} ${one}${basis === '' ? '' : `: ${basis}`}`;
}

function unpricedText({ notPriced }: CostResult, title = 'Not priced: the bill is without'): readonly string[] {
  if (notPriced.length === 0) return [];
  return [heading(paint.yellow(title)), table(notPriced.map(({ part, type, why }) => [`  ${part}`, type, why]))];
}

function freeText({ free }: CostResult): readonly string[] {
  if (free.length === 0) return ['  nothing'];
  const pages = new Map<string, Map<string, number>>();
  for (const { page, type } of free) {
    const types = pages.get(page) ?? new Map<string, number>();
    types.set(type, (types.get(type) ?? 0) + 1);
    pages.set(page, types);
  }
  return [...pages].map(([page, types]) => {
    const names = [...types].map(([type, count]) => (count === 1 ? short(type) : `${count} ${short(type)}`));
    return `  ${names.join(', ')}  ${paint.dim(page)}`;
  });
}

const short = (type: string) => type.replace(/^AWS::/, '');

function pricesText(lines: readonly CostLine[]): readonly string[] {
  const pages = new Map<string, string>();
  for (const { source } of lines) {
    const before = pages.get(source.page);
    // The oldest comparison of a page is the one to know of.
    if (before === undefined || source.checked < before) pages.set(source.page, source.checked);
  }
  return [table([...pages].map(([page, checked]) => [`  ${page}`, checked === '' ? 'given' : `compared ${checked}`]))];
}

export function diffText({ before, after, difference, changes }: CostDiff): string {
  const rows = changes.map(({ part, type, change, before: was, after: is, difference: by }) => [
    { added: '+', removed: '-', changed: '~', notPriced: '?' }[change],
    part,
    type,
    `${was === null ? '' : dollars(was)}`.padStart(9),
    `${is === null ? '' : dollars(is)}`.padStart(9),
    signed(by).padStart(9),
  ]);
  return [
    ...(changes.length === 0 ? ['No part costs more or less.'] : [table(rows)]),
    paint.bold(`${dollars(before.usd)} before, ${dollars(after.usd)} after: ${signed(difference)} dollars a month.`),
    ...unpricedText(before, 'Not priced before'),
    ...unpricedText(after, 'Not priced after'),
  ].join('\n');
}
