/**
 * Filter patterns: terms, `{ JSON conditions }`, and `[columns of a line]`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
import { columnsPattern } from './pattern-columns.ts';
import { jsonPattern } from './pattern-json.ts';
import { PatternText } from './pattern-text.ts';

/** What `$.latency` or `$bytes` stands for in the event that matched. */
export type Fields = (selector: string) => string | number | boolean | null | undefined;

/** The fields of a message that matches; undefined for one that does not. */
export type Pattern = (message: string) => Fields | undefined;

const noFields: Fields = () => undefined;

/** Throws `InvalidParameterException` for what is no pattern. */
export function parsePattern(pattern: string): Pattern {
  const trimmed = pattern.trim();
  if (trimmed.startsWith('{')) return jsonPattern(trimmed);
  if (trimmed.startsWith('[')) return columnsPattern(trimmed);
  return termsPattern(trimmed);
}

type Test = (message: string) => boolean;

/** All of the terms, none of those with `-`; or one of those with `?`, which count only where there are no others. */
function termsPattern(pattern: string): Pattern {
  const text = new PatternText(pattern);
  const all: Test[] = [];
  const any: Test[] = [];
  for (text.skipSpace(); !text.atEnd; text.skipSpace()) {
    const sign = text.take('?') ? '?' : text.take('-') ? '-' : '';
    const test = term(text);
    if (sign === '?') any.push(test);
    else all.push(sign === '-' ? (message) => !test(message) : test);
  }
  const matches: Test =
    all.length > 0 || any.length === 0
      ? (message) => all.every((test) => test(message))
      : (message) => any.some((test) => test(message));
  return (message) => (matches(message) ? noFields : undefined);
}

function term(text: PatternText): Test {
  const quoted = text.quoted();
  if (quoted !== undefined) return (message) => message.includes(quoted);
  const regex = text.regex();
  if (regex) return regex;
  const word = text.match(/\S+/y);
  if (word === undefined || !/^[\p{L}\p{N}_]+$/u.test(word))
    throw text.invalid(`Invalid character(s) in term '${word ?? ''}'`);
  return (message) => message.includes(word);
}
