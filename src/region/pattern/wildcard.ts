/**
 * Patterns as AWS has them in policies, filters, paths and rules: `*` is any run of characters, `?` any one. Matching takes
 * time by the pattern times the text at most, whoever wrote the pattern; a regular expression could take years.
 */

/** Code units in turn; what is below zero is wild. */
export type Pattern = readonly number[];

const anyRun = -1;
const anyOne = -2;

/** @param escapeChar a character that takes away the meaning of the one behind it */
export function wildcard(text: string, escapeChar?: string): Pattern {
  const pattern: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === escapeChar && at + 1 < text.length) pattern.push(text.charCodeAt(++at));
    else if (char === '?') pattern.push(anyOne);
    else if (char !== '*') pattern.push(text.charCodeAt(at));
    else if (pattern.at(-1) !== anyRun) pattern.push(anyRun);
  }
  return pattern;
}

/** A part of a pattern in which nothing is wild. */
export function literally(text: string): Pattern {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

/** Whether the whole text is as the pattern says. */
export function matches(pattern: Pattern, text: string): boolean {
  let next = 0;
  let at = 0;
  // Where the last run began, and how far it reaches by now.
  let run = -1;
  let reach = 0;
  while (at < text.length) {
    const wanted = pattern[next];
    if (wanted === anyRun) {
      run = next++;
      reach = at;
    } else if (wanted === anyOne || wanted === text.charCodeAt(at)) {
      next++;
      at++;
    } else if (run >= 0) {
      next = run + 1;
      at = ++reach;
    } else return false;
  }
  while (pattern[next] === anyRun) next++;
  return next === pattern.length;
}
