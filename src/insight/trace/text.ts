/** A trace for people: a line a hop, there (→) and back (←), and what to do where it ends too early. */

import { assumedHeading } from '../model/assumed-text.ts';
import { milliseconds } from '../words.ts';
import { differences } from './compare.ts';
import type {
  Alike,
  Fix,
  Journey,
  LivePhase,
  LiveTrace,
  StepKind,
  Stop,
  TraceResult,
  TraceStep,
  Ways,
} from './result.ts';

/** How texts are set off: by colours on a terminal, by nothing in a file. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

const same = (text: string) => text;
export const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same };

const words: Readonly<Record<StepKind, string>> = {
  dns: 'DNS',
  interface: 'arrives',
  internet: 'internet',
  internetGateway: 'gateway',
  egressOnlyGateway: 'gateway',
  acl: 'ACL',
  group: 'group',
  route: 'route',
  nat: 'NAT',
  gatewayEndpoint: 'endpoint',
  service: 'service',
  linkLocal: 'resolver',
  listener: 'listener',
  rule: 'rule',
  targets: 'targets',
  machine: 'machine',
  cdn: 'CloudFront',
  behaviour: 'behaviour',
  function: 'function',
  cache: 'cache',
  origin: 'origin',
  policy: 'policy',
  key: 'key',
  answer: 'answer',
};

const endings = { delivered: 'delivered', dropped: 'dropped', refused: 'refused', unknown: 'not known' } as const;
const mostNamed = 4;
const mostUnproven = 20;

export function traceText({ live, parts, onward, notProven, assumed }: TraceResult, style: Style = plain): string {
  const lines = live ? [...liveText(live, style), ''] : [];
  lines.push(...parts.flatMap((part) => [...waysText(part, style), '']));
  if (onward.length > 0) lines.push(style.bold('From there the machine can go on:'), '');
  lines.push(...onward.flatMap((part) => [...waysText(part, style), '']));
  if (assumed.length > 0) lines.push(style.yellow(assumedHeading), ...assumed.map((one) => `  ${one}`), '');
  if (notProven.length > 0) {
    lines.push(style.yellow('Not proven:'), ...notProven.slice(0, mostUnproven).map((one) => `  ${one}`));
    if (notProven.length > mostUnproven) lines.push(`  and ${notProven.length - mostUnproven} more`);
    lines.push('');
  }
  return lines.join('\n').trimEnd();
}

function liveText({ url, status, ms, phases, node, machine }: LiveTrace, style: Style): string[] {
  const said = (status < 400 ? style.green : style.red)(String(status));
  const names = Math.max(...phases.map(({ name }) => phaseWords[name].length));
  const places = Math.max(...phases.map(({ at }) => at.length));
  const lines = phases.map(({ name, at, ms: took, text }) => {
    const time = took === undefined ? '' : milliseconds(took);
    return `  ${phaseWords[name].padEnd(names)}  ${style.bold(time.padStart(8))}  ${at.padEnd(places)}  ${style.dim(text)}`.trimEnd();
  });
  const went =
    node === undefined ? [] : [`  It went by node ${node}${machine ? ` → ${machine.name} (${machine.zone})` : ''}.`];
  return [`${style.bold(`Live: ${url}`)}  ${said} in ${milliseconds(ms)}`, ...lines, ...went];
}

const phaseWords: Readonly<Record<LivePhase['name'], string>> = {
  dns: 'DNS',
  connect: 'connect',
  tls: 'TLS',
  'first byte': 'first byte',
  'last byte': 'last byte',
  cdn: 'CloudFront',
  balancer: 'balancer',
  target: 'machine',
  response: 'response',
};

function waysText({ title, shown, alike, differing }: Ways, style: Style): string[] {
  const ending = (shown.ending === 'delivered' ? style.green : style.red)(endings[shown.ending]);
  const lines = [`${style.bold(title)}  ${ending}`];
  if (shown.way !== '') lines.push(style.dim(`(${shown.way})`));
  lines.push(...journeyText(shown, style));
  if (alike.length > 0) lines.push(style.dim(alikeText(alike)));
  for (const other of differing) lines.push(...differingText(other, shown, style));
  return lines;
}

function journeyText({ steps, stopped, notes }: Journey, style: Style): string[] {
  // An error that somebody answers goes back as any answer does.
  const said = stopped && stopped.ending !== 'dropped' ? steps.filter(({ way }) => way === 'there') : steps;
  return [
    ...stepLines(said, style),
    ...(stopped ? stopText(stopped, style) : []),
    ...notes.map((note) => `     ${style.yellow('note')} ${note}`),
  ];
}

function stepLines(steps: readonly TraceStep[], style: Style): string[] {
  const kinds = Math.max(...steps.map(({ kind }) => words[kind].length));
  const places = Math.max(...steps.map(({ at }) => at.length));
  const rules = Math.max(...steps.map(({ rule }) => rule.length));
  return steps.map(({ way, kind, at, rule, why, ok }, index) => {
    const number = String(index + 1).padStart(3);
    const arrow = way === 'there' ? '→' : '←';
    // What fails and is not the end is a warning.
    const mark = ok ? arrow : index === steps.length - 1 ? style.red('✗') : style.yellow('!');
    const decisive = (ok ? style.bold : style.red)(rule.padEnd(rules));
    return `${number} ${mark} ${words[kind].padEnd(kinds)}  ${at.padEnd(places)}  ${decisive}  ${style.dim(why)}`.trimEnd();
  });
}

function stopText({ ending, way, at, rule, why, fix }: Stop, style: Style): string[] {
  const what = { dropped: 'Dropped', refused: 'Refused', unknown: 'Not known' }[ending];
  const where = `${what} on the way ${way}, at ${at}${rule === '' ? '' : ` by ${rule}`}: ${why}`;
  return ['', `  ${style.red(where)}`, ...(fix ? fixText(fix, style) : [])];
}

function fixText({ text, paste }: Fix, style: Style): string[] {
  const lines = (paste ?? '').trimEnd().split('\n');
  return [`  ${style.bold('Fix:')} ${text}`, ...(paste === undefined ? [] : lines.map((one) => `      ${one}`))];
}

function alikeText(alike: readonly string[]): string {
  const named = alike.length > mostNamed ? [...alike.slice(0, mostNamed), `${alike.length - mostNamed} more`] : alike;
  return `     The same way: ${named.join('; ')}`;
}

function differingText({ shown: other, alike }: Alike, shown: Journey, style: Style): string[] {
  const ending = (other.ending === 'delivered' ? style.green : style.red)(endings[other.ending]);
  const head = `     ${style.yellow('Otherwise')} ${other.way || 'another way'}  ${ending}`;
  const rest = alike.length > 0 ? [style.dim(`  ${alikeText(alike)}`)] : [];
  if (other.stopped) return [head, ...stopText(other.stopped, style).slice(1), ...rest];
  const lines = stepLines(differences(other, shown), style).map((one) => `  ${one.replace(/^ *\d+/, '   ')}`);
  return [head, ...lines, ...rest];
}
