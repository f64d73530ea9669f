/** Rules of composite alarms: `ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c))`. */
import type { StateValue } from '@aws-sdk/client-cloudwatch';
import { invalid, notModelled } from './faults.ts';

export type RuleNode =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'state'; readonly state: StateValue; readonly alarm: string }
  | { readonly kind: 'not'; readonly of: RuleNode }
  | { readonly kind: 'and' | 'or'; readonly of: readonly RuleNode[] };

const longest = 10_240;
const deepest = 64;
const token = /\s*(?:([(),])|"((?:[^"\\]|\\.)*)"|([^\s()",]+))/y;

/** Throws `ValidationException`. Names are those of alarms, or their ARNs. */
export function parseRule(text: string): RuleNode {
  const wrong = (why: string) => invalid(`AlarmRule must be a valid expression: ${why}`);
  if (text.length > longest) throw wrong(`it is longer than ${longest} characters`);
  const tokens: { readonly sign?: string; readonly word?: string; readonly quoted?: boolean }[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const found = token.exec(text);
    if (!found) throw wrong('a character has no place in it');
    const [, sign, quoted, word] = found;
    if (sign !== undefined) tokens.push({ sign });
    else if (quoted !== undefined) tokens.push({ word: quoted.replace(/\\(.)/g, '$1'), quoted: true });
    else if (word !== undefined) tokens.push({ word });
  }
  let at = 0;
  let depth = 0;
  const keyword = (word: string) => {
    const next = tokens[at];
    if (next?.quoted || next?.word?.toUpperCase() !== word) return false;
    at++;
    return true;
  };
  const sign = (value: string) => {
    if (tokens[at++]?.sign !== value) throw wrong(`a ${value} is missing`);
  };

  function chain(word: 'AND' | 'OR', inner: () => RuleNode): RuleNode {
    const of = [inner()];
    while (keyword(word)) of.push(inner());
    const [only] = of;
    return only && of.length === 1 ? only : { kind: word === 'AND' ? 'and' : 'or', of };
  }
  const any = (): RuleNode => {
    if (++depth > deepest) throw wrong('it is nested too deeply');
    const node = chain('OR', () => chain('AND', one));
    depth--;
    return node;
  };
  function one(): RuleNode {
    if (keyword('NOT')) {
      if (++depth > deepest) throw wrong('it is nested too deeply');
      const node: RuleNode = { kind: 'not', of: one() };
      depth--;
      return node;
    }
    const next = tokens[at++];
    if (next?.sign === '(') {
      const node = any();
      sign(')');
      return node;
    }
    const word = next?.quoted ? '' : (next?.word ?? '').toUpperCase();
    if (word === 'TRUE' || word === 'FALSE') return { kind: 'constant', value: word === 'TRUE' };
    if (word === 'AT_LEAST') throw notModelled('AT_LEAST in an AlarmRule');
    if (word !== 'ALARM' && word !== 'OK' && word !== 'INSUFFICIENT_DATA') throw wrong('an alarm state is missing');
    sign('(');
    const name = tokens[at++]?.word;
    if (!name) throw wrong('the name of an alarm is missing');
    sign(')');
    return { kind: 'state', state: word, alarm: alarmNameOf(name) };
  }

  const node = any();
  if (at < tokens.length) throw wrong('something is left at its end');
  return node;
}

/** Of a name, or of an ARN. */
export function alarmNameOf(given: string): string {
  return given.replace(/^arn:[^:]*:cloudwatch:[^:]*:\d*:alarm:/, '');
}

export function alarmsIn(node: RuleNode): string[] {
  switch (node.kind) {
    case 'state':
      return [node.alarm];
    case 'not':
      return alarmsIn(node.of);
    case 'constant':
      return [];
    default:
      return [...new Set(node.of.flatMap(alarmsIn))];
  }
}

export function holds(node: RuleNode, stateOf: (alarm: string) => StateValue | undefined): boolean {
  switch (node.kind) {
    case 'state':
      return stateOf(node.alarm) === node.state;
    case 'not':
      return !holds(node.of, stateOf);
    case 'constant':
      return node.value;
    case 'and':
      return node.of.every((inner) => holds(inner, stateOf));
    default:
      return node.of.some((inner) => holds(inner, stateOf));
  }
}
