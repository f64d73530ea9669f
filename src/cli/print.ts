/** Text for the terminal; colours only where somebody looks. */

const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const code = (start: number, end: number) => (text: string) =>
  colours ? `\u001b[${start}m${text}\u001b[${end}m` : text;

export const paint = {
  red: code(31, 39),
  green: code(32, 39),
  yellow: code(33, 39),
  dim: code(2, 22),
  bold: code(1, 22),
};

/** Whether a line can be written over: on a terminal only. */
export const live = process.stdout.isTTY === true;

/** Text for good, in the place of a passing line. */
export function line(text = ''): void {
  process.stdout.write(`${live ? eraseLine : ''}${harmless(text)}\n`);
}

/**
 * Names of templates and answers of services may hold what a terminal obeys: it is shown in place of being sent, all but
 * line ends, tabs and the colours of `paint`. Within JSON it means the same.
 */
export function harmless(text: string): string {
  return text.replace(obeyed, (one, at: number) => {
    if (one === '\n' || one === '\t' || (one === '\u001b' && painted.test(text.slice(at + 1, at + 5)))) return one;
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Controls, and what turns the direction of the text after it: https://trojansource.codes */
const obeyed = /[\p{Cc}\p{Bidi_Control}]/gu;
const painted = /^\[(?:1|2|22|31|32|33|39)m/;

const eraseLine = '\r\u001b[K';

/** What is so just now; the next line takes its place. */
export function passing(text: string): void {
  if (live)
    process.stdout.write(`${eraseLine}${paint.dim(harmless(text).slice(0, (process.stdout.columns ?? 80) - 1))}`);
}

/** Columns as wide as their longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
    .join('\n');
}
