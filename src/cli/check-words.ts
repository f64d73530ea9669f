/** A check's result in words, for people. */

import { type CheckResult, severities } from '../insight/check/check.ts';
import type { Finding, Severity } from '../insight/check/rule.ts';
import { assumedHeading, assumedText } from '../insight/model/assumed-text.ts';
import { count } from '../insight/words.ts';
import { paint, table } from './print.ts';

const headings: Readonly<Record<Severity, string>> = { error: 'Errors', warning: 'Warnings', note: 'Notes' };
const colours: Readonly<Record<Severity, (text: string) => string>> = {
  error: paint.red,
  warning: paint.yellow,
  note: paint.dim,
};

/** @param why whether what stops the pairs that do not reach each other is told, too */
export function checkText(result: CheckResult, why = false): string {
  const blocks = severities.flatMap((severity) => {
    const found = result.findings.filter((one) => one.severity === severity);
    return found.length === 0 ? [] : [[colours[severity](headings[severity]), ...found.map(findingText)].join('\n')];
  });
  return [...blocks, ...suppressedText(result), ...reachText(result.reach, why), closing(result)].join('\n\n');
}

function findingText({ rule, logicalId, line, constructPath, message, fix }: Finding): string {
  const place = [logicalId, line === undefined ? undefined : `line ${line}`, constructPath].filter(Boolean);
  return [
    `  ${paint.bold(rule)}${place.length > 0 ? `  ${place.join(', ')}` : ''}`,
    `    ${message.replaceAll('\n', '\n    ')}`,
    ...fixText(fix),
    paint.dim(`    docs/checks/${rule}.md`),
  ].join('\n');
}

/** On lines of their own, that they can be pasted. */
function fixText(fix: string | undefined): string[] {
  if (fix === undefined) return [];
  const lines = fix.split('\n');
  return lines.length === 1 ? [`    Fix: ${fix}`] : ['    Fix:', ...lines.map((text) => `      ${text}`)];
}

function reachText(rows: CheckResult['reach'], why: boolean): string[] {
  if (!rows) return [];
  const passing = rows.flatMap(({ from, to, passes }) =>
    passes.map(({ traffic, by, replies }) => [
      `  ${from}`,
      `→ ${to}`,
      `${traffic.join(', ')}${replies === 'sometimes' ? ' (some replies are lost)' : ''}`,
      `by ${by}`,
    ]),
  );
  const none = rows.filter(({ passes }) => passes.length === 0);
  const others = why
    ? none.map(({ from, to, stopped }) =>
        paint.dim(`  ${from} ↛ ${to}: ${stopped ? `${stopped.packet}: ${stopped.text}` : 'no address leads there'}`),
      )
    : [paint.dim(`  ${count(none.length)} other pairs: nothing passes. Name places, and what stops them is told.`)];
  return [
    [paint.bold('Who reaches whom, of all protocols and ports, both ways'), table(passing), ...others].join('\n'),
  ];
}

function suppressedText({ suppressed }: CheckResult): string[] {
  if (suppressed.length === 0) return [];
  return [
    [
      paint.dim('Suppressed'),
      ...suppressed.map(
        ({ rule, logicalId, reason }) => `  ${[rule, logicalId].filter(Boolean).join('  ')}: ${reason}`,
      ),
    ].join('\n'),
  ];
}

/** What was proven, and what was not: a result without findings says nothing of what was not read. */
function closing({
  name,
  findings,
  held,
  notRun,
  notProven,
  assumed,
  resources,
  expectationsHeld,
}: CheckResult): string {
  const found = severities.flatMap((severity) => {
    const some = findings.filter((one) => one.severity === severity).length;
    return some === 0 ? [] : [`${some} ${severity}${some === 1 ? '' : 's'}`];
  });
  const rules = `${held.length} rule${held.length === 1 ? '' : 's'} ${held.length === 1 ? 'holds' : 'hold'}`;
  const proven =
    expectationsHeld === 0
      ? ''
      : `, and ${count(expectationsHeld)} expectation${expectationsHeld === 1 ? ' is' : 's are'} proven for all packets`;
  const nothing = `${name}: nothing of it was looked at, so that nothing is said of it.`;
  const first = `${name}: ${found.join(', ') || 'no finding'}; ${rules} for ${count(resources)} resource${resources === 1 ? '' : 's'}${proven}.`;
  const lines = [
    resources === 0 && found.length === 0 ? paint.yellow(nothing) : found.length === 0 ? paint.green(first) : first,
  ];
  if (notRun.length > 0) {
    lines.push(`Not run, as what they look at could not be made: ${notRun.join(', ')}.`);
  }
  if (assumed.length > 0) lines.push(paint.yellow(assumedHeading), ...assumed.map((one) => `  ${assumedText(one)}`));
  if (notProven.length > 0) {
    lines.push(paint.yellow('Not proven, so that nothing is said of:'));
    for (const { logicalId, type, path, what, line } of notProven) {
      const place = path === '' ? '' : `: ${path}`;
      const why = what ?? (path === '' ? 'its type is not modelled' : 'not modelled');
      lines.push(`  ${logicalId} (${type}${line === undefined ? '' : `, line ${line}`})${place}: ${why}`);
    }
  }
  return lines.join('\n');
}
