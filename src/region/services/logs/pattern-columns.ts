/** Patterns for lines of columns: `[ip, user, ..., request = "*html*", status = 4* || status = 5*, bytes > 1000]`. */
import type { Pattern } from './pattern.ts';
import { comparison, joined, operators, type Test } from './pattern-condition.ts';
import { PatternText } from './pattern-text.ts';

interface Column {
  readonly name: string;
  readonly test: Test<string>;
}

const bareValue = /[^\s()&|",\]]+/y;
const mostColumns = 500;

export function columnsPattern(pattern: string): Pattern {
  const text = new PatternText(pattern);
  text.need('[');
  const before: Column[] = [];
  /** Those after `...`, which stands for any number of columns. */
  let after: Column[] | undefined;
  if (!text.take(']')) {
    do {
      if (text.take('...')) {
        if (after) throw text.invalid();
        after = [];
      } else (after ?? before).push(column(text));
    } while (text.take(','));
    text.need(']');
  }
  text.skipSpace();
  if (!text.atEnd) throw text.invalid();
  const most = before.length + (after?.length ?? 0);
  if (most > mostColumns) throw text.invalid();

  return (message) => {
    // `[]` matches all.
    if (most === 0) return () => undefined;
    const values = split(message);
    if (after ? values.length < most : values.length !== most) return undefined;
    const rest = values.length - (after?.length ?? 0);
    const pairs = [
      ...before.map((one, index) => [one, values[index] ?? ''] as const),
      ...(after ?? []).map((one, index) => [one, values[rest + index] ?? ''] as const),
    ];
    if (!pairs.every(([{ test }, value]) => test(value))) return undefined;
    return (selector) => pairs.find(([{ name }]) => `$${name}` === selector)?.[1];
  };
}

function column(text: PatternText): Column {
  let name = '';
  const test = joined<string>(text, () => {
    const named = text.match(/[A-Za-z0-9_@.-]+/y) ?? (text.match(/\*/y) && '');
    if (named === undefined) throw text.invalid();
    // Conditions of one column are all on the same name.
    if (name !== '' && named !== name) throw text.invalid();
    name = named;
    const operator = operators.find((sign) => text.take(sign));
    return operator ? comparison(text, operator, bareValue) : () => true;
  });
  return { name, test };
}

/** By space; what stands in quotes or square brackets is one column. */
function split(message: string): string[] {
  const values: string[] = [];
  const next = /\s*(?:"([^"]*)"|\[([^\]]*)\]|(\S+))/y;
  for (let found = next.exec(message); found; found = next.exec(message)) {
    values.push(found[1] ?? found[2] ?? found[3] ?? '');
  }
  return values;
}
